//! The body itself: its lines, and which of them are boundaries.

use std::iter::Peekable;

use memchr::{memchr, memmem};

use super::{
    super::{BodyError, File, Sink, is_space, trim_start},
    Flags, HEADER_LINE_BYTES_MAX, Limits, Unmatched,
    disposition::{self, Names},
    headers::{self, Headers},
};

pub(super) struct Parser<'a, S: ?Sized> {
    body: &'a [u8],
    /// Two hyphens and the boundary.
    delimiter: &'a [u8],
    /// Where the delimiter occurs from the line at hand on, at whatever place of a line.
    occurrences: Peekable<memmem::FindIter<'a, 'a>>,
    state: State,
    /// Of the part at hand.
    headers: Headers<'a>,
    /// Of the part at hand.
    names: Names,
    parts: usize,
    files: usize,
    limits: &'a Limits,
    flags: &'a mut Flags,
    sink: &'a mut S,
}

#[derive(Clone, Copy)]
enum State {
    /// Before the first boundary.
    Preamble,
    /// In the headers of a part.
    Headers,
    /// In the data of a part, which begin at `start`. No boundary ends them before they have `started` with one line.
    Data { kind: Kind, start: usize, started: bool },
}

#[derive(Clone, Copy)]
pub(super) enum Kind {
    Field,
    File,
}

enum Delimiter {
    Next,
    Final,
}

/// A line that has an end. Both offsets are in the body, and the line's own end is before `end`.
struct Line {
    start: usize,
    end: usize,
    /// The line before it ended in LF alone.
    behind_lf: bool,
}

impl<'a, S: Sink + ?Sized> Parser<'a, S> {
    pub(super) fn new(
        body: &'a [u8],
        delimiter: &'a [u8],
        limits: &'a Limits,
        flags: &'a mut Flags,
        sink: &'a mut S,
    ) -> Self {
        Self {
            body,
            delimiter,
            occurrences: memmem::find_iter(body, delimiter).peekable(),
            state: State::Preamble,
            headers: Headers::default(),
            names: Names::default(),
            parts: 0,
            files: 0,
            limits,
            flags,
            sink,
        }
    }

    pub(super) fn body(&mut self) -> Result<(), BodyError> {
        let mut line = Line { start: 0, end: 0, behind_lf: false };
        while let Some(length) = self.body.get(line.end..).and_then(|rest| memchr(b'\n', rest)) {
            line = Line {
                start: line.end,
                end: line.end + length + 1,
                behind_lf: self.ends_in_lf(&line),
            };
            match self.delimits(&line)? {
                None => self.take(&line)?,
                Some(Delimiter::Final) => {
                    self.flags.data_after = line.end < self.body.len();
                    return self.finish_part(self.data_end(line.start));
                }
                Some(Delimiter::Next) => {
                    self.finish_part(self.data_end(line.start))?;
                    self.start_part(line.start)?;
                }
            }
        }
        self.end(&line)
    }

    /// What follows the `last` line has no end. Only the final boundary may stand there.
    fn end(&mut self, last: &Line) -> Result<(), BodyError> {
        if self.body.is_empty() {
            return Ok(());
        }
        if let State::Preamble = self.state {
            return Err(BodyError::new(self.body.len(), "no boundary in the body"));
        }
        if self.slice(last.end, self.body.len()).strip_prefix(self.delimiter) == Some(b"--") {
            self.flags.lf_line |= self.ends_in_lf(last);
            self.flags.invalid_part |= !self.may_end_part();
            return self.finish_part(self.data_end(last.end));
        }
        self.finish_part(self.body.len())?;
        Err(BodyError::new(self.body.len(), "final boundary missing"))
    }

    /// Whether the line is a boundary.
    fn delimits(&mut self, line: &Line) -> Result<Option<Delimiter>, BodyError> {
        let bytes = self.slice(line.start, line.end);
        if !bytes.starts_with(b"--") || bytes.len() <= 3 {
            if self.occurs_in(line) {
                self.flags.unmatched_boundary = Unmatched::Open;
            }
            return Ok(None);
        }
        let Some(behind) = bytes.strip_prefix(self.delimiter) else {
            self.flags.unmatched_boundary = Unmatched::Open;
            return self.check_disguise(bytes, line.start).map(|()| None);
        };
        self.flags.lf_line |= line.behind_lf;
        if !self.may_end_part() {
            self.flags.invalid_part = true;
            return Ok(None);
        }
        let first = matches!(self.state, State::Preamble);
        if !first && self.flags.unmatched_boundary == Unmatched::Open {
            self.flags.unmatched_boundary = Unmatched::Closed;
        }
        let (kind, behind) = match behind.strip_prefix(b"--") {
            Some(behind) => (Delimiter::Final, behind),
            None => (Delimiter::Next, behind),
        };
        match behind {
            b"\r\n" => self.flags.crlf_line = true,
            b"\n" => self.flags.lf_line = true,
            _ => return Err(BodyError::new(line.start, "invalid boundary")),
        }
        Ok(Some(kind))
    }

