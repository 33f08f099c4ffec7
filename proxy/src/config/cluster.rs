//! `[clusters.NAME]` as written: a set of equal endpoints and how we treat them.

use std::{collections::BTreeSet, fmt, net::IpAddr, path::PathBuf, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    overload::Concurrency,
    units::{Duration, Percent, Size, text_value},
};

/// A set of endpoints that serve the same thing.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Cluster {
    /// Another cluster whose keys this one starts from. Tables are merged key by key.
    pub like: Option<String>,
    /// Origins, `"http://127.0.0.1:8081"` or `"https://app.internal:8443"`. A name is resolved again when its record's
    /// time to live ends, and each of its addresses is an endpoint.
    #[schemars(length(min = 1))]
    pub endpoints: Vec<Origin>,
    /// Protocol spoken to the endpoints.
    pub protocol: UpstreamProtocol,
    /// How an endpoint is chosen.
    pub balance: Balance,
    /// Time over which an endpoint that is new among others, healthy again or no longer ejected comes to its whole share of
    /// the requests, from a tenth of it.
    pub slow_start: Option<Duration>,
    /// TLS of `https` endpoints.
    pub tls: ClusterTls,
    /// Connections kept for reuse.
    pub pool: Pool,
    /// Active probes; without it endpoints count as healthy until ejected.
    pub health: Option<Health>,
    /// Passive ejection by what requests see.
    pub outlier: Outlier,
    /// Caps; what exceeds one is refused with 429.
    pub breaker: Breaker,
    /// Requests to this cluster that may be under way at once.
    pub concurrency: Option<Concurrency>,
    /// Deadlines of an upstream exchange.
    pub timeouts: ClusterTimeouts,
    /// Which failures are tried again.
    pub retry: Retry,
    /// Bounds on how long a DNS answer is used.
    pub resolve: Resolve,
}

/// Where an endpoint is: scheme, host and port.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// Whether TLS is spoken.
    pub https: bool,
    /// DNS name or address, without brackets, in lower case.
    pub host: String,
    /// Port; 80 or 443 where none is written.
    pub port: u16,
}

/// Protocol spoken to an endpoint.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
pub enum UpstreamProtocol {
    /// HTTP/1.1 over cleartext; over TLS what ALPN chooses of h2 and http/1.1.
    #[default]
    #[serde(rename = "auto")]
    Auto,
    /// HTTP/1.1.
    #[serde(rename = "http/1.1")]
    Http1,
    /// HTTP/2; over cleartext with prior knowledge.
    #[serde(rename = "h2")]
    H2,
}

/// How an endpoint is chosen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Balance {
    /// In turn.
    #[default]
    RoundRobin,
    /// The less busy of two taken by chance (power of two choices, Mitzenmacher 2001).
    LeastRequest,
    /// By a key of the request over a Maglev table (Eisenbud et al., NSDI 2016): few keys move when endpoints change.
    Hash(super::StickyKey),
}

/// TLS to the endpoints.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ClusterTls {
    /// PEM bundle of authorities to trust instead of the system's.
    #[schemars(extend("format" = "path"))]
    pub ca: Option<PathBuf>,
    /// Name to send as SNI and to verify instead of the endpoint's host.
    pub server_name: Option<String>,
    /// PEM file of our certificate chain (mTLS). Needs `key`.
    #[schemars(extend("format" = "path"))]
    pub cert: Option<PathBuf>,
    /// PEM file of our private key. Needs `cert`.
    #[schemars(extend("format" = "path"))]
    pub key: Option<PathBuf>,
}

/// Connections kept for reuse.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Pool {
    /// Idle connections kept per endpoint and worker.
    pub idle: u32,
    /// Longest idle time. The endpoint's own keep-alive time is learned and undercut where it is shorter.
    pub idle_timeout: Duration,
    /// Longest age; an older connection is not used again.
    pub max_age: Duration,
}

/// Active probes.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Health {
    /// Path asked with GET.
    #[schemars(regex(pattern = "^/"))]
    pub path: String,
    /// Host header; the endpoint's own by default.
    #[serde(default)]
    pub host: Option<String>,
    /// Time between probes of one endpoint, jittered by a tenth.
    #[serde(default = "default_every")]
    pub every: Duration,
    /// Deadline of one probe.
    #[serde(default = "default_probe_timeout")]
    pub timeout: Duration,
    /// Successes in a row that make an endpoint healthy. The first probe after start decides alone.
    #[serde(default = "default_rise")]
    #[schemars(range(min = 1, max = 100))]
    pub rise: u32,
    /// Failures in a row that make it unhealthy.
    #[serde(default = "default_rise")]
    #[schemars(range(min = 1, max = 100))]
    pub fall: u32,
    /// Statuses that count as success.
    #[serde(default = "default_expect")]
    #[schemars(length(min = 1), inner(range(min = 100, max = 599)))]
    pub expect: BTreeSet<u16>,
}

/// Passive ejection.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Outlier {
    /// 5xx answers in a row that eject. 0 turns it off.
    pub consecutive_5xx: u32,
    /// Failed connects, resets and timeouts in a row that eject. 0 turns it off.
    pub consecutive_failures: u32,
    /// Time out of rotation; doubled with each ejection in a row, up to ten times.
    pub eject: Duration,
    /// Largest share of a cluster's endpoints that may be ejected at once. One may always be, but not the last.
    pub max_ejected: Percent,
}

