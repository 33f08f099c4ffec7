//! Rule files: what their author wants to be told before the proxy loads them.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use foxtrot_waf::{
    error::{Problem, Report},
    lint::{Finding, Lint, Severity},
    seclang::{Disk, Sources},
};
use serde::Serialize;

use crate::{
    failure::{FINDING, Failure},
    output::Output,
};

/// Prints the findings of rule files, loaded as the proxy loads them.
pub(super) fn run(files: &[String], out: &mut Output) -> Result<ExitCode, Failure> {
    let code = match foxtrot_waf::lint(&Disk, files) {
        Ok(lint) => {
            print(&lint, out)?;
            if lint.warns() { FINDING } else { 0 }
        }
        Err(report) => {
            refuse(&report, out)?;
            FINDING
        }
    };
    out.flush()?;
    Ok(ExitCode::from(code))
}

fn print(lint: &Lint, out: &mut Output) -> io::Result<()> {
    let (findings, sources) = (lint.findings(), lint.sources());
    if out.json {
        let findings = findings.iter().map(|finding| Told::finding(finding, sources)).collect();
        return json(&Answer { errors: Vec::new(), findings }, out);
    }
    for finding in findings {
        out.line(format_args!("{}\n", finding.render(sources)))?;
    }
    let of = |severity| findings.iter().filter(|one| one.code.severity == severity).count();
    let (warnings, notes) = (of(Severity::Warning), of(Severity::Note));
    out.line(format_args!("{}, {}", count(warnings, "warning"), count(notes, "note")))
}

/// What keeps the rules from being loaded goes where errors go.
fn refuse(report: &Report, out: &mut Output) -> io::Result<()> {
    if out.json {
        let problems = report.problems().iter();
        let errors = problems.map(|problem| Told::problem(problem, report.sources())).collect();
        return json(&Answer { errors, findings: Vec::new() }, out);
    }
    let mut err = io::stderr().lock();
    writeln!(err, "{report}\n\nrefused, {}", count(report.problems().len(), "error"))
}

/// What `--json` prints.
#[derive(Serialize)]
struct Answer<'a> {
    errors: Vec<Told<'a>>,
    findings: Vec<Told<'a>>,
}

/// A problem or a finding, for programs.
#[derive(Serialize)]
struct Told<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    severity: Option<&'a str>,
    file: String,
    line: u32,
    column: u32,
    message: &'a str,
    help: Option<&'a str>,
}

impl<'a> Told<'a> {
    fn problem(problem: &'a Problem, sources: &Sources) -> Self {
        let file = sources.at(problem.place).map(|source| source.path().display().to_string());
        Self {
            code: None,
            severity: None,
            file: file.unwrap_or_default(),
            line: problem.place.line,
            column: problem.place.column,
            message: &problem.message,
            help: problem.note.as_deref(),
        }
    }

    fn finding(finding: &'a Finding, sources: &Sources) -> Self {
        let (code, severity) = (finding.code.word, finding.code.severity.word());
        let told = Self::problem(&finding.problem, sources);
        Self { code: Some(code), severity: Some(severity), ..told }
    }
}

fn json(answer: &Answer<'_>, out: &mut Output) -> io::Result<()> {
    out.text(&serde_json::to_vec(answer)?)
}

fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
