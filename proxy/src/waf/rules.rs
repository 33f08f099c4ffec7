//! Rule files to a rule set; the one before it, where no file has changed.
//!
//! Files are on the disk, and those of the managed set in the binary: they have paths that begin with its folder, while
//! paths from the configuration are absolute.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use foxtrot_waf::{
    RuleSet,
    seclang::{Disk, Files, Layered, Memory},
};
use xxhash_rust::xxh3::xxh3_64;

/// The entry of `waf.rules` that stands for the managed set.
const MANAGED: &str = "managed";

/// The files that a rule set was made of, with the hash of each: phrase files too.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sources {
    patterns: Vec<String>,
    /// `None` of a file that could not be read.
    files: BTreeMap<PathBuf, Option<u64>>,
}

impl Sources {
    /// Whether the files are as they were, and no other belongs to them.
    fn are_current(&self, patterns: &[String], files: &dyn Files) -> bool {
        let hash = |path: &PathBuf| files.read(path).ok().map(|bytes| xxh3_64(&bytes));
        let listed = |pattern: &String| {
            let found = files.glob(Path::new(""), pattern).unwrap_or_default();
            found.iter().all(|path| self.files.contains_key(path))
        };
        self.patterns == patterns
            && self.files.iter().all(|(path, before)| hash(path) == *before)
            && patterns.iter().all(listed)
    }
}

/// Reads files, and remembers which.
struct Recorder {
    files: Layered<Memory, Disk>,
    read: RefCell<BTreeMap<PathBuf, Option<u64>>>,
}

impl Files for Recorder {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let read = self.files.read(path);
        let hash = read.as_ref().ok().map(|bytes| xxh3_64(bytes));
        self.read.borrow_mut().insert(path.to_owned(), hash);
        read
    }

    fn glob(&self, base: &Path, pattern: &str) -> io::Result<Vec<PathBuf>> {
        self.files.glob(base, pattern)
    }

    fn canonical(&self, path: &Path) -> PathBuf {
        self.files.canonical(path)
    }
}

/// Loads rules, or takes those that are there.
///
/// # Errors
/// Everything that is wrong with them, as text with the line of each.
pub(super) fn load(
    written: &[String],
    before: Option<(&Arc<RuleSet>, &Sources)>,
) -> Result<(Arc<RuleSet>, Sources), String> {
    let (patterns, files) = (patterns(written), sources());
    if let Some((rules, sources)) = before
        && sources.are_current(&patterns, &files)
    {
        return Ok((Arc::clone(rules), sources.clone()));
    }
    let recorder = Recorder { files, read: RefCell::default() };
    let rules = RuleSet::load(&recorder, &patterns).map_err(|report| report.to_string())?;
    let sources = Sources { patterns, files: recorder.read.into_inner() };
    Ok((rules, sources))
}

/// The files on the disk that rules are made of, as far as they can be read.
pub(super) fn files(written: &[String]) -> Vec<PathBuf> {
    let mut files = RuleSet::files(&sources(), &patterns(written));
    files.retain(|path| !path.starts_with(foxtrot_managed::FOLDER));
    files
}

fn sources() -> Layered<Memory, Disk> {
    Layered(foxtrot_managed::files(), Disk)
}

/// What is loaded for the entries of `waf.rules`; where there are none, the managed set.
fn patterns(written: &[String]) -> Vec<String> {
    let pattern = |entry: &String| match entry.as_str() {
        MANAGED => foxtrot_managed::RULES.to_owned(),
        _ => entry.clone(),
    };
    match written {
        [] => vec![foxtrot_managed::RULES.to_owned()],
        _ => written.iter().map(pattern).collect(),
    }
}
