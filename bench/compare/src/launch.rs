//! How programs are started: on a core of their own, and so that they end when this process does.
//!
//! That is set up by this binary itself in the child (`compare launch`), which then becomes the program: what a process sets
//! for itself between fork and exec cannot be written without unsafe code.

use std::{
    ffi::OsString,
    io,
    os::unix::process::CommandExt as _,
    process::{Command, Stdio},
};

use clap::Args;
use nix::{
    sched::{CpuSet, sched_getaffinity, sched_setaffinity},
    sys::{
        prctl::set_pdeathsig,
        resource::{Resource, getrlimit, setrlimit},
        signal::Signal,
    },
    unistd::Pid,
};

/// Who runs on which core.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cores {
    /// The machine has only one: nothing is pinned.
    Shared,
    /// Of those that this process may use, the first two.
    Apart {
        /// The proxy's.
        proxy: usize,
        /// That of origin and load.
        load: usize,
    },
}

/// What `compare launch` is told.
#[derive(Debug, Args)]
pub struct Launch {
    /// The core; any if there is none.
    #[arg(long)]
    core: Option<usize>,
    /// The program and its arguments.
    #[arg(trailing_var_arg = true, required = true)]
    command: Vec<OsString>,
}

impl Cores {
    /// Those that this process may use. To be asked before it is pinned.
    pub fn find() -> io::Result<Self> {
        let allowed = sched_getaffinity(Pid::from_raw(0))?;
        Ok(Self::of((0..CpuSet::count()).filter(|core| allowed.is_set(*core).unwrap_or(false))))
    }

    fn of(mut allowed: impl Iterator<Item = usize>) -> Self {
        match (allowed.next(), allowed.next()) {
            (Some(proxy), Some(load)) => Self::Apart { proxy, load },
            _ => Self::Shared,
        }
    }

    /// The proxy's.
    pub fn proxy(self) -> Option<usize> {
        match self {
            Self::Apart { proxy, .. } => Some(proxy),
            Self::Shared => None,
        }
    }

    /// That of origin and load.
    pub fn load(self) -> Option<usize> {
        match self {
            Self::Apart { load, .. } => Some(load),
            Self::Shared => None,
        }
    }
}

/// Keeps this thread, and those that it starts, on a core.
pub fn stay_on(core: usize) -> io::Result<()> {
    let mut cores = CpuSet::new();
    cores.set(core)?;
    Ok(sched_setaffinity(Pid::from_raw(0), &cores)?)
}

/// A command that starts a program on a core, in a process group of its own: Ctrl-C is this process's to handle.
///
/// The program is told to end when the thread that starts it does.
pub fn command(core: Option<usize>, program: OsString) -> io::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("launch");
    if let Some(core) = core {
        command.args(["--core", &core.to_string()]);
    }
    command.arg("--").arg(program).process_group(0).stdin(Stdio::null());
    Ok(command)
}

/// Becomes the program. Returns only if that fails.
pub fn become_program(launch: &Launch) -> io::Error {
    let Some((program, arguments)) = launch.command.split_first() else {
        return io::ErrorKind::InvalidInput.into();
    };
    match prepare(launch.core) {
        Ok(()) => Command::new(program).args(arguments).exec(),
        Err(error) => error,
    }
}

fn prepare(core: Option<usize>) -> io::Result<()> {
    // As Ctrl-C would, and not by force: a killed nginx would leave its worker behind.
    set_pdeathsig(Signal::SIGTERM)?;
    raise_open_files()?;
    core.map_or(Ok(()), stay_on)
}

/// Connections are files: as many as the system allows.
pub fn raise_open_files() -> io::Result<()> {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
    Ok(setrlimit(Resource::RLIMIT_NOFILE, most, most)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxy_and_load_have_cores_of_their_own_where_there_are_two() {
        assert_eq!(Cores::of([2, 5, 7].into_iter()), Cores::Apart { proxy: 2, load: 5 });
        assert_eq!(Cores::of([3].into_iter()), Cores::Shared);
    }
}
