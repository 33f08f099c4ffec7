//! Reads a configuration from its files, with what tells whether they have changed since.

use std::path::{Path, PathBuf};

use foxtrot_api::LocatedError;

use super::{compile, watch::Fingerprints};
use crate::config::{self, diagnostic::Report, load::Loaded};

/// A configuration that has been read.
pub(super) struct Read {
    pub(super) loaded: Loaded,
    pub(super) origin: Origin,
    /// Contents of the files that the configuration names, such as certificates.
    pub(super) named: Fingerprints,
}

/// Where a configuration was read from.
pub(super) enum Origin {
    /// The file, and those that it includes: their contents.
    File(Fingerprints),
    /// What this process has kept.
    History,
}

/// Reads the file, and checks what it says. The fingerprints are taken first: a file that changes while it is read differs
/// from them.
pub(super) fn read(path: &Path) -> Result<Read, Report> {
    let first = config::load::load(path)?;
    let named = Fingerprints::read(compile::files(&first.config));
    let sources = Fingerprints::read(first.files.into_iter().chain(first.patterns));
    // Read again behind the fingerprints; the first reading told which files there are.
    checked(config::load::load(path)?, Origin::File(sources), named)
}

/// Reads a text that was in force before.
pub(super) fn read_text(name: &str, text: &str) -> Result<Read, Report> {
    let loaded = config::load::parse(name, text)?;
    let named = Fingerprints::read(compile::files(&loaded.config));
    checked(loaded, Origin::History, named)
}

fn checked(loaded: Loaded, origin: Origin, named: Fingerprints) -> Result<Read, Report> {
    let problems = config::check::check(&loaded.config);
    if problems.is_empty() {
        Ok(Read { loaded, origin, named })
    } else {
        Err(loaded.locate(problems))
    }
}

impl Read {
    /// All files that a change of this configuration could come from.
    pub(super) fn files(&self) -> Fingerprints {
        let mut files = self.named.clone();
        if let Origin::File(sources) = &self.origin {
            files.extend(sources.clone());
        }
        files
    }
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
