//! A folder for the files of a run, which goes with it.

use std::{
    env, fs, io,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    process,
};

/// A folder that is removed when this is dropped.
pub(super) struct Folder(PathBuf);

impl Folder {
    /// A new folder below the system's temporary one, closed to others.
    pub(super) fn new() -> io::Result<Self> {
        let mut attempt = 0;
        loop {
            let path = env::temp_dir().join(format!("surge-{}-{attempt}", process::id()));
            match fs::DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => return Ok(Self(path)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && attempt < 100 => {
                    attempt += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left of it lies in the temporary folder.
        let _ = fs::remove_dir_all(&self.0);
    }
}
