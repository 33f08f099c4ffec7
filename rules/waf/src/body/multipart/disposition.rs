//! The Content-Disposition of a part: its name and file name.
//!
//! Accepts what ModSecurity does: `form-data` with `name`, `filename` and `filename*`, and nothing else. A quoted value may
//! be in single quotes, which is flagged, and has its backslashes taken off before quotes and backslashes only, because
//! browsers send Windows paths. `filename*` (RFC 8187) has to be well-formed and have a `filename` beside it, but is not
//! used, since servers disagree about it; rules see it in the part's headers.

use memchr::memmem;

use super::{super::Sink, Flags, parser::Kind};

/// What a part is called. The buffers are those of the part before.
#[derive(Default)]
pub(super) struct Names {
    pub(super) name: Vec<u8>,
    filename: Vec<u8>,
    /// Which parameters there are. ModSecurity lets an empty one come again.
    has_filename: bool,
    has_extended_filename: bool,
}

impl Names {
    pub(super) fn filename(&self) -> &[u8] {
        &self.filename
    }

    /// Gives the names to the sink, and returns that of the part.
    pub(super) fn give<S: Sink + ?Sized>(&self, sink: &mut S) -> &[u8] {
        sink.part_name(&self.name);
        if self.has_filename {
            sink.part_filename(&self.filename);
        }
        &self.name
    }

    fn clear(&mut self) {
        self.name.clear();
        self.filename.clear();
        self.has_filename = false;
        self.has_extended_filename = false;
    }
}

/// Reads the value of the header. An error says what is wrong with it.
pub(super) fn parse(
    value: &[u8],
    names: &mut Names,
    flags: &mut Flags,
) -> Result<Kind, &'static str> {
    names.clear();
    let rest = value.strip_prefix(b"form-data").ok_or("Content-Disposition is not form-data")?;
    let mut parameters = Parameters { value, at: value.len() - rest.len() };
    parameters.skip_blanks();
    if parameters.peek().is_some_and(|byte| byte != b';') {
        return Err("no semicolon behind form-data in Content-Disposition");
    }
    while parameters.peek().is_some() {
        parameters.at += 1;
        if parameters.peek().is_none() {
            break;
        }
        parameters.next(names, flags)?;
        parameters.separator(flags)?;
    }
    if names.has_extended_filename && names.filename.is_empty() {
        return Err("filename* without filename in Content-Disposition");
    }
    if names.name.is_empty() {
        return Err("no name in Content-Disposition");
    }
    if names.filename.is_empty() {
        return Ok(Kind::Field);
    }
    // Some servers look for this text and nothing else; for them, the part would be no file.
    match memmem::find(value, b"filename=") {
        Some(_) => Ok(Kind::File),
        None => Err("white space before the value of filename in Content-Disposition"),
    }
}

struct Parameters<'a> {
    value: &'a [u8],
    at: usize,
}

impl<'a> Parameters<'a> {
    /// One parameter, from behind its semicolon.
    fn next(&mut self, names: &mut Names, flags: &mut Flags) -> Result<(), &'static str> {
        match self.name()? {
            b"name" if !names.name.is_empty() => Err("duplicate name in Content-Disposition"),
            b"name" => self.value(&mut names.name, flags),
            b"filename" if !names.filename.is_empty() => {
                Err("duplicate filename in Content-Disposition")
            }
            b"filename" => {
                names.has_filename = true;
                self.value(&mut names.filename, flags)
            }
            b"filename*" if names.has_extended_filename => {
                Err("duplicate filename* in Content-Disposition")
            }
            b"filename*" => {
                names.has_extended_filename = self.extended_value()?;
                Ok(())
            }
            _ => Err("unknown parameter in Content-Disposition"),
        }
    }

    fn value(&mut self, value: &mut Vec<u8>, flags: &mut Flags) -> Result<(), &'static str> {
        if let Some(quote @ (b'"' | b'\'')) = self.peek() {
            flags.invalid_quoting |= quote == b'\'';
            return self.quoted_value(quote, value);
        }
        value.extend_from_slice(self.span(is_token));
        flags.invalid_quoting |= value.contains(&b'\'');
        Ok(())
    }

    /// The name of a parameter, and its `=`. A value has to follow.
    fn name(&mut self) -> Result<&'a [u8], &'static str> {
        self.skip_blanks();
        let name = self.span(|byte| !matches!(byte, b'=' | b' ' | b'\t'));
        self.skip_blanks();
        match self.peek() {
            Some(b'=') => self.at += 1,
            _ => return Err("parameter without a value in Content-Disposition"),
        }
        self.skip_blanks();
        self.peek().ok_or("parameter without a value in Content-Disposition")?;
        Ok(name)
    }

    fn quoted_value(&mut self, quote: u8, value: &mut Vec<u8>) -> Result<(), &'static str> {
        self.at += 1;
        loop {
            let behind = self.value.get(self.at + 1).copied();
            match self.peek() {
                None => return Err("quote not closed in Content-Disposition"),
                Some(b'\\') if behind == Some(quote) || behind == Some(b'\\') => {
                    value.extend(behind);
                    self.at += 1;
                }
                Some(byte) if byte == quote => break,
                Some(byte) => value.push(byte),
            }
            self.at += 1;
        }
        self.at += 1;
        Ok(())
    }

    /// `charset'language'value` of RFC 8187, the language optional. Says whether the value is not empty.
    fn extended_value(&mut self) -> Result<bool, &'static str> {
        let charset =
            self.span(|byte| byte.is_ascii_alphanumeric() || b"!#$%&+-^_`{}~".contains(&byte));
        if charset.is_empty() || self.peek() != Some(b'\'') {
            return Err("no character set in filename* in Content-Disposition");
        }
        self.at += 1;
        self.span(|byte| byte != b'\'');
        if self.peek().is_none() {
            return Err("no language in filename* in Content-Disposition");
        }
        self.at += 1;
        let start = self.at;
        while let Some(byte) = self.peek().filter(|&byte| byte != b';') {
            self.at += match byte {
                b'%' if self.digits_follow() => 3,
                _ if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`~".contains(&byte) => 1,
                _ => return Err("invalid character in filename* in Content-Disposition"),
            };
        }
        Ok(self.at > start)
    }

    fn digits_follow(&self) -> bool {
        let digits = self.value.get(self.at + 1..self.at + 3);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    }

    /// Behind a value: its end, or the next semicolon.
    fn separator(&mut self, flags: &mut Flags) -> Result<(), &'static str> {
        self.skip_blanks();
        if matches!(self.peek(), None | Some(b';')) {
            return Ok(());
        }
        let before = self.at.checked_sub(1).and_then(|before| self.value.get(before));
        flags.invalid_quoting |= matches!(before, Some(b'"' | b'\''));
        Err("no semicolon behind a value in Content-Disposition")
    }

    fn span(&mut self, accept: impl Fn(u8) -> bool) -> &'a [u8] {
        let rest = self.value.get(self.at..).unwrap_or_default();
        let end = rest.iter().position(|&byte| !accept(byte)).unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or_default()
    }

    fn skip_blanks(&mut self) {
        self.span(|byte| matches!(byte, b' ' | b'\t'));
    }

    fn peek(&self) -> Option<u8> {
        self.value.get(self.at).copied()
    }
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?=".contains(&byte)
}
