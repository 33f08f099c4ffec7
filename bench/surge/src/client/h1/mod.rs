//! HTTP/1.1: one request at a time on a connection, never pipelined, and nothing allocated for a request once a connection is up.

mod link;
mod pool;
mod response;

use std::rc::Rc;

pub use link::Link;
pub use pool::Pool;
pub use response::{Malformed, Parser};

use super::{Crew, Job, Round};

/// Sends one request after the other on one connection until a time (closed loop).
pub async fn close_loop(crew: Rc<Crew>, round: Round) {
    let source = crew.source(crew.next_source());
    let mut link = None;
    let serve = async |job: &Job, now| link::serve(&mut link, &crew, source, job, now).await;
    crew.close_loop(round, serve).await;
}
