//! Whether the candidate of a rollout is worse than the colour that serves. Pure: counts and time go in, an [`Opinion`] comes
//! out.
//!
//! Three tests run for every route and for all together, on evidence that may be looked at after every block of requests
//! without being spoilt by it (`sequential`): of errors beside the other colour's in the same second; of gross failure, by
//! what is known of the other colour, which needs but a handful of requests; and of answers slower than the other's p95
//! allows. docs/decisions/0009-guard.md says why these, and what they catch in how many requests.

mod sequential;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use sequential::{Evidence, Known, Pair, Sample};

use super::{
    Opinion,
    outcomes::{self, BUCKETS, Counts},
};
use crate::config::Colour;

/// `guard` of a rollout.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// The rise of the share of failures that is one too many, from 0 to 1.
    pub error_rise: f64,
    /// What the candidate's p95 may be, as a multiple of the other's.
    pub p95_ratio: f64,
    /// Requests that the candidate must have answered in a step before the next.
    pub min_requests: u64,
}

/// What the guard remembers.
#[derive(Debug, Default)]
pub struct Guard {
    candidate: Option<Colour>,
    step: u64,
    /// Requests of the candidate in this step.
    seen: u64,
    /// Of all routes together first.
    watches: Vec<Watch>,
    stopped: Option<String>,
}

/// Outcomes of a route so far, both colours'.
#[derive(Debug, Clone)]
pub struct Reading {
    /// Name of the route.
    pub route: Arc<str>,
    /// Blue's and green's.
    pub counts: [Counts; 2],
}

/// What is asked about.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The limits.
    pub policy: &'a Policy,
    /// The colour that traffic moves to.
    pub candidate: Colour,
    /// Number of the step: another one needs requests of its own.
    pub step: u64,
    /// Time since some beginning.
    pub now: Duration,
}

/// The requests of one route, or of all.
#[derive(Debug)]
struct Watch {
    /// `None`: all of them.
    route: Option<Arc<str>>,
    read: [Counts; 2],
    at: Duration,
    /// What the other colour was like.
    memory: Memory,
    block: Block,
    /// Since the evidence began.
    sum: Pair,
    errors: Evidence<3>,
    gross: Evidence<3>,
    slow: Evidence<3>,
}

/// What the colour that serves was like: the standard that the candidate is held to.
#[derive(Debug)]
struct Memory {
    failures: Sample,
    /// The last second or two.
    lately: Sample,
    slow: Sample,
    answered: Box<[f64; BUCKETS]>,
}

/// A block that is being filled.
#[derive(Debug, Clone, Copy)]
struct Block {
    since: Duration,
    errors: Pair,
    slow: Pair,
    /// The first bucket that is slow.
    slow_from: Option<usize>,
}

impl Guard {
    /// Forgets all evidence, and what has stopped a rollout: another one begins.
    pub fn reset(&mut self) {
        *self = Self::default();
    }

    /// Takes note of the outcomes so far and says what follows. Call it every tenth of a second or so.
    pub fn ask(&mut self, asked: &Asked<'_>, readings: &[Reading]) -> Opinion {
        if self.candidate != Some(asked.candidate) {
            *self = Self { candidate: Some(asked.candidate), ..Self::default() };
        }
        if self.step != asked.step {
            (self.step, self.seen) = (asked.step, 0);
        }
        self.observe(asked, readings);
        self.opinion(asked)
    }

    fn observe(&mut self, asked: &Asked<'_>, readings: &[Reading]) {
        let mut all: [Counts; 2] = Default::default();
        let first = self.watches.is_empty();
        if first {
            self.watches.push(Watch::new(None, Default::default(), asked.now));
        }
        for reading in readings {
            let at =
                match self.watches.iter().position(|w| w.route.as_ref() == Some(&reading.route)) {
                    Some(at) => at,
                    None => {
                        // What was counted before the guard looked for the first time is no evidence of anything; a route that
                        // has come since has counted from zero.
                        let read = if first { reading.counts.clone() } else { Default::default() };
                        self.watches.push(Watch::new(
                            Some(Arc::clone(&reading.route)),
                            read,
                            asked.now,
                        ));
                        self.watches.len() - 1
                    }
                };
            let fresh = self.watches[at].read(&reading.counts);
            for (sum, fresh) in all.iter_mut().zip(&fresh) {
                sum.add(fresh);
            }
            self.watches[at].add(asked, &fresh);
        }
        self.seen += all[asked.candidate as usize].requests();
        self.watches[0].add(asked, &all);
    }

