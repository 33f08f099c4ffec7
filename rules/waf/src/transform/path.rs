//! Paths: `normalizePath`, `normalizePathWin`.

use super::scan::{any, any_pair, is};

/// `normalizePath`: empty segments and `.` go, and `..` goes with the segment before it.
///
/// A path from the root cannot leave it; a relative one keeps the `..` that it begins with. A slash at the end stays if
/// there was one. A relative path of which nothing remains is empty; one from the root is `/`.
///
/// Only a whole segment is a back-reference. ModSecurity 2 and 3 take every segment that ends with `..` for one, so
/// that `/etc/passwd../x` hides `/etc/passwd..`, which Windows opens without the dots; and they make `/..` empty. Both
/// contradict their manual.
///
/// ```text
/// SecRule REQUEST_FILENAME "@beginsWith /admin/" "id:1,phase:1,deny,t:none,t:urlDecode,t:normalizePath"
/// ```
pub(super) fn normalize(input: &[u8], out: &mut Vec<u8>) -> bool {
    let dot = input.first() == Some(&b'.');
    if !dot && !any_pair(input, reducible) {
        return false;
    }
    write(input, |byte| byte == b'/', out);
    out.as_slice() != input
}

/// `normalizePathWin`: as `normalizePath`, with backslashes taken for slashes.
///
/// ```text
/// SecRule ARGS "@pm /boot.ini /win.ini" "id:1,phase:2,deny,t:none,t:lowercase,t:normalizePathWin"
/// ```
pub(super) fn normalize_windows(input: &[u8], out: &mut Vec<u8>) -> bool {
    let dot = input.first() == Some(&b'.');
    if !dot && !any(input, backslash) && !any_pair(input, reducible) {
        return false;
    }
    write(input, |byte| matches!(byte, b'/' | b'\\'), out);
    out.as_slice() != input
}

fn write(input: &[u8], is_separator: impl Fn(u8) -> bool, out: &mut Vec<u8>) {
    let separates = |byte: Option<&u8>| byte.is_some_and(|&byte| is_separator(byte));
    let absolute = separates(input.first());
    out.clear();
    out.reserve(input.len());
    if absolute {
        out.push(b'/');
    }
    // What is before this is not taken back: the root, or the back-references that lead out of a relative path.
    let mut kept = out.len();
    for segment in input.split(|&byte| is_separator(byte)) {
        match segment {
            b"" | b"." => {}
            b".." if out.len() > kept => take_back(out, kept),
            b".." if absolute => {}
            b".." => {
                append(out, segment);
                kept = out.len();
            }
            _ => append(out, segment),
        }
    }
    if separates(input.last()) && !matches!(out.last(), None | Some(b'/')) {
        out.push(b'/');
    }
}

fn append(out: &mut Vec<u8>, segment: &[u8]) {
    if !matches!(out.last(), None | Some(b'/')) {
        out.push(b'/');
    }
    out.extend_from_slice(segment);
}

/// Removes the last segment. Each byte is looked at once at most, for it goes: all of it is linear.
fn take_back(out: &mut Vec<u8>, kept: usize) {
    let slash = out[kept..].iter().rposition(|&byte| byte == b'/');
    out.truncate(kept + slash.unwrap_or(0));
}

/// An empty segment, or one that begins with a dot.
#[inline(always)]
fn reducible(one: u8, two: u8) -> u8 {
    is(one, b'/') | is(two, b'/').min(is(two, b'.'))
}

#[inline(always)]
fn backslash(byte: u8) -> u8 {
    is(byte, b'\\')
}
