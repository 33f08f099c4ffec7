//! Waiting for events, with a deadline and a name for what was waited for.

use std::{future::Future, time::Duration};

/// The longest time that any single step of a test may take.
pub const DEADLINE: Duration = Duration::from_secs(10);

/// Waits for `future`, at most [`DEADLINE`].
pub async fn within<F: Future>(what: &str, future: F) -> F::Output {
    tokio::time::timeout(DEADLINE, future)
        .await
        .unwrap_or_else(|_| panic!("{what}: not within {DEADLINE:?}"))
}

/// Asks `condition` again and again until it holds, at most [`DEADLINE`]: for what gives no event to wait for.
pub async fn eventually(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    const POLL: Duration = Duration::from_millis(10);
    let mut ticks = tokio::time::interval(POLL);
    within(what, async {
        while !condition().await {
            ticks.tick().await;
        }
    })
    .await;
}

/// Holds that `condition` stays true for `span`: the one way to test that something does *not* happen.
pub async fn throughout(what: &str, span: Duration, mut condition: impl AsyncFnMut() -> bool) {
    let mut ticks = tokio::time::interval(Duration::from_millis(10));
    let end = tokio::time::Instant::now() + span;
    while tokio::time::Instant::now() < end {
        assert!(condition().await, "{what}: did not hold for {span:?}");
        ticks.tick().await;
    }
}
