//! Tunnels: what a connection becomes when both sides have agreed to switch protocols (RFC 9110, 7.8; RFC 8441).
//!
//! Bytes pass both ways untouched until both sides have ended, both are silent for `timeouts.tunnel_idle`, or the listener's
//! drain deadline cuts what is left. A reload does not touch a tunnel.

use std::{
    future::Future,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use base64::prelude::{BASE64_STANDARD, Engine};
use bytes::{Buf, Bytes, BytesMut};
use h2::{RecvStream, server::SendResponse};
use http::{HeaderValue, Response, StatusCode, header};
use parking_lot::Mutex;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::watch,
    time::{Sleep, sleep_until},
};
use tokio_util::io::poll_read_buf;

use super::{context::Exchange, reply::Reply, transport::Transport};
use crate::{
    clock,
    config::Colour,
    listener::{Phase, reached},
    rollout::{Learned, drain},
    upstream::{FarEnd, Tunnel},
    wire::{H2Stream, stream::Rewind},
};

/// What is needed to make a tunnel out of an HTTP/1 connection.
#[derive(Debug)]
pub struct Switch {
    /// The exchange that asked for it; it ends with the tunnel.
    pub exchange: Exchange,
    /// The upstream's end.
    pub tunnel: Tunnel,
    /// The listener's phase.
    pub phase: watch::Receiver<Phase>,
}

/// Runs a tunnel over a connection that spoke HTTP/1.1 so far.
pub async fn run_h1(transport: &Transport, switch: Switch) {
    let Some((stream, input)) = transport.take() else { return };
    run(switch.exchange, Rewind::new(stream, input), switch.tunnel, switch.phase).await;
}

/// Runs a tunnel over one stream of an HTTP/2 connection.
pub async fn run_h2(
    mut exchange: Exchange,
    tunnel: Tunnel,
    reply: Reply,
    incoming: RecvStream,
    respond: &Mutex<SendResponse<Bytes>>,
) {
    // RFC 8441, 5: 200 takes the place of 101, and the handshake's fields fall away.
    let mut response = Response::new(());
    *response.headers_mut() = reply.head.headers;
    for name in [header::CONNECTION, header::UPGRADE, header::SEC_WEBSOCKET_ACCEPT] {
        response.headers_mut().remove(name);
    }
    *response.status_mut() = StatusCode::OK;
    exchange.status = 200;
    let phase = exchange.connection.phase();
    let sent = respond.lock().send_response(response, false);
    match sent {
        Ok(outgoing) => run(exchange, H2Stream::new(incoming, outgoing), tunnel, phase).await,
        Err(_) => exchange.client_left(),
    }
}

/// Adds what RFC 6455, 4.1 asks of a client's handshake over HTTP/1.1 and RFC 8441 leaves out.
pub fn complete_websocket_handshake(headers: &mut http::HeaderMap, key: [u8; 16]) {
    if !headers.contains_key(header::SEC_WEBSOCKET_KEY)
        && let Ok(key) = HeaderValue::from_maybe_shared(Bytes::from(BASE64_STANDARD.encode(key)))
    {
        headers.insert(header::SEC_WEBSOCKET_KEY, key);
    }
}

async fn run(
    exchange: Exchange,
    client: impl AsyncRead + AsyncWrite + Unpin,
    tunnel: Tunnel,
    phase: watch::Receiver<Phase>,
) {
    let Tunnel { far_end, guard: _guard } = tunnel;
    match far_end {
        FarEnd::Connection(upstream) => join(exchange, client, upstream, phase).await,
        FarEnd::Stream(upstream) => join(exchange, client, upstream, phase).await,
    }
}

