//! Contents of files, to be compared.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use xxhash_rust::xxh3::{Xxh3, xxh3_128};

use crate::{
    clock::{self, Instant},
    config::load,
};

/// Contents of files at the time when each was read.
///
/// A path with `*` in its file name is an include pattern, whose contents are the names that match it: a new file is noticed,
/// and one beside it that belongs to others is not. What is no file, such as a pipe, has no contents: reading it would take
/// them away.
#[derive(Debug, Clone, Default)]
pub struct Fingerprints(BTreeMap<PathBuf, Fingerprint>);

#[derive(Debug, Clone, Copy)]
struct Fingerprint {
    /// `None`: there is nothing to read.
    content: Option<u128>,
    /// Before it was read.
    at: Instant,
}

impl Fingerprints {
    /// Reads files as they are now. Blocks.
    pub fn read(paths: impl IntoIterator<Item = PathBuf>) -> Self {
        let entry = |path: PathBuf| {
            let at = clock::now();
            let content = content(&path);
            (path, Fingerprint { content, at })
        };
        Self(paths.into_iter().map(entry).collect())
    }

    /// Adds a file that has just been read.
    pub fn note(&mut self, path: PathBuf, bytes: &[u8]) {
        let content = path.is_file().then(|| xxh3_128(bytes));
        self.0.insert(path, Fingerprint { content, at: clock::now() });
    }

    /// Adds files; of a path that both have, the contents that were read later are kept.
    pub fn extend(&mut self, others: Self) {
        for (path, other) in others.0 {
            let entry = self.0.entry(path).or_insert(other);
            if other.at > entry.at {
                *entry = other;
            }
        }
    }

    /// The paths.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.0.keys().map(PathBuf::as_path)
    }

    /// The same files as they are now. Blocks.
    pub(super) fn read_again(&self) -> Self {
        Self::read(self.0.keys().cloned())
    }

    /// These files, with `others`' contents where those were read later.
    pub(super) fn or_newer(mut self, others: &Self) -> Self {
        for (path, own) in &mut self.0 {
            if let Some(other) = others.0.get(path).filter(|other| other.at > own.at) {
                *own = *other;
            }
        }
        self
    }

    /// Whether both have the same contents, for the same paths.
    pub fn same_contents(&self, others: &Self) -> bool {
        let contents = |(path, print): (_, &Fingerprint)| (path, print.content);
        self.0.iter().map(contents).eq(others.0.iter().map(contents))
    }
}

fn content(path: &Path) -> Option<u128> {
    if path.file_name().is_some_and(|name| name.as_encoded_bytes().contains(&b'*')) {
        return names(path);
    }
    let is_file = fs::metadata(path).ok()?.file_type().is_file();
    if is_file { fs::read(path).ok().map(|bytes| xxh3_128(&bytes)) } else { None }
}

fn names(pattern: &Path) -> Option<u128> {
    let mut hash = Xxh3::new();
    for path in load::matching(pattern).ok()? {
        hash.update(path.as_os_str().as_encoded_bytes());
        // No name has a zero byte.
        hash.update(&[0]);
    }
    Some(hash.digest128())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_later_reading_counts() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a");
        fs::write(&file, "old").unwrap();
        let old = Fingerprints::read([file.clone()]);
        fs::write(&file, "new").unwrap();
        let new = Fingerprints::read([file]);
        assert!(!old.same_contents(&new));
        assert!(old.clone().or_newer(&new).same_contents(&new));
        assert!(new.clone().or_newer(&old).same_contents(&new));
        let mut extended = new.clone();
        extended.extend(old);
        assert!(extended.same_contents(&new));
    }

    #[test]
    fn noted_bytes_are_the_contents() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a");
        fs::write(&file, "text").unwrap();
        let mut noted = Fingerprints::default();
        noted.note(file.clone(), b"text");
        assert!(noted.same_contents(&Fingerprints::read([file])));
    }

    #[test]
    fn a_pattern_is_the_files_that_match_it() {
        let dir = tempfile::tempdir().unwrap();
        let read = || Fingerprints::read([dir.path().join("*.toml")]);
        let empty = read();
        for other in [".a.toml", "a.log"] {
            fs::write(dir.path().join(other), "").unwrap();
        }
        fs::create_dir(dir.path().join("b.toml")).unwrap();
        assert!(read().same_contents(&empty));
        fs::write(dir.path().join("a.toml"), "").unwrap();
        assert!(!read().same_contents(&empty));
    }

    #[test]
    fn a_directory_has_no_contents() {
        let dir = tempfile::tempdir().unwrap();
        let read = || Fingerprints::read([dir.path().to_owned()]);
        let before = read();
        fs::write(dir.path().join("a"), "").unwrap();
        assert!(read().same_contents(&before));
    }

    #[test]
    fn what_cannot_be_read_differs_from_what_is_empty() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a");
        let missing = Fingerprints::read([file.clone()]);
        fs::write(&file, "").unwrap();
        assert!(!missing.same_contents(&Fingerprints::read([file])));
    }
}
