//! The only reader of the clock.

use tokio::time::Instant;

/// Monotonic time.
#[allow(clippy::disallowed_methods, reason = "the one place that reads the monotonic clock")]
pub(crate) fn now() -> Instant {
    Instant::now()
}
