//! Bytes together with the place of each: what is left of a text after lines are joined and escapes are taken out.
//!
//! A place is never stored per byte, only where bytes stop being neighbours in their file. Nothing here knows SecLang.

use std::ops::Range;

use super::ast::{Place, Text};

/// Bytes, and where each of them is written.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    bytes: Vec<u8>,
    /// Ascending and never empty: from this offset on, up to the next run, the bytes are neighbours beginning at this place.
    runs: Vec<(usize, Place)>,
}

impl Placed {
    /// No bytes yet; `place` is where the first would be.
    pub(super) fn starting_at(place: Place) -> Self {
        Self { bytes: Vec::new(), runs: vec![(0, place)] }
    }

    /// Adds bytes that are neighbours beginning at `place`.
    pub(super) fn push(&mut self, bytes: &[u8], place: Place) {
        let end = self.bytes.len();
        if self.place(end) != place {
            if self.runs.last().is_some_and(|(offset, _)| *offset == end) {
                self.runs.pop();
            }
            self.runs.push((end, place));
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// Adds a part of other placed bytes.
    pub(super) fn push_part(&mut self, other: &Self, part: Range<usize>) {
        let first = other.run_of(part.start);
        let ends = other.runs.iter().skip(first + 1).map(|(offset, _)| *offset);
        let mut start = part.start;
        for end in ends.chain([other.bytes.len()]) {
            let end = end.min(part.end);
            if let Some(bytes) = other.bytes.get(start..end).filter(|bytes| !bytes.is_empty()) {
                self.push(bytes, other.place(start));
            }
            if end == part.end {
                return;
            }
            start = end;
        }
    }

    /// The bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where the byte at `offset` is written; at the end, the place behind the last.
    pub(super) fn place(&self, offset: usize) -> Place {
        let (start, place) = self.runs.get(self.run_of(offset)).copied().unwrap_or_default();
        let ahead = u32::try_from(offset.saturating_sub(start)).unwrap_or(u32::MAX);
        Place { column: place.column.saturating_add(ahead), ..place }
    }

    /// A part as a text.
    pub(super) fn text(&self, part: Range<usize>) -> Text {
        let bytes = self.bytes.get(part.clone()).unwrap_or_default().to_vec();
        Text { place: self.place(part.start), bytes }
    }

    /// All of it as a text.
    pub(super) fn into_text(self) -> Text {
        Text { place: self.place(0), bytes: self.bytes }
    }

    /// Offsets behind `from` where a new line begins.
    pub(super) fn line_starts(&self, from: usize) -> impl Iterator<Item = usize> {
        let new_line = |pair: &[(usize, Place)]| match pair {
            [(_, before), (offset, place)] if before.line != place.line => Some(*offset),
            _ => None,
        };
        self.runs.windows(2).filter_map(new_line).filter(move |offset| *offset > from)
    }

    fn run_of(&self, offset: usize) -> usize {
        self.runs.partition_point(|(start, _)| *start <= offset).saturating_sub(1)
    }
}

/// A position in placed bytes, for parsers.
#[derive(Clone, Debug)]
pub(super) struct Cursor<'a> {
    of: &'a Placed,
    at: usize,
}

impl<'a> Cursor<'a> {
    /// At the first byte.
    pub(super) fn new(of: &'a Placed) -> Self {
        Self { of, at: 0 }
    }

    /// Offset of the next byte.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Where the next byte is written.
    pub(super) fn place(&self) -> Place {
        self.of.place(self.at)
    }

    /// What is left.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.of.bytes.get(self.at..).unwrap_or_default()
    }

    /// The next byte.
    pub(super) fn peek(&self) -> Option<u8> {
        self.of.bytes.get(self.at).copied()
    }

    /// Goes on by `n` bytes, at most to the end.
    pub(super) fn skip(&mut self, n: usize) {
        self.at = self.at.saturating_add(n).min(self.of.bytes.len());
    }

