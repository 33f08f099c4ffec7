//! `[admin]`, `[log]`, `[drain]`, `[reload]` and `[state]` as written: how operators see and steer the process.

use std::{net::SocketAddr, path::PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::units::{Duration, Size};

/// Admin server: health, metrics, status, reload.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Admin {
    /// Address and port. Anything but loopback needs `token`. Takes effect at start.
    #[schemars(with = "String", extend("format" = "socket-address"))]
    pub listen: SocketAddr,
    /// Bearer token that every call but `/livez` and `/readyz` must carry.
    pub token: Option<Secret>,
    /// Blocks that `POST /lists` may put on both lists together; more are refused.
    #[schemars(range(max = 1_000_000))]
    pub list_entries: u32,
}

/// A secret, by reference only: exactly one of the two.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Secret {
    /// Environment variable that holds it.
    pub env: Option<String>,
    /// File that holds it; white space at its ends is not part of it.
    #[schemars(extend("format" = "path"))]
    pub file: Option<PathBuf>,
}

/// Process log (to standard error) and access log.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// Lowest level that is written. `RUST_LOG` goes before it.
    pub level: LogLevel,
    /// Form of a line. Takes effect at start.
    pub format: LogFormat,
    /// One JSON object per request.
    pub access: Option<AccessLog>,
}

/// Lowest level that is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    /// A person must act.
    Error,
    /// Degraded.
    Warn,
    /// Life cycle.
    #[default]
    Info,
    /// Per connection.
    Debug,
}

/// Form of a process log line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

/// Access log.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccessLog {
    /// File to append to, or `"-"` for standard output. Reopened on reload, for log rotation.
    #[schemars(extend("format" = "path"))]
    pub path: String,
    /// Lines that may wait for the disk. More are dropped and counted.
    #[serde(default = "default_queue")]
    #[schemars(range(min = 1, max = 10_000_000))]
    pub queue: u32,
}

/// How the process ends.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Drain {
    /// Time between readiness going off and the first connection that is turned away, for load balancers to notice.
    pub delay: Duration,
    /// Time for requests and tunnels to end; what is left then is cut. Holds for removed listeners too.
    pub deadline: Duration,
}

/// How a changed file is noticed.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Reload {
    /// Watch the directories of the configuration and of the certificates.
    pub watch: bool,
    /// Compare contents this often as well: network and overlay file systems give no events. Zero turns it off.
    pub poll: Duration,
}

/// What the process keeps on disk. Takes effect at start.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct State {
    /// Directory; made if it is not there. Without it `STATE_DIRECTORY`, which systemd sets; without that nothing is kept.
    #[schemars(extend("format" = "path"))]
    pub dir: Option<PathBuf>,
    /// The event log in it.
    pub events: EventLog,
}

/// The event log.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EventLog {
    /// A file that is longer is followed by a new one.
    pub rotate: Size,
    /// Files that are kept, the one that is written included.
    #[schemars(range(min = 1, max = 10_000))]
    pub keep: u32,
}

impl Default for EventLog {
    fn default() -> Self {
        Self { rotate: Size(64 << 20), keep: 10 }
    }
}

impl Default for Admin {
    fn default() -> Self {
        let listen = SocketAddr::from(([127, 0, 0, 1], 9901));
        Self { listen, token: None, list_entries: 10_000 }
    }
}

impl Default for Drain {
    fn default() -> Self {
        Self { delay: Duration::seconds(0), deadline: Duration::seconds(30) }
    }
}

impl Default for Reload {
    fn default() -> Self {
        Self { watch: true, poll: Duration::seconds(10) }
    }
}

fn default_queue() -> u32 {
    65_536
}
