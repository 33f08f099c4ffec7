//! Regular expressions of rules: PCRE as written, run in linear time where the language allows it.
//!
//! A pattern is compiled as ModSecurity 2 compiles it, which is what the CRS is written against: `.` matches line ends, `$`
//! only the end, bytes and not characters. What the linear engine has no syntax for, look-around and backreferences, goes to
//! [`backtrack`], whose steps are bounded.

pub mod backtrack;
mod cache;
pub mod prefilter;
mod translate;

pub use cache::Caches;
use regex_automata::{
    Input,
    meta::{BuildError, Config, Regex},
    util::{captures::Captures, syntax},
};

/// A compiled pattern.
#[derive(Debug)]
pub struct Pattern {
    engine: Engine,
    /// Which of a worker's caches belongs to it.
    cache: u32,
}

#[derive(Debug)]
enum Engine {
    Linear(Regex),
    Backtrack(backtrack::Program),
}

/// Whether upper and lower case differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    /// They differ.
    Sensitive,
    /// They do not, among ASCII letters.
    Insensitive,
}

/// What a search found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Nothing.
    No,
    /// A match.
    Yes,
    /// The bound on steps was reached before an answer: an error, as ModSecurity's `MSC_PCRE_LIMITS_EXCEEDED`.
    Limit,
}

/// Begin and end of the whole match and its groups, of which rules can read ten.
pub type Groups = [Option<(usize, usize)>; GROUPS];

/// `TX:0` to `TX:9`.
pub const GROUPS: usize = 10;

/// Bytes that one pattern's automaton may take.
const NFA_BYTES_MAX: usize = 4 << 20;
/// Bytes of lazily built states for one pattern in one worker; what needs more is run without.
const CACHE_BYTES_MAX: usize = 1 << 20;

impl Pattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    ///
    /// What is wrong with it, for the author of the rule.
    pub fn new(pattern: &[u8], case: Case) -> Result<Self, String> {
        let engine = match translate::translate(pattern) {
            Some(pattern) => Engine::Linear(linear(&pattern, case)?),
            None => Engine::Backtrack(backtrack::Program::new(pattern, case)?),
        };
        Ok(Self { engine, cache: cache::next_number() })
    }

    /// Whether it runs on the engine whose steps are bounded.
    pub fn is_backtracking(&self) -> bool {
        matches!(self.engine, Engine::Backtrack(_))
    }

    /// Whether the pattern occurs.
    pub fn is_match(&self, caches: &mut Caches, input: &[u8], steps_max: usize) -> Found {
        match &self.engine {
            Engine::Linear(regex) => {
                let cache = caches.of(self.cache, regex);
                let found = regex.search_half_with(cache, &Input::new(input).earliest(true));
                if found.is_some() { Found::Yes } else { Found::No }
            }
            Engine::Backtrack(program) => program.search(input, steps_max, &mut [None; GROUPS]),
        }
    }

    /// Whether the pattern occurs, and where.
    pub fn find(
        &self,
        caches: &mut Caches,
        input: &[u8],
        steps_max: usize,
        groups: &mut Groups,
    ) -> Found {
        *groups = [None; GROUPS];
        match &self.engine {
            Engine::Linear(regex) => {
                let cache = caches.of(self.cache, regex);
                let Some(found) = regex.search_with(cache, &Input::new(input)) else {
                    return Found::No;
                };
                groups[0] = Some((found.start(), found.end()));
                Found::Yes
            }
            Engine::Backtrack(program) => program.search(input, steps_max, groups),
        }
    }

    /// Whether the pattern occurs, and where its groups are.
    pub fn find_groups(
        &self,
        caches: &mut Caches,
        input: &[u8],
        steps_max: usize,
        groups: &mut Groups,
    ) -> Found {
        let Engine::Linear(regex) = &self.engine else {
            return self.find(caches, input, steps_max, groups);
        };
        let mut captures: Captures = regex.create_captures();
        let cache = caches.of(self.cache, regex);
        regex.search_captures_with(cache, &Input::new(input), &mut captures);
        if !captures.is_match() {
            return Found::No;
        }
        for (group, slot) in groups.iter_mut().enumerate() {
            *slot = captures.get_group(group).map(|span| (span.start, span.end));
        }
        Found::Yes
    }
}

/// What each match of a pattern contains; nothing is said of patterns that need backtracking.
pub fn clauses(pattern: &[u8], case: Case) -> Vec<prefilter::Clause> {
    let translated = translate::translate(pattern);
    translated.map_or_else(Vec::new, |pattern| prefilter::clauses(&pattern, case))
}

/// A pattern in the linear engine's spelling; none where it needs backtracking.
pub fn linear_spelling(pattern: &[u8]) -> Option<String> {
    translate::translate(pattern)
}

fn linear(pattern: &str, case: Case) -> Result<Regex, String> {
    let syntax = syntax::Config::new()
        .unicode(false)
        .utf8(false)
        .dot_matches_new_line(true)
        .case_insensitive(case == Case::Insensitive);
    let config = Config::new()
        .utf8_empty(false)
        .nfa_size_limit(Some(NFA_BYTES_MAX))
        .hybrid_cache_capacity(CACHE_BYTES_MAX);
    let built = Regex::builder().syntax(syntax).configure(config).build(pattern);
    built.map_err(|error| message(&error))
}

fn message(error: &BuildError) -> String {
    if let Some(limit) = error.size_limit() {
        return format!("pattern needs more than {limit} bytes");
    }
    match error.syntax_error() {
        Some(regex_syntax::Error::Parse(error)) => error.kind().to_string(),
        Some(regex_syntax::Error::Translate(error)) => error.kind().to_string(),
        _ => error.to_string(),
    }
}
