//! `/rollouts`: which colour gets which share, where each rollout stands, and what became of what was asked.

use serde::{Deserialize, Serialize};

/// One rollout.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
pub struct RolloutStatus {
    /// Its name in the configuration.
    pub name: String,
    /// Cluster of the blue colour.
    pub blue: String,
    /// Cluster of the green colour.
    pub green: String,
    /// Shares in force.
    pub weights: Shares,
    /// Shares as configured.
    #[serde(default)]
    pub declared: Shares,
    /// Whether those two differ.
    #[serde(default)]
    pub differs: bool,
    /// `idle`, `mirror`, `compare`, `prewarm`, `steps`, `full`, `soak`, `done` or `rollback`.
    #[serde(default)]
    pub phase: String,
    /// The colour that traffic moves to, or last moved to.
    #[serde(default)]
    pub towards: String,
    /// Steps that have been taken.
    #[serde(default)]
    pub step: u32,
    /// Shares of that colour, step by step, in percent.
    #[serde(default)]
    pub steps: Vec<f64>,
    /// When the phase or step began, in milliseconds since 1970-01-01T00:00:00Z.
    #[serde(default)]
    pub since: u64,
    /// When the next one may begin, likewise; absent where it depends on something else than time.
    #[serde(default)]
    pub next_at: Option<u64>,
    /// When it goes back by itself if nothing moves and nobody asks for anything, likewise; absent at rest.
    #[serde(default)]
    pub deadline_at: Option<u64>,
    /// Whether it waits for an operator.
    #[serde(default)]
    pub paused: bool,
    /// Why it is where it is.
    #[serde(default)]
    pub why: String,
    /// What holds it up; absent where nothing but time does.
    #[serde(default)]
    pub held_by: Option<String>,
    /// What guard, comparison and pre-warming say, as far as they are asked.
    #[serde(default)]
    pub opinions: Vec<RolloutOpinion>,
    /// The colour that traffic has left, while it drains.
    #[serde(default)]
    pub drain: Option<RolloutDrain>,
    /// The last time that traffic went back.
    #[serde(default)]
    pub last_rollback: Option<RolloutRollback>,
    /// What an operator has to know, such as that the state file could not be read.
    #[serde(default)]
    pub warning: Option<String>,
}

/// Shares in percent, 0 to 100.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize, Serialize)]
pub struct Shares {
    /// Share of blue.
    pub blue: f64,
    /// Share of green.
    pub green: f64,
}

/// What one of those who are asked says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct RolloutOpinion {
    /// `guard`, `compare` or `prewarm`.
    pub of: String,
    /// `go`, `hold` or `stop`.
    pub says: String,
    /// Why; empty with `go`.
    #[serde(default)]
    pub why: String,
}

/// A colour that ends what it has in flight.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct RolloutDrain {
    /// The colour.
    pub colour: String,
    /// Requests and tunnels that it has in flight.
    pub in_flight: u64,
    /// Until when it is waited for, in milliseconds since 1970-01-01T00:00:00Z.
    pub until: u64,
}

/// How traffic went back.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct RolloutRollback {
    /// When, in milliseconds since 1970-01-01T00:00:00Z.
    pub at: u64,
    /// Why.
    pub why: String,
    /// Milliseconds until nothing was in flight any more, or the drain was over; absent while it drains.
    #[serde(default)]
    pub took_ms: Option<u64>,
    /// Whether that was longer than `rollback.max_duration`.
    #[serde(default)]
    pub late: bool,
}

/// `POST /rollouts/NAME/...`: what it has changed.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
pub struct RolloutChange {
    /// Before.
    pub before: RolloutStatus,
    /// After; the shares are in force.
    pub after: RolloutStatus,
    /// Milliseconds that the change took.
    pub took_ms: f64,
    /// What an operator has to know; empty where that is nothing.
    #[serde(default)]
    pub note: String,
}
