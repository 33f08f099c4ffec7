//! What was seen beside the requests: events, origins, memory.

use std::{collections::BTreeMap, time::Duration};

use serde::Serialize;

use super::Checked;
use crate::{
    assertion::Facts,
    record::Tally,
    scenario::{Phase, Scenario, staged::Origin},
    stage::Watched,
};

/// What happened once.
#[derive(Debug, Clone, Serialize)]
pub struct OfEvent {
    /// Its name.
    pub name: String,
    /// Seconds from the start of the run.
    pub at: f64,
    /// Seconds that it took.
    pub took: f64,
    /// What went wrong.
    pub error: Option<String>,
}

/// What reached an origin.
#[derive(Debug, Clone, Serialize)]
pub struct OfOrigin {
    /// Its name.
    pub name: String,
    /// Requests in all phases that are no warm-up.
    pub requests: u64,
    /// Requests by phase.
    pub phases: BTreeMap<String, u64>,
    /// Seconds from the start of the run, and requests per second until then from the time before.
    pub rate: Vec<(f64, f64)>,
}

/// Memory of the stack at a time.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct MemoryAt {
    /// Seconds from the start of the run.
    pub at: f64,
    /// Resident bytes.
    pub bytes: u64,
}

/// Events as they came.
pub(super) fn events(watched: &Watched) -> Vec<OfEvent> {
    let event = |event: &crate::stage::Happened| OfEvent {
        name: event.name.clone(),
        at: event.at.as_secs_f64(),
        took: event.took.as_secs_f64(),
        error: event.error.clone(),
    };
    watched.events.iter().map(event).collect()
}

/// Memory over time.
pub(super) fn memory(watched: &Watched) -> Vec<MemoryAt> {
    let samples = watched.samples.iter();
    let read = samples.filter_map(|sample| Some((sample.at.as_secs_f64(), sample.usage.memory?)));
    read.map(|(at, bytes)| MemoryAt { at, bytes }).collect()
}

/// Origins, in the order of the scenario.
pub(super) fn origins(scenario: &Scenario, watched: &Watched) -> Vec<OfOrigin> {
    let phases = &scenario.phases;
    let origin = |(index, origin): (usize, &Origin)| OfOrigin {
        name: origin.name.clone(),
        requests: watched.requests(index, phases, |phase| !phase.warmup),
        phases: phases
            .iter()
            .map(|phase| {
                let requests = watched.requests(index, phases, |this| this.name == phase.name);
                (phase.name.clone(), requests)
            })
            .collect(),
        rate: rate(index, watched),
    };
    scenario.origins.iter().enumerate().map(origin).collect()
}

/// Requests per second between samples that are far enough apart.
fn rate(origin: usize, watched: &Watched) -> Vec<(f64, f64)> {
    let samples = watched.samples.iter();
    let mut counts = samples
        .filter_map(|sample| Some((sample.at.as_secs_f64(), *sample.origins.get(origin)? as f64)));
    let Some(mut last) = counts.next() else { return Vec::new() };
    let mut rate = Vec::new();
    for (at, count) in counts.filter(|(at, _)| *at > 0.0) {
        if at - last.0 >= SPAN {
            rate.push((at, (count - last.1) / (at - last.0)));
            last = (at, count);
        }
    }
    rate
}

/// That the stack lasted, assertions about origins, and that events went well.
pub(super) fn assertions(scenario: &Scenario, watched: &Watched) -> Vec<Checked> {
    let origins = scenario.origins.iter().enumerate().flat_map(|(index, origin)| {
        origin.assertions.iter().map(move |assertion| {
            let look = |name: Option<&str>| {
                let counts = |phase: &Phase| name.map_or(!phase.warmup, |name| phase.name == name);
                let started = watched.requests(index, &scenario.phases, counts);
                let phases = scenario.phases.iter().filter(|phase| counts(phase));
                let time: Duration = phases.map(|phase| phase.length).sum();
                (Tally { started, ..Tally::default() }, time)
            };
            let ours = look(assertion.phase.as_deref());
            let other = assertion.baseline().map(|phase| look(Some(phase)));
            let (facts, other) = (facts(&ours), other.as_ref().map(facts));
            Checked::new(Some(&origin.name), assertion, assertion.check(facts, other))
        })
    });
    let stack = watched.stack.iter().map(|stack| Checked {
        class: Some("stack".to_owned()),
        text: "is there until the end".to_owned(),
        holds: stack.is_ok(),
        found: stack.clone().err().unwrap_or_else(|| "it is".to_owned()),
    });
    stack
        .chain(origins)
        .chain(scenario.events.iter().map(|event| event_went_well(&event.name, watched)))
        .collect()
}

fn facts((tally, time): &(Tally, Duration)) -> Facts<'_> {
    Facts { tally, time: *time, memory: None }
}

fn event_went_well(name: &str, watched: &Watched) -> Checked {
    let happened = watched.events.iter().find(|event| event.name == name);
    let (holds, found) = match happened {
        None => (false, "it was not due before the end".to_owned()),
        Some(event) => match &event.error {
            Some(error) => (false, error.clone()),
            None => (true, format!("done at {:.2}s", event.at.as_secs_f64())),
        },
    };
    Checked { class: Some(name.to_owned()), text: "is carried out".to_owned(), holds, found }
}

/// Shorter than this, counts are no rate.
const SPAN: f64 = 0.2;
