//! One value against its schema: type, range, length, form. Problems have no path yet; the walk adds it.

use serde_json::Value as Json;

use super::suggest::closest;
use crate::config::{
    diagnostic::Problem,
    document::{KeyPath, Node, Value},
    units,
};

/// Whether a value is of a type that the schema allows.
pub(super) fn has_type(schema: &Json, node: &Node) -> bool {
    let types = types(schema);
    let is = |name: &str| match &node.value {
        Value::String(_) => name == "string",
        Value::Integer(_) => name == "integer" || name == "number",
        Value::Float(_) => name == "number",
        Value::Boolean(_) => name == "boolean",
        Value::Datetime(_) => false,
        Value::Array(_) => name == "array",
        Value::Table(_) => name == "object",
    };
    types.is_empty() || types.into_iter().any(is)
}

/// The problem of a value of the wrong type, with the right form where one follows from the wrong.
pub(super) fn wrong_type(schema: &Json, node: &Node) -> Option<Problem> {
    let types = types(schema);
    let expected: Vec<&str> = types.iter().filter_map(|name| type_words(name)).collect();
    let found = describe(node);
    let message = format!("expected {}, found {found}", one_of(&expected));
    let help = match (&node.value, types.first()) {
        (Value::Array(_) | Value::Table(_), _) => None,
        (_, Some(&"array")) => Some(format!("write [{}]", node.to_toml())),
        (Value::String(text), Some(&"integer" | &"number")) if text.parse::<f64>().is_ok() => {
            Some(format!("write {text} without quotes"))
        }
        (Value::String(text), Some(&"boolean")) if text == "true" || text == "false" => {
            Some(format!("write {text} without quotes"))
        }
        (_, Some(&"string")) => Some(string_help(schema, node)),
        _ => None,
    };
    Some(problem(message).maybe_help(help))
}

/// Range, length, form and allowed words of a value that is neither table nor array and has the right type.
pub(super) fn check(schema: &Json, node: &Node) -> Option<Problem> {
    if let Some(wrong) = check_words(&[schema], node) {
        return Some(wrong);
    }
    match &node.value {
        Value::String(text) => check_string(schema, text),
        Value::Integer(number) => check_number(schema, *number as f64, node),
        Value::Float(number) => check_number(schema, *number, node),
        _ => None,
    }
}

/// A text where only certain words may stand (`const` and `enum`). `None` also if other texts are allowed too.
pub(super) fn check_words(options: &[&Json], node: &Node) -> Option<Problem> {
    let text = node.as_str()?;
    let (mut words, mut tables) = (Vec::new(), Vec::new());
    for option in options {
        match words_of(option) {
            Some(allowed) => words.extend(allowed),
            None if has_type(option, node) => return None,
            None => tables.extend(table_form(option)),
        }
    }
    if words.is_empty() || words.contains(&text) {
        return None;
    }
    let help = closest(text, words.iter().copied()).map(|word| format!("did you mean \"{word}\"?"));
    let words = words.iter().map(|word| format!("\"{word}\"")).chain(tables);
    let words: Vec<String> = words.collect();
    Some(problem(format!("expected {}, found \"{text}\"", one_of(&words))).maybe_help(help))
}

/// Number of entries of an array.
pub(super) fn check_length(schema: &Json, len: usize) -> Option<Problem> {
    let bound = |name| schema.get(name).and_then(Json::as_u64);
    let len = len as u64;
    if let Some(min) = bound("minItems").filter(|min| len < *min) {
        let entries = if min == 1 { "entry" } else { "entries" };
        return Some(problem(format!("expected at least {min} {entries}, found {len}")));
    }
    let max = bound("maxItems").filter(|max| len > *max)?;
    Some(problem(format!("expected at most {max} entries, found {len}")))
}

/// The problem of a value that is of no type that any alternative allows.
pub(super) fn no_alternative(options: &[&Json], node: &Node) -> Problem {
    let forms: Vec<String> = options.iter().flat_map(|option| forms_of(option)).collect();
    // Where only a table may stand, a text may be a secret that should have been a reference.
    let tables = options.iter().all(|option| types(option) == ["object"]);
    let found = if tables { node.value.kind().to_owned() } else { describe(node) };
    problem(format!("expected {}, found {found}", one_of(&forms)))
}

/// What a schema allows, as an operator would write it.
fn forms_of(schema: &Json) -> Vec<String> {
    let words = words_of(schema).into_iter().flatten().map(|word| format!("\"{word}\""));
    let forms: Vec<String> = words.chain(table_form(schema)).collect();
    if !forms.is_empty() {
        return forms;
    }
    let keys = schema.get("properties").and_then(Json::as_object);
    match keys.map(|keys| keys.keys().map(String::as_str).collect::<Vec<_>>()) {
        Some(keys) => vec![format!("a table with {}", keys.join(", "))],
        None => types(schema).into_iter().filter_map(type_words).map(str::to_owned).collect(),
    }
}

