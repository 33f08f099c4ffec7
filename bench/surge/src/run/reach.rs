//! Whether targets answer at all: one connection to each before a run, closed without a request.

use std::{io, time::Duration};

use tokio::runtime;

use super::worker::endpoint;
use crate::scenario::Scenario;

/// The classes whose target takes no connection, each with the reason. Tries every target once.
pub fn unreachable(scenario: &Scenario) -> io::Result<Vec<(usize, String)>> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    let mut failed = Vec::new();
    for (index, class) in scenario.classes.iter().enumerate() {
        let outcome = match endpoint(scenario, index) {
            Ok(endpoint) => runtime.block_on(async {
                let timeout = class.timeout.min(PATIENCE);
                let source = class.sources.first().copied();
                let connected = tokio::time::timeout(timeout, endpoint.connect(source)).await;
                match connected {
                    Ok(Ok(_)) => Ok(()),
                    Ok(Err(broken)) => Err(broken.cause.to_string()),
                    Err(_) => Err(format!("no connection within {timeout:?}")),
                }
            }),
            Err(error) => Err(error.to_string()),
        };
        failed.extend(outcome.err().map(|reason| (index, reason)));
    }
    Ok(failed)
}

const PATIENCE: Duration = Duration::from_secs(3);
