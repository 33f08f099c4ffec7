//! URLs that run a script: by their scheme, however it is written.

use super::names_data::SCHEMES;

/// Whether a browser would run the URL, or show what a script wrote there.
pub(super) fn runs_script(url: &[u8]) -> bool {
    // Browsers pass over blanks, and some over bytes above ASCII, before a scheme.
    let start = url.iter().position(|byte| matches!(byte, b'!'..=b'~')).unwrap_or(url.len());
    let url = url.get(start..).unwrap_or_default();
    SCHEMES.iter().any(|scheme| begins_with_scheme(url, scheme.as_bytes()))
}

/// Whether the characters begin with this, in any case, but for control characters before them
/// and NUL and line feeds anywhere.
fn begins_with_scheme(url: &[u8], scheme: &[u8]) -> bool {
    let mut expected = scheme;
    let mut started = false;
    for character in Characters(url) {
        if character <= 32 && !started {
            continue;
        }
        started = true;
        if character == 0 || character == u32::from(b'\n') {
            continue;
        }
        let upper = match character {
            0x61..=0x7a => character - 0x20,
            other => other,
        };
        // Only the lowest byte is compared: libinjection keeps no more.
        match expected.split_first() {
            Some((&byte, rest)) if byte == upper as u8 => expected = rest,
            _ => return false,
        }
        if expected.is_empty() {
            return true;
        }
    }
    false
}

/// The characters of a value: bytes, and what is written by number, as in `&#x6a;`. Entities
/// with a name stay as they are.
struct Characters<'a>(&'a [u8]);

impl Iterator for Characters<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        let (&first, after) = self.0.split_first()?;
        let entity = match self.0 {
            [b'&', b'#', b'x' | b'X', digits @ ..] => number(digits, 16, 3),
            [b'&', b'#', digits @ ..] => number(digits, 10, 2),
            _ => None,
        };
        let (character, rest) = match entity {
            Some((value, length)) => (value, self.0.get(length..).unwrap_or_default()),
            None => (u32::from(first), after),
        };
        self.0 = rest;
        Some(character)
    }
}

/// The number that stands after a prefix, and the length of both with the semicolon, if there is
/// one; none if there are no digits, or too many for a character.
fn number(digits: &[u8], radix: u32, prefix: usize) -> Option<(u32, usize)> {
    let mut value = 0;
    let mut length = 0;
    for &byte in digits {
        let Some(digit) = char::from(byte).to_digit(radix) else { break };
        value = value * radix + digit;
        length += 1;
        if value > CHARACTER_MAX {
            return None;
        }
    }
    let semicolon = usize::from(digits.get(length) == Some(&b';'));
    (length > 0).then_some((value, prefix + length + semicolon))
}

/// The highest number that is taken for a character's.
const CHARACTER_MAX: u32 = 0x0010_00ff;
