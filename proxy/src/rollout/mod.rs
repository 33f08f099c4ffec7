//! Rollouts: how traffic moves from blue to green, and back by itself.
//!
//! [`Learned`] is where workers and the control thread meet: workers read the share and count what became of requests, the
//! control thread decides. It is kept by name, so a reload moves nobody. Where a rollout stands and what becomes of it is
//! [`plan`]'s, a pure function; [`drive`] asks it and does what it says; [`state_file`] keeps that over a restart.

pub mod drain;
pub mod drive;
pub mod guard;
mod opinion;
pub mod outcomes;
pub mod plan;
pub mod prewarm;
pub mod recorder;
pub mod rescue;
pub mod state_file;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU16, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use parking_lot::Mutex;

pub use opinion::Opinion;

use drain::Drains;
use guard::{Asked, Guard, Reading};
use outcomes::{Counts, Outcomes};
use prewarm::Prewarm;
use recorder::Recorder;

use crate::{
    clock::{self, Instant},
    config::Colour,
    observe::{
        metrics::Metrics,
        shards::{Counter, Gauge},
    },
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
    /// Requests to warm a colour with.
    pub recorder: Recorder,
    /// The warming of a colour.
    pub prewarm: Arc<Prewarm>,
    /// Colours that have lost their share.
    pub drains: Drains,
    /// The colour that is trusted: blue, until a run moves traffic from green.
    green_is_trusted: AtomicBool,
    /// Requests that the trusted colour was asked for in the other's place: answered, and failed as well.
    pub rescued: [Arc<Counter>; 2],
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
            recorder: Recorder::new(metrics.workers()),
            prewarm: Arc::new(Prewarm::new(metrics.workers())),
            drains: Drains::new(),
            green_is_trusted: AtomicBool::new(false),
            rescued: ["answered", "failed"].map(|outcome| metrics.rescued(name, outcome)),
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
        for (colour, share) in [(Colour::Blue, BUCKETS - green), (Colour::Green, green)] {
            if share > 0 {
                self.drains.call_off(colour);
            }
        }
        for (gauge, share) in self.gauges.iter().zip([BUCKETS - green, green]) {
            gauge.set(f64::from(share) / 100.0);
        }
    }
    /// A run begins that moves traffic to `candidate`: what the guard has gathered in earlier ones counts no more, and the other
    /// colour answers what the candidate fails.
    pub fn begin(&self, candidate: Colour) {
        self.guard.lock().reset();
        self.prewarm.end();
        self.green_is_trusted.store(candidate == Colour::Blue, Relaxed);
    }

    /// The colour that served when the last run began. It answers what the other fails, also after that run: until the next
    /// one it is what traffic could be moved back to.
    pub fn trusted(&self) -> Colour {
        if self.green_is_trusted.load(Relaxed) { Colour::Green } else { Colour::Blue }
    }

    /// p95 to the first byte of a colour's answers since the process began, where it has had enough of them.
    pub fn p95(&self, colour: Colour) -> Option<Duration> {
        let mut sum = Counts::default();
        self.outcomes.classes().iter().for_each(|class| sum.add(&class.read(colour)));
        sum.quantile(0.95).filter(|_| sum.answers() >= 20)
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
