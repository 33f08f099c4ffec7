//! `setvar`: members of `TX` and of persistent collections, set, counted and removed.

use crate::{
    error::Problem,
    macros::{self, Macro},
    number,
    seclang::ast::Text,
    state::tx::{Name, Names},
    variable::Persistent,
};

/// One `setvar`.
#[derive(Debug)]
pub struct SetVar {
    /// What is set.
    pub destination: Destination,
    /// To what.
    pub change: Change,
    /// Whether this is a score: what it adds is told with the match.
    pub scores: bool,
}

/// A member of a collection.
#[derive(Debug)]
pub enum Destination {
    /// Of `TX`, by a name that is written out.
    Tx(Name),
    /// Of `TX`, by a name with macros.
    MadeTx(Macro),
    /// Of a persistent collection.
    Persistent(Persistent, Macro),
    /// Of the environment.
    Env(Macro),
}

/// What happens to a member.
#[derive(Debug)]
pub enum Change {
    /// It gets this value.
    Set(Macro),
    /// It gets this number.
    SetNumber(i64),
    /// This is added to it, or taken away where the factor is -1.
    Add(i64, Macro),
    /// It is gone.
    Unset,
}

impl SetVar {
    /// Compiles the argument of `setvar`: `tx.name=value`, `tx.name=+1`, `tx.name=-1`, `tx.name`, `!tx.name`.
    ///
    /// # Errors
    ///
    /// No such collection, no name, a macro that names no variable.
    pub fn compile(argument: &Text, names: &mut Names) -> Result<Self, Problem> {
        let unset = argument.bytes.first() == Some(&b'!');
        let text = part(argument, usize::from(unset), argument.bytes.len());
        let equals = equals(&text.bytes);
        let end = equals.unwrap_or(text.bytes.len());
        let destination = Destination::compile(&part(&text, 0, end), names)?;
        let scores = text.bytes[..end].to_ascii_lowercase();
        let scores = memchr::memmem::find(&scores, b"anomaly_score").is_some();
        let change = match equals {
            _ if unset => Change::Unset,
            None => Change::SetNumber(1),
            Some(at) => change(&part(&text, at + 1, text.bytes.len()), names)?,
        };
        Ok(Self { destination, change, scores })
    }
}

/// The first `=` outside of a macro.
fn equals(text: &[u8]) -> Option<usize> {
    let mut depth = 0_u32;
    text.iter().position(|byte| {
        match byte {
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        *byte == b'=' && depth == 0
    })
}

fn change(value: &Text, names: &mut Names) -> Result<Change, Problem> {
    let whole = value.bytes.len();
    Ok(match value.bytes.first() {
        Some(b'+') => Change::Add(1, Macro::compile(&part(value, 1, whole), names)?),
        Some(b'-') => Change::Add(-1, Macro::compile(&part(value, 1, whole), names)?),
        _ => {
            let number = number::parse(&value.bytes);
            let plain = number::Decimal::from(number).as_bytes() == value.bytes;
            if plain && !macros::has_macro(&value.bytes) {
                Change::SetNumber(number)
            } else {
                Change::Set(Macro::compile(value, names)?)
            }
        }
    })
}

impl Destination {
    /// Compiles `collection.name`.
    ///
    /// # Errors
    ///
    /// No such collection, or no name.
    pub fn compile(text: &Text, names: &mut Names) -> Result<Self, Problem> {
        let dot = text.bytes.iter().position(|byte| matches!(byte, b'.' | b':'));
        let Some(dot) = dot.filter(|dot| dot + 1 < text.bytes.len()) else {
            return Err(Problem::with(text, "no member of a collection, as in `tx.name`"));
        };
        let collection = String::from_utf8_lossy(&text.bytes[..dot]).to_ascii_lowercase();
        let name = part(text, dot + 1, text.bytes.len());
        match collection.as_str() {
            "tx" if macros::has_macro(&name.bytes) => {
                Ok(Self::MadeTx(Macro::compile(&name, names)?))
            }
            "tx" => Ok(Self::Tx(names.name(&name.bytes))),
            "env" => Ok(Self::Env(Macro::compile(&name, names)?)),
            collection => match Persistent::from_name(collection) {
                Some(collection) => Ok(Self::Persistent(collection, Macro::compile(&name, names)?)),
                None => Err(Problem::new(
                    text.place,
                    dot,
                    format!("rules cannot set members of `{collection}`"),
                )
                .note("they can of tx, global, ip, resource, session and user")),
            },
        }
    }
}

/// A part of a text, with its place.
pub fn part(text: &Text, begin: usize, end: usize) -> Text {
    let mut place = text.place;
    place.column += begin as u32;
    Text { place, bytes: text.bytes.get(begin..end).unwrap_or_default().to_vec() }
}
