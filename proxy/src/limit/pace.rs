//! Bodies at the bandwidth of their key: what is too fast is held up and never refused.
//!
//! A piece of a body is charged when it passes, and the next one waits until that is paid for. Pieces are small enough for some
//! to pass all the time: deadlines that ask for progress see it.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use smallvec::SmallVec;
use tokio::time::Sleep;

use super::Limit;
use crate::{
    clock,
    error::{OverLimit, Quota},
    filter::rate_limit::{Bucket, Place, Span, bucket},
    wire::{Body, BodyError},
};

/// A limit with a bandwidth, and whom it counts.
#[derive(Debug, Clone)]
pub struct Pacer {
    limit: Arc<Limit>,
    hash: u64,
}

/// A body that keeps to its pacers.
pub struct Paced {
    inner: Body,
    pacers: SmallVec<[Pacer; 1]>,
    worker: usize,
    /// What has come and not passed.
    rest: Bytes,
    piece_max: usize,
    /// Exists from the first wait on.
    pause: Option<Pin<Box<Sleep>>>,
    pausing: bool,
}

impl Pacer {
    /// The pacer of a limit that has a bandwidth.
    pub fn of(limit: &Arc<Limit>, hash: u64) -> Option<Self> {
        limit.bandwidth?;
        Some(Self { limit: Arc::clone(limit), hash })
    }

    /// How long the next piece has to wait.
    fn wait(&self, now: clock::Instant) -> Duration {
        let wait = self.with(now, |bucket, place, now| bucket.wait(place, now));
        if self.limit.dry_run {
            Duration::ZERO
        } else {
            Duration::from_nanos(wait.map_or(0, |w| w.0))
        }
    }

    /// The limit, where the next piece would have to wait.
    pub fn held_up(&self, now: clock::Instant) -> Option<Box<OverLimit>> {
        let wait = self.wait(now);
        let max = self.limit.bandwidth.as_ref()?.tokens(Span(SECOND));
        (!wait.is_zero()).then(|| self.limit.over(Quota::Bandwidth { max }, wait))
    }

    /// Bytes that come in an eighth of a second.
    fn piece_max(&self) -> usize {
        let bytes = self.limit.bandwidth.as_ref().map(|bucket| bucket.tokens(Span(SECOND / 8)));
        bytes.and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(usize::MAX).max(1)
    }

    fn charge(&self, now: clock::Instant, bytes: u64, worker: usize) {
        self.limit.verdicts.bytes.add(worker, bytes);
        self.with(now, |bucket, place, now| bucket.force(place, now, bucket.span(bytes)));
    }

    /// The slot is looked for each time: in a pause it may have become another's.
    fn with<T>(
        &self,
        now: clock::Instant,
        work: impl FnOnce(&Bucket, &Place<'_>, u64) -> T,
    ) -> Option<T> {
        let (bucket, table) = (self.limit.bandwidth.as_ref()?, self.limit.state.bytes.as_ref()?);
        let now = self.limit.state.time(now);
        Some(work(bucket, &table.place(self.hash, &bucket::At(now)), now))
    }
}

impl Paced {
    /// Holds `inner` to `pacers`.
    pub fn new(inner: Body, pacers: SmallVec<[Pacer; 1]>, worker: usize) -> Self {
        let piece_max = pacers.iter().map(Pacer::piece_max).min().unwrap_or(usize::MAX);
        let rest = Bytes::new();
        Self { inner, pacers, worker, rest, piece_max, pause: None, pausing: false }
    }

    fn poll_pause(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.pausing {
            let now = clock::now();
            let waits = self.pacers.iter().map(|pacer| (pacer.wait(now), pacer));
            let Some((wait, pacer)) = waits.max_by_key(|(wait, _)| *wait) else {
                return Poll::Ready(());
            };
            if wait.is_zero() {
                return Poll::Ready(());
            }
            pacer.limit.verdicts.waits.inc(self.worker);
            let until = now + wait;
            let pause = self.pause.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(until)));
            pause.as_mut().reset(until);
            self.pausing = true;
        }
        let Some(pause) = &mut self.pause else { return Poll::Ready(()) };
        let over = pause.as_mut().poll(cx);
        self.pausing = over.is_pending();
        over
    }
}

impl HttpBody for Paced {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = &mut *self;
        if this.poll_pause(cx).is_pending() {
            return Poll::Pending;
        }
        if this.rest.is_empty() {
            let frame = std::task::ready!(Pin::new(&mut this.inner).poll_frame(cx));
            match frame.map(|frame| frame.map(Frame::into_data)) {
                Some(Ok(Ok(data))) => this.rest = data,
                Some(Ok(Err(trailers))) => return Poll::Ready(Some(Ok(trailers))),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
        let piece = this.rest.split_to(this.piece_max.min(this.rest.len()));
        let (now, bytes) = (clock::now(), piece.len() as u64);
        this.pacers.iter().for_each(|pacer| pacer.charge(now, bytes, this.worker));
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (rest, inner) = (self.rest.len() as u64, self.inner.size_hint());
        let mut hint = SizeHint::new();
        if let Some(upper) = inner.upper() {
            hint.set_upper(upper.saturating_add(rest));
        }
        hint.set_lower(inner.lower().saturating_add(rest));
        hint
    }
}

/// In nanoseconds.
const SECOND: u64 = 1_000_000_000;
