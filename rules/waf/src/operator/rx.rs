//! `@rx`: regular expressions. See [`crate::pattern`] for the language.
//!
//! `SecRule ARGS "@rx (?i)union\s+select" "id:1,phase:2,deny,capture,logdata:'%{TX.0}'"`

use super::{Context, Outcome, Wanted};
use crate::{
    macros::Macro,
    pattern::{Case, Found, Pattern},
};

/// A pattern, or one that is known only when its macros are.
#[derive(Debug)]
pub enum Rx {
    /// Compiled when the rules were loaded.
    Fixed(Pattern),
    /// Compiled each time it is needed: a pattern with macros in it.
    Made(Macro),
}

impl Rx {
    /// Whether the value has a match.
    pub fn evaluate(&self, value: &[u8], cx: &mut Context<'_>) -> Outcome {
        match self {
            Self::Fixed(pattern) => search(pattern, value, cx),
            // A pattern that its macros have made unreadable matches nothing.
            Self::Made(_) => Pattern::new(cx.argument, Case::Sensitive)
                .map_or(Outcome::No, |pattern| search(&pattern, value, cx)),
        }
    }

    /// The pattern, where it is known.
    pub fn pattern(&self) -> Option<&Pattern> {
        match self {
            Self::Fixed(pattern) => Some(pattern),
            Self::Made(_) => None,
        }
    }

    /// The argument, where it has macros.
    pub fn argument(&self) -> Option<&Macro> {
        match self {
            Self::Fixed(_) => None,
            Self::Made(argument) => Some(argument),
        }
    }
}

fn search(pattern: &Pattern, value: &[u8], cx: &mut Context<'_>) -> Outcome {
    let found = match cx.wanted {
        Wanted::Verdict => pattern.is_match(cx.caches, value, cx.steps_max),
        Wanted::Whole => pattern.find(cx.caches, value, cx.steps_max, cx.groups),
        Wanted::Groups => pattern.find_groups(cx.caches, value, cx.steps_max, cx.groups),
    };
    match found {
        Found::No => Outcome::No,
        Found::Yes => Outcome::Yes,
        Found::Limit => Outcome::Limit,
    }
}
