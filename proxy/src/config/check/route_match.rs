//! The conditions of a route: paths, hosts, methods, header fields, query parameters.

use std::collections::BTreeSet;

use super::{Found, KeyPath, Problem, headers, host};
use crate::config::{Match, StringMatch};

pub(super) fn check(at: &KeyPath, conditions: &Match, found: &mut Found) {
    if let Some(name) = &conditions.host
        && let Err(why) = host::check_pattern(name)
    {
        found.value(at.join("host"), why);
    }
    paths(at, conditions, found);
    headers::methods(&at.join("method"), &conditions.method, found);
    fields(&at.join("headers"), conditions, found);
    for (name, condition) in &conditions.query {
        let at = at.join("query").join(name);
        if name.is_empty() || name.contains(['&', '=', '#']) || !is_target(name) {
            let message = format!("`{}` cannot stand in a query", name.escape_debug());
            found.push(Problem::at_key(at.clone(), message));
        }
        if let StringMatch::Exact(value) = condition
            && (value.contains(['&', '#']) || !is_target(value))
        {
            let message = format!("\"{}\" cannot stand in a query", value.escape_debug());
            found.value(at.clone(), message);
        }
        regex_of(&at, condition, found);
    }
}

fn paths(at: &KeyPath, conditions: &Match, found: &mut Found) {
    let written = [
        ("path", &conditions.path),
        ("path_exact", &conditions.path_exact),
        ("path_regex", &conditions.path_regex),
    ];
    let written = written.into_iter().filter_map(|(key, value)| Some((key, value.as_ref()?)));
    let written: Vec<_> = written.collect();
    if let [(first, _), rest @ ..] = written.as_slice() {
        for (key, _) in rest {
            let message = format!("`{key}` and `{first}` exclude each other, keep one");
            found.push(Problem::at_key(at.join(*key), message));
        }
    }
    for (key, path) in written {
        let checked = if key == "path_regex" { check_regex(path) } else { check_path(path) };
        if let Err(why) = checked {
            found.value(at.join(key), why);
        }
    }
}

fn fields(at: &KeyPath, conditions: &Match, found: &mut Found) {
    let mut seen = BTreeSet::new();
    for (name, condition) in &conditions.headers {
        let at = at.join(name);
        let lower = name.to_ascii_lowercase();
        if let Err(why) = headers::check_name(name) {
            found.push(Problem::at_key(at.clone(), why));
        } else if lower == "host" {
            let problem = Problem::at_key(at.clone(), "`host` is not compared as a field");
            found.push(problem.help("use match.host"));
        }
        if !seen.insert(lower) {
            let message = format!("`{name}` is there twice, names do not differ by case");
            found.push(Problem::at_key(at.clone(), message));
        }
        if let StringMatch::Exact(value) = condition
            && let Err(why) = headers::check_value(value)
        {
            found.value(at.clone(), why);
        }
        regex_of(&at, condition, found);
    }
}

fn regex_of(at: &KeyPath, condition: &StringMatch, found: &mut Found) {
    if let StringMatch::Regex(condition) = condition
        && let Err(why) = check_regex(&condition.regex)
    {
        found.value(at.join("regex"), why);
    }
}

/// Checks a path that requests are compared with. They come percent-encoded and without query.
pub(super) fn check_path(path: &str) -> Result<(), String> {
    if path.contains('?') {
        return Err(format!("\"{path}\" has a query, which a path never has"));
    }
    check_target(path)
}

/// Checks a path that requests are sent to, with or without query.
pub(super) fn check_target(target: &str) -> Result<(), String> {
    if !target.starts_with('/') {
        return Err(format!("\"{}\" does not start with \"/\"", target.escape_debug()));
    }
    if target.contains('#') {
        return Err(format!("\"{target}\" has a fragment, which is never sent"));
    }
    if !is_target(target) {
        return Err(format!(
            "\"{}\" has characters that a request cannot have, write them percent-encoded",
            target.escape_debug()
        ));
    }
    Ok(())
}

/// Compiles an expression as routes do: over bytes, in bounded memory.
pub(super) fn compile(expression: &str) -> Result<regex::bytes::Regex, regex::Error> {
    regex::bytes::RegexBuilder::new(expression).unicode(false).size_limit(REGEX_BYTES_MAX).build()
}

fn check_regex(expression: &str) -> Result<(), String> {
    compile(expression).map(drop).map_err(|error| match error {
        regex::Error::CompiledTooBig(limit) => {
            format!("expression needs more than {limit} bytes, make its repetitions smaller")
        }
        error => describe(&error.to_string()),
    })
}

/// The regex crate draws its errors over several lines: the expression, a caret below it, the reason.
fn describe(drawn: &str) -> String {
    let reason = drawn.lines().rev().find_map(|line| line.strip_prefix("error: "));
    let caret =
        drawn.lines().find(|line| line.contains('^') && line.trim_matches([' ', '^']).is_empty());
    let Some(reason) = reason else {
        return drawn.split_whitespace().collect::<Vec<_>>().join(" ");
    };
    match caret.and_then(|line| line.find('^')?.checked_sub(INDENT)) {
        Some(column) => format!("not a regular expression: {reason} at character {}", column + 1),
        None => format!("not a regular expression: {reason}"),
    }
}

fn is_target(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_graphic())
}

/// Memory of a compiled expression.
const REGEX_BYTES_MAX: usize = 1 << 20;

/// Blanks before the expression in the regex crate's errors.
const INDENT: usize = 4;
