//! Rollouts: how traffic moves from blue to green, and back by itself.
//!
//! [`Learned`] is where workers and the control thread meet: workers read the share and count what became of requests, the
//! control thread decides. It is kept by name, so a reload moves nobody.

pub mod guard;
mod opinion;
pub mod outcomes;

use std::sync::{
    Arc,
    atomic::{AtomicU16, AtomicU64, Ordering::Relaxed},
};

use parking_lot::Mutex;

pub use opinion::Opinion;

use guard::{Asked, Guard, Reading};
use outcomes::Outcomes;

use crate::{
    clock::{self, Instant},
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
    /// Counts the moves of the share: each begins a step, which needs requests of its own.
    step: AtomicU64,
    /// What became of requests.
    pub outcomes: Outcomes,
    guard: Mutex<Guard>,
    born: Instant,
}

impl Learned {
    /// A rollout at this share of green, in hundredths of a percent.
    pub fn new(name: &str, green_share: u16, metrics: &Metrics) -> Arc<Self> {
        let gauges =
            [Colour::Blue, Colour::Green].map(|colour| metrics.rollout_weight(name, colour));
        let learned = Self {
            green_share: AtomicU16::new(0),
            gauges,
            step: AtomicU64::new(0),
            outcomes: Outcomes::new(metrics.workers()),
            guard: Mutex::default(),
            born: clock::now(),
        };
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
        if self.green_share.swap(green, Relaxed) != green {
            self.step.fetch_add(1, Relaxed);
        }
        for (gauge, share) in self.gauges.iter().zip([BUCKETS - green, green]) {
            gauge.set(f64::from(share) / 100.0);
        }
    }
    /// A run begins: what the guard has gathered in earlier ones counts no more.
    pub fn begin(&self) {
        self.guard.lock().reset();
    }

    /// What the outcomes of requests say of `candidate`, the colour that traffic moves to. A verdict of stop stays until
    /// [`Self::begin`]. Call it about every tenth of a second while a run is under way.
    pub fn guard(&self, candidate: Colour, policy: &guard::Policy, now: Instant) -> Opinion {
        let reading = |class: &Arc<outcomes::Class>| Reading {
            route: Arc::clone(&class.name),
            counts: [Colour::Blue, Colour::Green].map(|colour| class.read(colour)),
        };
        let readings: Vec<_> = self.outcomes.classes().iter().map(reading).collect();
        let step = self.step.load(Relaxed);
        let now = now.saturating_duration_since(self.born);
        self.guard.lock().ask(&Asked { policy, candidate, step, now }, &readings)
    }
}
