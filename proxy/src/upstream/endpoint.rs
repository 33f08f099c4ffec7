//! One address of a cluster: what it is, how it fares, and the connections that are idle to it.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::Semaphore;

use super::{
    Cluster, balance,
    breaker::{Admission, Traffic},
    health,
    keepalive::Learned,
    outlier::{Policy, Record, Seen},
    pool::Pool,
    tls::Transport,
};
use crate::{clock::Instant, config::Origin};

/// One address of a cluster.
#[derive(Debug)]
pub struct Endpoint {
    /// The origin that it was resolved from.
    pub origin: Arc<Origin>,
    /// Where to connect.
    pub address: SocketAddr,
    /// The address as text, for logs.
    pub label: Arc<str>,
    /// Host and port of the origin, for requests without.
    pub(super) authority: Bytes,
    /// How to connect.
    pub(super) transport: Arc<Transport>,
    /// How it fares.
    pub vitals: Arc<Vitals>,
    /// Idle connections, one pool per worker.
    pub(super) pools: Box<[Mutex<Pool>]>,
    /// Let one connect at a time, per worker, where all who wait may share a connection.
    gates: Box<[Semaphore]>,
    /// [`Agreed`] as a number.
    agreed: AtomicU8,
    /// Out of the cluster: connections are not kept.
    pub(super) retired: AtomicBool,
}

/// Protocol that ALPN chose when we last connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Agreed {
    /// None yet.
    Unknown,
    /// HTTP/1.1.
    Http1,
    /// HTTP/2.
    Http2,
}

/// How an endpoint fares. Outlives the endpoint where only TLS or protocol change.
#[derive(Debug, Default)]
pub struct Vitals {
    /// Connections open or being made, over all workers.
    pub connections: AtomicU32,
    /// Requests under way.
    pub active: AtomicU32,
    /// Tries sent here.
    pub requests: AtomicU64,
    /// Tries that ended without an answer.
    pub failures: AtomicU64,
    /// Answers of 500 and above.
    pub server_errors: AtomicU64,
    /// Times ejected.
    pub ejections: AtomicU64,
    pub(super) probes: Mutex<health::Streak>,
    /// [`Probed`] as a number: read by every pick.
    probed: AtomicU8,
    /// Whether `record` says anything that a success would wipe out.
    troubled: AtomicBool,
    /// Whether `record` may say that the endpoint is ejected.
    ejected: AtomicBool,
    record: Mutex<Record>,
    /// Whether `began` says anything.
    starting: AtomicBool,
    /// When it began to serve, or to serve again.
    began: Mutex<Option<Instant>>,
    learned: Mutex<Learned>,
    /// The last Keep-Alive timeout in seconds, so that the same one need not be learned again.
    said: AtomicU32,
    /// Learned idle limit in milliseconds; 0 is none.
    learned_ms: AtomicU64,
}

/// What active probes found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Probed {
    /// Nothing yet.
    Unprobed,
    /// It answers as expected.
    Healthy,
    /// It does not.
    Unhealthy,
}

/// A try under way: counts the endpoint as busy until its last byte.
#[derive(Debug)]
pub struct Held {
    /// The cluster.
    pub(super) cluster: Arc<Cluster>,
    /// The endpoint.
    pub(super) endpoint: Arc<Endpoint>,
    /// The worker whose pool a connection returns to.
    pub(super) worker: usize,
    /// Whose the request is: how a copy fares is not held against the endpoint.
    pub(super) traffic: Traffic,
    /// The request's place under the breaker's cap; given when there is an answer.
    pub(super) admission: Option<Admission>,
}

impl Endpoint {
    /// An endpoint without connections.
    pub(super) fn new(
        origin: Arc<Origin>,
        address: SocketAddr,
        transport: Arc<Transport>,
        workers: usize,
    ) -> Self {
        let workers = workers.max(1);
        Self {
            authority: origin.authority().into(),
            origin,
            address,
            label: address.to_string().into(),
            transport,
            vitals: Arc::default(),
            pools: (0..workers).map(|_| Mutex::default()).collect(),
            gates: (0..workers).map(|_| Semaphore::new(1)).collect(),
            agreed: AtomicU8::new(0),
            retired: AtomicBool::new(false),
        }
    }

    /// The worker's gate before connecting.
    pub(super) fn gate(&self, worker: usize) -> &Semaphore {
        &self.gates[worker.min(self.gates.len() - 1)]
    }

    /// Protocol that ALPN chose when we last connected.
    pub(super) fn agreed(&self) -> Agreed {
        match self.agreed.load(Ordering::Relaxed) {
            0 => Agreed::Unknown,
            1 => Agreed::Http1,
            _ => Agreed::Http2,
        }
    }

    /// Takes note of what ALPN chose.
    pub(super) fn agree(&self, agreed: Agreed) {
        self.agreed.store(agreed as u8, Ordering::Relaxed);
    }

    /// Whether connections are not kept any more.
    pub(super) fn is_retired(&self) -> bool {
        self.retired.load(Ordering::Acquire)
    }

