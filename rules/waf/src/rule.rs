//! A rule, compiled. A chain is several of them, one behind the other, each a link.

use crate::{
    action::{Disruptive, Effect, Flow},
    macros::Macro,
    operator::{Operator, Wanted},
    scan::ClauseId,
    seclang::ast::Place,
    transform::Transformation,
    variable::Target,
};

/// One link of a chain, or a rule of one link.
#[derive(Debug)]
pub struct Rule {
    /// What it says about itself; of a chain, the head's counts.
    pub meta: Meta,
    /// What it looks at.
    pub targets: Box<[RuleTarget]>,
    /// What it does not look at.
    pub excluded: Box<[Target]>,
    /// What it asks of each value.
    pub operator: Operator,
    /// Whether what the operator says of a value is always the same, and dear enough to be remembered.
    pub remembers: bool,
    /// It matches where the operator does not.
    pub negated: bool,
    /// What becomes of a value first.
    pub transformations: Box<[Transformation]>,
    /// The operator looks at each step of the transformations.
    pub multi_match: bool,
    /// What of a match is kept.
    pub wanted: Wanted,
    /// What a value must have for the operator to match: all of these clauses of its scan.
    pub clauses: Box<[ClauseId]>,
    /// Number of the bundle of its targets: where their values together do not have the clauses, no single one has them.
    pub bundle: Option<u32>,
    /// What is done at each match of this link: `setvar`.
    pub effects: Box<[Effect]>,
    /// What is done once, when the whole chain has matched.
    pub late_effects: Box<[Effect]>,
    /// Whether another link follows.
    pub chained: bool,
    /// `msg`
    pub message: Option<Macro>,
    /// `logdata`
    pub logdata: Option<Macro>,
    /// What becomes of the transaction. Of a chain, the head's counts; so of the next two.
    pub disruptive: Disruptive,
    /// Where evaluation goes on.
    pub flow: Flow,
    /// What is said about a match, and where.
    pub logs: Logs,
}

/// One of a rule's targets.
#[derive(Debug)]
pub struct RuleTarget {
    /// The variable and which of its members.
    pub target: Target,
    /// `&`: their number is the value.
    pub count: bool,
    /// Number of the unit that holds its transformed values; none where they can change while rules run.
    pub unit: Option<u32>,
}

/// Where a match is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Logs {
    /// `log`: the match is in the report.
    pub log: bool,
    /// `auditlog`: the match makes the transaction one to audit.
    pub audit: bool,
}

/// What a rule says about itself.
#[derive(Clone, Debug, Default)]
pub struct Meta {
    /// `id`; 0 of links behind the first.
    pub id: u64,
    /// `phase`, 1 to 5.
    pub phase: u8,
    /// Where it is written.
    pub place: Place,
    /// `tag`s.
    pub tags: Box<[Box<str>]>,
    /// `severity`, 0 (emergency) to 7 (debug).
    pub severity: Option<u8>,
    /// `ver`
    pub version: Box<str>,
    /// `rev`
    pub revision: Box<str>,
    /// `maturity`
    pub maturity: Option<u8>,
    /// `accuracy`
    pub accuracy: Option<u8>,
    /// `msg` as written, for selection by message.
    pub message: Box<str>,
}

/// Names of the severities, by number.
pub const SEVERITIES: [&str; 8] =
    ["EMERGENCY", "ALERT", "CRITICAL", "ERROR", "WARNING", "NOTICE", "INFO", "DEBUG"];
