//! The `surge` command: `run` and `check`.

mod arguments;

use std::{
    io::{IsTerminal as _, Write as _},
    path::Path,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use arguments::{Arguments, Command, Run};
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
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// An assertion does not hold, or the run broke down.
const FAILED: u8 = 1;
/// The command line or the scenario cannot be used.
const USAGE: u8 = 2;
/// The target takes no connection.
const UNREACHABLE: u8 = 3;

fn main() -> ExitCode {
    match Arguments::parse().command {
        Command::Run(run) => start(&run),
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
    let (scenario, loaded) = match &arguments.config {
        Some(file) => match load::from_file(file) {
            Ok(loaded) => (loaded.scenario.clone(), Some(loaded)),
            Err(report) => return refuse(&report, arguments.json),
        },
        None => match arguments.scenario() {
            Ok(scenario) => (scenario, None),
            Err(message) => return say(USAGE, &message),
        },
    };
    match reach(&scenario, loaded.as_ref(), arguments.json) {
        Ok(()) => carry_out(scenario, arguments),
        Err(code) => code,
    }
}

/// Tries the targets: of a scenario a mistake in it, of a URL an answer.
fn reach(scenario: &Scenario, loaded: Option<&Loaded>, json: bool) -> Result<(), ExitCode> {
    let failed = run::unreachable(scenario).map_err(|error| say(FAILED, &error.to_string()))?;
    match (failed.first(), loaded) {
        (None, _) => Ok(()),
        (Some(_), Some(loaded)) => Err(refuse(&loaded.unreachable(&failed), json)),
        (Some((class, reason)), None) => {
            let target = scenario.classes.get(*class).map(|class| class.target.origin());
            let target = target.unwrap_or_default();
            Err(say(UNREACHABLE, &format!("{target} cannot be reached: {reason}")))
        }
    }
}

fn carry_out(scenario: Scenario, arguments: &Run) -> ExitCode {
    let stop = Arc::new(AtomicBool::new(false));
    if let Err(error) = stop_on_interrupt(&stop) {
        return say(FAILED, &format!("cannot listen for signals: {error}"));
    }
    let live = Live::new(&scenario);
    let quiet = arguments.quiet || arguments.json || !std::io::stderr().is_terminal();
    let watch = |tick: &Tick| {
        if !quiet {
            // If standard error is closed there is nobody to tell.
            let _ = writeln!(std::io::stderr().lock(), "{}", live.line(tick));
        }
    };
    let report = match run::run(scenario, &stop, watch) {
        Ok(report) => report,
        Err(error) => return say(FAILED, &error.to_string()),
    };
    finish(&report, arguments)
}

fn finish(report: &Report, arguments: &Run) -> ExitCode {
    if let Some(path) = &arguments.report
        && let Err(error) = std::fs::write(path, html::html(report))
    {
        return say(FAILED, &format!("{}: {error}", path.display()));
    }
    let printed = if arguments.json { print(&report.json()) } else { print(&text::text(report)) };
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
