//! Comments: `replaceComments`, `removeComments`, `removeCommentsChar`.

use super::scan::{any, any_pair, find_pair, is};

/// `replaceComments`: each `/* ... */` becomes one space, also one that is not closed; a `*/` alone stays.
///
/// ```text
/// SecRule ARGS "@rx union\s+select" "id:1,phase:2,deny,t:none,t:lowercase,t:replaceComments"
/// ```
pub(super) fn replace(input: &[u8], out: &mut Vec<u8>) -> bool {
    let Some(mut start) = find_pair(input, opener) else { return false };
    out.clear();
    out.reserve(input.len());
    let mut rest = input;
    loop {
        out.extend_from_slice(&rest[..start]);
        out.push(b' ');
        let inside = &rest[start + 2..];
        let Some(end) = find_pair(inside, closer) else { return true };
        rest = &inside[end + 2..];
        let Some(next) = find_pair(rest, opener) else { break };
        start = next;
    }
    out.extend_from_slice(rest);
    true
}

/// `removeComments`: `/* ... */` and `<!-- ... -->` go, each closed by whichever end comes first; one that is not closed
/// becomes a space. From `--` or `#` on everything goes.
///
/// ModSecurity and Coraza copy the byte after a comment unseen, so that a second comment directly after one is
/// overlooked, and a NUL appears for a comment at the end. That is a fault, and not repeated here.
///
/// ```text
/// SecRule ARGS "@rx ^\s*$" "id:1,phase:2,deny,t:none,t:removeComments"
/// ```
pub(super) fn remove(input: &[u8], out: &mut Vec<u8>) -> bool {
    if !any(input, in_mark) || !(any(input, hash) || any_pair(input, begins)) {
        return false;
    }
    out.clear();
    out.reserve(input.len());
    let mut rest = input;
    loop {
        rest = match rest {
            [b'/', b'*', inside @ ..] | [b'<', b'!', b'-', b'-', inside @ ..] => {
                let Some(after) = after_comment(inside) else {
                    out.push(b' ');
                    return true;
                };
                after
            }
            [] | [b'-', b'-', ..] | [b'#', ..] => return true,
            [byte, after @ ..] => {
                out.push(*byte);
                after
            }
        };
    }
}

/// `removeCommentsChar`: the marks `/*`, `*/`, `<!--`, `-->`, `--` and `#` go, and what they enclose stays. Nothing that
/// only then comes together is taken for a mark.
///
/// ```text
/// SecRule ARGS "@contains union select" "id:1,phase:2,deny,t:none,t:removeCommentsChar"
/// ```
pub(super) fn remove_marks(input: &[u8], out: &mut Vec<u8>) -> bool {
    if !any(input, in_mark) || !(any(input, hash) || any_pair(input, is_mark)) {
        return false;
    }
    out.clear();
    out.reserve(input.len());
    let mut rest = input;
    loop {
        rest = match rest {
            [b'<', b'!', b'-', b'-', after @ ..]
            | [b'-', b'-', b'>', after @ ..]
            | [b'-', b'-', after @ ..]
            | [b'/', b'*', after @ ..]
            | [b'*', b'/', after @ ..]
            | [b'#', after @ ..] => after,
            [byte, after @ ..] => {
                out.push(*byte);
                after
            }
            [] => return true,
        };
    }
}

#[inline(always)]
fn opener(one: u8, two: u8) -> u8 {
    is(one, b'/') | is(two, b'*')
}

#[inline(always)]
fn closer(one: u8, two: u8) -> u8 {
    is(one, b'*') | is(two, b'/')
}

#[inline(always)]
fn dashes(one: u8, two: u8) -> u8 {
    is(one, b'-') | is(two, b'-')
}

/// What each of the marks has a byte of: a scan that is cheaper than one for pairs, and enough for most values.
#[inline(always)]
fn in_mark(byte: u8) -> u8 {
    is(byte, b'*').min(is(byte, b'-')).min(hash(byte))
}

#[inline(always)]
fn hash(byte: u8) -> u8 {
    is(byte, b'#')
}

#[inline(always)]
fn begins(one: u8, two: u8) -> u8 {
    opener(one, two).min(dashes(one, two))
}

#[inline(always)]
fn is_mark(one: u8, two: u8) -> u8 {
    begins(one, two).min(closer(one, two))
}

#[inline(always)]
fn closes(one: u8, two: u8) -> u8 {
    closer(one, two).min(dashes(one, two))
}

/// What follows the end of a comment, given its inside.
fn after_comment(mut inside: &[u8]) -> Option<&[u8]> {
    loop {
        let place = find_pair(inside, closes)?;
        inside = match &inside[place..] {
            [b'*', b'/', after @ ..] | [b'-', b'-', b'>', after @ ..] => return Some(after),
            [_, after @ ..] => after,
            [] => return None,
        };
    }
}
