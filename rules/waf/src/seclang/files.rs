//! Where rule files come from: the file system, or a program's own memory.
//!
//! Files are read while rules are loaded, never while requests are served.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Read},
    path::{Component, Path, PathBuf},
};

use super::{glob, reader::BYTES_MAX};

/// A source of files.
pub trait Files {
    /// Reads a file.
    ///
    /// # Errors
    /// Where it is not there, or cannot be read.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// The files of a pattern, which is relative to `base` or absolute; in the order of their bytes, directory by directory.
    /// `base` is taken as it is, even if its name has characters that are wildcards.
    ///
    /// # Errors
    /// Where a directory cannot be read. No file at all is no error.
    fn glob(&self, base: &Path, pattern: &str) -> io::Result<Vec<PathBuf>>;

    /// One name for all paths that lead to the same file. Without links, it is enough to carry out `.` and `..`.
    fn canonical(&self, path: &Path) -> PathBuf {
        normal(path)
    }
}

/// The file system.
#[derive(Clone, Copy, Debug, Default)]
pub struct Disk;

/// Files in memory: rules that come with a program, and tests.
#[derive(Clone, Debug, Default)]
pub struct Memory(BTreeMap<PathBuf, Vec<u8>>);

/// Files of one source, and where it has none of that name, of another.
#[derive(Clone, Copy, Debug)]
pub struct Layered<A, B>(pub A, pub B);

impl Files for Disk {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let max = u64::try_from(BYTES_MAX).unwrap_or(u64::MAX);
        fs::File::open(path)?.take(max.saturating_add(1)).read_to_end(&mut bytes)?;
        match bytes.len() > BYTES_MAX {
            true => Err(io::Error::other(format!("the file has more than {BYTES_MAX} bytes"))),
            false => Ok(bytes),
        }
    }

    fn glob(&self, base: &Path, pattern: &str) -> io::Result<Vec<PathBuf>> {
        let mut found = vec![base.to_owned()];
        let mut parts = Path::new(pattern).components().peekable();
        while let Some(part) = parts.next() {
            let name = part.as_os_str().to_str().unwrap_or_default();
            if !matches!(part, Component::Normal(_)) || !glob::is_pattern(name) {
                found.iter_mut().for_each(|path| path.push(part));
                continue;
            }
            let mut entries = Vec::new();
            for directory in &found {
                list(directory, name, parts.peek().is_some(), &mut entries)?;
            }
            found = entries;
        }
        // A link that leads nowhere is kept: that it cannot be read is for whoever reads it to say.
        found.retain(|path| path.symlink_metadata().is_ok() && !path.is_dir());
        found.sort();
        Ok(found)
    }

    fn canonical(&self, path: &Path) -> PathBuf {
        fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
    }
}

/// Adds the entries of a directory whose names are of a pattern. What is no directory, or is not there, has none.
fn list(
    directory: &Path,
    pattern: &str,
    directories_only: bool,
    found: &mut Vec<PathBuf>,
) -> io::Result<()> {
    let here = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
    let entries = match fs::read_dir(here) {
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(());
        }
        entries => entries?,
    };
    for entry in entries {
        let name = entry?.file_name();
        if glob::matches(pattern, &name.to_string_lossy()) {
            let path = directory.join(name);
            if !directories_only || path.is_dir() {
                found.push(path);
            }
        }
        if found.len() > FOUND_MAX {
            return Err(io::Error::other(format!("more than {FOUND_MAX} files")));
        }
    }
    Ok(())
}

impl Memory {
    /// No files.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file, or replaces the one of this path.
    pub fn add(&mut self, path: impl Into<PathBuf>, bytes: impl Into<Vec<u8>>) {
        self.0.insert(path.into(), bytes.into());
    }
}

impl<P: Into<PathBuf>, B: Into<Vec<u8>>> FromIterator<(P, B)> for Memory {
    fn from_iter<I: IntoIterator<Item = (P, B)>>(files: I) -> Self {
        Self(files.into_iter().map(|(path, bytes)| (path.into(), bytes.into())).collect())
    }
}

impl Files for Memory {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        Ok(self.0.get(&normal(path)).ok_or(io::ErrorKind::NotFound)?.clone())
    }

    fn glob(&self, base: &Path, pattern: &str) -> io::Result<Vec<PathBuf>> {
        let mut base = if pattern.starts_with('/') { PathBuf::new() } else { normal(base) };
        let mut pattern = normal(Path::new(pattern));
        while let Ok(rest) = pattern.strip_prefix("..") {
            base.pop();
            pattern = rest.to_owned();
        }
        let is_found = |path: &&PathBuf| {
            path.strip_prefix(&base).is_ok_and(|rest| {
                let same_depth = rest.components().count() == pattern.components().count();
                same_depth && pattern.components().zip(rest.components()).all(fits)
            })
        };
        Ok(self.0.keys().filter(is_found).cloned().collect())
    }
}

/// Whether a part of a path is of a part of a pattern.
fn fits((pattern, name): (Component<'_>, Component<'_>)) -> bool {
    let (text, found) = (pattern.as_os_str().to_string_lossy(), name.as_os_str().to_string_lossy());
    pattern == name || (glob::is_pattern(&text) && glob::matches(&text, &found))
}

/// A path without `.`, and with `..` carried out: there are no links here.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if normal.file_name().is_some() => {
                normal.pop();
            }
            part => normal.push(part),
        }
    }
    normal
}

impl<A: Files, B: Files> Files for Layered<A, B> {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        match self.0.read(path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => self.1.read(path),
            read => read,
        }
    }

    fn glob(&self, base: &Path, pattern: &str) -> io::Result<Vec<PathBuf>> {
        let found = self.0.glob(base, pattern)?;
        if found.is_empty() { self.1.glob(base, pattern) } else { Ok(found) }
    }

    fn canonical(&self, path: &Path) -> PathBuf {
        self.1.canonical(&self.0.canonical(path))
    }
}

/// How many files and directories a pattern may find.
const FOUND_MAX: usize = 10_000;

#[cfg(test)]
mod tests;
