//! Every answer that is our own, and the one table from [`Error`] to status, flag and metric.

use std::{cell::RefCell, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Version, header};

use crate::{
    error::{Error, OverLimit, Quota, Shed},
    upstream::Tunnel,
    wire::{Body, ResponseHead},
};

/// An answer on its way to the client.
#[derive(Debug)]
pub struct Reply {
    /// Status and header fields, without framing and connection fields.
    pub head: ResponseHead,
    /// Body.
    pub body: Body,
    /// What the connection becomes behind the head, where the upstream switched protocols.
    pub tunnel: Option<Box<Tunnel>>,
    /// Length of the body that an answer to HEAD would have, or a 304 speaks of.
    pub announced_length: Option<HeaderValue>,
}

/// How an error shows: to the client, in the access log, in `foxtrot_refused_total`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// Status for the client. 444 and 499 are for the log alone: nobody is to read the one or there to read the other.
    pub status: u16,
    /// One word that says why.
    pub flag: &'static str,
    /// What the client is told.
    pub text: &'static str,
}

/// The table.
pub fn row(error: &Error) -> Row {
    let (status, flag, text) = match error {
        Error::Malformed(_) => (400, "malformed", "malformed request\n"),
        Error::Version => (505, "version", "http version not supported\n"),
        Error::MethodNotAllowed => (405, "method", "method not allowed\n"),
        Error::TargetTooLong => (414, "target_too_long", "request target too long\n"),
        Error::HeadersTooLarge => (431, "headers_too_large", "request header fields too large\n"),
        Error::BodyTooLarge => (413, "body_too_large", "request body too large\n"),
        Error::RequestTimeout(_) => (408, "request_timeout", "request timed out\n"),
        Error::ClientGone => (499, "client_gone", ""),
        Error::NoRoute => (404, "no_route", "not found\n"),
        Error::Denied => (403, "waf_denied", "forbidden\n"),
        Error::Listed => (403, "list_denied", "forbidden\n"),
        Error::Blocked(status) => (*status, "waf_blocked", "forbidden\n"),
        Error::Dropped => (444, "waf_dropped", ""),
        Error::ExchangeTimeout => (504, "exchange_timeout", "upstream timed out\n"),
        Error::Overflow { cap, .. } => (429, overflow_flag(cap), "too many requests\n"),
        Error::OverLimit(over) => (429, limit_flag(&over.quota), "too many requests\n"),
        Error::Shed { why, .. } => (429, shed_flag(*why), "too many requests\n"),
        Error::NoEndpoint => (502, "no_endpoint", "upstream failed\n"),
        Error::Connect(_) => (502, "connect_failed", "upstream failed\n"),
        Error::ConnectTimeout => (504, "connect_timeout", "upstream timed out\n"),
        Error::Reset(_) => (502, "upstream_reset", "upstream failed\n"),
        Error::UpstreamMalformed(_) => (502, "upstream_malformed", "upstream failed\n"),
        Error::NoTunnel => (502, "upstream_no_tunnel", "upstream failed\n"),
        Error::TryTimeout => (504, "try_timeout", "upstream timed out\n"),
        Error::TotalTimeout => (504, "total_timeout", "upstream timed out\n"),
    };
    Row { status, flag, text }
}

/// The flags of the table, each of which is counted.
pub const FLAGS: [&str; 35] = [
    "malformed",
    "version",
    "method",
    "target_too_long",
    "headers_too_large",
    "body_too_large",
    "request_timeout",
    "client_gone",
    "no_route",
    "waf_denied",
    "list_denied",
    "waf_blocked",
    "waf_dropped",
    "exchange_timeout",
    "overflow_connections",
    "overflow_pending",
    "overflow_requests",
    "rate_limited",
    "concurrency_limited",
    "bandwidth_limited",
    "shed_concurrency",
    "shed_queue_full",
    "shed_queue_deadline",
    "shed_fair_share",
    "shed_memory",
    "shed_cpu",
    "shed_files",
    "no_endpoint",
    "connect_failed",
    "connect_timeout",
    "upstream_reset",
    "upstream_malformed",
    "upstream_no_tunnel",
    "try_timeout",
    "total_timeout",
];

/// The answer to an exchange that ended in `error`. A gRPC client is told in its own terms.
pub fn refusal(error: &Error, grpc: bool) -> Reply {
    let row = row(error);
    let mut reply = if grpc { grpc_status(error, row) } else { text(row.status, row.text) };
    match error {
        Error::Overflow { retry_after, .. } | Error::Shed { retry_after, .. } => {
            reply.head.headers.insert(header::RETRY_AFTER, seconds(*retry_after));
        }
        Error::OverLimit(over) => say_limit(over, &mut reply.head.headers),
        // RFC 9110, 15.5.6: a 405 names the methods that are allowed.
        Error::MethodNotAllowed => {
            let methods =
                HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, TRACE");
            reply.head.headers.insert(header::ALLOW, methods);
        }
        _ => {}
    }
    reply
}

