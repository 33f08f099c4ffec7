//! An answer onto an HTTP/1 connection: its framing, and the pump that moves its body.

use std::{future::poll_fn, pin::Pin, task::Poll};

use http::{HeaderMap, Method, StatusCode};
use http_body::Body as _;

use super::{H1, Next, poll_client_gone};
use crate::{
    clock::{self, Instant},
    http::{context::Exchange, handle, reply::Reply},
    listener::{Phase, reached},
    wire::{
        Body, BodyError,
        encode::{self, Persistence, ResponseLength},
        framing::BodyLength,
    },
};

/// What a response does to its connection, decided before its head is written.
struct Framing {
    length: BodyLength,
    keep: bool,
    bodiless: bool,
}

impl H1 {
    /// Sends an answer; what becomes of the connection then.
    pub(super) async fn respond(
        &mut self,
        mut exchange: Exchange,
        method: &Method,
        reply: Reply,
        keep: bool,
        explicit: bool,
    ) -> Next {
        let framing = self.frame(method, &reply, keep, explicit);
        let persistence = match (framing.keep, explicit) {
            (false, _) => Persistence::Close,
            (true, true) => Persistence::KeepAliveExplicit,
            (true, false) => Persistence::KeepAlive,
        };
        let sent = self.send(&mut exchange, reply, &framing, persistence).await;
        // The exchange ends with its last byte, whatever is still to be read of its request.
        drop(exchange);
        if sent.is_err() {
            return Next::Reset;
        }
        if framing.keep && self.skip_rest_of_body().await { Next::Request } else { Next::Close }
    }

    fn frame(&self, method: &Method, reply: &Reply, keep: bool, http_10: bool) -> Framing {
        let status = reply.head.status;
        let bodiless = method == Method::HEAD
            || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        let length = match reply.body.exact_len() {
            Some(0) => BodyLength::None,
            Some(length) => BodyLength::Known(length),
            None if http_10 => BodyLength::UntilClose,
            None => BodyLength::Chunked,
        };
        // RFC 9110, 15.5.9: whoever is told that its body is too slow, or is none, is not to send the rest of it.
        let given_up = matches!(status, StatusCode::BAD_REQUEST | StatusCode::REQUEST_TIMEOUT)
            && !self.transport.body_is_read();
        let keep = keep
            && !given_up
            && (bodiless || length != BodyLength::UntilClose)
            && !self.transport.body_is_withheld()
            && *self.phase.borrow() == Phase::Serving;
        Framing { length, keep, bodiless }
    }

    /// Writes head and body. An error is why the client must not take what it has for the whole.
    async fn send(
        &mut self,
        exchange: &mut Exchange,
        reply: Reply,
        framing: &Framing,
        persistence: Persistence,
    ) -> Result<(), ()> {
        exchange.status = reply.head.status.as_u16();
        let length = match &reply.announced_length {
            _ if !framing.bodiless => ResponseLength::Body(framing.length),
            Some(length) => ResponseLength::Announced(length),
            None => ResponseLength::Unsaid,
        };
        self.transport.queue(|out| encode::response_head(&reply.head, length, persistence, out));
        let body = if framing.bodiless { Body::Empty } else { reply.body };
        let chunked = framing.length == BodyLength::Chunked && !framing.bodiless;
        let result = self.pump(exchange, body, chunked).await;
        match &result {
            Ok(()) => exchange.complete(),
            Err(Stopped::Client) => exchange.client_left(),
            Err(Stopped::Cut) => exchange.flag = Some("drained"),
            Err(Stopped::TooSlow) => exchange.flag = Some("client_slow"),
            Err(Stopped::TooLate) => exchange.flag = Some("exchange_timeout"),
            Err(Stopped::Body(error)) => exchange.broke_off(error),
        }
        result.map_err(|_| ())
    }

    pub(super) async fn pump(
        &mut self,
        exchange: &mut Exchange,
        mut body: Body,
        chunked: bool,
    ) -> Result<(), Stopped> {
        let exchange_deadline = exchange.started + handle::exchange_timeout(exchange);
        let patience = self.connection.listener.config.timeouts.write.0;
        let mut ended = None;
        loop {
            if ended.is_none() && body.is_end_stream() {
                ended = Some(None);
                self.end_body(chunked, None);
            }
            if ended.is_some() && self.transport.queued() == 0 {
                return Ok(());
            }
            let source = if ended.is_none() { Some(&mut body) } else { None };
            let deadline = || exchange_deadline.min(clock::now() + patience);
            match self.step(source, deadline).await? {
                Step::Wrote => {}
                Step::Data(data) if data.is_empty() => {}
                Step::Data(data) => {
                    exchange.bytes_out += data.len() as u64;
                    self.transport.queue_data(data, chunked);
                }
                Step::End(trailers) => {
                    self.end_body(chunked, trailers.as_ref());
                    ended = Some(trailers);
                }
                Step::TimedOut if self.transport.queued() > 0 => {
                    return Err(if clock::now() >= exchange_deadline {
                        Stopped::TooLate
                    } else {
                        Stopped::TooSlow
                    });
                }
                // Nothing to write: it is the upstream that is silent, which is for its own deadline to end.
                Step::TimedOut if clock::now() >= exchange_deadline => {
                    return Err(Stopped::TooLate);
                }
                Step::TimedOut => {}
            }
        }
    }

    /// Whichever comes first: a piece of the body while there is room for it, or progress of what is queued.
    async fn step(
        &mut self,
        mut body: Option<&mut Body>,
        deadline: impl FnOnce() -> Instant,
    ) -> Result<Step, Stopped> {
        let transport = &self.transport;
        let progress = poll_fn(|cx| {
            if let Some(body) = &mut body
                && transport.can_gather()
                && let Poll::Ready(frame) = Pin::new(&mut **body).poll_frame(cx)
            {
                return Poll::Ready(step_of(frame));
            }
            if transport.queued() > 0 {
                return transport.poll_write(cx).map(|wrote| match wrote {
                    Ok(_) => Ok(Step::Wrote),
                    Err(_) => Err(Stopped::Client),
                });
            }
            poll_client_gone(transport, cx).map(|()| Err(Stopped::Client))
        });
        tokio::select! {
            biased;
            step = progress => step,
            () = self.alarm.wait(deadline) => Ok(Step::TimedOut),
            () = reached(&mut self.phase, Phase::Cut) => Err(Stopped::Cut),
        }
    }

    fn end_body(&self, chunked: bool, trailers: Option<&HeaderMap>) {
        if chunked {
            self.transport.queue(|out| encode::last_chunk(trailers, out));
        }
    }
}

/// One step of sending.
enum Step {
    Data(bytes::Bytes),
    End(Option<HeaderMap>),
    Wrote,
    TimedOut,
}

/// Why a response was not sent whole.
pub(super) enum Stopped {
    Client,
    Cut,
    TooSlow,
    TooLate,
    Body(BodyError),
}

fn step_of(
    frame: Option<Result<http_body::Frame<bytes::Bytes>, BodyError>>,
) -> Result<Step, Stopped> {
    match frame {
        None => Ok(Step::End(None)),
        Some(Err(error)) => Err(Stopped::Body(error)),
        Some(Ok(frame)) => Ok(match frame.into_data() {
            Ok(data) => Step::Data(data),
            Err(frame) => Step::End(frame.into_trailers().ok()),
        }),
    }
}
