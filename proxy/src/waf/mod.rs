//! The WAF in the request path: which rules hold for a request, what they are shown of it, and what their verdict means.
//!
//! The engine is the package `foxtrot-waf`, and this its only caller. Nothing here waits: gathering bodies is for
//! [`crate::http`].

mod audit;
mod compile;
mod lists;
mod redact;
mod rules;
mod transaction;

pub use audit::Subject;
pub use compile::{Compiled, check_audit, compile, files};
pub use transaction::{Begun, Facts, Inspection, Judged};

use std::sync::{Arc, OnceLock};

use foxtrot_waf::{Mode, RuleSet, Store};

use crate::{
    config::{OverBudget, OverLimit, WafMode},
    observe::{metrics::Metrics, shards::Counter},
};
use {audit::Audit, lists::Lists};

/// What holds for the requests of a route on a listener.
#[derive(Debug)]
pub struct Policy {
    /// The rules, with what is excluded and preset.
    engine: Arc<foxtrot_waf::Policy>,
    /// What is configured.
    settings: Settings,
    shared: Arc<Shared>,
}

/// What is configured for a route on a listener.
#[derive(Debug, Clone, PartialEq)]
struct Settings {
    mode: WafMode,
    /// Share of clients for whom `enforce` holds, in hundredths of a percent.
    enforce: u16,
    paranoia: Option<u8>,
    inbound_threshold: Option<u32>,
    outbound_threshold: Option<u32>,
    early_blocking: Option<bool>,
    responses: bool,
    over_budget: OverBudget,
    over_limit: OverLimit,
}

/// What all policies of a snapshot share.
#[derive(Debug)]
pub struct Shared {
    rules: Arc<RuleSet>,
    store: Arc<Store>,
    lists: Lists,
    audit: Option<Audit>,
    counters: Counters,
    request_body_max: usize,
    budget: u64,
}

/// What a transaction came to, as metrics tell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Pass,
    Detected,
    Blocked,
    Budget,
    Allowed,
    Denied,
}

impl Verdict {
    const ALL: [Self; 6] =
        [Self::Pass, Self::Detected, Self::Blocked, Self::Budget, Self::Allowed, Self::Denied];

    fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Detected => "detected",
            Self::Blocked => "blocked",
            Self::Budget => "budget",
            Self::Allowed => "allowed",
            Self::Denied => "denied",
        }
    }
}

/// Counters of verdicts, and of each rule that has matched.
#[derive(Debug)]
struct Counters {
    metrics: Arc<Metrics>,
    verdicts: [Arc<Counter>; 6],
    /// By number of the rule and by action, made at the first hit: most rules never have one.
    hits: Vec<[OnceLock<Arc<Counter>>; 2]>,
}

impl Counters {
    fn new(metrics: &Arc<Metrics>, rules: usize) -> Self {
        Self {
            metrics: Arc::clone(metrics),
            verdicts: Verdict::ALL.map(|verdict| metrics.waf_requests(verdict.word())),
            hits: std::iter::repeat_with(Default::default).take(rules).collect(),
        }
    }

    fn verdict(&self, worker: usize, verdict: Verdict) {
        self.verdicts[verdict as usize].inc(worker);
    }

    /// `blocks`: whether this match is what ended the transaction.
    fn hit(&self, worker: usize, rule: u32, id: u64, blocks: bool) {
        let Some(counters) = self.hits.get(rule as usize) else { return };
        let action = if blocks { "block" } else { "log" };
        let counter = counters[usize::from(blocks)]
            .get_or_init(|| self.metrics.waf_rule_hits(&id.to_string(), action));
        counter.inc(worker);
    }
}

impl Settings {
    /// The engine's mode for a client.
    fn mode_for(&self, enforced: bool) -> Mode {
        match self.mode {
            WafMode::Off => Mode::Off,
            WafMode::Enforce if enforced => Mode::On,
            WafMode::Detect | WafMode::Enforce => Mode::DetectionOnly,
        }
    }
}
