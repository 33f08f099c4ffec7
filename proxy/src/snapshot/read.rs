//! Reads a configuration from its files, with what tells whether they have changed since.

use std::path::{Path, PathBuf};

use foxtrot_api::LocatedError;

use super::{compile, watch::Fingerprints};
use crate::config::{self, diagnostic::Report, load::Loaded};

/// A configuration that has been read, and the contents of the files that it came from.
pub(super) struct Read {
    pub(super) loaded: Loaded,
    pub(super) files: Fingerprints,
}

/// Reads and checks. The fingerprints are taken first: a file that changes while it is read differs from them.
pub(super) fn read(path: &Path) -> Result<Read, Report> {
    let first = config::load::load(path)?;
    let named = compile::files(&first).into_iter().chain(first.watch);
    let files = Fingerprints::read(named);
    // Read again behind the fingerprints; the first reading told which files there are.
    let loaded = config::load::load(path)?;
    let problems = config::check::check(&loaded.config);
    if problems.is_empty() { Ok(Read { loaded, files }) } else { Err(loaded.locate(problems)) }
}

/// A report as the admin server tells it.
pub(super) fn errors(report: &Report) -> Vec<LocatedError> {
    let entries = report.entries().into_iter();
    entries
        .map(|entry| LocatedError {
            file: entry.file,
            line: entry.line,
            column: entry.column,
            path: entry.path,
            message: entry.message,
            help: entry.help,
        })
        .collect()
}

/// The files that errors are in.
pub(super) fn files_of(errors: &[LocatedError]) -> Vec<PathBuf> {
    errors
        .iter()
        .map(|error| PathBuf::from(&error.file))
        .filter(|file| file.is_absolute())
        .collect()
}
