//! What a limit has learned: who owes what. It outlives reloads by the limit's name.

use std::{hash::RandomState, sync::Arc, time::Duration};

use crate::{
    clock::Instant,
    config::{self, LimitKey, MissingKey},
    filter::rate_limit::Table,
};

/// Who owes what.
#[derive(Debug)]
pub struct State {
    /// What keys are hashed with, so that nobody can choose where in a table they come to lie.
    pub secret: RandomState,
    /// Zero of its clock.
    origin: Instant,
    counted_by: (Vec<LimitKey>, MissingKey, u32),
    /// Buckets of requests.
    pub rates: Option<Arc<Table>>,
    /// Requests under way.
    pub counts: Option<Arc<Table>>,
    /// Buckets of bytes.
    pub bytes: Option<Arc<Table>>,
}

impl State {
    /// The state of `limit`: that of `before`, as far as it means the same.
    pub fn of(limit: &config::Limit, before: Option<&Arc<Self>>, now: Instant) -> Arc<Self> {
        let counted_by = (limit.key.clone(), limit.missing, limit.max_keys);
        let before = before.filter(|before| before.counted_by == counted_by);
        let table = |wanted: bool, of: fn(&Self) -> &Option<Arc<Table>>| {
            let before = before.and_then(|before| of(before).clone());
            let fresh = || Arc::new(Table::new(limit.max_keys as usize));
            wanted.then(|| before.unwrap_or_else(fresh))
        };
        Arc::new(Self {
            secret: before.map_or_else(RandomState::new, |before| before.secret.clone()),
            origin: before.map_or(now, |before| before.origin),
            rates: table(limit.rate.is_some(), |state| &state.rates),
            counts: table(limit.concurrency.is_some(), |state| &state.counts),
            bytes: table(limit.bandwidth.is_some(), |state| &state.bytes),
            counted_by,
        })
    }

    /// All tables that there are.
    pub fn tables(&self) -> impl Iterator<Item = &Arc<Table>> {
        [&self.rates, &self.counts, &self.bytes].into_iter().flatten()
    }

    /// A point in time, as the words of its tables have it.
    pub fn time(&self, now: Instant) -> u64 {
        let since = now.saturating_duration_since(self.origin) + HEAD_START;
        // Good for 292 years, half of which the words could hold.
        since.as_nanos() as u64
    }
}

/// A word of zero has passed at every point in time.
const HEAD_START: Duration = Duration::from_secs(1);