/// When to come back, and for what (draft-ietf-httpapi-ratelimit-headers): the quota and the seconds in which it comes anew,
/// what is left of it, and the seconds until there is more.
fn say_limit(over: &OverLimit, headers: &mut HeaderMap) {
    let retry_after = seconds(over.retry_after);
    let until = whole_seconds(over.retry_after);
    let name = &over.limit;
    let (policy, state) = match over.quota {
        Quota::Rate { max, window, left } => (
            format!("\"{name}\";q={max};w={}", whole_seconds(window)),
            format!("\"{name}\";r={left};t={until}"),
        ),
        Quota::Concurrency { max } => {
            (format!("\"{name}\";q={max};qu=\"concurrent-requests\""), format!("\"{name}\";r=0"))
        }
        Quota::Bandwidth { max } => (
            format!("\"{name}\";q={max};w=1;qu=\"content-bytes\""),
            format!("\"{name}\";r=0;t={until}"),
        ),
    };
    headers.insert(header::RETRY_AFTER, retry_after);
    for (name, value) in [("ratelimit-policy", policy), ("ratelimit", state)] {
        if let Ok(value) = HeaderValue::from_maybe_shared(Bytes::from(value)) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
}

/// A short answer in plain text.
pub fn text(status: u16, text: &'static str) -> Reply {
    let mut reply = empty(status);
    if !text.is_empty() {
        let plain = HeaderValue::from_static("text/plain; charset=utf-8");
        reply.head.headers.insert(header::CONTENT_TYPE, plain);
        reply.body = text.into();
    }
    reply
}

/// The fixed response of a route.
pub fn fixed(status: StatusCode, body: &Bytes) -> Reply {
    let mut reply = empty(status.as_u16());
    if !body.is_empty() {
        let plain = HeaderValue::from_static("text/plain; charset=utf-8");
        reply.head.headers.insert(header::CONTENT_TYPE, plain);
        reply.body = body.clone().into();
    }
    reply
}

/// The redirect of a route.
pub fn redirect(status: StatusCode, location: HeaderValue) -> Reply {
    let mut reply = empty(status.as_u16());
    reply.head.headers.insert(header::LOCATION, location);
    reply
}

/// gRPC over HTTP/2, "Responses": a trailers-only answer; codes as in grpc/doc/http-grpc-status-mapping.md, except that
/// a deadline is told as one.
fn grpc_status(error: &Error, row: Row) -> Reply {
    let code = match (error, row.status) {
        (
            Error::TotalTimeout
            | Error::TryTimeout
            | Error::ExchangeTimeout
            | Error::ConnectTimeout,
            _,
        ) => "4",
        (_, 400 | 431) => "13",
        (_, 404 | 405) => "12",
        (_, 403) => "7",
        (_, 413) => "8",
        (_, 429 | 502) => "14",
        _ => "2",
    };
    let mut reply = empty(200);
    let headers = &mut reply.head.headers;
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert(HeaderName::from_static("grpc-status"), HeaderValue::from_static(code));
    headers.insert(
        HeaderName::from_static("grpc-message"),
        HeaderValue::from_static(row.text.trim_ascii_end()),
    );
    reply
}

fn empty(status: u16) -> Reply {
    let mut headers = HeaderMap::with_capacity(4);
    headers.insert(header::DATE, date());
    headers.insert(header::SERVER, HeaderValue::from_static("foxtrot"));
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    let head = ResponseHead { status, version: Version::HTTP_11, headers };
    Reply { head, body: Body::Empty, tunnel: None, announced_length: None }
}

/// The present, as a Date field has it (RFC 9110, 6.6.1): written once a second by each worker.
pub fn date() -> HeaderValue {
    thread_local! {
        static LAST: RefCell<(u64, HeaderValue)> = const {
            RefCell::new((0, HeaderValue::from_static("Thu, 01 Jan 1970 00:00:00 GMT")))
        };
    }
    let now = crate::clock::since_epoch();
    LAST.with_borrow_mut(|(second, date)| {
        if *second != now.as_secs() {
            let text = httpdate::fmt_http_date(std::time::UNIX_EPOCH + now);
            if let Ok(written) = HeaderValue::from_maybe_shared(Bytes::from(text)) {
                (*second, *date) = (now.as_secs(), written);
            }
        }
        date.clone()
    })
}

/// Whole seconds, at least one: a client that comes back at once would find us as full.
fn seconds(span: Duration) -> HeaderValue {
    HeaderValue::from(whole_seconds(span))
}

fn whole_seconds(span: Duration) -> u64 {
    (span.as_secs() + u64::from(span.subsec_nanos() > 0)).max(1)
}

fn limit_flag(quota: &Quota) -> &'static str {
    match quota {
        Quota::Rate { .. } => "rate_limited",
        Quota::Concurrency { .. } => "concurrency_limited",
        Quota::Bandwidth { .. } => "bandwidth_limited",
    }
}

