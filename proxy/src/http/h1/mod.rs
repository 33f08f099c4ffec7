//! HTTP/1.1 and HTTP/1.0 towards clients (RFC 9112): one loop per connection, one exchange at a time.

mod response;

use std::{
    future::poll_fn,
    io,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::BytesMut;
use http::{
    Method, Version,
    header::{CONNECTION, CONTENT_LENGTH, EXPECT, TRANSFER_ENCODING},
};
use tokio::sync::watch;

use super::{
    connection::{Connection, DRAIN_GRACE, LINGER, PREFACE},
    context::Exchange,
    h2, handle,
    reply::Reply,
    transport::{RequestBody, Transport},
    upgrade,
};
use crate::{
    alarm::Alarm,
    clock::{self, Instant},
    config::Protocol,
    error::Error,
    listener::{Phase, reached},
    wire::{
        Body, RequestHead, Stream, encode,
        framing::{self, BodyLength},
        parse::{self, HeadLimits, Scan},
    },
};

/// Serves a connection to its end.
pub async fn serve(connection: Arc<Connection>, stream: Stream) {
    let transport = Arc::new(Transport::new(stream, BytesMut::new()));
    let phase = connection.phase();
    let alarm = Alarm::new(clock::now() + connection.listener.config.timeouts.first_byte.0);
    H1 { connection, transport, phase, alarm, served: 0 }.run().await;
}

/// A connection between its exchanges.
struct H1 {
    connection: Arc<Connection>,
    transport: Arc<Transport>,
    phase: watch::Receiver<Phase>,
    alarm: Alarm,
    served: u64,
}

/// What came instead of a request.
enum NoRequest {
    /// The connection ended between requests, or nothing came in time.
    Ended,
    /// The client speaks HTTP/2.
    Http2,
    /// It cannot be read.
    Refused(Error),
}

/// What becomes of the connection behind an exchange.
enum Next {
    Request,
    /// Ended in order: the client may read what we sent.
    Close,
    /// Broken: the client must not take what it has for whole.
    Reset,
    Tunnel(Box<upgrade::Switch>),
}

impl H1 {
    async fn run(mut self) {
        loop {
            let next = match self.next_request().await {
                Ok(head) => self.exchange(head).await,
                Err(NoRequest::Ended) => return,
                Err(NoRequest::Http2) => return self.become_h2().await,
                Err(NoRequest::Refused(error)) => self.refuse_unread(&error).await,
            };
            match next {
                Next::Request => self.served += 1,
                Next::Close => return self.close().await,
                Next::Reset => return self.transport.reset_on_close(),
                Next::Tunnel(switch) => return upgrade::run_h1(&self.transport, *switch).await,
            }
        }
    }

    /// Waits for the next request head, within the deadlines of its first byte and its whole.
    async fn next_request(&mut self) -> Result<RequestHead, NoRequest> {
        let connection = Arc::clone(&self.connection);
        let config = &connection.listener.config;
        let limits = HeadLimits {
            bytes: config.limits.header_bytes.0 as usize,
            fields: config.limits.headers.into(),
        };
        let mut scan = Scan::default();
        let (mut begun, mut drained) = (false, false);
        let wait = if self.served == 0 { config.timeouts.first_byte } else { config.timeouts.idle };
        let mut deadline = clock::now() + wait.0;
        loop {
            if self.transport.with_input(|input| !input.is_empty()) {
                if let Some(head) = self.parse(&mut scan, limits)? {
                    return Ok(head);
                }
                if !std::mem::replace(&mut begun, true) {
                    deadline = clock::now() + config.timeouts.header.0;
                }
            }
            match self.wait_for_input(deadline, begun || drained).await {
                Input::Some => {}
                Input::Drained => {
                    // A request may be on its way: closing now would lose it, and its answer can say that this is the end.
                    drained = true;
                    deadline = deadline.min(clock::now() + DRAIN_GRACE);
                }
                Input::End => return Err(NoRequest::Ended),
                Input::TooLate if begun => {
                    return Err(NoRequest::Refused(Error::RequestTimeout("head")));
                }
                Input::TooLate => return Err(NoRequest::Ended),
            }
        }
    }

    fn parse(&self, scan: &mut Scan, limits: HeadLimits) -> Result<Option<RequestHead>, NoRequest> {
        if self.served == 0 && self.connection.tls.is_none() {
            match self.transport.with_input(|input| preface(input)) {
                Preface::Whole if self.connection.offers(Protocol::H2) => {
                    return Err(NoRequest::Http2);
                }
                Preface::Part if self.connection.offers(Protocol::H2) => return Ok(None),
                _ => {}
            }
        }
        if !self.connection.offers(Protocol::Http1) {
            return Err(NoRequest::Refused(Error::Version));
        }
        self.transport
            .with_input(|input| parse::request(input, scan, limits))
            .map_err(NoRequest::Refused)
    }

    /// `committed`: draining changes nothing any more, only the cut does.
    async fn wait_for_input(&mut self, deadline: Instant, committed: bool) -> Input {
        let until = if committed { Phase::Cut } else { Phase::Draining };
        tokio::select! {
            biased;
            read = poll_fn(|cx| self.transport.poll_fill(cx)) => match read {
                Ok(0) | Err(_) => Input::End,
                Ok(_) => Input::Some,
            },
            () = self.alarm.wait(|| deadline) => Input::TooLate,
            () = reached(&mut self.phase, until) => if committed { Input::End } else { Input::Drained },
        }
    }

    /// One request and its answer.
    async fn exchange(&mut self, mut head: RequestHead) -> Next {
        let mut exchange = Exchange::begin(Arc::clone(&self.connection), &head);
        let keep = self.wants_to_keep(&head);
        let explicit = head.version == Version::HTTP_10;
        let method = head.method.clone();
        let reply = match self.begin_body(&mut head) {
            Err(error) => {
                let reply = exchange.refuse(&error);
                return self.respond_and_close(exchange, &method, reply).await;
            }
            Ok(body) => self.drive(&mut exchange, head, body).await,
        };
        match reply {
            Some(_) if exchange.dropped => Next::Close,
            Some(reply) if reply.tunnel.is_some() => self.switch(exchange, reply).await,
            Some(reply) => self.respond(exchange, &method, reply, keep, explicit).await,
            None => Next::Reset,
        }
    }

    /// Finds out where the body ends and refuses what is ambiguous, before anything is sent upstream.
    fn begin_body(&self, head: &mut RequestHead) -> Result<Body, Error> {
        let length = framing::request_body(head).map_err(Error::Malformed)?;
        head.headers.remove(CONTENT_LENGTH);
        head.headers.remove(TRANSFER_ENCODING);
        let expects = head.version == Version::HTTP_11
            && head
                .headers
                .get(EXPECT)
                .is_some_and(|expect| expect.as_bytes().eq_ignore_ascii_case(b"100-continue"));
        self.transport.begin_body(length, expects && length != BodyLength::None);
        if length == BodyLength::None {
            head.headers.remove(EXPECT);
            return Ok(Body::Empty);
        }
        self.transport.decode_ahead().map_err(Error::Malformed)?;
        Ok(Body::stream(RequestBody::new(Arc::clone(&self.transport))))
    }

    /// Runs the request path, while watching for the client to leave. `None` if nobody is left to answer.
    async fn drive(
        &mut self,
        exchange: &mut Exchange,
        head: RequestHead,
        body: Body,
    ) -> Option<Reply> {
        let interim = (head.version == Version::HTTP_11)
            .then_some(&*self.transport as &dyn crate::upstream::Informational);
        let outcome = {
            // Boxed: the path's state is large, and a connection should not keep room for it while it is idle.
            let mut path = Box::pin(handle::handle(exchange, head, body, interim));
            let transport = &self.transport;
            tokio::select! {
                biased;
                reply = &mut path => Outcome::Reply(reply),
                () = poll_fn(|cx| poll_client_gone(transport, cx)) => Outcome::Gone,
                () = reached(&mut self.phase, Phase::Cut) => Outcome::Cut,
            }
        };
        match outcome {
            Outcome::Reply(reply) => return Some(reply),
            Outcome::Gone => exchange.client_left(),
            Outcome::Cut => exchange.flag = Some("drained"),
        }
        None
    }

    async fn respond_and_close(
        &mut self,
        exchange: Exchange,
        method: &Method,
        reply: Reply,
    ) -> Next {
        match self.respond(exchange, method, reply, false, false).await {
            Next::Request => Next::Close,
            next => next,
        }
    }

    async fn refuse_unread(&mut self, error: &Error) -> Next {
        let mut exchange = Exchange::unread(Arc::clone(&self.connection));
        let reply = exchange.refuse(error);
        self.respond_and_close(exchange, &Method::GET, reply).await
    }

    /// RFC 9112, 9.3, and our own reasons to close.
    fn wants_to_keep(&self, head: &RequestHead) -> bool {
        let asked = match head.version {
            Version::HTTP_10 => parse::list_has(&head.headers, CONNECTION, "keep-alive"),
            _ => !parse::list_has(&head.headers, CONNECTION, "close"),
        };
        !head.is_of_unknown_version()
            && asked
            && self.served + 1 < self.connection.listener.config.limits.requests
    }

    /// An answer may come before its request has been read. A short rest is read over, for the next request stands behind
    /// it; a long one is cheaper to cut off.
    async fn skip_rest_of_body(&mut self) -> bool {
        const REST_BYTES_MAX: usize = 256 << 10;
        if self.transport.body_is_read() {
            return true;
        }
        let mut skipped = 0;
        let deadline = clock::now() + LINGER;
        while !self.transport.body_is_read() && skipped < REST_BYTES_MAX {
            let transport = &self.transport;
            tokio::select! {
                step = poll_fn(|cx| transport.poll_discard(cx)) => match step {
                    Ok(Some(bytes)) => skipped += bytes,
                    Ok(None) => {}
                    Err(_) => return false,
                },
                () = self.alarm.wait(|| deadline) => return false,
            }
        }
        self.transport.body_is_read()
    }

    /// RFC 9112, 9.6: closes the sending half first, so that a client that is still sending reads our answer and no reset.
    async fn close(mut self) {
        let transport = Arc::clone(&self.transport);
        let linger = async {
            poll_fn(|cx| transport.poll_shutdown(cx)).await?;
            while poll_fn(|cx| transport.poll_fill(cx)).await? > 0 {
                transport.with_input(BytesMut::clear);
            }
            Ok::<_, io::Error>(())
        };
        tokio::select! {
            _ = linger => {}
            () = self.alarm.wait(|| clock::now() + LINGER) => {}
        }
    }

    async fn switch(&mut self, mut exchange: Exchange, mut reply: Reply) -> Next {
        let Some(tunnel) = reply.tunnel.take() else { return Next::Reset };
        exchange.status = reply.head.status.as_u16();
        self.transport
            .queue(|out| encode::bare_response_head(reply.head.status, &reply.head.headers, out));
        match self.pump(&mut exchange, Body::Empty, false).await {
            Ok(()) => Next::Tunnel(Box::new(upgrade::Switch {
                exchange,
                tunnel: *tunnel,
                phase: self.phase.clone(),
            })),
            Err(_) => Next::Reset,
        }
    }

    async fn become_h2(self) {
        if let Some((stream, input)) = self.transport.take() {
            h2::serve(self.connection, stream, input).await;
        }
    }
}

/// What came while waiting for a head.
enum Input {
    Some,
    End,
    TooLate,
    Drained,
}

/// How the request path ended.
#[allow(
    clippy::large_enum_variant,
    reason = "lives for one call, and a box would cost every request an allocation"
)]
enum Outcome {
    Reply(Reply),
    Gone,
    Cut,
}

/// Ready once the client has closed its side. Requests sent ahead are kept, up to what one read brings.
fn poll_client_gone(transport: &Transport, cx: &mut Context<'_>) -> Poll<()> {
    const AHEAD_BYTES_MAX: usize = 16 << 10;
    while transport.body_is_read() && transport.with_input(|input| input.len() < AHEAD_BYTES_MAX) {
        if !matches!(ready!(transport.poll_fill(cx)), Ok(1..)) {
            return Poll::Ready(());
        }
    }
    Poll::Pending
}

/// How the first bytes of a connection compare to the preface of HTTP/2.
enum Preface {
    None,
    Part,
    Whole,
}

fn preface(input: &[u8]) -> Preface {
    if input.starts_with(PREFACE) {
        Preface::Whole
    } else if PREFACE.starts_with(input) {
        Preface::Part
    } else {
        Preface::None
    }
}
