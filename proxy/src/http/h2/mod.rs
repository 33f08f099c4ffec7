//! HTTP/2 towards clients (RFC 9113): one task per stream, over the `h2` crate's connection.
//!
//! The crate keeps the protocol (frames, HPACK, flow control, sizes of field blocks); this file gives streams to the request path,
//! moves bodies with back-pressure, and ends connections: in order, or at once where the client has spent its budget.

mod glitches;
mod metered;
mod request;
mod response;

use std::{
    future::poll_fn,
    pin::{Pin, pin},
    sync::Arc,
    task::Poll,
};

use bytes::{Bytes, BytesMut};
use h2::{Reason, RecvStream, server::SendResponse};
use http::{Request, header::CONTENT_LENGTH};
use parking_lot::Mutex;
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Sleep, sleep_until},
};
use tracing::debug;

use super::{
    connection::{Connection, DRAIN_GRACE, LINGER},
    context::Exchange,
    handle,
    reply::Reply,
};
use crate::{
    clock,
    listener::{Phase, reached},
    upstream::Informational,
    wire::{Body, RequestHead, ResponseHead, Stream, stream::Rewind},
};
use glitches::Budget;
pub use glitches::Glitch;
use metered::{Metered, Spent};
use request::{expects_continue, request_body, request_head};
use response::{response, send};

/// Receive window of a stream, and of a connection, in bytes. The connection's is larger, so that a stream nobody reads
/// does not stop the others.
const STREAM_WINDOW: u32 = 256 << 10;
const CONNECTION_WINDOW: u32 = 1 << 20;
/// Bytes of one stream that may wait for the socket.
const SEND_BUFFER_BYTES: usize = 64 << 10;

/// Serves a connection to its end; `input` has been read from it already.
pub async fn serve(connection: Arc<Connection>, stream: Stream, input: BytesMut) {
    let limits = &connection.listener.config.limits;
    let budget = Budget::new(limits.glitches, limits.glitches_per_second, clock::now());
    let stream = Metered::new(Rewind::new(stream, input), budget);
    let spent = stream.spent();
    let handshake = h2::server::Builder::new()
        .max_concurrent_streams(limits.streams)
        .max_header_list_size(u32::try_from(limits.header_bytes.0).unwrap_or(u32::MAX))
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buffer_size(SEND_BUFFER_BYTES)
        .enable_connect_protocol()
        .handshake::<_, Bytes>(stream);
    let deadline = clock::now() + connection.listener.config.timeouts.first_byte.0;
    let Ok(Ok(wire)) = tokio::time::timeout_at(deadline, handshake).await else {
        return debug!(peer = %connection.peer, "http/2 handshake failed");
    };
    let phase = connection.phase();
    H2 { wire, spent, phase, streams: JoinSet::new(), served: 0, connection }.run().await;
}

struct H2 {
    connection: Arc<Connection>,
    wire: h2::server::Connection<Metered, Bytes>,
    spent: Arc<Spent>,
    phase: watch::Receiver<Phase>,
    streams: JoinSet<()>,
    served: u64,
}

/// What the connection has to deal with next.
#[allow(
    clippy::large_enum_variant,
    reason = "lives for one call, and a box would cost every stream an allocation"
)]
enum Event {
    Stream(Request<RecvStream>, SendResponse<Bytes>),
    StreamEnded,
    Spent(Glitch),
    Idle,
    Drain,
    End,
}

impl H2 {
    async fn run(mut self) {
        let timeouts = &self.connection.listener.config.timeouts;
        let idle = timeouts.idle.0;
        let mut timer = pin!(sleep_until(clock::now() + timeouts.first_byte.0));
        let mut leaving = false;
        loop {
            match self.next(timer.as_mut(), leaving).await {
                Event::Stream(request, respond) => {
                    self.served += 1;
                    let connection = Arc::clone(&self.connection);
                    self.streams.spawn(serve_stream(connection, request, respond));
                    if self.served >= self.connection.listener.config.limits.requests && !leaving {
                        leaving = true;
                        self.wire.graceful_shutdown();
                    }
                }
                Event::StreamEnded => timer.as_mut().reset(clock::now() + idle),
                Event::Drain | Event::Idle if !leaving => {
                    leaving = true;
                    self.wire.graceful_shutdown();
                    // A request may be on its way; a client that does not answer the shutdown's ping gets no longer.
                    timer.as_mut().reset(clock::now() + DRAIN_GRACE);
                }
                Event::Drain => {}
                Event::Spent(glitch) => return self.calm(glitch).await,
                Event::Idle | Event::End => return,
            }
        }
    }

