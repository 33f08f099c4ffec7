//! The way of a request through a cluster, try by try.

use std::{sync::Arc, time::Duration};

use smallvec::SmallVec;

use super::{
    Call, Cluster, Report, Request, Response,
    attempt::Try,
    breaker::{Admission, Retrying, Traffic},
    deadline::Deadline,
    endpoint::Endpoint,
    exchange::Failure,
    replay::Source,
    retry::{self, Facts},
};
use crate::{
    clock,
    config::RetryOn,
    error::{Error, Fault},
    wire::Body,
};

/// Sends a request to an endpoint of a cluster, and again to others where the cluster's `retry` allows it, up to the head
/// of an answer.
///
/// An answer of the upstream is passed on as it is, whatever its status. Dropping the future or the answer's body ends the
/// exchange.
///
/// # Errors
/// There is no answer: the last try's failure, or a cap of the breaker ([`Error::Overflow`]).
pub async fn forward(call: Call<'_>, mut request: Request) -> Result<Response, Error> {
    forward_kept(call, &mut request).await
}

/// The same, but leaves the request's head to the caller, who may send it elsewhere. Its body is taken.
///
/// # Errors
/// As [`forward`].
pub async fn forward_kept(call: Call<'_>, request: &mut Request) -> Result<Response, Error> {
    let Call { worker, cluster, hash, per_try, total, informational, report } = call;
    let body = std::mem::replace(&mut request.body, Body::Empty);
    let head = &mut request.head;
    let start = clock::now();
    let timeouts = cluster.settings.timeouts;
    let (per_try, total) = (per_try.unwrap_or(timeouts.per_try), total.unwrap_or(timeouts.total));
    let mut deadline = Deadline::new(per_try, total, start);
    let mut admission = Some(cluster.admit()?);
    let idempotent = retry::is_idempotent(&head.method);
    // What may not be repeated needs no copy: it is sent again only if none of it has left.
    let source = Source::new(body, if idempotent { cluster.settings.retry.body_bytes } else { 0 });
    let no_authority = head.authority.is_empty();
    let mut tries = Tries::default();
    loop {
        let Some(endpoint) = cluster.pick(worker, hash, Traffic::Live, &tries.failed) else {
            return tries.end(Err(Error::NoEndpoint));
        };
        report.tries += 1;
        report.endpoint = Some(endpoint.label.clone());
        if no_authority {
            head.authority = endpoint.authority.clone();
        }
        let (head, source, endpoint) = (&*head, &source, &endpoint);
        let traffic = Traffic::Live;
        let one = Try { cluster, endpoint, worker, traffic, head, source, deadline, informational };
        let outcome = one.run(&mut admission, report).await;
        let next = tries.next(&one, idempotent, &outcome, report.tries);
        let Some(pause) = next else {
            report.first_byte = outcome.is_ok().then(|| clock::now() - start);
            return tries.end(outcome.map_err(|failure| failure.error));
        };
        tries.take(cluster, endpoint.clone(), outcome, &mut admission);
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
        cluster.retries.inc(worker);
        deadline = deadline.next_try(clock::now());
    }
}

/// Sends a copy of a request, once. It is no part of the cluster's load: it is not admitted, waits for no connection, and is
/// not held against its endpoint. Whoever sends copies bounds them.
///
/// # Errors
/// There is no answer, or live requests leave no room for a connection ([`Error::Overflow`]).
pub async fn forward_copy(
    cluster: &Arc<Cluster>,
    worker: usize,
    hash: Option<u64>,
    request: Request,
) -> Result<Response, Error> {
    let Request { mut head, body } = request;
    let timeouts = cluster.settings.timeouts;
    let deadline = Deadline::new(timeouts.per_try, timeouts.total, clock::now());
    let traffic = Traffic::Copy;
    let endpoint = cluster.pick(worker, hash, traffic, &[]).ok_or(Error::NoEndpoint)?;
    if head.authority.is_empty() {
        head.authority = endpoint.authority.clone();
    }
    let (head, source, endpoint) = (&head, &Source::new(body, 0), &endpoint);
    let one =
        Try { cluster, endpoint, worker, traffic, head, source, deadline, informational: None };
    one.run(&mut None, &mut Report::default()).await.map_err(|failure| failure.error)
}

/// What earlier tries left behind.
#[derive(Default)]
struct Tries<'a> {
    failed: SmallVec<[Arc<Endpoint>; 4]>,
    /// An answer worth another try, to be passed on if that brings none.
    spare: Option<Response>,
    /// Counts against the budget from the second try on.
    retrying: Option<Retrying<'a>>,
}

impl<'a> Tries<'a> {
    /// How long to wait before another try, if there is to be one.
    fn next(
        &self,
        one: &Try<'_>,
        idempotent: bool,
        outcome: &Result<Response, Failure>,
        tries: u32,
    ) -> Option<Duration> {
        let (failure, unsent) = match outcome {
            Ok(response) => (retry::of_status(response.head.status)?, false),
            Err(failure) => (retry::of_error(&failure.error)?, failure.unsent),
        };
        let load = &one.cluster.load;
        let facts = Facts {
            failure,
            idempotent,
            unsent,
            replayable: one.source.is_replayable(),
            tries,
            in_flight: load.requests(),
            // This request's own further try is not one of the others'.
            retrying: load.retries() - u32::from(self.retrying.is_some()),
        };
        if !one.cluster.settings.retry.allows(&facts) {
            return None;
        }
        let elsewhere = self.failed.len() + 1 < one.cluster.endpoints().list.len();
        let pause = match failure {
            // Another endpoint knows nothing of a connect that failed: nothing to wait for.
            RetryOn::Connect if elsewhere => Duration::ZERO,
            _ => retry::backoff(tries, one.cluster.chance(one.worker)),
        };
        one.deadline.leaves_room_for(pause, clock::now()).then_some(pause)
    }

    /// Takes note of a failed try. Its answer is kept where that holds no connection, and dropped otherwise.
    fn take(
        &mut self,
        cluster: &'a Cluster,
        endpoint: Arc<Endpoint>,
        outcome: Result<Response, Failure>,
        admission: &mut Option<Admission>,
    ) {
        self.failed.push(endpoint);
        self.retrying.get_or_insert_with(|| cluster.load.retrying());
        if let Ok(response) = outcome {
            admission.get_or_insert_with(|| cluster.load.readmit());
            self.spare = Some(response).filter(|spare| !matches!(spare.body, Body::Stream(_)));
        }
    }

    /// The last answer of the upstream, if there was any.
    fn end(self, outcome: Result<Response, Error>) -> Result<Response, Error> {
        match (outcome, self.spare) {
            (Err(error), Some(spare)) if error.fault() == Fault::Upstream => Ok(spare),
            (outcome, _) => outcome,
        }
    }
}
