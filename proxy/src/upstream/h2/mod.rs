//! HTTP/2 to an endpoint.
//!
//! The frames are the `h2` crate's; requests and bodies are pumped in the request's own task, as with HTTP/1.1. One task per
//! connection drives its frames. It sends a ping when there is something to find out, and never in turn: gRPC servers close
//! connections whose silence is filled with pings, and the streams on them (gRPC proposal A8).

mod body;
mod exchange;
mod extended_connect;
mod target;
mod upload;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use ::h2::client::{Builder, Connection, SendRequest};
use bytes::Bytes;
use tokio::sync::{Notify, SetOnce};

pub(super) use exchange::{Answer, exchange};

use super::breaker::{Load, Slot, Traffic};
use crate::{
    clock::{self, Instant},
    error::with_causes,
    wire::Stream,
};

/// A connection as a pool keeps it. It is closed when the handle and all its leases are gone.
#[derive(Debug)]
pub(super) struct Handle {
    sender: SendRequest<Bytes>,
    shared: Arc<Shared>,
}

/// The right to one stream.
pub(super) struct Lease {
    sender: SendRequest<Bytes>,
    shared: Arc<Shared>,
    /// Whether the connection has carried a request before.
    pub(super) reused: bool,
}

#[derive(Debug)]
struct Shared {
    load: Arc<Load>,
    born: Instant,
    open: AtomicBool,
    active: AtomicU32,
    /// Requests so far.
    served: AtomicU32,
    /// When the last stream ended, in milliseconds from `born`.
    ended_ms: AtomicU64,
    /// Asks for a ping.
    ask: Notify,
    /// A ping is to show whether the endpoint is still there.
    doubted: AtomicBool,
    /// A ping was answered, and so the endpoint's SETTINGS, which go before everything, have come; or the connection ended.
    settled: SetOnce<()>,
}

impl Handle {
    /// Starts HTTP/2 on a stream just opened.
    ///
    /// # Errors
    /// The stream broke.
    pub(super) async fn start(stream: Stream, slot: Slot) -> Result<Self, String> {
        let (sender, connection) =
            builder().handshake(stream).await.map_err(|error| with_causes(&error))?;
        let shared = Arc::new(Shared {
            load: slot.load().clone(),
            born: clock::now(),
            open: AtomicBool::new(true),
            active: AtomicU32::new(0),
            served: AtomicU32::new(0),
            ended_ms: AtomicU64::new(0),
            ask: Notify::new(),
            doubted: AtomicBool::new(false),
            settled: SetOnce::new(),
        });
        tokio::spawn(drive(connection, shared.clone(), slot));
        Ok(Self { sender, shared })
    }

    /// A stream, if the endpoint allows one more. Copies leave half of the streams to live requests.
    pub(super) fn lease(&self, traffic: Traffic) -> Option<Lease> {
        let shared = &self.shared;
        let allowed = u32::try_from(self.sender.current_max_send_streams()).unwrap_or(u32::MAX);
        let allowed = match traffic {
            Traffic::Live => allowed,
            Traffic::Copy => allowed.div_ceil(2),
        };
        // Requests are not sent after one that got no answer, until it is clear that there is somebody.
        if !self.is_open()
            || shared.doubted.load(Ordering::Relaxed)
            || shared.active.load(Ordering::Relaxed) >= allowed
        {
            return None;
        }
        shared.active.fetch_add(1, Ordering::Relaxed);
        let reused = shared.served.fetch_add(1, Ordering::Relaxed) > 0;
        Some(Lease { sender: self.sender.clone(), shared: shared.clone(), reused })
    }

    /// Whether it takes requests.
    pub(super) fn is_open(&self) -> bool {
        self.shared.open.load(Ordering::Relaxed)
    }

    /// Whether it has no request.
    pub(super) fn is_idle(&self) -> bool {
        self.shared.active.load(Ordering::Relaxed) == 0
    }

    /// For how long it has had no request, if it has none.
    pub(super) fn idle_for(&self, now: Instant) -> Option<Duration> {
        let ended = Duration::from_millis(self.shared.ended_ms.load(Ordering::Relaxed));
        self.is_idle().then(|| now.saturating_duration_since(self.born() + ended))
    }

    /// Whether connections of its cluster close with their exchange.
    pub(super) fn is_winding_down(&self) -> bool {
        self.shared.load.is_winding_down()
    }

    /// When it was opened.
    pub(super) fn born(&self) -> Instant {
        self.shared.born
    }
}

impl Lease {
    /// Whether the connection takes requests.
    fn is_open(&self) -> bool {
        self.shared.open.load(Ordering::Relaxed)
    }

    /// Whether the endpoint takes extended CONNECT (RFC 8441, 3), as soon as that is known.
    async fn takes_extended_connect(&self) -> bool {
        if !self.sender.is_extended_connect_protocol_enabled() {
            self.shared.ask.notify_one();
            self.shared.settled.wait().await;
        }
        self.sender.is_extended_connect_protocol_enabled()
    }

    /// The endpoint was silent for too long: a connection that is dead is found out, and gets no more requests meanwhile.
    fn doubt(&self) {
        self.shared.doubted.store(true, Ordering::Relaxed);
        self.shared.ask.notify_one();
    }

    /// The endpoint takes no more requests on this connection.
    fn close(&self) {
        self.shared.open.store(false, Ordering::Relaxed);
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let ms = (clock::now() - self.shared.born).as_millis();
        self.shared.ended_ms.store(u64::try_from(ms).unwrap_or(u64::MAX), Ordering::Relaxed);
        self.shared.active.fetch_sub(1, Ordering::Relaxed);
        self.shared.load.freed();
    }
}

async fn drive(mut connection: Connection<Stream, Bytes>, shared: Arc<Shared>, slot: Slot) {
    let pings = connection.ping_pong();
    let watch = async {
        match pings {
            Some(pings) => watch(pings, &shared).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        ended = connection => {
            if let Err(error) = ended {
                tracing::debug!(error = %with_causes(&error), "http/2 connection ended");
            }
        }
        () = watch => tracing::debug!("http/2 connection closed: no answer to a ping"),
    }
    shared.open.store(false, Ordering::Relaxed);
    // Whoever waits for it learns from the connection that it is gone.
    let _ = shared.settled.set(());
    drop(slot);
}

/// Sends a ping when asked to; ends when one is not answered.
async fn watch(mut pings: ::h2::PingPong, shared: &Shared) {
    loop {
        shared.ask.notified().await;
        let pong = pings.ping(::h2::Ping::opaque());
        if !matches!(tokio::time::timeout(PING_WAIT, pong).await, Ok(Ok(_))) {
            return;
        }
        shared.doubted.store(false, Ordering::Relaxed);
        // It may have been set before.
        let _ = shared.settled.set(());
    }
}

/// The connection's window is many times a stream's, so that one slow reader does not hold up the others (hyper#2899).
fn builder() -> Builder {
    let mut builder = Builder::new();
    builder
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buffer_size(SEND_BUFFER)
        .max_header_list_size(HEADER_LIST)
        .enable_push(false);
    builder
}

const STREAM_WINDOW: u32 = 512 << 10;
const CONNECTION_WINDOW: u32 = 16 << 20;
const SEND_BUFFER: usize = 128 << 10;
const HEADER_LIST: u32 = 64 << 10;
const PING_WAIT: Duration = Duration::from_secs(10);
