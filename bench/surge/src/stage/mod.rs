//! What stands around a run: origins that surge serves itself, the stack that it starts, and what happens to it meanwhile.
//!
//! [`Stage::set`] puts it up before a run, `watch` looks at it while the run goes on, and dropping it takes it down.

mod event;
mod folder;
mod origin;
mod process;
mod usage;
mod watch;

use std::{io, path::Path};

pub use usage::Usage;
pub(crate) use watch::watch;
pub use watch::{Happened, Watched};

use self::{folder::Folder, origin::Origin, process::Process, usage::Gauge};
use crate::scenario::{Scenario, places::Places, staged::program};

/// What stands around a run. Nothing does by default.
#[derive(Default)]
pub struct Stage {
    origins: Vec<Origin>,
    // Before the folder, so that it ends before its files go.
    process: Option<Process>,
    places: Places,
    folder: Option<Folder>,
}

/// Why a stage cannot be set.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An origin has no port, or there is no room for files.
    #[error("cannot set the stage: {0}")]
    Io(#[from] io::Error),
    /// A name in braces stands for nothing.
    #[error("{0}")]
    Places(String),
    /// The program is not there.
    #[error("cannot start {program}: {cause}; name it with its path, or with --foxtrot")]
    Program {
        /// Its name.
        program: String,
        /// What the system said.
        cause: io::Error,
    },
    /// It ended, or did not say where it listens.
    #[error("{program} does not serve: {reason}\n{log}")]
    Silent {
        /// Its name.
        program: String,
        /// What was waited for.
        reason: String,
        /// The end of what it wrote to standard error.
        log: String,
    },
}

impl Stage {
    /// Starts the origins of a scenario and its stack, with `instead` in the place of its program.
    pub fn set(scenario: &Scenario, instead: Option<&Path>) -> Result<Self, Error> {
        let mut stage = Self::default();
        for origin in &scenario.origins {
            let origin = Origin::start(origin)?;
            stage.places.set(&format!("origin.{}", origin.name), origin.address.to_string());
            stage.origins.push(origin);
        }
        if scenario.stack.is_started() {
            stage.start(scenario, instead)?;
        }
        Ok(stage)
    }

    /// What names in braces stand for.
    pub fn places(&self) -> &Places {
        &self.places
    }

    /// Whether there is anything that surge has put up.
    pub fn is_empty(&self) -> bool {
        self.origins.is_empty() && self.process.is_none()
    }

    fn start(&mut self, scenario: &Scenario, instead: Option<&Path>) -> Result<(), Error> {
        let folder = Folder::new()?;
        let config = folder.path().join("stack.toml");
        self.places.set("folder", folder.path().display().to_string());
        self.places.set("config", config.display().to_string());
        if let Some(text) = &scenario.stack.config {
            std::fs::write(&config, self.places.fill(text).map_err(Error::Places)?)?;
        }
        let mut words = Vec::new();
        for word in &scenario.stack.command {
            words.push(self.places.fill(word).map_err(Error::Places)?);
        }
        let (first, arguments) = words.split_first().map_or(("", &[][..]), |(f, a)| (f, a));
        let program = instead.map_or_else(|| program(first), Path::to_owned);
        let process = Process::start(&program, arguments, &folder.path().join("stack.log"))?;
        for (name, address) in &process.listens {
            self.places.set(&format!("stack.{name}"), address);
        }
        (self.process, self.folder) = (Some(process), Some(folder));
        Ok(())
    }

    fn gauge(&self, scenario: &Scenario) -> Gauge {
        Gauge::new(&scenario.stack.memory, self.process.as_ref().map(Process::id))
    }
}
