//! White space and NUL bytes: `compressWhitespace`, `removeWhitespace`, `trim`, `trimLeft`, `trimRight`, `removeNulls`,
//! `replaceNulls`.
//!
//! White space is what C calls so (space, `\t \n \v \f \r`) and, for the first two functions, the no-break space: in
//! Latin-1 (0xA0, as ModSecurity 2 has it) and in UTF-8 (0xC2 0xA0, taken as one). ModSecurity 3 knows none in
//! `compressWhitespace`, against its manual, and in `removeWhitespace` removes every 0xC2 as well, whatever follows.

use super::scan::{any, any_pair, is, within};

/// `compressWhitespace`: each run of white space becomes one space.
///
/// ```text
/// SecRule ARGS "@contains union select" "id:1,phase:2,deny,t:none,t:lowercase,t:compressWhitespace"
/// ```
pub(super) fn compress(input: &[u8], out: &mut Vec<u8>) -> bool {
    if !any(input, white) || !(any(input, other_than_space) || any_pair(input, two_spaces)) {
        return false;
    }
    out.clear();
    out.reserve(input.len());
    for (place, &byte) in input.iter().enumerate() {
        if !is_white(byte) {
            if !opens_no_break_space(input, place) {
                out.push(byte);
            }
        } else if out.last() != Some(&b' ') {
            out.push(b' ');
        }
    }
    true
}

/// `removeWhitespace`: white space goes.
///
/// ```text
/// SecRule ARGS "@contains javascript:" "id:1,phase:2,deny,t:none,t:lowercase,t:removeWhitespace"
/// ```
pub(super) fn remove(input: &[u8], out: &mut Vec<u8>) -> bool {
    if !any(input, white) {
        return false;
    }
    if any(input, no_break) {
        out.clear();
        out.reserve(input.len());
        let kept = input
            .iter()
            .enumerate()
            .filter(|&(place, &byte)| !is_white(byte) && !opens_no_break_space(input, place));
        out.extend(kept.map(|(_, byte)| byte));
    } else {
        copy_if(input, out, |byte| !is_space(byte));
    }
    true
}

/// `trim`: white space goes from both ends.
///
/// ```text
/// SecRule REQUEST_HEADERS:Content-Type "@streq text/xml" "id:1,phase:1,pass,t:none,t:trim"
/// ```
pub(super) fn trim(input: &[u8], out: &mut Vec<u8>) -> bool {
    give_part(input, without_left(without_right(input)), out)
}

/// `trimLeft`: white space goes from the beginning.
///
/// ```text
/// SecRule ARGS:name "@beginsWith =" "id:1,phase:2,deny,t:none,t:trimLeft"
/// ```
pub(super) fn trim_left(input: &[u8], out: &mut Vec<u8>) -> bool {
    give_part(input, without_left(input), out)
}

/// `trimRight`: white space goes from the end.
///
/// ```text
/// SecRule ARGS:name "@endsWith ;" "id:1,phase:2,deny,t:none,t:trimRight"
/// ```
pub(super) fn trim_right(input: &[u8], out: &mut Vec<u8>) -> bool {
    give_part(input, without_right(input), out)
}

/// `removeNulls`: NUL bytes go.
///
/// ```text
/// SecRule ARGS "@contains <script" "id:1,phase:2,deny,t:none,t:removeNulls"
/// ```
pub(super) fn remove_nulls(input: &[u8], out: &mut Vec<u8>) -> bool {
    if !any(input, null) {
        return false;
    }
    copy_if(input, out, |byte| byte != 0);
    true
}

/// `replaceNulls`: NUL bytes become spaces.
///
/// ```text
/// SecRule ARGS "@rx \bselect\b" "id:1,phase:2,deny,t:none,t:replaceNulls"
/// ```
pub(super) fn replace_nulls(input: &[u8], out: &mut Vec<u8>) -> bool {
    if !any(input, null) {
        return false;
    }
    out.clear();
    out.extend(input.iter().map(|&byte| if byte == 0 { b' ' } else { byte }));
    true
}

/// White space as C has it in its own locale.
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b'\t'..=b'\r' | b' ')
}

/// White space with the no-break space of Latin-1, which is also the second byte of that of UTF-8.
fn is_white(byte: u8) -> bool {
    is_space(byte) || byte == 0xa0
}

/// Whether this byte is the first of a no-break space in UTF-8.
fn opens_no_break_space(input: &[u8], place: usize) -> bool {
    input.get(place..place + 2) == Some(&[0xc2, 0xa0])
}

#[inline(always)]
fn other_than_space(byte: u8) -> u8 {
    within(byte, b'\t', b'\r').min(is(byte, 0xa0))
}

#[inline(always)]
fn white(byte: u8) -> u8 {
    other_than_space(byte).min(is(byte, b' '))
}

#[inline(always)]
fn no_break(byte: u8) -> u8 {
    is(byte, 0xa0)
}

#[inline(always)]
fn null(byte: u8) -> u8 {
    byte
}

#[inline(always)]
fn two_spaces(one: u8, two: u8) -> u8 {
    is(one, b' ') | is(two, b' ')
}

fn without_left(input: &[u8]) -> &[u8] {
    let first = input.iter().position(|&byte| !is_space(byte));
    &input[first.unwrap_or(input.len())..]
}

fn without_right(input: &[u8]) -> &[u8] {
    let last = input.iter().rposition(|&byte| !is_space(byte));
    &input[..last.map_or(0, |last| last + 1)]
}

fn give_part(input: &[u8], part: &[u8], out: &mut Vec<u8>) -> bool {
    if part.len() == input.len() {
        return false;
    }
    out.clear();
    out.extend_from_slice(part);
    true
}

/// Copies the bytes that are to stay. Each is written, and the next over it where it was not to stay: no branch that
/// the text decides.
fn copy_if(input: &[u8], out: &mut Vec<u8>, stays: impl Fn(u8) -> bool) {
    out.clear();
    out.resize(input.len(), 0);
    let mut length = 0;
    for &byte in input {
        if let Some(place) = out.get_mut(length) {
            *place = byte;
        }
        length += usize::from(stays(byte));
    }
    out.truncate(length);
}
