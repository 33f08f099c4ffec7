//! The table of gates: what a condition is about and what it demands. How it is written is `written`.

use std::{collections::BTreeMap, fs, path::Path as File, time::Duration};

use clap::ValueEnum;
use serde::Serialize;

use super::{path::Path, written};
use crate::failure::Failure;

/// Gates by name.
#[derive(Debug)]
pub(super) struct Gates(BTreeMap<String, Vec<Condition>>);

/// What a condition is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Part {
    /// Must hold before anything moves.
    Precondition,
    /// Must hold for the release to pass.
    Verification,
    /// Calls for going back when it holds.
    Rollback,
}

/// A condition that makes sense.
#[derive(Debug, Clone)]
pub(super) struct Condition {
    pub(super) part: Part,
    pub(super) name: String,
    pub(super) of: Of,
    pub(super) must: Must,
}

/// What it is about.
#[derive(Debug, Clone)]
pub(super) enum Of {
    /// A place in what the admin server says at a path.
    Json {
        path: &'static str,
        place: Path,
    },
    Metric(Metric),
    /// How many events of a kind there were lately, or ever.
    EventCount {
        what: Events,
        within: Option<Duration>,
    },
    /// How long ago the last event of a kind was, in seconds.
    EventAge(Events),
}

/// What is made of a metric.
#[derive(Debug, Clone)]
pub(super) struct Metric {
    pub(super) name: String,
    pub(super) labels: BTreeMap<String, String>,
    /// Take the increase in this time, not the value.
    pub(super) over: Option<Duration>,
    /// As percent of the series that have these labels.
    pub(super) of: Option<BTreeMap<String, String>>,
    /// Of a histogram, in seconds.
    pub(super) quantile: Option<f64>,
}

/// Which events.
#[derive(Debug, Clone)]
pub(super) struct Events {
    pub(super) kind: String,
    pub(super) rollout: Option<String>,
    pub(super) fields: BTreeMap<String, String>,
}

/// What is demanded of a value.
#[derive(Debug, Clone, Default)]
pub(super) struct Must {
    pub(super) is: Option<String>,
    pub(super) at_least: Option<f64>,
    pub(super) at_most: Option<f64>,
}

impl Part {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Precondition => "precondition",
            Self::Verification => "verification",
            Self::Rollback => "rollback",
        }
    }
}

impl Gates {
    /// Reads a table.
    pub(super) fn load(file: &File) -> Result<Self, Failure> {
        let name = file.display();
        let text = fs::read_to_string(file)
            .map_err(|error| Failure::Usage(format!("--file: cannot read {name}: {error}")))?;
        Self::read(&text).map_err(|problem| Failure::Usage(format!("{name}: {problem}")))
    }

    pub(super) fn read(text: &str) -> Result<Self, String> {
        written::read(text).map(Self)
    }

    /// Conditions of a gate; the error says which gates there are.
    pub(super) fn parts(&self, gate: &str, part: Option<Part>) -> Result<Vec<Condition>, String> {
        let conditions = self.0.get(gate).ok_or_else(|| {
            let names: Vec<_> = self.0.keys().map(String::as_str).collect();
            format!("no gate `{gate}`: there are {}", names.join(", "))
        })?;
        let wanted = |it: &&Condition| part.is_none_or(|part| it.part == part);
        let conditions: Vec<_> = conditions.iter().filter(wanted).cloned().collect();
        match (conditions.is_empty(), part) {
            (true, Some(part)) => Err(format!("gate `{gate}` has no {}", part.as_str())),
            _ => Ok(conditions),
        }
    }
}
