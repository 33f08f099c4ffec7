//! A list of actions: `id:1,phase:2,msg:'a, b',setvar:tx.x=+1,chain`.
//!
//! Commas separate, but for those in single quotes around a value. Quotes elsewhere in a value are part of it. Which actions
//! exist, and what their values mean, is for the ruleset to say.

use std::ops::Range;

use super::{
    ast::{Action, Text},
    placed::{Cursor, Placed, shown},
};
use crate::error::Problem;

/// Reads a list.
pub(super) fn actions(list: &Placed) -> Result<Vec<Action>, Problem> {
    let mut cursor = Cursor::new(list);
    let mut actions = Vec::new();
    loop {
        cursor.skip_space();
        actions.push(action(&mut cursor)?);
        let directly = !cursor.peek().is_some_and(|byte| byte.is_ascii_whitespace());
        cursor.skip_space();
        match cursor.peek() {
            None => return Ok(actions),
            Some(b',') => cursor.skip(1),
            Some(_) => {
                let message = format!("expected a comma, found `{}`", shown(cursor.rest()));
                let note = directly.then(|| r"a quote within a value is written \'".to_owned());
                let problem = Problem::new(cursor.place(), cursor.rest().len(), message);
                return Err(problem.maybe_note(note));
            }
        }
    }
}

fn action(cursor: &mut Cursor<'_>) -> Result<Action, Problem> {
    let place = cursor.place();
    let name = cursor.take_while(|byte| !matches!(byte, b':' | b','));
    let (name, len) = (cursor.bytes(name.clone()).trim_ascii_end(), name.len());
    if name.is_empty() {
        return Err(Problem::new(place, 1, "an action is missing here"));
    }
    let letters = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    if !name.iter().all(letters) || (name.len() < len && cursor.peek() == Some(b':')) {
        let message = format!("`{}` is not the name of an action", shown(name));
        let note = match name {
            [b'#', ..] => "a comment has lines of its own, and none within a statement",
            _ if name.iter().any(u8::is_ascii_whitespace) => "actions are separated by commas",
            _ => "a value with commas is written in single quotes: name:'a, b'",
        };
        return Err(Problem::new(place, name.len(), message).note(note));
    }
    let name = String::from_utf8_lossy(name).into_owned();
    let argument = match cursor.take(b':') {
        true => Some(value(cursor, &name)?),
        false => None,
    };
    Ok(Action { place, name, argument })
}

fn value(cursor: &mut Cursor<'_>, name: &str) -> Result<Text, Problem> {
    cursor.skip_space();
    if cursor.peek() == Some(b'\'') {
        return quoted(cursor);
    }
    let value = cursor.take_while(|byte| byte != b',');
    let value = trimmed(cursor, value);
    match value.is_empty() {
        true => Err(Problem::new(cursor.place(), 1, format!("`{name}:` has no value"))),
        false => Ok(cursor.text(value)),
    }
}

/// A value in single quotes. A last value whose closing quote is missing is taken where it has no comma: it can only be read
/// in one way, and there are configurations in the field, Coraza's recommended one among them, that have one.
fn quoted(cursor: &mut Cursor<'_>) -> Result<Text, Problem> {
    let place = cursor.place();
    cursor.skip(1);
    let mut rest = cursor.clone();
    if let Some(text) = cursor.take_quoted(b'\'') {
        return Ok(text.into_text());
    }
    let value = rest.take_while(|byte| byte != b',');
    *cursor = rest;
    match cursor.peek() {
        None => Ok(cursor.text(trimmed(cursor, value))),
        Some(_) => Err(Problem::new(place, 1, "this single quote is not closed")),
    }
}

/// A range without the white space at its end.
fn trimmed(cursor: &Cursor<'_>, part: Range<usize>) -> Range<usize> {
    let len = cursor.bytes(part.clone()).trim_ascii_end().len();
    part.start..part.start + len
}
