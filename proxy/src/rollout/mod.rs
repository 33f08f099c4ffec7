//! Rollouts: how traffic moves from blue to green, and back by itself.
//!
//! [`Learned`] is where workers and the control thread meet: workers read the share and count what became of requests, the
//! control thread decides. It is kept by name, so a reload moves nobody. Where a rollout stands and what becomes of it is
//! [`plan`]'s, a pure function; [`drive`] asks it and does what it says; [`state_file`] keeps that over a restart.

pub mod drive;
mod opinion;
pub mod plan;
pub mod state_file;

use std::sync::{
    Arc,
    atomic::{AtomicU16, Ordering::Relaxed},
};

pub use opinion::Opinion;

use crate::{
    config::Colour,
    observe::{metrics::Metrics, shards::Gauge},
    route::split::BUCKETS,
};

/// What outlives a snapshot of a rollout.
#[derive(Debug)]
pub struct Learned {
    /// Green's share in force, in hundredths of a percent.
    green_share: AtomicU16,
    /// The same as metrics tell it, blue's and green's.
    gauges: [Arc<Gauge>; 2],
}

impl Learned {
    /// A rollout at this share of green, in hundredths of a percent.
    pub fn new(name: &str, green_share: u16, metrics: &Metrics) -> Arc<Self> {
        let gauges =
            [Colour::Blue, Colour::Green].map(|colour| metrics.rollout_weight(name, colour));
        let learned = Self { green_share: AtomicU16::new(0), gauges };
        learned.set_green_share(green_share);
        Arc::new(learned)
    }

    /// Green's share in force, in hundredths of a percent.
    pub fn green_share(&self) -> u16 {
        self.green_share.load(Relaxed)
    }

    /// Moves the split. Takes effect with the next request of every worker.
    pub fn set_green_share(&self, share: u16) {
        let green = share.min(BUCKETS);
        self.green_share.store(green, Relaxed);
        for (gauge, share) in self.gauges.iter().zip([BUCKETS - green, green]) {
            gauge.set(f64::from(share) / 100.0);
        }
    }
}
