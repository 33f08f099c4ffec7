//! `/config`, `/config/history`, `/config/diff`, `/config/rollback` and `/reload`.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a configuration was loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The process started.
    Start,
    /// The file system told of a change.
    File,
    /// SIGHUP.
    Signal,
    /// A comparison of contents found a change that the file system had not told of.
    Poll,
    /// `POST /reload`.
    Admin,
    /// `POST /config/rollback`.
    Rollback,
}

/// `GET /config`: the configuration in force.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct ConfigText {
    /// Counts loads since the process started, from 1.
    pub generation: u64,
    /// Identifies the text.
    pub hash: String,
    /// Canonical TOML, includes and inheritance resolved.
    pub text: String,
}

/// One entry of `GET /config/history`, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Generation {
    /// Counts loads since the process started, from 1.
    pub generation: u64,
    /// When it came into force, in milliseconds since 1970-01-01T00:00:00Z.
    pub loaded_at: u64,
    /// Why it was loaded.
    pub cause: Cause,
    /// Identifies the text. Two generations with one hash differ in the files that the text names, such as certificates.
    pub hash: String,
}

/// `GET /config/diff?from=N&to=N`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct ConfigDiff {
    /// The older side.
    pub from: u64,
    /// The newer side.
    pub to: u64,
    /// Unified diff of the canonical texts; empty where they are the same.
    pub diff: String,
}

/// What became of a load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReloadOutcome {
    /// A new generation is in force.
    Applied,
    /// Nothing differs from the generation in force, which stays.
    Unchanged,
    /// The new configuration has errors; the generation in force stays.
    Refused,
}

/// Answer to `POST /reload` and `POST /config/rollback?generation=N`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct ReloadResult {
    /// What became of it.
    pub result: ReloadOutcome,
    /// The generation now in force.
    pub generation: u64,
    /// Why it was refused; empty otherwise.
    #[serde(default)]
    pub errors: Vec<LocatedError>,
}

/// Something wrong in a configuration file, and where.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct LocatedError {
    /// The file. Empty where the error is in none, as in a failed rollback.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Key path, such as `clusters.blue.endpoints[0]`; empty for an error of syntax.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    #[serde(default)]
    pub help: Option<String>,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Start => "start",
            Self::File => "file",
            Self::Signal => "signal",
            Self::Poll => "poll",
            Self::Admin => "admin",
            Self::Rollback => "rollback",
        })
    }
}

impl fmt::Display for ReloadOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Applied => "applied",
            Self::Unchanged => "unchanged",
            Self::Refused => "refused",
        })
    }
}
