//! The `surge` command: `run`, `drill` and `check`.

mod arguments;

use std::{
    io::{IsTerminal as _, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use arguments::{Arguments, Command, Drill, Output, Run};
use clap::Parser as _;
use surge::{
    live::Live,
    report::{Report, html, text},
    run::{self, Tick},
    scenario::{
        Scenario,
        load::{self, Loaded},
        problem,
    },
    stage::{self, Stage},
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// An assertion does not hold, or the run broke down.
const FAILED: u8 = 1;
/// The command line or the scenario cannot be used.
const USAGE: u8 = 2;
/// The target takes no connection.
const UNREACHABLE: u8 = 3;

/// The drill that is built in.
const DRILL: &str = include_str!("../../../conf/surge/drill.toml");

fn main() -> ExitCode {
    match Arguments::parse().command {
        Command::Run(run) => start(&run),
        Command::Drill(arguments) => drill(&arguments),
        Command::Check { file, json } => check(&file, json),
    }
}

fn check(file: &Path, json: bool) -> ExitCode {
    match load::from_file(file) {
        Ok(_) if json => print("[]"),
        Ok(_) => print(&format!("{}: ok", file.display())),
        Err(report) => refuse(&report, json),
    }
}

fn start(arguments: &Run) -> ExitCode {
    let show = Show { reports: &arguments.reports, output: &arguments.output };
    if let Some(file) = &arguments.config {
        // A target that does not answer is a mistake in the scenario.
        let play = Play { instead: None, length: None, unreachable: USAGE };
        return match load::from_file(file) {
            Ok(loaded) => play.perform(loaded, &show),
            Err(report) => refuse(&report, show.output.json),
        };
    }
    let scenario = match arguments.scenario() {
        Ok(scenario) => scenario,
        Err(message) => return say(USAGE, &message),
    };
    match run::unreachable(&scenario) {
        Err(error) => say(FAILED, &error.to_string()),
        Ok(failed) => match failed.first() {
            None => carry_out(scenario, &Stage::default(), &show),
            Some((class, reason)) => {
                let target = scenario.classes.get(*class).map(|class| class.target.origin());
                let target = target.unwrap_or_default();
                say(UNREACHABLE, &format!("{target} cannot be reached: {reason}"))
            }
        },
    }
}

fn drill(arguments: &Drill) -> ExitCode {
    if arguments.print {
        return print(DRILL);
    }
    let show = Show { reports: &arguments.reports, output: &arguments.output };
    let loaded = match &arguments.config {
        Some(file) => load::from_file(file),
        None => load::from_text("drill.toml", DRILL, Path::new("")),
    };
    let play = Play {
        instead: arguments.foxtrot.as_deref(),
        length: arguments.length.map(|length| length.0),
        unreachable: UNREACHABLE,
    };
    match loaded {
        Ok(loaded) if play.instead.is_some() && !loaded.scenario.stack.is_started() => {
            say(USAGE, "--foxtrot has no effect: the scenario starts nothing")
        }
        Ok(loaded) => play.perform(loaded, &show),
        Err(report) => refuse(&report, show.output.json),
    }
}

/// How a scenario is carried out.
struct Play<'p> {
    /// The program of its stack.
    instead: Option<&'p Path>,
    length: Option<Duration>,
    /// The exit code where a target takes no connection, or the stack does not start.
    unreachable: u8,
}

/// How a report is shown.
struct Show<'s> {
    reports: &'s [PathBuf],
    output: &'s Output,
}

impl Play<'_> {
    fn perform(&self, loaded: Loaded, show: &Show<'_>) -> ExitCode {
        let stage = match Stage::set(&loaded.scenario, self.instead) {
            Ok(stage) => stage,
            Err(error @ (stage::Error::Program { .. } | stage::Error::Places(_))) => {
                return say(USAGE, &error.to_string());
            }
            Err(error) => return say(self.unreachable, &error.to_string()),
        };
        let placed = if stage.is_empty() { Ok(loaded) } else { loaded.placed(stage.places()) };
        let mut loaded = match placed {
            Ok(loaded) => loaded,
            Err(report) => return refuse(&report, show.output.json),
        };
        if let Some(Err(message)) = self.length.map(|length| loaded.scenario.stretch(length)) {
            return say(USAGE, &format!("--for cannot be: {message}"));
        }
        match run::unreachable(&loaded.scenario) {
            Err(error) => say(FAILED, &error.to_string()),
            Ok(failed) if !failed.is_empty() => {
                refuse(&loaded.unreachable(&failed), show.output.json);
                ExitCode::from(self.unreachable)
            }
            Ok(_) => carry_out(loaded.scenario, &stage, show),
        }
    }
}

fn carry_out(scenario: Scenario, stage: &Stage, show: &Show<'_>) -> ExitCode {
    let stop = Arc::new(AtomicBool::new(false));
    if let Err(error) = stop_on_interrupt(&stop) {
        return say(FAILED, &format!("cannot listen for signals: {error}"));
    }
    let live = Live::new(&scenario);
    let quiet = show.output.quiet || show.output.json || !std::io::stderr().is_terminal();
    let watch = |tick: &Tick| {
        if !quiet {
            // If standard error is closed there is nobody to tell.
            let _ = writeln!(std::io::stderr().lock(), "{}", live.line(tick));
        }
    };
    let report = match run::run(scenario, stage, &stop, watch) {
        Ok(report) => report,
        Err(error) => return say(FAILED, &error.to_string()),
    };
    finish(&report, show)
}

fn finish(report: &Report, show: &Show<'_>) -> ExitCode {
    for path in show.reports {
        let json = path.extension().is_some_and(|ending| ending == "json");
        let text = if json { report.json() + "\n" } else { html::html(report) };
        if let Err(error) = std::fs::write(path, text) {
            return say(FAILED, &format!("{}: {error}", path.display()));
        }
    }
    let printed = if show.output.json { print(&report.json()) } else { print(&text::text(report)) };
    if report.passed { printed } else { ExitCode::from(FAILED) }
}

/// The first signal ends the run and lets it report; the second one ends the process.
fn stop_on_interrupt(stop: &Arc<AtomicBool>) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let stop = Arc::clone(stop);
    let listen = move || {
        runtime.block_on(async {
            if tokio::signal::ctrl_c().await.is_ok() {
                stop.store(true, Ordering::Relaxed);
            }
            if tokio::signal::ctrl_c().await.is_ok() {
                std::process::exit(130);
            }
        });
    };
    std::thread::Builder::new().name("signals".to_owned()).spawn(listen).map(drop)
}

fn refuse(report: &problem::Report, json: bool) -> ExitCode {
    if json {
        // Plain strings and numbers.
        print(&serde_json::to_string_pretty(&report.entries()).unwrap_or_default());
        return ExitCode::from(USAGE);
    }
    let text = match std::io::stderr().is_terminal() {
        true => report.coloured(),
        false => report.to_string(),
    };
    let _ = writeln!(std::io::stderr().lock(), "{text}");
    ExitCode::from(USAGE)
}

fn say(code: u8, message: &str) -> ExitCode {
    let _ = writeln!(std::io::stderr().lock(), "surge: {message}");
    ExitCode::from(code)
}

fn print(text: &str) -> ExitCode {
    match writeln!(std::io::stdout().lock(), "{}", text.trim_end()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::from(FAILED),
    }
}
