//! A WAF engine for rules in SecLang, the language of ModSecurity.
//!
//! Synchronous and without transport: it is fed a request and its response piece by piece, says after each phase what is to
//! happen, and gives a report at the end. It knows no HTTP library, no runtime, no clock and no log; time and chance come in
//! as arguments. Input never panics and costs time linear in its length.

mod action;
mod bits;
pub mod body;
pub mod error;
mod facts;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
pub mod injection;
pub mod lint;
mod macros;
mod number;
mod operator;
mod pattern;
mod place;
mod policy;
mod report;
mod rule;
mod ruleset;
mod scan;
pub mod seclang;
mod settings;
mod state;
mod transaction;
pub mod transform;
mod variable;
mod worker;

pub use crate::{
    action::{Mode, Sanitise},
    lint::lint,
    operator::luhn,
    policy::{Excluded, Exclusion, Pinned, Policy},
    report::{Action, Interruption, Match, Report, Verdict},
    rule::{Meta, SEVERITIES},
    ruleset::RuleSet,
    settings::Settings,
    state::store::Store,
    transaction::{Beginning, Finished, Taken, Transaction},
    worker::{Meter, Worker},
};
