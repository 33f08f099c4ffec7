//! Deadlines that know of progress: of a try up to its head, and of silence in a body.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::Sleep;

use crate::{
    clock::{self, Instant},
    error::Error,
};

/// Until when a response head must be there.
///
/// Both spans start anew with every byte of the request that goes out: how long a large upload takes is the client's
/// affair and bounded by the listener. An endpoint that takes nothing more is as silent as one that answers nothing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadline {
    per_try: Duration,
    total: Duration,
    try_at: Instant,
    total_at: Instant,
}

/// Watches for silence in the middle of a body.
///
/// Costs nothing while bytes come: the timer is first set when there is something to wait for, and moved only when it
/// fires.
#[derive(Debug)]
pub(super) struct Silence {
    limit: Duration,
    since: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Deadline {
    /// A deadline of all tries, from now.
    pub(super) fn new(per_try: Duration, total: Duration, now: Instant) -> Self {
        Self { per_try, total, try_at: now + per_try, total_at: now + total }
    }

    /// The same for a try that starts now.
    pub(super) fn next_try(self, now: Instant) -> Self {
        Self { try_at: now + self.per_try, ..self }
    }

    /// When it is over, given when request bytes last went out, and what it is called then.
    pub(super) fn at(&self, progress: Option<Instant>) -> (Instant, Error) {
        let later = |at: Instant, span| progress.map_or(at, |progress| at.max(progress + span));
        let total_at = later(self.total_at, self.total);
        let try_at = later(self.try_at, self.per_try);
        if total_at <= try_at {
            (total_at, Error::TotalTimeout)
        } else {
            (try_at, Error::TryTimeout)
        }
    }

    /// Whether a pause of this length leaves time for another try.
    pub(super) fn leaves_room_for(&self, pause: Duration, now: Instant) -> bool {
        now + pause < self.total_at
    }
}

impl Silence {
    /// A watch that has not begun.
    pub(super) fn new(limit: Duration) -> Self {
        Self { limit, since: None, timer: None }
    }

    /// Bytes came.
    pub(super) fn broken(&mut self) {
        self.since = None;
    }

    /// Nothing comes. Ready when that has been so for too long.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let since = *self.since.get_or_insert_with(clock::now);
        let until = since + self.limit;
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(until)));
        while timer.as_mut().poll(cx).is_ready() {
            if clock::now() >= until {
                return Poll::Ready(());
            }
            timer.as_mut().reset(until);
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: fn(u64) -> Duration = Duration::from_secs;

    #[test]
    fn progress_moves_the_deadline() {
        let now = clock::now();
        let deadline = Deadline::new(S(5), S(8), now);
        assert_eq!(deadline.at(None), (now + S(5), Error::TryTimeout));
        assert_eq!(deadline.at(Some(now + S(4))), (now + S(9), Error::TryTimeout));
        let second = deadline.next_try(now + S(5));
        assert_eq!(second.at(None), (now + S(8), Error::TotalTimeout));
        assert!(second.leaves_room_for(S(1), now + S(5)));
        assert!(!second.leaves_room_for(S(3), now + S(5)));
    }

    #[tokio::test(start_paused = true)]
    async fn silence_is_counted_from_the_last_byte() {
        let mut silence = Silence::new(S(10));
        let start = clock::now();
        let mut ticks = 0;
        let mut tick = tokio::time::interval(S(6));
        loop {
            tokio::select! {
                biased;
                () = std::future::poll_fn(|cx| silence.poll(cx)) => break,
                _ = tick.tick(), if ticks < 3 => {
                    ticks += 1;
                    silence.broken();
                }
            }
        }
        assert_eq!(clock::now() - start, S(22));
    }
}
