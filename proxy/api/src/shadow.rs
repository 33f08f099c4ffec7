//! `GET /rollouts/NAME/diff`: in what the shadow's answers differ from those that clients see.

use serde::{Deserialize, Serialize};

/// What a rollout's comparisons have come to, since the start or the last `DELETE`.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
pub struct ShadowDiff {
    /// The rollout.
    pub rollout: String,
    /// Pairs of answers that were compared.
    pub compared: u64,
    /// Of these, pairs that were equal.
    pub equal: u64,
    /// Of these, pairs that differed.
    pub different: u64,
    /// Of these, pairs that differed in what is asserted.
    pub failing: u64,
    /// What is asserted.
    pub assert: Vec<String>,
    /// Whether the rollout may move on.
    pub opinion: ShadowOpinion,
    /// Pairs that were not compared, by the reason.
    pub skipped: Vec<ShadowSkip>,
    /// Times to the first byte, if any were taken.
    pub latency: Option<ShadowLatency>,
    /// What is not counted, because the primary differs from itself there.
    pub masked: Vec<ShadowMask>,
    /// Differences that are alike, the most frequent first.
    pub clusters: Vec<ShadowCluster>,
    /// Differences that found no room among these.
    pub clusters_dropped: u64,
    /// Places of noise that found no room.
    pub masks_dropped: u64,
}

/// Whether a rollout may move on, and why not.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case", tag = "verdict", content = "why")]
pub enum ShadowOpinion {
    /// It may.
    Go,
    /// Too little is known.
    Hold(String),
    /// The shadow is worse than it may be.
    Stop(String),
}

/// Pairs that were not compared.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct ShadowSkip {
    /// Why.
    pub reason: String,
    /// How many.
    pub count: u64,
}

/// Times to the first byte.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
pub struct ShadowLatency {
    /// Pairs whose times were taken.
    pub pairs: u64,
    /// Mean of the primary, in milliseconds.
    pub primary_ms: f64,
    /// Mean of the shadow, in milliseconds.
    pub shadow_ms: f64,
    /// The shadow's time over the primary's, in the middle of all pairs.
    pub ratio: f64,
}

/// A place that is noise.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct ShadowMask {
    /// The route.
    pub route: String,
    /// `json`, `headers`, `size`.
    pub kind: String,
    /// `missing`, `extra`, `type`, `value`.
    pub change: String,
    /// Where.
    pub place: String,
    /// Requests in which the primary's cluster differed from itself there.
    pub differed: u32,
    /// Requests that it was sent twice.
    pub seen: u32,
    /// Differences of the shadow there that were not counted.
    pub hidden: u64,
}

/// Differences that are alike.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
pub struct ShadowCluster {
    /// The route.
    pub route: String,
    /// `status`, `headers`, `json`, `size`.
    pub kind: String,
    /// `missing` from the shadow, `extra` there, of another `type`, of another `value`.
    pub change: String,
    /// Where: `$.items[].price`, `header:etag`, `200 -> 503`.
    pub place: String,
    /// Whether this is asserted.
    pub asserted: bool,
    /// Requests.
    pub count: u64,
    /// When the first was, in milliseconds since 1970-01-01T00:00:00Z.
    pub first: u64,
    /// When the last was, likewise.
    pub last: u64,
    /// What the primary had there in the sample, in short; none where it had nothing.
    pub primary: Option<String>,
    /// What the shadow had there.
    pub shadow: Option<String>,
    /// The first of these requests.
    pub sample: ShadowSample,
}

/// A request without its secrets, and its answers.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct ShadowSample {
    /// A command line that sends it again, to where the variable `ORIGIN` says.
    pub curl: String,
    /// The primary's answer.
    pub primary: ShadowAnswer,
    /// The shadow's, if there was one.
    pub shadow: Option<ShadowAnswer>,
}

/// The beginning of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct ShadowAnswer {
    /// Status.
    pub status: u16,
    /// `Content-Type`.
    pub content_type: String,
    /// The beginning of a body in JSON, without its secrets.
    pub body: String,
}

/// `GET /rollouts/NAME/parity`: whether green is set up as blue is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Parity {
    /// The rollout.
    pub rollout: String,
    /// Cluster of the blue colour.
    pub blue: String,
    /// Cluster of the green colour.
    pub green: String,
    /// What differs.
    pub differences: Vec<ParityDifference>,
}

/// Something in which the two clusters differ.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct ParityDifference {
    /// What was looked at.
    pub kind: ParityKind,
    /// Where: a key of the cluster's table, a place in the document.
    pub place: String,
    /// `missing` from green, `extra` there, of another `type`, of another `value`.
    pub change: String,
    /// What blue has there.
    pub blue: Option<String>,
    /// What green has there.
    pub green: Option<String>,
}

/// What two clusters are compared in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ParityKind {
    /// Their tables in the configuration.
    Settings,
    /// Endpoints that requests are sent to.
    Health,
    /// The document at `parity.path`.
    Document,
}

impl ParityKind {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Settings => "settings",
            Self::Health => "health",
            Self::Document => "document",
        }
    }
}
