//! Pairs: the primary's answer, the shadow's, and now and then a second one of the primary's cluster, brought together.
//!
//! This is the side of the comparison that waits. What is compared, and what it means, is [`super::compare`].

use std::{future::poll_fn, pin::Pin, sync::Arc};

use http::Method;
use http_body::Body as _;
use parking_lot::Mutex;
use tokio::{
    sync::{Semaphore, oneshot},
    time::timeout_at,
};

use super::{
    Reason, Slot,
    compare::{Ledger, Outcome, Pair, Skip, Terms, sample::Asked, verdict::Kept},
    keep::{Keeper, Whole, whole},
};
use crate::{
    clock::{self, Instant},
    config::{Aspect, Compare},
    error::Error,
    observe::{metrics::Metrics, shards::Counter},
    rollout::Opinion,
    upstream::{self, Cluster, Request},
    wire::{Body, RequestHead},
};

/// A compiled `compare` table, and what its comparisons have come to.
#[derive(Debug)]
pub struct Comparison {
    /// What is compared and asserted.
    pub terms: Terms,
    pub(super) body_bytes_max: u64,
    /// Share of the copies that are sent twice, in hundredths of a percent.
    noise_share: u16,
    /// What outlives a reload.
    pub(super) state: Arc<ComparisonState>,
}

/// What of a comparison outlives a reload.
#[derive(Debug)]
pub struct ComparisonState {
    ledger: Mutex<Ledger>,
    equal: Arc<Counter>,
    different: Arc<Counter>,
    skipped: [Arc<Counter>; Skip::ALL.len()],
    aspects: [Arc<Counter>; Aspect::ALL.len()],
}

/// Bodies of so many bytes are compared on another thread: that takes as long as some requests do.
const ASIDE_FROM: u64 = 16 << 10;

/// One at a time, so that comparing leaves the cores to the workers. Who waits keeps its place among the copies in flight.
static ASIDE: Semaphore = Semaphore::const_new(1);

impl ComparisonState {
    /// Nothing compared yet.
    pub fn new(metrics: &Metrics) -> Arc<Self> {
        Arc::new(Self {
            ledger: Mutex::default(),
            equal: metrics.shadow_compared("equal", ""),
            different: metrics.shadow_compared("different", ""),
            skipped: Skip::ALL.map(|skip| metrics.shadow_compared("skipped", skip.as_str())),
            aspects: Aspect::ALL.map(|aspect| metrics.shadow_diffs(aspect.as_str())),
        })
    }

    fn count(&self, worker: usize, outcome: &Outcome) {
        match outcome {
            Outcome::Equal => self.equal.inc(worker),
            Outcome::Skipped(skip) => self.skipped[*skip as usize].inc(worker),
            Outcome::Different(aspects) => {
                self.different.inc(worker);
                aspects.iter().for_each(|aspect| self.aspects[*aspect as usize].inc(worker));
            }
        }
    }
}

impl Comparison {
    /// Compiles a `compare` table that has been checked.
    pub fn compile(config: &Compare, state: Arc<ComparisonState>) -> Self {
        Self {
            terms: Terms::new(config),
            body_bytes_max: config.max_body.0,
            noise_share: config.noise_percent.basis_points(),
            state,
        }
    }

    /// Whether noise can be learned from a request: to send it twice must change nothing.
    pub(super) fn can_have_twin(&self, head: &RequestHead, body: &Body) -> bool {
        let safe = matches!(head.method, Method::GET | Method::HEAD | Method::OPTIONS);
        self.terms.learns && safe && body.is_empty()
    }

    /// Whether it is to be: some are, and all of a route of which nothing is known yet.
    pub(super) fn wants_twin(&self, route: &str, chance: u64) -> bool {
        super::share_takes(self.noise_share, chance) || !self.state.ledger.lock().noise.knows(route)
    }

    /// What these comparisons have to say of the rollout's next step.
    pub fn opinion(&self) -> Opinion {
        self.state.ledger.lock().opinion(&self.terms)
    }

    /// Forgets everything, as where another version is compared from now on.
    pub fn reset(&self) {
        *self.state.ledger.lock() = Ledger::default();
    }

    /// Looks at what the comparisons have come to.
    pub fn with_ledger<T>(&self, look: impl FnOnce(&Ledger) -> T) -> T {
        look(&self.state.ledger.lock())
    }

