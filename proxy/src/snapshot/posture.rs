//! When the WAF's posture is looked at: at once when a configuration is put in force, and every minute for as long as it is.

use std::{sync::Arc, time::Duration};

use parking_lot::Mutex;
use tokio::task::AbortHandle;

use crate::{clock, observe::metrics::Metrics, waf::Posture};

/// From the end of a run to the next: what expires is noticed within this time.
const EVERY: Duration = Duration::from_secs(60);

/// The runs of the configuration in force.
#[derive(Debug, Default)]
pub(super) struct Runs(Mutex<Option<(Arc<Posture>, AbortHandle)>>);

impl Runs {
    /// Ends the runs of the configuration before, and begins those of this one.
    pub(super) fn turn_to(&self, posture: Option<&Arc<Posture>>, metrics: &Arc<Metrics>) {
        let next = posture.map(|posture| {
            let task = tokio::spawn(run(Arc::clone(posture), Arc::clone(metrics)));
            (Arc::clone(posture), task.abort_handle())
        });
        if next.is_none() {
            metrics.waf_posture_missed().set(0.0);
        }
        if let Some((before, task)) = std::mem::replace(&mut *self.0.lock(), next) {
            before.retire();
            task.abort();
        }
    }
}

/// Beside the control thread, which has probes and the admin server to serve.
async fn run(posture: Arc<Posture>, metrics: Arc<Metrics>) {
    loop {
        let (one, metrics) = (Arc::clone(&posture), Arc::clone(&metrics));
        if tokio::task::spawn_blocking(move || one.run(&metrics)).await.is_err() {
            tracing::error!("the WAF's posture cannot be looked at");
        }
        tokio::time::sleep_until(clock::now() + EVERY).await;
    }
}

#[cfg(test)]
mod tests;
