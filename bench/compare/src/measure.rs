//! A scenario, measured: all contenders are started, and then loaded one after the other, round after round, so that what
//! else the machine does meets all of them.

use std::{
    fs,
    io::Write as _,
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, bail, ensure};
use tempfile::TempDir;

use crate::{
    contender::{Certificate, Contender, Field, Fit, Site},
    launch::{self, Cores},
    load::{Clients, Outcome},
    origin::Origin,
    proc,
    process::{Process, free_port},
    report::{Absent, Row, Sample, Table},
    scenario::{Load, Scenario},
};

/// What all measurements share.
pub struct Bench {
    /// Who takes part.
    pub field: Field,
    /// What they stand in front of.
    pub origin: Origin,
    /// What they show.
    pub certificate: Certificate,
    /// Who runs where.
    pub cores: Cores,
    /// How often each is measured.
    pub rounds: u32,
    /// For how long.
    pub length: Duration,
    /// Whether to end early.
    pub stop: Arc<AtomicBool>,
}

/// A contender at work.
struct Entrant<'b> {
    contender: &'b dyn Contender,
    process: Process,
    address: SocketAddr,
    /// Bytes before the first round: what one round has taken is not given back for the next.
    memory: u64,
    samples: Vec<Sample>,
    _home: TempDir,
}

impl Bench {
    /// Measures a scenario.
    pub fn measure(&self, scenario: &'static Scenario) -> anyhow::Result<Table> {
        let (mut entrants, mut absent) = self.line_up(scenario)?;
        for round in 1..=self.rounds {
            let turn = format!("{}: round {round} of {}", scenario.name, self.rounds);
            for mut entrant in std::mem::take(&mut entrants) {
                let name = entrant.contender.name();
                say(&format!("{turn}, {name}"));
                match self.round(&mut entrant, scenario) {
                    Ok(()) => entrants.push(entrant),
                    Err(error) => absent.push(Absent::failed(name, &error)),
                }
                self.interrupted()?;
            }
        }
        let rows = entrants.into_iter().map(Entrant::into_row).collect();
        Ok(Table { scenario, rows, absent })
    }

    /// Starts all who can do what the scenario asks for; the others with the reason.
    fn line_up(&self, scenario: &Scenario) -> anyhow::Result<(Vec<Entrant<'_>>, Vec<Absent>)> {
        let (mut entrants, mut absent) = (Vec::new(), Vec::new());
        for contender in &self.field.contenders {
            match contender.fit(&scenario.setup) {
                Fit::Fits => match self.enter(contender.as_ref(), scenario) {
                    Ok(entrant) => entrants.push(entrant),
                    Err(error) => absent.push(Absent::failed(contender.name(), &error)),
                },
                Fit::Lacks(reason) => absent.push(Absent::unfit(contender.name(), reason)),
                Fit::Twin => {}
            }
            self.interrupted()?;
        }
        // Not before all have started: libraries that several use are divided among them.
        for entrant in &mut entrants {
            entrant.memory = proc::memory(entrant.process.id())?;
        }
        Ok((entrants, absent))
    }

    /// Starts a contender and sees that it gives the right answers.
    fn enter<'b>(
        &self,
        contender: &'b dyn Contender,
        scenario: &Scenario,
    ) -> anyhow::Result<Entrant<'b>> {
        say(&format!("{}: starting {}", scenario.name, contender.name()));
        let home = tempfile::tempdir()?;
        let [clear, tls] = [free_port()?, free_port()?];
        let site = Site {
            home: home.path(),
            setup: &scenario.setup,
            clear,
            tls,
            origin: self.origin.ports,
            certificate: &self.certificate,
        };
        fs::create_dir(site.logs())?;
        let address = site.address(scenario.front);
        let mut process = self.start(contender.command(&site)?, &site)?;
        process.await_listening(address, &self.stop)?;
        let (samples, memory) = (Vec::new(), 0);
        let entrant = Entrant { contender, process, address, memory, samples, _home: home };
        self.warm_up(&entrant, scenario)?;
        Ok(entrant)
    }

    fn start(&self, command: Vec<PathBuf>, site: &Site) -> anyhow::Result<Process> {
        let mut words = command.into_iter().map(PathBuf::into_os_string);
        let program = words.next().context("no program")?;
        let mut command = launch::command(self.cores.proxy(), program)?;
        command.args(words).current_dir(site.home).env("HOME", site.home);
        Process::start(command, &site.logs())
    }

    fn warm_up(&self, entrant: &Entrant, scenario: &Scenario) -> anyhow::Result<()> {
        let load = match scenario.load {
            Load::Idle { .. } => Load::Idle { connections: 1 },
            other => other,
        };
        let outcome = self.clients(entrant, scenario, (load, WARM_UP)).run(&mut || {})?;
        match outcome {
            Outcome { errors: 0, answers: 1.., .. } => Ok(()),
            Outcome { errors, answers, cause, .. } => {
                let cause = cause.unwrap_or_else(|| "nothing is answered".to_owned());
                let said = entrant.process.said();
                bail!("{errors} of {} requests failed: {cause}{said}", errors + answers)
            }
        }
    }

    fn round(&self, entrant: &mut Entrant, scenario: &Scenario) -> anyhow::Result<()> {
        let id = entrant.process.id();
        let cpu_before = proc::cpu_time(id)?;
        let mut memory = entrant.memory;
        let mut loaded = || memory = proc::memory(id).unwrap_or(memory);
        let clients = self.clients(entrant, scenario, (scenario.load, self.length));
        let outcome = clients.run(&mut loaded)?;
        entrant.process.still_runs()?;
        let cpu = proc::cpu_time(id)?.saturating_sub(cpu_before);
        let per_connection = match scenario.load {
            Load::Idle { connections } => {
                Some(memory.saturating_sub(entrant.memory) as f64 / connections as f64)
            }
            _ => None,
        };
        entrant.samples.push(Sample::new(&outcome, cpu, memory, per_connection));
        Ok(())
    }

    fn clients<'c>(
        &'c self,
        entrant: &Entrant,
        scenario: &'c Scenario,
        (load, length): (Load, Duration),
    ) -> Clients<'c> {
        Clients { scenario, load, address: entrant.address, length, stop: &self.stop }
    }

    fn interrupted(&self) -> anyhow::Result<()> {
        ensure!(!self.stop.load(Ordering::Relaxed), "interrupted");
        Ok(())
    }
}

impl Entrant<'_> {
    fn into_row(self) -> Row {
        let (contender, is_peer) = (self.contender.name(), self.contender.is_peer());
        Row { contender, is_peer, samples: self.samples }
    }
}

/// One line for whoever waits; if nobody can read it, nobody does.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

const WARM_UP: Duration = Duration::from_millis(300);
