//! A run from its beginning to its end: cores, contenders, origin, one scenario after the other, the report.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use anyhow::{Context as _, bail, ensure};
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    arguments::Arguments,
    contender::{Certificate, Field},
    launch::{self, Cores},
    measure::Bench,
    origin::Origin,
    report::{self, Machine, Report},
    scenario::Scenario,
};

/// Measures and reports; whether all went well.
pub fn run(arguments: &Arguments, scenarios: &[&'static Scenario]) -> anyhow::Result<bool> {
    let stop = Arc::new(AtomicBool::new(false));
    stop_on_signals(&stop)?;
    let cores = Cores::find()?;
    // Before this process is pinned, after which it has one core.
    let machine = Machine::find(cores);
    cores.load().map_or(Ok(()), launch::stay_on)?;
    launch::raise_open_files()?;
    let crs = arguments.crs.as_deref().map(crs).transpose()?;
    let field = field(arguments, crs.as_deref())?;
    let mut report = Report {
        machine,
        commit: commit(),
        crs: crs.as_deref().and_then(crs_version),
        contenders: field.contenders.iter().map(|c| (c.name(), c.version().to_owned())).collect(),
        missing: field.missing.clone(),
        rounds: arguments.rounds,
        length: arguments.seconds,
        tables: Vec::new(),
    };
    let origin = Origin::start(cores.load(), &stop).context("the origin")?;
    let certificate = Certificate::make()?;
    let bench = Bench {
        field,
        origin,
        certificate,
        cores,
        rounds: arguments.rounds,
        length: arguments.seconds,
        stop,
    };
    print(&report::head(&report))?;
    for scenario in scenarios {
        let table = bench.measure(scenario)?;
        print(&report::table(&table))?;
        report.tables.push(table);
    }
    print(&report::summary(&report))?;
    let path = save(&report, &arguments.results)?;
    print(&format!("{}\n", path.display()))?;
    Ok(report.is_sound())
}

/// Who is installed and asked for.
fn field(arguments: &Arguments, crs: Option<&Path>) -> anyhow::Result<Field> {
    let foxtrot = match &arguments.foxtrot {
        Some(path) => path.clone(),
        None => std::env::current_exe()?.with_file_name("foxtrot"),
    };
    let mut field = Field::find(&absolute(&foxtrot), crs);
    let wanted = &arguments.contenders;
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|wanted| wanted == name);
    let known = |name: &String| field.contenders.iter().any(|contender| contender.name() == name);
    if let Some(name) = wanted.iter().find(|name| !known(name)) {
        bail!("there is no contender \"{name}\" here");
    }
    field.contenders.retain(|contender| is_wanted(contender.name()));
    field.missing.retain(|name| is_wanted(name));
    ensure!(
        !field.contenders.is_empty(),
        "no contender is installed: {}",
        field.missing.join(", ")
    );
    Ok(field)
}

/// The folder of a CRS, whole, as contenders run elsewhere.
fn crs(folder: &Path) -> anyhow::Result<PathBuf> {
    let setup = folder.join(CRS_SETUP);
    ensure!(setup.is_file(), "{} is not there: is this a CRS?", setup.display());
    Ok(absolute(folder))
}

fn crs_version(folder: &Path) -> Option<String> {
    let setup = fs::read_to_string(folder.join(CRS_SETUP)).ok()?;
    let (_, behind) = setup.split_once("ver.")?;
    behind.split_whitespace().next().map(str::to_owned)
}

/// The path from the root, if there is something there.
fn absolute(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

fn commit() -> String {
    let git = Command::new("git").args(["describe", "--always", "--dirty", "--exclude=*"]).output();
    let text = git.ok().filter(|output| output.status.success()).map(|output| output.stdout);
    let text = text.and_then(|text| String::from_utf8(text).ok());
    text.map_or("unknown".to_owned(), |text| text.trim().to_owned())
}

/// The first signal ends the measurement and all that was started, the second one this process at once.
fn stop_on_signals(stop: &Arc<AtomicBool>) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let (mut interrupt, mut terminate) = {
        let _inside = runtime.enter();
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?)
    };
    let stop = Arc::clone(stop);
    let listen = move || {
        runtime.block_on(async {
            loop {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
                if stop.swap(true, Ordering::Relaxed) {
                    std::process::exit(130);
                }
            }
        });
    };
    std::thread::Builder::new().name("signals".to_owned()).spawn(listen).map(drop)
}

fn save(report: &Report, folder: &Path) -> anyhow::Result<PathBuf> {
    fs::create_dir_all(folder).with_context(|| format!("{}", folder.display()))?;
    let path = folder.join(format!("{}-{}.json", report.commit, report.machine.taken_at));
    let text = serde_json::to_string_pretty(&report::json(report))?;
    fs::write(&path, text + "\n").with_context(|| format!("{}", path.display()))?;
    Ok(path)
}

fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()
}

const CRS_SETUP: &str = "crs-setup.conf.example";