fn check_string(schema: &Json, text: &str) -> Option<Problem> {
    let word = |name| schema.get(name).and_then(Json::as_str);
    let bound = |name| schema.get(name).and_then(Json::as_u64);
    let len = text.chars().count() as u64;
    if let Some(wrong) = word("format").and_then(|form| units::check_format(form, text).err()) {
        return Some(problem(wrong));
    }
    if let Some(min) = bound("minLength").filter(|min| len < *min) {
        return Some(problem(format!("expected at least {min} characters, found {len}")));
    }
    if let Some(max) = bound("maxLength").filter(|max| len > *max) {
        return Some(problem(format!("expected at most {max} characters, found {len}")));
    }
    let pattern = word("pattern")?;
    let matches = regex::Regex::new(pattern).is_ok_and(|regex| regex.is_match(text));
    (!matches).then(|| match pattern {
        "^/" => problem(format!("expected a path that starts with \"/\", found \"{text}\"")),
        _ => problem(format!("expected a text that matches {pattern}, found \"{text}\"")),
    })
}

fn check_number(schema: &Json, number: f64, node: &Node) -> Option<Problem> {
    let bound = |name| schema.get(name).and_then(Json::as_f64);
    let max = bound("maximum").or_else(|| match schema.get("format")?.as_str()? {
        "uint8" => Some(f64::from(u8::MAX)),
        "uint16" => Some(f64::from(u16::MAX)),
        "uint32" => Some(f64::from(u32::MAX)),
        _ => None,
    });
    let min = bound("minimum").unwrap_or(f64::NEG_INFINITY);
    // Written so that NaN is out of range.
    if !(number >= min && number <= max.unwrap_or(f64::INFINITY)) {
        let range = match max {
            Some(max) if max == min => format!("{max}"),
            Some(max) => format!("a number from {min} to {max}"),
            None => format!("a number from {min} up"),
        };
        return Some(problem(format!("expected {range}, found {}", node.to_toml())));
    }
    let percent = schema.get("format").and_then(Json::as_str) == Some("percent");
    let refused = percent.then(|| units::Percent::try_from(number).err()).flatten();
    refused.map(problem)
}

/// `a, b or c`.
fn one_of<S: AsRef<str>>(forms: &[S]) -> String {
    let forms: Vec<&str> = forms.iter().map(AsRef::as_ref).collect();
    match forms.as_slice() {
        [first @ .., last] if !first.is_empty() => format!("{} or {last}", first.join(", ")),
        _ => forms.join(""),
    }
}

/// How a string would have to look where something else stands.
fn string_help(schema: &Json, node: &Node) -> String {
    let format = schema.get("format").and_then(Json::as_str).unwrap_or_default();
    // The refusal of a text names the form: `expected a duration such as "5s", found ""`.
    match units::check_format(format, "") {
        Err(form) => form.rsplit_once(", found").map_or(form.clone(), |(form, _)| form.to_owned()),
        Ok(()) => format!("write \"{}\"", node.to_toml()),
    }
}

/// The texts that a schema allows, if it allows certain ones only.
fn words_of(schema: &Json) -> Option<Vec<&str>> {
    if let Some(word) = schema.get("const") {
        return Some(word.as_str().into_iter().collect());
    }
    Some(schema.get("enum")?.as_array()?.iter().filter_map(Json::as_str).collect())
}

/// `{ hash = ... }` for the schema of a table with required keys.
fn table_form(schema: &Json) -> Option<String> {
    let required = schema.get("required")?.as_array()?;
    let keys: Vec<String> =
        required.iter().filter_map(Json::as_str).map(|key| format!("{key} = ...")).collect();
    Some(format!("{{ {} }}", keys.join(", ")))
}

fn types(schema: &Json) -> Vec<&str> {
    match schema.get("type") {
        Some(Json::String(name)) => vec![name],
        Some(Json::Array(names)) => names.iter().filter_map(Json::as_str).collect(),
        _ => Vec::new(),
    }
}

/// A type of JSON Schema in TOML's words. Null has none.
fn type_words(name: &str) -> Option<&'static str> {
    match name {
        "string" => Some("a string"),
        "integer" => Some("an integer"),
        "number" => Some("a number"),
        "boolean" => Some("a boolean"),
        "array" => Some("an array"),
        "object" => Some("a table"),
        _ => None,
    }
}

/// What stands there: its type, and the value itself where it is short.
fn describe(node: &Node) -> String {
    let kind = node.value.kind();
    match &node.value {
        Value::Array(_) | Value::Table(_) => kind.to_owned(),
        _ => {
            let text = node.to_toml().to_string();
            if text.chars().count() > 40 { kind.to_owned() } else { format!("{kind}: {text}") }
        }
    }
}

fn problem(message: String) -> Problem {
    Problem::at(KeyPath::root(), message)
}
