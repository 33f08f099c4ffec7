//! What a request body may cost: how long it may be, and how slowly it may come.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::time::Sleep;

use crate::{
    clock::{self, Instant},
    config::BodyRate,
    wire::{Body, BodyError},
};

/// A request body that is counted, bounded and must keep a pace.
///
/// The pace is measured over the time that we wait for the client, not over the time that the upstream makes the client
/// wait: a slow origin is not the client's fault.
pub struct Inbound {
    inner: Body,
    received: Arc<Received>,
    bytes_max: u64,
    pace: Pace,
    /// Exists from the first wait on: a body that is there at once costs no timer.
    deadline: Option<Pin<Box<Sleep>>>,
}

/// How far a request body has come, for those who do not read it.
#[derive(Debug, Default)]
pub struct Received {
    bytes: AtomicU64,
    whole: AtomicBool,
}

/// How long a body may keep us waiting; pure.
#[derive(Debug)]
struct Pace {
    grace: Duration,
    bytes_per_second: u64,
    waited: Duration,
    waiting_since: Option<Instant>,
}

impl Received {
    /// Bytes so far.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Whether its end has been seen.
    pub fn is_whole(&self) -> bool {
        self.whole.load(Ordering::Relaxed)
    }
}

impl Inbound {
    /// Bounds `inner`. `received` tells how far it has come.
    pub fn new(inner: Body, bytes_max: u64, rate: &BodyRate, received: Arc<Received>) -> Self {
        Self { inner, received, bytes_max, pace: Pace::new(rate), deadline: None }
    }

    fn poll_too_slow(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let now = clock::now();
        let received = self.received.bytes();
        let Some(at) = self.pace.begin_wait(now, received) else { return Poll::Pending };
        let deadline = self.deadline.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(at)));
        if deadline.deadline() != at {
            deadline.as_mut().reset(at);
        }
        deadline.as_mut().poll(cx)
    }
}

impl HttpBody for Inbound {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = &mut *self;
        let Poll::Ready(frame) = Pin::new(&mut this.inner).poll_frame(cx) else {
            return this.poll_too_slow(cx).map(|()| Some(Err(BodyError::TooSlow)));
        };
        if this.pace.waiting_since.is_some() {
            this.pace.end_wait(clock::now());
        }
        let data = frame.as_ref().and_then(|frame| frame.as_ref().ok()).and_then(Frame::data_ref);
        let len = data.map_or(0, Bytes::len) as u64;
        let received = this.received.bytes.fetch_add(len, Ordering::Relaxed) + len;
        if frame.is_none() || this.inner.is_end_stream() {
            this.received.whole.store(true, Ordering::Relaxed);
        }
        if received > this.bytes_max {
            return Poll::Ready(Some(Err(BodyError::TooLarge)));
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl Pace {
    fn new(rate: &BodyRate) -> Self {
        Self {
            grace: rate.grace.0,
            bytes_per_second: rate.min_rate.0,
            waited: Duration::ZERO,
            waiting_since: None,
        }
    }

    /// Until when the wait that begins or goes on now may last, with `received` bytes so far. `None`: for ever.
    fn begin_wait(&mut self, now: Instant, received: u64) -> Option<Instant> {
        if self.bytes_per_second == 0 {
            return None;
        }
        let since = *self.waiting_since.get_or_insert(now);
        let earned_ms = received.saturating_mul(1_000) / self.bytes_per_second;
        // More than a day of credit is as good as any.
        let allowed = self.grace + Duration::from_millis(earned_ms.min(86_400_000));
        Some(since + allowed.saturating_sub(self.waited))
    }

    fn end_wait(&mut self, now: Instant) {
        if let Some(since) = self.waiting_since.take() {
            self.waited += now.saturating_duration_since(since);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{ByteRate, Duration as Span};

    fn pace() -> Pace {
        Pace::new(&BodyRate { grace: Span::seconds(10), min_rate: ByteRate(100) })
    }

    #[tokio::test(start_paused = true)]
    async fn each_byte_extends_the_deadline() {
        let start = clock::now();
        assert_eq!(pace().begin_wait(start, 0), Some(start + Duration::from_secs(10)));
        assert_eq!(pace().begin_wait(start, 500), Some(start + Duration::from_secs(15)));
    }

    #[tokio::test(start_paused = true)]
    async fn only_waiting_uses_time_up() {
        let (mut pace, start) = (pace(), clock::now());
        pace.begin_wait(start, 0);
        pace.end_wait(start + Duration::from_secs(4));
        // An hour in which nobody read, then six seconds are left.
        let later = start + Duration::from_secs(3600);
        assert_eq!(pace.begin_wait(later, 0), Some(later + Duration::from_secs(6)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_rate_of_zero_waits_for_ever() {
        let mut pace = Pace::new(&BodyRate { grace: Span::seconds(10), min_rate: ByteRate(0) });
        assert_eq!(pace.begin_wait(clock::now(), 0), None);
    }
}
