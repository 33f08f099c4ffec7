//! What one thread keeps between transactions: caches of patterns, and memory to use again.

use std::sync::Arc;

use crate::{pattern::Caches, ruleset::RuleSet, transaction::Parts};

/// The engine's part of a thread. Transactions run in the thread whose worker they are given.
pub struct Worker {
    /// Caches of patterns.
    pub caches: Caches,
    /// Says how long the engine has been at work for the transaction at hand; called now and then.
    meter: Option<Meter>,
    spare: Vec<Parts>,
    /// Address of the rule set that the caches are of; only to be compared.
    rules: usize,
    bytes_kept_max: usize,
}

/// Time that has been spent, in nanoseconds, by whatever clock the caller deems right.
pub type Meter = Box<dyn Fn() -> u64 + Send>;

/// How many transactions' memory is kept.
const SPARE_MAX: usize = 64;

impl Worker {
    /// A worker whose caches take at most about this many bytes.
    pub fn new(cache_bytes_max: usize) -> Self {
        let caches = Caches::new(cache_bytes_max);
        Self { caches, meter: None, spare: Vec::new(), rules: 0, bytes_kept_max: 64 << 10 }
    }

    /// Measures the time that rules take, for transactions with a budget.
    #[must_use]
    pub fn meter(mut self, meter: Meter) -> Self {
        self.meter = Some(meter);
        self
    }

    /// The time by the meter.
    pub(crate) fn time(&self) -> Option<u64> {
        self.meter.as_ref().map(|meter| meter())
    }

    /// Drops the caches of the rule set before this one: what was reloaded is not searched for again.
    pub(crate) fn turn_to(&mut self, rules: &Arc<RuleSet>) {
        let address = Arc::as_ptr(rules).addr();
        if std::mem::replace(&mut self.rules, address) != address {
            self.caches.clear();
        }
    }

    pub(crate) fn take_parts(&mut self) -> Parts {
        self.spare.pop().unwrap_or_default()
    }

    pub(crate) fn give_back(&mut self, mut parts: Parts) {
        if self.spare.len() < SPARE_MAX {
            parts.clear(self.bytes_kept_max);
            self.spare.push(parts);
        }
    }
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Worker").field("caches", &self.caches).finish_non_exhaustive()
    }
}
