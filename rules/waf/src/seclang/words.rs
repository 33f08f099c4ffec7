//! A logical line to words: bare, in double quotes or in single quotes.
//!
//! In quotes, a backslash before the quote stands for the quote; any other backslash stays, for patterns have many. In a bare
//! word, white space in single quotes behind a colon does not end it: `ARGS:'a b'`, `msg:'a b'`.

use super::{
    ast::{Place, Text},
    lines::Line,
    placed::{Cursor, Placed},
};
use crate::error::Problem;

/// The words of a line, one by one.
pub(super) struct Words<'a> {
    line: &'a Line,
    cursor: Cursor<'a>,
}

/// One word.
pub(super) struct Word {
    /// Where it begins, with an opening quote.
    pub(super) place: Place,
    /// How long it is as written, with its quotes; over lines, as far as the first goes is known by who shows it.
    pub(super) len: usize,
    /// What it says, without quotes.
    pub(super) text: Placed,
}

impl<'a> Words<'a> {
    /// At the first word.
    pub(super) fn new(line: &'a Line) -> Self {
        Self { line, cursor: Cursor::new(&line.text) }
    }

    /// Steps over a bare word.
    pub(super) fn skip_bare(&mut self) {
        self.cursor.take_while(|byte| !byte.is_ascii_whitespace());
    }

    /// Whether a comment is next, and where.
    pub(super) fn at_comment(&mut self) -> Option<usize> {
        self.cursor.skip_space();
        (self.cursor.peek() == Some(b'#')).then_some(self.cursor.at())
    }

    /// The next word.
    pub(super) fn next(&mut self) -> Option<Result<Word, Problem>> {
        self.cursor.skip_space();
        let quote = self.cursor.peek()?;
        let (place, start) = (self.cursor.place(), self.cursor.at());
        let text = match quote {
            b'"' | b'\'' => self.quoted(quote),
            _ => self.bare(),
        };
        Some(text.map(|text| Word { place, len: self.cursor.at() - start, text }))
    }

    fn quoted(&mut self, quote: u8) -> Result<Placed, Problem> {
        let place = self.cursor.place();
        self.cursor.skip(1);
        let text = self.cursor.take_quoted(quote).ok_or_else(|| self.not_closed(quote, place))?;
        match self.cursor.peek() {
            Some(byte) if !byte.is_ascii_whitespace() => {
                let message = "expected a space behind the closing quote";
                let note = format!("a quote within an argument is written \\{}", char::from(quote));
                Err(Problem::new(self.cursor.place(), 1, message).note(note))
            }
            _ => Ok(text),
        }
    }

    fn bare(&mut self) -> Result<Placed, Problem> {
        let start = self.cursor.at();
        loop {
            let part = self.cursor.take_while(|byte| !byte.is_ascii_whitespace() && byte != b'\'');
            let place = self.cursor.place();
            if !self.cursor.take(b'\'') {
                break;
            }
            let behind_colon = self.cursor.bytes(part).last() == Some(&b':');
            if behind_colon && self.cursor.take_quoted(b'\'').is_none() {
                return Err(self.not_closed(b'\'', place));
            }
        }
        let place = self.line.text.place(start);
        if self.line.spaced && self.cursor.bytes(start..self.cursor.at()) == b"\\" {
            return Err(Problem::new(place, 1, "this line does not go on").note(SPACED));
        }
        let mut text = Placed::starting_at(place);
        text.push_part(&self.line.text, start..self.cursor.at());
        Ok(text)
    }

    fn not_closed(&self, quote: u8, place: Place) -> Problem {
        let name = if quote == b'"' { "double" } else { "single" };
        let note = if self.line.spaced {
            SPACED
        } else {
            "a statement ends with its line, unless the line ends in a backslash"
        };
        Problem::new(place, 1, format!("this {name} quote is not closed")).note(note)
    }
}

impl Word {
    /// As a text.
    pub(super) fn into_text(self) -> Text {
        self.text.into_text()
    }

    /// A problem with the whole of it.
    pub(super) fn problem(&self, message: impl Into<String>) -> Problem {
        Problem::new(self.place, self.len, message)
    }
}

const SPACED: &str =
    "the backslash must be the last character of the line, and a space is behind it";