    /// Whether no probe has ended yet.
    pub(super) fn is_unprobed(&self) -> bool {
        self.vitals.probed() == Probed::Unprobed
    }

    /// Whether to send requests here. `probed` says whether the cluster is probed at all: without probes, what an earlier
    /// configuration's probes found means nothing.
    pub fn in_rotation(&self, probed: bool, now: Instant) -> bool {
        (!probed || self.vitals.probed() == Probed::Healthy) && !self.vitals.is_ejected(now)
    }
}

impl Vitals {
    /// What active probes found.
    pub fn probed(&self) -> Probed {
        match self.probed.load(Ordering::Relaxed) {
            0 => Probed::Unprobed,
            1 => Probed::Healthy,
            _ => Probed::Unhealthy,
        }
    }

    /// Takes note of what active probes found.
    pub fn set_probed(&self, healthy: bool) {
        self.probed.store(if healthy { 1 } else { 2 }, Ordering::Relaxed);
    }

    /// Whether the endpoint is out of rotation for failing.
    pub fn is_ejected(&self, now: Instant) -> bool {
        if !self.ejected.load(Ordering::Relaxed) {
            return false;
        }
        let record = self.record.lock();
        let ejected = record.ejected_until(now).is_some();
        drop(record);
        if !ejected && self.ejected.swap(false, Ordering::Relaxed) {
            self.begin(now);
        }
        ejected
    }

    /// It begins to serve, or to serve again.
    pub(super) fn begin(&self, now: Instant) {
        *self.began.lock() = Some(now);
        self.starting.store(true, Ordering::Release);
    }

    /// The share of its requests that it is sent, where endpoints start slowly.
    pub(super) fn share(&self, window: Duration, now: Instant) -> f64 {
        if !self.starting.load(Ordering::Acquire) {
            return 1.0;
        }
        let began = *self.began.lock();
        let age = began.map_or(window, |began| now.saturating_duration_since(began));
        if age >= window {
            self.starting.store(false, Ordering::Relaxed);
        }
        balance::ramp(age, window)
    }

    /// Takes note of how a try ended. True where the endpoint should be ejected.
    pub fn see(&self, seen: Seen, policy: &Policy) -> bool {
        match seen {
            Seen::Success if !self.troubled.load(Ordering::Relaxed) => return false,
            Seen::Success => {}
            Seen::ServerError => drop(self.server_errors.fetch_add(1, Ordering::Relaxed)),
            Seen::Failure => drop(self.failures.fetch_add(1, Ordering::Relaxed)),
        }
        let mut record = self.record.lock();
        let eject = record.see(seen, policy);
        self.troubled.store(record.is_troubled(), Ordering::Relaxed);
        eject
    }

    /// Takes the endpoint out of rotation.
    pub fn eject(&self, policy: &Policy, now: Instant) {
        let mut record = self.record.lock();
        record.eject(policy, now);
        self.troubled.store(false, Ordering::Relaxed);
        self.ejected.store(true, Ordering::Relaxed);
        self.ejections.fetch_add(1, Ordering::Relaxed);
    }

    /// Learned limit on idle time.
    pub fn idle_limit(&self) -> Option<Duration> {
        match self.learned_ms.load(Ordering::Relaxed) {
            0 => None,
            ms => Some(Duration::from_millis(ms)),
        }
    }

    /// Learns from a Keep-Alive field.
    pub(super) fn learn_said(&self, timeout: Duration, now: Instant) {
        let seconds = u32::try_from(timeout.as_secs()).unwrap_or(u32::MAX);
        if self.said.swap(seconds, Ordering::Relaxed) != seconds {
            self.learn(now, |learned| learned.say(timeout));
        }
    }

    /// Learns from a connection that the endpoint closed while it was idle.
    pub(super) fn learn_closed(&self, alive: Duration, dead: Duration, now: Instant) {
        self.learn(now, |learned| learned.see_close(alive, dead, now));
    }

    /// Forgets what is too old to count.
    pub(super) fn refresh_learned(&self, now: Instant) {
        if self.learned_ms.load(Ordering::Relaxed) > 0 {
            self.learn(now, |_| {});
        }
    }

    fn learn(&self, now: Instant, change: impl FnOnce(&mut Learned)) {
        let mut learned = self.learned.lock();
        change(&mut learned);
        // A limit below a millisecond is still a limit.
        let ms = learned.limit(now).map_or(0, |limit| limit.as_millis().max(1));
        self.learned_ms.store(u64::try_from(ms).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

impl Held {
    /// Starts a try.
    pub(super) fn new(
        cluster: &Arc<Cluster>,
        endpoint: &Arc<Endpoint>,
        worker: usize,
        traffic: Traffic,
    ) -> Self {
        let (cluster, endpoint) = (cluster.clone(), endpoint.clone());
        endpoint.vitals.active.fetch_add(1, Ordering::Relaxed);
        endpoint.vitals.requests.fetch_add(1, Ordering::Relaxed);
        Self { cluster, endpoint, worker, traffic, admission: None }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.endpoint.vitals.active.fetch_sub(1, Ordering::Relaxed);
    }
}
