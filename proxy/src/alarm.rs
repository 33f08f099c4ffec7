//! A timer for deadlines that are moved often and seldom reached.

use std::{
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::time::{Sleep, sleep_until};

use crate::clock::Instant;

/// A deadline and the timer that watches it.
///
/// Moving the deadline to a later time, which is what nearly every step of an exchange does, leaves the timer where it is:
/// when that goes off too early, it is set anew. So a request costs comparisons, and no work on the runtime's timers.
#[derive(Debug)]
pub struct Alarm {
    deadline: Instant,
    timer: Pin<Box<Sleep>>,
}

impl Alarm {
    /// An alarm at `deadline`.
    pub fn new(deadline: Instant) -> Self {
        Self { deadline, timer: Box::pin(sleep_until(deadline)) }
    }

    /// Moves the deadline.
    pub fn set(&mut self, deadline: Instant) {
        self.deadline = deadline;
        if deadline < self.timer.deadline() {
            self.timer.as_mut().reset(deadline);
        }
    }

    /// Ready once the deadline has passed.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while self.timer.as_mut().poll(cx).is_ready() {
            if self.timer.deadline() >= self.deadline {
                return Poll::Ready(());
            }
            self.timer.as_mut().reset(self.deadline);
        }
        Poll::Pending
    }

    /// Waits for the deadline, which is asked for when there is nothing better to do than to wait: what is ready at once
    /// need not know the time.
    pub async fn wait(&mut self, deadline: impl FnOnce() -> Instant) {
        self.set(deadline());
        poll_fn(|cx| self.poll(cx)).await;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock;

    const S: fn(u64) -> Duration = Duration::from_secs;

    #[tokio::test(start_paused = true)]
    async fn the_last_deadline_counts() {
        let start = clock::now();
        let mut alarm = Alarm::new(start);
        for (at, until) in [(10, 3), (5, 5), (60, 60), (60, 60), (61, 61)] {
            alarm.set(start + S(at));
            alarm.wait(|| start + S(until)).await;
            assert_eq!(clock::now(), start + S(until), "{at} {until}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_deadline_moved_while_waiting_is_kept() {
        let start = clock::now();
        let mut alarm = Alarm::new(start + S(5));
        let early = tokio::time::timeout_at(start + S(2), alarm.wait(|| start + S(5))).await;
        assert!(early.is_err());
        alarm.wait(|| start + S(20)).await;
        assert_eq!(clock::now(), start + S(20));
        alarm.wait(|| start + S(1)).await;
        assert_eq!(clock::now(), start + S(20), "what has passed is over at once");
    }
}
