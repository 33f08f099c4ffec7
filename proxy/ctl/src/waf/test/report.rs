//! What came of a run, for people and for programs.

use std::{io, time::Duration};

use serde::Serialize;

use crate::output::{Output, Table};

use super::{
    play::Seen,
    suite::{Suite, Test},
};

/// What came of a test.
#[derive(Debug)]
pub(crate) struct Verdict {
    /// Position in the suite.
    pub(crate) test: usize,
    overridden: bool,
    /// Stages that did otherwise than expected.
    failures: Vec<Failure>,
}

/// A stage that did otherwise than expected.
#[derive(Debug)]
struct Failure {
    stage: usize,
    expected: String,
    problems: Vec<String>,
    seen: Seen,
}

/// What came of a run.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    #[serde(flatten)]
    total: Counts,
    seconds: f64,
    /// Overrides that are of no test of the suite.
    unused_overrides: Vec<String>,
    files: Vec<FileCounts>,
    failures: Vec<FailureLine>,
}

#[derive(Debug, Default, Clone, Serialize)]
struct Counts {
    passed: usize,
    failed: usize,
    /// Of those that passed or failed, those that an override was the measure of.
    overridden: usize,
    skipped: usize,
}

#[derive(Debug, Serialize)]
struct FileCounts {
    file: String,
    #[serde(flatten)]
    counts: Counts,
}

#[derive(Debug, Serialize)]
struct FailureLine {
    test: String,
    stage: usize,
    file: String,
    overridden: bool,
    expected: String,
    problems: Vec<String>,
    status: Option<u16>,
    /// Rules that the log named, where there is one.
    logged: Option<Vec<u64>>,
    /// What is no UTF-8 is replaced.
    request: String,
}

/// Bytes of a request that are shown to people.
const SHOWN_BYTES_MAX: usize = 2_000;

impl Verdict {
    /// Judges what was seen of a test.
    pub(crate) fn new(at: usize, test: &Test, seen: Vec<Seen>) -> Self {
        let mut failures = Vec::new();
        for (number, (stage, seen)) in test.stages.iter().zip(seen).enumerate() {
            let problems = stage.expectation.judge(&seen.answer, seen.evidence.as_ref());
            if !problems.is_empty() {
                let expected = stage.expectation.summary();
                failures.push(Failure { stage: number, expected, problems, seen });
            }
        }
        let overridden = test.stages.iter().any(|stage| stage.overridden);
        Self { test: at, overridden, failures }
    }

    /// Whether a stage failed that is to be tried again.
    pub(crate) fn is_to_retry(&self, suite: &Suite) -> bool {
        let Some(test) = suite.tests.get(self.test) else { return false };
        let mut stages = self.failures.iter().filter_map(|it| test.stages.get(it.stage));
        stages.any(|stage| stage.expectation.retry_once)
    }
}

impl Report {
    /// Adds up verdicts. Tests without one were skipped.
    pub(crate) fn new(
        suite: &Suite,
        verdicts: &[Verdict],
        unused_overrides: Vec<String>,
        took: Duration,
    ) -> Self {
        let mut files: Vec<FileCounts> =
            suite.files.iter().map(|file| FileCounts::new(file)).collect();
        let mut total = Counts::default();
        let mut failures = Vec::new();
        let mut verdicts = verdicts.iter().peekable();
        for (at, test) in suite.tests.iter().enumerate() {
            let verdict = verdicts.next_if(|verdict| verdict.test == at);
            total.add(verdict);
            let Some(file) = files.get_mut(test.file) else { continue };
            file.counts.add(verdict);
            let failed = verdict.iter().flat_map(|verdict| &verdict.failures);
            failures.extend(failed.map(|it| FailureLine::new(test, &file.file, it)));
        }
        let seconds = (took.as_secs_f64() * 10.0).round() / 10.0;
        Self { total, seconds, unused_overrides, files, failures }
    }

    /// Tests that failed.
    pub(crate) fn failed(&self) -> usize {
        self.total.failed
    }

    /// Prints all of it as JSON.
    pub(crate) fn print_json(&self, out: &mut Output) -> io::Result<()> {
        out.line(serde_json::to_string(self)?)
    }

