//! Shadow traffic: copies of requests to a cluster whose answers no client sees.
//!
//! A copy can cost the primary nothing but the counting of its bytes: it streams beside it, shares its bytes, runs in a task
//! of its own, and is cut off where it would hold more memory than it may. What is not copied is counted with its reason.

pub mod compare;
pub mod describe;
pub mod keep;
pub mod pairing;
pub mod parity;
pub mod tee;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use http::{HeaderName, HeaderValue, Method};
use parking_lot::Mutex;

use keep::{Expected, Keeper};
use pairing::{Comparison, ComparisonState, Pairing, Twin};

use crate::{
    config,
    error::Error,
    observe::{metrics::Metrics, shards::Counter},
    upstream::{Cluster, Request},
    wire::{Body, RequestHead},
};

/// A compiled `mirror` table.
#[derive(Debug)]
pub struct Mirror {
    /// The shadow cluster.
    pub to: Arc<Cluster>,
    /// Share of requests that are copied, in hundredths of a percent.
    share: u16,
    methods: Vec<Method>,
    body_bytes_max: u64,
    strip: Vec<HeaderName>,
    mark: HeaderValue,
    timeout: Duration,
    /// What outlives a reload.
    pub state: Arc<MirrorState>,
    limits: Limits,
    /// How the shadow's answers are compared, where they are.
    pub comparison: Option<Arc<Comparison>>,
}

/// What a mirror has to know of a request beside its head.
#[derive(Debug, Clone, Copy)]
pub struct Primary<'a> {
    /// The worker that it runs on.
    pub worker: usize,
    /// Name of its route.
    pub route: &'a Arc<str>,
    /// The cluster that it goes to.
    pub cluster: &'a Arc<Cluster>,
    /// Hash of the key that this cluster is balanced by, where it is.
    pub hash: Option<u64>,
    /// Hash of the key that the shadow is balanced by, where it is.
    pub shadow_hash: Option<u64>,
    /// Decides whether its cluster is asked twice.
    pub chance: u64,
}

/// What became of a request that was to be copied.
#[derive(Debug)]
pub struct Copied {
    /// The body to send to the primary.
    pub body: Body,
    /// Whether a copy was begun.
    pub sent: bool,
    /// Where the primary's answer is waited for, if it is.
    pub expected: Option<Expected>,
}

#[derive(Debug, Clone, Copy)]
struct Limits {
    bytes: u64,
    in_flight: u64,
}

/// What of a mirror outlives a reload: what is in flight, and what has been counted.
#[derive(Debug)]
pub struct MirrorState {
    bytes: AtomicU64,
    in_flight: AtomicU64,
    metrics: Arc<Metrics>,
    comparison: Arc<ComparisonState>,
    sent: Arc<Counter>,
    twins: Arc<Counter>,
    skipped: Reasons,
    cut: Reasons,
    failed: Reasons,
}

/// A counter for each reason.
#[derive(Debug)]
struct Reasons([Arc<Counter>; Reason::ALL.len()]);

/// Why a request was not copied, or its copy not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Its method is not among `methods`.
    Method,
    /// Its body is longer than `max_body`.
    Size,
    /// The copies' bodies hold `memory_budget` already.
    Budget,
    /// `in_flight` copies are under way.
    InFlight,
    /// The client's body broke off.
    Primary,
    /// The shadow failed.
    Upstream,
    /// The shadow took longer than `timeout`.
    Timeout,
    /// The request asks for another protocol.
    Upgrade,
    /// The request itself goes to the shadow's cluster.
    SameCluster,
    /// Live requests leave the copy no connection.
    Busy,
    /// The process has too much to do for copies.
    Overload,
}

impl Reason {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Method,
        Self::Size,
        Self::Budget,
        Self::InFlight,
        Self::Primary,
        Self::Upstream,
        Self::Timeout,
        Self::Upgrade,
        Self::SameCluster,
        Self::Busy,
        Self::Overload,
    ];

    /// The word in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Method => "method",
            Self::Size => "size",
            Self::Budget => "budget",
            Self::InFlight => "in_flight",
            Self::Primary => "primary",
            Self::Upstream => "upstream",
            Self::Timeout => "timeout",
            Self::Upgrade => "upgrade",
            Self::SameCluster => "same_cluster",
            Self::Busy => "busy",
            Self::Overload => "overload",
        }
    }
}

/// Header field that tells a shadow that what it gets is a copy; its value is the rollout's name.
pub static MARK: HeaderName = HeaderName::from_static("x-foxtrot-mirror");

impl Reasons {
    fn count(&self, worker: usize, reason: Reason) {
        self.0[reason as usize].inc(worker);
    }
}

