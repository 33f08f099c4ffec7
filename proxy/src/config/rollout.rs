//! `[rollouts.NAME]` as written: a blue and a green cluster, the split between them, and the shadow.

use std::{collections::BTreeSet, fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    compare::{Compare, Parity},
    units::{Duration, Percent, Size, text_value},
};

/// A blue and a green cluster, and how requests are split between them.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rollout {
    /// Cluster of the colour that serves today.
    pub blue: String,
    /// Cluster of the colour that is to serve.
    pub green: String,
    /// Shares. Changing this line is the atomic flip.
    #[serde(default)]
    pub weights: Weights,
    /// What keeps a client on its colour: the first of these that the request has. The client address is the last resort.
    #[serde(default = "default_sticky")]
    pub sticky: Vec<StickyKey>,
    /// Lets testers choose a colour by hand.
    #[serde(default, rename = "override")]
    pub override_by: Option<Override>,
    /// Copies of requests to a cluster whose answers no client sees.
    #[serde(default)]
    pub mirror: Option<Mirror>,
    /// How the answers to copies are compared with those that clients see.
    #[serde(default)]
    pub compare: Option<Compare>,
    /// A document that both colours serve, for `foxctl rollout parity`.
    #[serde(default)]
    pub parity: Option<Parity>,
    /// Shares of the colour that traffic moves to, in percent, one after the other; 100 comes last, written or not.
    #[serde(default = "default_steps")]
    #[schemars(length(min = 1, max = 100))]
    pub steps: Vec<Percent>,
    /// How long each step lasts at least, and the mirror before the first of them.
    #[serde(default = "default_step_every")]
    pub step_every: Duration,
    /// From the end of the drain to the end of the rollout: everything is on the new colour, and the old one stands by.
    #[serde(default = "default_soak")]
    pub soak: Duration,
    /// A rollout that has not moved for this long, and of which nobody has asked anything, goes back by itself.
    #[serde(default = "default_deadline")]
    pub deadline: Duration,
    /// Bounds of the way back.
    #[serde(default)]
    pub rollback: Rollback,
    /// Whether what the colour that is rolled out fails before its first byte is answered by the other one.
    #[serde(default)]
    pub rescue: bool,
    /// What ends a rollout by itself.
    #[serde(default)]
    pub guard: Option<Guard>,
    /// What a colour must have done before it is sent its first user.
    #[serde(default)]
    pub prewarm: Option<Prewarm>,
}

/// Bounds of the way back, and of the colour that traffic has left.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Rollback {
    /// A rollback that takes longer, its drain included, is reported as an error.
    pub max_duration: Duration,
    /// What the colour that traffic has left has in flight may take this long to end.
    pub drain: Duration,
}

/// One side of a rollout.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Colour {
    /// The colour that serves today.
    Blue,
    /// The colour that is to serve.
    Green,
}

/// Shares of blue and green in percent; together 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Weights {
    /// Share of blue.
    pub blue: Percent,
    /// Share of green.
    pub green: Percent,
}

/// A part of the request that identifies a client.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StickyKey {
    /// `"client_ip"`: the client's address, behind trusted proxies the one that they report.
    ClientIp,
    /// `"cookie:NAME"`: the value of a cookie.
    Cookie(String),
    /// `"header:NAME"`: the value of a header field.
    Header(String),
    /// `"path"`: the path.
    Path,
}

/// Chooses a colour by hand: the value `blue`, `green`, `always` (green) or `never` (blue). Believed from clients
/// in `from`, and from trusted proxies that ask for themselves.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Override {
    /// Header field that carries it; it goes before the cookie.
    #[serde(default)]
    pub header: Option<String>,
    /// Cookie that carries it.
    #[serde(default)]
    pub cookie: Option<String>,
    /// Client addresses that may choose, besides what comes through `trusted_proxies`.
    #[serde(default)]
    pub from: Vec<super::Cidr>,
}

