//! The WAF in the request path: which rules hold for a request, what they are shown of it, and what their verdict means.
//!
//! The engine is the package `foxtrot-waf`, and this its only caller. Gathering bodies is for [`crate::http`]; what waits here
//! waits for a judgement alone.

mod aside;
mod audit;
mod block_list;
mod compile;
mod describe;
mod exclusion;
mod lint;
mod lists;
mod posture;
pub mod redact;
mod rules;
mod settings;
mod table;
mod transaction;

pub use audit::Subject;
pub use compile::{Compiled, check_audit, compile, files};
pub use posture::Posture;
pub use transaction::{Begun, Facts, Inspection, Judged};

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use foxtrot_waf::{RuleSet, Store};

use crate::observe::{metrics::Metrics, shards::Counter};
use {audit::Audit, exclusion::Exclusions, lists::Lists, settings::Settings};

/// What holds for the requests of some routes, tenants and listeners.
#[derive(Debug)]
pub struct Policy {
    /// The rules, with what is excluded and preset.
    engine: Arc<foxtrot_waf::Policy>,
    /// What is configured.
    settings: Settings,
    shared: Arc<Shared>,
}

/// What all policies of a snapshot share.
#[derive(Debug)]
pub struct Shared {
    rules: Arc<RuleSet>,
    /// When they were compiled, since the epoch.
    rules_loaded: Duration,
    exclusions: Exclusions,
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
