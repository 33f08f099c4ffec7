//! Which rules a directive is about: ids, ranges of ids, and a link of a chain.

use super::{
    placed::{Cursor, shown},
    words::Word,
};
use crate::error::Problem;

/// Ids and inclusive ranges, separated by commas or white space: `1,3-5 7`.
pub(super) fn ids(word: &Word) -> Result<Vec<(u64, u64)>, Problem> {
    let mut cursor = Cursor::new(&word.text);
    let mut found = Vec::new();
    loop {
        cursor.take_while(is_between);
        let place = cursor.place();
        let part = cursor.take_while(|byte| !is_between(byte));
        match cursor.bytes(part) {
            b"" => break,
            written => {
                let wrong = |message| Problem::new(place, written.len(), message);
                found.push(range(written).map_err(wrong)?);
            }
        }
    }
    match found.is_empty() {
        true => Err(word.problem("the id of a rule is missing")),
        false => Ok(found),
    }
}

/// An id, and behind a colon which link of the rule's chain, 0 the head.
pub(super) fn link(word: &Word) -> Result<(u64, usize), Problem> {
    let written = word.text.bytes();
    let (id, link) = match halves(written, b':') {
        Some((id, link)) => (number(id), number(link)),
        None => (number(written), Some(0)),
    };
    match (id, link.map(usize::try_from)) {
        (Some(id), Some(Ok(link))) => Ok((id, link)),
        _ => {
            let written = shown(written);
            Err(word.problem(format!("expected the id of a rule, or id:link, found `{written}`")))
        }
    }
}

/// A decimal number, digits only.
pub(super) fn number(digits: &[u8]) -> Option<u64> {
    let digits = Some(digits).filter(|digits| digits.iter().all(u8::is_ascii_digit))?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn range(written: &[u8]) -> Result<(u64, u64), String> {
    let (first, last) = halves(written, b'-').unwrap_or((written, written));
    match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => Ok((first, last)),
        (Some(first), Some(last)) => Err(format!("{first} is greater than {last}")),
        _ => Err(format!("expected the id of a rule or a range, found `{}`", shown(written))),
    }
}

fn halves(written: &[u8], between: u8) -> Option<(&[u8], &[u8])> {
    let at = memchr::memchr(between, written)?;
    Some((written.get(..at)?, written.get(at + 1..)?))
}

fn is_between(byte: u8) -> bool {
    byte == b',' || byte.is_ascii_whitespace()
}
