//! Whether a failed try is followed by another. Pure: what is known about the try goes in, a verdict comes out.

use std::{collections::BTreeSet, time::Duration};

use http::{Method, StatusCode};

use crate::{
    config::{self, RetryOn},
    error::Error,
};

/// `[clusters.NAME.retry]`.
#[derive(Debug, Clone)]
pub struct Policy {
    on: BTreeSet<RetryOn>,
    max: u32,
    budget_basis_points: u32,
    /// Body bytes kept for another try.
    pub body_bytes: u64,
}

/// What is known about a failed try.
#[derive(Debug, Clone, Copy)]
pub struct Facts {
    /// How it failed.
    pub failure: RetryOn,
    /// Whether repeating the request does what doing it once does (RFC 9110, 9.2.2).
    pub idempotent: bool,
    /// Whether the endpoint cannot have acted on it: it was not sent, or refused unread.
    pub unsent: bool,
    /// Whether the body can be sent again.
    pub replayable: bool,
    /// Tries so far, the first included.
    pub tries: u32,
    /// Requests of the cluster in flight.
    pub in_flight: u32,
    /// Further tries of the cluster under way.
    pub retrying: u32,
}

impl Policy {
    /// The policy as configured.
    pub fn new(config: &config::Retry) -> Self {
        Self {
            on: config.on.clone(),
            max: config.max,
            budget_basis_points: config.budget.basis_points().into(),
            body_bytes: config.body_bytes.0,
        }
    }

    /// Whether to try again.
    pub fn allows(&self, facts: &Facts) -> bool {
        let wanted = self.on.contains(&facts.failure) && facts.tries <= self.max;
        let safe = facts.replayable && (facts.idempotent || facts.unsent);
        wanted && safe && self.has_budget(facts)
    }

    /// RFC-less but universal: retries are a share of the load, so that a failing cluster is not asked twice as much as a
    /// sound one (Envoy's and Linkerd's retry budgets).
    fn has_budget(&self, facts: &Facts) -> bool {
        let share = u64::from(facts.in_flight) * u64::from(self.budget_basis_points) / 10_000;
        u64::from(facts.retrying) < share.max(BUDGET_MIN)
    }
}

/// Whether a method may be repeated (RFC 9110, 9.2.2).
pub fn is_idempotent(method: &Method) -> bool {
    matches!(
        *method,
        Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE | Method::PUT | Method::DELETE
    )
}

/// The name under which an error is retried.
pub fn of_error(error: &Error) -> Option<RetryOn> {
    match error {
        Error::Connect(_) | Error::ConnectTimeout => Some(RetryOn::Connect),
        Error::Reset(_) => Some(RetryOn::Reset),
        Error::TryTimeout => Some(RetryOn::Timeout),
        _ => None,
    }
}

/// The name under which a status is retried.
pub fn of_status(status: StatusCode) -> Option<RetryOn> {
    match status.as_u16() {
        502 => Some(RetryOn::Status502),
        503 => Some(RetryOn::Status503),
        504 => Some(RetryOn::Status504),
        _ => None,
    }
}

/// How long to wait before the next try, `tries` having failed: 25 ms up to a ceiling that doubles with each try and ends at
/// 250 ms, spread by `chance` so that requests that failed together do not come back together.
pub fn backoff(tries: u32, chance: u64) -> Duration {
    let ceiling = (BACKOFF_MS << tries.min(8)).min(BACKOFF_MAX_MS);
    Duration::from_millis(BACKOFF_MS + chance % (ceiling - BACKOFF_MS + 1))
}

const BUDGET_MIN: u64 = 3;
const BACKOFF_MS: u64 = 25;
const BACKOFF_MAX_MS: u64 = 250;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn facts() -> Facts {
        Facts {
            failure: RetryOn::Reset,
            idempotent: true,
            unsent: false,
            replayable: true,
            tries: 1,
            in_flight: 1,
            retrying: 0,
        }
    }

    fn policy() -> Policy {
        Policy::new(&config::Retry::default())
    }

    #[test]
    fn only_named_failures_are_retried() {
        assert!(policy().allows(&facts()));
        assert!(!policy().allows(&Facts { failure: RetryOn::Status503, ..facts() }));
        assert!(!policy().allows(&Facts { failure: RetryOn::Timeout, ..facts() }));
    }

    #[test]
    fn what_may_have_had_effect_is_not_repeated() {
        assert!(!policy().allows(&Facts { idempotent: false, ..facts() }));
        assert!(policy().allows(&Facts { idempotent: false, unsent: true, ..facts() }));
        assert!(!policy().allows(&Facts { replayable: false, ..facts() }));
        assert!(!policy().allows(&Facts { replayable: false, unsent: true, ..facts() }));
    }

    #[test]
    fn max_counts_further_tries() {
        assert!(policy().allows(&Facts { tries: 2, ..facts() }));
        assert!(!policy().allows(&Facts { tries: 3, ..facts() }));
    }

    #[test]
    fn budget_is_a_share_of_the_load_but_at_least_three() {
        assert!(policy().allows(&Facts { retrying: 2, ..facts() }));
        assert!(!policy().allows(&Facts { retrying: 3, ..facts() }));
        assert!(policy().allows(&Facts { retrying: 19, in_flight: 100, ..facts() }));
        assert!(!policy().allows(&Facts { retrying: 20, in_flight: 100, ..facts() }));
    }

    #[test]
    fn post_and_patch_are_not_idempotent() {
        for method in [Method::POST, Method::PATCH, Method::CONNECT] {
            assert!(!is_idempotent(&method), "{method}");
        }
        assert!(is_idempotent(&Method::PUT));
    }

    proptest! {
        #[test]
        fn backoff_stays_in_bounds(tries in 0u32..40, chance: u64) {
            let wait = backoff(tries, chance).as_millis();
            prop_assert!((25..=250).contains(&wait), "{wait}");
        }
    }
}
