//! What has become of a transaction: which rules matched, and what followed.

/// A rule that matched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    /// Its position in the rule set: what it says about itself is there.
    pub rule: u32,
    /// The phase it ran in.
    pub phase: u8,
    /// `msg` with its macros replaced.
    pub message: Vec<u8>,
    /// `logdata` with its macros replaced.
    pub data: Vec<u8>,
    /// The variable that matched last, as `MATCHED_VAR_NAME` has it.
    pub variable: Vec<u8>,
    /// What it added to the anomaly score.
    pub score: i64,
    /// Whether it is to be logged.
    pub log: bool,
    /// Whether it makes the transaction one to audit.
    pub audit: bool,
    /// Whether it would end the transaction.
    pub disrupts: bool,
}

/// How a transaction ends early.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interruption {
    /// Id of the rule.
    pub rule: u64,
    /// The phase it ran in.
    pub phase: u8,
    /// What is to be done.
    pub action: Action,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Answer with this status.
    Deny(u16),
    /// End the connection without an answer.
    Drop,
    /// Answer with this status and send the client elsewhere.
    Redirect(u16, Vec<u8>),
}

/// What is to happen behind a phase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Go on.
    Pass,
    /// End it.
    Interrupt(Interruption),
    /// The budget was spent before the rules were through: whether to go on is for the caller.
    Budget,
    /// The rules go on when the address of this name is known: see `Transaction::answer`.
    Lookup(Vec<u8>),
}

/// A whole transaction.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Rules that matched, in order.
    pub matches: Vec<Match>,
    /// How it was ended.
    pub interruption: Option<Interruption>,
    /// How it would have been ended, had the rules been allowed to.
    pub would_interrupt: Option<Interruption>,
    /// Whether the budget was spent before all rules had run.
    pub budget_spent: bool,
    /// Patterns that reached their bound on steps.
    pub limits_reached: u32,
}
