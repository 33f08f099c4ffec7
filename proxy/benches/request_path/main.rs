//! What a request costs: CPU time of the real `foxtrot` process, pinned to one core, under a closed loop of clients. Where
//! nginx is installed it runs beside it. `docs/benchmarks.md` says how to read the figures.
//!
//! Arguments, behind `cargo bench --bench request_path --`:
//!
//! - `--quick`: one short round, to see that it works;
//! - `--only TEXT`: scenarios whose name holds TEXT;
//! - `--rounds N`: how often each scenario is measured;
//! - `--against PATH`: another `foxtrot` binary, measured in turn with this one.
//!
//! Others are ignored, for cargo passes some of its own.

mod affinity;
mod contender;
mod http1;
mod http2;
mod load;
mod origin;
mod report;
mod scenario;

use std::{path::Path, time::Duration};

use anyhow::{Context as _, ensure};

use crate::{
    contender::Contender,
    load::Load,
    report::{Report, Sample},
    scenario::{SCENARIOS, Scenario},
};

/// What was asked for.
struct Options {
    quick: bool,
    only: String,
    rounds: usize,
    against: Vec<String>,
}

/// Spans of one measurement.
#[derive(Clone, Copy)]
struct Spans {
    warm_up: Duration,
    measured: Duration,
}

/// With nginx beside it and three rounds, all of it takes less than three minutes.
const FULL: Spans = Spans { warm_up: Duration::from_secs(1), measured: Duration::from_secs(3) };
const QUICK: Spans =
    Spans { warm_up: Duration::from_millis(200), measured: Duration::from_millis(500) };

fn main() -> anyhow::Result<()> {
    let options = Options::read(std::env::args().skip(1))?;
    let dir = tempfile::tempdir()?;
    let tls = contender::Certificate::make(dir.path())?;
    let mut report = Report::default();
    affinity::leave_first_core(&mut report);
    let origin = origin::start()?;
    let load = Load::new(&tls)?;
    let contenders = start_all(&options, dir.path(), origin, &mut report)?;
    let spans = if options.quick { QUICK } else { FULL };
    let scenarios: Vec<_> =
        SCENARIOS.iter().filter(|scenario| scenario.name.contains(&options.only)).collect();
    for _ in 0..options.rounds {
        for scenario in &scenarios {
            for contender in &contenders {
                let sample = measure(&load, scenario, contender, spans)
                    .with_context(|| format!("{} through {}", scenario.name, contender.name))?;
                report.add(scenario.name, &contender.name, sample);
            }
        }
    }
    report.finish(Path::new(env!("CARGO_TARGET_TMPDIR")))
}

/// One scenario through one contender.
fn measure(
    load: &Load,
    scenario: &'static Scenario,
    contender: &Contender,
    spans: Spans,
) -> anyhow::Result<Sample> {
    let process = contender.process(scenario);
    let running = load.start(scenario, process.address(scenario.protocol))?;
    std::thread::sleep(spans.warm_up);
    let (answers, cpu, start) = (running.answers(), process.cpu_ticks()?, foxtrot::clock::now());
    std::thread::sleep(spans.measured);
    let sample = Sample {
        requests: running.answers() - answers,
        cpu_seconds: (process.cpu_ticks()? - cpu) as f64 / contender::ticks_per_second()?,
        seconds: start.elapsed().as_secs_f64(),
    };
    running.stop()?;
    ensure!(sample.requests > 0, "no request was answered");
    Ok(sample)
}

fn start_all(
    options: &Options,
    dir: &Path,
    origin: std::net::SocketAddr,
    report: &mut Report,
) -> anyhow::Result<Vec<Contender>> {
    let own = env!("CARGO_BIN_EXE_foxtrot");
    let mut contenders = vec![Contender::foxtrot("foxtrot", own, dir, origin)?];
    for path in &options.against {
        contenders.push(Contender::foxtrot(path, path, dir, origin)?);
    }
    match Contender::nginx(dir, origin)? {
        Some(nginx) => contenders.push(nginx),
        None => report.note("nginx is not installed: foxtrot runs alone"),
    }
    Ok(contenders)
}

impl Options {
    fn read(mut arguments: impl Iterator<Item = String>) -> anyhow::Result<Self> {
        let mut options = Self { quick: false, only: String::new(), rounds: 0, against: vec![] };
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().with_context(|| format!("{argument} what?"));
            match argument.as_str() {
                "--quick" => options.quick = true,
                "--only" => options.only = value()?,
                "--rounds" => options.rounds = value()?.parse()?,
                "--against" => options.against.push(value()?),
                _ => {}
            }
        }
        if options.rounds == 0 {
            options.rounds = if options.quick { 1 } else { 3 };
        }
        Ok(options)
    }
}
