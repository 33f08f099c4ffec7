//! The directory that outlives the process: where rollouts stand, and the event log.
//!
//! One process has it at a time: two would write each other's files over.

use std::{
    env,
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};

use crate::config;

/// A directory that is ours until this is dropped.
#[derive(Debug)]
pub(super) struct StateDir {
    path: PathBuf,
    _lock: File,
}

/// Set by systemd for `StateDirectory=`; several are separated by colons.
const VARIABLE: &str = "STATE_DIRECTORY";

impl StateDir {
    /// The directory of the configuration, or of the environment, made if it is not there.
    ///
    /// # Errors
    /// It cannot be made or written, or another process has it.
    pub(super) fn open(written: &config::State) -> anyhow::Result<Option<Self>> {
        let from_environment = || {
            let paths = env::var_os(VARIABLE)?;
            env::split_paths(&paths).next().filter(|path| !path.as_os_str().is_empty())
        };
        let Some(path) = written.dir.clone().or_else(from_environment) else { return Ok(None) };
        let shown = path.display();
        fs::create_dir_all(&path).with_context(|| format!("state.dir: cannot make {shown}"))?;
        let lock = File::create(path.join("lock"))
            .with_context(|| format!("state.dir: cannot write in {shown}"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => bail!(
                "state.dir: another process has {shown}; give each its own, or end the other first"
            ),
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("state.dir: cannot lock {shown}"));
            }
        }
        Ok(Some(Self { path, _lock: lock }))
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_process_has_the_directory() {
        let dir = tempfile::tempdir().unwrap();
        let at = dir.path().join("a/b");
        let written = config::State { dir: Some(at.clone()), ..config::State::default() };
        let first = StateDir::open(&written).unwrap().unwrap();
        assert_eq!(first.path(), at);
        let second = StateDir::open(&written).unwrap_err();
        assert!(second.to_string().contains("another process"), "{second}");
        drop(first);
        assert!(StateDir::open(&written).unwrap().is_some());
    }

    #[test]
    fn a_directory_that_cannot_be_made_is_an_error() {
        let dir = tempfile::NamedTempFile::new().unwrap();
        let at = dir.path().join("below a file");
        let written = config::State { dir: Some(at), ..config::State::default() };
        assert!(StateDir::open(&written).unwrap_err().to_string().starts_with("state.dir: cannot"));
    }
}
