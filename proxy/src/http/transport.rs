//! The byte stream of an HTTP/1 connection, shared by the loop that writes responses and the request body that reads.
//!
//! The two never work at once: while a body is unread, only it reads; the loop reads between requests and when a request has
//! no body. The lock is therefore never waited for; it is there because the body may be polled by another task (an HTTP/2
//! upstream connection, a mirror) than the loop.

use std::{
    collections::VecDeque,
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes, BytesMut};
use http_body::{Body as HttpBody, Frame, SizeHint};
use parking_lot::Mutex;
use tokio::io::AsyncWrite;
use tokio_util::io::poll_read_buf;

use crate::upstream::Informational;
use crate::wire::{
    BodyError, ResponseHead, Stream, encode,
    framing::{BodyDecoder, BodyLength, Decoded},
};

/// The byte stream of an HTTP/1 connection with its buffers.
#[derive(Debug)]
pub struct Transport(Mutex<Io>);

#[derive(Debug)]
struct Io {
    /// Gone once the connection has become a tunnel.
    stream: Option<Stream>,
    input: BytesMut,
    output: Output,
    body: BodyState,
}

/// Where the body of the request in hand is.
#[derive(Debug)]
struct BodyState {
    decoder: BodyDecoder,
    /// The client waits for 100 Continue before it sends (RFC 9110, 10.1.1).
    expects_continue: bool,
    /// What has been decoded before anybody asked for it.
    ahead: VecDeque<Decoded>,
}

/// Bytes on their way out: small ones gathered in front, then at most a few large ones by reference.
#[derive(Debug, Default)]
struct Output {
    small: BytesMut,
    large: Bytes,
    tail: &'static [u8],
}

/// Bytes read at once.
const READ_BYTES: usize = 16 << 10;
/// A piece of a body up to this size is copied behind the head, so that both leave in one write and one TLS record.
const COPY_BYTES_MAX: usize = 4 << 10;

impl Transport {
    /// A transport over `stream`; `input` has been read from it already.
    pub fn new(stream: Stream, input: BytesMut) -> Self {
        let body = BodyState::new(BodyLength::None, false);
        Self(Mutex::new(Io { stream: Some(stream), input, output: Output::default(), body }))
    }

    /// Works on what has been read and not been used.
    pub fn with_input<T>(&self, work: impl FnOnce(&mut BytesMut) -> T) -> T {
        work(&mut self.0.lock().input)
    }

    /// Reads once; `Ok(0)` is the end of the stream. The buffer exists only while there is something in it, so an idle
    /// connection holds none.
    pub fn poll_fill(&self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        self.0.lock().poll_fill(cx)
    }

    /// Begins a request body of this length.
    pub fn begin_body(&self, length: BodyLength, expects_continue: bool) {
        self.0.lock().body = BodyState::new(length, expects_continue);
    }

    /// Decodes what of the body has come along with the head, so that a malformed one is refused before the request has
    /// gone anywhere. The decoded pieces are slices of what was read; this copies and waits for nothing.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn decode_ahead(&self) -> Result<(), &'static str> {
        let mut io = self.0.lock();
        let io = &mut *io;
        while !io.input.is_empty() && !io.body.decoder.is_end() {
            match io.body.decoder.decode(&mut io.input)? {
                Decoded::NeedMore => break,
                step => io.body.ahead.push_back(step),
            }
        }
        Ok(())
    }

    /// Whether the request body has been read to its end, so that what follows is the next request.
    pub fn body_is_read(&self) -> bool {
        self.0.lock().body.is_end()
    }

    /// Whether the client still waits to be told to send its body.
    pub fn body_is_withheld(&self) -> bool {
        let io = self.0.lock();
        io.body.expects_continue && !io.body.is_end()
    }

    /// Reads and drops one step of the rest of the request body.
    pub fn poll_discard(&self, cx: &mut Context<'_>) -> Poll<Result<Option<usize>, BodyError>> {
        let frame = ready!(self.0.lock().poll_body(cx));
        Poll::Ready(
            frame
                .transpose()
                .map(|frame| frame.map(|frame| frame.into_data().map_or(0, |data| data.len()))),
        )
    }

    /// Puts bytes into the gathering buffer.
    pub fn queue(&self, write: impl FnOnce(&mut BytesMut)) {
        write(&mut self.0.lock().output.small);
    }

    /// Queues a piece of a body, as a chunk of its own where `chunked`. The previous piece must have been flushed.
    pub fn queue_data(&self, data: Bytes, chunked: bool) {
        let output = &mut self.0.lock().output;
        debug_assert!(output.large.is_empty(), "one large piece at a time");
        if chunked {
            encode::chunk_head(data.len(), &mut output.small);
        }
        let tail = if chunked { encode::CHUNK_END } else { b"" };
        if data.len() <= COPY_BYTES_MAX {
            output.small.extend_from_slice(&data);
            output.small.extend_from_slice(tail);
        } else {
            output.large = data;
            output.tail = tail;
        }
    }

    /// Bytes queued and not yet written.
    pub fn queued(&self) -> usize {
        self.0.lock().output.len()
    }

    /// Whether another piece of a body may be queued before a flush.
    pub fn can_gather(&self) -> bool {
        let output = &self.0.lock().output;
        output.large.is_empty() && output.small.len() < READ_BYTES
    }

    /// Writes what is queued. Ready with how many bytes left, each time some did; `Ok(0)` when nothing is queued any more.
    pub fn poll_write(&self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        self.0.lock().poll_write(cx)
    }

    /// Ends the sending half, with a close_notify over TLS.
    pub fn poll_shutdown(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.0.lock().stream {
            Some(stream) => Pin::new(stream).poll_shutdown(cx),
            None => Poll::Ready(Ok(())),
        }
    }

    /// Makes the close that follows a reset, so that a truncated response cannot pass for a whole one.
    pub fn reset_on_close(&self) {
        if let Some(stream) = &self.0.lock().stream {
            // If the socket is gone already, so is the client.
            let _ =
                socket2::SockRef::from(stream.tcp()).set_linger(Some(std::time::Duration::ZERO));
        }
    }

    /// Takes the stream, with what was read from it and not used, to make it a tunnel.
    pub fn take(&self) -> Option<(Stream, BytesMut)> {
        let mut io = self.0.lock();
        let input = std::mem::take(&mut io.input);
        io.stream.take().map(|stream| (stream, input))
    }
}

