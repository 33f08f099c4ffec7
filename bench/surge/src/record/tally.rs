//! Totals: of a class in a phase, and of anything that those add up to.

use std::collections::BTreeMap;

use super::Latency;
use crate::clock::Instant;

/// Why a request has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Failure {
    /// No connection.
    Connect,
    /// No TLS session, or not the protocol asked for.
    Tls,
    /// The connection was closed or reset before the answer was complete.
    Closed,
    /// The answer was not complete in time.
    Timeout,
    /// The answer is not HTTP.
    Protocol,
    /// The run ended before a connection was free.
    Unsent,
}

/// All failures and their names in reports and assertions.
pub const FAILURES: [(Failure, &str); 6] = [
    (Failure::Connect, "connect"),
    (Failure::Tls, "tls"),
    (Failure::Closed, "closed"),
    (Failure::Timeout, "timeout"),
    (Failure::Protocol, "protocol"),
    (Failure::Unsent, "unsent"),
];

impl Failure {
    /// Its name.
    pub fn name(self) -> &'static str {
        FAILURES.iter().find(|(failure, _)| *failure == self).map_or("", |(_, name)| name)
    }
}

/// Totals.
///
/// Every request that was due is in `started` or failed as [`Failure::Unsent`]; every one that was started ends in `statuses`,
/// `failures` or `cut`.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// Requests that were sent, or for which a connection was begun.
    pub started: u64,
    /// Of those, the ones that had to wait for a connection.
    pub late: u64,
    /// When the last of them was sent.
    pub last_sent: Option<Instant>,
    /// Answers by status.
    pub statuses: BTreeMap<u16, u64>,
    /// Requests without an answer.
    pub failures: BTreeMap<Failure, u64>,
    /// What the system said when one first failed in this way.
    pub causes: BTreeMap<Failure, String>,
    /// Slow clients whose connection was closed on them.
    pub cut: u64,
    /// Slow clients that still held a connection when they were called off.
    pub held: u64,
    /// Answers by request and status, where each request is judged for itself.
    pub by_request: BTreeMap<(usize, u16), u64>,
    /// What floods sent, and what came of it.
    pub flooded: Flooded,
    /// Bytes of answers, heads included, as far as HTTP/1.1 counts them; of bodies with HTTP/2.
    pub bytes: u64,
    /// From the intended start to the last byte of the answer, or to the timeout.
    pub latency: Latency,
    /// From sending to the last byte.
    pub service: Latency,
    /// From the intended start to sending.
    pub delay: Latency,
}

/// What a flood sent and what came of it.
#[derive(Debug, Clone, Default)]
pub struct Flooded {
    /// Units sent: of frames, or of connections.
    pub units: u64,
    /// Bytes sent.
    pub bytes: u64,
    /// Answers that began.
    pub answers: u64,
    /// Streams that the server reset, by reason (RFC 9113, 7).
    pub resets: BTreeMap<u32, u64>,
    /// Connections that the server said it ends, by reason.
    pub goaways: BTreeMap<u32, u64>,
}

impl Flooded {
    /// Adds what another has counted.
    pub fn merge(&mut self, other: &Self) {
        self.units += other.units;
        self.bytes += other.bytes;
        self.answers += other.answers;
        for (reason, count) in &other.resets {
            *self.resets.entry(*reason).or_default() += count;
        }
        for (reason, count) in &other.goaways {
            *self.goaways.entry(*reason).or_default() += count;
        }
    }
}

impl Tally {
    /// Adds what another has counted.
    pub fn merge(&mut self, other: &Self) {
        self.started += other.started;
        self.late += other.late;
        self.last_sent = self.last_sent.max(other.last_sent);
        self.cut += other.cut;
        self.held += other.held;
        self.bytes += other.bytes;
        self.flooded.merge(&other.flooded);
        for (which, count) in &other.by_request {
            *self.by_request.entry(*which).or_default() += count;
        }
        for (status, count) in &other.statuses {
            *self.statuses.entry(*status).or_default() += count;
        }
        for (failure, count) in &other.failures {
            *self.failures.entry(*failure).or_default() += count;
        }
        for (failure, cause) in &other.causes {
            self.causes.entry(*failure).or_insert_with(|| cause.clone());
        }
        self.latency.merge(&other.latency);
        self.service.merge(&other.service);
        self.delay.merge(&other.delay);
    }

    /// All that were due.
    pub fn requests(&self) -> u64 {
        self.started + self.failed_with(Failure::Unsent)
    }

    /// Answers of any status.
    pub fn answered(&self) -> u64 {
        self.statuses.values().sum()
    }

    /// Requests without an answer.
    pub fn failed(&self) -> u64 {
        self.failures.values().sum()
    }

    /// Requests that failed in this way.
    pub fn failed_with(&self, failure: Failure) -> u64 {
        self.failures.get(&failure).copied().unwrap_or(0)
    }

    /// Answers whose status is in this range.
    pub fn with_status(&self, statuses: std::ops::RangeInclusive<u16>) -> u64 {
        self.statuses.range(statuses).map(|(_, count)| count).sum()
    }
}
