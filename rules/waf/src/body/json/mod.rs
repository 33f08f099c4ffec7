//! JSON (RFC 8259) as arguments.
//!
//! Each scalar becomes an argument, named as libmodsecurity 3 names it: `json`, then `.key` for each object and
//! `.array_N` for each array on the way, so `{"a":[{"b":1}]}` gives `json.a.array_0.b`. An empty key is named
//! `empty-key`. Numbers, `true` and `false` keep their text, `null` is empty. Duplicate keys are duplicate arguments, an
//! empty object or array is none, and an empty body is no error.
//!
//! What is an error follows YAJL, on which libmodsecurity's own parser stands, with these differences: vertical tab and
//! form feed are no white space, and bytes that only resemble UTF-8 (overlong forms, surrogates) are not accepted. RFC
//! 8259 forbids both, and a server that reads them reads something else than we would. As there, `\u0000` is allowed, and
//! so is half of a surrogate pair (see `string`).
//!
//! No recursion; time is linear in the body and in the names given to the sink, which [`Limits::names_bytes_max`] bounds.

mod string;

use std::ops::ControlFlow;

use super::{BodyError, Sink};

/// What a document may demand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Objects and arrays inside one another: `SecRequestBodyJsonDepthLimit`.
    pub depth_max: usize,
    /// Bytes of all names of arguments together.
    pub names_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth_max: DEPTH_MAX, names_bytes_max: NAMES_BYTES_MAX }
    }
}

/// The depth that ModSecurity's recommended configuration allows.
pub const DEPTH_MAX: usize = 512;

/// A few times what a large document needs. Without it, one long key over many small values would make names a thousand
/// times larger than the body.
pub const NAMES_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Gives each scalar of the document in `body` to the sink.
///
/// # Errors
///
/// Where the document is not well-formed, exceeds a limit, or has more arguments than the sink takes.
pub fn parse<S: Sink + ?Sized>(
    body: &[u8],
    limits: &Limits,
    sink: &mut S,
) -> Result<(), BodyError> {
    if body.is_empty() {
        return Ok(());
    }
    let valid = std::str::from_utf8(body).map_or_else(|error| error.valid_up_to(), str::len);
    let text = body.get(..valid).unwrap_or_default();
    let outcome = Parser::new(text, limits, sink).document();
    match outcome {
        Err(error) if error.offset < valid => Err(error),
        _ if valid < body.len() => Err(BodyError::new(valid, "invalid UTF-8")),
        outcome => outcome,
    }
}

struct Parser<'a, S: ?Sized> {
    /// The body, or as much of it as is UTF-8.
    text: &'a [u8],
    at: usize,
    open: Vec<Container>,
    /// Name of the value at hand.
    name: Vec<u8>,
    /// Of all names so far.
    names_bytes: usize,
    /// What a string with escapes says.
    decoded: Vec<u8>,
    limits: &'a Limits,
    sink: &'a mut S,
}

struct Container {
    /// Length of its own name, to which those of its members are added.
    name_bytes: usize,
    kind: Kind,
}

enum Kind {
    Object {
        /// No member has come yet.
        empty: bool,
    },
    Array {
        /// Index of the element that comes next.
        next: usize,
    },
}

impl<'a, S: Sink + ?Sized> Parser<'a, S> {
    fn new(text: &'a [u8], limits: &'a Limits, sink: &'a mut S) -> Self {
        let (open, decoded) = (Vec::new(), Vec::new());
        let name = ROOT.to_vec();
        Self { text, at: 0, open, name, names_bytes: 0, decoded, limits, sink }
    }

    fn document(&mut self) -> Result<(), BodyError> {
        loop {
            match self.token() {
                Some(b'{') => {
                    self.enter(Kind::Object { empty: true })?;
                    if self.token() != Some(b'}') {
                        self.member()?;
                        continue;
                    }
                }
                Some(b'[') => {
                    self.enter(Kind::Array { next: 0 })?;
                    if self.token() != Some(b']') {
                        self.element();
                        continue;
                    }
                }
                _ => self.scalar()?,
            }
            if !self.advance()? {
                break;
            }
        }
        match self.token() {
            None => Ok(()),
            Some(_) => Err(self.error("data after the document")),
        }
    }

    /// Goes behind a value over what closes, up to the next value. False where the outermost value is at its end.
    fn advance(&mut self) -> Result<bool, BodyError> {
        while let Some(container) = self.open.last() {
            let object = matches!(container.kind, Kind::Object { .. });
            match self.token() {
                Some(b'}') if object => self.leave()?,
                Some(b']') if !object => self.leave()?,
                Some(b',') => {
                    self.at += 1;
                    if object {
                        self.member()?;
                    } else {
                        self.element();
                    }
                    return Ok(true);
                }
                _ if object => return Err(self.error("expected ',' or '}'")),
                _ => return Err(self.error("expected ',' or ']'")),
            }
        }
        Ok(false)
    }