impl Informational for Transport {
    /// Writes at once, as far as the socket takes it; the rest leaves with the next write.
    fn send(&self, head: ResponseHead) {
        let mut io = self.0.lock();
        encode::bare_response_head(head.status, &head.headers, &mut io.output.small);
        // An error shows again at the next write, where it is dealt with.
        let _ = io.poll_write(&mut Context::from_waker(std::task::Waker::noop()));
    }
}

impl Io {
    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let Some(stream) = &mut self.stream else { return Poll::Ready(Ok(0)) };
        // Reading through a buffer on the stack would copy; reserving first would keep 16 KiB for every idle connection.
        // So wait for readiness with an empty buffer, where the stream can tell without one.
        if self.input.capacity() == 0
            && let Stream::Tcp(tcp) = stream
        {
            ready!(tcp.poll_read_ready(cx))?;
        }
        self.input.reserve(READ_BYTES);
        let read = poll_read_buf(Pin::new(stream), cx, &mut self.input);
        if self.input.is_empty() {
            self.input = BytesMut::new();
        }
        read
    }

    fn poll_body(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        loop {
            match self.body.next(&mut self.input) {
                Ok(Decoded::Data(data)) => return Poll::Ready(Some(Ok(Frame::data(data)))),
                Ok(Decoded::Trailers(trailers)) => {
                    return Poll::Ready(Some(Ok(Frame::trailers(trailers))));
                }
                Ok(Decoded::End) => return Poll::Ready(None),
                Ok(Decoded::NeedMore) => {}
                Err(what) => return Poll::Ready(Some(Err(BodyError::Malformed(what)))),
            }
            self.tell_to_continue(cx)?;
            match ready!(self.poll_fill(cx)) {
                Ok(0) | Err(_) => return Poll::Ready(Some(Err(BodyError::ClientGone))),
                Ok(_) => {}
            }
        }
    }

    /// Somebody wants the body: that is the moment to let the client send it.
    fn tell_to_continue(&mut self, cx: &mut Context<'_>) -> Result<(), BodyError> {
        if std::mem::take(&mut self.body.expects_continue) {
            self.output.small.extend_from_slice(b"HTTP/1.1 100 Continue\r\n\r\n");
        }
        if self.output.len() > 0
            && let Poll::Ready(result) = self.poll_write(cx)
        {
            result.map_err(|_| BodyError::ClientGone)?;
        }
        Ok(())
    }

    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let Some(stream) = &mut self.stream else {
            return Poll::Ready(Err(io::ErrorKind::NotConnected.into()));
        };
        let mut stream = Pin::new(stream);
        if self.output.len() == 0 {
            ready!(stream.poll_flush(cx))?;
            return Poll::Ready(Ok(0));
        }
        let slices = [
            IoSlice::new(&self.output.small),
            IoSlice::new(&self.output.large),
            IoSlice::new(self.output.tail),
        ];
        let written = match ready!(stream.as_mut().poll_write_vectored(cx, &slices)) {
            Ok(0) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
            Ok(written) => written,
            Err(error) => return Poll::Ready(Err(error)),
        };
        self.output.advance(written);
        if self.output.len() == 0 && stream.as_mut().poll_flush(cx)?.is_pending() {
            return Poll::Pending;
        }
        Poll::Ready(Ok(written))
    }
}

impl BodyState {
    fn new(length: BodyLength, expects_continue: bool) -> Self {
        Self { decoder: BodyDecoder::new(length), expects_continue, ahead: VecDeque::new() }
    }

    fn next(&mut self, input: &mut BytesMut) -> Result<Decoded, &'static str> {
        self.ahead.pop_front().map_or_else(|| self.decoder.decode(input), Ok)
    }

    fn is_end(&self) -> bool {
        self.ahead.is_empty() && self.decoder.is_end()
    }

    /// Bytes still to come, where that is known and no trailers follow them.
    fn remaining(&self) -> Option<u64> {
        self.ahead.iter().try_fold(self.decoder.remaining()?, |sum, step| match step {
            Decoded::Data(data) => Some(sum + data.len() as u64),
            Decoded::Trailers(_) => None,
            Decoded::NeedMore | Decoded::End => Some(sum),
        })
    }
}

impl Output {
    fn len(&self) -> usize {
        self.small.len() + self.large.len() + self.tail.len()
    }

    fn advance(&mut self, mut written: usize) {
        let small = written.min(self.small.len());
        self.small.advance(small);
        written -= small;
        let large = written.min(self.large.len());
        self.large.advance(large);
        written -= large;
        self.tail = &self.tail[written..];
        if self.len() == 0 {
            // An idle connection holds no buffer.
            *self = Self::default();
        }
    }
}

/// The request body, read off the transport as it is polled.
#[derive(Debug)]
pub struct RequestBody(std::sync::Arc<Transport>);

impl RequestBody {
    /// The body that was begun on this transport.
    pub fn new(transport: std::sync::Arc<Transport>) -> Self {
        Self(transport)
    }
}

impl HttpBody for RequestBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        self.0.0.lock().poll_body(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.0.body_is_read()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.0.lock().body.remaining().map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
