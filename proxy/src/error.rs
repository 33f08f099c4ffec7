//! Why an exchange ended otherwise than with the upstream's own answer, whose fault that is, and whether another try may help.
//!
//! [`crate::http::reply`] is the one table from here to status, flag and metric.

use std::{sync::Arc, time::Duration};

/// Whose fault an error is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The client's: 4xx.
    Client,
    /// The upstream's: 502 or 504.
    Upstream,
    /// Ours, which is to say that we are full: 429.
    Us,
}

/// Why an exchange ended otherwise than with the upstream's own answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The request's head or framing is malformed or ambiguous.
    #[error("malformed request: {0}")]
    Malformed(&'static str),
    /// The request's version is not 1.0, 1.1 or 2.
    #[error("http version not supported")]
    Version,
    /// CONNECT, or an upgrade where there is none to be had.
    #[error("method not allowed")]
    MethodNotAllowed,
    /// The request line is longer than `limits.header_bytes`.
    #[error("request target too long")]
    TargetTooLong,
    /// The head is longer than `limits.header_bytes` or has more fields than `limits.headers`.
    #[error("request header fields too large")]
    HeadersTooLarge,
    /// The body is longer than the limit.
    #[error("request body too large")]
    BodyTooLarge,
    /// The client was slower than one of its deadlines.
    #[error("request timed out in its {0}")]
    RequestTimeout(&'static str),
    /// The client left.
    #[error("client closed the connection")]
    ClientGone,
    /// No route matches.
    #[error("no route")]
    NoRoute,
    /// The client is on `waf.deny`.
    #[error("client is denied")]
    Denied,
    /// The client is on the deny list of the admin server.
    #[error("client is on the deny list")]
    Listed,
    /// A rule of the WAF has ended it, with this status.
    #[error("blocked by a rule")]
    Blocked(u16),
    /// A rule of the WAF has ended it, without an answer.
    #[error("dropped by a rule")]
    Dropped,
    /// The whole exchange took longer than the listener's or route's `timeouts.request`.
    #[error("exchange took longer than timeouts.request")]
    ExchangeTimeout,
    /// A cap of the cluster's breaker is reached.
    #[error("{cap} of the cluster are at their cap")]
    Overflow {
        /// Which cap: `connections`, `pending` or `requests`.
        cap: &'static str,
        /// When to come back.
        retry_after: Duration,
    },
    /// The client, or what it is counted by, has had what one of its limits allows.
    #[error("over limit {}", .0.limit)]
    OverLimit(Box<OverLimit>),
    /// We are full, and others come first.
    #[error("shed: {why}")]
    Shed {
        /// What there is too much of.
        why: Shed,
        /// When to come back.
        retry_after: Duration,
    },
    /// The cluster has no address to send to: its names do not resolve.
    #[error("cluster has no endpoint")]
    NoEndpoint,
    /// No connection was made.
    #[error("connect failed: {0}")]
    Connect(String),
    /// No connection was made in time.
    #[error("connect timed out")]
    ConnectTimeout,
    /// The connection ended before the response head.
    #[error("upstream reset: {0}")]
    Reset(String),
    /// The upstream's answer is not HTTP.
    #[error("malformed response: {0}")]
    UpstreamMalformed(&'static str),
    /// The client wants a tunnel, and the endpoint's HTTP/2 has none to offer (RFC 8441).
    #[error("endpoint does not take extended connect")]
    NoTunnel,
    /// No response head within the try's deadline.
    #[error("upstream did not answer in time")]
    TryTimeout,
    /// No response head within the deadline of all tries.
    #[error("upstream did not answer in time, retries included")]
    TotalTimeout,
}

/// Why a request was shed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shed {
    /// All places of a `concurrency` that its class may have are taken.
    Concurrency,
    /// So are all places to wait in.
    QueueFull,
    /// It has waited for as long as it may.
    QueueDeadline,
    /// Its tenant has its share of the places.
    FairShare,
    /// Memory runs short.
    Memory,
    /// Processor time runs short.
    Cpu,
    /// File descriptors run short.
    Files,
}

impl Shed {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Concurrency,
        Self::QueueFull,
        Self::QueueDeadline,
        Self::FairShare,
        Self::Memory,
        Self::Cpu,
        Self::Files,
    ];

    /// The word in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Concurrency => "concurrency",
            Self::QueueFull => "queue_full",
            Self::QueueDeadline => "queue_deadline",
            Self::FairShare => "fair_share",
            Self::Memory => "memory",
            Self::Cpu => "cpu",
            Self::Files => "files",
        }
    }
}

impl std::fmt::Display for Shed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A limit that a request would have exceeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OverLimit {
    /// Its name.
    pub limit: Arc<str>,
    /// What there was too much of.
    pub quota: Quota,
    /// When what was asked for will be there.
    pub retry_after: Duration,
}

/// What a limit allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quota {
    /// So many requests in a time.
    Rate {
        /// Requests.
        max: u64,
        /// The time in which so many come anew.
        window: Duration,
        /// Requests that are left of them.
        left: u64,
    },
    /// So many requests at once.
    Concurrency {
        /// Requests.
        max: u64,
    },
    /// So many bytes of bodies per second.
    Bandwidth {
        /// Bytes.
        max: u64,
    },
}

impl Error {
    /// Whose fault this is.
    pub fn fault(&self) -> Fault {
        match self {
            Self::Malformed(_)
            | Self::Version
            | Self::MethodNotAllowed
            | Self::TargetTooLong
            | Self::HeadersTooLarge
            | Self::BodyTooLarge
            | Self::RequestTimeout(_)
            | Self::ClientGone
            | Self::NoRoute
            | Self::Denied
            | Self::Listed
            | Self::Blocked(_)
            | Self::Dropped
            | Self::OverLimit(_) => Fault::Client,
            Self::Overflow { .. } | Self::Shed { .. } => Fault::Us,
            Self::ExchangeTimeout
            | Self::NoEndpoint
            | Self::Connect(_)
            | Self::ConnectTimeout
            | Self::Reset(_)
            | Self::UpstreamMalformed(_)
            | Self::NoTunnel
            | Self::TryTimeout
            | Self::TotalTimeout => Fault::Upstream,
        }
    }

    /// Whether another endpoint may do better. Whether a second try is *safe* depends on the request: see
    /// [`crate::upstream::retry`].
    pub fn retryable(&self) -> bool {
        matches!(
            self,
            Self::Connect(_)
                | Self::ConnectTimeout
                | Self::Reset(_)
                | Self::UpstreamMalformed(_)
                | Self::TryTimeout
        )
    }
}

/// An error with its causes.
pub fn with_causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        // Many errors print their source as well.
        if !text.contains(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        cause = inner.source();
    }
    text
}