    /// A boundary in quotes or behind white space is one for some servers, so it is an error.
    fn check_disguise(&self, line: &[u8], offset: usize) -> Result<(), BodyError> {
        let (_, boundary) = self.delimiter.split_at(2);
        let (_, behind) = line.split_at(2);
        if self.flags.boundary_quoted
            && behind.strip_prefix(b"\"").is_some_and(|behind| behind.starts_with(boundary))
        {
            return Err(BodyError::new(offset, "invalid boundary (quotes)"));
        }
        let trimmed = trim_start(behind, is_space);
        if trimmed.len() < behind.len() && trimmed.starts_with(boundary) {
            return Err(BodyError::new(offset, "invalid boundary (white space)"));
        }
        Ok(())
    }

    fn occurs_in(&mut self, line: &Line) -> bool {
        while self.occurrences.next_if(|&at| at < line.start).is_some() {}
        self.occurrences.peek().is_some_and(|&at| at < line.end)
    }

    fn may_end_part(&self) -> bool {
        matches!(self.state, State::Preamble | State::Data { started: true, .. })
    }

    /// A line that is no boundary.
    fn take(&mut self, line: &Line) -> Result<(), BodyError> {
        match &mut self.state {
            State::Preamble => self.flags.data_before = true,
            State::Data { started, .. } => *started = true,
            State::Headers => {
                return self.header(line).map_err(|message| BodyError::new(line.start, message));
            }
        }
        Ok(())
    }

    fn header(&mut self, line: &Line) -> Result<(), &'static str> {
        let bytes = self.slice(line.start, line.end);
        if bytes.len() >= HEADER_LINE_BYTES_MAX {
            return Err("part header line too long");
        }
        match bytes {
            [.., b'\r', b'\n'] => self.flags.crlf_line = true,
            _ => self.flags.lf_line = true,
        }
        if matches!(bytes, b"\r\n" | b"\n") {
            return self.finish_headers(line.end);
        }
        let taken = self.headers.take(bytes, self.limits.part_headers_max, self.flags);
        if taken.is_err() {
            self.headers.give(&[], self.sink);
            self.sink.part_header(&[], headers::without_end(bytes));
        }
        taken
    }

    /// Behind the empty line: gives the headers, and knows from them what kind of part it is.
    fn finish_headers(&mut self, start: usize) -> Result<(), &'static str> {
        let kind = match self.headers.value(b"Content-Disposition") {
            None => Err("part without Content-Disposition"),
            Some(value) => disposition::parse(value, &mut self.names, self.flags),
        };
        let name = if kind.is_ok() { self.names.give(self.sink) } else { &[] };
        self.headers.give(name, self.sink);
        self.state = State::Data { kind: kind?, start, started: false };
        Ok(())
    }

    fn start_part(&mut self, offset: usize) -> Result<(), BodyError> {
        self.parts += 1;
        if self.parts > self.limits.parts_max {
            let message = format!("more than {} parts", self.limits.parts_max);
            return Err(BodyError::new(offset, message));
        }
        self.headers.clear();
        self.state = State::Headers;
        Ok(())
    }

    /// Gives the part that ends at `end`, if there is one.
    fn finish_part(&mut self, end: usize) -> Result<(), BodyError> {
        match self.state {
            State::Preamble => {}
            State::Headers => self.headers.give(&[], self.sink),
            State::Data { kind: Kind::File, start, .. } => {
                self.files += 1;
                self.flags.file_limit_exceeded |= self.files > self.limits.files_max;
                let content = self.slice(start, end);
                let (field, filename) = (&self.names.name, self.names.filename());
                self.sink.file(File { field, filename, content });
            }
            State::Data { kind: Kind::Field, start, .. } => {
                let value = self.slice(start, end);
                if self.sink.arg(&self.names.name, value).is_break() {
                    return Err(BodyError::too_many_arguments(start));
                }
            }
        }
        Ok(())
    }

    /// Where the data end that are before the boundary at `boundary`: the line end before it is the boundary's.
    fn data_end(&self, boundary: usize) -> usize {
        let State::Data { start, .. } = self.state else { return boundary };
        start + headers::without_end(self.slice(start, boundary)).len()
    }

    fn ends_in_lf(&self, line: &Line) -> bool {
        line.end > 0 && !self.slice(line.start, line.end).ends_with(b"\r\n")
    }

    fn slice(&self, start: usize, end: usize) -> &'a [u8] {
        self.body.get(start..end).unwrap_or_default()
    }
}
