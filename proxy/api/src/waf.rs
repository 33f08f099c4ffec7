//! `GET /waf`: which rules hold for whom, and what they would block.

use serde::{Deserialize, Serialize};

/// The WAF of a process.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
pub struct WafStatus {
    /// The configuration in force.
    pub generation: u64,
    /// The rules; absent where there is no WAF.
    #[serde(default)]
    pub rules: Option<WafRules>,
    /// What holds for whom: each once, however many routes and tenants have it.
    #[serde(default)]
    pub policies: Vec<WafPolicy>,
    /// Lists of clients.
    #[serde(default)]
    pub lists: WafLists,
    /// The audit log; absent where none is configured.
    #[serde(default)]
    pub audit: Option<WafAuditStatus>,
    /// The last run of the probes; absent before the first.
    #[serde(default)]
    pub posture: Option<WafPosture>,
    /// What looks wrong; in rule files, once the first run of the probes is over.
    #[serde(default)]
    pub lint: Vec<WafFinding>,
}

/// A rule set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct WafRules {
    /// Whether it is the managed one or the operator names its files.
    pub origin: WafRulesOrigin,
    /// The rule files, in the order in which they were read.
    pub files: Vec<String>,
    /// Rules, a chain counted once.
    pub rules: u64,
    /// When it was compiled, in milliseconds since 1970-01-01T00:00:00Z. A load that changes no rule compiles none.
    pub loaded_at: u64,
}

/// Where rules come from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WafRulesOrigin {
    /// Files that the configuration names.
    #[default]
    Named,
    /// The set that foxtrot brings along.
    Managed,
}

/// What holds for some routes, tenants and listeners.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
pub struct WafPolicy {
    /// Listeners that have it.
    pub listeners: Vec<String>,
    /// Tenants that have it; an empty name stands for requests of none.
    pub tenants: Vec<String>,
    /// Routes that have it.
    pub routes: Vec<String>,
    /// `off`, `detect` or `enforce`.
    pub mode: String,
    /// Share of clients for whom `enforce` holds.
    pub enforce_percent: f64,
    /// Paranoia level, where the configuration says one.
    #[serde(default)]
    pub paranoia: Option<u8>,
    /// Anomaly score from which on a request is blocked, where the configuration says one.
    #[serde(default)]
    pub inbound_threshold: Option<u32>,
    /// Anomaly score from which on a response is blocked, where the configuration says one.
    #[serde(default)]
    pub outbound_threshold: Option<u32>,
    /// Classes that must be blocked.
    #[serde(default)]
    pub require_classes: Vec<String>,
    /// What does not count.
    #[serde(default)]
    pub exclusions: Vec<WafExclusionStatus>,
    /// Paths that the probes were sent to, as far as they ran.
    #[serde(default)]
    pub paths: Vec<String>,
    /// Further paths of routes, to which no probe is sent because they are too many.
    #[serde(default)]
    pub paths_left_out: u64,
    /// Whether a request without any attack is blocked too, so that what the classes say means little.
    #[serde(default)]
    pub blocks_everything: bool,
    /// Classes of attacks; none before the first run.
    #[serde(default)]
    pub classes: Vec<WafClass>,
}

/// An exclusion.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct WafExclusionStatus {
    /// Where it is written, such as `tenants.acme.waf.exclude[0]`; of several tenants that say the same, the first.
    pub at: String,
    /// The rule.
    #[serde(default)]
    pub rule: Option<u64>,
    /// The pattern of tags.
    #[serde(default)]
    pub tag: Option<String>,
    /// What is not looked at.
    #[serde(default)]
    pub target: Option<String>,
    /// Where it holds.
    #[serde(default)]
    pub path: Option<String>,
    /// Why there is one.
    pub reason: String,
    /// Until the beginning of this day.
    #[serde(default)]
    pub expires: Option<String>,
    /// Whether that day has begun.
    pub expired: bool,
    /// Rules that are meant.
    pub rules: u64,
}

/// What becomes of a class of attacks.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct WafClass {
    /// Its name, such as `sqli`.
    pub class: String,
    /// The worst of its states, over all probes and paths.
    pub state: WafClassState,
    /// Where it is open, and why.
    #[serde(default)]
    pub openings: Vec<WafOpening>,
}

/// What becomes of a class of attacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WafClassState {
    /// It is blocked.
    Blocked,
    /// It is blocked for a share of clients.
    Staged,
    /// It is found, and passes.
    Detected,
    /// It passes, and nobody notices.
    Open,
}

/// Where a class is open, and why.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct WafOpening {
    /// Path of the probe; empty where it is open everywhere.
    pub path: String,
    /// Why.
    pub cause: WafCause,
    /// The exclusions, by place, without which it would be found: each alone, or all of them where one is not enough.
    #[serde(default)]
    pub exclusions: Vec<String>,
    /// The same for people.
    pub words: String,
}

/// Why a class is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WafCause {
    /// No rule runs.
    ModeOff,
    /// Every client is on the list of those at whom no rule looks.
    AllowList,
    /// Exclusions.
    Exclusions,
    /// A paranoia level or threshold of the configuration.
    Settings,
    /// The rules find it elsewhere, and not on this path.
    Path,
    /// No rule finds it.
    NoRule,
}

/// Lists of clients.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct WafLists {
    /// Blocks of addresses at which no rule looks.
    pub allow: u64,
    /// Blocks of addresses that are turned away.
    pub deny: u64,
}

/// The audit log.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct WafAuditStatus {
    /// File, or `-`.
    pub path: String,
    /// Records written since the process started.
    pub written: u64,
    /// Records dropped because the queue was full.
    pub dropped: u64,
}

/// A run of the probes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct WafPosture {
    /// When it began, in milliseconds since 1970-01-01T00:00:00Z.
    pub at: u64,
    /// How long it took, in microseconds.
    pub took_us: u64,
    /// Requests that were made up and judged.
    pub probes: u64,
}

/// Something that looks wrong.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct WafFinding {
    /// Who says so: `config` of what the configuration says, `rules` of what is in a rule file.
    pub source: String,
    /// How bad it is.
    pub severity: WafSeverity,
    /// Where: a key path, or a place in a rule file.
    pub at: String,
    /// What, for people.
    pub words: String,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WafSeverity {
    /// Worth knowing.
    Note,
    /// Something is to be done.
    Warning,
}
