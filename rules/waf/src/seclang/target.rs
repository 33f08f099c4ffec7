//! The list of variables of a rule: `ARGS|!ARGS:foo|&TX:bar|REQUEST_COOKIES:/^x-/|XML:/*`.
//!
//! Which variables exist, and which of them have members, is for the ruleset to say.

use super::{
    ast::{Modifier, Selector, Target, Text},
    placed::{Cursor, Placed, shown},
};
use crate::error::Problem;

/// Reads a list. `|` stands between variables; a comma means the same.
pub(super) fn targets(list: &Placed) -> Result<Vec<Target>, Problem> {
    let mut cursor = Cursor::new(list);
    let mut targets = Vec::new();
    loop {
        cursor.skip_space();
        targets.push(target(&mut cursor)?);
        cursor.skip_space();
        match cursor.peek() {
            None => return Ok(targets),
            Some(b'|' | b',') => cursor.skip(1),
            Some(found) => return Err(not_between(&cursor, found)),
        }
    }
}

fn target(cursor: &mut Cursor<'_>) -> Result<Target, Problem> {
    let place = cursor.place();
    let modifier = match cursor.peek() {
        Some(b'&') => Modifier::Count,
        Some(b'!') => Modifier::Exclude,
        _ => Modifier::Values,
    };
    cursor.skip(usize::from(modifier != Modifier::Values));
    let name = cursor.take_while(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if name.is_empty() {
        return Err(no_variable(cursor));
    }
    let name = String::from_utf8_lossy(cursor.bytes(name)).into_owned();
    let selector = match cursor.take(b':') {
        // What selects from XML is a path, though it begins with a slash as patterns do.
        true if name.eq_ignore_ascii_case("XML") => Some(Selector::Name(path(cursor)?)),
        true => Some(selector(cursor)?),
        false => None,
    };
    Ok(Target { place, modifier, name, selector })
}

/// What stands behind the colon: a name or a pattern, in single quotes or not.
fn selector(cursor: &mut Cursor<'_>) -> Result<Selector, Problem> {
    match cursor.peek() {
        Some(b'\'') => {
            let text = quoted(cursor)?;
            match text.bytes() {
                [b'/', _, .., b'/'] => pattern(&mut Cursor::new(&text), |behind| behind.is_none()),
                _ => Ok(Selector::Name(text.into_text())),
            }
        }
        Some(b'/') => pattern(cursor, |behind| behind.is_none_or(is_end)),
        _ => {
            let name = cursor.take_while(|byte| !is_end(byte));
            match name.is_empty() {
                true => Err(Problem::new(cursor.place(), 1, NOTHING_SELECTED)),
                false => Ok(Selector::Name(cursor.text(name))),
            }
        }
    }
}

/// A pattern between slashes. The last one has no backslash before it and the end behind it, so that a pattern may hold `|`,
/// commas and other slashes.
fn pattern(
    cursor: &mut Cursor<'_>,
    is_last: impl Fn(Option<u8>) -> bool,
) -> Result<Selector, Problem> {
    let place = cursor.place();
    cursor.skip(1);
    let mut text = Text { place: cursor.place(), bytes: Vec::new() };
    loop {
        let Some(part) = cursor.take_quoted(b'/') else {
            let note = "a name that begins with a slash is written in single quotes: ARGS:'/name'";
            return Err(Problem::new(place, 1, "this pattern is not closed").note(note));
        };
        text.bytes.extend_from_slice(part.bytes());
        if is_last(cursor.peek()) {
            break;
        }
        text.bytes.push(b'/');
    }
    match text.bytes.is_empty() {
        true => Err(Problem::new(place, 2, "this pattern is empty")),
        false => Ok(Selector::Pattern(text)),
    }
}

/// An XPath expression. Brackets, and quotes within them, may hold what would end it otherwise.
fn path(cursor: &mut Cursor<'_>) -> Result<Text, Problem> {
    if cursor.peek() == Some(b'\'') {
        return Ok(quoted(cursor)?.into_text());
    }
    let (start, place) = (cursor.at(), cursor.place());
    let mut depth = 0_usize;
    while let Some(byte) = cursor.peek().filter(|byte| depth > 0 || !is_end(*byte)) {
        cursor.skip(1);
        match byte {
            b'[' | b'(' => depth += 1,
            b']' | b')' => depth = depth.saturating_sub(1),
            b'\'' | b'"' if depth > 0 => {
                cursor.take_while(|inner| inner != byte);
                cursor.skip(1);
            }
            _ => {}
        }
    }
    if depth > 0 {
        let note = "a list of variables with spaces in it is written in double quotes";
        return Err(Problem::new(place, cursor.at() - start, "this path is not closed").note(note));
    }
    match cursor.at() == start {
        true => Err(Problem::new(place, 1, NOTHING_SELECTED)),
        false => Ok(cursor.text(start..cursor.at())),
    }
}

fn quoted(cursor: &mut Cursor<'_>) -> Result<Placed, Problem> {
    let place = cursor.place();
    cursor.skip(1);
    let text = cursor.take_quoted(b'\'');
    text.ok_or_else(|| Problem::new(place, 1, "this single quote is not closed"))
}

fn no_variable(cursor: &mut Cursor<'_>) -> Problem {
    let place = cursor.place();
    let found = cursor.take_while(|byte| !is_end(byte));
    match cursor.bytes(found) {
        b"" => Problem::new(place, 1, "a variable is missing here"),
        found => {
            let message = format!("expected a variable, found `{}`", shown(found));
            Problem::new(place, found.len(), message)
        }
    }
}

fn not_between(cursor: &Cursor<'_>, found: u8) -> Problem {
    let message = format!("expected `|` between variables, found `{}`", shown(cursor.rest()));
    let problem = Problem::new(cursor.place(), cursor.rest().len(), message);
    match found {
        b'.' => problem.note("what is wanted of a collection stands behind a colon: ARGS:name"),
        _ => problem,
    }
}

fn is_end(byte: u8) -> bool {
    byte == b'|' || byte == b',' || byte.is_ascii_whitespace()
}

const NOTHING_SELECTED: &str = "a name is missing behind the colon";
