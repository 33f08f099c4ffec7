//! HTTP/2 towards clients (RFC 9113): one task per stream, over the `h2` crate's connection.
//!
//! The crate keeps the protocol (frames, HPACK, flow control, limits on resets and empty frames); this file gives streams to
//! the request path, moves bodies with back-pressure, and ends connections in order.

use std::{
    future::poll_fn,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
};

use bytes::{Bytes, BytesMut};
use futures_util::FutureExt as _;
use h2::{Reason, RecvStream, SendStream, server::SendResponse};
use http::{
    HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Version,
    header::{CONTENT_LENGTH, COOKIE, EXPECT, HOST},
    request::Parts,
};
use http_body::{Body as HttpBody, Frame, SizeHint};
use parking_lot::Mutex;
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Sleep, sleep_until},
};
use tracing::debug;

use super::{
    connection::{Connection, DRAIN_GRACE},
    context::Exchange,
    handle,
    reply::Reply,
    upgrade,
};
use crate::{
    clock,
    error::Error,
    listener::{Phase, reached},
    upstream::Informational,
    wire::{Body, BodyError, RequestHead, ResponseHead, Stream, Target, parse, stream::Rewind},
};

/// Receive window of a stream, and of a connection, in bytes. The connection's is larger, so that a stream nobody reads
/// does not stop the others.
const STREAM_WINDOW: u32 = 256 << 10;
const CONNECTION_WINDOW: u32 = 1 << 20;
/// Bytes of one stream that may wait for the socket.
const SEND_BUFFER_BYTES: usize = 64 << 10;

/// Serves a connection to its end; `input` has been read from it already.
pub async fn serve(connection: Arc<Connection>, stream: Stream, input: BytesMut) {
    let limits = &connection.listener.config.limits;
    let handshake = h2::server::Builder::new()
        .max_concurrent_streams(limits.streams)
        .max_header_list_size(u32::try_from(limits.header_bytes.0).unwrap_or(u32::MAX))
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buffer_size(SEND_BUFFER_BYTES)
        .enable_connect_protocol()
        .handshake::<_, Bytes>(Rewind::new(stream, input));
    let deadline = clock::now() + connection.listener.config.timeouts.first_byte.0;
    let Ok(Ok(wire)) = tokio::time::timeout_at(deadline, handshake).await else {
        return debug!(peer = %connection.peer, "http/2 handshake failed");
    };
    let phase = connection.phase();
    H2 { wire, phase, streams: JoinSet::new(), served: 0, connection }.run().await;
}

struct H2 {
    connection: Arc<Connection>,
    wire: h2::server::Connection<Rewind, Bytes>,
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
                Event::Idle | Event::End => return,
            }
        }
    }

    async fn next(&mut self, timer: Pin<&mut Sleep>, leaving: bool) -> Event {
        let busy = !self.streams.is_empty();
        let until = if leaving { Phase::Cut } else { Phase::Draining };
        tokio::select! {
            biased;
            accepted = self.wire.accept() => match accepted {
                Some(Ok((request, respond))) => Event::Stream(request, respond),
                Some(Err(error)) => {
                    debug!(peer = %self.connection.peer, %error, "http/2 connection failed");
                    Event::End
                }
                None => Event::End,
            },
            Some(_) = self.streams.join_next(), if busy => Event::StreamEnded,
            () = timer, if !busy => Event::Idle,
            () = reached(&mut self.phase, until) => if leaving { Event::End } else { Event::Drain },
        }
    }
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

async fn send(
    mut exchange: Exchange,
    mut reply: Reply,
    incoming: Option<RecvStream>,
    respond: &Respond,
) {
    if incoming.is_some() && reply.tunnel.is_none() && reply.head.status.is_success() {
        // To extended CONNECT, 2xx means that the tunnel is open (RFC 9110, 9.3.6), and there is none.
        reply = exchange.refuse(&Error::UpstreamMalformed("success without the upgrade"));
    }
    if let Some(tunnel) = reply.tunnel.take() {
        let Some(incoming) = incoming else {
            return respond.0.lock().send_reset(Reason::INTERNAL_ERROR);
        };
        return upgrade::run_h2(exchange, *tunnel, reply, incoming, &respond.0).await;
    }
    exchange.status = reply.head.status.as_u16();
    let is_head = exchange.request.as_ref().is_some_and(|request| request.method == Method::HEAD);
    let body = if is_head { Body::Empty } else { reply.body };
    let length = if is_head { reply.announced_length } else { known_length(&body, &reply.head) };
    let response = response(reply.head, length);
    let sent = respond.0.lock().send_response(response, body.is_end_stream());
    let Ok(stream) = sent else {
        return exchange.client_left();
    };
    if body.is_end_stream() {
        return exchange.complete();
    }
    pump(exchange, body, stream).await;
}

