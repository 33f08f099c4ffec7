//! Sending a request to its cluster, and in a rollout to the other colour where the first fails.
//!
//! Which failures may be made good is for [`rescue`] to say; which cluster is first was decided before.

use std::{sync::Arc, time::Duration};

use super::context::Exchange;
use crate::{
    clock::{self, Instant},
    config::Colour,
    error::{Error, Fault},
    rollout::{outcomes::Attempt, rescue},
    snapshot::{Rollout, Route},
    upstream::{self, Call, Cluster, Informational, Replay},
    wire::{Body, RequestHead},
};

/// Where a request may go, and how.
pub(super) struct Way<'a> {
    pub(super) route: &'a Route,
    pub(super) cluster: &'a Arc<Cluster>,
    pub(super) hash: Option<u64>,
    pub(super) interim: Option<&'a dyn Informational>,
    /// When it was first sent anywhere: that is when `timeouts.total` begins.
    pub(super) since: Instant,
}

/// The ways that a rollout leaves to a request.
pub(super) struct Roll<'a> {
    pub(super) route: &'a Route,
    pub(super) rollout: &'a Rollout,
    /// By colour.
    pub(super) hashes: [Option<u64>; 2],
    pub(super) interim: Option<&'a dyn Informational>,
}

impl<'a> Roll<'a> {
    fn way(&self, colour: Colour, since: Instant) -> Way<'a> {
        let Self { route, rollout, hashes, interim } = *self;
        let cluster = rollout.cluster(colour);
        Way { route, cluster, hash: hashes[colour as usize], interim, since }
    }
}

/// Sends a request to its colour. What that fails before its first byte, the trusted colour answers where it may; it is the
/// failure of the first all the same.
pub(super) async fn roll(
    x: &mut Exchange,
    roll: Roll<'_>,
    colour: Colour,
    mut request: upstream::Request,
) -> Result<upstream::Response, Error> {
    let since = clock::now();
    let rescuer = roll.rollout.rescuer(colour);
    let (kept, authority) = match rescuer {
        None => (None, None),
        Some(_) => {
            let kept = keep(&mut request, roll.rollout.cluster(colour).kept_body_bytes());
            (Some(kept), Some(request.head.authority.clone()))
        }
    };
    x.occupy(colour);
    let worker = x.connection.worker.id;
    let attempt = roll.route.class.as_deref().map(|class| Attempt::begin(class, worker, colour));
    let first = send(x, roll.way(colour, since), &mut request).await;
    if let Some(attempt) = attempt {
        attempt.end(first.as_ref().map(|response| &response.head));
    }
    match (rescuer, kept) {
        (Some(rescuer), Some(kept))
            if kept.is_whole()
                && rescue::allows(&request.head, first.as_ref().map(|first| first.head.status)) =>
        {
            request.body = kept.read();
            request.head.authority = authority.unwrap_or_default();
            rescued(x, roll.way(rescuer, since), (roll.rollout, rescuer), &mut request, first).await
        }
        _ => first,
    }
}

/// Asks the trusted colour. Where it is full or fails as well, the answer is the first one.
async fn rescued(
    x: &mut Exchange,
    way: Way<'_>,
    (rollout, rescuer): (&Rollout, Colour),
    request: &mut upstream::Request,
    first: Result<upstream::Response, Error>,
) -> Result<upstream::Response, Error> {
    let worker = x.connection.worker.id;
    let [answered, failed] = &rollout.learned.rescued;
    let (cluster, endpoint) = (x.cluster.clone(), x.upstream.endpoint.clone());
    let second = send(x, way, request).await;
    if let Err(error) = &second
        && !matches!(error.fault(), Fault::Client)
    {
        failed.inc(worker);
        (x.cluster, x.upstream.endpoint) = (cluster, endpoint);
        return first;
    }
    answered.inc(worker);
    x.rescued_from = x.colour.replace(rescuer);
    x.occupy(rescuer);
    second
}

/// Keeps a request's body for another cluster: as much of it as is kept for another try, or all of it that is not sent if that
/// is the only case in which it may be sent again.
fn keep(request: &mut upstream::Request, body_bytes_max: u64) -> Replay {
    let keep_max = if rescue::is_repeatable(&request.head) { body_bytes_max } else { 0 };
    let kept = Replay::new(std::mem::replace(&mut request.body, Body::Empty), keep_max);
    request.body = kept.read();
    kept
}

/// Sends a request to one cluster, within the deadlines of its route, its client and its exchange.
pub(super) async fn send(
    x: &mut Exchange,
    way: Way<'_>,
    request: &mut upstream::Request,
) -> Result<upstream::Response, Error> {
    let Way { route, cluster, hash, interim, since } = way;
    x.cluster = Some(Arc::clone(&cluster.name));
    let deadline = grpc_timeout(&request.head);
    let total = route.timeouts.total.map_or(cluster.total_timeout(), |total| total.0);
    let total = deadline.map_or(total, |deadline| deadline.min(total));
    let gone = clock::now().saturating_duration_since(since);
    let call = Call {
        worker: x.connection.worker.id,
        cluster,
        hash,
        per_try: route.timeouts.per_try.map(|per_try| per_try.0),
        total: Some(total.saturating_sub(gone)),
        informational: interim,
        report: &mut x.upstream,
    };
    let deadline = x.started + route.exchange_timeout(&x.connection.listener);
    let begun = clock::now();
    let sent = tokio::time::timeout_at(deadline, upstream::forward_kept(call, request)).await;
    // No answer in time is an answer after that time; one that fails at once says nothing of how busy an upstream is.
    let too_late = matches!(sent, Err(_) | Ok(Err(Error::TryTimeout | Error::TotalTimeout)));
    if too_late || matches!(sent, Ok(Ok(_))) {
        let took = clock::now().saturating_duration_since(begun);
        x.places.answered(x.connection.worker.id, took);
    }
    if matches!(&sent, Ok(Ok(response)) if response.tunnel.is_some()) {
        x.places.give_back();
    }
    if let Some(first_byte) = &mut x.upstream.first_byte {
        *first_byte += gone;
    }
    sent.unwrap_or_else(|_| {
        // Whose silence it was decides whose fault it is.
        Err(match &x.received {
            Some(received) if !received.is_whole() => Error::RequestTimeout("body"),
            _ => Error::ExchangeTimeout,
        })
    })
}

/// The deadline that a gRPC client has set (gRPC over HTTP/2, "Timeout"): at most eight digits and a unit.
fn grpc_timeout(head: &RequestHead) -> Option<Duration> {
    let text = head.headers.get("grpc-timeout")?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|digit| digit.is_ascii_digit())
    {
        return None;
    }
    let amount: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(amount * 3_600)),
        "M" => Some(Duration::from_secs(amount * 60)),
        "S" => Some(Duration::from_secs(amount)),
        "m" => Some(Duration::from_millis(amount)),
        "u" => Some(Duration::from_micros(amount)),
        "n" => Some(Duration::from_nanos(amount)),
        _ => None,
    }
}
