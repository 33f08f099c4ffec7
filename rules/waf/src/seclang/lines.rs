//! Physical lines joined to logical ones, as Apache joins them: a backslash that is the last character of a line takes the
//! line end with it, in comments too. Empty lines and comments go.
//!
//! The white space at the beginning of the next line stays: within quotes it is part of the text.

use super::{
    ast::Place,
    directive,
    placed::{Placed, shown},
    reader::PROBLEMS_MAX,
};
use crate::error::Problem;

/// The logical lines of a file that have something to say.
pub(super) struct Lines<'a> {
    file: u32,
    line: u32,
    rest: &'a [u8],
}

/// A logical line.
pub(super) struct Line {
    /// Its bytes, beginning with the first that is not white space.
    pub(super) text: Placed,
    /// Its last physical line ends in a backslash and white space, and so does not go on.
    pub(super) spaced: bool,
}

impl<'a> Lines<'a> {
    /// The lines of the file with this number.
    pub(super) fn new(file: u32, bytes: &'a [u8]) -> Self {
        Self { file, line: 0, rest: bytes }
    }

    /// The next line. Comments are not returned, but what they swallow by accident is a problem. `None` at the end, or where
    /// there are too many problems already.
    pub(super) fn next(&mut self, problems: &mut Vec<Problem>) -> Option<Line> {
        while !self.rest.is_empty() && problems.len() < PROBLEMS_MAX {
            let line = self.join();
            match line.text.bytes().first() {
                None => {}
                Some(b'#') => check_comment(&line.text, 0, problems),
                Some(_) => return Some(line),
            }
        }
        None
    }

    fn join(&mut self) -> Line {
        let mut text: Option<Placed> = None;
        loop {
            let line = self.physical();
            let (line, goes_on) = match line.strip_suffix(b"\\") {
                Some(line) => (line, !self.rest.is_empty()),
                None => (line, false),
            };
            // White space before the first word says nothing, also where a line with nothing else goes on.
            let indent = match &text {
                Some(_) => 0,
                None => line.iter().take_while(|byte| byte.is_ascii_whitespace()).count(),
            };
            let place = Place { file: self.file, line: self.line, column: column(indent) };
            let bytes = line.get(indent..).unwrap_or_default();
            if !bytes.is_empty() {
                text.get_or_insert_with(|| Placed::starting_at(place)).push(bytes, place);
            }
            if !goes_on {
                let text = text.unwrap_or_else(|| Placed::starting_at(place));
                return Line { text, spaced: line.trim_ascii_end().ends_with(b"\\") };
            }
        }
    }

    /// One line of the file, without its end.
    fn physical(&mut self) -> &'a [u8] {
        self.line = self.line.saturating_add(1);
        let (line, rest) = match memchr::memchr(b'\n', self.rest) {
            Some(end) => (self.rest.get(..end), self.rest.get(end + 1..)),
            None => (Some(self.rest), None),
        };
        self.rest = rest.unwrap_or_default();
        let line = line.unwrap_or_default();
        line.strip_suffix(b"\r").unwrap_or(line)
    }
}

/// A comment goes on behind a backslash, but nobody means it to swallow a directive: engines differ here, and the directive
/// would be lost without a word. Of several, the first is reported.
pub(super) fn check_comment(line: &Placed, from: usize, problems: &mut Vec<Problem>) {
    for start in line.line_starts(from) {
        let rest = line.bytes().get(start..).unwrap_or_default();
        let indent = rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let word =
            rest.trim_ascii_start().split(u8::is_ascii_whitespace).next().unwrap_or_default();
        if directive::find(word).is_some() {
            let message = format!(
                "`{}` belongs to the comment above, which ends in a backslash",
                shown(word)
            );
            let problem = Problem::new(line.place(start + indent), word.len(), message);
            problems.push(problem.note("take the backslash away, or begin this line with # too"));
            return;
        }
    }
}

fn column(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX).saturating_add(1)
}