    /// Prints failures, in a line or in full, and a table. Files that have nothing to tell are only in its last line.
    pub(crate) fn print(&self, out: &mut Output, details: bool) -> io::Result<()> {
        for failure in &self.failures {
            out.line(failure.line())?;
            if details {
                out.text(failure.details().as_bytes())?;
            }
        }
        if !self.failures.is_empty() {
            out.line("")?;
        }
        let mut table = Table::new(["file", "passed", "failed", "overridden", "skipped"]);
        for file in self.files.iter().filter(|file| file.counts.tell()) {
            table.row(file.counts.row(file.file.clone()));
        }
        table.row(self.total.row(format!("{} files", self.files.len())));
        out.table(&table)?;
        out.line("")?;
        if !self.unused_overrides.is_empty() {
            let unused = self.unused_overrides.join(", ");
            out.line(format_args!("overrides of no test here: {unused}"))?;
        }
        let run = self.total.passed + self.total.failed;
        let (passed, failed) = (self.total.passed, self.total.failed);
        #[allow(clippy::cast_precision_loss, reason = "a suite has fewer tests than that")]
        let share = 100.0 * passed as f64 / run.max(1) as f64;
        out.line(format_args!(
            "{passed} of {run} tests passed ({share:.2} %), {failed} failed, in {:.1} s",
            self.seconds
        ))
    }
}

impl Counts {
    fn add(&mut self, verdict: Option<&Verdict>) {
        let Some(verdict) = verdict else {
            self.skipped += 1;
            return;
        };
        self.overridden += usize::from(verdict.overridden);
        if verdict.failures.is_empty() { self.passed += 1 } else { self.failed += 1 }
    }

    /// Whether there is more to tell than that all tests passed as they are written, or that none was wanted.
    fn tell(&self) -> bool {
        let run = self.passed + self.failed;
        run > 0 && self.failed + self.overridden + self.skipped > 0
    }

    fn row(&self, name: String) -> [String; 5] {
        let [passed, failed] = [self.passed, self.failed].map(|count| count.to_string());
        let [overridden, skipped] = [self.overridden, self.skipped].map(|count| count.to_string());
        [name, passed, failed, overridden, skipped]
    }
}

impl FileCounts {
    fn new(file: &str) -> Self {
        Self { file: file.to_owned(), counts: Counts::default() }
    }
}

impl FailureLine {
    fn new(test: &Test, file: &str, failure: &Failure) -> Self {
        let stage = test.stages.get(failure.stage);
        let Failure { stage: number, expected, problems, seen } = failure;
        Self {
            test: test.id.to_string(),
            stage: *number,
            file: file.to_owned(),
            overridden: stage.is_some_and(|stage| stage.overridden),
            expected: expected.clone(),
            problems: problems.clone(),
            status: seen.answer.as_ref().ok().map(|response| response.status),
            logged: seen.evidence.as_ref().map(|it| it.ids.iter().copied().collect()),
            request: String::from_utf8_lossy(&seen.request).into_owned(),
        }
    }

    fn line(&self) -> String {
        let stage = if self.stage == 0 { String::new() } else { format!(" stage {}", self.stage) };
        format!("{}{stage}: {}", self.test, self.problems.join("; "))
    }

    fn details(&self) -> String {
        let overridden = if self.overridden { " (by an override)" } else { "" };
        let status = self.status.map_or("no answer".to_owned(), |it| format!("status {it}"));
        let logged = match &self.logged {
            None => String::new(),
            Some(ids) if ids.is_empty() => ", log of nothing".to_owned(),
            Some(ids) => {
                let ids: Vec<_> = ids.iter().map(u64::to_string).collect();
                format!(", log of {}", ids.join(", "))
            }
        };
        let mut text = format!(
            "    file      {}\n    expected  {}{overridden}\n    seen      {status}{logged}\n",
            self.file, self.expected
        );
        for line in shown(&self.request) {
            text.push_str(if line.is_empty() { "    |" } else { "    | " });
            text.push_str(&line);
            text.push('\n');
        }
        text
    }
}

/// A request's lines as a terminal takes them.
fn shown(request: &str) -> Vec<String> {
    let end = request.char_indices().map(|(at, c)| at + c.len_utf8());
    let end = end.take_while(|&end| end <= SHOWN_BYTES_MAX).last().unwrap_or(0);
    let (shown, left) = request.split_at(end);
    let mut lines: Vec<String> = shown
        .split('\n')
        .map(|line| line.trim_end_matches('\r').escape_debug().to_string())
        .collect();
    if !left.is_empty() {
        lines.push(format!("... and {} bytes", left.len()));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_shown_as_a_terminal_takes_them() {
        assert_eq!(
            shown("GET / HTTP/1.1\r\n\r\n\u{1b}\u{e4}"),
            ["GET / HTTP/1.1", "", "\\u{1b}\u{e4}"]
        );
        let long = shown(&"\u{e4}".repeat(1_500));
        assert_eq!(long, ["\u{e4}".repeat(1_000), "... and 1000 bytes".to_owned()]);
    }
}