    fn enter(&mut self, kind: Kind) -> Result<(), BodyError> {
        if self.open.len() >= self.limits.depth_max {
            let message = format!("nested deeper than {}", self.limits.depth_max);
            return Err(BodyError::new(self.at, message));
        }
        self.at += 1;
        self.open.push(Container { name_bytes: self.name.len(), kind });
        Ok(())
    }

    fn leave(&mut self) -> Result<(), BodyError> {
        let start = self.at;
        self.at += 1;
        let Some(Container { name_bytes, kind }) = self.open.pop() else { return Ok(()) };
        let members = match kind {
            Kind::Array { next } => next,
            Kind::Object { empty: true } => 0,
            Kind::Object { empty: false } => return Ok(()),
        };
        self.name.truncate(name_bytes);
        match self.sink.container(&self.name, members) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(BodyError::too_many_arguments(start)),
        }
    }

    /// Reads the key of a member and its colon, and names the value that follows.
    fn member(&mut self) -> Result<(), BodyError> {
        if self.token() != Some(b'"') {
            return Err(self.error("expected a key in quotes"));
        }
        let key = string::scan(self.text, self.at + 1, &mut self.decoded)?;
        self.at = key.next;
        if let Some(Container { name_bytes, kind }) = self.open.last_mut() {
            self.name.truncate(*name_bytes);
            *kind = Kind::Object { empty: false };
        }
        self.name.push(b'.');
        self.name.extend_from_slice(if key.bytes.is_empty() { EMPTY_KEY } else { key.bytes });
        if self.token() != Some(b':') {
            return Err(self.error("expected ':'"));
        }
        self.at += 1;
        Ok(())
    }

    /// Names the next element of an array.
    fn element(&mut self) {
        let Some(Container { name_bytes, kind: Kind::Array { next } }) = self.open.last_mut()
        else {
            return;
        };
        self.name.truncate(*name_bytes);
        self.name.extend_from_slice(b".array_");
        push_decimal(&mut self.name, *next);
        *next += 1;
    }

    fn scalar(&mut self) -> Result<(), BodyError> {
        let start = self.at;
        let rest = self.text.get(start..).unwrap_or_default();
        let value = match rest.first() {
            Some(b'"') => {
                let value = string::scan(self.text, start + 1, &mut self.decoded)?;
                self.at = value.next;
                value.bytes
            }
            Some(b'-' | b'0'..=b'9') => {
                let value =
                    number(rest).map_err(|at| BodyError::new(start + at, "invalid number"))?;
                self.at += value.len();
                value
            }
            _ => {
                let word = WORDS.iter().find(|(word, _)| rest.starts_with(word));
                let (word, value) = word.ok_or_else(|| self.error("expected a value"))?;
                self.at += word.len();
                value
            }
        };
        self.names_bytes += self.name.len();
        if self.names_bytes > self.limits.names_bytes_max {
            return Err(BodyError::long_names(start, self.limits.names_bytes_max));
        }
        match self.sink.arg(&self.name, value) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(BodyError::too_many_arguments(start)),
        }
    }

    /// The first byte that is no white space, which stays the next one. `None` at the end.
    #[inline]
    fn token(&mut self) -> Option<u8> {
        loop {
            match self.text.get(self.at) {
                Some(b' ' | b'\t' | b'\n' | b'\r') => self.at += 1,
                byte => return byte.copied(),
            }
        }
    }

    fn error(&self, message: &'static str) -> BodyError {
        let message = if self.at < self.text.len() { message } else { string::UNEXPECTED_END };
        BodyError::new(self.at, message)
    }
}

/// The number at the start of `text`, or where what looks like one is none.
fn number(text: &[u8]) -> Result<&[u8], usize> {
    let mut at = usize::from(text.first() == Some(&b'-'));
    match text.get(at) {
        Some(b'0') => at += 1,
        _ => at = digits(text, at)?,
    }
    if text.get(at) == Some(&b'.') {
        at = digits(text, at + 1)?;
    }
    if let Some(b'e' | b'E') = text.get(at) {
        let sign = matches!(text.get(at + 1), Some(b'+' | b'-'));
        at = digits(text, at + 1 + usize::from(sign))?;
    }
    text.get(..at).ok_or(at)
}

/// Goes over one digit or more.
fn digits(text: &[u8], start: usize) -> Result<usize, usize> {
    let rest = text.get(start..).unwrap_or_default();
    match rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len()) {
        0 => Err(start),
        count => Ok(start + count),
    }
}

fn push_decimal(to: &mut Vec<u8>, mut number: usize) {
    let start = to.len();
    loop {
        to.push(b'0' + (number % 10) as u8);
        number /= 10;
        if number == 0 {
            break;
        }
    }
    to.get_mut(start..).unwrap_or_default().reverse();
}

const ROOT: &[u8] = b"json";
const EMPTY_KEY: &[u8] = b"empty-key";
const WORDS: [(&[u8], &[u8]); 3] = [(b"true", b"true"), (b"false", b"false"), (b"null", b"")];

#[cfg(test)]
mod tests;
