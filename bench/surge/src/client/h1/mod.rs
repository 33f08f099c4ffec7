//! HTTP/1.1: one request at a time on a connection, never pipelined, and nothing allocated for a request once a connection is up.

mod link;
mod pool;
mod response;

use std::{rc::Rc, time::Duration};

pub use link::Link;
pub use pool::Pool;
pub use response::{Malformed, Parser};

use super::{Crew, Job};
use crate::clock::{self, Instant};

/// Sends one request after the other on one connection until a time (closed loop).
pub async fn close_loop(crew: Rc<Crew>, phase: usize, until: Instant, think: Duration) {
    let source = crew.source(crew.next_source());
    let mut link = None;
    let mut now = clock::now();
    while now < until && !crew.context.stopped() {
        let job = Job { due: now, phase, request: crew.next_request() };
        let moment = crew.started(&job, now);
        let outcome = link::serve(&mut link, &crew, source, &job, now).await;
        let failed = outcome.is_err();
        now = crew.ended(&moment, outcome);
        let pause = if failed { think.max(AFTER_FAILURE) } else { think };
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
            now = clock::now();
        }
    }
}

/// A server that refuses is not asked again at once: the loop would spin.
pub const AFTER_FAILURE: Duration = Duration::from_millis(10);
