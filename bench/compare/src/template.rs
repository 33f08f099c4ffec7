//! Templates of configurations: text with places for facts, and lines that are there for some facts only.
//!
//! `{{name}}` stands for a text. A line that is `{{#if name}}`, `{{#unless name}}` or `{{#each name}}` begins a part that ends
//! at the line `{{/}}`; within `each`, the facts of the item hide those around it. That is all: what a template cannot say is
//! decided where its facts are made. A name that is no fact is an error, never an empty text.

use std::collections::BTreeMap;

/// What a template may use, by name.
pub type Facts = BTreeMap<&'static str, Fact>;

/// One thing that a template may use.
#[derive(Debug, Clone, PartialEq)]
pub enum Fact {
    /// For `{{name}}`.
    Text(String),
    /// For `if` and `unless`.
    Flag(bool),
    /// For `each`.
    List(Vec<Facts>),
}

/// Why a template cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("template line {line}: {what}")]
pub struct Error {
    line: usize,
    what: String,
}

/// A text fact.
pub fn text(value: impl ToString) -> Fact {
    Fact::Text(value.to_string())
}

/// Fills a template in.
pub fn render(template: &str, facts: &Facts) -> Result<String, Error> {
    let lines: Vec<Line> = (1..).zip(template.lines()).collect();
    let mut output = String::new();
    part(&lines, &[facts], &mut output)?;
    Ok(output)
}

/// A line and its number.
type Line<'t> = (usize, &'t str);

/// Fills lines in; `scopes` are the facts, the innermost last.
fn part(lines: &[Line], scopes: &[&Facts], output: &mut String) -> Result<(), Error> {
    let mut rest = lines;
    while let Some((&(number, line), behind)) = rest.split_first() {
        let fail = |what: String| Error { line: number, what };
        let Some(control) = control(line) else {
            output.push_str(&fill(line, scopes).map_err(fail)?);
            output.push('\n');
            rest = behind;
            continue;
        };
        let len = length(behind).ok_or_else(|| fail(format!("\"{control}\" has no end")))?;
        let (inner, outer) = behind.split_at(len);
        for item in turns(control, scopes).map_err(fail)? {
            part(inner, &[scopes, &[item]].concat(), output)?;
        }
        rest = outer.get(1..).unwrap_or_default();
    }
    Ok(())
}

/// What a part is filled in with, each time; not at all if there is nothing.
fn turns<'f>(control: &str, scopes: &[&'f Facts]) -> Result<Vec<&'f Facts>, String> {
    static NOTHING_MORE: Facts = Facts::new();
    let (kind, name) = control.split_once(' ').unwrap_or((control, ""));
    match (kind, find(name, scopes)?) {
        ("if", Fact::Flag(true)) | ("unless", Fact::Flag(false)) => Ok(vec![&NOTHING_MORE]),
        ("if" | "unless", Fact::Flag(_)) => Ok(Vec::new()),
        ("each", Fact::List(items)) => Ok(items.iter().collect()),
        _ => Err(format!("\"{control}\" does not fit its fact")),
    }
}

/// What a control line says.
fn control(line: &str) -> Option<&str> {
    line.trim().strip_prefix("{{#")?.strip_suffix("}}")
}

/// Lines up to the end of the part that they are in.
fn length(lines: &[Line]) -> Option<usize> {
    let mut depth = 0;
    lines.iter().position(|(_, line)| {
        let end = line.trim() == "{{/}}";
        match (end, depth) {
            (true, 0) => return true,
            (true, _) => depth -= 1,
            _ => depth += usize::from(control(line).is_some()),
        }
        false
    })
}

/// Puts texts into a line.
fn fill(line: &str, scopes: &[&Facts]) -> Result<String, String> {
    let mut output = String::new();
    let mut rest = line;
    while let Some((before, behind)) = rest.split_once("{{") {
        let (name, behind) = behind.split_once("}}").ok_or("\"{{\" without \"}}\"")?;
        let Fact::Text(text) = find(name, scopes)? else {
            return Err(format!("\"{name}\" is no text"));
        };
        output.push_str(before);
        output.push_str(text);
        rest = behind;
    }
    output.push_str(rest);
    Ok(output)
}

fn find<'f>(name: &str, scopes: &[&'f Facts]) -> Result<&'f Fact, String> {
    let found = scopes.iter().rev().find_map(|facts| facts.get(name));
    found.ok_or_else(|| format!("there is no fact \"{name}\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> Facts {
        let server = |port: u16, big| Facts::from([("port", text(port)), ("big", Fact::Flag(big))]);
        Facts::from([
            ("name", text("edge")),
            ("on", Fact::Flag(true)),
            ("servers", Fact::List(vec![server(1, false), server(2, true)])),
        ])
    }

    #[test]
    fn texts_parts_and_lists_are_filled_in() {
        let template = "a {{name}} {{name}}\n{{#if on}}\n  yes\n{{/}}\n{{#unless on}}\nno\n{{/}}\n{{#each servers}}\n\
            {{name}}:{{port}}\n  {{#if big}}\nbig\n  {{/}}\n{{/}}\nend";
        let expected = "a edge edge\n  yes\nedge:1\nedge:2\nbig\nend\n";
        assert_eq!(render(template, &facts()).unwrap(), expected);
    }

    #[test]
    fn mistakes_are_named_with_their_line() {
        for (template, expected) in [
            ("x\n{{nam}}", "template line 2: there is no fact \"nam\""),
            ("{{name", "template line 1: \"{{\" without \"}}\""),
            ("{{on}}", "template line 1: \"on\" is no text"),
            ("{{#if on}}\nx", "template line 1: \"if on\" has no end"),
            ("{{#if name}}\n{{/}}", "template line 1: \"if name\" does not fit its fact"),
            ("{{#each on}}\n{{/}}", "template line 1: \"each on\" does not fit its fact"),
            ("{{#each servers}}\n\n{{x}}\n{{/}}", "template line 3: there is no fact \"x\""),
        ] {
            assert_eq!(render(template, &facts()).unwrap_err().to_string(), expected);
        }
    }
}
