//! Go templates in a test's `data`: what suites use of them, which is `{{ "x" | repeat 100 }}`.
//!
//! Literals, pipelines, `repeat` of Sprig, comments and the trim markers. Everything else is an error: go-ftw sends an empty
//! body where it cannot make out a template, and a test of an empty body tests nothing. Literal braces are `{{ "{{" }}`.

use std::mem;

/// Bytes that a template may grow to.
const BYTES_MAX: usize = 16 << 20;

/// A literal.
#[derive(Debug, Clone, PartialEq)]
enum Value {
    Text(String),
    Number(usize),
}

/// The text with its actions replaced by what they come to.
pub(crate) fn expand(text: &str) -> Result<String, String> {
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    let mut trimmed = false;
    while let Some((before, action)) = rest.split_once("{{") {
        let (action, after) = action.split_once("}}").ok_or("template action is not closed")?;
        let trim_before = action.strip_prefix("- ");
        let action = trim_before.unwrap_or(action);
        let trim_after = action.strip_suffix(" -");
        let before = if trimmed { before.trim_start() } else { before };
        expanded.push_str(if trim_before.is_some() { before.trim_end() } else { before });
        expanded.push_str(&evaluate(trim_after.unwrap_or(action))?);
        if expanded.len() > BYTES_MAX {
            return Err("template grows beyond 16 MiB".to_owned());
        }
        trimmed = trim_after.is_some();
        rest = after;
    }
    expanded.push_str(if trimmed { rest.trim_start() } else { rest });
    Ok(expanded)
}

/// What an action comes to.
fn evaluate(action: &str) -> Result<String, String> {
    if action.starts_with("/*") && action.ends_with("*/") {
        return Ok(String::new());
    }
    let mut value = None;
    for command in commands(action)? {
        value = Some(call(command, value)?);
    }
    match value.ok_or("template action is empty")? {
        Value::Text(text) => Ok(text),
        Value::Number(number) => Ok(number.to_string()),
    }
}

/// A command of a pipeline: the last argument of a function is what the command before it came to.
fn call(command: Vec<Word>, piped: Option<Value>) -> Result<Value, String> {
    let mut words = command.into_iter();
    let name = match words.next() {
        Some(Word::Literal(value)) if words.next().is_none() && piped.is_none() => {
            return Ok(value);
        }
        Some(Word::Name(name)) => name,
        _ => return Err("template command is neither a literal nor a function".to_owned()),
    };
    let mut arguments = Vec::new();
    for word in words {
        match word {
            Word::Literal(value) => arguments.push(value),
            Word::Name(name) => return Err(format!("template argument `{name}` is no literal")),
        }
    }
    arguments.extend(piped);
    match (name.as_str(), arguments.as_slice()) {
        ("repeat", [Value::Number(times), Value::Text(text)]) => repeat(*times, text),
        ("repeat", _) => Err("template function `repeat` takes a number and a text".to_owned()),
        _ => Err(format!("template function `{name}` is not known, only `repeat` is")),
    }
}

fn repeat(times: usize, text: &str) -> Result<Value, String> {
    if times.saturating_mul(text.len()) > BYTES_MAX {
        return Err("template grows beyond 16 MiB".to_owned());
    }
    Ok(Value::Text(text.repeat(times)))
}

/// A word of a command.
#[derive(Debug, PartialEq)]
enum Word {
    Literal(Value),
    Name(String),
}

/// The commands of a pipeline, each split into words.
fn commands(action: &str) -> Result<Vec<Vec<Word>>, String> {
    let mut commands = Vec::new();
    let mut command = Vec::new();
    let mut rest = action.trim_start();
    while let Some(first) = rest.chars().next() {
        match first {
            '|' => {
                commands.push(mem::take(&mut command));
                rest = &rest[1..];
            }
            '"' | '`' => {
                let (text, after) = quoted(rest, first)?;
                command.push(Word::Literal(Value::Text(text)));
                rest = after;
            }
            _ => {
                let end = rest.find([' ', '\t', '\r', '\n', '|', '"', '`']).unwrap_or(rest.len());
                let (word, after) = rest.split_at(end);
                command.push(match word.parse() {
                    Ok(number) => Word::Literal(Value::Number(number)),
                    Err(_) => Word::Name(word.to_owned()),
                });
                rest = after;
            }
        }
        rest = rest.trim_start();
    }
    commands.push(command);
    Ok(commands)
}

/// A quoted text at the start, and what follows it. Only `"` knows escapes.
fn quoted(text: &str, quote: char) -> Result<(String, &str), String> {
    let mut inner = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            _ if c == quote => return Ok((inner, text.get(at + 1..).unwrap_or_default())),
            '\\' if quote == '"' => match chars.next().map(|(_, c)| c) {
                Some('n') => inner.push('\n'),
                Some('r') => inner.push('\r'),
                Some('t') => inner.push('\t'),
                Some(c @ ('"' | '\\')) => inner.push(c),
                _ => return Err("template text holds an escape that is not known".to_owned()),
            },
            _ => inner.push(c),
        }
    }
    Err("template text is not closed".to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn actions_are_replaced() {
        for (text, expanded) in [
            ("", ""),
            ("a=1&b={2}", "a=1&b={2}"),
            (r#"a={{ "x" | repeat 3 }}&b"#, "a=xxx&b"),
            (r#"{{repeat 2 "ab"}}{{ "c" }}{{ 4 }}"#, "ababc4"),
            (r#"{{ `\n` | repeat 2 }}"#, r"\n\n"),
            (r#"{{ "\"\\\t|" }}"#, "\"\\\t|"),
            (r#"{{ "a" | repeat 2 | repeat 2 }}"#, "aaaa"),
            ("a \n{{- /* why */ -}} \n b", "ab"),
            ("a {{/* why */}} b", "a  b"),
            (r#"{{ "x" | repeat 0 }}"#, ""),
            (r#"{{ "{{" }}7*7}}"#, "{{7*7}}"),
        ] {
            assert_eq!(expand(text).as_deref(), Ok(expanded), "{text}");
        }
    }

    #[test]
    fn what_is_not_known_is_an_error() {
        for (text, says) in [
            ("{{7*7}}", "`7*7` is not known"),
            ("{{ env \"HOME\" }}", "`env` is not known"),
            ("{{ \"a\" | repeat }}", "takes a number"),
            ("{{ \"a\" | repeat x }}", "`x` is no literal"),
            ("{{ \"a\" \"b\" }}", "neither"),
            ("{{}}", "neither"),
            ("{{ \"a\" | \"b\" }}", "neither"),
            ("{{ \"a }}", "not closed"),
            ("a {{ b", "not closed"),
            ("{{ \"\\q\" }}", "escape"),
            ("{{ \"aa\" | repeat 99999999 }}", "16 MiB"),
            ("{{ \"aa\" | repeat 99999999999999999 }}", "16 MiB"),
        ] {
            let error = expand(text).unwrap_err();
            assert!(error.contains(says), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[ -~{}|\"`\\\\\n\u{e4}]{0,40}") {
            let _ = expand(&text);
        }

        #[test]
        fn text_without_actions_stays(text in "[^{]*") {
            prop_assert_eq!(expand(&text), Ok(text));
        }
    }
}
