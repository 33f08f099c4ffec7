//! One thread's counters.

use std::{fmt::Display, sync::mpsc::Sender, time::Duration};

use super::{Failure, Flooded, Latency, Tally};
use crate::clock::Instant;

/// A thread's counters for all classes and phases, and for the second that is running.
#[derive(Debug)]
pub struct Recorder {
    start: Instant,
    /// By class, then by phase.
    tallies: Vec<Vec<Tally>>,
    second: u64,
    second_end: Instant,
    slices: Vec<Slice>,
    thread: usize,
    /// Requests that were sent and have not ended.
    open: u64,
    past: Sender<Second>,
}

/// When a request was due and when it was sent, and in which class and phase.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// Its class.
    pub class: usize,
    /// The phase in which it was due.
    pub phase: usize,
    /// When it was due.
    pub due: Instant,
    /// When it was sent, or its connection begun.
    pub sent: Instant,
    /// Which of the class's requests, where each is judged for itself.
    pub request: Option<usize>,
}

/// An answer, as far as it is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// Status.
    pub status: u16,
    /// Bytes read.
    pub bytes: u64,
}

/// What a thread saw in one second.
#[derive(Debug)]
pub struct Second {
    /// The thread.
    pub thread: usize,
    /// From the start of the run, from 0.
    pub second: u64,
    /// By class.
    pub slices: Vec<Slice>,
}

/// What a thread saw of a class in one second.
#[derive(Debug, Clone, Default)]
pub struct Slice {
    /// Requests sent.
    pub started: u64,
    /// Answers by hundreds of their status, 1xx to 5xx.
    pub statuses: [u64; 5],
    /// Requests that failed, and slow clients that were cut off.
    pub failed: u64,
    /// Latency of what was answered.
    pub latency: Latency,
}

impl Slice {
    /// Adds what another has counted.
    pub fn merge(&mut self, other: &Self) {
        self.started += other.started;
        self.failed += other.failed;
        for (ours, theirs) in self.statuses.iter_mut().zip(other.statuses) {
            *ours += theirs;
        }
        self.latency.merge(&other.latency);
    }

    fn is_empty(&self) -> bool {
        self.started == 0 && self.failed == 0 && self.statuses == [0; 5]
    }
}

impl Recorder {
    /// Counters at zero. Seconds that are past go to `past`.
    pub fn new(
        (classes, phases): (usize, usize),
        thread: usize,
        start: Instant,
        past: Sender<Second>,
    ) -> Self {
        Self {
            start,
            tallies: vec![vec![Tally::default(); phases]; classes],
            second: 0,
            second_end: start + SECOND,
            slices: vec![Slice::default(); classes],
            thread,
            open: 0,
            past,
        }
    }

    /// A request is sent now.
    pub fn started(&mut self, moment: &Moment) {
        self.roll(moment.sent);
        self.open += 1;
        if let Some((tally, slice)) = self.of(moment) {
            tally.started += 1;
            tally.last_sent = tally.last_sent.max(Some(moment.sent));
            tally.delay.record(moment.sent.saturating_duration_since(moment.due));
            slice.started += 1;
        }
    }

    /// The request that is about to be sent had to wait for a connection.
    pub fn late(&mut self, moment: &Moment) {
        if let Some((tally, _)) = self.of(moment) {
            tally.late += 1;
        }
    }

    /// A request is answered now.
    pub fn answered(&mut self, moment: &Moment, now: Instant, answer: Answer) {
        self.roll(now);
        self.open = self.open.saturating_sub(1);
        let latency = now.saturating_duration_since(moment.due);
        let service = now.saturating_duration_since(moment.sent);
        if let Some((tally, slice)) = self.of(moment) {
            *tally.statuses.entry(answer.status).or_default() += 1;
            tally.bytes += answer.bytes;
            if let Some(request) = moment.request {
                *tally.by_request.entry((request, answer.status)).or_default() += 1;
            }
            tally.latency.record(latency);
            tally.service.record(service);
            let hundreds = usize::from(answer.status / 100).wrapping_sub(1);
            if let Some(count) = slice.statuses.get_mut(hundreds) {
                *count += 1;
            }
            slice.latency.record(latency);
        }
    }

    /// A request has failed now. One that took too long counts with the time that it took.
    pub fn failed(&mut self, moment: &Moment, now: Instant, failure: Failure, cause: &dyn Display) {
        self.roll(now);
        if failure != Failure::Unsent {
            self.open = self.open.saturating_sub(1);
        }
        if let Some((tally, slice)) = self.of(moment) {
            *tally.failures.entry(failure).or_default() += 1;
            tally.causes.entry(failure).or_insert_with(|| cause.to_string());
            slice.failed += 1;
            if failure == Failure::Timeout {
                tally.latency.record(now.saturating_duration_since(moment.due));
                tally.service.record(now.saturating_duration_since(moment.sent));
                slice.latency.record(now.saturating_duration_since(moment.due));
            }
        }
    }

    /// A slow client was cut off now, which is what a server should do with it.
    pub fn cut(&mut self, moment: &Moment, now: Instant) {
        self.roll(now);
        self.open = self.open.saturating_sub(1);
        if let Some((tally, slice)) = self.of(moment) {
            tally.cut += 1;
            slice.failed += 1;
            tally.latency.record(now.saturating_duration_since(moment.due));
        }
    }

    /// A slow client still held its connection when it was called off.
    pub fn held(&mut self, moment: &Moment, now: Instant) {
        self.open = self.open.saturating_sub(1);
        if let Some((tally, _)) = self.of(moment) {
            tally.held += 1;
            tally.latency.record(now.saturating_duration_since(moment.due));
        }
    }

    /// A connection that floods has ended now; what it sent and what came of it.
    pub fn flooded(&mut self, moment: &Moment, flooded: &Flooded) {
        if let Some((tally, _)) = self.of(moment) {
            tally.flooded.merge(flooded);
        }
    }

    /// Requests that were sent and have not ended.
    pub fn open(&self) -> u64 {
        self.open
    }

    /// Hands over the seconds that are past.
    pub fn roll(&mut self, now: Instant) {
        while now >= self.second_end {
            self.hand_over();
        }
    }

    /// Hands over the second that is running, and the totals: by class, then by phase.
    pub fn finish(&mut self, now: Instant) -> Vec<Vec<Tally>> {
        self.roll(now);
        if self.slices.iter().any(|slice| !slice.is_empty()) {
            self.hand_over();
        }
        std::mem::take(&mut self.tallies)
    }

    fn hand_over(&mut self) {
        let fresh = vec![Slice::default(); self.slices.len()];
        let slices = std::mem::replace(&mut self.slices, fresh);
        // If nobody listens any more the run is being torn down.
        let _ = self.past.send(Second { thread: self.thread, second: self.second, slices });
        self.second += 1;
        self.second_end = self.start + SECOND * u32::try_from(self.second + 1).unwrap_or(u32::MAX);
    }

    fn of(&mut self, moment: &Moment) -> Option<(&mut Tally, &mut Slice)> {
        let tally = self.tallies.get_mut(moment.class)?.get_mut(moment.phase)?;
        Some((tally, self.slices.get_mut(moment.class)?))
    }
}

const SECOND: Duration = Duration::from_secs(1);
