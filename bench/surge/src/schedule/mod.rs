//! When requests start: a schedule that is fixed before the run and owes nothing to the answers.
//!
//! [`Profile`] is a rate over time, [`Plan`] the arrivals of one phase, [`Arrivals`] those of one thread. The arrivals of all
//! threads together are those of one process; their number is exact, with chance (`poisson`) too. Pure: time is an offset
//! from the start of the phase.

mod profile;

use std::time::Duration;

pub use profile::Profile;

use crate::chance::Chance;

/// How arrivals are spaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Spacing {
    /// Evenly: the k-th arrival is where the rate has added up to k.
    #[default]
    Uniform,
    /// As those of independent people: a Poisson process, given how many arrive in all.
    Poisson,
}

/// Requests that start together, again and again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Burst {
    /// How many start at once.
    pub requests: u64,
    /// How far apart bursts are; the first comes at the start.
    pub every: Duration,
}

/// The arrivals of a phase.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The rate over time.
    pub profile: Profile,
    /// What comes on top.
    pub burst: Option<Burst>,
    /// How arrivals between bursts are spaced.
    pub spacing: Spacing,
}

/// One arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// When, from the start of the phase.
    pub at: Duration,
    /// Which of the phase's arrivals: different in every thread.
    pub index: u64,
}

/// Which of several threads asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lane {
    /// From 0.
    pub index: u64,
    /// How many there are, at least 1.
    pub of: u64,
}

impl Plan {
    /// How many requests start in the phase.
    pub fn count(&self) -> u64 {
        self.profile.count() + self.burst_count()
    }

    /// The highest rate, bursts spread over the time between them.
    pub fn peak(&self) -> f64 {
        let burst = self.burst.map_or(0.0, |b| b.requests as f64 / b.every.as_secs_f64().max(1e-9));
        self.profile.peak() + burst
    }

    /// The arrivals of one thread, in order.
    pub fn arrivals(&self, lane: Lane, seed: u64) -> Arrivals {
        let total = self.profile.count();
        let mine = total.saturating_sub(lane.index).div_ceil(lane.of.max(1));
        Arrivals {
            plan: self.clone(),
            lane,
            steady: 0,
            steady_count: mine,
            chance: Chance::new(seed, lane.index),
            passed: 0.0,
            bursts: lane.index,
            next_steady: None,
        }
        .primed()
    }

    fn burst_count(&self) -> u64 {
        let Some(burst) = self.burst else { return 0 };
        let length = self.profile.length().as_nanos();
        let times = length.div_ceil(burst.every.as_nanos().max(1));
        burst.requests.saturating_mul(u64::try_from(times).unwrap_or(u64::MAX))
    }
}

/// The arrivals of one thread, in order.
#[derive(Debug, Clone)]
pub struct Arrivals {
    plan: Plan,
    lane: Lane,
    /// Arrivals of the profile that were taken, of `steady_count`.
    steady: u64,
    steady_count: u64,
    chance: Chance,
    /// The share of the profile, 0 to 1, that has passed by chance.
    passed: f64,
    /// Index of the next arrival of a burst.
    bursts: u64,
    next_steady: Option<Arrival>,
}

impl Arrivals {
    fn primed(mut self) -> Self {
        self.next_steady = self.steady();
        self
    }

    fn steady(&mut self) -> Option<Arrival> {
        let left = self.steady_count.checked_sub(self.steady).filter(|left| *left > 0)?;
        let index = self.lane.index + self.steady * self.lane.of;
        let volume = match self.plan.spacing {
            Spacing::Uniform => index as f64,
            // The smallest of the numbers that are left, each spread evenly over what is left: Devroye,
            // "Non-Uniform Random Variate Generation", V.3.2.
            Spacing::Poisson => {
                self.passed =
                    1.0 - (1.0 - self.passed) * self.chance.unit().powf(1.0 / left as f64);
                self.passed * self.plan.profile.volume()
            }
        };
        self.steady += 1;
        Some(Arrival { at: self.plan.profile.at(volume), index })
    }

    fn burst(&self) -> Option<Arrival> {
        let burst = self.plan.burst?;
        if self.bursts >= self.plan.burst_count() {
            return None;
        }
        let nth = self.bursts.checked_div(burst.requests)?;
        let at = Duration::from_secs_f64(burst.every.as_secs_f64() * nth as f64);
        Some(Arrival { at, index: self.plan.profile.count() + self.bursts })
    }
}

impl Iterator for Arrivals {
    type Item = Arrival;

    fn next(&mut self) -> Option<Arrival> {
        let burst = self.burst();
        let burst_first = match (&burst, &self.next_steady) {
            (Some(burst), Some(steady)) => burst.at <= steady.at,
            (burst, _) => burst.is_some(),
        };
        if burst_first {
            self.bursts += self.lane.of;
            return burst;
        }
        let taken = self.next_steady;
        self.next_steady = self.steady();
        taken
    }
}

#[cfg(test)]
mod tests;
