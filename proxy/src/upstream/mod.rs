//! Sending a request to a cluster: which endpoint, which connection, how often, how long.
//!
//! [`forward()`] is the way of one request, try by try; [`Cluster`] is the compiled form of `[clusters.NAME]` and what was
//! learned about its endpoints; [`control`] probes and resolves beside the requests. Decisions are pure and in files of
//! their own: [`balance`], [`maglev`], [`outlier`], [`retry`], [`keepalive`]. Nothing here edits a request: heads and bodies
//! leave as they come in, but for framing.

mod ahead;
mod attempt;
pub mod balance;
pub mod breaker;
pub mod cluster;
mod connect;
pub mod control;
mod deadline;
pub mod endpoint;
mod exchange;
mod fetch;
mod forward;
mod h1;
mod h2;
pub mod health;
pub mod keepalive;
pub mod maglev;
pub mod outlier;
mod pool;
mod replay;
mod resolve;
pub mod retry;
mod settings;
mod source;
mod status;
#[cfg(test)]
mod tests;
mod tls;

use std::{fmt, sync::Arc, time::Duration};

use crate::wire::{Body, H2Stream, RequestHead, ResponseHead, stream::Rewind};

pub use ahead::open_ahead;
pub use cluster::{Cluster, replaced};
pub use control::warm;
pub use exchange::client_error;
pub use fetch::{Document, fetch};
pub use forward::{forward, forward_copy, forward_kept};
pub use pool::sweep;
pub use replay::Replay;

/// A request on its way to a cluster. Its fields are final: nothing hop-by-hop, no Host, no framing.
#[derive(Debug)]
pub struct Request {
    /// Head; the Host field is `head.authority`, framing fields follow from `body`.
    pub head: RequestHead,
    /// Body, polled as the upstream takes it.
    pub body: Body,
}

/// The upstream's answer.
#[derive(Debug)]
pub struct Response {
    /// Head as received, fields of framing and connection included.
    pub head: ResponseHead,
    /// Body; the request counts as in flight until it has ended or is dropped.
    pub body: Body,
    /// What the upstream switched to another protocol, behind a head of 101, whatever said so over HTTP/2. Boxed: it is rare,
    /// and a response is moved often.
    pub tunnel: Option<Box<Tunnel>>,
}

/// A connection, or a stream of one, that has left HTTP.
pub struct Tunnel {
    /// The upstream's end.
    pub far_end: FarEnd,
    /// Keeps the exchange counted while the tunnel lives.
    pub guard: TunnelGuard,
}

/// The upstream's end of a tunnel. What it sent right behind its head is read first.
#[derive(Debug)]
pub enum FarEnd {
    /// A whole connection, by 101 of HTTP/1.1.
    Connection(Rewind),
    /// One stream of a connection, by extended CONNECT of HTTP/2.
    Stream(H2Stream),
}

/// Keeps an exchange, and its connection or its stream, counted until dropped.
pub struct TunnelGuard {
    _held: endpoint::Held,
    _slot: Option<breaker::Slot>,
    _lease: Option<h2::Lease>,
}

/// How to forward a request.
pub struct Call<'a> {
    /// The worker that this runs on.
    pub worker: usize,
    /// Where to.
    pub cluster: &'a Arc<Cluster>,
    /// Hash of the request's key, for `balance = { hash = .. }`; without it such a cluster is balanced in turn.
    pub hash: Option<u64>,
    /// Overrides the cluster's `timeouts.try`.
    pub per_try: Option<Duration>,
    /// Overrides the cluster's `timeouts.total`.
    pub total: Option<Duration>,
    /// Takes interim responses.
    pub informational: Option<&'a dyn Informational>,
    /// What happened, for the access log; filled in also where the call fails or is dropped.
    pub report: &'a mut Report,
}

/// Takes interim responses (1xx but for 100 and 101) as they arrive.
pub trait Informational: Send + Sync {
    /// Relays one; it may be dropped where that is not possible.
    fn send(&self, head: ResponseHead);
}

/// What happened to a request on its way.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Address of the last endpoint tried.
    pub endpoint: Option<Arc<str>>,
    /// Tries, the first included.
    pub tries: u32,
    /// Whether the last try went over a connection that had been used before.
    pub reused: bool,
    /// Times a connection that had died idle was replaced without counting as a try.
    pub replaced: u32,
    /// From the call to the answer's head.
    pub first_byte: Option<Duration>,
}

impl fmt::Debug for Tunnel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tunnel").field("far_end", &self.far_end).finish_non_exhaustive()
    }
}
