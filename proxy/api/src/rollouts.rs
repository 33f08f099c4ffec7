//! `/rollouts`: which colour gets which share.

use serde::{Deserialize, Serialize};

/// One rollout.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
pub struct RolloutStatus {
    /// Its name in the configuration.
    pub name: String,
    /// Cluster of the blue colour.
    pub blue: String,
    /// Cluster of the green colour.
    pub green: String,
    /// Shares as configured.
    pub weights: Shares,
}

/// Shares in percent, 0 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, Serialize)]
pub struct Shares {
    /// Share of blue.
    pub blue: f64,
    /// Share of green.
    pub green: f64,
}