/// Sends a body as fast as the client's windows allow.
async fn pump(mut exchange: Exchange, mut body: Body, mut stream: SendStream<Bytes>) {
    let patience = exchange.connection.listener.config.timeouts.write.0;
    let deadline = exchange.started + handle::exchange_timeout(&exchange);
    let sent = tokio::select! {
        biased;
        sent = pump_frames(&mut exchange.bytes_out, &mut body, &mut stream, patience) => sent,
        () = sleep_until(deadline) => Err(Stopped::TooLate),
    };
    match sent {
        Ok(()) => return exchange.complete(),
        Err(Stopped::Client) => return exchange.client_left(),
        Err(Stopped::TooSlow) => exchange.flag = Some("client_slow"),
        Err(Stopped::TooLate) => exchange.flag = Some("exchange_timeout"),
        Err(Stopped::Body(error)) => exchange.broke_off(&error),
    }
    // Anything but an END_STREAM tells the client that this is not the whole.
    stream.send_reset(Reason::INTERNAL_ERROR);
}

/// Why a response was not sent whole.
enum Stopped {
    Client,
    TooSlow,
    TooLate,
    Body(BodyError),
}

async fn pump_frames(
    bytes_out: &mut u64,
    body: &mut Body,
    stream: &mut SendStream<Bytes>,
    patience: std::time::Duration,
) -> Result<(), Stopped> {
    loop {
        let frame = poll_fn(|cx| match stream.poll_reset(cx) {
            Poll::Ready(_) => Poll::Ready(Err(Stopped::Client)),
            Poll::Pending => Pin::new(&mut *body).poll_frame(cx).map(Ok),
        });
        match frame.await? {
            None => return stream.send_data(Bytes::new(), true).map_err(|_| Stopped::Client),
            Some(Err(error)) => return Err(Stopped::Body(error)),
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => {
                    *bytes_out += data.len() as u64;
                    let end = body.is_end_stream();
                    send_data(stream, data, end, patience).await?;
                    if end {
                        return Ok(());
                    }
                }
                Err(frame) => {
                    let trailers = frame.into_trailers().unwrap_or_default();
                    return stream.send_trailers(trailers).map_err(|_| Stopped::Client);
                }
            },
        }
    }
}

/// Sends one piece, waiting for window as long as the client keeps taking some.
async fn send_data(
    stream: &mut SendStream<Bytes>,
    mut data: Bytes,
    end: bool,
    patience: std::time::Duration,
) -> Result<(), Stopped> {
    if data.is_empty() {
        return if end {
            stream.send_data(data, true).map_err(|_| Stopped::Client)
        } else {
            Ok(())
        };
    }
    while !data.is_empty() {
        stream.reserve_capacity(data.len());
        let window = if stream.capacity() > 0 {
            stream.capacity()
        } else {
            wait_for_window(stream, patience).await?
        };
        let piece = data.split_to(window.min(data.len()));
        let last = end && data.is_empty();
        stream.send_data(piece, last).map_err(|_| Stopped::Client)?;
    }
    Ok(())
}