impl MirrorState {
    /// State of a mirror that has copied nothing yet.
    pub fn new(metrics: &Arc<Metrics>) -> Arc<Self> {
        let reasons =
            |outcome| Reasons(Reason::ALL.map(|reason| metrics.mirrors(outcome, reason.as_str())));
        Arc::new(Self {
            bytes: AtomicU64::new(0),
            in_flight: AtomicU64::new(0),
            comparison: ComparisonState::new(metrics),
            sent: metrics.mirrors("sent", ""),
            twins: metrics.mirrors("twin", ""),
            skipped: reasons("skipped"),
            cut: reasons("cut"),
            failed: reasons("failed"),
            metrics: Arc::clone(metrics),
        })
    }

    /// Takes `bytes` of the budget; how many are held then.
    fn take(&self, bytes: u64) -> u64 {
        // Which worker's shard adds and which takes away does not matter: the sum does.
        self.metrics.mirror_bytes().add(0, bytes.cast_signed());
        self.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes
    }

    fn give_back(&self, bytes: u64) {
        self.metrics.mirror_bytes().add(0, -bytes.cast_signed());
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Body bytes held by copies now.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Copies in flight now.
    pub fn in_flight(&self) -> u64 {
        self.in_flight.load(Ordering::Relaxed)
    }
}

impl Mirror {
    /// Compiles the `mirror` table of the rollout `name`, if it has one. Names in it have been checked.
    pub fn compile(
        name: &str,
        rollout: &config::Rollout,
        to: Arc<Cluster>,
        state: Arc<MirrorState>,
    ) -> Option<Self> {
        let config = rollout.mirror.as_ref()?;
        let compiled =
            |compare| Arc::new(Comparison::compile(compare, Arc::clone(&state.comparison)));
        let comparison = rollout.compare.as_ref().map(compiled);
        Some(Self {
            comparison,
            to,
            share: config.percent.basis_points(),
            methods: config.methods.iter().filter_map(|name| name.parse().ok()).collect(),
            body_bytes_max: config.max_body.0,
            strip: config.strip.iter().filter_map(|name| name.parse().ok()).collect(),
            mark: HeaderValue::from_str(name).unwrap_or(HeaderValue::from_static("1")),
            timeout: config.timeout.0,
            state,
            limits: Limits { bytes: config.memory_budget.0, in_flight: config.in_flight.into() },
        })
    }

    /// Whether a request is among those to copy. By chance and not by client: the shadow is to see what all clients do.
    pub fn takes(&self, chance: u64) -> bool {
        share_takes(self.share, chance)
    }

    /// Counts a request that was to be copied and is not, for a reason that the mirror cannot know.
    pub fn skip(&self, worker: usize, reason: Reason) {
        self.state.skipped.count(worker, reason);
    }

    /// Starts a copy of this request, if methods and limits allow it.
    pub fn copy(self: &Arc<Self>, primary: Primary<'_>, head: &RequestHead, body: Body) -> Copied {
        let worker = primary.worker;
        let slot = match self.admit(&primary.cluster.name, head, &body) {
            Ok(slot) => slot,
            Err(reason) => {
                self.state.skipped.count(worker, reason);
                return Copied { body, sent: false, expected: None };
            }
        };
        let head = self.head(head);
        let (expected, mut pairing) = self.pair(primary, &head, &body).unzip();
        let (body, copy) =
            tee::split(body, self.body_bytes_max, Arc::clone(&self.state), self.limits.bytes);
        let cut = copy.cut();
        let copy = Body::stream(copy);
        let request = Request { head, body: self.recorded(copy, pairing.as_mut()) };
        let (mirror, hash) = (Arc::clone(self), primary.shadow_hash);
        tokio::spawn(Job { mirror, worker, hash, request, cut, pairing, _slot: slot }.run());
        Copied { body, sent: true, expected }
    }

    /// The head of a copy.
    fn head(&self, head: &RequestHead) -> RequestHead {
        let mut head = head.clone();
        for name in &self.strip {
            head.headers.remove(name);
        }
        head.headers.insert(MARK.clone(), self.mark.clone());
        // The copy's body is not worth a round trip to ask for it.
        head.headers.remove(http::header::EXPECT);
        head
    }

    /// Both ends of a pair, where answers are compared.
    fn pair(
        self: &Arc<Self>,
        primary: Primary<'_>,
        head: &RequestHead,
        body: &Body,
    ) -> Option<(Expected, Pairing)> {
        let comparison = self.comparison.as_ref()?;
        let (expected, receiver) = Expected::new(self.keeper(comparison.body_bytes_max));
        let can_have_twin = comparison.can_have_twin(head, body);
        let wanted = can_have_twin && comparison.wants_twin(primary.route, primary.chance);
        let pairing = Pairing {
            comparison: Arc::clone(comparison),
            route: Arc::clone(primary.route),
            head: head.clone(),
            body: None,
            primary: receiver,
            twin: if wanted { self.twin(comparison, primary, head) } else { None },
            can_have_twin,
        };
        Some((expected, pairing))
    }

