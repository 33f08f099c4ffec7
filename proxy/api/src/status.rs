//! `/status`: the process at a glance.

use serde::{Deserialize, Serialize};

use crate::config::{Cause, LocatedError, ReloadOutcome};

/// `GET /status`.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
pub struct Status {
    /// Version of foxtrot.
    pub version: String,
    /// Process id.
    pub pid: u32,
    /// When the process started, in milliseconds since 1970-01-01T00:00:00Z.
    pub started_at: u64,
    /// Seconds since then.
    pub uptime_s: u64,
    /// The configuration in force: counts loads since the start, from 1.
    pub generation: u64,
    /// Identifies the text of the configuration in force.
    pub config_hash: String,
    /// The last load, applied or not.
    pub last_reload: LastReload,
    /// Whether traffic is wanted: what `/readyz` says.
    pub ready: bool,
    /// Whether the process is ending.
    pub draining: bool,
    /// Threads that serve requests.
    pub workers: usize,
    /// Listeners, by name.
    pub listeners: Vec<ListenerStatus>,
    /// Limits, in the order of their names.
    #[serde(default)]
    pub limits: Vec<LimitStatus>,
    /// Overload; absent where nothing is counted.
    #[serde(default)]
    pub overload: Option<OverloadStatus>,
    /// The access log; absent where none is configured.
    #[serde(default)]
    pub access_log: Option<AccessLogStatus>,
}

/// The last load of a configuration.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct LastReload {
    /// What became of it.
    pub result: ReloadOutcome,
    /// Why it was tried.
    pub cause: Cause,
    /// When, in milliseconds since 1970-01-01T00:00:00Z.
    pub at: u64,
    /// Why it was refused; empty otherwise.
    #[serde(default)]
    pub errors: Vec<LocatedError>,
}

/// One listener.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct ListenerStatus {
    /// Its name in the configuration.
    pub name: String,
    /// Address and port that it is bound to.
    pub address: String,
    /// Open connections.
    pub connections: u64,
    /// TLS; absent on a cleartext listener.
    #[serde(default)]
    pub tls: Option<TlsStatus>,
}

/// TLS of a listener.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct TlsStatus {
    /// Certificates, in the order of the configuration.
    pub certs: Vec<CertificateStatus>,
}

/// A certificate that is served.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct CertificateStatus {
    /// Names and addresses that it is for.
    pub names: Vec<String>,
    /// When it expires, in seconds since 1970-01-01T00:00:00Z.
    pub not_after: i64,
}

/// One limit.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct LimitStatus {
    /// Its name in the configuration.
    pub name: String,
    /// Keys that owe something now, from a sample where there are many.
    pub keys: u64,
    /// Keys that may.
    pub keys_max: u64,
    /// Memory of its tables.
    pub memory_bytes: u64,
    /// Whether it refuses nothing.
    pub dry_run: bool,
    /// Requests that passed.
    pub passed: u64,
    /// Requests that were refused.
    pub refused: u64,
    /// Requests that would have been refused.
    pub would_refuse: u64,
    /// Requests that lack a part of the key and were not limited.
    pub skipped: u64,
    /// Requests that were counted together with those of other keys, because the table was full.
    pub shared: u64,
    /// The store that replicas share; absent where each counts for itself.
    #[serde(default)]
    pub store: Option<LimitStoreStatus>,
}

/// A limit's store.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct LimitStoreStatus {
    /// How it stands.
    pub state: LimitStoreState,
    /// Why there is none; empty otherwise.
    #[serde(default)]
    pub error: String,
}

/// How a limit's store stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitStoreState {
    /// Not yet there.
    Connecting,
    /// There: the limit holds over all replicas.
    Connected,
    /// Gone or silent: the limit holds for this replica alone.
    Degraded,
}

/// How much there is to do, and who is refused for it.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
pub struct OverloadStatus {
    /// Resources that have a watermark.
    pub pressure: Vec<PressureStatus>,
    /// The process, clusters and routes that have a `concurrency`.
    pub limiters: Vec<LimiterStatus>,
}

/// How much of a resource is in use.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
pub struct PressureStatus {
    /// `memory`, `cpu` or `files`.
    pub resource: String,
    /// In percent; 0 where that is not known.
    pub used: f64,
    /// Percent from which on requests are shed.
    pub watermark: f64,
    /// Classes that are shed for it now.
    pub shed: Vec<String>,
}

/// A concurrency limit.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct LimiterStatus {
    /// `process`, `cluster:NAME` or `route:NAME`.
    pub name: String,
    /// Requests that may be under way now; absent where only resources are watched.
    #[serde(default)]
    pub limit: Option<u32>,
    /// The most that this may be.
    #[serde(default)]
    pub max: Option<u32>,
    /// Requests that are under way.
    pub in_flight: u32,
    /// Requests that wait for a place.
    pub waiting: u32,
    /// Requests that were shed.
    #[serde(default)]
    pub shed: Vec<ShedStatus>,
}

/// Requests of a class that were shed for a reason.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct ShedStatus {
    /// Their class.
    pub class: String,
    /// Why.
    pub reason: String,
    /// How many.
    pub requests: u64,
}

/// The access log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct AccessLogStatus {
    /// Lines written.
    pub written: u64,
    /// Lines dropped because the queue was full.
    pub dropped: u64,
}
