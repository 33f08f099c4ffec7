//! Where connections come in: sockets, TLS, the PROXY protocol, and the caps on how many there may be.

pub mod accept;
pub mod handshakes;
pub mod proxy_protocol;
pub mod socket;
pub mod tls;

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use arc_swap::ArcSwapOption;
use handshakes::Handshakes;
use parking_lot::Mutex;
use tokio::sync::{Notify, watch};

use crate::{
    config,
    filter::ip_set::IpSet,
    http::h2::Glitch,
    observe::{
        metrics::Metrics,
        shards::{Counter, Level},
    },
    worker::Held,
};

/// A compiled listener.
#[derive(Debug)]
pub struct Listener {
    /// Position among the snapshot's listeners: what routes refer to.
    pub index: usize,
    /// As written.
    pub config: config::Listener,
    /// TLS, where it is spoken.
    pub tls: Option<Arc<rustls::ServerConfig>>,
    /// Sources that send a PROXY header.
    pub proxy_sources: Option<IpSet>,
    /// How its connections are counted.
    pub counters: ConnectionCounters,
    /// What outlives a reload.
    pub state: Arc<ListenerState>,
}

/// Counters of a listener's connections.
#[derive(Debug)]
pub struct ConnectionCounters {
    /// Open now.
    pub open: Arc<Level>,
    /// Taken so far.
    pub accepted: Arc<Counter>,
    /// Times that accepting failed.
    pub accept_errors: Arc<Counter>,
    full: [Arc<Counter>; 3],
    floods: [Arc<Counter>; Glitch::ALL.len()],
}

/// What of a listener outlives a reload: its sockets' address, its connections, its end.
#[derive(Debug)]
pub struct ListenerState {
    /// Name in the configuration.
    pub name: Arc<str>,
    /// Address that the sockets are bound to; the port is known even if 0 was asked for.
    pub address: SocketAddr,
    /// TLS handshakes under way.
    pub handshakes: Handshakes,
    phase: watch::Sender<Phase>,
    open: AtomicUsize,
    sockets: AtomicUsize,
    closed: Notify,
    by_ip: [Mutex<HashMap<IpAddr, u32, foldhash::fast::RandomState>>; SHARDS],
    retired: ArcSwapOption<Held>,
}

/// How far a listener's end has come. Connections watch it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Not begun.
    Serving,
    /// Exchanges in hand end; no further ones begin.
    Draining,
    /// The deadline has passed: what is left is cut.
    Cut,
}

/// Waits until the listener has come as far as `phase`, or is gone.
pub async fn reached(watched: &mut watch::Receiver<Phase>, phase: Phase) {
    // Dropped here and not by the caller: the value that this resolves to holds a lock.
    let _ = watched.wait_for(|now| *now >= phase).await;
}

/// Why a connection is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Full {
    /// `limits.connections` are open.
    Connections,
    /// `limits.connections_per_ip` are open from this client.
    PerIp,
    /// `limits.handshakes` have begun since.
    Handshakes,
}

/// The right to be open, counted; given back when dropped.
///
/// In two steps, because behind a load balancer the client's address is known only once its PROXY header is read:
/// [`ListenerState::admit`] counts the connection, [`Permit::claim`] its address.
#[derive(Debug)]
pub struct Permit {
    state: Arc<ListenerState>,
    ip: Option<IpAddr>,
}

/// A socket that listens, counted until dropped.
#[derive(Debug)]
pub struct Listening {
    /// The listener whose socket it is.
    pub state: Arc<ListenerState>,
}

const SHARDS: usize = 16;

impl ListenerState {
    /// State of a listener that nobody has connected to yet.
    pub fn new(name: &str, address: SocketAddr) -> Arc<Self> {
        Arc::new(Self {
            name: name.into(),
            address,
            handshakes: Handshakes::default(),
            phase: watch::Sender::new(Phase::Serving),
            open: AtomicUsize::new(0),
            sockets: AtomicUsize::new(0),
            closed: Notify::new(),
            by_ip: Default::default(),
            retired: ArcSwapOption::empty(),
        })
    }

