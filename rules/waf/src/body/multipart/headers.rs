//! The headers of a part, and what their lines may look like.

use std::borrow::Cow;

use memchr::memchr;

use super::{
    super::{Sink, is_space, trim_end, trim_start},
    Flags, HEADER_LINE_BYTES_MAX,
};

/// The headers of the part at hand. A folded one is a line of its own making; all others are slices of the body.
#[derive(Default)]
pub(super) struct Headers<'a> {
    all: Vec<Header<'a>>,
}

struct Header<'a> {
    name: &'a [u8],
    line: Cow<'a, [u8]>,
    /// Where in the line the value starts.
    value_start: usize,
}

impl<'a> Headers<'a> {
    pub(super) fn clear(&mut self) {
        self.all.clear();
    }

    /// Takes a line, with its end, that is not empty. An error says what is wrong with it.
    pub(super) fn take(
        &mut self,
        line: &'a [u8],
        count_max: usize,
        flags: &mut Flags,
    ) -> Result<(), &'static str> {
        if memchr(0, line).is_some() {
            return Err("NUL byte in part headers");
        }
        if line.first().copied().is_some_and(is_space) {
            return self.fold(line, flags);
        }
        let header = Header::read(line)?;
        if self.find(header.name).is_some() {
            return Err("duplicate part header");
        }
        if self.all.len() >= count_max {
            return Err("too many part headers");
        }
        self.all.push(header);
        Ok(())
    }

    /// Continues the last header. Any white space can do that, as it does for PHP, but all but spaces and tabs is flagged.
    fn fold(&mut self, line: &[u8], flags: &mut Flags) -> Result<(), &'static str> {
        let rest = trim_start(line, is_space);
        let indent = line.get(..line.len() - rest.len()).unwrap_or_default();
        flags.header_folding = true;
        flags.invalid_header_folding |= !indent.iter().all(|byte| matches!(byte, b' ' | b'\t'));
        let header = self.all.last_mut().ok_or("invalid part header (folding error)")?;
        header.append(trim_end(rest, is_line_end));
        if header.value().len() > HEADER_LINE_BYTES_MAX {
            return Err("part header too long");
        }
        Ok(())
    }

    /// The value of the header of this name, in whatever case.
    pub(super) fn value(&self, name: &[u8]) -> Option<&[u8]> {
        self.find(name).map(Header::value)
    }

    fn find(&self, name: &[u8]) -> Option<&Header<'a>> {
        self.all.iter().find(|header| header.name.eq_ignore_ascii_case(name))
    }

    /// Gives all lines to the sink, as those of the part of this name.
    pub(super) fn give<S: Sink + ?Sized>(&self, part: &[u8], sink: &mut S) {
        for header in &self.all {
            sink.part_header(part, &header.line);
        }
    }
}

impl<'a> Header<'a> {
    fn read(line: &'a [u8]) -> Result<Self, &'static str> {
        let line = without_end(line);
        let colon = memchr(b':', line).ok_or("invalid part header (colon missing)")?;
        let (name, behind) = line.split_at(colon);
        if name.is_empty() {
            return Err("invalid part header (header name missing)");
        }
        if !name.iter().all(u8::is_ascii_graphic) {
            return Err("invalid part header (contains invalid character)");
        }
        let value =
            trim_start(behind.get(1..).unwrap_or_default(), |byte| matches!(byte, b' ' | b'\t'));
        Ok(Self { name, line: Cow::Borrowed(line), value_start: line.len() - value.len() })
    }

    fn value(&self) -> &[u8] {
        trim_end(self.line.get(self.value_start..).unwrap_or_default(), is_line_end)
    }

    fn append(&mut self, continuation: &[u8]) {
        if let Cow::Borrowed(_) = self.line {
            self.line = Cow::Owned([self.name, b": ", self.value()].concat());
            self.value_start = self.name.len() + b": ".len();
        }
        let line = self.line.to_mut();
        line.push(b' ');
        line.extend_from_slice(continuation);
    }
}

fn is_line_end(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n')
}

/// The line without the CRLF or LF at its end.
pub(super) fn without_end(line: &[u8]) -> &[u8] {
    match line {
        [line @ .., b'\r', b'\n'] | [line @ .., b'\n'] => line,
        line => line,
    }
}
