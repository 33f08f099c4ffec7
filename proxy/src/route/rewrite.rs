//! `rewrite.path`: the path that the upstream sees.
//!
//! With `path` the matched prefix is replaced, with `path_exact` the path, with `path_regex` the path by an expansion that
//! may use `$1` and `${name}`. The result begins with exactly one slash, and there is one slash where replacement and
//! remainder meet, however many the client wrote there: `//host/..` at the start of a target would name another host.
//! The query is passed on as it is. `*` (OPTIONS) is never rewritten.

use regex::bytes::{Captures, Regex};

use super::path::PathPattern;
use crate::{config, key_error::KeyError, wire::Target};

/// A compiled `rewrite.path`.
#[derive(Debug)]
pub enum PathRewrite {
    /// Another prefix: the length of the old one, and the new one without a slash at its end.
    Prefix {
        /// Bytes of the path that go.
        matched: usize,
        /// What comes in their place.
        replacement: Box<[u8]>,
    },
    /// Another path.
    Whole(Box<[u8]>),
    /// A path made from what the expression captured.
    Expand {
        /// The route's expression.
        regex: Regex,
        /// What the path is made of.
        parts: Box<[Part]>,
    },
}

/// A piece of an expansion.
#[derive(Debug, PartialEq, Eq)]
pub enum Part {
    /// These bytes.
    Literal(Box<[u8]>),
    /// What the group of this number captured; nothing if it took no part in the match.
    Group(usize),
}

impl PathRewrite {
    /// Compiles the route's `rewrite.path`, if it has one.
    pub fn compile(route: &config::Route) -> Result<Option<Self>, KeyError> {
        let Some(text) = &route.rewrite.path else { return Ok(None) };
        let error = |message: String| KeyError::new("rewrite.path", message);
        check_bytes(text).map_err(error)?;
        let pattern = PathPattern::compile(&route.matches)?;
        if let PathPattern::Regex { regex, .. } = pattern {
            let parts = parse_parts(text, &regex).map_err(error)?.into();
            return Ok(Some(Self::Expand { regex, parts }));
        }
        if !text.starts_with('/') {
            return Err(error(format!("a path begins with \"/\", found \"{text}\"")));
        }
        let replacement = text.strip_suffix('/').unwrap_or(text).as_bytes().into();
        Ok(Some(match pattern {
            PathPattern::Prefix(prefix) => Self::Prefix { matched: prefix.len(), replacement },
            PathPattern::Exact(_) => Self::Whole(text.as_bytes().into()),
            PathPattern::Any | PathPattern::Regex { .. } => {
                Self::Prefix { matched: 0, replacement }
            }
        }))
    }

    /// The target that the upstream sees. `target` is one that the route matched.
    pub fn apply(&self, target: &Target) -> Target {
        let path = target.path();
        if !path.starts_with(b"/") {
            return target.clone();
        }
        match self {
            Self::Whole(path) => target.with_path(path),
            Self::Prefix { matched, replacement } => {
                let rest = path.get(*matched..).unwrap_or_default();
                target.with_path(&join(replacement, rest))
            }
            Self::Expand { regex, parts } => match regex.captures(path) {
                Some(captures) => target.with_path(&expand(parts, &captures)),
                None => target.clone(),
            },
        }
    }
}

fn join(replacement: &[u8], rest: &[u8]) -> Vec<u8> {
    let mut path = Vec::with_capacity(replacement.len() + rest.len() + 1);
    path.extend_from_slice(replacement);
    if rest.starts_with(b"/") || replacement.is_empty() {
        path.push(b'/');
        path.extend_from_slice(without_leading_slashes(rest));
    }
    path
}

fn expand(parts: &[Part], captures: &Captures<'_>) -> Vec<u8> {
    let mut path = vec![b'/'];
    for part in parts {
        let bytes = match part {
            Part::Literal(bytes) => bytes,
            Part::Group(group) => {
                captures.get(*group).map(|found| found.as_bytes()).unwrap_or_default()
            }
        };
        let at_start = path.len() == 1;
        path.extend_from_slice(if at_start { without_leading_slashes(bytes) } else { bytes });
    }
    path
}

fn without_leading_slashes(path: &[u8]) -> &[u8] {
    let slashes = path.iter().take_while(|&&b| b == b'/').count();
    path.get(slashes..).unwrap_or_default()
}

/// Splits an expansion at `$1`, `$name`, `${name}` and `$$` (a dollar sign).
fn parse_parts(text: &str, regex: &Regex) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((literal, reference)) = rest.split_once('$') {
        push_literal(&mut parts, literal);
        rest = match reference.strip_prefix('$') {
            Some(rest) => {
                push_literal(&mut parts, "$");
                rest
            }
            None => {
                let (name, rest) = split_reference(reference)?;
                parts.push(Part::Group(group(name, regex)?));
                rest
            }
        };
    }
    push_literal(&mut parts, rest);
    Ok(parts)
}

fn push_literal(parts: &mut Vec<Part>, text: &str) {
    if !text.is_empty() {
        parts.push(Part::Literal(text.as_bytes().into()));
    }
}

/// The name of the group, and what follows.
fn split_reference(text: &str) -> Result<(&str, &str), String> {
    if let Some(braced) = text.strip_prefix('{') {
        return braced.split_once('}').ok_or_else(|| "`${` without `}`".to_owned());
    }
    let len = text.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
    if len == 0 {
        return Err(
            "`$` without the number or name of a group; write `$$` for a dollar sign".to_owned()
        );
    }
    Ok(text.split_at(len))
}

