//! What limits say, counted.

use std::sync::Arc;

use crate::observe::{metrics::Metrics, shards::Counter};

/// Counters of a limit.
#[derive(Debug)]
pub struct Verdicts {
    /// Requests that passed.
    pub passed: Arc<Counter>,
    /// Requests that lack a part of the key and pass for it.
    pub skipped: Arc<Counter>,
    /// Requests that were counted together with those of other keys, because the table was full.
    pub shared: Arc<Counter>,
    /// Bytes that were counted.
    pub bytes: Arc<Counter>,
    /// Times that a body was held up.
    pub waits: Arc<Counter>,
    refused: Arc<Counter>,
    would_refuse: Arc<Counter>,
}

impl Verdicts {
    /// The counters of the limit of this name.
    pub fn of(limit: &str, metrics: &Metrics) -> Self {
        let verdict = |verdict| metrics.limit_requests(limit, verdict);
        Self {
            passed: verdict("passed"),
            skipped: verdict("skipped"),
            shared: metrics.limit_shared(limit),
            bytes: metrics.limit_bytes(limit),
            waits: metrics.limit_waits(limit),
            refused: verdict("refused"),
            would_refuse: verdict("would_refuse"),
        }
    }

    /// What was passed, skipped, shared, refused, and would have been refused.
    pub fn values(&self) -> [u64; 5] {
        [&self.passed, &self.skipped, &self.shared, &self.refused, &self.would_refuse]
            .map(|counter| counter.value())
    }

    /// Requests that were refused, or would have been.
    pub fn refused(&self, dry_run: bool) -> &Counter {
        if dry_run { &self.would_refuse } else { &self.refused }
    }
}
