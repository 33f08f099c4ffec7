//! The texts that a configuration was read from, and places in them.

use std::{ops::Range, path::PathBuf};

/// The files of a configuration, in the order in which they were read.
#[derive(Debug, Clone, Default)]
pub struct SourceMap(Vec<Source>);

/// A file that was read.
#[derive(Debug, Clone)]
pub struct Source {
    /// Its path as messages show it.
    pub name: String,
    /// The directory that relative paths in it start from.
    pub base_dir: PathBuf,
    /// What stood in it.
    pub text: String,
    /// First byte of each line.
    lines: Vec<usize>,
}

/// A file of a [`SourceMap`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(usize);

/// Some bytes of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// The file.
    pub file: FileId,
    /// The bytes.
    pub span: Range<usize>,
}

impl SourceMap {
    /// Adds a file.
    pub fn add(&mut self, source: Source) -> FileId {
        self.0.push(source);
        FileId(self.0.len() - 1)
    }

    /// A file of this map. `None` only for an id of another map.
    pub fn source(&self, id: FileId) -> Option<&Source> {
        self.0.get(id.0)
    }

    /// Name, line and column of the first byte of a place.
    pub fn position(&self, location: &Location) -> (&str, usize, usize) {
        let Some(source) = self.source(location.file) else { return ("", 1, 1) };
        let (line, column) = source.position(location.span.start);
        (&source.name, line, column)
    }
}

impl Source {
    /// A file and its text.
    pub fn new(name: String, base_dir: PathBuf, text: String) -> Self {
        let after = text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i + 1);
        let lines = std::iter::once(0).chain(after).collect();
        Self { name, base_dir, text, lines }
    }

    /// Line and column of a byte, both from 1; columns count characters.
    pub fn position(&self, byte: usize) -> (usize, usize) {
        let byte = self.boundary(byte);
        let (line, start) = self.line(byte);
        (line, self.text[start..byte].chars().count() + 1)
    }

    /// The line that a byte lies in, from 1, and the line's first byte.
    fn line(&self, byte: usize) -> (usize, usize) {
        let line = self.lines.partition_point(|start| *start <= byte);
        (line, self.lines.get(line.saturating_sub(1)).copied().unwrap_or(0))
    }

    /// The first line of a span: its text, and the part of the span that lies in it.
    pub fn excerpt(&self, span: &Range<usize>) -> (&str, Range<usize>) {
        let start = self.boundary(span.start);
        let (_, line_start) = self.line(start);
        let line_end = self.text[start..].find('\n').map_or(self.text.len(), |len| start + len);
        let line = self.text[line_start..line_end].trim_end_matches('\r');
        let end = self.boundary(span.end).max(start).min(line_start + line.len());
        let from = (start - line_start).min(line.len());
        (line, from..(end.saturating_sub(line_start)).max(from))
    }

    /// The closest character boundary at or before a byte.
    fn boundary(&self, byte: usize) -> usize {
        let mut byte = byte.min(self.text.len());
        while !self.text.is_char_boundary(byte) {
            byte -= 1;
        }
        byte
    }
}
