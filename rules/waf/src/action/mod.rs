//! Actions: what a rule does when it matches.

pub mod compile;
pub mod ctl;
pub mod setvar;

pub use ctl::{Ctl, Processor};
pub use setvar::SetVar;

use crate::{macros::Macro, variable::Persistent};

/// Whether rules run, and whether they may interrupt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// No rule runs.
    Off,
    /// Rules run and interrupt nothing.
    #[default]
    DetectionOnly,
    /// Rules run and interrupt.
    On,
}

/// What becomes of a transaction whose rule has matched.
#[derive(Debug)]
pub enum Disruptive {
    /// `pass`
    Pass,
    /// `deny`, with its status.
    Deny(u16),
    /// `drop`: the connection ends without an answer.
    Drop,
    /// `redirect`, with its status.
    Redirect(u16, Macro),
    /// `allow`
    Allow(Allow),
}

/// What `allow` skips.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allow {
    /// The rest of this phase and all others but the last.
    All,
    /// The rest of this phase.
    Phase,
    /// The rest of this phase and those of the request.
    Request,
}

/// Where evaluation goes on behind a match.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Flow {
    /// With the next rule.
    #[default]
    Next,
    /// Behind so many more rules.
    Skip(usize),
    /// At this position of the phase.
    Jump(usize),
}

/// What else a match does.
#[derive(Debug)]
pub enum Effect {
    /// `setvar`
    SetVar(SetVar),
    /// `ctl`
    Ctl(Ctl),
    /// `initcol` and `setuid`, `setsid`, `setrsc`: which member of a persistent collection is meant from here on.
    Open(Persistent, Macro),
    /// `setenv`
    SetEnv(Macro, Macro),
    /// `expirevar`: seconds until a member is gone.
    Expire(setvar::Destination, Macro),
    /// `deprecatevar`: a counter falls by so much in so many seconds.
    Deprecate(setvar::Destination, i64, i64),
    /// `sanitiseArg` and its like: the audit log leaves values out.
    Sanitise(Sanitise, Box<[u8]>),
    /// `sanitiseMatched`, `sanitiseMatchedBytes`
    SanitiseMatched,
}

/// Whose value the audit log leaves out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sanitise {
    /// Of an argument.
    Argument,
    /// Of a request's header.
    RequestHeader,
    /// Of a response's header.
    ResponseHeader,
}
