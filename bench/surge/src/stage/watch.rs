//! What is looked at and done beside a run: memory and origins several times a second, events when they are due.

use std::{
    io,
    sync::mpsc::{self, Receiver, RecvTimeoutError, Sender},
    thread::{self, Scope, ScopedJoinHandle},
    time::Duration,
};

use super::{Stage, Usage, event, origin::Origin};
use crate::{
    clock::{self, Instant},
    scenario::{Phase, Scenario, staged::Event},
};

/// What was seen beside a run.
#[derive(Debug, Clone, Default)]
pub struct Watched {
    /// In the order of time.
    pub samples: Vec<Sample>,
    /// In the order of the scenario; what was not due before the end is left out.
    pub events: Vec<Happened>,
    /// How the stack that surge has started stood at the end: still there, or how it ended.
    pub stack: Option<Result<(), String>>,
}

/// How things stood.
#[derive(Debug, Clone)]
pub struct Sample {
    /// From the start of the run.
    pub at: Duration,
    /// What the stack takes.
    pub usage: Usage,
    /// Requests so far, by origin.
    pub origins: Vec<u64>,
}

/// An event that has happened.
#[derive(Debug, Clone)]
pub struct Happened {
    /// Its name.
    pub name: String,
    /// From the start of the run.
    pub at: Duration,
    /// How long it took.
    pub took: Duration,
    /// What went wrong.
    pub error: Option<String>,
}

impl Watched {
    /// The most memory that was seen in some phases.
    pub fn memory(&self, phases: &[Phase], counts: impl Fn(&Phase) -> bool) -> Option<u64> {
        let spans = spans(phases).filter(|(phase, ..)| counts(phase));
        let within = spans.flat_map(|(_, from, to)| {
            self.samples.iter().filter(move |sample| (from..=to).contains(&sample.at))
        });
        within.filter_map(|sample| sample.usage.memory).max()
    }

    /// Processor time that the stack took in a phase, in seconds.
    pub fn cpu(&self, phases: &[Phase], phase: usize) -> Option<f64> {
        let (_, from, to) = spans(phases).nth(phase)?;
        let seconds = self.at(to)?.usage.cpu? - self.at(from)?.usage.cpu?;
        // The kernel counts in hundredths.
        Some((seconds * 100.0).round().max(0.0) / 100.0)
    }

    /// The last sample until a time, or that of the time itself.
    fn at(&self, time: Duration) -> Option<&Sample> {
        let after = self.samples.partition_point(|sample| sample.at <= time + GRAIN);
        self.samples.get(after.checked_sub(1)?)
    }

    /// Requests that reached an origin in some phases.
    pub fn requests(
        &self,
        origin: usize,
        phases: &[Phase],
        counts: impl Fn(&Phase) -> bool,
    ) -> u64 {
        let until = |at: Duration| {
            if at.is_zero() {
                return 0;
            }
            self.at(at).and_then(|sample| sample.origins.get(origin)).copied().unwrap_or(0)
        };
        let spans = spans(phases).filter(|(phase, ..)| counts(phase));
        // What is still under way when the last phase ends is of that phase.
        let end: Duration = phases.iter().map(|phase| phase.length).sum();
        let late = |to| if to == end { Duration::MAX / 2 } else { to };
        spans.map(|(_, from, to)| until(late(to)).saturating_sub(until(from))).sum()
    }
}

/// Phases, each with its start and its end.
fn spans(phases: &[Phase]) -> impl Iterator<Item = (&Phase, Duration, Duration)> {
    let mut end = Duration::ZERO;
    phases.iter().map(move |phase| {
        let start = end;
        end += phase.length;
        (phase, start, end)
    })
}

/// A watch that goes on until it is told to end.
pub(crate) struct Watch<'scope> {
    stage: &'scope Stage,
    ends: [Sender<()>; 2],
    sampling: ScopedJoinHandle<'scope, Vec<Sample>>,
    acting: ScopedJoinHandle<'scope, Vec<Happened>>,
}

/// Starts watching a stage, for a run that starts at `start`.
pub(crate) fn watch<'scope, 'env>(
    scope: &'scope Scope<'scope, 'env>,
    stage: &'env Stage,
    scenario: &'env Scenario,
    start: Instant,
) -> io::Result<Watch<'scope>> {
    let (end_sampling, ended) = mpsc::channel();
    let sampling = thread::Builder::new()
        .name("samples".to_owned())
        .spawn_scoped(scope, move || sample(stage, scenario, start, &ended))?;
    // Programs take their time, and memory is read meanwhile.
    let (end_acting, ended) = mpsc::channel();
    let acting = thread::Builder::new()
        .name("events".to_owned())
        .spawn_scoped(scope, move || act(stage, scenario, start, &ended))?;
    Ok(Watch { stage, ends: [end_sampling, end_acting], sampling, acting })
}

impl Watch<'_> {
    /// Ends it; what was seen.
    pub(crate) fn end(self) -> Option<Watched> {
        // Who is done already does not listen.
        for end in &self.ends {
            let _ = end.send(());
        }
        let (samples, events) = (self.sampling.join().ok()?, self.acting.join().ok()?);
        let stack = self.stage.process.as_ref().map(|process| process.ended().map_or(Ok(()), Err));
        Some(Watched { samples, events, stack })
    }
}

/// Looks a few times a second, and where phases meet.
fn sample(stage: &Stage, scenario: &Scenario, start: Instant, ended: &Receiver<()>) -> Vec<Sample> {
    let gauge = stage.gauge(scenario);
    let mut bounds = bounds(scenario).into_iter().peekable();
    let (mut samples, mut next) = (Vec::new(), Duration::ZERO);
    let look = || Sample {
        at: clock::now().saturating_duration_since(start),
        usage: gauge.read(),
        origins: stage.origins.iter().map(Origin::requests).collect(),
    };
    while sleep(ended, start + next) {
        samples.push(look());
        let after = (next + STEP).max(clock::now().saturating_duration_since(start));
        while bounds.next_if(|bound| *bound <= next).is_some() {}
        next = bounds.peek().copied().unwrap_or(after).min(after);
    }
    samples.push(look());
    samples
}

/// Does what is due, one after the other.
fn act(stage: &Stage, scenario: &Scenario, start: Instant, ended: &Receiver<()>) -> Vec<Happened> {
    let due = |event: &Event| event.due(&scenario.phases);
    let mut events: Vec<&Event> = scenario.events.iter().collect();
    events.sort_by_key(|event| due(event));
    let mut happened = Vec::new();
    for event in events {
        // What is due at the very end is done after it.
        let told_to_end = !sleep(ended, start + due(event));
        let now = clock::now();
        if told_to_end && now + GRAIN < start + due(event) {
            break;
        }
        let outcome = event::carry_out(&event.action, &stage.places);
        happened.push(Happened {
            name: event.name.clone(),
            at: now.saturating_duration_since(start),
            took: clock::now().saturating_duration_since(now),
            error: outcome.err(),
        });
    }
    happened
}

/// Where phases end.
fn bounds(scenario: &Scenario) -> Vec<Duration> {
    spans(&scenario.phases).map(|(_, _, end)| end).collect()
}

/// Waits for a time; false if the run has ended before.
fn sleep(ended: &Receiver<()>, until: Instant) -> bool {
    let left = until.saturating_duration_since(clock::now());
    matches!(ended.recv_timeout(left), Err(RecvTimeoutError::Timeout))
}

const STEP: Duration = Duration::from_millis(250);
/// What is due where phases meet comes a little later, or earlier.
const GRAIN: Duration = Duration::from_millis(50);
