//! What is wrong with a configuration: problems by key path, and a report that shows each where it was written.
//!
//! [`Problem`] is what checks produce; they know no files. [`Report`] is what people and programs read; it owns the texts
//! that it quotes. Nothing here decides whether something is wrong.

mod render;

use std::{collections::BTreeSet, fmt, sync::Arc};

use serde::Serialize;

use super::document::{KeyPath, Location, SourceMap};

/// Something wrong with the value at a key path.
///
/// Messages are lower case, have no full stop, and say what is wrong; `help` says what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The value that is wrong, or one that is missing.
    pub path: KeyPath,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
    /// Whether the key is wrong, and not its value.
    pub at_key: bool,
}

/// A problem and where it was written.
#[derive(Debug, Clone)]
pub(super) struct Finding {
    pub(super) problem: Problem,
    pub(super) location: Location,
    /// Whether `like` brought the value to this path.
    pub(super) inherited: bool,
    /// A second place, and what it has to do with the problem.
    pub(super) also: Option<(Location, &'static str)>,
}

/// Everything that is wrong with a configuration, in the order in which it was written.
#[derive(Debug, Clone)]
pub struct Report {
    sources: Arc<SourceMap>,
    findings: Vec<Finding>,
}

/// A problem for programs: `--json`, the admin server, logs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Name of the file.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Key path; empty where the problem has none, as a syntax error.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

impl Problem {
    /// A problem with the value at `path`.
    pub fn at(path: KeyPath, message: impl Into<String>) -> Self {
        Self { path, message: message.into(), help: None, at_key: false }
    }

    /// A problem with the key at `path`: a name that is wrong, or an entry that must not be there.
    pub fn at_key(path: KeyPath, message: impl Into<String>) -> Self {
        Self { path, message: message.into(), help: None, at_key: true }
    }

    /// Adds what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds what to do, where something is known.
    #[must_use]
    pub fn maybe_help(mut self, help: Option<String>) -> Self {
        self.help = help.or(self.help);
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_root() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)
    }
}

impl Finding {
    pub(super) fn new(problem: Problem, location: Location) -> Self {
        Self { problem, location, inherited: false, also: None }
    }

    pub(super) fn also(mut self, location: Location, label: &'static str) -> Self {
        self.also = Some((location, label));
        self
    }
}

impl Report {
    /// Sorts findings by place. A value that `like` copied to several clusters is reported once, where it was written.
    pub(super) fn new(sources: Arc<SourceMap>, mut findings: Vec<Finding>) -> Self {
        findings.sort_by_cached_key(|finding| {
            let Location { file, span } = &finding.location;
            (*file, span.start, finding.inherited, finding.problem.path.clone())
        });
        let mut seen = BTreeSet::new();
        findings.retain(|Finding { problem, location, .. }| {
            seen.insert((location.file, location.span.start, problem.message.clone()))
        });
        Self { sources, findings }
    }

    /// Number of problems.
    pub fn len(&self) -> usize {
        self.findings.len()
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.findings.is_empty()
    }

    /// The problems without their places, in order.
    pub fn problems(&self) -> impl Iterator<Item = &Problem> {
        self.findings.iter().map(|finding| &finding.problem)
    }

    /// The problems for programs.
    pub fn entries(&self) -> Vec<Entry> {
        self.findings.iter().map(|finding| self.entry(finding)).collect()
    }

    /// One line: how many problems, and the first.
    pub fn summary(&self) -> String {
        let Some(first) = self.findings.first() else { return "no problems".to_owned() };
        let Entry { file, line, column, .. } = self.entry(first);
        let first = format!("{file}:{line}:{column}: {}", first.problem);
        let first = annotate_snippets::normalize_untrusted_str(&first);
        match self.findings.len() {
            1 => first,
            n => format!("{n} problems, the first: {first}"),
        }
    }

    /// All problems with the lines that they are about, in colour.
    pub fn coloured(&self) -> String {
        self.render(&annotate_snippets::Renderer::styled())
    }

    fn entry(&self, finding: &Finding) -> Entry {
        let (file, line, column) = self.sources.position(&finding.location);
        Entry {
            file: file.to_owned(),
            line,
            column,
            path: finding.problem.path.to_string(),
            message: finding.problem.message.clone(),
            help: finding.problem.help.clone(),
        }
    }
}

/// All problems with the lines that they are about, without colour.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(&annotate_snippets::Renderer::plain()))
    }
}

impl std::error::Error for Report {}

#[cfg(test)]
pub(super) mod tests;