async fn join(
    mut exchange: Exchange,
    mut client: impl AsyncRead + AsyncWrite + Unpin,
    mut upstream: impl AsyncRead + AsyncWrite + Unpin,
    mut phase: watch::Receiver<Phase>,
) {
    exchange.begin_tunnel();
    let idle = exchange.connection.listener.config.timeouts.tunnel_idle.0;
    let rollout = exchange.rollout().map(|(learned, colour)| (Arc::clone(learned), colour));
    let relay = Relay::new(&mut client, &mut upstream, idle);
    tokio::select! {
        sent = relay => match sent {
            Ok(bytes) => {
                exchange.bytes_out = bytes;
                exchange.complete();
            }
            Err(error) => exchange.flag = Some(if error.kind() == io::ErrorKind::TimedOut { "tunnel_idle" } else { "tunnel_reset" }),
        },
        () = reached(&mut phase, Phase::Cut) => exchange.flag = Some("drained"),
        colour = lost(rollout.as_ref()) => {
            if let Some((learned, _)) = &rollout {
                learned.drains.count_cut(colour);
            }
            exchange.flag = Some("drained");
        }
    }
}

/// Ends with the drain of a tunnel's colour, if it has one.
async fn lost(rollout: Option<&(Arc<Learned>, Colour)>) -> Colour {
    let Some((learned, colour)) = rollout else { return std::future::pending().await };
    drain::deadline(&mut learned.drains.deadlines(), *colour).await;
    *colour
}

/// Copies both ways; resolves with the bytes sent to the client once both directions have ended.
struct Relay<'a, A, B> {
    client: &'a mut A,
    upstream: &'a mut B,
    up: Direction,
    down: Direction,
    idle: Duration,
    timer: Pin<Box<Sleep>>,
}

/// One direction of a tunnel.
#[derive(Default)]
struct Direction {
    buffer: BytesMut,
    source_ended: bool,
    done: bool,
    bytes: u64,
}

/// Bytes read at once.
const READ_BYTES: usize = 16 << 10;

impl<'a, A: AsyncRead + AsyncWrite + Unpin, B: AsyncRead + AsyncWrite + Unpin> Relay<'a, A, B> {
    fn new(client: &'a mut A, upstream: &'a mut B, idle: Duration) -> Self {
        let timer = Box::pin(sleep_until(clock::now() + idle));
        Self { client, upstream, up: Direction::default(), down: Direction::default(), idle, timer }
    }
}

impl<A: AsyncRead + AsyncWrite + Unpin, B: AsyncRead + AsyncWrite + Unpin> Future
    for Relay<'_, A, B>
{
    type Output = io::Result<u64>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<u64>> {
        let this = &mut *self;
        let before = this.up.bytes + this.down.bytes;
        let up = this.up.poll_copy(cx, this.client, this.upstream)?;
        let down = this.down.poll_copy(cx, this.upstream, this.client)?;
        if up.is_ready() && down.is_ready() {
            return Poll::Ready(Ok(this.down.bytes));
        }
        if this.up.bytes + this.down.bytes != before {
            this.timer.as_mut().reset(clock::now() + this.idle);
        }
        this.timer.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl Direction {
    /// Copies from `source` to `sink` until nothing moves; ready once the source has ended and the sink knows.
    fn poll_copy(
        &mut self,
        cx: &mut Context<'_>,
        source: &mut (impl AsyncRead + Unpin),
        sink: &mut (impl AsyncWrite + Unpin),
    ) -> io::Result<Poll<()>> {
        loop {
            while !self.buffer.is_empty() {
                match Pin::new(&mut *sink).poll_write(cx, &self.buffer)? {
                    Poll::Ready(0) => return Err(io::ErrorKind::WriteZero.into()),
                    Poll::Ready(written) => {
                        self.buffer.advance(written);
                        self.bytes += written as u64;
                    }
                    Poll::Pending => return Ok(Poll::Pending),
                }
            }
            if self.done {
                return Ok(Poll::Ready(()));
            }
            if self.source_ended {
                if Pin::new(&mut *sink).poll_shutdown(cx)?.is_pending() {
                    return Ok(Poll::Pending);
                }
                self.done = true;
                continue;
            }
            self.buffer.reserve(READ_BYTES);
            match poll_read_buf(Pin::new(&mut *source), cx, &mut self.buffer)? {
                Poll::Ready(0) => self.source_ended = true,
                Poll::Ready(_) => {}
                Poll::Pending => {
                    // A silent tunnel holds no buffer.
                    self.buffer = BytesMut::new();
                    // Pending or not, the waker is registered and there is nothing more to do.
                    let _ = Pin::new(sink).poll_flush(cx)?;
                    return Ok(Poll::Pending);
                }
            }
        }
    }
}
