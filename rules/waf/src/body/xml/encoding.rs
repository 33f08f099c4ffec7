//! The encoding of a document: as its first bytes and its declaration say.
//!
//! UTF-8, UTF-16, US-ASCII and ISO-8859-1, which every XML parser knows. Where the two contradict each other, parsers
//! disagree about which one counts, so that is an error.

use std::borrow::Cow;

use memchr::memmem;

use super::super::{BodyError, trim_start};

/// A document as UTF-8.
pub(super) struct Decoded<'a> {
    /// As much of it as could be decoded.
    pub(super) text: Cow<'a, str>,
    /// Why that is not all.
    pub(super) fault: Option<BodyError>,
}

pub(super) fn decode(body: &[u8]) -> Result<Decoded<'_>, BodyError> {
    match body {
        [0xff, 0xfe, 0, 0, ..]
        | [0, 0, 0xfe, 0xff, ..]
        | [b'<', 0, 0, 0, ..]
        | [0, 0, 0, b'<', ..] => Err(unsupported()),
        [0xff, 0xfe, utf16 @ ..] => decode_utf16(utf16, u16::from_le_bytes),
        [0xfe, 0xff, utf16 @ ..] => decode_utf16(utf16, u16::from_be_bytes),
        [b'<', 0, ..] => decode_utf16(body, u16::from_le_bytes),
        [0, b'<', ..] => decode_utf16(body, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, utf8 @ ..] => match declared(utf8) {
            None | Some(Encoding::Utf8) => Ok(decode_utf8(utf8)),
            Some(_) => Err(contradiction()),
        },
        _ => match declared(body) {
            None | Some(Encoding::Utf8) => Ok(decode_utf8(body)),
            Some(Encoding::Ascii) => Ok(decode_ascii(body)),
            Some(Encoding::Latin1) => Ok(decode_latin1(body)),
            Some(Encoding::Utf16) => Err(contradiction()),
            Some(Encoding::Other) => Err(unsupported()),
        },
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Encoding {
    Utf8,
    Utf16,
    Ascii,
    Latin1,
    Other,
}

/// The encoding in the declaration, if there is one. Whether the declaration is well-formed is seen to later.
fn declared(body: &[u8]) -> Option<Encoding> {
    let declaration = body.strip_prefix(b"<?xml")?;
    let declaration = declaration.get(..memmem::find(declaration, b"?>")?)?;
    let behind = declaration.get(memmem::find(declaration, b"encoding")? + b"encoding".len()..)?;
    let is_space = |byte: u8| byte.is_ascii_whitespace();
    let behind = trim_start(trim_start(behind, is_space).strip_prefix(b"=")?, is_space);
    let (quote, behind) = behind.split_first()?;
    let name = behind.split(|byte| byte == quote).next()?.to_ascii_lowercase();
    Some(match name.as_slice() {
        b"utf-8" | b"utf8" => Encoding::Utf8,
        b"utf-16" | b"utf16" | b"utf-16le" | b"utf-16be" => Encoding::Utf16,
        b"us-ascii" | b"ascii" => Encoding::Ascii,
        b"iso-8859-1" | b"iso-latin-1" | b"latin1" | b"latin-1" | b"iso_8859-1" => Encoding::Latin1,
        _ => Encoding::Other,
    })
}

fn decode_utf8(body: &[u8]) -> Decoded<'_> {
    let text = std::str::from_utf8(body).or_else(|error| {
        let valid = body.get(..error.valid_up_to()).unwrap_or_default();
        std::str::from_utf8(valid)
    });
    let text = text.unwrap_or_default();
    let fault = (text.len() < body.len()).then(|| BodyError::new(text.len(), "invalid UTF-8"));
    Decoded { text: Cow::Borrowed(text), fault }
}

fn decode_ascii(body: &[u8]) -> Decoded<'_> {
    let end = body.iter().position(|byte| !byte.is_ascii()).unwrap_or(body.len());
    let fault = (end < body.len()).then(|| BodyError::new(end, "byte that is not ASCII"));
    let text = decode_utf8(body.get(..end).unwrap_or_default()).text;
    Decoded { text, fault }
}

fn decode_latin1(body: &[u8]) -> Decoded<'_> {
    let text = body.iter().copied().map(char::from).collect::<String>();
    Decoded { text: Cow::Owned(text), fault: None }
}

fn decode_utf16(body: &[u8], unit: impl Fn([u8; 2]) -> u16) -> Result<Decoded<'static>, BodyError> {
    let (units, odd) = body.as_chunks::<2>();
    let mut text = String::with_capacity(units.len());
    let mut is_valid = odd.is_empty();
    for character in char::decode_utf16(units.iter().copied().map(unit)) {
        let Ok(character) = character else {
            is_valid = false;
            break;
        };
        text.push(character);
    }
    match declared(text.as_bytes()) {
        None | Some(Encoding::Utf16) => {}
        Some(_) => return Err(contradiction()),
    }
    let fault = (!is_valid).then(|| BodyError::new(text.len(), "invalid UTF-16"));
    Ok(Decoded { text: Cow::Owned(text), fault })
}

fn contradiction() -> BodyError {
    BodyError::new(0, "the declared encoding is not that of the document")
}

fn unsupported() -> BodyError {
    BodyError::new(0, "unsupported encoding")
}
