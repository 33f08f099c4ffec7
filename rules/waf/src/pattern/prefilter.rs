//! What every match of a pattern must contain.
//!
//! From a pattern comes a conjunction of clauses, each a set of literals of which at least one occurs, without regard to case,
//! in whatever the pattern matches. So one scan of a value for the literals of all patterns rules most of them out. Clauses may
//! be left out and literals shortened, which only makes the filter let more through; it never drops a match.

use std::collections::BTreeSet;

use regex_syntax::hir::{Class, Hir, HirKind, Repetition};

use super::Case;

/// Literals in lower case, at least one of which occurs in each match. Never empty, and no literal in it is.
pub type Clause = BTreeSet<Vec<u8>>;

/// How many clauses of a pattern are kept, the rarest.
const CLAUSES_MAX: usize = 4;
/// How many literals a clause may have.
const LITERALS_MAX: usize = 96;
/// How many strings are multiplied out when pieces of a pattern are joined.
const STRINGS_MAX: usize = 48;
/// How long a literal grows: beyond it nothing gets rarer, and the automaton gets larger.
const LENGTH_MAX: usize = 8;
/// A class of more bytes than this says next to nothing.
const CLASS_MAX: usize = 40;
/// A clause that ordinary text satisfies more often than this is not worth its place.
const COMMONNESS_MAX: f64 = 0.7;

/// The clauses of a pattern in the linear engine's spelling; none where nothing can be said.
pub fn clauses(pattern: &str, case: Case) -> Vec<Clause> {
    let mut parser = regex_syntax::ParserBuilder::new()
        .unicode(false)
        .utf8(false)
        .dot_matches_new_line(true)
        .case_insensitive(case == Case::Insensitive)
        .build();
    let Ok(hir) = parser.parse(pattern) else { return Vec::new() };
    let mut clauses = required(&hir);
    clauses.retain(|clause| commonness(clause) < COMMONNESS_MAX);
    clauses.sort_by(|a, b| commonness(a).total_cmp(&commonness(b)));
    clauses.dedup();
    clauses.truncate(CLAUSES_MAX);
    clauses
}

/// The clause of a set of phrases, of which a match has at least one; none where one of them is empty.
pub fn of_phrases(phrases: &[Vec<u8>]) -> Option<Clause> {
    if phrases.is_empty() || phrases.iter().any(Vec::is_empty) {
        return None;
    }
    let lower = phrases.iter().map(|phrase| phrase.to_ascii_lowercase());
    let clause: Clause = lower.map(cut).collect();
    (commonness(&clause) < COMMONNESS_MAX || phrases.len() > LITERALS_MAX).then_some(clause)
}

fn cut(literal: Vec<u8>) -> Vec<u8> {
    match literal.len() {
        0..=LENGTH_MAX => literal,
        _ => rarest_window(&literal).to_vec(),
    }
}

/// What each match of a piece contains.
fn required(hir: &Hir) -> Vec<Clause> {
    if let Some(strings) = strings(hir) {
        return clause(strings).into_iter().collect();
    }
    match hir.kind() {
        HirKind::Class(class) => {
            class_bytes(class, CLASS_MAX).and_then(clause).into_iter().collect()
        }
        HirKind::Capture(capture) => required(&capture.sub),
        HirKind::Repetition(Repetition { min: 1.., sub, .. }) => required(sub),
        HirKind::Concat(pieces) => concat(pieces),
        HirKind::Alternation(branches) => alternation(branches),
        _ => Vec::new(),
    }
}

/// A sequence contains what each piece contains; and where pieces are plain strings, what they give when joined.
fn concat(pieces: &[Hir]) -> Vec<Clause> {
    let mut clauses = Vec::new();
    let mut run: Vec<Vec<u8>> = vec![Vec::new()];
    for piece in pieces {
        match strings(piece) {
            Some(strings) => match join(&run, &strings) {
                Some(joined) => run = joined,
                None => {
                    clauses.extend(clause(std::mem::replace(&mut run, strings)));
                }
            },
            None => {
                // What repeats at least once still begins with itself.
                let head = repeated(piece).and_then(|strings| join(&run, &strings));
                clauses.extend(clause(head.unwrap_or_else(|| run.clone())));
                clauses.extend(required(piece));
                run = repeated(piece).unwrap_or_else(|| vec![Vec::new()]);
            }
        }
    }
    clauses.extend(clause(run));
    clauses
}

