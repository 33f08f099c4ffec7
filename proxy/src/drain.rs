//! How listeners end: first no new work, then a deadline, then the cut.

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;
use tracing::{info, warn};

use crate::{
    clock,
    listener::{ListenerState, Phase},
};

/// Ends listeners: their exchanges and tunnels have until the deadline, and what is left is cut.
pub async fn drain(listeners: Vec<Arc<ListenerState>>, deadline: Duration) {
    for listener in &listeners {
        listener.advance(Phase::Draining);
    }
    let all = join_all(listeners.iter().map(|listener| listener.drained()));
    let ended = tokio::time::timeout_at(clock::now() + deadline, all).await;
    let left: usize = listeners.iter().map(|listener| listener.open()).sum();
    for listener in &listeners {
        listener.advance(Phase::Cut);
    }
    match ended {
        Ok(_) => info!(listeners = listeners.len(), "drained"),
        Err(_) => {
            warn!(connections = left, "drain deadline passed, cutting what is left");
            let all = join_all(listeners.iter().map(|listener| listener.drained()));
            // The cut is noticed at once, unless a worker is stuck: not a reason to hang.
            let _ = tokio::time::timeout_at(clock::now() + CUT_TIME, all).await;
        }
    }
    for listener in &listeners {
        listener.forget();
    }
}

/// Time for connections to notice the cut.
const CUT_TIME: Duration = Duration::from_secs(1);
