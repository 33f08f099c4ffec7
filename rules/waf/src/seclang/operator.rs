//! The operator of a rule: `@rx a`, `!@pm a b`, or a bare pattern, which is for `@rx`.
//!
//! White space is skipped before the operator, behind `!` and behind the name. White space at the end belongs to the argument,
//! as in ModSecurity: patterns end in spaces that count. Which operators exist is for the ruleset to say.

use super::{
    ast::Operator,
    placed::{Cursor, Placed, shown},
};
use crate::error::Problem;

/// Reads an operator.
pub(super) fn operator(text: &Placed) -> Result<Operator, Problem> {
    let mut cursor = Cursor::new(text);
    cursor.skip_space();
    let place = cursor.place();
    let negated = cursor.take(b'!');
    cursor.skip_space();
    let name = match cursor.peek() {
        Some(b'@') => name(&mut cursor)?,
        _ => "rx".to_owned(),
    };
    let argument = cursor.text(cursor.at()..text.bytes().len());
    Ok(Operator { place, negated, name, argument })
}

fn name(cursor: &mut Cursor<'_>) -> Result<String, Problem> {
    let place = cursor.place();
    cursor.skip(1);
    let name = cursor.bytes(cursor.clone().take_while(|byte| !byte.is_ascii_whitespace()));
    cursor.skip(name.len());
    cursor.skip_space();
    let note = "a pattern that begins with @ is written @rx @...";
    match name {
        b"" => {
            Err(Problem::new(place, 1, "the name of an operator is missing behind @").note(note))
        }
        _ if name.iter().all(u8::is_ascii_alphanumeric) => {
            Ok(String::from_utf8_lossy(name).into_owned())
        }
        _ => {
            let message = format!("`@{}` is not the name of an operator", shown(name));
            Err(Problem::new(place, name.len() + 1, message).note(note))
        }
    }
}
