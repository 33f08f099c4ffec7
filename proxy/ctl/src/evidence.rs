//! `foxctl evidence`: proves that an event log is whole. It asks nobody: it reads files.

use std::{
    fs::File,
    io::{self, BufRead, BufReader},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Subcommand;
use foxtrot_api::{Chain, Event, Hash};
use serde::Serialize;

use crate::{
    failure::{FINDING, Failure},
    output::Output,
};

/// What can be done with evidence.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Prove that an event log is whole: no line changed, missing, added or moved. Exits 1 when it is not.
    ///
    /// A tail that is cut off leaves a whole log: only a head that was kept elsewhere shows it.
    Verify {
        /// Files of one log, in any order.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Hash of a line that was the last one: the log must contain it.
        #[arg(long, value_name = "HASH")]
        head: Option<Hash>,
    },
}

/// What reading a log came to.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// Whether every line follows the one before, and the head that was asked for is there.
    pub(crate) whole: bool,
    /// Lines.
    pub(crate) lines: u64,
    /// Number of the first line; more than 1 where older files are not at hand.
    pub(crate) first: Option<u64>,
    /// Number of the last line.
    pub(crate) last: Option<u64>,
    /// Hash of the last line: keep it elsewhere.
    pub(crate) head: Option<String>,
    /// What is wrong, the first of it in front.
    pub(crate) breaks: Vec<Break>,
}

/// Something wrong.
#[derive(Debug, Serialize)]
pub(crate) struct Break {
    pub(crate) file: String,
    /// Counted from 1; absent where it is about the whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) line: Option<u64>,
    pub(crate) what: String,
}

/// More would be read by nobody.
const BREAKS_MAX: usize = 100;

/// Past it a line is none of ours.
const LINE_BYTES_MAX: u64 = 1 << 20;

/// Runs a command.
pub(crate) fn run(command: Command, out: &mut Output) -> Result<ExitCode, Failure> {
    let Command::Verify { files, head } = command;
    let mut seen = head.is_none();
    let mut report = read(&files, |event| seen |= Some(event.hash) == head)?;
    if !seen {
        report.add(
            "",
            None,
            "the head that was kept is not in it: a tail is cut off, or this is another log",
        );
    }
    print(&report, out)?;
    Ok(if report.whole { ExitCode::SUCCESS } else { ExitCode::from(FINDING) })
}

/// Reads a log and shows each event; the files are put into order by their first lines.
pub(crate) fn read(files: &[PathBuf], mut show: impl FnMut(&Event)) -> Result<Report, Failure> {
    let mut ordered = files
        .iter()
        .map(|file| Ok((first_number(file).map_err(|error| unreadable(file, &error))?, file)))
        .collect::<Result<Vec<_>, Failure>>()?;
    ordered.sort();
    let mut report = Report::new();
    let mut chain = Chain::from_the_middle();
    for (_, file) in ordered {
        report.read(file, &mut chain, &mut show).map_err(|error| unreadable(file, &error))?;
    }
    report.last = chain.seq();
    report.head = chain.head().map(|head| head.to_string());
    if report.lines == 0 {
        report.add("", None, "there is no line: nothing is proven");
    }
    Ok(report)
}

impl Report {
    fn new() -> Self {
        Self { whole: true, lines: 0, first: None, last: None, head: None, breaks: Vec::new() }
    }

    fn add(&mut self, file: &str, line: Option<u64>, what: impl Into<String>) {
        self.whole = false;
        if self.breaks.len() < BREAKS_MAX {
            self.breaks.push(Break { file: file.to_owned(), line, what: what.into() });
        }
    }

    fn read(
        &mut self,
        file: &Path,
        chain: &mut Chain,
        show: &mut impl FnMut(&Event),
    ) -> io::Result<()> {
        let name = file.display().to_string();
        let mut reader = BufReader::new(File::open(file)?);
        let mut number = 0;
        while let Some(line) = next_line(&mut reader)? {
            number += 1;
            self.lines += 1;
            let Some(line) = line.strip_suffix(b"\n") else {
                self.add(&name, Some(number), "is not finished");
                continue;
            };
            if let Err(problem) = self.follow(line, chain, show) {
                self.add(&name, Some(number), problem);
            }
        }
        Ok(())
    }

    fn follow(
        &mut self,
        line: &[u8],
        chain: &mut Chain,
        show: &mut impl FnMut(&Event),
    ) -> Result<(), String> {
        let first = chain.seq().is_none();
        let followed = chain.follow(line).map_err(|problem| problem.to_string());
        let event: Event = serde_json::from_slice(line).map_err(|error| match &followed {
            Err(problem) => problem.clone(),
            Ok(()) => format!("is no event: {error}"),
        })?;
        if first {
            self.first = Some(event.record.seq);
            if event.record.seq == 1 && event.prev != Hash::ZERO {
                return Err("is number 1 and follows another line".to_owned());
            }
        }
        show(&event);
        followed
    }
}

/// The next line with its end; nothing behind the last one.
fn next_line(reader: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let length = io::Read::take(&mut *reader, LINE_BYTES_MAX).read_until(b'\n', &mut line)?;
    Ok((length > 0).then_some(line))
}

fn first_number(file: &Path) -> io::Result<u64> {
    let line = next_line(&mut BufReader::new(File::open(file)?))?.unwrap_or_default();
    let event = serde_json::from_slice::<Event>(&line);
    Ok(event.map_or(u64::MAX, |event| event.record.seq))
}

fn unreadable(file: &Path, error: &io::Error) -> Failure {
    Failure::Usage(format!("cannot read {}: {error}", file.display()))
}

fn print(report: &Report, out: &mut Output) -> Result<(), Failure> {
    if out.json {
        let text = serde_json::to_string(report)
            .map_err(|error| Failure::Failed(format!("cannot be printed: {error}")))?;
        return Ok(out.line(text)?);
    }
    for Break { file, line, what } in &report.breaks {
        match line {
            Some(line) => out.line(format!("{file}, line {line}: {what}"))?,
            None => out.line(what)?,
        }
    }
    if let (true, Some(first), Some(last), Some(head)) =
        (report.whole, report.first, report.last, &report.head)
    {
        let from = if first == 1 { "from the first on" } else { "older ones are not at hand" };
        out.line(format!("whole: events {first} to {last}, {from}"))?;
        out.line(format!("head {head}"))?;
    }
    Ok(())
}
