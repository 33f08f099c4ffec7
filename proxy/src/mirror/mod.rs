//! Shadow traffic: copies of requests to a cluster whose answers no client sees.
//!
//! A copy can cost the primary nothing but the counting of its bytes: it streams beside it, shares its bytes, runs in a task
//! of its own, and is cut off where it would hold more memory than it may. What is not copied is counted with its reason.

pub mod compare;
pub mod tee;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use http::{HeaderName, HeaderValue, Method};

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
}

/// What a mirror has to know of a request beside its head.
#[derive(Debug, Clone, Copy)]
pub struct Primary<'a> {
    /// The worker that it runs on.
    pub worker: usize,
    /// Name of the cluster that it goes to.
    pub cluster: &'a str,
    /// Hash of the key that the shadow is balanced by, where it is.
    pub shadow_hash: Option<u64>,
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
    sent: Arc<Counter>,
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
            sent: metrics.mirrors("sent", ""),
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
    /// Compiles a `mirror` table of the rollout `name`. Names in it have been checked.
    pub fn compile(
        name: &str,
        config: &config::Mirror,
        to: Arc<Cluster>,
        state: Arc<MirrorState>,
    ) -> Self {
        Self {
            to,
            share: config.percent.basis_points(),
            methods: config.methods.iter().filter_map(|name| name.parse().ok()).collect(),
            body_bytes_max: config.max_body.0,
            strip: config.strip.iter().filter_map(|name| name.parse().ok()).collect(),
            mark: HeaderValue::from_str(name).unwrap_or(HeaderValue::from_static("1")),
            timeout: config.timeout.0,
            state,
            limits: Limits { bytes: config.memory_budget.0, in_flight: config.in_flight.into() },
        }
    }

    /// Whether a request is among those to copy. By chance and not by client: the shadow is to see what all clients do.
    pub fn takes(&self, chance: u64) -> bool {
        // The high half of the product spreads 64 bits evenly over 10,000 hundredths.
        let hundredth = (u128::from(chance) * 10_000) >> 64;
        hundredth < u128::from(self.share)
    }

    /// Counts a request that was to be copied and is not, for a reason that the mirror cannot know.
    pub fn skip(&self, worker: usize, reason: Reason) {
        self.state.skipped.count(worker, reason);
    }

    /// Starts a copy of this request, if methods and limits allow it, and gives back the body to send to the primary.
    pub fn copy(
        self: &Arc<Self>,
        primary: Primary<'_>,
        head: &RequestHead,
        body: Body,
    ) -> (Body, bool) {
        let Primary { worker, cluster, shadow_hash } = primary;
        let slot = match self.admit(cluster, head, &body) {
            Ok(slot) => slot,
            Err(reason) => {
                self.state.skipped.count(worker, reason);
                return (body, false);
            }
        };
        let mut head = head.clone();
        for name in &self.strip {
            head.headers.remove(name);
        }
        head.headers.insert(MARK.clone(), self.mark.clone());
        // The copy's body is not worth a round trip to ask for it.
        head.headers.remove(http::header::EXPECT);
        let (body, copy) =
            tee::split(body, self.body_bytes_max, Arc::clone(&self.state), self.limits.bytes);
        let cut = copy.cut();
        let request = Request { head, body: Body::stream(copy) };
        let mirror = Arc::clone(self);
        let job = Job { mirror, worker, hash: shadow_hash, request, cut, _slot: slot };
        tokio::spawn(job.run());
        (body, true)
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
        let slot = Slot(Arc::clone(&self.state));
        let before = self.state.in_flight.fetch_add(1, Ordering::Relaxed);
        if before >= self.limits.in_flight { Err(Reason::InFlight) } else { Ok(slot) }
    }
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
    _slot: Slot,
}

impl Job {
    /// Sends the copy and takes in its answer, within the mirror's deadline.
    async fn run(self) {
        let Self { mirror, worker, hash, request, cut, _slot } = self;
        let deadline = crate::clock::now() + mirror.timeout;
        let exchange = compare::observe(&mirror.to, worker, hash, request);
        let failed = match tokio::time::timeout_at(deadline, exchange).await {
            Ok(Ok(())) => None,
            // A copy that was cut off fails as well, sooner or later: the cut is the reason.
            Ok(Err(error)) => Some(cut.reason().unwrap_or(reason_of(&error))),
            Err(_) => Some(cut.reason().unwrap_or(Reason::Timeout)),
        };
        match failed {
            None => mirror.state.sent.inc(worker),
            Some(reason @ (Reason::Size | Reason::Budget | Reason::Primary)) => {
                mirror.state.cut.count(worker, reason)
            }
            Some(reason) => mirror.state.failed.count(worker, reason),
        }
    }
}

fn reason_of(error: &Error) -> Reason {
    match error {
        Error::Overflow { .. } => Reason::Busy,
        _ => Reason::Upstream,
    }
}