fn shed_flag(why: Shed) -> &'static str {
    match why {
        Shed::Concurrency => "shed_concurrency",
        Shed::QueueFull => "shed_queue_full",
        Shed::QueueDeadline => "shed_queue_deadline",
        Shed::FairShare => "shed_fair_share",
        Shed::Memory => "shed_memory",
        Shed::Cpu => "shed_cpu",
        Shed::Files => "shed_files",
    }
}

fn overflow_flag(cap: &str) -> &'static str {
    match cap {
        "connections" => "overflow_connections",
        "pending" => "overflow_pending",
        _ => "overflow_requests",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Fault;

    fn all() -> Vec<Error> {
        let retry_after = Duration::from_millis(1_500);
        let shed = Shed::ALL.map(|why| Error::Shed { why, retry_after });
        let mut all = vec![
            Error::Malformed("x"),
            Error::Version,
            Error::MethodNotAllowed,
            Error::TargetTooLong,
            Error::HeadersTooLarge,
            Error::BodyTooLarge,
            Error::RequestTimeout("x"),
            Error::ClientGone,
            Error::NoRoute,
            Error::Denied,
            Error::Listed,
            Error::Blocked(403),
            Error::Dropped,
            Error::ExchangeTimeout,
            Error::Overflow { cap: "connections", retry_after },
            Error::Overflow { cap: "pending", retry_after },
            Error::Overflow { cap: "requests", retry_after },
            over_limit(Quota::Rate { max: 200, window: Duration::from_millis(1_900), left: 3 }),
            over_limit(Quota::Concurrency { max: 5 }),
            over_limit(Quota::Bandwidth { max: 1_000 }),
        ];
        all.extend(shed);
        all.extend([
            Error::NoEndpoint,
            Error::Connect(String::new()),
            Error::ConnectTimeout,
            Error::Reset(String::new()),
            Error::UpstreamMalformed("x"),
            Error::NoTunnel,
            Error::TryTimeout,
            Error::TotalTimeout,
        ]);
        all
    }

    fn over_limit(quota: Quota) -> Error {
        let retry_after = Duration::from_millis(2_100);
        Error::OverLimit(Box::new(OverLimit { limit: "per_client".into(), quota, retry_after }))
    }

    #[test]
    fn being_over_a_limit_says_which_and_when_to_come_back() {
        let rate = Quota::Rate { max: 200, window: Duration::from_millis(1_900), left: 3 };
        for (quota, policy, state) in [
            (rate, "\"per_client\";q=200;w=2", "\"per_client\";r=3;t=3"),
            (
                Quota::Concurrency { max: 5 },
                "\"per_client\";q=5;qu=\"concurrent-requests\"",
                "\"per_client\";r=0",
            ),
            (
                Quota::Bandwidth { max: 1_000 },
                "\"per_client\";q=1000;w=1;qu=\"content-bytes\"",
                "\"per_client\";r=0;t=3",
            ),
        ] {
            let headers = refusal(&over_limit(quota), false).head.headers;
            assert_eq!(headers[header::RETRY_AFTER], "3");
            assert_eq!(headers["ratelimit-policy"], policy);
            assert_eq!(headers["ratelimit"], state);
        }
    }

    #[test]
    fn a_status_tells_whose_fault_it_is() {
        for error in all() {
            let status = row(&error).status;
            let expected = match error.fault() {
                Fault::Client => (400..500).contains(&status) || status == 505,
                Fault::Upstream => matches!(status, 502 | 504),
                Fault::Us => status == 429,
            };
            assert!(expected, "{error:?} is {status}");
        }
    }

    #[test]
    fn each_flag_is_counted() {
        let flags: Vec<_> = all().iter().map(|error| row(error).flag).collect();
        assert_eq!(flags, FLAGS);
    }

    #[test]
    fn being_full_says_when_to_come_back() {
        let error = Error::Overflow { cap: "pending", retry_after: Duration::from_millis(1_500) };
        assert_eq!(refusal(&error, false).head.headers[header::RETRY_AFTER], "2");
    }

    #[test]
    fn grpc_clients_get_a_trailers_only_answer() {
        let reply = refusal(&Error::TotalTimeout, true);
        assert_eq!(reply.head.status, 200);
        assert_eq!(reply.head.headers["grpc-status"], "4");
        assert!(reply.body.is_empty());
    }
}
