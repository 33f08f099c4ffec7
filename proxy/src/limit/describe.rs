//! Limits as `GET /status` shows them.

use foxtrot_api::LimitStatus;

use super::{Compiled, Limit};
use crate::{
    clock::Instant,
    filter::rate_limit::{bucket, count::Counts},
};

impl Compiled {
    /// All limits, in the order of their names.
    pub fn describe(&self, now: Instant) -> Vec<LimitStatus> {
        self.limits.values().map(|limit| limit.describe(now)).collect()
    }
}

impl Limit {
    fn describe(&self, now: Instant) -> LimitStatus {
        let [passed, skipped, shared, refused, would_refuse] = self.verdicts.values();
        let at = bucket::At(self.state.time(now));
        let buckets = [&self.state.rates, &self.state.bytes].into_iter().flatten();
        let keys = buckets.map(|table| table.in_use(&at));
        let counts = self.state.counts.as_ref().map(|table| table.in_use(&Counts));
        LimitStatus {
            name: self.name.to_string(),
            keys: keys.chain(counts).max().unwrap_or_default() as u64,
            keys_max: u64::from(self.keys_max),
            memory_bytes: self.state.tables().map(|table| table.bytes() as u64).sum(),
            dry_run: self.dry_run,
            passed,
            refused,
            would_refuse,
            skipped,
            shared,
            store: self.store.as_ref().map(|store| store.describe()),
        }
    }
}