    fn opinion(&mut self, asked: &Asked<'_>) -> Opinion {
        if self.stopped.is_none() {
            self.stopped = self.watches.iter().find_map(|watch| watch.alarm(asked));
        }
        if let Some(why) = &self.stopped {
            return Opinion::Stop(why.clone());
        }
        let (candidate, min) = (asked.candidate, asked.policy.min_requests);
        if self.seen < min {
            return Opinion::Hold(format!("{candidate} has had {} of {min} requests", self.seen));
        }
        match self.watches.iter().find_map(|watch| watch.suspicion(asked)) {
            Some(why) => Opinion::Hold(why),
            None => Opinion::Go,
        }
    }
}

impl Watch {
    fn new(route: Option<Arc<str>>, read: [Counts; 2], now: Duration) -> Self {
        Self {
            route,
            read,
            at: now,
            memory: Memory::default(),
            block: Block {
                since: now,
                errors: Pair::default(),
                slow: Pair::default(),
                slow_from: None,
            },
            sum: Pair::default(),
            errors: Evidence::none(),
            gross: Evidence::none(),
            slow: Evidence::none(),
        }
    }

    /// What is new since the last reading.
    fn read(&mut self, counts: &[Counts; 2]) -> [Counts; 2] {
        let fresh = [0, 1].map(|at| counts[at].since(&self.read[at]));
        self.read = counts.clone();
        fresh
    }

    fn add(&mut self, asked: &Asked<'_>, fresh: &[Counts; 2]) {
        let candidate = asked.candidate as usize;
        let (candidate, other) = (&fresh[candidate], &fresh[1 - candidate]);
        self.memory.lately.fade(0.5_f64.powf((asked.now.saturating_sub(self.at)).as_secs_f64()));
        self.at = asked.now;
        self.memory.lately.add(failures(other));
        let errors = Pair { candidate: failures(candidate), other: failures(other) };
        self.sum.candidate.add(errors.candidate);
        self.sum.other.add(errors.other);
        let (known, anchor) = self.memory.gross(asked.policy);
        let mut gross = errors;
        gross.other.add(anchor);
        self.gross.add_pair(&gross, &known, &GROSS.map(|rise| rise + known.allowed));
        self.block.add(candidate, other);
        self.memory.answers(other);
        if self.block.is_full(asked.now) {
            self.close(asked);
        }
    }

    /// Ends a block: its evidence counts, and what the other colour did is what it is known by from now on.
    fn close(&mut self, asked: &Asked<'_>) {
        let Policy { error_rise, p95_ratio, .. } = *asked.policy;
        let block = self.block;
        let known = Known {
            other_share: self.memory.failure_share(),
            allowed: error_rise / 4.0,
            most: ERRORS_MOST,
        };
        self.errors.add_pair(
            &block.errors,
            &known,
            &[error_rise, error_rise * 5.0, error_rise * 25.0],
        );
        let other_share = self.memory.slow.share(SLOW, 20.0);
        // A twentieth may be slower than p95. Where the other colour has its p95 far below, there is less to allow.
        let known = Known { other_share, allowed: (SLOW - other_share).max(0.01), most: SLOW_MOST };
        self.slow.add_pair(&block.slow, &known, &[0.02, 0.1, 0.5].map(|rise| rise + known.allowed));
        self.memory.failures.add(block.errors.other);
        self.memory.slow.add(block.slow.other);
        self.memory.fade();
        let slow_from = self.memory.slow_from(p95_ratio);
        self.block =
            Block { since: asked.now, errors: Pair::default(), slow: Pair::default(), slow_from };
    }

    fn alarm(&self, asked: &Asked<'_>) -> Option<String> {
        let (candidate, other) = (asked.candidate, asked.candidate.other());
        let place =
            self.route.as_ref().map(|route| format!(" of route {route}")).unwrap_or_default();
        if self.errors.log().max(self.gross.log()) >= ALARM {
            let Pair { candidate: of_candidate, other: of_other } = self.sum;
            return Some(format!(
                "{candidate} has failed {}{place}, {other} {}",
                of_candidate.describe(),
                of_other.describe()
            ));
        }
        (self.slow.log() >= ALARM).then(|| {
            let ratio = asked.policy.p95_ratio;
            format!("{candidate} is slower than {ratio} times the p95 of {other}{place}")
        })
    }

    fn suspicion(&self, asked: &Asked<'_>) -> Option<String> {
        let candidate = asked.candidate;
        let errors = self.errors.log().max(self.gross.log());
        let of = if errors >= SUSPICION {
            "errors"
        } else if self.slow.log() >= SUSPICION {
            "latency"
        } else {
            return None;
        };
        let place =
            self.route.as_ref().map(|route| format!(" on route {route}")).unwrap_or_default();
        Some(format!("the {of} of {candidate}{place} look worse, which is not certain yet"))
    }
}

impl Memory {
    /// What the share of failures is taken to be.
    fn failure_share(&self) -> f64 {
        self.failures.share(FAILURES, 100.0)
    }