    /// Connections open now.
    pub fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// Admits a connection, if there is room on the listener.
    ///
    /// # Errors
    /// `limits.connections` are open.
    pub fn admit(self: &Arc<Self>, limits: &config::ListenerLimits) -> Result<Permit, Full> {
        let open = self.open.fetch_add(1, Ordering::Relaxed);
        if open >= limits.connections as usize {
            self.release();
            return Err(Full::Connections);
        }
        Ok(Permit { state: Arc::clone(self), ip: None })
    }

    /// The phase, to be watched.
    pub fn phase(&self) -> watch::Receiver<Phase> {
        self.phase.subscribe()
    }

    /// Moves on to `phase`; there is no way back.
    pub fn advance(&self, phase: Phase) {
        self.phase.send_if_modified(|now| {
            let later = phase > *now;
            *now = phase.max(*now);
            later
        });
    }

    /// Keeps the last snapshot that had this listener, for requests that were on their way when it was removed.
    pub fn retire(&self, last: Arc<Held>) {
        self.retired.store(Some(last));
    }

    /// The last snapshot that had this listener, while it drains.
    pub fn retired(&self) -> Option<Arc<Held>> {
        self.retired.load_full()
    }

    /// Lets that snapshot go, once nothing is on its way any more: it has this listener in turn, so that the two would keep
    /// each other for ever.
    pub fn forget(&self) {
        self.retired.store(None);
    }

    /// Counts a socket, from before a worker has it.
    pub fn listening(self: &Arc<Self>) -> Listening {
        self.sockets.fetch_add(1, Ordering::Relaxed);
        Listening { state: Arc::clone(self) }
    }

    /// Waits until no socket listens and no connection is open: what a socket has taken and a worker has not is on its way.
    pub async fn drained(&self) {
        self.until(|| self.sockets.load(Ordering::Acquire) == 0 && self.open() == 0).await;
    }

    /// Waits until no socket listens.
    pub async fn silent(&self) {
        self.until(|| self.sockets.load(Ordering::Acquire) == 0).await;
    }

    async fn until(&self, ended: impl Fn() -> bool) {
        loop {
            let closed = self.closed.notified();
            tokio::pin!(closed);
            // Registered before the count is read, so that no close falls between the two.
            closed.as_mut().enable();
            if ended() {
                return;
            }
            closed.await;
        }
    }

    fn release(&self) {
        if self.open.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.closed.notify_waiters();
        }
    }

    fn shard(&self, ip: IpAddr) -> &Mutex<HashMap<IpAddr, u32, foldhash::fast::RandomState>> {
        let octet = match ip {
            IpAddr::V4(ip) => ip.octets()[3],
            IpAddr::V6(ip) => ip.octets()[7],
        };
        &self.by_ip[usize::from(octet) % SHARDS]
    }
}

impl Listener {
    /// Whether this peer sends a PROXY header that names the client.
    pub fn expects_proxy_header(&self, peer: IpAddr) -> bool {
        self.proxy_sources.as_ref().is_some_and(|sources| sources.contains(peer))
    }

    /// Counts a connection that is not taken.
    pub fn turn_away(&self, worker: usize, peer: SocketAddr, full: Full) {
        self.counters.refused(full).inc(worker);
        tracing::debug!(listener = %self.state.name, %peer, cap = full.as_str(), "connection refused");
    }
}

impl ConnectionCounters {
    /// Counters of the listener `name`.
    pub fn new(metrics: &Metrics, name: &str) -> Self {
        let full = [Full::Connections, Full::PerIp, Full::Handshakes]
            .map(|full| metrics.connections_refused(name, full.as_str()));
        let floods = Glitch::ALL.map(|glitch| metrics.h2_floods(name, glitch.as_str()));
        let (open, accepted) = (metrics.connections(name), metrics.connections_total(name));
        let accept_errors = metrics.accept_errors(name);
        Self { open, accepted, accept_errors, full, floods }
    }

    /// HTTP/2 connections that were ended for too many of these.
    pub fn flood(&self, glitch: Glitch) -> &Counter {
        &self.floods[glitch as usize]
    }

