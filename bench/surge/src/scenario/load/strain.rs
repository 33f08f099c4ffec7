//! `slow` and `flood`: clients that strain a server instead of using it.

use std::time::Duration;

use super::class::{Wire, prepare};
use crate::{
    client::request::{Prepared, Request},
    scenario::{
        Conduct, Flood, FloodKind, Protocol, Slow, SlowPart,
        table::Table,
        units::{Duration as Span, Rate, Size},
    },
};

/// Whether a class floods with frames of HTTP/2. Reads and reports nothing.
pub(super) fn speaks_http2(class: &Table<'_>) -> bool {
    let kind = class.peek("flood", "kind");
    let kind = kind.and_then(|kind| KINDS.iter().find(|(name, _)| *name == kind));
    kind.is_some_and(|(_, kind)| !kind.is_of_connections())
}

/// What a class does that is slow or floods.
pub(super) fn conduct(
    (slow, flood): (Option<Table<'_>>, Option<Table<'_>>),
    requests: Vec<(Prepared, f64)>,
    wire: &Wire<'_>,
    class: &Table<'_>,
) -> Option<Conduct> {
    if requests.len() > 1 {
        let message = "a client that is slow or floods takes one request";
        class.report(class.span.clone(), "requests", message, None);
    }
    match (slow, flood) {
        (Some(slow), None) => slow_client(slow, requests, wire, class),
        (None, Some(flood)) => flooding_client(flood, requests, wire, class),
        _ => {
            let message = "`slow` and `flood` exclude each other";
            class.report(class.span.clone(), "", message, None);
            None
        }
    }
}

fn slow_client(
    slow: Table<'_>,
    requests: Vec<(Prepared, f64)>,
    wire: &Wire<'_>,
    class: &Table<'_>,
) -> Option<Conduct> {
    let part = slow.word("part", PARTS);
    for key in ["part", "connections"] {
        if !slow.has(key) {
            slow.report(slow.span.clone(), "", format!("missing key `{key}`"), None);
        }
    }
    let every = slow.parsed::<Span>("every").map_or(Duration::from_secs(1), |every| every.value.0);
    let bytes = slow.integer("bytes", 1..=65_536).unwrap_or(1) as usize;
    let connections = slow.integer("connections", 1..=100_000);
    let body_size = slow.parsed::<Size>("body_size").map_or(100_000, |size| size.value.0);
    if slow.has("body_size") && part.is_some_and(|part| part != SlowPart::Body) {
        let message = "has no effect without `part = \"body\"`";
        slow.report(slow.span.clone(), "body_size", message, None);
    }
    if wire.protocol == Protocol::Http2 {
        let message = "slow clients speak HTTP/1.1";
        class.report(class.span.clone(), "protocol", message, None);
    }
    slow.finish();
    let request = match part {
        // What the body is does not matter, as it never ends in time.
        Some(SlowPart::Body) if requests.is_empty() => {
            let body = vec![b'x'; body_size as usize].into();
            let request = Request {
                method: "POST".to_owned(),
                body,
                headers: wire.headers.clone(),
                ..Request::default()
            };
            prepare(class, class.span.clone(), &request, wire)
        }
        _ if requests.is_empty() => {
            let request = Request { headers: wire.headers.clone(), ..Request::default() };
            prepare(class, class.span.clone(), &request, wire)
        }
        _ => requests.into_iter().next().map(|(request, _)| request),
    };
    let slow = Slow {
        part: part?,
        every: every.max(Duration::from_millis(1)),
        bytes,
        connections: connections? as usize,
        request: request?,
    };
    Some(Conduct::Slow(Box::new(slow)))
}

fn flooding_client(
    flood: Table<'_>,
    requests: Vec<(Prepared, f64)>,
    wire: &Wire<'_>,
    class: &Table<'_>,
) -> Option<Conduct> {
    let kind = flood.word("kind", KINDS);
    for key in ["kind", "connections", "rate"] {
        if !flood.has(key) {
            flood.missing(key);
        }
    }
    let connections = flood.integer("connections", 1..=100_000);
    let rate = flood.parsed::<Rate>("rate");
    if let Some(zero) = rate.as_ref().filter(|rate| rate.value.0 <= 0.0) {
        flood.report(zero.span.clone(), "rate", "a flood has a rate above 0", None);
    }
    flood.finish();
    match kind {
        Some(kind) if !kind.is_of_connections() && wire.protocol != Protocol::Http2 => {
            let message = "this flood is of HTTP/2: leave `protocol` out";
            class.report(class.span.clone(), "protocol", message, None);
        }
        Some(FloodKind::Handshake) if !wire.target.tls => {
            let message = "a flood of handshakes needs a target with https";
            class.report(class.span.clone(), "target", message, None);
        }
        _ => {}
    }
    let request = match requests.into_iter().next() {
        Some((request, _)) => Some(request),
        None => {
            let request = Request { headers: wire.headers.clone(), ..Request::default() };
            prepare(class, class.span.clone(), &request, wire)
        }
    };
    let (rate, connections) = (rate?.value.0, connections? as usize);
    let flood = Flood { kind: kind?, rate, connections, request: request? };
    Some(Conduct::Flood(Box::new(flood)))
}

const PARTS: &[(&str, SlowPart)] =
    &[("head", SlowPart::Head), ("body", SlowPart::Body), ("reader", SlowPart::Reader)];
const KINDS: &[(&str, FloodKind)] = &[
    ("rapid_reset", FloodKind::RapidReset),
    ("made_you_reset", FloodKind::MadeYouReset),
    ("continuation", FloodKind::Continuation),
    ("settings", FloodKind::Settings),
    ("ping", FloodKind::Ping),
    ("empty_data", FloodKind::EmptyData),
    ("hpack_bomb", FloodKind::HpackBomb),
    ("connect", FloodKind::Connect),
    ("handshake", FloodKind::Handshake),
];
