//! Rule files to a rule set; the one before it, where no file has changed.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use foxtrot_waf::{
    RuleSet,
    seclang::{Disk, Files},
};
use xxhash_rust::xxh3::xxh3_64;

/// The files that a rule set was made of, with the hash of each: phrase files too.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sources {
    patterns: Vec<String>,
    /// `None` of a file that could not be read.
    files: BTreeMap<PathBuf, Option<u64>>,
}

impl Sources {
    /// Whether the files are as they were, and no other belongs to them.
    fn are_current(&self, patterns: &[String]) -> bool {
        let hash = |path: &PathBuf| fs::read(path).ok().map(|bytes| xxh3_64(&bytes));
        let listed = |pattern: &String| {
            let found = Disk.glob(Path::new(""), pattern).unwrap_or_default();
            found.iter().all(|path| self.files.contains_key(path))
        };
        self.patterns == patterns
            && self.files.iter().all(|(path, before)| hash(path) == *before)
            && patterns.iter().all(listed)
    }
}

/// Reads files, and remembers which.
#[derive(Default)]
struct Recorder(RefCell<BTreeMap<PathBuf, Option<u64>>>);

impl Files for Recorder {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let read = Disk.read(path);
        let hash = read.as_ref().ok().map(|bytes| xxh3_64(bytes));
        self.0.borrow_mut().insert(path.to_owned(), hash);
        read
    }

    fn glob(&self, base: &Path, pattern: &str) -> io::Result<Vec<PathBuf>> {
        Disk.glob(base, pattern)
    }

    fn canonical(&self, path: &Path) -> PathBuf {
        Disk.canonical(path)
    }
}

/// Loads rules, or takes those that are there.
///
/// # Errors
/// Everything that is wrong with them, as text with the line of each.
pub(super) fn load(
    patterns: &[String],
    before: Option<(&Arc<RuleSet>, &Sources)>,
) -> Result<(Arc<RuleSet>, Sources), String> {
    if let Some((rules, sources)) = before
        && sources.are_current(patterns)
    {
        return Ok((Arc::clone(rules), sources.clone()));
    }
    let recorder = Recorder::default();
    let rules = RuleSet::load(&recorder, patterns).map_err(|report| report.to_string())?;
    let sources = Sources { patterns: patterns.to_vec(), files: recorder.0.into_inner() };
    Ok((rules, sources))
}
