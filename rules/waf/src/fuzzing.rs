//! What fuzz targets may see of the engine beyond its interface: one pattern, by both engines that run patterns.
//!
//! Only under the feature of this name. Nothing here decides anything.

pub use crate::pattern::Found;
use crate::pattern::{
    Caches, Case, GROUPS, Groups, Pattern, backtrack::Program, clauses, prefilter::Clause,
};

/// What was found of a pattern in a value.
#[derive(Debug)]
pub struct Search {
    /// Whether the pattern occurs, as rules ask.
    pub verdict: Found,
    /// The same question with the place of the match.
    pub find: (Found, Groups),
    /// The same with the places of its groups.
    pub groups: (Found, Groups),
    /// What backtracking says; `None` where it was backtracking that the rules asked.
    pub other: Option<(Found, Groups)>,
    /// What a match must have.
    pub clauses: Vec<Clause>,
}

/// Looks for a pattern in a value, in all ways.
///
/// # Errors
///
/// What is wrong with the pattern.
pub fn search(
    pattern: &[u8],
    insensitive: bool,
    value: &[u8],
    steps_max: usize,
) -> Result<Search, String> {
    let case = if insensitive { Case::Insensitive } else { Case::Sensitive };
    let compiled = Pattern::new(pattern, case)?;
    let mut caches = Caches::new(usize::MAX);
    let (mut place, mut groups) = ([None; GROUPS], [None; GROUPS]);
    let verdict = compiled.is_match(&mut caches, value, steps_max);
    let find = compiled.find(&mut caches, value, steps_max, &mut place);
    let found = compiled.find_groups(&mut caches, value, steps_max, &mut groups);
    let other = if compiled.is_backtracking() {
        None
    } else {
        let mut places = [None; GROUPS];
        let program = Program::new(pattern, case)?;
        Some((program.search(value, steps_max, &mut places), places))
    };
    let clauses = clauses(pattern, case);
    Ok(Search { verdict, find: (find, place), groups: (found, groups), other, clauses })
}
