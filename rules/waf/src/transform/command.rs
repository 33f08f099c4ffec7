//! Command lines: `cmdLine`.

use super::scan::{any_pair, is, within};

/// `cmdLine`: undoes what shells of Unix and Windows let pass within a command.
///
/// - `\ " ' ^` go;
/// - runs of space, `\t \r \n`, `,` and `;` become one space, which goes before `/` and `(`;
/// - letters become small.
///
/// Bytes after a NUL are treated like all others; ModSecurity 2 drops them.
///
/// ```text
/// SecRule ARGS "@rx \bcmd(?:\.exe)?/c" "id:1,phase:2,deny,t:none,t:cmdLine"
/// ```
pub(super) fn command_line(input: &[u8], out: &mut Vec<u8>) -> bool {
    let first = input.first().is_some_and(|&first| changed(first) == 0);
    if !first && !any_pair(input, changed_pair) {
        return false;
    }
    out.clear();
    out.reserve(input.len());
    for &byte in input {
        match byte {
            b'\\' | b'"' | b'\'' | b'^' => {}
            b' ' | b'\t' | b'\r' | b'\n' | b',' | b';' => {
                if out.last() != Some(&b' ') {
                    out.push(b' ');
                }
            }
            b'/' | b'(' => {
                out.pop_if(|before| *before == b' ');
                out.push(byte);
            }
            _ => out.push(byte.to_ascii_lowercase()),
        }
    }
    true
}

/// Bytes that never stay: all but the space, whose neighbour decides.
#[inline(always)]
fn changed(byte: u8) -> u8 {
    let upper = within(byte, b'A', b'Z');
    let quote = is(byte & !2, b'\\').min(is(byte, b'"')).min(is(byte, b'\''));
    let space = within(byte, b'\t', b'\n').min(is(byte, b'\r'));
    upper.min(quote).min(space).min(is(byte, b',')).min(is(byte, b';'))
}

/// The first byte is to be looked at apart.
#[inline(always)]
fn changed_pair(one: u8, two: u8) -> u8 {
    let space = is(two, b' ').min(is(two, b'/')).min(is(two, b'('));
    changed(two).min(is(one, b' ') | space)
}