    fn skip(&self, worker: usize, skip: Skip) {
        let outcome = self.state.ledger.lock().skip(skip);
        self.state.count(worker, &outcome);
    }

    fn settle(&self, worker: usize, pair: &Pair) {
        let findings = pair.examine(&self.terms.settings);
        let now = clock::since_epoch();
        let outcome = self.state.ledger.lock().settle(&self.terms, pair, findings, now);
        self.state.count(worker, &outcome);
    }
}

/// A pair in the making.
pub(super) struct Pairing {
    pub(super) comparison: Arc<Comparison>,
    pub(super) route: Arc<str>,
    pub(super) head: RequestHead,
    /// The request's body, where it has one.
    pub(super) body: Option<Arc<Mutex<Option<Keeper>>>>,
    pub(super) primary: oneshot::Receiver<Whole>,
    pub(super) twin: Option<Twin>,
    pub(super) can_have_twin: bool,
}

/// A second copy, to the primary's own cluster.
pub(super) struct Twin {
    pub(super) to: Arc<Cluster>,
    pub(super) hash: Option<u64>,
    pub(super) request: Request,
    pub(super) keeper: Keeper,
    pub(super) _slot: Slot,
}

impl Twin {
    pub(super) async fn ask(self, worker: usize, deadline: Instant) -> Option<Whole> {
        let exchange = fetch(&self.to, worker, self.hash, self.request, Some(self.keeper));
        timeout_at(deadline, exchange).await.ok()?.ok()?
    }
}

impl Pairing {
    /// Waits for the primary's answer, not longer than the copy may take, and compares.
    pub(super) async fn settle(
        self,
        worker: usize,
        shadow: Result<Option<Whole>, Reason>,
        twin: Option<Whole>,
        deadline: Instant,
    ) {
        let comparison = Arc::clone(&self.comparison);
        let shadow = match shadow {
            Ok(Some(shadow)) => Ok(shadow),
            Err(Reason::Upstream) => Err("it failed"),
            Err(Reason::Timeout) => Err("timeout"),
            Ok(None) | Err(_) => return comparison.skip(worker, Skip::Copy),
        };
        let Ok(Ok((primary, primary_held))) = timeout_at(deadline, self.primary).await else {
            return comparison.skip(worker, Skip::Primary);
        };
        let kept = self.body.and_then(|body| body.lock().take());
        let (body, body_held) = match kept.map(|keeper| keeper.finish(None)) {
            Some((body, held)) => (body, Some(held)),
            None => (Kept::Whole(bytes::Bytes::new()), None),
        };
        let (shadow, shadow_held) = match shadow {
            Ok((answer, held)) => (Ok(answer), Some(held)),
            Err(why) => (Err(why), None),
        };
        let (twin, twin_held) = twin.unzip();
        let held = (primary_held, body_held, shadow_held, twin_held);
        let asked = Asked { head: self.head, body };
        let (route, can_have_twin) = (self.route, self.can_have_twin);
        let pair = Pair { route, asked, primary, shadow, twin, can_have_twin };
        if pair.body_bytes() < ASIDE_FROM {
            return comparison.settle(worker, &pair);
        }
        // It is never closed.
        let Ok(turn) = ASIDE.acquire().await else { return };
        let compare = move || {
            comparison.settle(worker, &pair);
            drop((held, turn));
        };
        // Its end is the copy's end: what is in flight stays bounded.
        let _ = tokio::task::spawn_blocking(compare).await;
    }
}

/// Sends a copy and reads its answer to the end, so that the cluster sees a client like any other. The answer is kept by the
/// keeper, if there is one.
pub(super) async fn fetch(
    to: &Arc<Cluster>,
    worker: usize,
    hash: Option<u64>,
    copy: Request,
    mut keeper: Option<Keeper>,
) -> Result<Option<Whole>, Error> {
    let start = clock::now();
    let upstream::Response { head, mut body, .. } =
        upstream::forward_copy(to, worker, hash, copy).await?;
    let first_byte = clock::now() - start;
    let mut length = 0;
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        let frame = frame.map_err(|error| Error::Reset(error.to_string()))?;
        if let Some(data) = frame.data_ref() {
            length += data.len() as u64;
            keeper.iter_mut().for_each(|keeper| keeper.push(data));
        }
    }
    Ok(keeper.map(|keeper| whole(&head, keeper, first_byte, Some(length))))
}
