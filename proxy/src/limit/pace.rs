//! Bodies at the bandwidth of their key: what is too fast is held up and never refused.
//!
//! A piece of a body is charged when it passes, and the next one waits until that is paid for. So pieces stay whole, and a
//! body is late by one piece at most.

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
    filter::rate_limit::{Bucket, Place, bucket},
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
        Self { inner, pacers, worker, pause: None, pausing: false }
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
        let Poll::Ready(frame) = Pin::new(&mut this.inner).poll_frame(cx) else {
            return Poll::Pending;
        };
        if let Some(Ok(frame)) = &frame
            && let Some(data) = frame.data_ref()
        {
            let now = clock::now();
            let bytes = data.len() as u64;
            this.pacers.iter().for_each(|pacer| pacer.charge(now, bytes, this.worker));
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
