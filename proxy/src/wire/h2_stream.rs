//! One stream of HTTP/2 as a stream of bytes, as behind extended CONNECT (RFC 8441, 5): DATA frames are the bytes, END_STREAM
//! is the end of one direction, a reset the end of both. Heads are not its affair.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use h2::{RecvStream, SendStream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A stream of an HTTP/2 connection as a stream of bytes. Dropped before both directions have ended, it is reset.
#[derive(Debug)]
pub struct H2Stream {
    incoming: RecvStream,
    outgoing: SendStream<Bytes>,
    read: Bytes,
}

impl H2Stream {
    /// Both halves of one stream, behind their heads.
    pub fn new(incoming: RecvStream, outgoing: SendStream<Bytes>) -> Self {
        Self { incoming, outgoing, read: Bytes::new() }
    }
}

impl AsyncRead for H2Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        while self.read.is_empty() {
            match ready!(self.incoming.poll_data(cx)) {
                Some(Ok(data)) => {
                    // It fails only on a stream that is closed, where no window is needed.
                    let _ = self.incoming.flow_control().release_capacity(data.len());
                    self.read = data;
                }
                Some(Err(error)) => return Poll::Ready(Err(io::Error::other(error))),
                None => return Poll::Ready(Ok(())),
            }
        }
        let take = self.read.len().min(buf.remaining());
        buf.put_slice(&self.read.split_to(take));
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for H2Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.outgoing.reserve_capacity(data.len());
        // A window may have opened and be gone again: nothing written would mean the end.
        while self.outgoing.capacity() == 0 {
            match ready!(self.outgoing.poll_capacity(cx)) {
                Some(Ok(_)) => {}
                Some(Err(error)) => return Poll::Ready(Err(io::Error::other(error))),
                None => return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
            }
        }
        let window = self.outgoing.capacity();
        let piece = Bytes::copy_from_slice(&data[..window.min(data.len())]);
        let len = piece.len();
        self.outgoing.send_data(piece, false).map_err(io::Error::other)?;
        Poll::Ready(Ok(len))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.outgoing.send_data(Bytes::new(), true).map_err(io::Error::other))
    }
}
