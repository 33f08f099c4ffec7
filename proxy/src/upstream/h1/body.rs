//! The body of an answer, and what becomes of its connection.

use std::{
    pin::{Pin, pin},
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{HeaderName, StatusCode};
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::io::AsyncReadExt;

use super::{
    Connection,
    exchange::{Answer, READ_BYTES},
    upload::{Upload, UploadError},
};
use crate::{
    clock,
    error::with_causes,
    upstream::{
        FarEnd, Response, Tunnel, TunnelGuard, deadline::Silence, endpoint::Held, keepalive,
        outlier::Seen,
    },
    wire::{
        Body, BodyError,
        framing::{BodyDecoder, Decoded},
        stream::Rewind,
    },
};

/// A response body that owns its connection.
struct Download {
    decoder: BodyDecoder,
    exchange: Option<Exchange>,
    silence: Silence,
    /// How much one read asks for; grows while reads come back full.
    read_bytes: usize,
}

struct Exchange {
    connection: Box<Connection>,
    upload: Upload,
    persistent: bool,
    held: Held,
}

impl Answer {
    /// The answer as the caller gets it. A body that has arrived whole is taken at once, and the connection is idle before
    /// the caller sees it.
    pub(in crate::upstream) fn into_response(self, held: Held) -> Response {
        let Self { head, length, connection, upload, persistent } = self;
        if let Some(timeout) =
            head.headers.get(KEEP_ALIVE).and_then(|v| keepalive::parse(v.as_bytes()))
        {
            held.endpoint.vitals.learn_said(timeout, clock::now());
        }
        if head.status == StatusCode::SWITCHING_PROTOCOLS {
            let Connection { stream, inbox, slot, .. } = *connection;
            let guard = TunnelGuard { _held: held, _slot: Some(slot), _lease: None };
            let far_end = FarEnd::Connection(Rewind::new(stream, inbox));
            let tunnel = Some(Box::new(Tunnel { far_end, guard }));
            return Response { head, body: Body::Empty, tunnel };
        }
        let silence = Silence::new(held.cluster.settings.timeouts.idle);
        let mut download = Download {
            decoder: BodyDecoder::new(length),
            exchange: Some(Exchange { connection, upload, persistent, held }),
            silence,
            read_bytes: READ_BYTES,
        };
        let body = match download.take_whole() {
            Some(bytes) => Body::from(bytes),
            None => Body::stream(download),
        };
        Response { head, body, tunnel: None }
    }
}

impl Download {
    /// The body, if it is at hand to its end.
    fn take_whole(&mut self) -> Option<Bytes> {
        if self.decoder.is_end() {
            self.finish();
            return Some(Bytes::new());
        }
        let left = self.decoder.remaining()?;
        let inbox = &mut self.exchange.as_mut()?.connection.inbox;
        if left > inbox.len() as u64 {
            return None;
        }
        match self.decoder.decode(inbox) {
            Ok(Decoded::Data(data)) if self.decoder.is_end() => {
                self.finish();
                Some(data)
            }
            _ => None,
        }
    }

    /// Ends the exchange: the connection is kept if nothing speaks against it.
    fn finish(&mut self) {
        let Some(Exchange { mut connection, upload, persistent, held }) = self.exchange.take()
        else {
            return;
        };
        // Bytes behind a response belong to no request: keeping them would hand them to somebody else's.
        let clean = persistent && upload.is_done() && connection.inbox.is_empty();
        if clean && connection.slot.take_back(held.cluster.settings.breaker.connections) {
            connection.outbox = upload.into_buffer();
            held.endpoint.checkin(held.worker, held.cluster.settings.pool, connection);
        }
    }

    /// Ends the exchange in failure: the connection is closed.
    fn fail(&mut self, error: BodyError) -> BodyError {
        if let Some(exchange) = self.exchange.take()
            && matches!(error, BodyError::Upstream(_) | BodyError::UpstreamIdle)
        {
            exchange.held.see(Seen::Failure);
        }
        error
    }

    fn poll_step(&mut self, cx: &mut Context<'_>) -> Poll<Result<Decoded, BodyError>> {
        loop {
            let Some(exchange) = &mut self.exchange else { return Poll::Ready(Ok(Decoded::End)) };
            exchange.poll_upload(cx)?;
            let inbox = &mut exchange.connection.inbox;
            match self.decoder.decode(inbox).map_err(broke_off)? {
                Decoded::NeedMore => {}
                step => return Poll::Ready(Ok(step)),
            }
            match exchange.poll_read(cx, self.read_bytes) {
                Poll::Ready(Ok(0)) => self.decoder.eof().map_err(broke_off)?,
                Poll::Ready(Ok(read)) => {
                    self.silence.broken();
                    if read >= self.read_bytes {
                        self.read_bytes = (self.read_bytes * 2).min(READ_BYTES_MAX);
                    }
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => {
                    ready!(self.silence.poll(cx));
                    return Poll::Ready(Err(BodyError::UpstreamIdle));
                }
            }
        }
    }
}

impl Exchange {
    fn poll_upload(&mut self, cx: &mut Context<'_>) -> Result<(), BodyError> {
        match self.upload.poll(cx, &mut self.connection.stream) {
            Poll::Ready(Err(UploadError::Body(error))) => Err(error),
            // Whether the answer suffers shows when it is read.
            _ => Ok(()),
        }
    }

    fn poll_read(&mut self, cx: &mut Context<'_>, room: usize) -> Poll<Result<usize, BodyError>> {
        let Connection { stream, inbox, .. } = &mut *self.connection;
        inbox.reserve(room);
        let read = pin!(stream.read_buf(inbox));
        read.poll(cx).map_err(|error| BodyError::Upstream(with_causes(&error)))
    }
}

impl HttpBody for Download {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        let frame = match ready!(this.poll_step(cx)) {
            Ok(Decoded::Data(data)) => Some(Ok(Frame::data(data))),
            Ok(Decoded::Trailers(trailers)) => Some(Ok(Frame::trailers(trailers))),
            Ok(Decoded::End | Decoded::NeedMore) => None,
            Err(error) => Some(Err(this.fail(error))),
        };
        if this.decoder.is_end() {
            this.finish();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.exchange.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        self.decoder.remaining().map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

fn broke_off(what: &'static str) -> BodyError {
    BodyError::Upstream(what.into())
}

const READ_BYTES_MAX: usize = 128 << 10;
const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
