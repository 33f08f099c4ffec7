//! Facts about one proxy: each path is asked once, and metrics as often as conditions look at an increase.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    time::Duration,
};

use foxtrot_api::Event;
use serde_json::Value;
use tokio::time;

use super::table::{Condition, Of};
use crate::{client::Admin, clock, evidence, failure::Failure, samples::Samples};

/// What a proxy says.
#[derive(Debug)]
pub(super) struct Facts {
    pub(super) documents: BTreeMap<&'static str, Result<Value, Failure>>,
    /// The first scrape, and those after each of the times that conditions ask for.
    pub(super) scrapes: BTreeMap<Duration, Result<Samples, Failure>>,
}

/// What the event log says.
#[derive(Debug)]
pub(super) struct Log {
    pub(super) events: Vec<Event>,
    /// Whether it begins with the first event ever.
    pub(super) from_the_first: bool,
}

impl Facts {
    /// Asks a proxy for what these conditions are about.
    pub(super) async fn ask(admin: &Admin, conditions: &[Condition]) -> Self {
        let mut documents = BTreeMap::new();
        let mut spans = BTreeSet::new();
        for condition in conditions {
            match &condition.of {
                Of::Json { path, .. } if !documents.contains_key(path) => {
                    let answer = admin.get::<Value>(path).await.map(|answer| answer.value);
                    documents.insert(*path, answer);
                }
                Of::Metric(metric) => {
                    spans.insert(Duration::ZERO);
                    spans.extend(metric.over);
                }
                _ => {}
            }
        }
        let began = clock::now();
        let mut scrapes = BTreeMap::new();
        for span in spans {
            time::sleep_until(began + span).await;
            scrapes.insert(span, Samples::of_server(admin).await);
        }
        Self { documents, scrapes }
    }

    /// Whether a call found nobody.
    pub(super) fn unreachable(&self) -> bool {
        let lost = |failure: Option<&Failure>| matches!(failure, Some(Failure::Unreachable(_)));
        self.documents.values().any(|answer| lost(answer.as_ref().err()))
            || self.scrapes.values().any(|answer| lost(answer.as_ref().err()))
    }
}

impl Log {
    /// Reads a log, which must be whole to say anything.
    pub(super) fn read(files: &[PathBuf]) -> Result<Self, String> {
        if files.is_empty() {
            return Err("no event log is given: --events".to_owned());
        }
        let mut events = Vec::new();
        let report = evidence::read(files, |event| events.push(event.clone()))
            .map_err(|failure| failure.to_string())?;
        if let Some(broken) = report.breaks.first() {
            let line = broken.line.map_or(String::new(), |line| format!(", line {line}"));
            return Err(format!(
                "the event log is not whole: {}{line}: {}",
                broken.file, broken.what
            ));
        }
        Ok(Self { events, from_the_first: report.first == Some(1) })
    }
}
