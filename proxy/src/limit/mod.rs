//! Limits in the request path: which of them a request must keep, and what becomes of one that does not.
//!
//! Whether a key has room is decided by [`crate::filter::rate_limit`], which is pure; this knows what is configured, the
//! clock and the counters. A request is charged by all of its limits or by none: what was taken is given back where a later
//! one refuses.

mod compile;
mod state;
mod verdict;

use std::{sync::Arc, time::Duration};

use smallvec::SmallVec;

pub use compile::{Compiled, compile};

use crate::{
    clock::Instant,
    error::{OverLimit, Quota},
    filter::rate_limit::{Bucket, Facts, Full, Key, Place, Span, bucket},
};
use {state::State, verdict::Verdicts};

/// A limit.
#[derive(Debug)]
pub struct Limit {
    /// Name in the configuration.
    pub name: Arc<str>,
    key: Key,
    rate: Option<Bucket>,
    /// What a request costs that costs no more than others.
    one: Span,
    dry_run: bool,
    state: Arc<State>,
    verdicts: Verdicts,
}

/// The limits of a request.
#[derive(Debug, Clone, Copy)]
pub struct Limits<'l> {
    route: &'l [Arc<Limit>],
    tenant: &'l [Arc<Limit>],
    cost: u32,
}

/// A request that asks to pass.
#[derive(Debug, Clone, Copy)]
pub struct Asking<'a> {
    /// What keys are made of.
    pub facts: Facts<'a>,
    /// When it came.
    pub now: Instant,
    /// Who counts it.
    pub worker: usize,
}

/// What a request that passes has of it.
#[derive(Debug, Default)]
pub struct Admitted {
    /// The first limit that would have refused it, were it not for its `dry_run`.
    pub would_refuse: Option<Arc<str>>,
}

/// What was taken for a request.
struct Taken<'l> {
    limit: &'l Limit,
    place: Place<'l>,
    now: u64,
    cost: Span,
}

impl Limits<'_> {
    /// Whether a request may pass. If so, it is charged.
    ///
    /// # Errors
    /// It is over one of its limits. Nothing is charged.
    pub fn admit(&self, asking: &Asking<'_>) -> Result<Admitted, Box<OverLimit>> {
        let mut taken: SmallVec<[Taken<'_>; 4]> = SmallVec::new();
        let mut admitted = Admitted::default();
        for limit in self.each() {
            match limit.take(asking, self.cost) {
                Ok(of_this) => taken.extend(of_this),
                Err(over) if limit.dry_run => {
                    admitted.would_refuse.get_or_insert(over.limit);
                }
                Err(over) => {
                    taken.iter().for_each(Taken::give_back);
                    return Err(over);
                }
            }
        }
        Ok(admitted)
    }

    /// A limit that both route and tenant name is asked once.
    fn each(&self) -> impl Iterator<Item = &Arc<Limit>> {
        let twice = |limit: &&Arc<Limit>| self.route.iter().any(|other| Arc::ptr_eq(limit, other));
        self.route.iter().chain(self.tenant.iter().filter(move |limit| !twice(limit)))
    }
}

impl Limit {
    fn take(&self, asking: &Asking<'_>, cost: u32) -> Result<Option<Taken<'_>>, Box<OverLimit>> {
        let Some(hash) = self.key.hash(&asking.facts, &self.state.secret) else {
            self.verdicts.skipped.inc(asking.worker);
            return Ok(None);
        };
        let now = self.state.time(asking.now);
        let (Some(rate), Some(table)) = (&self.rate, &self.state.rates) else { return Ok(None) };
        let place = table.place(hash, &bucket::At(now));
        if matches!(place, Place::Shared(_)) {
            self.verdicts.shared.inc(asking.worker);
        }
        let cost = if cost == 1 { self.one } else { rate.span(u64::from(cost)) };
        match rate.take(&place, now, cost) {
            Ok(_) => {
                self.verdicts.passed.inc(asking.worker);
                Ok(Some(Taken { limit: self, place, now, cost }))
            }
            Err(full) => {
                self.verdicts.refused(self.dry_run).inc(asking.worker);
                Err(self.over(rate, full))
            }
        }
    }

    fn over(&self, rate: &Bucket, full: Full) -> Box<OverLimit> {
        let window = Duration::from_nanos(rate.burst_span().0);
        Box::new(OverLimit {
            limit: Arc::clone(&self.name),
            quota: Quota::Rate { max: rate.burst(), window, left: full.left },
            retry_after: Duration::from_nanos(full.wait.0),
        })
    }
}

impl Taken<'_> {
    fn give_back(&self) {
        if let Some(rate) = &self.limit.rate {
            rate.give_back(&self.place, self.now, self.cost);
        }
    }
}
