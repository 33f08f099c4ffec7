//! Patterns with look-around and backreferences, run by backtracking within a bound on steps.
//!
//! What PCRE2 does with `DOTALL` and `DOLLAR_ENDONLY` and without UTF: bytes, the leftmost match, of its ways the first. A
//! pattern that can take exponential time takes as many steps as it may and then has no answer.

mod code;
pub(super) mod parse;
mod program;
mod run;
pub(super) mod set;
mod start;
pub(super) mod syntax;

pub use program::Program;

#[cfg(test)]
mod tests;
