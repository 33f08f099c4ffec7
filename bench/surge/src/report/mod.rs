//! What came of a run: numbers for programs, from which text and page are made.

pub mod html;
mod odd;
mod staged;
mod summary;
pub mod text;

use std::time::Duration;

use serde::Serialize;

pub use odd::Odd;
pub use staged::{MemoryAt, OfEvent, OfOrigin};
pub use summary::{OfFlood, Quantiles, Summary};

use crate::{
    assertion::{Assertion, Facts, Verdict},
    clock::Instant,
    record::Tally,
    run::Tick,
    scenario::{Class, Load, Phase, Scenario},
    stage::Watched,
};

/// What a run measured.
pub struct Measured {
    /// Since 1970.
    pub started_at: Duration,
    /// When the first phase began.
    pub start: Instant,
    /// When the last answer was in.
    pub end: Instant,
    /// Threads that sent.
    pub threads: usize,
    /// Processor time, user and system.
    pub cpu: Duration,
    /// Whether it was ended early.
    pub interrupted: bool,
    /// By class, then by phase.
    pub tallies: Vec<Vec<Tally>>,
    /// The seconds, in order.
    pub ticks: Vec<Tick>,
    /// What was seen beside the requests.
    pub watched: Watched,
}

/// What came of a run. Its JSON is the output of `--json`; fields are only ever added.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Version of this shape.
    pub schema: u32,
    /// Name of the scenario.
    pub name: String,
    /// Seconds since 1970-01-01T00:00:00Z.
    pub started_at: f64,
    /// From the start of the first phase to the last answer.
    pub seconds: f64,
    /// Threads that sent.
    pub threads: usize,
    /// Processor time of surge, user and system.
    pub cpu_seconds: f64,
    /// Whether it was ended early.
    pub interrupted: bool,
    /// Whether all assertions hold.
    pub passed: bool,
    /// What must hold, and whether it does.
    pub assertions: Vec<Checked>,
    /// Requests of all classes in all phases that are no warm-up; without slow clients.
    pub total: Summary,
    /// By class, in all phases that are no warm-up.
    pub classes: Vec<OfClass>,
    /// By phase.
    pub phases: Vec<OfPhase>,
    /// Over time.
    pub timeline: Vec<Point>,
    /// What happened once.
    pub events: Vec<OfEvent>,
    /// By origin of surge's own.
    pub origins: Vec<OfOrigin>,
    /// Resident memory of the stack over time.
    pub memory: Vec<MemoryAt>,
}

/// An assertion and what it found.
#[derive(Debug, Clone, Serialize)]
pub struct Checked {
    /// The class, origin or event that it is about, or `stack`; `None` for all requests.
    pub class: Option<String>,
    /// As it was written.
    pub text: String,
    /// Whether it holds.
    pub holds: bool,
    /// The value.
    pub found: String,
}

impl Checked {
    fn new(about: Option<&str>, assertion: &Assertion, verdict: Verdict) -> Self {
        Self {
            class: about.map(str::to_owned),
            text: assertion.text.clone(),
            holds: verdict.holds,
            found: verdict.found,
        }
    }
}

/// What came of a class.
#[derive(Debug, Clone, Serialize)]
pub struct OfClass {
    /// Its name.
    pub name: String,
    /// Whether it holds connections, or floods, instead of sending requests.
    pub slow: bool,
    /// Scheme, host and port.
    pub target: String,
    /// Of requests that are judged each for itself: answers unlike those of most.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub odd: Vec<Odd>,
    /// Its numbers.
    #[serde(flatten)]
    pub summary: Summary,
}

/// What came of a phase.
#[derive(Debug, Clone, Serialize)]
pub struct OfPhase {
    /// Its name.
    pub name: String,
    /// Start, in seconds from the start of the run.
    pub start: f64,
    /// Length in seconds.
    pub length: f64,
    /// Whether it only warms up.
    pub warmup: bool,
    /// Requests that were asked for; `None` in a closed loop.
    pub asked: Option<u64>,
    /// Requests per second that were asked for, on average; `None` in a closed loop.
    pub asked_rate: Option<f64>,
    /// Processor time that the stack took, where it can be read.
    pub stack_cpu_seconds: Option<f64>,
    /// Its numbers, without slow clients.
    #[serde(flatten)]
    pub summary: Summary,
}

/// One second.
#[derive(Debug, Clone, Serialize)]
pub struct Point {
    /// From the start, from 0.
    pub second: u64,
    /// By class.
    pub classes: Vec<PointOfClass>,
    /// Of all requests, in milliseconds; slow clients are not among them.
    pub latency: Quantiles,
}

/// One second of a class.
#[derive(Debug, Clone, Serialize)]
pub struct PointOfClass {
    /// Requests sent.
    pub started: u64,
    /// Answers by hundreds of their status, 1xx to 5xx.
    pub statuses: [u64; 5],
    /// Requests that failed, and slow clients that were cut off.
    pub failed: u64,
    /// Latency in milliseconds that 99 % of the answers of this second did not exceed.
    pub p99: Option<f64>,
}

