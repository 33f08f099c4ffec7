//! The rule files that were read, for messages, for data files beside them, and to see whether they have changed.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use super::ast::Place;

/// Every file that was read, in the order of reading. A file that is included twice is here twice.
#[derive(Clone, Debug, Default)]
pub struct Sources(Vec<Source>);

/// One file.
#[derive(Clone, Debug)]
pub struct Source {
    path: PathBuf,
    bytes: Arc<[u8]>,
    /// Where lines begin, found when the first is asked for.
    starts: OnceLock<Vec<usize>>,
}

impl Sources {
    /// Adds a file, and says which place is the file as a whole.
    pub(super) fn add(&mut self, path: PathBuf, bytes: Vec<u8>) -> Place {
        let file = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        // The byte order mark that editors on Windows put before UTF-8 is part of no line.
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes).into();
        self.0.push(Source { path, bytes, starts: OnceLock::new() });
        Place { file, line: 0, column: 0 }
    }

    /// The file that a place is in.
    pub fn at(&self, place: Place) -> Option<&Source> {
        self.0.get(usize::try_from(place.file).ok()?)
    }

    /// The line that a place is in, without its end.
    pub fn line(&self, place: Place) -> Option<&[u8]> {
        self.at(place)?.line(place.line)
    }

    /// Where a place is that was counted on from the beginning of a text over several lines, as if they were one.
    pub(crate) fn settled(&self, mut place: Place) -> Place {
        while let Some(line) = self.line(place) {
            let column = usize::try_from(place.column).unwrap_or(usize::MAX);
            let joined = line.strip_suffix(b"\\").map(<[u8]>::len);
            match joined.filter(|joined| column > joined + 1) {
                Some(joined) => {
                    place.column -= u32::try_from(joined).unwrap_or_default();
                    place.line += 1;
                }
                None => {
                    let end = u32::try_from(line.len()).unwrap_or(u32::MAX).saturating_add(1);
                    place.column = place.column.min(end);
                    break;
                }
            }
        }
        place
    }

    /// `path:line:column`, or the path alone where the place is a file as a whole.
    pub fn name(&self, place: Place) -> String {
        let path = self.at(place).map(|source| source.path.display().to_string());
        let path = path.unwrap_or_default();
        match place.line {
            0 => path,
            line => format!("{path}:{line}:{}", place.column),
        }
    }

    /// How many files were read.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether none was.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The files.
    pub fn iter(&self) -> impl Iterator<Item = &Source> {
        self.0.iter()
    }
}

impl Source {
    /// The path by which it was read.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What was read.
    pub fn bytes(&self) -> &Arc<[u8]> {
        &self.bytes
    }

    /// The directory that relative paths in it are relative to.
    pub fn directory(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    /// A line, from 1, without its end.
    pub fn line(&self, number: u32) -> Option<&[u8]> {
        let starts = self.starts.get_or_init(|| {
            let ends = memchr::memchr_iter(b'\n', &self.bytes);
            [0].into_iter().chain(ends.map(|end| end + 1)).collect()
        });
        let start = *starts.get(usize::try_from(number).ok()?.checked_sub(1)?)?;
        let line = self.bytes.get(start..)?.split(|byte| *byte == b'\n').next()?;
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    }
}