/// Caps of a cluster, over all workers.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Breaker {
    /// Open connections.
    #[schemars(range(min = 1))]
    pub connections: u32,
    /// Requests that wait for a connection.
    pub pending: u32,
    /// Requests in flight.
    #[schemars(range(min = 1))]
    pub requests: u32,
}

/// Deadlines of an upstream exchange.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ClusterTimeouts {
    /// TCP connect and TLS handshake.
    pub connect: Duration,
    /// One try, from its start to the response head; anew whenever bytes of the request leave.
    #[serde(rename = "try")]
    pub per_try: Duration,
    /// All tries, from the request to the response head; anew whenever bytes of the request leave.
    pub total: Duration,
    /// Silence of the endpoint in the middle of a body.
    pub idle: Duration,
}

/// Which failures are tried again, on another endpoint where there is one.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Retry {
    /// Failures that are tried again. All but `connect` only for idempotent methods (RFC 9110, 9.2.2).
    pub on: BTreeSet<RetryOn>,
    /// Further tries of one request.
    #[schemars(range(max = 10))]
    pub max: u32,
    /// Largest share of retries among the requests in flight; three are always allowed.
    pub budget: Percent,
    /// Request body bytes kept for another try; a longer body is sent once.
    pub body_bytes: Size,
}

/// A failure that may be tried again.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize, JsonSchema,
)]
pub enum RetryOn {
    /// No connection was made: the request has not left.
    #[serde(rename = "connect")]
    Connect,
    /// The connection ended before the response head.
    #[serde(rename = "reset")]
    Reset,
    /// The try's deadline passed.
    #[serde(rename = "timeout")]
    Timeout,
    /// Status 502.
    #[serde(rename = "502")]
    Status502,
    /// Status 503.
    #[serde(rename = "503")]
    Status503,
    /// Status 504.
    #[serde(rename = "504")]
    Status504,
}

/// Bounds on how long a DNS answer is used, whatever its time to live says.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Resolve {
    /// At least this long.
    pub min_ttl: Duration,
    /// At most this long.
    pub max_ttl: Duration,
}

impl Default for Pool {
    fn default() -> Self {
        Self { idle: 128, idle_timeout: Duration::seconds(60), max_age: Duration::seconds(3600) }
    }
}

impl Default for Outlier {
    fn default() -> Self {
        Self {
            consecutive_5xx: 5,
            consecutive_failures: 5,
            eject: Duration::seconds(30),
            max_ejected: Percent::whole(50),
        }
    }
}

impl Default for Breaker {
    fn default() -> Self {
        Self { connections: 1_024, pending: 1_024, requests: 4_096 }
    }
}

impl Default for ClusterTimeouts {
    fn default() -> Self {
        Self {
            connect: Duration::seconds(1),
            per_try: Duration::seconds(15),
            total: Duration::seconds(30),
            idle: Duration::seconds(60),
        }
    }
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            on: BTreeSet::from([RetryOn::Connect, RetryOn::Reset]),
            max: 2,
            budget: Percent::whole(20),
            body_bytes: Size(64 << 10),
        }
    }
}

impl Default for Resolve {
    fn default() -> Self {
        Self { min_ttl: Duration::seconds(1), max_ttl: Duration::seconds(300) }
    }
}

impl Origin {
    /// The address, where the host is one and not a name.
    pub fn ip(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }

    /// Host and port as a Host field has them (RFC 9110, 7.2): IPv6 in brackets, no default port.
    pub fn authority(&self) -> String {
        let host =
            if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        let default_port = if self.https { 443 } else { 80 };
        if self.port == default_port { host } else { format!("{host}:{}", self.port) }
    }
}

impl FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = |what: &str| {
            format!(
                "{what}: expected an origin such as \"http://127.0.0.1:8081\" or \"https://app.internal\", found \"{text}\""
            )
        };
        let uri: http::Uri = text.parse().map_err(|_| expected("not a URL"))?;
        let https = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(expected("the scheme is neither http nor https")),
        };
        if text.contains('@')
            || !matches!(uri.path(), "" | "/")
            || uri.query().is_some()
            || text.contains('#')
        {
            return Err(expected("only scheme, host and port belong here"));
        }
        let host = uri.host().unwrap_or_default();
        let host = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
        let is_name = host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b));
        if host.is_empty() || !(is_name || host.parse::<IpAddr>().is_ok()) {
            return Err(expected("the host is no name and no address"));
        }
        let port = match uri.port() {
            Some(port) if port.as_u16() != 0 => port.as_u16(),
            Some(_) => return Err(expected("port 0 cannot be connected to")),
            None if uri.authority().is_some_and(|a| a.as_str().ends_with(':')) => {
                return Err(expected("the port is missing"));
            }
            None => {
                if https {
                    443
                } else {
                    80
                }
            }
        };
        Ok(Self { https, host: host.to_ascii_lowercase(), port })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", if self.https { "https" } else { "http" }, self.authority())
    }
}

text_value!(Origin, "origin");

fn default_every() -> Duration {
    Duration::seconds(2)
}

fn default_probe_timeout() -> Duration {
    Duration::seconds(1)
}

fn default_rise() -> u32 {
    2
}

fn default_expect() -> BTreeSet<u16> {
    BTreeSet::from([200, 204])
}