impl Report {
    /// The report of a run.
    pub fn new(scenario: &Scenario, measured: Measured) -> Self {
        let sums = Sums { scenario, measured: &measured };
        let assertions = sums.assertions();
        let all: Vec<usize> = sums.requesting().collect();
        let class = |(index, class): (usize, &Class)| OfClass {
            name: class.name.clone(),
            slow: !class.conduct.sends_requests(),
            target: class.target.origin(),
            odd: odd::odd(class, &sums.tally(&[index], |_, phase| !phase.warmup).0),
            summary: sums.summary(&[index]),
        };
        Self {
            schema: 1,
            name: scenario.name.clone(),
            started_at: measured.started_at.as_secs_f64(),
            seconds: measured.end.saturating_duration_since(measured.start).as_secs_f64(),
            threads: measured.threads,
            cpu_seconds: measured.cpu.as_secs_f64(),
            interrupted: measured.interrupted,
            passed: assertions.iter().all(|assertion| assertion.holds),
            assertions,
            total: sums.summary(&all),
            classes: scenario.classes.iter().enumerate().map(class).collect(),
            phases: sums.phases(&all),
            timeline: measured.ticks.iter().map(|tick| point(tick, &all)).collect(),
            events: staged::events(&measured.watched),
            origins: staged::origins(scenario, &measured.watched),
            memory: staged::memory(&measured.watched),
        }
    }

    /// The report as JSON.
    pub fn json(&self) -> String {
        // Names and numbers: there is nothing that JSON could refuse.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }
}

/// Adds up what was measured.
struct Sums<'s> {
    scenario: &'s Scenario,
    measured: &'s Measured,
}

impl Sums<'_> {
    /// Classes that send requests.
    fn requesting(&self) -> impl Iterator<Item = usize> {
        let classes = self.scenario.classes.iter().enumerate();
        classes.filter(|(_, class)| class.conduct.sends_requests()).map(|(index, _)| index)
    }

    /// What some classes did in some phases, and in how much time.
    fn tally(
        &self,
        classes: &[usize],
        phases: impl Fn(usize, &Phase) -> bool,
    ) -> (Tally, Duration) {
        let (mut sum, mut time, mut start) =
            (Tally::default(), Duration::ZERO, self.measured.start);
        for (index, phase) in self.scenario.phases.iter().enumerate() {
            let of_phase = classes.iter().filter_map(|c| self.measured.tallies.get(*c)?.get(index));
            if phases(index, phase) {
                let before = std::mem::take(&mut sum.last_sent);
                of_phase.for_each(|tally| sum.merge(tally));
                // What was sent after the end, because no connection was free, took that much longer.
                let sent =
                    sum.last_sent.map_or(Duration::ZERO, |at| at.saturating_duration_since(start));
                time += phase.length.max(sent);
                sum.last_sent = sum.last_sent.max(before);
            }
            start += phase.length;
        }
        (sum, time)
    }

    /// What some classes did in all phases that count.
    fn summary(&self, classes: &[usize]) -> Summary {
        let (tally, time) = self.tally(classes, |_, phase| !phase.warmup);
        Summary::new(&tally, time)
    }

    fn phases(&self, classes: &[usize]) -> Vec<OfPhase> {
        let mut start = Duration::ZERO;
        let phases = self.scenario.phases.iter().enumerate().map(|(index, phase)| {
            let (tally, time) = self.tally(classes, |this, _| this == index);
            let asked = match &phase.load {
                Load::Open(plan) => Some(plan.count()),
                Load::Closed { .. } => None,
            };
            let length = phase.length.as_secs_f64();
            let of_phase = OfPhase {
                name: phase.name.clone(),
                start: start.as_secs_f64(),
                length,
                warmup: phase.warmup,
                asked,
                stack_cpu_seconds: self.measured.watched.cpu(&self.scenario.phases, index),
                asked_rate: asked.map(|asked| asked as f64 / length),
                summary: Summary::new(&tally, time),
            };
            start += phase.length;
            of_phase
        });
        phases.collect()
    }

    fn assertions(&self) -> Vec<Checked> {
        let all: Vec<usize> = self.requesting().collect();
        let about = |a: &Assertion| a.is_about_memory().then_some("stack");
        let total = self.scenario.assertions.iter().map(|a| self.check(about(a), &all, a));
        let classes = self.scenario.classes.iter().enumerate().flat_map(|(index, class)| {
            class.assertions.iter().map(move |a| self.check(Some(&class.name), &[index], a))
        });
        let beside = staged::assertions(self.scenario, &self.measured.watched);
        total.chain(classes).chain(beside).collect()
    }

    fn check(&self, class: Option<&str>, classes: &[usize], assertion: &Assertion) -> Checked {
        let look = |phase: Option<&str>| {
            let counts = |this: &Phase| phase.map_or(!this.warmup, |name| *name == this.name);
            let (tally, time) = self.tally(classes, |_, phase| counts(phase));
            let memory = self.measured.watched.memory(&self.scenario.phases, counts);
            (tally, time, memory)
        };
        let (tally, time, memory) = look(assertion.phase.as_deref());
        let other = assertion.baseline().map(|phase| look(Some(phase)));
        let other = other.as_ref().map(|(tally, time, memory)| Facts {
            tally,
            time: *time,
            memory: *memory,
        });
        let verdict = assertion.check(Facts { tally: &tally, time, memory }, other);
        Checked::new(class, assertion, verdict)
    }
}

fn point(tick: &Tick, requesting: &[usize]) -> Point {
    let mut latency = crate::record::Latency::default();
    let slices = requesting.iter().filter_map(|class| tick.slices.get(*class));
    slices.for_each(|slice| latency.merge(&slice.latency));
    let class = |slice: &crate::record::Slice| PointOfClass {
        started: slice.started,
        statuses: slice.statuses,
        failed: slice.failed,
        p99: Quantiles::new(&slice.latency).p99,
    };
    Point {
        second: tick.second,
        classes: tick.slices.iter().map(class).collect(),
        latency: Quantiles::new(&latency),
    }
}
