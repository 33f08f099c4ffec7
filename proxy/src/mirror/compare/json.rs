//! How two JSON documents differ, by structure and value.
//!
//! Members are compared by name and items by position; numbers by value, as far as doubles go. Time is linear in the two
//! documents but for the look-up of names, whatever they hold, and the findings are bounded. An array in another order is
//! not looked for: that is a difference.

use std::collections::HashSet;

use serde_json::{Map, Number, Value};

use super::path::{Ignore, Position, Way};

/// How a place differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Change {
    /// The primary has it, the shadow has not.
    Missing,
    /// The shadow has it, the primary has not.
    Extra,
    /// Of another type.
    Type,
    /// Of another value.
    Value,
}

/// A place that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Where: `$.items[].price`.
    pub place: String,
    /// How.
    pub change: Change,
    /// The first value there of the primary, in short; none where it is missing.
    pub primary: Option<String>,
    /// Likewise of the shadow.
    pub shadow: Option<String>,
}

/// Which document is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreadable {
    /// The primary's.
    Primary,
    /// The shadow's.
    Shadow,
    /// Both.
    Both,
}

/// Places that differ in one comparison; what is beyond is not told.
const FOUND_MAX: usize = 64;

/// Bytes of a value that are shown.
const SHOWN_BYTES_MAX: usize = 64;

impl Change {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Extra => "extra",
            Self::Type => "type",
            Self::Value => "value",
        }
    }
}

/// Compares two documents. `is_secret` knows the names of members whose values are not shown.
///
/// # Errors
/// One of them is no JSON, or nested deeper than 127 levels.
pub fn diff(
    primary: &[u8],
    shadow: &[u8],
    ignore: &Ignore,
    is_secret: fn(&[u8]) -> bool,
) -> Result<Vec<Found>, Unreadable> {
    let read = serde_json::from_slice::<Value>;
    let (primary, shadow) = match (read(primary), read(shadow)) {
        (Ok(primary), Ok(shadow)) => (primary, shadow),
        (Ok(_), Err(_)) => return Err(Unreadable::Shadow),
        (Err(_), Ok(_)) => return Err(Unreadable::Primary),
        (Err(_), Err(_)) => return Err(Unreadable::Both),
    };
    let mut diff =
        Diff { ignore, is_secret, way: Way::default(), seen: HashSet::new(), found: Vec::new() };
    diff.values(&primary, &shadow, &ignore.start());
    Ok(diff.found)
}

struct Diff<'v> {
    ignore: &'v Ignore,
    is_secret: fn(&[u8]) -> bool,
    way: Way<'v>,
    seen: HashSet<(u64, Change)>,
    found: Vec<Found>,
}

impl<'v> Diff<'v> {
    fn values(&mut self, primary: &'v Value, shadow: &'v Value, at: &Position) {
        if at.ignored {
            return;
        }
        match (primary, shadow) {
            (Value::Object(primary), Value::Object(shadow)) => self.members(primary, shadow, at),
            (Value::Array(primary), Value::Array(shadow)) => self.items(primary, shadow, at),
            (Value::Number(a), Value::Number(b)) if equal(a, b) => {}
            _ if kind(primary) != kind(shadow) => {
                self.report(Change::Type, Some(primary), Some(shadow));
            }
            _ if primary != shadow => self.report(Change::Value, Some(primary), Some(shadow)),
            _ => {}
        }
    }

    fn members(
        &mut self,
        primary: &'v Map<String, Value>,
        shadow: &'v Map<String, Value>,
        at: &Position,
    ) {
        for (name, value) in primary {
            let at = at.member(self.ignore, name);
            self.way.enter_member(name);
            match shadow.get(name) {
                Some(other) => self.values(value, other, &at),
                None if at.ignored => {}
                None => self.report(Change::Missing, Some(value), None),
            }
            self.way.back();
        }
        for (name, value) in shadow.iter().filter(|(name, _)| !primary.contains_key(*name)) {
            if !at.member(self.ignore, name).ignored {
                self.way.enter_member(name);
                self.report(Change::Extra, None, Some(value));
                self.way.back();
            }
        }
    }

    fn items(&mut self, primary: &'v [Value], shadow: &'v [Value], at: &Position) {
        let at = at.item(self.ignore);
        if at.ignored {
            return;
        }
        self.way.enter_item();
        for (value, other) in primary.iter().zip(shadow) {
            self.values(value, other, &at);
        }
        if let Some(value) = primary.get(shadow.len()) {
            self.report(Change::Missing, Some(value), None);
        } else if let Some(value) = shadow.get(primary.len()) {
            self.report(Change::Extra, None, Some(value));
        }
        self.way.back();
    }

    fn report(&mut self, change: Change, primary: Option<&Value>, shadow: Option<&Value>) {
        if self.found.len() >= FOUND_MAX || !self.seen.insert((self.way.hash(), change)) {
            return;
        }
        let secret = self.way.names().any(|name| (self.is_secret)(name.as_bytes()));
        let show = |value: &Value| if secret { HIDDEN.to_owned() } else { shown(value) };
        self.found.push(Found {
            place: self.way.text(),
            change,
            primary: primary.map(show),
            shadow: shadow.map(show),
        });
    }
}

/// What stands in the place of a secret.
const HIDDEN: &str = "[redacted]";

/// 1 and 1.0 and 1e0 are one number.
fn equal(a: &Number, b: &Number) -> bool {
    a == b || !(is_integer(a) && is_integer(b)) && a.as_f64() == b.as_f64()
}

fn is_integer(number: &Number) -> bool {
    number.is_i64() || number.is_u64()
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// A value in short: structures by their size, so that nothing within them is shown that should not be.
fn shown(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("array of {}", items.len()),
        Value::Object(members) => format!("object of {}", members.len()),
        Value::String(text) => {
            let end = text.floor_char_boundary(SHOWN_BYTES_MAX);
            let short = text.get(..end).unwrap_or_default();
            let cut = if end < text.len() { "..." } else { "" };
            format!("{}{cut}", Value::from(short))
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests;