    /// Ends a connection that has cost too much: requests in hand are given up, and the client is told why.
    async fn calm(mut self, glitch: Glitch) {
        let (peer, listener) = (self.connection.peer, &self.connection.listener.state.name);
        debug!(%peer, %listener, glitch = glitch.as_str(), "http/2 glitches exceed limits.glitches");
        self.count(glitch);
        self.streams.abort_all();
        self.wire.abrupt_shutdown(Reason::ENHANCE_YOUR_CALM);
        let told = async { while let Some(Ok(_)) = self.wire.accept().await {} };
        // One that does not read is not waited for.
        let _ = tokio::time::timeout_at(clock::now() + LINGER, told).await;
    }

    fn count(&self, glitch: Glitch) {
        self.connection.listener.counters.flood(glitch).inc(self.connection.worker.id);
    }

    async fn next(&mut self, timer: Pin<&mut Sleep>, leaving: bool) -> Event {
        let busy = !self.streams.is_empty();
        let until = if leaving { Phase::Cut } else { Phase::Draining };
        tokio::select! {
            biased;
            accepted = accept(&mut self.wire, &self.spent) => match accepted {
                Err(glitch) => Event::Spent(glitch),
                Ok(Some(Ok((request, respond)))) => Event::Stream(request, respond),
                Ok(Some(Err(error))) => {
                    if error.is_library() && error.reason() == Some(Reason::ENHANCE_YOUR_CALM) {
                        self.count(Glitch::Codec);
                    }
                    debug!(peer = %self.connection.peer, %error, "http/2 connection failed");
                    Event::End
                }
                Ok(None) => Event::End,
            },
            Some(_) = self.streams.join_next(), if busy => Event::StreamEnded,
            () = timer, if !busy => Event::Idle,
            () = reached(&mut self.phase, until) => if leaving { Event::End } else { Event::Drain },
        }
    }
}

type Accepted = Option<Result<(Request<RecvStream>, SendResponse<Bytes>), h2::Error>>;

/// The next stream, unless the budget is spent. The codec does not know of budgets, so it is asked whenever it has been polled.
async fn accept(
    wire: &mut h2::server::Connection<Metered, Bytes>,
    spent: &Spent,
) -> Result<Accepted, Glitch> {
    let mut accepted = pin!(wire.accept());
    poll_fn(|cx| {
        let accepted = accepted.as_mut().poll(cx);
        match spent.by() {
            Some(glitch) => Poll::Ready(Err(glitch)),
            None => accepted.map(Ok),
        }
    })
    .await
}

/// One request and its answer.
async fn serve_stream(
    connection: Arc<Connection>,
    request: Request<RecvStream>,
    respond: SendResponse<Bytes>,
) {
    let respond = Arc::new(Respond(Mutex::new(respond)));
    let (parts, incoming) = request.into_parts();
    let mut exchange;
    let fields_max = connection.listener.config.limits.headers.into();
    let reply = match request_head(parts, fields_max) {
        Err(error) => {
            exchange = Exchange::unread(Arc::clone(&connection));
            Some((exchange.refuse(&error), None))
        }
        Ok(mut head) => {
            exchange = Exchange::begin(Arc::clone(&connection), &head);
            let length = head.headers.remove(CONTENT_LENGTH);
            let (body, tunnel) = match head.upgrade {
                // Behind extended CONNECT the stream is the tunnel (RFC 8441, 4).
                Some(_) => (Ok(Body::Empty), Some(incoming)),
                None => (request_body(incoming, length, expects_continue(&head, &respond)), None),
            };
            match body {
                Ok(body) => {
                    drive(&mut exchange, head, body, &respond).await.map(|reply| (reply, tunnel))
                }
                Err(error) => Some((exchange.refuse(&error), None)),
            }
        }
    };
    match reply {
        // The connection may be a proxy's that many clients share: the stream alone ends.
        Some(_) if exchange.dropped => respond.0.lock().send_reset(Reason::CANCEL),
        Some((reply, incoming)) => send(exchange, reply, incoming, &respond).await,
        None => exchange.client_left(),
    }
}

/// Runs the request path, while watching for the client to reset the stream. `None` if it did.
async fn drive(
    exchange: &mut Exchange,
    head: RequestHead,
    body: Body,
    respond: &Respond,
) -> Option<Reply> {
    let path = handle::handle(exchange, head, body, Some(respond));
    tokio::select! {
        biased;
        reply = path => Some(reply),
        _ = poll_fn(|cx| respond.0.lock().poll_reset(cx)) => None,
    }
}

/// Sends interim responses, and notices resets, while the request path runs.
struct Respond(Mutex<SendResponse<Bytes>>);

impl Informational for Respond {
    fn send(&self, head: ResponseHead) {
        // If the stream is gone, so is the reason to tell.
        let _ = self.0.lock().send_informational(response(head, None));
    }
}
