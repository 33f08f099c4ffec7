//! The only reader of the clock. Schedules and records are told the time, so that tests can choose it.

pub use std::time::Instant;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Monotonic time.
#[allow(clippy::disallowed_methods, reason = "the one place that reads the monotonic clock")]
pub fn now() -> Instant {
    Instant::now()
}

/// Time since 1970-01-01T00:00:00Z.
#[allow(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
pub fn since_epoch() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
