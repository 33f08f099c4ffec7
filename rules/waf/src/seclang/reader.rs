//! Rule files to statements: reads them, and the files that they include, in the order in which they stand.
//!
//! Reading goes on behind a problem, so that all of them are reported at once. Every way in which files could make this go on
//! for long has a bound: how deep they include each other, how many there are, how much they say, how much is wrong.

use std::{
    io,
    path::{Path, PathBuf},
};

use super::{
    ast::{Place, Statement},
    files::Files,
    glob,
    lines::Lines,
    sources::Sources,
    statement::{Include, Item, item},
};
use crate::error::{Problem, Report};

/// How deep files may include each other.
pub const DEPTH_MAX: usize = 64;
/// How many files may be read; one that is included twice counts twice.
pub const FILES_MAX: usize = 4096;
/// How many bytes all files may have.
pub const BYTES_MAX: usize = 64 << 20;
/// How many problems are reported. Behind the last one nothing more is read, and a further problem says so.
pub const PROBLEMS_MAX: usize = 1000;

/// Reads rule files. Paths may have wildcards, and each must lead to at least one file.
///
/// # Errors
/// Every problem of every file.
pub fn read(
    files: &dyn Files,
    paths: &[impl AsRef<Path>],
) -> Result<(Vec<Statement>, Sources), Report> {
    let mut reader = Reader::new(files);
    for path in paths {
        reader.include(Path::new(""), &path.as_ref().to_string_lossy(), None);
    }
    reader.finish()
}

struct Reader<'f> {
    files: &'f dyn Files,
    statements: Vec<Statement>,
    sources: Sources,
    problems: Vec<Problem>,
    bytes: usize,
    /// The files that are being read, each included by the one before it.
    open: Vec<Open>,
    /// A bound is reached, and nothing more is read.
    stopped: bool,
}

/// A file that is being read.
struct Open {
    canonical: PathBuf,
    path: PathBuf,
    /// The path in it whose files are being read.
    include: (Place, usize),
}

impl<'f> Reader<'f> {
    fn new(files: &'f dyn Files) -> Self {
        let (statements, sources, problems, open) = Default::default();
        Self { files, statements, sources, problems, bytes: 0, open, stopped: false }
    }

    /// Reads the files of a path, which is relative to `base`. Without an `Include`, it is one that the caller gave.
    fn include(&mut self, base: &Path, path: &str, by: Option<&Include>) {
        let optional = by.is_some_and(|include| include.optional);
        let found = match glob::is_pattern(path) {
            true => self.files.glob(base, path),
            // Collected again, the parts are without `.` between them.
            false => Ok(vec![base.join(path).components().collect()]),
        };
        match found {
            Ok(found) if found.is_empty() && !optional => {
                self.wrong(path, by, format!("no file matches `{path}`"));
            }
            Ok(found) => {
                for path in found {
                    self.open(path, by);
                }
            }
            Err(e) => self.wrong(path, by, format!("cannot list `{path}`: {e}")),
        }
    }

    fn open(&mut self, path: PathBuf, by: Option<&Include>) {
        if self.stopped || self.problems.len() >= PROBLEMS_MAX {
            return;
        }
        let shown = path.display().to_string();
        let canonical = self.files.canonical(&path);
        if let Some(first) = self.open.iter().position(|open| open.canonical == canonical) {
            return self.circle(first, by);
        }
        if self.open.len() >= DEPTH_MAX {
            let message = format!("files include each other more than {DEPTH_MAX} deep");
            return self.wrong(&shown, by, message);
        }
        let may_be_missing = by.is_some_and(Include::may_be_missing);
        let bytes = match self.files.read(&path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == io::ErrorKind::NotFound && may_be_missing => return,
            Err(e) => return self.wrong(&shown, by, format!("cannot read `{shown}`: {e}")),
        };
        self.bytes = self.bytes.saturating_add(bytes.len());
        if self.sources.len() >= FILES_MAX {
            self.stop(&shown, by, format!("more than {FILES_MAX} files are read"));
        } else if self.bytes > BYTES_MAX {
            self.stop(&shown, by, format!("more than {BYTES_MAX} bytes are read"));
        } else {
            self.file(path, canonical, bytes);
        }
    }

    fn file(&mut self, path: PathBuf, canonical: PathBuf, bytes: Vec<u8>) {
        let whole = self.sources.add(path.clone(), bytes);
        let Some(source) = self.sources.at(whole) else { return };
        let (bytes, directory) = (source.bytes().clone(), source.directory().to_owned());
        self.open.push(Open { canonical, path, include: (whole, 0) });
        let mut lines = Lines::new(whole.file, &bytes);
        while let Some(line) = lines.next(&mut self.problems) {
            if self.stopped {
                break;
            }
            match item(&line, &mut self.problems) {
                Some(Item::Statement(statement)) => self.statements.push(statement),
                Some(Item::Include(include)) => self.include_from(&directory, &include),
                None => {}
            }
        }
        self.open.pop();
    }

    fn include_from(&mut self, directory: &Path, include: &Include) {
        let Ok(path) = std::str::from_utf8(&include.path.bytes) else {
            return self.wrong("", Some(include), "the path is not UTF-8".to_owned());
        };
        if path.is_empty() {
            return self.wrong("", Some(include), "the path is empty".to_owned());
        }
        if let Some(open) = self.open.last_mut() {
            open.include = (include.place, include.len);
        }
        self.include(directory, path, Some(include));
    }

    /// A file includes itself, or files between: the ring is shown, each step with its place.
    fn circle(&mut self, first: usize, by: Option<&Include>) {
        let Some(include) = by else { return };
        let ring = self.open.get(first..).unwrap_or_default();
        let names: Vec<String> = ring
            .iter()
            .chain(ring.first())
            .map(|open| format!("`{}`", open.path.display()))
            .collect();
        let message = format!("circular include: {}", names.join(" -> "));
        let mut problem = Problem::new(include.place, include.len, message);
        for (open, next) in ring.iter().zip(ring.iter().skip(1)) {
            let label = format!("`{}` is included here", next.path.display());
            problem = problem.also(open.include.0, open.include.1, label);
        }
        self.problems.push(problem);
    }

    fn stop(&mut self, path: &str, by: Option<&Include>, message: String) {
        self.stopped = true;
        self.wrong(path, by, message);
    }

    fn wrong(&mut self, path: &str, by: Option<&Include>, message: String) {
        let (place, len) = match by {
            Some(include) => (include.place, include.len),
            None => (self.sources.add(PathBuf::from(path), Vec::new()), 0),
        };
        self.problems.push(Problem::new(place, len, message));
    }

    fn finish(mut self) -> Result<(Vec<Statement>, Sources), Report> {
        if let Some(last) = self.problems.get(PROBLEMS_MAX - 1) {
            let message = "too many problems: nothing behind this place has been read";
            let stop = Problem::new(last.place, 0, message);
            self.problems.truncate(PROBLEMS_MAX);
            self.problems.push(stop);
        }
        match self.problems.is_empty() {
            true => Ok((self.statements, self.sources)),
            false => Err(Report::new(self.problems, self.sources)),
        }
    }
}
