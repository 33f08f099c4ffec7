//! A client's byte stream under the eyes of its [`Budget`]: frames are counted as they pass, both ways.
//!
//! When the budget is spent, nothing more is read: what there is to say goes out, and the rest of what the client sends is thrown
//! away for a while, so that a reset does not overtake the GOAWAY (RFC 9112, 9.6, tells the same of HTTP/1).

use std::{
    io::{self, IoSlice},
    mem::MaybeUninit,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::glitches::{Budget, Glitch};
use crate::{
    clock,
    http::connection::PREFACE,
    wire::{
        h2_frames::{DATA, Frame, Frames, HEADERS},
        stream::Rewind,
    },
};

/// A byte stream whose frames are counted.
#[derive(Debug)]
pub struct Metered {
    stream: Rewind,
    received: Frames,
    sent: Frames,
    budget: Budget,
    begun: clock::Instant,
    spent: Arc<Spent>,
    /// Bytes that may still be thrown away.
    tolerance: usize,
}

/// Whether the budget is spent; the codec has the stream, and others have to know.
#[derive(Debug, Default)]
pub struct Spent(AtomicU8);

/// Thrown away behind the last word, at most.
const TOLERANCE_BYTES: usize = 256 << 10;

impl Spent {
    /// By what it was spent, if it is.
    pub fn by(&self) -> Option<Glitch> {
        let number = usize::from(self.0.load(Ordering::Relaxed)).checked_sub(1)?;
        Glitch::ALL.get(number).copied()
    }

    /// The first one stays.
    fn set(&self, glitch: Glitch) {
        let number = Glitch::ALL.iter().position(|one| *one == glitch).unwrap_or_default();
        let number = u8::try_from(number + 1).unwrap_or(u8::MAX);
        let _ = self.0.compare_exchange(0, number, Ordering::Relaxed, Ordering::Relaxed);
    }
}

impl Metered {
    /// Counts the frames of `stream`, which begins with the preface, against `budget`.
    pub fn new(stream: Rewind, budget: Budget) -> Self {
        Self {
            stream,
            received: Frames::behind(PREFACE.len() as u32),
            sent: Frames::behind(0),
            budget,
            begun: clock::now(),
            spent: Arc::default(),
            tolerance: TOLERANCE_BYTES,
        }
    }

    /// To be asked whether the budget is spent.
    pub fn spent(&self) -> Arc<Spent> {
        Arc::clone(&self.spent)
    }

    fn count_received(&mut self, bytes: &[u8]) {
        let Self { received, budget, spent, begun, .. } = self;
        count(received, bytes, spent, *begun, |frame, now| budget.received(frame, now));
    }

    fn count_sent(&mut self, bytes: &[u8]) {
        let Self { sent, budget, spent, begun, .. } = self;
        count(sent, bytes, spent, *begun, |frame, now| budget.sent(frame, now));
    }

    fn poll_throw_away(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while self.tolerance > 0 {
            let mut bytes = [MaybeUninit::uninit(); 4096];
            let mut buf = ReadBuf::uninit(&mut bytes);
            if ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buf)).is_err() {
                break;
            }
            match buf.filled().len() {
                0 => break,
                read => self.tolerance = self.tolerance.saturating_sub(read),
            }
        }
        Poll::Ready(())
    }
}

fn count(
    frames: &mut Frames,
    bytes: &[u8],
    spent: &Spent,
    begun: clock::Instant,
    mut reckon: impl FnMut(&Frame, clock::Instant) -> Result<(), Glitch>,
) {
    // Heads and data, which is what exchanges are made of, take nothing from the budget: they need not know the time.
    let mut now = None;
    frames.feed(bytes, |frame| {
        let timeless = frame.kind == HEADERS || (frame.kind == DATA && frame.data_bytes() > 0);
        let at = if timeless { begun } else { *now.get_or_insert_with(clock::now) };
        if let Err(glitch) = reckon(&frame, at) {
            spent.set(glitch);
        }
    });
}

impl AsyncRead for Metered {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.spent.by().is_some() {
            // Nobody is to be woken: whoever polls the codec asks, and ends it.
            return Poll::Pending;
        }
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        self.count_received(buf.filled().get(before..).unwrap_or_default());
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Metered {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(cx, buf))?;
        self.count_sent(buf.get(..written).unwrap_or_default());
        Poll::Ready(Ok(written))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write_vectored(cx, bufs))?;
        let mut left = written;
        for buf in bufs {
            let taken = left.min(buf.len());
            self.count_sent(buf.get(..taken).unwrap_or_default());
            left -= taken;
        }
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
        if self.spent.by().is_some() {
            ready!(self.poll_throw_away(cx));
        }
        Poll::Ready(Ok(()))
    }
}
