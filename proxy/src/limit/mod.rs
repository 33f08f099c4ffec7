//! Limits in the request path: which of them a request must keep, and what becomes of one that does not.
//!
//! Whether a key has room is decided by [`crate::filter::rate_limit`], which is pure; this knows what is configured, the
//! clock and the counters. A request is charged by all of its limits or by none: what was taken is given back where a later
//! one refuses.

mod compile;
mod describe;
mod pace;
mod permit;
mod state;
mod store;
mod verdict;

use std::{sync::Arc, time::Duration};

use smallvec::SmallVec;

pub use compile::{Compiled, compile, files};

use crate::{
    clock::Instant,
    error::{OverLimit, Quota},
    filter::rate_limit::{Bucket, Facts, Full, Key, Place, Span, bucket},
    wire::Body,
};
use {
    pace::{Paced, Pacer},
    permit::Permit,
    state::State,
    store::{Asked, Standing, Store},
    verdict::Verdicts,
};

/// A limit.
#[derive(Debug)]
pub struct Limit {
    /// Name in the configuration.
    pub name: Arc<str>,
    key: Key,
    rate: Option<Bucket>,
    concurrency: Option<u32>,
    /// Of bytes.
    bandwidth: Option<Bucket>,
    /// What a request costs that costs no more than others.
    one: Span,
    dry_run: bool,
    keys_max: u32,
    state: Arc<State>,
    store: Option<Arc<Store>>,
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
    permits: SmallVec<[Permit; 1]>,
    pacers: SmallVec<[Pacer; 1]>,
}

/// What was taken for a request.
struct Taken<'l> {
    rate: &'l Bucket,
    place: Place<'l>,
    now: u64,
    span: Span,
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
            let Some(hash) = limit.key.hash(&asking.facts, &limit.state.secret) else {
                limit.verdicts.skipped.inc(asking.worker);
                continue;
            };
            match limit.ask(asking, hash, self.cost) {
                Ok((of_this, permit)) => {
                    taken.extend(of_this);
                    admitted.permits.extend(permit);
                }
                Err(over) if limit.dry_run => {
                    admitted.would_refuse.get_or_insert(over.limit);
                }
                Err(over) => {
                    taken.iter().for_each(Taken::give_back);
                    return Err(over);
                }
            }
            admitted.pacers.extend(Pacer::of(limit, hash));
        }
        Ok(admitted)
    }

    /// A limit that both route and tenant name is asked once.
    fn each(&self) -> impl Iterator<Item = &Arc<Limit>> {
        let twice = |limit: &&Arc<Limit>| self.route.iter().any(|other| Arc::ptr_eq(limit, other));
        self.route.iter().chain(self.tenant.iter().filter(move |limit| !twice(limit)))
    }
}

impl Admitted {
    /// Holds a body to the bandwidth of those limits that have one.
    pub fn pace(&self, body: Body, worker: usize) -> Body {
        if self.pacers.is_empty() || body.is_empty() {
            return body;
        }
        Body::stream(Paced::new(body, self.pacers.clone(), worker))
    }

    /// The limit that holds the bodies of this key up now, if one does.
    pub fn held_up(&self, now: Instant) -> Option<Box<OverLimit>> {
        self.pacers.iter().find_map(|pacer| pacer.held_up(now))
    }
}

impl Limit {
    /// Asks for a place among the requests that are under way, and for tokens.
    fn ask(
        &self,
        asking: &Asking<'_>,
        hash: u64,
        cost: u32,
    ) -> Result<(Option<Taken<'_>>, Option<Permit>), Box<OverLimit>> {
        let answer = self
            .enter(hash, asking.worker)
            .and_then(|permit| Ok((self.take(asking, hash, cost)?, permit)));
        match &answer {
            Ok(_) => self.verdicts.passed.inc(asking.worker),
            Err(_) => self.verdicts.refused(self.dry_run).inc(asking.worker),
        }
        answer
    }

    fn enter(&self, hash: u64, worker: usize) -> Result<Option<Permit>, Box<OverLimit>> {
        let (Some(max), Some(counts)) = (self.concurrency, &self.state.counts) else {
            return Ok(None);
        };
        let max = u64::from(max);
        let permit = Permit::enter(counts, hash, 1, max);
        if permit.as_ref().is_some_and(Permit::is_shared) {
            self.verdicts.shared.inc(worker);
        }
        permit.map(Some).ok_or_else(|| self.over(Quota::Concurrency { max }, SOON))
    }

    fn take(
        &self,
        asking: &Asking<'_>,
        hash: u64,
        cost: u32,
    ) -> Result<Option<Taken<'_>>, Box<OverLimit>> {
        let (Some(rate), Some(table)) = (&self.rate, &self.state.rates) else { return Ok(None) };
        let now = self.state.time(asking.now);
        let place = table.place(hash, &bucket::At(now));
        if matches!(place, Place::Shared(_)) {
            self.verdicts.shared.inc(asking.worker);
        }
        let alone = self.store.as_ref().filter(|store| store.is_degraded());
        let rate = alone.map_or(rate, |store| &store.alone);
        let one = cost == 1 && alone.is_none();
        let span = if one { self.one } else { rate.span(u64::from(cost)) };
        rate.take(&place, now, span).map_err(|full| self.over_rate(rate, full))?;
        let taken = Taken { rate, place, now, span };
        let Some(store) = self.store.as_ref().filter(|_| alone.is_none()) else {
            return Ok(Some(taken));
        };
        let asked = Asked { key: &self.key, facts: &asking.facts, hash, cost, span };
        match store.report(&asked, asking.worker) {
            Standing::Reported => Ok(Some(taken)),
            Standing::TooFarAhead => {
                taken.give_back();
                Err(self.over_rate(rate, Full { wait: Span(0), left: 0 }))
            }
        }
    }

    fn over_rate(&self, rate: &Bucket, full: Full) -> Box<OverLimit> {
        let window = Duration::from_nanos(rate.burst_span().0);
        let quota = Quota::Rate { max: rate.burst(), window, left: full.left };
        self.over(quota, Duration::from_nanos(full.wait.0))
    }

    fn over(&self, quota: Quota, retry_after: Duration) -> Box<OverLimit> {
        Box::new(OverLimit { limit: Arc::clone(&self.name), quota, retry_after })
    }
}

impl Taken<'_> {
    fn give_back(&self) {
        self.rate.give_back(&self.place, self.now, self.span);
    }
}

/// When to come back where nobody knows when a request that is under way will end.
const SOON: Duration = Duration::from_secs(1);
