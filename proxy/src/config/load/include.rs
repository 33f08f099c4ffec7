//! Reads a file and the files that it includes, and merges them into one tree.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::config::{
    diagnostic::{Finding, Problem},
    document::{self, Document, FileId, KeyPath, Location, Node, Source, SourceMap, Value, path},
};

/// What was read.
pub(super) struct Read {
    pub(super) sources: SourceMap,
    /// The merged tree; `None` if a file could not be read or is not TOML.
    pub(super) document: Option<Document>,
    pub(super) findings: Vec<Finding>,
    pub(super) patterns: BTreeSet<PathBuf>,
    pub(super) files: Vec<PathBuf>,
}

/// Reads a file and what it includes.
pub(super) fn read(path: &Path) -> Read {
    let mut reader = Reader::default();
    let root = reader.file(path, None);
    let Reader { sources, findings, broken, patterns, files, .. } = reader;
    let document = root.filter(|_| !broken).map(|root| Document {
        sources: Arc::new(sources.clone()),
        root,
        templates: BTreeSet::new(),
    });
    Read { sources, document, findings, patterns, files }
}

/// An absolute path, without touching symbolic links: a Kubernetes volume swaps them under us.
pub(super) fn absolute(path: &Path) -> PathBuf {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// The directory that relative names in a file start from.
pub(super) fn base_dir(file: &Path) -> PathBuf {
    absolute(file).parent().map_or_else(|| PathBuf::from("/"), Path::to_owned)
}

#[derive(Default)]
struct Reader {
    sources: SourceMap,
    findings: Vec<Finding>,
    /// Something could not be read: what depends on it would only be reported in its place.
    broken: bool,
    patterns: BTreeSet<PathBuf>,
    files: Vec<PathBuf>,
    /// Files read so far, and those that are being read, by their real paths.
    seen: Vec<PathBuf>,
    open: Vec<PathBuf>,
}

/// An entry of `include`.
struct Entry {
    text: String,
    at: KeyPath,
    location: Location,
}

impl Reader {
    /// Reads one file and merges what it includes into it. `from` is the entry that asked for it.
    fn file(&mut self, path: &Path, from: Option<&Entry>) -> Option<Node> {
        let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        if let Some(refusal) = self.refuse_again(&real) {
            return self.fail(from, path, refusal);
        }
        let text = match read_text(path) {
            Ok(text) => text,
            Err(error) => return self.fail(from, path, format!("cannot be read: {error}")),
        };
        let base = base_dir(path);
        self.files.push(absolute(path));
        let source = Source::new(path.display().to_string(), base, text);
        let id = self.sources.add(source);
        self.seen.push(real.clone());
        self.open.push(real);
        let node = self.contents(id);
        self.open.pop();
        node
    }

    fn contents(&mut self, id: FileId) -> Option<Node> {
        let mut root = match document::parse(&self.sources, id) {
            Ok(root) => root,
            Err(findings) => {
                self.broken = true;
                self.findings.extend(findings);
                return None;
            }
        };
        for entry in take_includes(&mut root) {
            for path in self.expand(id, &entry) {
                if let Some(further) = self.file(&path, Some(&entry)) {
                    self.findings.extend(document::merge(&mut root, further));
                }
            }
        }
        Some(root)
    }

    /// The files that an entry stands for, sorted by name.
    fn expand(&mut self, file: FileId, entry: &Entry) -> Vec<PathBuf> {
        let base = self.sources.source(file).map(|source| source.base_dir.clone());
        let full = base.unwrap_or_default().join(&entry.text);
        let Some(pattern) = full.file_name().and_then(|name| name.to_str()) else {
            self.report(entry, "expected the path of a file");
            return Vec::new();
        };
        let directory = full.parent().unwrap_or(Path::new("/"));
        if directory.to_string_lossy().contains('*') && entry.text.contains('*') {
            self.report(entry, "`*` may stand in the file name only, not in a directory");
            return Vec::new();
        }
        if !pattern.contains('*') {
            return vec![full];
        }
        self.patterns.insert(absolute(&full));
        match list(directory, pattern) {
            Ok(paths) => paths,
            Err(error) => {
                let message = format!("directory {} cannot be read: {error}", directory.display());
                self.report(entry, &message);
                Vec::new()
            }
        }
    }

    /// Why a file is not read once more, if it has been.
    fn refuse_again(&self, real: &PathBuf) -> Option<String> {
        if self.open.contains(real) {
            return Some("includes itself, directly or through others".to_owned());
        }
        if self.seen.contains(real) {
            return Some("is included twice".to_owned());
        }
        let full = self.seen.len() >= FILES_MAX;
        full.then(|| format!("is one file too many: a configuration has at most {FILES_MAX}"))
    }

    /// A file that cannot be used: an error at the entry that asked for it, or of the first file itself.
    fn fail(&mut self, from: Option<&Entry>, path: &Path, reason: String) -> Option<Node> {
        self.broken = true;
        let name = path.display().to_string();
        match from {
            Some(entry) => self.report(entry, &format!("{name} {reason}")),
            None => {
                let source = Source::new(name, PathBuf::new(), String::new());
                let location = Location { file: self.sources.add(source), span: 0..0 };
                let problem = Problem::at(KeyPath::root(), format!("the configuration {reason}"));
                self.findings.push(Finding::new(problem, location));
            }
        }
        None
    }

    fn report(&mut self, entry: &Entry, message: &str) {
        self.broken = true;
        let problem = Problem::at(entry.at.clone(), message);
        self.findings.push(Finding::new(problem, entry.location.clone()));
    }
}

/// Takes `include` out of a file's tree. One of a wrong type is left for the schema to refuse.
fn take_includes(root: &mut Node) -> Vec<Entry> {
    let Some(table) = root.as_table_mut() else { return Vec::new() };
    let Some(Value::Array(items)) = table.get("include").map(|node| &node.value) else {
        return Vec::new();
    };
    if !items.iter().all(|item| item.as_str().is_some()) {
        return Vec::new();
    }
    let entries = items.iter().enumerate().map(|(index, item)| Entry {
        text: item.as_str().unwrap_or_default().to_owned(),
        at: path!["include", index],
        location: item.origin.location(document::Part::Value),
    });
    let entries = entries.collect();
    table.remove("include");
    entries
}

/// Reads a text file of bounded length.
fn read_text(path: &Path) -> io::Result<String> {
    let length = fs::metadata(path)?.len();
    if length > FILE_BYTES_MAX {
        return Err(io::Error::other(format!("larger than {FILE_BYTES_MAX} bytes")));
    }
    let bytes = fs::read(path)?;
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        io::Error::other(format!("not UTF-8 from byte {at} on"))
    })
}

/// The files of a directory whose names match a pattern. Hidden ones are left out, as a shell does.
pub(super) fn list(directory: &Path, pattern: &str) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if !name.starts_with('.') && matches(pattern, name) && path.is_file() {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// Whether a name matches a pattern in which `*` stands for any text.
fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = name.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let mut parts = parts.peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.is_empty()
}

/// Files that one configuration may consist of.
const FILES_MAX: usize = 1024;

/// Bytes of one file.
const FILE_BYTES_MAX: u64 = 16 << 20;