/// The strings of what is repeated at least once: a match of `x+` begins and ends with one of `x`.
fn repeated(hir: &Hir) -> Option<Vec<Vec<u8>>> {
    match hir.kind() {
        HirKind::Repetition(Repetition { min: 1.., sub, .. }) => strings(sub),
        _ => None,
    }
}

/// A choice contains the rarest clause of one of its branches: together they are one clause.
fn alternation(branches: &[Hir]) -> Vec<Clause> {
    let mut union = Clause::new();
    for branch in branches {
        let best =
            required(branch).into_iter().min_by(|a, b| commonness(a).total_cmp(&commonness(b)));
        let Some(best) = best else { return Vec::new() };
        union.extend(best);
    }
    clause(union.into_iter().collect()).into_iter().collect()
}

/// All strings that a piece matches, in lower case, where they are few and finite.
fn strings(hir: &Hir) -> Option<Vec<Vec<u8>>> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => Some(vec![Vec::new()]),
        HirKind::Literal(literal) => Some(vec![literal.0.to_ascii_lowercase()]),
        HirKind::Class(class) => class_bytes(class, 16),
        HirKind::Capture(capture) => strings(&capture.sub),
        HirKind::Repetition(Repetition { min, max: Some(max), sub, .. }) if *max <= 4 => {
            let one = strings(sub)?;
            let mut all = Vec::new();
            let mut power = vec![Vec::new()];
            for count in 0..=*max {
                if count >= *min {
                    all.extend(power.iter().cloned());
                }
                power = join(&power, &one)?;
            }
            few(all)
        }
        HirKind::Concat(pieces) => pieces
            .iter()
            .try_fold(vec![Vec::new()], |joined, piece| join(&joined, &strings(piece)?)),
        HirKind::Alternation(branches) => {
            let mut all = Vec::new();
            for branch in branches {
                all.extend(strings(branch)?);
                if all.len() > LITERALS_MAX {
                    return None;
                }
            }
            few(all)
        }
        HirKind::Repetition(_) => None,
    }
}

fn few(mut strings: Vec<Vec<u8>>) -> Option<Vec<Vec<u8>>> {
    strings.sort();
    strings.dedup();
    (strings.len() <= LITERALS_MAX).then_some(strings)
}

/// Each of the first followed by each of the second, where that stays few.
fn join(first: &[Vec<u8>], second: &[Vec<u8>]) -> Option<Vec<Vec<u8>>> {
    if first.len() * second.len() > STRINGS_MAX.max(first.len()).max(second.len()) {
        return None;
    }
    few(first.iter().flat_map(|a| second.iter().map(move |b| [&a[..], &b[..]].concat())).collect())
}

/// The members of a class as strings of one byte in lower case, if there are at most so many.
fn class_bytes(class: &Class, max: usize) -> Option<Vec<Vec<u8>>> {
    let Class::Bytes(class) = class else {
        // Without Unicode, a class of characters is one of ASCII.
        let Class::Unicode(class) = class else { return None };
        let size: usize = class.iter().map(|range| range.len()).sum();
        let all = class.iter().flat_map(|range| range.start()..=range.end());
        return (size <= max && class.is_ascii())
            .then(|| few(all.map(|c| vec![(c as u8).to_ascii_lowercase()]).collect()))
            .flatten();
    };
    let size: usize = class.iter().map(|range| range.len()).sum();
    if size == 0 || size > max * 2 {
        return None;
    }
    let all = class.iter().flat_map(|range| range.start()..=range.end());
    let bytes = few(all.map(|byte| vec![byte.to_ascii_lowercase()]).collect())?;
    (bytes.len() <= max).then_some(bytes)
}

/// A clause of strings, cut to length; none where an empty string makes it say nothing.
fn clause(strings: Vec<Vec<u8>>) -> Option<Clause> {
    if strings.iter().any(Vec::is_empty) || strings.is_empty() {
        return None;
    }
    let mut literals: Clause = strings.into_iter().map(cut).collect();
    // A literal that contains another of the set adds nothing to it.
    let redundant: Vec<_> = literals
        .iter()
        .filter(|long| {
            literals.iter().any(|short| short.len() < long.len() && contains(long, short))
        })
        .cloned()
        .collect();
    redundant.iter().for_each(|literal| {
        literals.remove(literal);
    });
    (literals.len() <= LITERALS_MAX).then_some(literals)
}