    /// How much more than the other colour's share of failures is no gross failure yet, and what stands in for that colour
    /// where it has too little traffic of its own: a few requests that went as they did lately.
    fn gross(&self, policy: &Policy) -> (Known, Sample) {
        let before = self.failure_share();
        let now = self.lately.share(before, ANCHOR);
        let deviation = (now * (1.0 - now) / (self.lately.trials + ANCHOR)).sqrt();
        let other_share = before.max(now);
        let allowed = 2.0 * deviation + (2.0 * policy.error_rise).max(0.02);
        let anchor = Sample { trials: ANCHOR, cases: ANCHOR * other_share };
        (Known { other_share, allowed, most: f64::INFINITY }, anchor)
    }

    fn answers(&mut self, counts: &Counts) {
        for (kept, fresh) in self.answered.iter_mut().zip(&counts.answered) {
            *kept += f64::from(*fresh);
        }
    }

    /// Forgets slowly what is plenty: a standard is to follow the day.
    fn fade(&mut self) {
        let answers: f64 = self.answered.iter().sum();
        if answers > PLENTY {
            self.answered.iter_mut().for_each(|count| *count *= FADE);
        }
        for sample in [&mut self.failures, &mut self.slow] {
            if sample.trials > PLENTY {
                sample.fade(FADE);
            }
        }
    }

    /// The first bucket that is wholly above the p95, times `ratio`. With few answers p95 is not known well: it is then taken
    /// from further up.
    fn slow_from(&self, ratio: f64) -> Option<usize> {
        let answers: f64 = self.answered.iter().sum();
        if answers < ANSWERS_MIN {
            return None;
        }
        let share = (1.0 - SLOW + 2.0 * (SLOW * (1.0 - SLOW) / answers).sqrt()).min(0.995);
        let mut seen = 0.0;
        let at = self.answered.iter().position(|count| {
            seen += count;
            seen >= answers * share
        })?;
        let us = |bucket| outcomes::upper_us(bucket) as f64;
        let lower = at.checked_sub(1).map_or(0.0, us);
        // As far into its bucket as the answers in it are needed.
        let surplus = (seen - answers * share) / self.answered[at].max(f64::MIN_POSITIVE);
        let slow = (us(at) - (us(at) - lower) * surplus) * ratio;
        Some(outcomes::bucket(Duration::from_micros(slow as u64)) + 1)
    }
}

impl Default for Memory {
    fn default() -> Self {
        let none = Sample::default();
        Self { failures: none, lately: none, slow: none, answered: Box::new([0.0; BUCKETS]) }
    }
}

impl Block {
    fn add(&mut self, candidate: &Counts, other: &Counts) {
        self.errors.candidate.add(failures(candidate));
        self.errors.other.add(failures(other));
        if let Some(from) = self.slow_from {
            self.slow.candidate.add(slow(candidate, from));
            self.slow.other.add(slow(other, from));
        }
    }

    /// A second at least, and longer where one of the colours has had nothing to do: a block with one of them says nothing.
    fn is_full(&self, now: Duration) -> bool {
        let both = self.errors.candidate.trials > 0.0 && self.errors.other.trials > 0.0;
        let time = now.saturating_sub(self.since);
        time >= BLOCK && both || time >= BLOCK * 60
    }
}

impl Sample {
    fn describe(&self) -> String {
        format!("{} of {} requests", self.cases.round(), self.trials.round())
    }
}

fn failures(counts: &Counts) -> Sample {
    Sample { trials: counts.requests() as f64, cases: f64::from(counts.failed) }
}

fn slow(counts: &Counts, from: usize) -> Sample {
    let above = counts.answered.iter().skip(from).map(|count| f64::from(*count)).sum();
    Sample { trials: counts.answers() as f64, cases: above }
}

/// Evidence that stops a rollout: a thousand million to one.
const ALARM: f64 = 20.7;
/// Evidence that holds it: a thousand to one.
const SUSPICION: f64 = 6.9;
/// The most that one block says about errors: no single second decides, unless the failure is gross.
const ERRORS_MOST: f64 = ALARM / 3.0;
/// The most that one block says about latency: a pause of a second is none of the candidate's properties.
const SLOW_MOST: f64 = ALARM / 5.0;
/// Alternatives to no gross failure.
const GROSS: [f64; 3] = [0.05, 0.25, 0.9];
/// Requests that stand in for the other colour in each block of the test of gross failure.
const ANCHOR: f64 = 10.0;
/// What is above p95.
const SLOW: f64 = 0.05;
/// Share of failures of a colour of which nothing is known.
const FAILURES: f64 = 0.005;
/// Shortest block.
const BLOCK: Duration = Duration::from_secs(1);
/// Answers by which a p95 is known well enough to measure by it.
const ANSWERS_MIN: f64 = 50.0;
/// Answers of which the oldest are forgotten.
const PLENTY: f64 = 10_000.0;
/// What is left of them after each block.
const FADE: f64 = 0.98;
