//! The settings of a cluster in the form that requests use.

use std::time::Duration;

use super::{outlier, retry};
use crate::config;

/// A configuration key, relative to its cluster, and what is wrong with its value.
pub type Problem = (String, String);

/// The settings of a cluster.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) balance: Balance,
    pub(super) slow_start: Option<Duration>,
    pub(super) pool: Pool,
    pub(super) breaker: config::Breaker,
    pub(super) timeouts: Timeouts,
    pub(super) retry: retry::Policy,
    pub(super) outlier: outlier::Policy,
    pub(super) health: Option<config::Health>,
    pub(super) ttl: (Duration, Duration),
}

/// How an endpoint is chosen. Which key is hashed is the caller's affair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Balance {
    RoundRobin,
    LeastRequest,
    Hash,
}

/// Bounds on idle connections.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pool {
    pub(super) idle: usize,
    pub(super) idle_timeout: Duration,
    pub(super) max_age: Duration,
}

/// Deadlines.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timeouts {
    pub(super) connect: Duration,
    pub(super) per_try: Duration,
    pub(super) total: Duration,
    pub(super) idle: Duration,
}

impl Settings {
    /// The settings as configured.
    pub(super) fn new(config: &config::Cluster) -> Self {
        let timeouts = &config.timeouts;
        Self {
            balance: match config.balance {
                config::Balance::RoundRobin => Balance::RoundRobin,
                config::Balance::LeastRequest => Balance::LeastRequest,
                config::Balance::Hash(_) => Balance::Hash,
            },
            slow_start: config.slow_start.map(|time| time.0),
            pool: Pool {
                idle: config.pool.idle as usize,
                idle_timeout: config.pool.idle_timeout.0,
                max_age: config.pool.max_age.0,
            },
            breaker: config.breaker.clone(),
            timeouts: Timeouts {
                connect: timeouts.connect.0,
                per_try: timeouts.per_try.0,
                total: timeouts.total.0,
                idle: timeouts.idle.0,
            },
            retry: retry::Policy::new(&config.retry),
            outlier: outlier::Policy::new(&config.outlier),
            health: config.health.clone(),
            ttl: (config.resolve.min_ttl.0, config.resolve.max_ttl.0),
        }
    }
}
