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
}

impl State {
    /// The state of `limit`: that of `before`, as far as it means the same.
    pub fn of(limit: &config::Limit, before: Option<&Arc<Self>>, now: Instant) -> Arc<Self> {
        let counted_by = (limit.key.clone(), limit.missing, limit.max_keys);
        let before = before.filter(|before| before.counted_by == counted_by);
        let rates = limit.rate.map(|_| {
            let before = before.and_then(|before| before.rates.clone());
            before.unwrap_or_else(|| Arc::new(Table::new(limit.max_keys as usize)))
        });
        match before {
            Some(before) => Arc::new(Self {
                secret: before.secret.clone(),
                origin: before.origin,
                counted_by,
                rates,
            }),
            None => Arc::new(Self { secret: RandomState::new(), origin: now, counted_by, rates }),
        }
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
