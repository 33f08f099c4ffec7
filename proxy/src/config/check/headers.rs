//! Header fields and methods: names that are tokens, values that can be sent, fields that are ours.

use std::collections::BTreeSet;

use super::{Found, KeyPath, Problem};
use crate::config::{HeaderEdits, rollout::is_token, schema::suggest::closest};

/// Checks a set of methods.
pub(super) fn methods(at: &KeyPath, methods: &BTreeSet<String>, found: &mut Found) {
    for method in methods {
        if let Err(why) = check_method(method) {
            found.value(at.item(method), why);
        }
    }
}

/// Checks one set of edits.
pub(super) fn edits(at: &KeyPath, edits: &HeaderEdits, found: &mut Found) {
    for name in &edits.remove {
        if let Err(why) = check_field(name) {
            found.value(at.join("remove").item(name), why);
        }
    }
    for (key, fields) in [("set", &edits.set), ("add", &edits.add)] {
        let mut seen = BTreeSet::new();
        for (name, value) in fields {
            let at = at.join(key).join(name);
            if let Err(why) = check_field(name) {
                found.push(Problem::at_key(at.clone(), why));
            }
            if !seen.insert(name.to_ascii_lowercase()) {
                let message = format!("`{name}` is there twice, names do not differ by case");
                found.push(Problem::at_key(at.clone(), message));
            }
            if let Err(why) = check_value(value) {
                found.value(at, why);
            }
        }
    }
    let set = |name: &str| edits.set.keys().any(|set| set.eq_ignore_ascii_case(name));
    for name in edits.remove.iter().filter(|name| set(name)) {
        let message = format!("`{name}` is set anyway, which replaces it");
        found.value(at.join("remove").item(name), message);
    }
}

/// Checks that a field may be removed or written by configuration.
pub(super) fn check_field(name: &str) -> Result<(), String> {
    check_name(name)?;
    let lower = name.to_ascii_lowercase();
    if lower == "host" {
        return Err("`host` is not edited as a field, use rewrite.host".to_owned());
    }
    if FRAMING.contains(&lower.as_str()) {
        return Err(format!("`{name}` belongs to the connection and is not edited"));
    }
    Ok(())
}

/// Checks that a field name is a token.
pub(super) fn check_name(name: &str) -> Result<(), String> {
    if is_token(name) {
        return Ok(());
    }
    Err(format!("`{}` is not the name of a header field", name.escape_debug()))
}

/// Checks that a value can be sent (RFC 9110, 5.5).
pub(super) fn check_value(value: &str) -> Result<(), String> {
    if http::HeaderValue::from_str(value).is_err() {
        return Err(format!(
            "\"{}\" has characters that a header field cannot have",
            value.escape_debug()
        ));
    }
    if value.trim() != value {
        return Err(format!("\"{value}\" has white space at its ends, which is never sent"));
    }
    Ok(())
}

/// Checks the name of a method. They are case-sensitive (RFC 9110, 9.1).
pub(super) fn check_method(method: &str) -> Result<(), String> {
    if !is_token(method) {
        return Err(format!("`{}` is not a method", method.escape_debug()));
    }
    if METHODS.contains(&method) {
        return Ok(());
    }
    match closest(method, METHODS) {
        Some(meant) => Err(format!("`{method}` is not a method, did you mean `{meant}`?")),
        None if method.bytes().any(|b| b.is_ascii_lowercase()) => Err(format!(
            "`{method}` is not a method, write it in capitals: `{}`",
            method.to_ascii_uppercase()
        )),
        None => Ok(()),
    }
}

/// Fields of one connection or of framing (RFC 9110, 7.6.1; RFC 9112, 6): ours on both sides.
const FRAMING: [&str; 8] = [
    "connection",
    "content-length",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Methods that a misspelt one may have meant (RFC 9110, 9.3; RFC 5789; RFC 4918; RFC 3253).
const METHODS: [&str; 18] = [
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "DELETE",
    "CONNECT",
    "OPTIONS",
    "TRACE",
    "PATCH",
    "PROPFIND",
    "PROPPATCH",
    "MKCOL",
    "COPY",
    "MOVE",
    "LOCK",
    "UNLOCK",
    "REPORT",
    "SEARCH",
];