async fn wait_for_window(
    stream: &mut SendStream<Bytes>,
    patience: std::time::Duration,
) -> Result<usize, Stopped> {
    let window = poll_fn(|cx| match stream.poll_reset(cx) {
        Poll::Ready(_) => Poll::Ready(None),
        Poll::Pending => stream.poll_capacity(cx).map(|window| window.and_then(Result::ok)),
    });
    match tokio::time::timeout_at(clock::now() + patience, window).await {
        Ok(Some(window)) => Ok(window),
        Ok(None) => Err(Stopped::Client),
        Err(_) => Err(Stopped::TooSlow),
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

/// Whom to tell once somebody wants the body of a client that waits for 100 Continue (RFC 9110, 10.1.1).
fn expects_continue(head: &RequestHead, respond: &Arc<Respond>) -> Option<Arc<Respond>> {
    let expects = head.headers.get(EXPECT)?.as_bytes().eq_ignore_ascii_case(b"100-continue");
    expects.then(|| Arc::clone(respond))
}

/// Pseudo-header and header fields as one head (RFC 9113, 8.3.1), refused where they contradict each other or are more than
/// `fields_max`. The authority counts as the Host field that it is in HTTP/1.1, and cookies as the one that they become.
fn request_head(parts: Parts, fields_max: usize) -> Result<RequestHead, Error> {
    let Parts { method, uri, mut headers, mut extensions, .. } = parts;
    let upgrade = extensions
        .remove::<h2::ext::Protocol>()
        .map(|protocol| Bytes::from(protocol.as_str().to_owned()));
    if method == Method::CONNECT && upgrade.is_none() {
        return Err(Error::MethodNotAllowed);
    }
    let authority = authority(&uri, &mut headers)?;
    let raw = uri.path_and_query().map_or("/", |target| target.as_str());
    let is_star = raw == "*" && method == Method::OPTIONS;
    if !(raw.starts_with('/') || is_star) {
        return Err(Error::Malformed("request target"));
    }
    join_cookies(&mut headers);
    if headers.len() + 1 > fields_max {
        return Err(Error::HeadersTooLarge);
    }
    let method = if upgrade.is_some() { Method::GET } else { method };
    let target = Target::new(Bytes::copy_from_slice(raw.as_bytes()));
    Ok(RequestHead { method, target, authority, version: Version::HTTP_2, headers, upgrade })
}

/// RFC 9113, 8.3.1: Host must not differ from `:authority`.
fn authority(uri: &http::Uri, headers: &mut HeaderMap) -> Result<Bytes, Error> {
    let mut hosts = headers.get_all(HOST).iter();
    let (host, second) = (hosts.next().cloned(), hosts.next());
    if second.is_some() {
        return Err(Error::Malformed("more than one host field"));
    }
    let authority = match (uri.authority(), &host) {
        (Some(authority), Some(host))
            if !host.as_bytes().eq_ignore_ascii_case(authority.as_str().as_bytes()) =>
        {
            return Err(Error::Malformed("host differs from authority"));
        }
        (Some(authority), _) => Bytes::copy_from_slice(authority.as_str().as_bytes()),
        (None, Some(host)) => Bytes::copy_from_slice(host.as_bytes()),
        (None, None) => return Err(Error::Malformed("no authority")),
    };
    headers.remove(HOST);
    if parse::is_authority(&authority) { Ok(authority) } else { Err(Error::Malformed("authority")) }
}

/// RFC 9113, 8.2.3: cookies that came apart are put together again before they go anywhere else.
fn join_cookies(headers: &mut HeaderMap) {
    if headers.get_all(COOKIE).iter().nth(1).is_none() {
        return;
    }
    let crumbs: Vec<&[u8]> = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes).collect();
    if let Ok(joined) = HeaderValue::from_maybe_shared(Bytes::from(crumbs.join(&b"; "[..]))) {
        headers.insert(COOKIE, joined);
    }
}

fn request_body(
    mut incoming: RecvStream,
    length: Option<HeaderValue>,
    expects_continue: Option<Arc<Respond>>,
) -> Result<Body, Error> {
    // A stream that was reset says that it is at its end, too; asking for data tells the two apart.
    if incoming.is_end_stream() && incoming.data().now_or_never().is_none_or(|data| data.is_none())
    {
        return Ok(Body::Empty);
    }
    if incoming.is_end_stream() {
        return Err(Error::Malformed("http/2 stream"));
    }
    // The h2 crate holds the stream to what it announces.
    let left = length.and_then(|length| length.to_str().ok()?.parse().ok());
    Ok(Body::stream(Incoming { stream: incoming, left, ended: false, expects_continue }))
}

fn response(head: ResponseHead, length: Option<HeaderValue>) -> Response<()> {
    let mut response = Response::new(());
    *response.status_mut() = head.status;
    *response.version_mut() = Version::HTTP_2;
    *response.headers_mut() = head.headers;
    if let Some(length) = length {
        response.headers_mut().insert(CONTENT_LENGTH, length);
    }
    response
}

fn known_length(body: &Body, head: &ResponseHead) -> Option<HeaderValue> {
    let says_none =
        head.status == 204 || head.status == 304 || head.headers.contains_key("grpc-status");
    body.exact_len().filter(|_| !says_none).map(HeaderValue::from)
}

/// A request body; reading it gives the client window for more.
struct Incoming {
    stream: RecvStream,
    left: Option<u64>,
    /// Seen to have ended. The stream itself says so of one that was reset as well, and a body that broke off must never
    /// pass for a whole one.
    ended: bool,
    /// The client waits to be told to send.
    expects_continue: Option<Arc<Respond>>,
}

impl HttpBody for Incoming {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if let Some(respond) = self.expects_continue.take() {
            respond.send(interim(StatusCode::CONTINUE));
        }
        match std::task::ready!(self.stream.poll_data(cx)) {
            Some(Ok(data)) => {
                // It fails only on a stream that is closed, where no window is needed.
                let _ = self.stream.flow_control().release_capacity(data.len());
                self.left = self.left.map(|left| left.saturating_sub(data.len() as u64));
                Poll::Ready(Some(Ok(Frame::data(data))))
            }
            Some(Err(error)) => Poll::Ready(Some(Err(body_error(&error)))),
            None => match std::task::ready!(self.stream.poll_trailers(cx)) {
                Ok(Some(trailers)) => Poll::Ready(Some(Ok(Frame::trailers(trailers)))),
                Ok(None) => {
                    self.ended = true;
                    Poll::Ready(None)
                }
                Err(error) => Poll::Ready(Some(Err(body_error(&error)))),
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        self.ended
    }

    fn size_hint(&self) -> SizeHint {
        self.left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

fn interim(status: StatusCode) -> ResponseHead {
    ResponseHead { status, version: Version::HTTP_2, headers: HeaderMap::new() }
}

fn body_error(error: &h2::Error) -> BodyError {
    match error.reason() {
        Some(Reason::PROTOCOL_ERROR) if !error.is_remote() => BodyError::Malformed("http/2 stream"),
        _ => BodyError::ClientGone,
    }
}