    /// Steps over `byte` if it is next.
    pub(super) fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.skip(usize::from(found));
        found
    }

    /// Steps over bytes as long as they are `wanted`, and says which.
    pub(super) fn take_while(&mut self, wanted: impl Fn(u8) -> bool) -> Range<usize> {
        let start = self.at;
        let rest = self.rest();
        self.skip(rest.iter().position(|byte| !wanted(*byte)).unwrap_or(rest.len()));
        start..self.at
    }

    /// Steps over white space.
    pub(super) fn skip_space(&mut self) {
        self.take_while(|byte| byte.is_ascii_whitespace());
    }

    /// The bytes of a range that this cursor has gone over.
    pub(super) fn bytes(&self, part: Range<usize>) -> &'a [u8] {
        self.of.bytes.get(part).unwrap_or_default()
    }

    /// The same as a text.
    pub(super) fn text(&self, part: Range<usize>) -> Text {
        self.of.text(part)
    }

    /// Steps over a quoted string whose opening quote has been taken, and over its closing quote. `\` before the quote
    /// stands for the quote; any other backslash stays, two of them are not an escape for one but do not escape the quote.
    /// `None` at the end of the bytes: the quote is not closed.
    pub(super) fn take_quoted(&mut self, quote: u8) -> Option<Placed> {
        let mut text = Placed::starting_at(self.place());
        let mut start = self.at;
        loop {
            let step = memchr::memchr2(quote, b'\\', self.rest())?;
            let at = self.at + step;
            let closed = self.of.bytes.get(at) == Some(&quote);
            let escaped = !closed && self.of.bytes.get(at + 1) == Some(&quote);
            self.skip(step + if closed { 1 } else { 2 });
            if closed || escaped {
                text.push_part(self.of, start..at);
                start = at + 1;
            }
            if closed {
                return Some(text);
            }
        }
    }
}

/// Bytes as they are shown in a message: cut where they are long.
pub(super) fn shown(bytes: &[u8]) -> String {
    const SHOWN_MAX: usize = 60;
    match bytes.get(..SHOWN_MAX) {
        Some(start) if bytes.len() > SHOWN_MAX => format!("{}...", String::from_utf8_lossy(start)),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(line: u32, column: u32) -> Place {
        Place { file: 0, line, column }
    }

    fn two_lines() -> Placed {
        let mut placed = Placed::starting_at(place(1, 5));
        placed.push(b"abc", place(1, 5));
        placed.push(b"", place(2, 1));
        placed.push(b"def", place(3, 1));
        placed.push(b"gh", place(3, 4));
        placed
    }

    #[test]
    fn every_byte_has_its_place() {
        let placed = two_lines();
        let places: Vec<_> =
            (0..=8).map(|at| (placed.place(at).line, placed.place(at).column)).collect();
        let expected = [(1, 5), (1, 6), (1, 7), (3, 1), (3, 2), (3, 3), (3, 4), (3, 5), (3, 6)];
        assert_eq!(places, expected);
        assert_eq!(placed.line_starts(0).collect::<Vec<_>>(), [3]);
        assert_eq!(placed.line_starts(3).count(), 0);
    }

    #[test]
    fn parts_keep_their_places() {
        let mut part = Placed::starting_at(place(9, 9));
        part.push_part(&two_lines(), 1..7);
        assert_eq!(part.bytes(), b"bcdefg");
        assert_eq!(
            (part.place(0), part.place(2), part.place(5)),
            (place(1, 6), place(3, 1), place(3, 4))
        );
        part.push_part(&two_lines(), 2..2);
        assert_eq!(part.bytes(), b"bcdefg");
    }

    #[test]
    fn quoted_strings_lose_the_escapes_of_their_quote_alone() {
        let cases: [(&[u8], Option<&[u8]>); 7] = [
            (b"a'", Some(b"a")),
            (b"'", Some(b"")),
            (br"a\'b'", Some(b"a'b")),
            (br"a\\'", Some(br"a\\")),
            (br"a\\\'b'", Some(br"a\\'b")),
            (br"\d\.\'", None),
            (br"a\", None),
        ];
        for (written, expected) in cases {
            let mut placed = Placed::starting_at(place(1, 1));
            placed.push(written, place(1, 1));
            let found = Cursor::new(&placed).take_quoted(b'\'');
            assert_eq!(found.as_ref().map(Placed::bytes), expected);
        }
    }
}
