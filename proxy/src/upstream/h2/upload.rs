//! The sending half of an HTTP/2 exchange.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use ::h2::{Reason, SendStream};
use bytes::Bytes;
use http_body::Body as HttpBody;

use crate::{
    clock::{self, Instant},
    wire::{Body, BodyError},
};

/// A request body on its way.
pub(super) struct Upload {
    stream: SendStream<Bytes>,
    body: Body,
    chunk: Bytes,
    done: bool,
    /// Whether any of the body went out.
    pub(super) started: bool,
    /// When some of it last did.
    pub(super) progress: Option<Instant>,
}

impl Upload {
    /// Sends `body` on `stream`; an empty one was announced with the head.
    pub(super) fn new(stream: SendStream<Bytes>, body: Body) -> Self {
        let done = body.is_empty();
        Self { stream, body, chunk: Bytes::new(), done, started: false, progress: None }
    }

    /// Sends what can be sent. Ready when nothing more will be: all is, or the endpoint takes no more.
    ///
    /// # Errors
    /// The request body failed; the stream is reset.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BodyError>> {
        while !self.done {
            if self.chunk.is_empty() {
                ready!(self.poll_body(cx))?;
            } else if !ready!(self.poll_send(cx)) {
                // Reset or closed: whether that is a failure is for the answer to say.
                self.finish();
            }
        }
        Poll::Ready(Ok(()))
    }

    fn poll_body(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BodyError>> {
        let frame = match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
            Some(Ok(frame)) => frame,
            Some(Err(error)) => {
                self.stream.send_reset(Reason::CANCEL);
                self.finish();
                return Poll::Ready(Err(error));
            }
            None => {
                // An error here means that the stream is closed already, which the answer will tell.
                let _ = self.stream.send_data(Bytes::new(), true);
                self.finish();
                return Poll::Ready(Ok(()));
            }
        };
        match frame.into_data() {
            Ok(data) => self.chunk = data,
            Err(frame) => {
                if let Ok(trailers) = frame.into_trailers() {
                    let _ = self.stream.send_trailers(trailers);
                }
                self.finish();
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Sends some of the chunk; false where the endpoint takes no more.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        self.stream.reserve_capacity(self.chunk.len());
        while self.stream.capacity() == 0 {
            match ready!(self.stream.poll_capacity(cx)) {
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Poll::Ready(false),
            }
        }
        let room = self.stream.capacity().min(self.chunk.len());
        let part = self.chunk.split_to(room);
        let last = self.chunk.is_empty() && self.body.is_end_stream();
        let sent = self.stream.send_data(part, last).is_ok();
        self.started = true;
        self.progress = Some(clock::now());
        if last {
            self.finish();
        }
        Poll::Ready(sent)
    }

    /// Ends a stream that was to be a tunnel and has become an ordinary exchange.
    pub(super) fn close(&mut self) {
        // An error here means that the stream is closed already, which the answer will tell.
        let _ = self.stream.send_data(Bytes::new(), true);
    }

    /// The stream, for what follows the head of a tunnel.
    pub(super) fn into_stream(self) -> SendStream<Bytes> {
        self.stream
    }

    fn finish(&mut self) {
        self.done = true;
        self.body = Body::Empty;
        self.chunk = Bytes::new();
    }
}