    fn twin(
        self: &Arc<Self>,
        comparison: &Comparison,
        primary: Primary<'_>,
        head: &RequestHead,
    ) -> Option<Twin> {
        let slot = self.slot().ok()?;
        self.state.twins.inc(primary.worker);
        Some(Twin {
            to: Arc::clone(primary.cluster),
            hash: primary.hash,
            request: Request { head: head.clone(), body: Body::Empty },
            keeper: self.keeper(comparison.body_bytes_max),
            _slot: slot,
        })
    }

    fn keeper(&self, bytes_max: u64) -> Keeper {
        Keeper::new(&self.state, bytes_max, self.limits.bytes)
    }

    /// The copy's body; what passes is kept for a sample.
    fn recorded(&self, copy: Body, pairing: Option<&mut Pairing>) -> Body {
        let Some(pairing) = pairing.filter(|_| !copy.is_empty()) else { return copy };
        let keeper = self.keeper(compare::sample::BODY_BYTES_MAX);
        let keeper = pairing.body.insert(Arc::new(Mutex::new(Some(keeper))));
        Body::stream(keep::Recorded::new(copy, Arc::clone(keeper)))
    }

    fn admit(&self, cluster: &str, head: &RequestHead, body: &Body) -> Result<Slot, Reason> {
        if *cluster == *self.to.name {
            return Err(Reason::SameCluster);
        }
        if head.upgrade.is_some() {
            return Err(Reason::Upgrade);
        }
        if !self.methods.contains(&head.method) {
            return Err(Reason::Method);
        }
        if body.exact_len().is_some_and(|length| length > self.body_bytes_max) {
            return Err(Reason::Size);
        }
        self.slot()
    }

    fn slot(&self) -> Result<Slot, Reason> {
        let slot = Slot(Arc::clone(&self.state));
        let before = self.state.in_flight.fetch_add(1, Ordering::Relaxed);
        if before >= self.limits.in_flight { Err(Reason::InFlight) } else { Ok(slot) }
    }
}

/// Whether a share, in hundredths of a percent, takes this chance.
fn share_takes(share: u16, chance: u64) -> bool {
    // The high half of the product spreads 64 bits evenly over 10,000 hundredths.
    let hundredth = (u128::from(chance) * 10_000) >> 64;
    hundredth < u128::from(share)
}

/// A place among the copies in flight, given back when dropped.
#[derive(Debug)]
struct Slot(Arc<MirrorState>);

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A copy on its way.
struct Job {
    mirror: Arc<Mirror>,
    worker: usize,
    hash: Option<u64>,
    request: Request,
    cut: tee::Cut,
    pairing: Option<Pairing>,
    _slot: Slot,
}

impl Job {
    /// Sends the copy and takes in its answer, within the mirror's deadline; then compares, where that is asked for.
    async fn run(self) {
        let Self { mirror, worker, hash, request, cut, mut pairing, _slot } = self;
        let deadline = crate::clock::now() + mirror.timeout;
        let keeper =
            pairing.as_ref().map(|pairing| mirror.keeper(pairing.comparison.body_bytes_max));
        let twin = pairing.as_mut().and_then(|pairing| pairing.twin.take());
        let exchange = pairing::fetch(&mirror.to, worker, hash, request, keeper);
        let (answer, twin) = tokio::join!(tokio::time::timeout_at(deadline, exchange), async {
            twin?.ask(worker, deadline).await
        });
        let answer = match answer {
            Ok(Ok(answer)) => Ok(answer),
            // A copy that was cut off fails as well, sooner or later: the cut is the reason.
            Ok(Err(error)) => Err(cut.reason().unwrap_or(reason_of(&error))),
            Err(_) => Err(cut.reason().unwrap_or(Reason::Timeout)),
        };
        match &answer {
            Ok(_) => mirror.state.sent.inc(worker),
            Err(reason @ (Reason::Size | Reason::Budget | Reason::Primary)) => {
                mirror.state.cut.count(worker, *reason)
            }
            Err(reason) => mirror.state.failed.count(worker, *reason),
        }
        if let Some(pairing) = pairing {
            pairing.settle(worker, answer, twin, deadline).await;
        }
    }
}

fn reason_of(error: &Error) -> Reason {
    match error {
        Error::Overflow { .. } => Reason::Busy,
        _ => Reason::Upstream,
    }
}
