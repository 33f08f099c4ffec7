//! Request bodies, and the variables that are in them.
//!
//! Each format is a pure function: the whole body (or query string, or cookie header) goes in, what is found goes to a
//! [`Sink`] at once and in the order of the document, and the result says what was wrong. Names and meanings are those of
//! libmodsecurity 3; where we differ on purpose, the module of the format says so. Nothing here allocates for each value:
//! a value without escapes is a slice of the body, one with escapes lives in a buffer that the next one overwrites.
//!
//! Which format a body has, how much of it is kept, and which variables rules can see is for the caller to decide. What a
//! limit of the format forbids (depth, parts, names) is an error; how many arguments there may be only the sink can know,
//! because those of the query string count too: it answers [`ControlFlow::Break`].

use std::{borrow::Cow, error::Error, fmt, ops::ControlFlow};

pub mod cookies;
pub mod json;
pub mod multipart;
pub mod urlencoded;
pub mod xml;

/// Takes what a body holds. Slices live until the call returns.
///
/// All methods do nothing unless written, so that a sink names only what its format can bring.
pub trait Sink {
    /// An argument: `ARGS`. `Break` says that it was one too many and has not been taken; the format then stops.
    fn arg(&mut self, name: &[u8], value: &[u8]) -> ControlFlow<()> {
        let _ = (name, value);
        ControlFlow::Continue(())
    }

    /// An array, or an object without members, behind what it holds: its name and how many members it has. A name that only
    /// leads to these would else be seen by no rule. `Break` as for `arg`.
    fn container(&mut self, name: &[u8], members: usize) -> ControlFlow<()> {
        let _ = (name, members);
        ControlFlow::Continue(())
    }

    /// A cookie: `REQUEST_COOKIES`.
    fn cookie(&mut self, name: &[u8], value: &[u8]) {
        let _ = (name, value);
    }

    /// An uploaded file: `FILES`, `FILES_NAMES`, `FILES_SIZES`, `FILES_TMP_CONTENT`.
    fn file(&mut self, file: File<'_>) {
        let _ = file;
    }

    /// The name of a part: one entry of `MULTIPART_NAME`.
    fn part_name(&mut self, name: &[u8]) {
        let _ = name;
    }

    /// The file name of a part, also if empty: one entry of `MULTIPART_FILENAME`.
    fn part_filename(&mut self, filename: &[u8]) {
        let _ = filename;
    }

    /// A header of the part with this name, as one line without its end: `MULTIPART_PART_HEADERS`.
    fn part_header(&mut self, part: &[u8], line: &[u8]) {
        let _ = (part, line);
    }

    /// The next piece of the document's text: all pieces, one after the other, are `XML:/*`.
    fn xml_text(&mut self, piece: &[u8]) {
        let _ = piece;
    }

    /// The value of an attribute: one entry of `XML://@*`.
    fn xml_attribute(&mut self, value: &[u8]) {
        let _ = value;
    }
}

/// A part of a multipart body that has a file name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct File<'a> {
    /// The name of the field.
    pub field: &'a [u8],
    /// The name of the file as the client gave it, never empty.
    pub filename: &'a [u8],
    /// The bytes of the file.
    pub content: &'a [u8],
}

/// Why a body could not be read to its end. What stood before has reached the sink.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BodyError {
    /// What is wrong. It can quote nothing that the client wrote.
    pub message: Cow<'static, str>,
    /// Where, in bytes from the start of the body. XML in another encoding than UTF-8 counts as if it were UTF-8.
    pub offset: usize,
}

impl BodyError {
    fn new(offset: usize, message: impl Into<Cow<'static, str>>) -> Self {
        Self { message: message.into(), offset }
    }

    fn long_names(offset: usize, bytes_max: usize) -> Self {
        Self::new(offset, format!("argument names of more than {bytes_max} bytes in all"))
    }

    fn too_many_arguments(offset: usize) -> Self {
        Self::new(offset, "more arguments than the limit")
    }
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.message, self.offset)
    }
}

impl Error for BodyError {}

/// C's `isspace`, which ModSecurity means by whitespace: unlike Rust's, it has the vertical tab.
const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | 0x0b | 0x0c | b'\r')
}

fn trim_start(bytes: &[u8], what: impl Fn(u8) -> bool) -> &[u8] {
    let kept = bytes.iter().position(|&byte| !what(byte)).unwrap_or(bytes.len());
    bytes.get(kept..).unwrap_or_default()
}

fn trim_end(bytes: &[u8], what: impl Fn(u8) -> bool) -> &[u8] {
    let kept = bytes.iter().rposition(|&byte| !what(byte)).map_or(0, |last| last + 1);
    bytes.get(..kept).unwrap_or_default()
}

#[cfg(test)]
mod tests;