fn rarest_window(string: &[u8]) -> &[u8] {
    let windows = string.windows(LENGTH_MAX);
    windows.min_by(|a, b| literal_commonness(a).total_cmp(&literal_commonness(b))).unwrap_or(string)
}

fn contains(long: &[u8], short: &[u8]) -> bool {
    memchr::memmem::find(long, short).is_some()
}

/// Roughly how likely ordinary values, some tens of bytes of text, satisfy a clause.
fn commonness(clause: &Clause) -> f64 {
    clause.iter().map(|literal| literal_commonness(literal)).sum()
}

fn literal_commonness(literal: &[u8]) -> f64 {
    // Letters follow each other by more than chance; hence the root.
    let product: f64 = literal.iter().map(|byte| byte_commonness(*byte)).product();
    if literal.len() == 1 {
        (product * 40.0).min(1.0)
    } else {
        (product.powf(0.85) * 40.0).min(1.0)
    }
}

/// Share of a byte in ordinary values, in lower case.
fn byte_commonness(byte: u8) -> f64 {
    match byte {
        b' ' => 0.12,
        b'e' | b't' | b'a' | b'o' | b'i' | b'n' | b's' | b'r' => 0.06,
        b'h' | b'l' | b'd' | b'c' | b'u' | b'm' | b'p' => 0.03,
        b'f' | b'g' | b'w' | b'y' | b'b' | b'v' | b'k' => 0.015,
        b'j' | b'q' | b'x' | b'z' => 0.004,
        b'0'..=b'9' => 0.02,
        b'.' | b',' | b'-' | b'/' | b'_' | b':' => 0.01,
        b'=' | b'&' | b';' | b'\'' | b'"' | b'(' | b')' | b'%' | b'+' | b'?' => 0.004,
        b'\n' | b'\r' | b'\t' => 0.002,
        _ => 0.001,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(pattern: &str) -> Vec<String> {
        let literals = |clause: &Clause| {
            let texts: Vec<_> =
                clause.iter().map(|l| String::from_utf8_lossy(l).into_owned()).collect();
            texts.join("|")
        };
        clauses(pattern, Case::Sensitive).iter().map(literals).collect()
    }

    #[test]
    fn clauses_are_what_every_match_contains() {
        let cases: [(&str, &[&str]); 9] = [
            ("(?i)<script", &["<script"]),
            ("union.{1,9}select", &["select", "union"]),
            ("^(?:get|post)$", &["get|post"]),
            ("a?b*", &[]),
            ("[a-z]+", &[]),
            ("on[a-z]+=", &["=", "on"]),
            ("(?:;|\\|).*cat", &["cat", ";||"]),
            ("x(?:yz)+w", &["xyz", "yzw", "yz"]),
            ("\\bexec\\(", &["exec("]),
        ];
        for (pattern, expected) in cases {
            assert_eq!(shown(pattern), expected, "{pattern}");
        }
    }

    proptest! {
        #[test]
        fn no_match_is_dropped(
            pattern in "(?:[ab<]|[a-c]|\\(\\?:[a-c]{1,3}\\|[<=]{1,2}\\)|[ab][+?*]|\\[ab\\]\\{1,3\\}|\\(a[bc]\\)[+*?]|\\(\\?i:[aB]+\\)){1,6}",
            input in "[abcABC<=]{0,24}",
        ) {
            let regex = regex_automata::meta::Regex::builder()
                .syntax(regex_automata::util::syntax::Config::new().unicode(false).utf8(false))
                .build(&pattern);
            prop_assume!(regex.is_ok());
            if regex.unwrap().is_match(&input) {
                let lower = input.to_ascii_lowercase();
                for clause in clauses(&pattern, Case::Sensitive) {
                    let met = clause.iter().any(|literal| contains(lower.as_bytes(), literal));
                    prop_assert!(met, "{} {:?} {:?}", pattern, input, clause);
                }
            }
        }
    }
}
