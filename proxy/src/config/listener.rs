//! `[listeners.NAME]` as written: where requests come in and what a client may cost us.

use std::{collections::BTreeSet, net::SocketAddr, path::PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    units::{ByteRate, Cidr, Duration, Size},
    waf::WafOverlay,
};

/// One address that takes connections.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Listener {
    /// Address and port, `"0.0.0.0:8443"` or `"[::]:8443"`. Port 0 takes a free one.
    #[schemars(with = "String", extend("format" = "socket-address"))]
    pub listen: SocketAddr,
    /// Protocols offered, by ALPN over TLS and by the first bytes (RFC 9113, 3.3: prior knowledge) without.
    #[serde(default = "default_protocols")]
    #[schemars(length(min = 1))]
    pub protocols: BTreeSet<Protocol>,
    /// TLS; without it the listener speaks cleartext.
    #[serde(default)]
    pub tls: Option<ListenerTls>,
    /// PROXY protocol v1 or v2 before the first byte of TLS or HTTP.
    #[serde(default)]
    pub proxy_protocol: Option<ProxyProtocol>,
    /// Deadlines of a connection and its requests.
    #[serde(default)]
    pub timeouts: ListenerTimeouts,
    /// Caps of a connection and its requests.
    #[serde(default)]
    pub limits: ListenerLimits,
    /// What the WAF does otherwise than `[waf]` says, for routes that say nothing.
    #[serde(default)]
    pub waf: WafOverlay,
}

/// A protocol that a listener offers.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize, JsonSchema,
)]
pub enum Protocol {
    /// HTTP/2 (RFC 9113).
    #[serde(rename = "h2")]
    H2,
    /// HTTP/1.1 and HTTP/1.0 (RFC 9112).
    #[serde(rename = "http/1.1")]
    Http1,
}

/// TLS of a listener.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListenerTls {
    /// Lowest version taken.
    #[serde(default)]
    pub min: TlsVersion,
    /// Certificates. SNI picks the one whose names match best; the first is the default.
    #[schemars(length(min = 1))]
    pub certs: Vec<Certificate>,
    /// PEM bundle of authorities that client certificates must chain to (mTLS). No session tickets are issued then.
    #[serde(default)]
    #[schemars(extend("format" = "path"))]
    pub client_ca: Option<PathBuf>,
    /// Whether a client without a certificate is let in. Needs `client_ca`.
    #[serde(default)]
    pub client_auth: Option<ClientAuth>,
}

/// A certificate chain and its key.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// PEM file of the chain, leaf first.
    #[schemars(extend("format" = "path"))]
    pub cert: PathBuf,
    /// PEM file of the private key (PKCS#8, PKCS#1 or SEC1).
    #[schemars(extend("format" = "path"))]
    pub key: PathBuf,
}

/// A TLS version.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize, JsonSchema,
)]
pub enum TlsVersion {
    /// TLS 1.2 (RFC 5246).
    #[default]
    #[serde(rename = "1.2")]
    V1_2,
    /// TLS 1.3 (RFC 8446).
    #[serde(rename = "1.3")]
    V1_3,
}

/// What becomes of a client without a certificate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuth {
    /// The handshake fails.
    #[default]
    Required,
    /// It is let in; a certificate that is shown must still verify.
    Optional,
}

/// PROXY protocol (HAProxy's proxy-protocol.txt, versions 1 and 2).
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProxyProtocol {
    /// Sources that must send the header. Connections from elsewhere are taken as they are, their bytes never read as one.
    #[schemars(length(min = 1))]
    pub from: Vec<Cidr>,
}

/// Deadlines. A client that misses one is answered 408 where a request has begun, and closed.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ListenerTimeouts {
    /// PROXY header and TLS handshake together.
    pub handshake: Duration,
    /// First byte of the first request.
    pub first_byte: Duration,
    /// From the first to the last byte of a request head.
    pub header: Duration,
    /// Slowest progress of a request body.
    pub body: BodyRate,
    /// Between requests of a connection.
    pub idle: Duration,
    /// A whole exchange, from the end of the request's head to the last byte of the reply. Upgraded connections are exempt.
    pub request: Duration,
    /// Longest time that a client may take none of the bytes we have for it.
    pub write: Duration,
    /// Both directions of an upgraded connection silent.
    pub tunnel_idle: Duration,
}

/// Slowest progress of a body: `grace`, then `min_rate` on average.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BodyRate {
    /// Time that a body always has.
    pub grace: Duration,
    /// Each byte received extends the deadline by its share of this rate. Zero turns the check off.
    pub min_rate: ByteRate,
}

/// Caps. What exceeds one is answered or closed as its line says.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ListenerLimits {
    /// Open connections of this listener; more are closed at once.
    #[schemars(range(min = 1))]
    pub connections: u32,
    /// Open connections of one client address (IPv6: one /64), which a PROXY header may tell; more are closed at once.
    #[schemars(range(min = 1))]
    pub connections_per_ip: u32,
    /// TLS handshakes under way on this listener; one more takes the place of the oldest, which is closed.
    #[schemars(range(min = 1))]
    pub handshakes: u32,
    /// Header fields of a request; more are answered 431.
    #[schemars(range(min = 1, max = 1000))]
    pub headers: u16,
    /// Bytes of a request head; more are answered 431, or 414 while still in the request line.
    pub header_bytes: Size,
    /// Concurrent streams of an HTTP/2 connection (SETTINGS_MAX_CONCURRENT_STREAMS).
    #[schemars(range(min = 1, max = 10_000))]
    pub streams: u32,
    /// What an HTTP/2 connection may cost beside its requests: weights of its glitches at once. One that exceeds it is ended
    /// with GOAWAY (ENHANCE_YOUR_CALM).
    #[schemars(range(min = 100, max = 1_000_000_000))]
    pub glitches: u32,
    /// Weights of glitches that come free again each second.
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub glitches_per_second: u32,
    /// Bytes of a request body; more are answered 413. A route may set its own.
    pub body_bytes: Size,
    /// Requests on one connection before it is asked to close.
    #[schemars(range(min = 1))]
    pub requests: u64,
}

impl Default for ListenerTimeouts {
    fn default() -> Self {
        Self {
            handshake: Duration::seconds(10),
            first_byte: Duration::seconds(10),
            header: Duration::seconds(10),
            body: BodyRate::default(),
            idle: Duration::seconds(75),
            request: Duration::seconds(3600),
            write: Duration::seconds(60),
            tunnel_idle: Duration::seconds(3600),
        }
    }
}

impl Default for BodyRate {
    fn default() -> Self {
        Self { grace: Duration::seconds(10), min_rate: ByteRate(240) }
    }
}

impl Default for ListenerLimits {
    fn default() -> Self {
        Self {
            connections: 16_384,
            connections_per_ip: 4_096,
            handshakes: 1_024,
            headers: 100,
            header_bytes: Size(32 << 10),
            streams: 100,
            glitches: 2_000,
            glitches_per_second: 100,
            body_bytes: Size(1 << 30),
            requests: 1_000_000,
        }
    }
}

fn default_protocols() -> BTreeSet<Protocol> {
    BTreeSet::from([Protocol::H2, Protocol::Http1])
}
