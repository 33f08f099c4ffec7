//! What was measured, as a table for people and as JSON for programs.

mod figure;
mod json;
mod machine;
mod markdown;

use std::time::Duration;

use serde::Serialize;

pub use figure::{FIGURES, Figure};
pub use json::json;
pub use machine::Machine;
pub use markdown::{head, summary, table};

use crate::{load::Outcome, scenario::Scenario};

/// All of a run.
pub struct Report {
    /// Where.
    pub machine: Machine,
    /// What of the repository.
    pub commit: String,
    /// Of which version the CRS is, if there is one.
    pub crs: Option<String>,
    /// Contenders and their versions.
    pub contenders: Vec<(&'static str, String)>,
    /// Those that are not installed.
    pub missing: Vec<&'static str>,
    /// How often each was measured.
    pub rounds: u32,
    /// For how long each time.
    pub length: Duration,
    /// What came of it.
    pub tables: Vec<Table>,
}

/// What came of a scenario.
pub struct Table {
    /// Which.
    pub scenario: &'static Scenario,
    /// Those that took part.
    pub rows: Vec<Row>,
    /// Those that did not.
    pub absent: Vec<Absent>,
}

/// What came of a contender.
pub struct Row {
    /// Its name.
    pub contender: &'static str,
    /// Whether the others are compared with it.
    pub is_peer: bool,
    /// By round.
    pub samples: Vec<Sample>,
}

/// A contender that did not take part.
#[derive(Debug, Serialize)]
pub struct Absent {
    /// Its name.
    pub contender: &'static str,
    /// Why.
    pub reason: String,
    /// Whether it should have.
    pub failed: bool,
}

/// One measurement.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Sample {
    /// Right answers.
    pub answers: u64,
    /// Wrong answers, and requests without one.
    pub errors: u64,
    /// What the first error was.
    pub cause: Option<String>,
    /// Processor time of all processes, in microseconds per right answer.
    pub cpu_us: Option<f64>,
    /// Right answers per second.
    pub per_second: f64,
    /// Milliseconds.
    pub p50_ms: Option<f64>,
    /// Milliseconds.
    pub p99_ms: Option<f64>,
    /// Milliseconds.
    pub p99_9_ms: Option<f64>,
    /// Proportional set size of all processes under load, in MiB.
    pub memory_mib: f64,
    /// What a connection adds to it, in KiB.
    pub connection_kib: Option<f64>,
}

impl Sample {
    /// A measurement, of processor time, and of memory in bytes: all of it, and per idle connection.
    pub fn new(outcome: &Outcome, cpu: Duration, memory: u64, per_connection: Option<f64>) -> Self {
        let answers = outcome.answers as f64;
        let [p50_ms, p99_ms, p99_9_ms] = outcome.latency;
        Self {
            answers: outcome.answers,
            errors: outcome.errors,
            cause: outcome.cause.clone(),
            cpu_us: (outcome.answers > 0).then(|| cpu.as_secs_f64() * 1e6 / answers),
            per_second: answers / outcome.seconds.max(1e-9),
            p50_ms,
            p99_ms,
            p99_9_ms,
            memory_mib: memory as f64 / 1_048_576.0,
            connection_kib: per_connection.map(|bytes| bytes / 1_024.0),
        }
    }
}

impl Report {
    /// Whether everything that was to be measured was, without an error, and there was something.
    pub fn is_sound(&self) -> bool {
        self.tables.iter().any(|table| !table.rows.is_empty())
            && self.tables.iter().all(|table| {
                table.absent.iter().all(|absent| !absent.failed)
                    && table.rows.iter().all(|row| row.errors() == 0)
            })
    }
}

impl Table {
    /// What came of a contender, if it took part.
    pub fn row(&self, contender: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.contender == contender)
    }

    /// A figure of the best peer.
    pub fn best_peer(&self, figure: &Figure) -> Option<f64> {
        let peers = self.rows.iter().filter(|row| row.is_peer);
        let values = peers.filter_map(|row| row.median(figure));
        if figure.more_is_better { values.reduce(f64::max) } else { values.reduce(f64::min) }
    }

    /// A row's figure over that of the best peer.
    pub fn ratio(&self, row: &Row, figure: &Figure) -> Option<f64> {
        let ratio = row.median(figure)? / self.best_peer(figure)?;
        ratio.is_finite().then_some(ratio)
    }
}

impl Row {
    /// The median of all rounds.
    pub fn median(&self, figure: &Figure) -> Option<f64> {
        figure::median(self.samples.iter().filter_map(figure.of).collect())
    }

    /// Errors of all rounds.
    pub fn errors(&self) -> u64 {
        self.samples.iter().map(|sample| sample.errors).sum()
    }

    /// What the first of them was.
    pub fn cause(&self) -> Option<&str> {
        self.samples.iter().find_map(|sample| sample.cause.as_deref())
    }
}

impl Absent {
    /// One that cannot do what is asked for.
    pub fn unfit(contender: &'static str, reason: &str) -> Self {
        Self { contender, reason: reason.to_owned(), failed: false }
    }

    /// One that did not start, or gave wrong answers.
    pub fn failed(contender: &'static str, error: &anyhow::Error) -> Self {
        Self { contender, reason: format!("{error:#}"), failed: true }
    }
}

#[cfg(test)]
mod tests;
