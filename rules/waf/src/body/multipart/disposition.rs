//! The Content-Disposition of a part: its name and file name.
//!
//! Accepts what ModSecurity does: `form-data` with `name`, `filename` and `filename*`, and nothing else. A quoted value may
//! be in single quotes, which is flagged, and has its backslashes taken off before quotes and backslashes only, because
//! browsers send Windows paths. `filename*` (RFC 8187) has to be well-formed and have a `filename` beside it, but is not
//! used, since servers disagree about it; rules see it in the part's headers.

use memchr::memmem;

use super::{Flags, Kind, Multipart};

/// Reads the value of the header. Name and file name go to `found`; an error says what is wrong with it.
pub(super) fn parse(value: &[u8], found: &mut Multipart) -> Result<Kind, &'static str> {
    let rest = value.strip_prefix(b"form-data").ok_or("Content-Disposition is not form-data")?;
    let mut parameters = Parameters { value, at: value.len() - rest.len() };
    let mut seen = Seen::default();
    parameters.skip_blanks();
    if parameters.peek().is_some_and(|byte| byte != b';') {
        return Err("no semicolon behind form-data in Content-Disposition");
    }
    while parameters.peek().is_some() {
        parameters.at += 1;
        if parameters.peek().is_none() {
            break;
        }
        parameters.next(&mut seen, found)?;
        parameters.separator(&mut found.flags)?;
    }
    if seen.filename_star && !seen.filename {
        return Err("filename* without filename in Content-Disposition");
    }
    if !seen.name {
        return Err("no name in Content-Disposition");
    }
    // Some servers look for this text and nothing else; for them, the part would be no file.
    if seen.filename && memmem::find(value, b"filename=").is_none() {
        return Err("white space before the value of filename in Content-Disposition");
    }
    Ok(if seen.filename { Kind::File } else { Kind::Field })
}

/// Which parameters had a value that is not empty.
#[derive(Default)]
struct Seen {
    name: bool,
    filename: bool,
    filename_star: bool,
}

struct Parameters<'a> {
    value: &'a [u8],
    at: usize,
}

impl<'a> Parameters<'a> {
    /// One parameter, from behind its semicolon.
    fn next(&mut self, seen: &mut Seen, found: &mut Multipart) -> Result<(), &'static str> {
        let (seen, value, duplicate) = match self.name()? {
            b"name" => (&mut seen.name, &mut found.name, "duplicate name in Content-Disposition"),
            b"filename" => {
                let duplicate = "duplicate filename in Content-Disposition";
                (&mut seen.filename, &mut found.filename, duplicate)
            }
            b"filename*" => {
                let filled = self.extended_value()?;
                if seen.filename_star {
                    return Err("duplicate filename* in Content-Disposition");
                }
                seen.filename_star = filled;
                return Ok(());
            }
            _ => return Err("unknown parameter in Content-Disposition"),
        };
        if *seen {
            return Err(duplicate);
        }
        value.clear();
        match self.peek() {
            Some(quote @ (b'"' | b'\'')) => {
                found.flags.invalid_quoting |= quote == b'\'';
                self.quoted_value(quote, value)?;
            }
            _ => {
                value.extend_from_slice(self.span(is_token));
                found.flags.invalid_quoting |= value.contains(&b'\'');
            }
        }
        *seen = !value.is_empty();
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
