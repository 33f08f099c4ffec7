//! Passive ejection: an endpoint that fails in a row leaves the rotation for a while. Pure: time is an argument.

use std::time::Duration;

use crate::{clock::Instant, config};

/// `[clusters.NAME.outlier]`.
#[derive(Debug, Clone, Copy)]
pub struct Policy {
    /// 5xx answers in a row that eject; 0 turns it off.
    pub consecutive_5xx: u32,
    /// Failures in a row that eject; 0 turns it off.
    pub consecutive_failures: u32,
    /// First time out of rotation.
    pub eject: Duration,
    /// Largest share ejected at once, in hundredths of a percent.
    pub max_ejected_basis_points: u16,
}

/// How a request ended, as seen from here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// An answer below 500.
    Success,
    /// An answer of 500 or above.
    ServerError,
    /// No answer: no connection, a reset, a timeout, or nonsense.
    Failure,
}

/// What was seen of an endpoint.
#[derive(Debug, Clone, Default)]
pub struct Record {
    server_errors: u32,
    failures: u32,
    /// Ejections in a row.
    ejections: u32,
    /// The last one: from, until.
    ejected: Option<(Instant, Instant)>,
}

impl Policy {
    /// The policy as configured.
    pub fn new(config: &config::Outlier) -> Self {
        Self {
            consecutive_5xx: config.consecutive_5xx,
            consecutive_failures: config.consecutive_failures,
            eject: config.eject.0,
            max_ejected_basis_points: config.max_ejected.basis_points(),
        }
    }

    /// Whether one more of `total` endpoints may be ejected while `ejected` are: one always, the last never.
    pub fn has_room(&self, total: usize, ejected: usize) -> bool {
        let share = total * usize::from(self.max_ejected_basis_points) / 10_000;
        ejected < share.max(1).min(total.saturating_sub(1))
    }
}

impl Record {
    /// Whether anything but success is on record, so that a success has something to wipe out.
    pub fn is_troubled(&self) -> bool {
        self.server_errors > 0 || self.failures > 0
    }

    /// Takes note of how a request ended. True where the endpoint should be ejected.
    pub fn see(&mut self, seen: Seen, policy: &Policy) -> bool {
        match seen {
            Seen::Success => {
                self.server_errors = 0;
                self.failures = 0;
            }
            Seen::ServerError => {
                self.server_errors += 1;
                // The endpoint was reached and spoke HTTP.
                self.failures = 0;
            }
            Seen::Failure => self.failures += 1,
        }
        let reached = |count, limit| limit > 0 && count >= limit;
        reached(self.server_errors, policy.consecutive_5xx)
            || reached(self.failures, policy.consecutive_failures)
    }

    /// Takes the endpoint out of rotation: for `policy.eject`, doubled with each ejection in a row up to ten times that. A
    /// row ends when the endpoint has been back for as long as it had been out.
    pub fn eject(&mut self, policy: &Policy, now: Instant) {
        let row_ended = self.ejected.is_none_or(|(from, until)| now >= until + (until - from));
        self.ejections = if row_ended { 0 } else { self.ejections.saturating_add(1) };
        let factor = 1u32.checked_shl(self.ejections).unwrap_or(FACTOR_MAX).min(FACTOR_MAX);
        self.ejected = Some((now, now + policy.eject * factor));
        self.server_errors = 0;
        self.failures = 0;
    }

    /// Until when the endpoint is out of rotation, if it is.
    pub fn ejected_until(&self, now: Instant) -> Option<Instant> {
        self.ejected.map(|(_, until)| until).filter(|until| *until > now)
    }
}

const FACTOR_MAX: u32 = 10;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::clock;

    fn policy() -> Policy {
        Policy::new(&config::Outlier::default())
    }

    #[test]
    fn five_in_a_row_eject_and_a_success_starts_over() {
        let mut record = Record::default();
        for _ in 0..4 {
            assert!(!record.see(Seen::ServerError, &policy()));
        }
        assert!(record.is_troubled());
        record.see(Seen::Success, &policy());
        assert!(!record.is_troubled());
        for _ in 0..4 {
            assert!(!record.see(Seen::Failure, &policy()));
        }
        assert!(record.see(Seen::Failure, &policy()));
    }

    #[test]
    fn zero_turns_it_off() {
        let policy = Policy { consecutive_5xx: 0, consecutive_failures: 0, ..policy() };
        let mut record = Record::default();
        for _ in 0..100 {
            assert!(!record.see(Seen::ServerError, &policy));
            assert!(!record.see(Seen::Failure, &policy));
        }
    }

    #[test]
    fn time_out_doubles_in_a_row_and_is_capped() {
        let policy = policy();
        let mut now = clock::now();
        let mut record = Record::default();
        let mut spans = Vec::new();
        for _ in 0..6 {
            record.eject(&policy, now);
            let until = record.ejected_until(now).unwrap();
            spans.push((until - now).as_secs());
            now = until;
        }
        assert_eq!(spans, [30, 60, 120, 240, 300, 300]);
        // Back for as long as it was out: a new row.
        now += Duration::from_secs(300);
        record.eject(&policy, now);
        assert_eq!(record.ejected_until(now), Some(now + Duration::from_secs(30)));
    }

    proptest! {
        #[test]
        fn one_may_always_go_but_never_the_last(total in 1usize..200, bp in 0u16..=10_000) {
            let policy = Policy { max_ejected_basis_points: bp, ..policy() };
            let mut ejected = 0;
            while policy.has_room(total, ejected) {
                ejected += 1;
            }
            prop_assert!(ejected < total);
            prop_assert!(total == 1 || ejected >= 1);
            prop_assert!(ejected <= 1.max(total * usize::from(bp) / 10_000));
        }
    }
}
