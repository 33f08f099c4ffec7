//! Rule files to a rule set; the one before it, where no file has changed.
//!
//! Files are on the disk, and those of the managed set in the binary: they have paths that begin with its folder, while
//! paths from the configuration are absolute.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use foxtrot_api::{WafFinding, WafRulesOrigin, WafSeverity};
use foxtrot_waf::{
    RuleSet,
    lint::{Finding, Lint, Severity},
    seclang::{Disk, Files, Layered, Memory},
};
use parking_lot::Mutex;
use xxhash_rust::xxh3::xxh3_64;

/// The entry of `waf.rules` that stands for the managed set.
const MANAGED: &str = "managed";

/// What a rule set was made of.
#[derive(Debug, Clone, Default)]
pub(super) struct Sources {
    patterns: Vec<String>,
    /// The files with the hash of each, phrase files too; `None` of a file that could not be read.
    files: BTreeMap<PathBuf, Option<u64>>,
    pub lint: Arc<RulesLint>,
}

/// What looks wrong in rule files: worked out when somebody has time for it, and then remembered.
#[derive(Debug, Default)]
pub struct RulesLint {
    /// The files as they were read, until they are looked over.
    files: Mutex<Option<Memory>>,
    patterns: Vec<String>,
    found: OnceLock<Vec<WafFinding>>,
}

impl RulesLint {
    /// What looks wrong; empty until it is worked out.
    pub fn findings(&self) -> &[WafFinding] {
        self.found.get().map_or(&[], Vec::as_slice)
    }

    /// Looks the files over, if that was not done. It takes time.
    pub fn work_out(&self) {
        let Some(files) = self.files.lock().take() else { return };
        // They have been loaded, and so can be read.
        if let Ok(lint) = foxtrot_waf::lint(&files, &self.patterns) {
            let _ = self.found.set(findings(&lint));
        }
    }
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

    /// Whether these are the managed rules and no others.
    pub(super) fn origin(&self) -> WafRulesOrigin {
        match self.patterns.as_slice() {
            [only] if only == foxtrot_managed::RULES => WafRulesOrigin::Managed,
            _ => WafRulesOrigin::Named,
        }
    }
}

/// Reads files, and remembers which.
struct Recorder {
    files: Layered<Memory, Disk>,
    read: RefCell<BTreeMap<PathBuf, Option<u64>>>,
    /// What was in them.
    kept: RefCell<Memory>,
}

impl Files for Recorder {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let read = self.files.read(path);
        let hash = read.as_ref().ok().map(|bytes| xxh3_64(bytes));
        if let Ok(bytes) = &read {
            self.kept.borrow_mut().add(path, bytes.as_slice());
        }
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
    let recorder = Recorder { files, read: RefCell::default(), kept: RefCell::default() };
    let rules = RuleSet::load(&recorder, &patterns).map_err(|report| report.to_string())?;
    let files = recorder.read.into_inner();
    let mut sources = Sources { patterns, files, lint: Arc::default() };
    if sources.origin() == WafRulesOrigin::Named {
        let (kept, patterns) = (recorder.kept.into_inner(), sources.patterns.clone());
        let files = Mutex::new(Some(kept));
        sources.lint = Arc::new(RulesLint { files, patterns, found: OnceLock::new() });
    }
    Ok((rules, sources))
}

/// What looks wrong in files of the operator; those of the managed set are not theirs to change.
fn findings(lint: &Lint) -> Vec<WafFinding> {
    let finding = |finding: &Finding| {
        let place = finding.problem.place;
        let file = lint.sources().at(place)?.path();
        (!file.starts_with(foxtrot_managed::FOLDER)).then(|| WafFinding {
            source: "rules".to_owned(),
            severity: match finding.code.severity {
                Severity::Warning => WafSeverity::Warning,
                Severity::Note => WafSeverity::Note,
            },
            at: format!("{}:{}:{}", file.display(), place.line, place.column),
            words: finding.problem.message.clone(),
        })
    };
    lint.findings().iter().filter_map(finding).collect()
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
