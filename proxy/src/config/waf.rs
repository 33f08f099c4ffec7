//! `[waf]` as written, and what listeners and routes have otherwise.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    attack_class::AttackClass,
    units::{Duration, Percent, Size},
};

/// The WAF: rules, and what becomes of requests that they find.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Waf {
    /// Rule files in SecLang, in this order; paths may have `*`. `"managed"` stands for the managed rule set, which comes
    /// with the binary and is what holds where nothing is listed.
    #[schemars(extend("items" = { "anyOf": [
        { "const": "managed", "type": "string" },
        { "type": "string", "format": "path" },
    ] }))]
    pub rules: Vec<String>,
    /// Whether rules run, and whether they may block.
    pub mode: WafMode,
    /// Share of clients for whom `enforce` holds; the others are inspected all the same, and nothing of theirs is blocked.
    pub enforce_percent: Percent,
    /// Paranoia level of a rule set that knows levels, in the place of what its setup file says.
    #[schemars(range(min = 1, max = 4))]
    pub paranoia: Option<u8>,
    /// Anomaly score from which on a request is blocked, in the place of what the setup file says.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub inbound_threshold: Option<u32>,
    /// Anomaly score from which on a response is blocked, in the place of what the setup file says.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub outbound_threshold: Option<u32>,
    /// Whether a score that is high enough blocks before the request's body has come.
    pub early_blocking: Option<bool>,
    /// Clients that no rule looks at: blocks, and `"@FILE"` for a file of one block per line. Goes before `deny`.
    #[schemars(extend("items" = { "type": "string", "format": "path-or-value" }))]
    pub allow: Vec<String>,
    /// Clients that are answered 403: as `allow`.
    #[schemars(extend("items" = { "type": "string", "format": "path-or-value" }))]
    pub deny: Vec<String>,
    /// Rules, or what they look at, that do not count.
    pub exclude: Vec<WafExclusion>,
    /// Classes of attacks that must be blocked: a load that would let one of them through fails.
    pub require_classes: BTreeSet<AttackClass>,
    /// Request bodies.
    pub request_body: WafRequestBody,
    /// Whether responses are inspected as the rule files ask. Upstreams are then asked for answers that are not encoded.
    pub responses: bool,
    /// Time that rules may take for one request and its response.
    pub budget: Duration,
    /// What becomes of a request whose budget is spent.
    pub over_budget: OverBudget,
    /// Audit log.
    pub audit: Option<WafAudit>,
}

/// What a listener, tenant or route has otherwise than `[waf]`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WafOverlay {
    /// Whether rules run, and whether they may block.
    pub mode: Option<WafMode>,
    /// Share of clients for whom `enforce` holds.
    pub enforce_percent: Option<Percent>,
    /// Paranoia level.
    #[schemars(range(min = 1, max = 4))]
    pub paranoia: Option<u8>,
    /// Anomaly score from which on a request is blocked.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub inbound_threshold: Option<u32>,
    /// Anomaly score from which on a response is blocked.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub outbound_threshold: Option<u32>,
    /// Whether a score that is high enough blocks before the request's body has come.
    pub early_blocking: Option<bool>,
    /// Whether responses are inspected.
    pub responses: Option<bool>,
    /// What becomes of a request whose budget is spent.
    pub over_budget: Option<OverBudget>,
    /// What becomes of a body that is longer than the limit.
    pub over_limit: Option<OverLimit>,
    /// Rules, or what they look at, that do not count here besides those that do not count anyway.
    pub exclude: Vec<WafExclusion>,
    /// Classes of attacks that must be blocked, in the place of those that must otherwise.
    pub require_classes: Option<BTreeSet<AttackClass>>,
}

/// Whether rules run, and whether they may block.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WafMode {
    /// No rule runs.
    Off,
    /// Rules run and are logged, and nothing is blocked.
    #[default]
    Detect,
    /// Rules run and block.
    Enforce,
}

/// What becomes of a request whose budget is spent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OverBudget {
    /// It passes.
    Open,
    /// It is blocked, where `enforce` holds.
    #[default]
    Closed,
}

/// What becomes of a body that is longer than the limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OverLimit {
    /// The request is answered 413, where `enforce` holds.
    Reject,
    /// As much of it as the limit is inspected, and the rest passes.
    #[default]
    ProcessPartial,
}

/// Request bodies.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WafRequestBody {
    /// Bytes of a body that are held back and inspected, in the place of `SecRequestBodyLimit`.
    pub limit: Size,
    /// What becomes of a body that is longer.
    pub over: OverLimit,
}

/// Rules, or what they look at, that do not count.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WafExclusion {
    /// One rule, by its id.
    #[serde(default)]
    pub rule: Option<u64>,
    /// Rules with such a tag: a regular expression.
    #[serde(default)]
    pub tag: Option<String>,
    /// What they do not look at, as in SecLang: `"ARGS:name"`. The whole rule where it is left out.
    #[serde(default)]
    pub target: Option<String>,
    /// Only for this path, or for all below it where it ends in `/`.
    #[serde(default)]
    pub path: Option<String>,
    /// Why: for whoever reads the file next.
    pub reason: String,
    /// Until the beginning of this day, in UTC: `"2027-03-31"`.
    #[serde(default)]
    pub expires: Option<String>,
}

/// Audit log.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WafAudit {
    /// File to append to, or `"-"` for standard output. Reopened on reload, for log rotation.
    #[schemars(extend("format" = "path"))]
    pub path: String,
    /// Records that may wait for the disk. More are dropped and counted.
    #[serde(default = "default_queue")]
    #[schemars(range(min = 1, max = 10_000_000))]
    pub queue: u32,
    /// What is left out besides passwords, tokens and card numbers: `"args:NAME"`, `"json:$.a.b"`, `"header:NAME"`,
    /// `"cookie:NAME"`.
    #[serde(default)]
    pub redact: BTreeSet<String>,
}

impl Default for Waf {
    fn default() -> Self {
        Self {
            rules: Vec::new(),
            mode: WafMode::default(),
            enforce_percent: Percent::whole(100),
            paranoia: None,
            inbound_threshold: None,
            outbound_threshold: None,
            early_blocking: None,
            allow: Vec::new(),
            deny: Vec::new(),
            exclude: Vec::new(),
            require_classes: BTreeSet::new(),
            request_body: WafRequestBody::default(),
            responses: false,
            budget: Duration::millis(500),
            over_budget: OverBudget::default(),
            audit: None,
        }
    }
}

impl Default for WafRequestBody {
    fn default() -> Self {
        Self { limit: Size(1 << 20), over: OverLimit::default() }
    }
}

fn default_queue() -> u32 {
    65_536
}
