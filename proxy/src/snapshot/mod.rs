//! The compiled, immutable form of a configuration, and how one takes the place of another.

pub mod history;
pub mod watch;

use crate::config::Config;

/// A compiled configuration. Requests keep the one that they began with.
#[derive(Debug)]
pub struct Snapshot {
    /// Counts loads since the process started, from 1.
    pub generation: u64,
    /// What this was compiled from.
    pub config: Config,
}