fn group(name: &str, regex: &Regex) -> Result<usize, String> {
    let number = match name.parse::<usize>() {
        Ok(number) => (number < regex.captures_len()).then_some(number),
        Err(_) => regex.capture_names().position(|known| known == Some(name)),
    };
    number.ok_or_else(|| {
        let digits = name.bytes().take_while(u8::is_ascii_digit).count();
        let hint = if digits > 0 && digits < name.len() {
            format!("; write `${{{}}}` to end the number there", name.split_at(digits).0)
        } else {
            String::new()
        };
        format!("match.path_regex has no group \"{name}\"{hint}")
    })
}

fn check_bytes(text: &str) -> Result<(), String> {
    if text.bytes().all(|b| b.is_ascii_graphic() && !b"?#".contains(&b)) {
        return Ok(());
    }
    Err(format!(
        "a path consists of visible ASCII characters without \"?\" and \"#\"; percent-encode others, found \"{text}\""
    ))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;
    use crate::route::reference::routes;

    fn rewrite(matches: &str, path: &str) -> Result<PathRewrite, KeyError> {
        let text = format!(
            "[[routes]]\nto = \"respond:204\"\nmatch = {{ {matches} }}\nrewrite = {{ path = '{path}' }}"
        );
        PathRewrite::compile(&routes(&text)[0]).map(Option::unwrap)
    }

    fn apply(rewrite: &PathRewrite, target: &str) -> String {
        let target = rewrite.apply(&Target::new(Bytes::copy_from_slice(target.as_bytes())));
        assert_eq!(target, Target::new(target.raw().clone()), "path and query stay apart");
        String::from_utf8(target.raw().to_vec()).unwrap()
    }

    #[test]
    fn prefixes_are_replaced_without_double_slashes() {
        for (prefix, replacement, target, expected) in [
            ("/api", "/v2", "/api", "/v2"),
            ("/api", "/v2", "/api/", "/v2/"),
            ("/api", "/v2", "/api/x?a=/api", "/v2/x?a=/api"),
            ("/api", "/v2/", "/api/x", "/v2/x"),
            ("/api/", "/v2", "/api/x", "/v2/x"),
            ("/api", "/", "/api", "/"),
            ("/api", "/", "/api?q", "/?q"),
            ("/api", "/", "/api/x", "/x"),
            ("/api", "/", "/api//evil.example", "/evil.example"),
            ("/api", "/v2", "/api//x//y", "/v2/x//y"),
            ("/", "/v2", "/", "/v2/"),
            ("/", "/v2", "/x", "/v2/x"),
            ("/", "/", "//x", "/x"),
            ("/", "/v2", "*", "*"),
        ] {
            let rewrite = rewrite(&format!("path = \"{prefix}\""), replacement).unwrap();
            assert_eq!(apply(&rewrite, target), expected, "{prefix} {replacement} {target}");
        }
    }

    #[test]
    fn exact_paths_are_replaced() {
        let rewrite = rewrite("path_exact = \"/a\"", "/b/").unwrap();
        assert_eq!(apply(&rewrite, "/a?x"), "/b/?x");
    }

    #[test]
    fn expressions_are_expanded() {
        for (regex, replacement, target, expected) in [
            ("/u/([0-9]+)/(.*)", "/users/$1/${2}", "/u/7/x?q", "/users/7/x?q"),
            ("/(?<kind>[a-z])/(.*)", "/$2/$kind$$", "/a/b", "/b/a$"),
            ("/p(/.*)", "$1", "/p//evil.example", "/evil.example"),
            ("/p(?:/(x))?.*", "$1", "/p", "/"),
            ("/p(/)(.*)", "$1$2", "/p//x", "/x"),
            ("/.*", "x", "/", "/x"),
        ] {
            let rewrite = rewrite(&format!("path_regex = '{regex}'"), replacement).unwrap();
            assert_eq!(apply(&rewrite, target), expected, "{regex} {replacement} {target}");
        }
    }

    #[test]
    fn what_cannot_be_expanded_is_refused() {
        for (matches, path, reason) in [
            ("path = '/a'", "b", "begins with"),
            ("path = '/a'", "/b?c", "visible"),
            ("path_regex = '/(a)'", "/$2", "no group \"2\""),
            ("path_regex = '/(a)'", "/$1x", "`${1}`"),
            ("path_regex = '/(a)'", "/$name", "no group \"name\""),
            ("path_regex = '/(a)'", "/${1", "without `}`"),
            ("path_regex = '/(a)'", "/$", "without the number"),
        ] {
            let error = rewrite(matches, path).unwrap_err();
            assert_eq!(error.key, "rewrite.path");
            assert!(error.message.contains(reason), "{}", error.message);
        }
    }

    proptest! {
        #[test]
        fn a_path_begins_with_one_slash(path in "/[/a.%-]{0,12}", replacement in "(/[a/]{0,3}[a])?/?") {
            let replacement = format!("/{}", replacement.trim_start_matches('/'));
            let rewrite = PathRewrite::Prefix {
                matched: 0,
                replacement: replacement.strip_suffix('/').unwrap_or(&replacement).as_bytes().into(),
            };
            let written = apply(&rewrite, &path);
            prop_assert!(written.starts_with('/') && !written.starts_with("//"), "{}", written);
        }
    }
}