    /// Connections that were turned away for this reason.
    pub fn refused(&self, full: Full) -> &Counter {
        match full {
            Full::Connections => &self.full[0],
            Full::PerIp => &self.full[1],
            Full::Handshakes => &self.full[2],
        }
    }
}

impl Permit {
    /// Counts the connection for its client, once per connection.
    ///
    /// # Errors
    /// `limits.connections_per_ip` are open from `ip`.
    pub fn claim(&mut self, ip: IpAddr, limits: &config::ListenerLimits) -> Result<(), Full> {
        debug_assert!(self.ip.is_none());
        let ip = caller(ip);
        let mut by_ip = self.state.shard(ip).lock();
        let count = by_ip.entry(ip).or_default();
        if *count >= limits.connections_per_ip {
            return Err(Full::PerIp);
        }
        *count += 1;
        drop(by_ip);
        self.ip = Some(ip);
        Ok(())
    }

    fn give_back(&self, ip: IpAddr) {
        let mut by_ip = self.state.shard(ip).lock();
        if let Some(count) = by_ip.get_mut(&ip) {
            *count -= 1;
            if *count == 0 {
                by_ip.remove(&ip);
            }
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(ip) = self.ip {
            self.give_back(ip);
        }
        self.state.release();
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        if self.state.sockets.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.state.closed.notify_waiters();
        }
    }
}

impl Full {
    /// The word in metrics and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connections => "connections",
            Self::PerIp => "connections_per_ip",
            Self::Handshakes => "handshakes",
        }
    }
}

/// Whom connections are counted for: an IPv4 address or an IPv6 /64, which is what one subscriber has.
fn caller(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V6(ip) => match ip.to_ipv4_mapped() {
            Some(ip) => ip.into(),
            None => std::net::Ipv6Addr::from_bits(ip.to_bits() & !u128::from(u64::MAX)).into(),
        },
        ip => ip,
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn caps_hold_and_are_given_back() {
        let state = ListenerState::new("a", SocketAddr::from(([127, 0, 0, 1], 1)));
        let limits =
            config::ListenerLimits { connections: 3, connections_per_ip: 2, ..Default::default() };
        let (one, two) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        let admit = |ip| {
            let mut permit = state.admit(&limits)?;
            permit.claim(ip, &limits).map(|()| permit)
        };
        let first = admit(one).unwrap();
        let _second = admit(one).unwrap();
        assert_eq!(admit(one).unwrap_err(), Full::PerIp);
        let _third = admit(two).unwrap();
        assert_eq!(admit(two).unwrap_err(), Full::Connections);
        drop(first);
        assert!(admit(one).is_ok());
        assert_eq!(state.open(), 2);
    }

    #[test]
    fn an_ipv6_subscriber_is_counted_once() {
        let ip = |text: &str| caller(text.parse().unwrap());
        assert_eq!(ip("2001:db8:1:2::1"), ip("2001:db8:1:2:ffff::1"));
        assert_ne!(ip("2001:db8:1:2::1"), ip("2001:db8:1:3::1"));
        assert_eq!(ip("::ffff:10.0.0.1"), IpAddr::from([10, 0, 0, 1]));
    }

    #[tokio::test]
    async fn draining_ends_with_the_last_connection() {
        let state = ListenerState::new("a", SocketAddr::from(([127, 0, 0, 1], 1)));
        let permit = state.admit(&Default::default()).unwrap();
        let waiting = tokio::spawn({
            let state = Arc::clone(&state);
            async move { state.drained().await }
        });
        drop(permit);
        waiting.await.unwrap();
    }

    #[tokio::test]
    async fn what_a_socket_still_holds_is_not_drained() {
        let state = ListenerState::new("a", SocketAddr::from(([127, 0, 0, 1], 1)));
        let (first, second) = (state.listening(), state.listening());
        drop(first);
        assert!(state.drained().now_or_never().is_none());
        assert!(state.silent().now_or_never().is_none());
        let permit = state.admit(&Default::default()).unwrap();
        drop(second);
        assert!(state.silent().now_or_never().is_some());
        assert!(state.drained().now_or_never().is_none());
        drop(permit);
        assert!(state.drained().now_or_never().is_some());
    }
}
