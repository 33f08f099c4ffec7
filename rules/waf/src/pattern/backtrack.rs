//! Patterns with look-around and backreferences, run by backtracking within a bound on steps.

use super::{Case, Found, Groups};

/// A compiled pattern.
#[derive(Debug)]
pub struct Program {}

impl Program {
    /// Compiles a pattern.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn new(_pattern: &[u8], _case: Case) -> Result<Self, String> {
        Err("look-around and backreferences are not supported".to_owned())
    }

    /// Looks for the pattern.
    pub fn search(&self, _input: &[u8], _steps_max: usize, _groups: &mut Groups) -> Found {
        Found::No
    }
}
