//! What surge sets up around a run, as it is written down: origins, the stack, events. Nothing here starts anything.

use std::{path::PathBuf, time::Duration};

use super::{Phase, Target};
use crate::assertion::Assertion;

/// A server of surge's own, behind the stack.
#[derive(Debug, Clone)]
pub struct Origin {
    /// Its name.
    pub name: String,
    /// Bytes of its answers, its name among them.
    pub body_size: usize,
    /// Path that is answered but not counted: probes.
    pub health: Option<String>,
    /// What must hold for the requests that reach it.
    pub assertions: Vec<Assertion>,
}

/// What is tested, as far as surge starts or watches it.
#[derive(Debug, Clone, Default)]
pub struct Stack {
    /// A program to start and its arguments; nothing is started if empty.
    pub command: Vec<String>,
    /// The text of its configuration, which is written to `{config}`.
    pub config: Option<String>,
    /// Where its resident memory is read.
    pub memory: Memory,
}

/// Where the resident memory of a stack is read.
#[derive(Debug, Clone, Default)]
pub enum Memory {
    /// Of the process that surge has started; of nothing if there is none.
    #[default]
    Own,
    /// Of a process by its number.
    Process(u32),
    /// From `process_resident_memory_bytes` of a page of metrics.
    Metrics(Box<Target>),
}

/// Something that happens once.
#[derive(Debug, Clone)]
pub struct Event {
    /// Its name.
    pub name: String,
    /// In which phase.
    pub phase: usize,
    /// When.
    pub at: At,
    /// What.
    pub action: Action,
}

/// When in a phase.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum At {
    /// So long after its start.
    After(Duration),
    /// When this share of it, 0 to 1, is past.
    Share(f64),
}

/// What happens.
#[derive(Debug, Clone)]
pub enum Action {
    /// A program runs, and must end with status 0.
    Command(Vec<String>),
    /// A text in a file, which must be there once, is replaced by another; the file is replaced as a whole.
    Edit {
        /// The file.
        file: String,
        /// The text.
        from: String,
        /// The other.
        to: String,
    },
}

impl Stack {
    /// Whether surge starts it.
    pub fn is_started(&self) -> bool {
        !self.command.is_empty()
    }

    /// Whether its memory can be read.
    pub fn has_memory(&self) -> bool {
        self.is_started() || !matches!(self.memory, Memory::Own)
    }
}

impl Event {
    /// When it happens, from the start of the run.
    pub fn due(&self, phases: &[Phase]) -> Duration {
        let start: Duration = phases.iter().take(self.phase).map(|phase| phase.length).sum();
        let length = phases.get(self.phase).map_or(Duration::ZERO, |phase| phase.length);
        start
            + match self.at {
                At::After(time) => time.min(length),
                At::Share(share) => length.mul_f64(share.clamp(0.0, 1.0)),
            }
    }
}

/// The program that a command names: of a bare name the one beside surge, if it is there.
pub fn program(name: &str) -> PathBuf {
    let beside = || {
        let path = std::env::current_exe().ok()?.parent()?.join(name);
        path.is_file().then_some(path)
    };
    let bare = !name.contains('/');
    bare.then(beside).flatten().unwrap_or_else(|| PathBuf::from(name))
}
