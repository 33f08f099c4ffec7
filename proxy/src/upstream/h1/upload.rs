//! The sending half of an exchange: request head and body, in as few writes as they come.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes, BytesMut};
use http_body::{Body as HttpBody, Frame};
use tokio::io::AsyncWrite;

use crate::{
    clock::{self, Instant},
    wire::{
        Body, BodyError, RequestHead, Stream,
        encode::{self, CHUNK_END, Persistence},
        framing::BodyLength,
    },
};

/// Request head and body on their way.
pub(super) struct Upload {
    body: Body,
    length: BodyLength,
    left: u64,
    stage: Stage,
    /// Head, then chunk heads: what stands before `data`.
    head: BytesMut,
    data: Bytes,
    /// What stands behind `data`.
    tail: &'static [u8],
    unflushed: bool,
    /// Bytes written.
    pub(super) written: u64,
    /// When the last of them were.
    pub(super) progress: Option<Instant>,
}

/// How to begin.
#[derive(Debug, Clone, Copy)]
pub(super) struct Begin {
    /// The body is kept back until [`Upload::release`].
    pub(super) held: bool,
    /// No request follows on the connection.
    pub(super) last: bool,
}

/// Why a request could not be sent to its end.
#[derive(Debug)]
pub(super) enum UploadError {
    /// Its body failed.
    Body(BodyError),
    /// The endpoint takes no more.
    Io(io::Error),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The body waits for 100 (Continue).
    Held,
    /// The body is read and sent.
    Open,
    /// All has been read; what is queued goes out.
    Closing,
    /// All is sent.
    Done,
    /// Given up.
    Broken,
}

impl Upload {
    /// Queues the head in `buffer`.
    pub(super) fn new(head: &RequestHead, body: Body, begin: Begin, mut buffer: BytesMut) -> Self {
        let persistence = if begin.last { Persistence::Close } else { Persistence::KeepAlive };
        let length = match body.exact_len() {
            Some(0) => BodyLength::None,
            Some(length) => BodyLength::Known(length),
            None => BodyLength::Chunked,
        };
        encode::request_head(head, length, persistence, &mut buffer);
        let stage = match length {
            BodyLength::None => Stage::Closing,
            _ if begin.held => Stage::Held,
            _ => Stage::Open,
        };
        let left = if let BodyLength::Known(length) = length { length } else { 0 };
        Self {
            body,
            length,
            left,
            stage,
            head: buffer,
            data: Bytes::new(),
            tail: b"",
            unflushed: false,
            written: 0,
            progress: None,
        }
    }

    /// Lets the body go.
    pub(super) fn release(&mut self) {
        if self.stage == Stage::Held {
            self.stage = Stage::Open;
        }
    }

    /// Gives the buffer back, empty.
    pub(super) fn into_buffer(mut self) -> BytesMut {
        self.head.clear();
        self.head
    }

    /// Whether all is sent.
    pub(super) fn is_done(&self) -> bool {
        self.stage == Stage::Done
    }

    /// Sends what can be sent. Ready when nothing more will be: all is, or nothing more can be.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        stream: &mut Stream,
    ) -> Poll<Result<(), UploadError>> {
        if matches!(self.stage, Stage::Done | Stage::Broken) {
            return Poll::Ready(Ok(()));
        }
        let polled = self.poll_inner(cx, stream);
        if let Poll::Ready(Err(_)) = polled {
            self.stage = Stage::Broken;
            self.body = Body::Empty;
        }
        polled
    }

    fn poll_inner(
        &mut self,
        cx: &mut Context<'_>,
        stream: &mut Stream,
    ) -> Poll<Result<(), UploadError>> {
        loop {
            // Before the first write: head and first bytes go out together where both are at hand.
            self.fill(cx)?;
            if !self.is_drained() {
                ready!(self.poll_write(cx, stream)).map_err(UploadError::Io)?;
                continue;
            }
            if self.unflushed {
                ready!(Pin::new(&mut *stream).poll_flush(cx)).map_err(UploadError::Io)?;
                self.unflushed = false;
            }
            if self.stage != Stage::Closing {
                return Poll::Pending;
            }
            self.stage = Stage::Done;
            return Poll::Ready(Ok(()));
        }
    }

    fn is_drained(&self) -> bool {
        self.head.is_empty() && self.data.is_empty() && self.tail.is_empty()
    }

    /// Takes the next frame of the body, if the last one is gone and there is one.
    fn fill(&mut self, cx: &mut Context<'_>) -> Result<(), UploadError> {
        while self.stage == Stage::Open && self.data.is_empty() && self.tail.is_empty() {
            match Pin::new(&mut self.body).poll_frame(cx) {
                Poll::Pending => break,
                Poll::Ready(Some(Err(error))) => return Err(UploadError::Body(error)),
                Poll::Ready(Some(Ok(frame))) => self.queue(frame)?,
                Poll::Ready(None) => self.close(None)?,
            }
        }
        Ok(())
    }

    fn queue(&mut self, frame: Frame<Bytes>) -> Result<(), UploadError> {
        let data = match frame.into_data() {
            Ok(data) if data.is_empty() => return Ok(()),
            Ok(data) => data,
            Err(frame) => return self.close(frame.into_trailers().ok().as_ref()),
        };
        if self.length == BodyLength::Chunked {
            encode::chunk_head(data.len(), &mut self.head);
            self.tail = CHUNK_END;
        } else {
            let len = data.len() as u64;
            self.left = self.left.checked_sub(len).ok_or(mismatch("longer"))?;
            if self.left == 0 {
                self.stage = Stage::Closing;
            }
        }
        self.data = data;
        Ok(())
    }

    fn close(&mut self, trailers: Option<&http::HeaderMap>) -> Result<(), UploadError> {
        if self.length == BodyLength::Chunked {
            encode::last_chunk(trailers, &mut self.head);
        } else if self.left > 0 {
            return Err(mismatch("shorter"));
        }
        self.stage = Stage::Closing;
        Ok(())
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, stream: &mut Stream) -> Poll<io::Result<()>> {
        let slices = [IoSlice::new(&self.head), IoSlice::new(&self.data), IoSlice::new(self.tail)];
        let stream = Pin::new(stream);
        let written = if self.data.is_empty() && self.tail.is_empty() {
            ready!(stream.poll_write(cx, &self.head))?
        } else {
            ready!(stream.poll_write_vectored(cx, &slices))?
        };
        if written == 0 {
            return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
        }
        self.written += written as u64;
        self.progress = Some(clock::now());
        self.unflushed = true;
        self.advance(written);
        Poll::Ready(Ok(()))
    }

    fn advance(&mut self, written: usize) {
        let in_head = written.min(self.head.len());
        self.head.advance(in_head);
        let in_data = (written - in_head).min(self.data.len());
        self.data.advance(in_data);
        self.tail = self.tail.get(written - in_head - in_data..).unwrap_or_default();
    }
}

fn mismatch(how: &'static str) -> UploadError {
    UploadError::Body(BodyError::Malformed(match how {
        "longer" => "longer than announced",
        _ => "shorter than announced",
    }))
}