/// Copies of requests to a shadow cluster.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mirror {
    /// The shadow cluster.
    pub to: String,
    /// Share of requests that are copied.
    #[serde(default = "default_percent")]
    pub percent: Percent,
    /// Methods that are copied. Methods that write are copied only if they are named here.
    #[serde(default = "default_methods")]
    #[schemars(length(min = 1))]
    pub methods: BTreeSet<String>,
    /// A request whose body is longer is not copied, or its copy is cut off when that shows.
    #[serde(default = "default_max_body")]
    pub max_body: Size,
    /// Body bytes that all copies of this mirror may hold at once, over all workers.
    #[serde(default = "default_memory_budget")]
    pub memory_budget: Size,
    /// Copies in flight at once, over all workers.
    #[serde(default = "default_in_flight")]
    #[schemars(range(min = 1, max = 100_000))]
    pub in_flight: u32,
    /// Header fields that a copy does not carry.
    #[serde(default)]
    pub strip: BTreeSet<String>,
    /// Deadline of a copy, its answer included.
    #[serde(default = "default_mirror_timeout")]
    pub timeout: Duration,
}

/// Limits that the colour that is rolled out is held to, beside the other one.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Guard {
    /// The rise of the share of failed requests that is one too many, in percentage points.
    pub error_rise: Percent,
    /// What its p95 to the first byte may be, as a multiple of the other's.
    #[schemars(range(min = 1.0, max = 100.0))]
    pub p95_ratio: f64,
    /// Requests that it must have had in a step before the next step.
    #[schemars(range(min = 1, max = 10_000_000))]
    pub min_requests: u64,
}

/// What a colour must have done before it is sent its first user.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Prewarm {
    /// Connections that are opened, over all workers and endpoints.
    #[schemars(range(min = 1, max = 10_000))]
    pub connections: u32,
    /// Recorded requests are sent again until the colour's p95 is at most this multiple of the other's.
    #[schemars(range(min = 1.0, max = 100.0))]
    pub until_p95_ratio: f64,
    /// Longest time that this may take; then the rollout stops.
    pub timeout: Duration,
}

impl Default for Guard {
    fn default() -> Self {
        Self { error_rise: Percent::whole(1), p95_ratio: 1.3, min_requests: 50 }
    }
}

impl Default for Prewarm {
    fn default() -> Self {
        Self { connections: 32, until_p95_ratio: 1.2, timeout: Duration::seconds(60) }
    }
}

impl Default for Weights {
    fn default() -> Self {
        Self { blue: Percent::whole(100), green: Percent::whole(0) }
    }
}

impl Default for Rollback {
    fn default() -> Self {
        Self { max_duration: Duration::seconds(120), drain: Duration::seconds(60) }
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Colour {
    /// The word in configuration, metrics and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Blue => "blue",
            Self::Green => "green",
        }
    }

    /// The one that this is not.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Blue => Self::Green,
            Self::Green => Self::Blue,
        }
    }
}

impl FromStr for StickyKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            None if text == "client_ip" => Ok(Self::ClientIp),
            None if text == "path" => Ok(Self::Path),
            Some(("cookie", name)) if is_token(name) => Ok(Self::Cookie(name.to_owned())),
            Some(("header", name)) if is_token(name) => Ok(Self::Header(name.to_ascii_lowercase())),
            _ => Err(format!(
                "expected \"client_ip\", \"path\", \"cookie:NAME\" or \"header:NAME\", found \"{text}\""
            )),
        }
    }
}

impl fmt::Display for StickyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ClientIp => f.write_str("client_ip"),
            Self::Path => f.write_str("path"),
            Self::Cookie(name) => write!(f, "cookie:{name}"),
            Self::Header(name) => write!(f, "header:{name}"),
        }
    }
}

text_value!(StickyKey, "sticky-key");

/// A token of RFC 9110, 5.6.2: what header fields, methods and cookies are named with.
pub fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

fn default_sticky() -> Vec<StickyKey> {
    vec![StickyKey::ClientIp]
}

fn default_steps() -> Vec<Percent> {
    [5, 25, 50, 100].map(Percent::whole).to_vec()
}

fn default_step_every() -> Duration {
    Duration::seconds(120)
}

fn default_soak() -> Duration {
    Duration::seconds(300)
}

fn default_deadline() -> Duration {
    Duration::seconds(3_600)
}

fn default_percent() -> Percent {
    Percent::whole(100)
}

fn default_methods() -> BTreeSet<String> {
    BTreeSet::from(["GET".to_owned(), "HEAD".to_owned()])
}

fn default_max_body() -> Size {
    Size(1 << 20)
}

fn default_memory_budget() -> Size {
    Size(64 << 20)
}

fn default_in_flight() -> u32 {
    256
}

fn default_mirror_timeout() -> Duration {
    Duration::seconds(15)
}
