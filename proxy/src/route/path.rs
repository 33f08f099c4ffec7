//! Paths: exact, prefix, regular expression, and the index over all three.
//!
//! Paths are compared as the client wrote them, byte for byte: percent signs are not decoded, `/a/../b` is not `/b`, `//`
//! is not `/`. A route is therefore no access control by itself: an upstream that decodes `/%61dmin` or resolves dot
//! segments serves under another path than the one that was matched. The request path refuses targets that lead elsewhere
//! in such a [reading](super::reading).

use std::collections::HashMap;

use regex::bytes::{Regex, RegexBuilder};

use crate::{config, key_error::KeyError};

/// `match.path`, `match.path_exact` or `match.path_regex`.
#[derive(Debug, Clone)]
pub enum PathPattern {
    /// The whole path.
    Exact(Box<[u8]>),
    /// A prefix by whole segments, without the slash at its end: `/api` means `/api`, `/api/` and `/api/x`, not `/apix`.
    /// `"/api/"` is the same prefix as `"/api"`, as in the Gateway API.
    Prefix(Box<[u8]>),
    /// An expression that the whole path matches.
    Regex {
        /// As written.
        source: Box<str>,
        /// Anchored at both ends.
        regex: Regex,
    },
    /// Any path: no condition, or the prefix `/`, which says the same.
    Any,
}

/// Values by path.
#[derive(Debug, Default)]
pub struct PathIndex<T> {
    exact: HashMap<Box<[u8]>, T, foldhash::fast::RandomState>,
    prefix: HashMap<Box<[u8]>, T, foldhash::fast::RandomState>,
    /// The lengths that occur in `prefix`, longest first: the cost of a lookup is bounded by the configuration and not by
    /// how many slashes a client writes.
    prefix_lens: Vec<usize>,
    regexes: Vec<(Box<str>, Regex, T)>,
    any: T,
}

impl PathPattern {
    /// Reads the path condition of `matches`.
    pub fn compile(matches: &config::Match) -> Result<Self, KeyError> {
        let config::Match { path, path_exact, path_regex, .. } = matches;
        match (path, path_exact, path_regex) {
            (None, None, None) => Ok(Self::Any),
            (Some(path), None, None) => {
                check_path(path).map_err(|message| KeyError::new("match.path", message))?;
                let path = path.strip_suffix('/').unwrap_or(path).as_bytes();
                Ok(if path.is_empty() { Self::Any } else { Self::Prefix(path.into()) })
            }
            (None, Some(path), None) => {
                check_path(path).map_err(|message| KeyError::new("match.path_exact", message))?;
                Ok(Self::Exact(path.as_bytes().into()))
            }
            (None, None, Some(source)) => {
                let regex =
                    whole(source).map_err(|message| KeyError::new("match.path_regex", message))?;
                Ok(Self::Regex { source: source.as_str().into(), regex })
            }
            (_, Some(_), _) => Err(KeyError::new("match.path_exact", ONE_OF)),
            (Some(_), None, Some(_)) => Err(KeyError::new("match.path_regex", ONE_OF)),
        }
    }

    /// Whether `path` is meant.
    pub fn holds(&self, path: &[u8]) -> bool {
        match self {
            Self::Exact(exact) => **exact == *path,
            Self::Prefix(prefix) => path.starts_with(prefix) && ends_segment(path, prefix.len()),
            Self::Regex { regex, .. } => regex.is_match(path),
            Self::Any => true,
        }
    }
}

impl<T: Default> PathIndex<T> {
    /// The value of a pattern, created if it is new. Expressions are the same if they are written the same.
    pub fn entry(&mut self, pattern: &PathPattern) -> &mut T {
        match pattern {
            PathPattern::Exact(path) => self.exact.entry(path.clone()).or_default(),
            PathPattern::Prefix(path) => {
                if let Err(at) = self.prefix_lens.binary_search_by(|len| path.len().cmp(len)) {
                    self.prefix_lens.insert(at, path.len());
                }
                self.prefix.entry(path.clone()).or_default()
            }
            PathPattern::Regex { source, regex } => {
                let known = self.regexes.iter().position(|(other, ..)| other == source);
                let at = known.unwrap_or_else(|| self.insert_regex(source, regex));
                &mut self.regexes[at].2
            }
            PathPattern::Any => &mut self.any,
        }
    }

    /// Behind all that are at least as long, so that those of one length keep the order of the file.
    fn insert_regex(&mut self, source: &str, regex: &Regex) -> usize {
        let at = self.regexes.partition_point(|(other, ..)| other.len() >= source.len());
        self.regexes.insert(at, (source.into(), regex.clone(), T::default()));
        at
    }
}

impl<T> PathIndex<T> {
    /// The first answer of `ask`, which is given the values for `path` from the most specific to the least: exact, prefixes
    /// from the longest, expressions from the longest, any path.
    pub fn find<R>(&self, path: &[u8], mut ask: impl FnMut(&T) -> Option<R>) -> Option<R> {
        if let Some(found) = self.exact.get(path).and_then(&mut ask) {
            return Some(found);
        }
        for &len in &self.prefix_lens {
            if ends_segment(path, len)
                && let Some(found) =
                    path.get(..len).and_then(|head| self.prefix.get(head)).and_then(&mut ask)
            {
                return Some(found);
            }
        }
        let matching = self.regexes.iter().filter(|(_, regex, _)| regex.is_match(path));
        matching.map(|(.., value)| value).find_map(&mut ask).or_else(|| ask(&self.any))
    }

    /// All values, to finish them.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        let regexes = self.regexes.iter_mut().map(|(.., value)| value);
        let maps = self.exact.values_mut().chain(self.prefix.values_mut());
        maps.chain(regexes).chain([&mut self.any])
    }
}

/// An expression that is only satisfied by the whole text, over bytes.
pub fn whole(source: &str) -> Result<Regex, String> {
    // On its own first: `a)|(b` must not become well-formed by the anchors around it.
    bytes_regex(source)?;
    bytes_regex(&format!("\\A(?:{source})\\z")).or_else(|_| {
        // A comment of the verbose mode (`(?x)`) at the end would swallow the parenthesis.
        bytes_regex(&format!("\\A(?:{source}\n)\\z"))
    })
}

/// Whether a path segment ends behind the first `len` bytes.
fn ends_segment(path: &[u8], len: usize) -> bool {
    path.len() == len || path.get(len) == Some(&b'/')
}

fn bytes_regex(source: &str) -> Result<Regex, String> {
    RegexBuilder::new(source).unicode(false).build().map_err(|error| match error {
        regex::Error::CompiledTooBig(limit) => {
            format!("the expression needs more than {limit} bytes; make its repetitions shorter")
        }
        // The regex crate draws the expression with a marker below it; its last line says what is wrong.
        error => {
            let text = error.to_string();
            let reason = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
            format!("not a regular expression: {reason}")
        }
    })
}

fn check_path(path: &str) -> Result<(), String> {
    if !path.starts_with('/') {
        return Err(format!("a path begins with \"/\", found \"{path}\""));
    }
    if path.contains('?') {
        return Err(format!("a path ends before \"?\"; use match.query, found \"{path}\""));
    }
    if !path.bytes().all(|b| b.is_ascii_graphic()) || path.contains('#') {
        return Err(format!(
            "no request has this path: write what is not a visible ASCII character, and \"#\", percent-encoded, found \"{path}\""
        ));
    }
    Ok(())
}

const ONE_OF: &str = "a route has one of path, path_exact and path_regex";

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(key: &str, text: &str) -> Result<PathPattern, KeyError> {
        let mut matches = config::Match::default();
        let field = match key {
            "path" => &mut matches.path,
            "path_exact" => &mut matches.path_exact,
            _ => &mut matches.path_regex,
        };
        *field = Some(text.to_owned());
        PathPattern::compile(&matches)
    }

    #[test]
    fn prefixes_match_whole_segments() {
        for prefix in ["/api", "/api/"] {
            let pattern = pattern("path", prefix).unwrap();
            for (path, expected) in [
                ("/api", true),
                ("/api/", true),
                ("/api/x", true),
                ("/api//x", true),
                ("/apix", false),
                ("/ap", false),
                ("/API", false),
                ("/", false),
                ("/x/api", false),
                ("/%61pi", false),
            ] {
                assert_eq!(pattern.holds(path.as_bytes()), expected, "{prefix} {path}");
            }
        }
    }

    #[test]
    fn dot_segments_are_matched_as_written() {
        assert!(pattern("path", "/a").unwrap().holds(b"/a/../b"));
        assert!(!pattern("path", "/b").unwrap().holds(b"/a/../b"));
    }

    #[test]
    fn expressions_match_whole_paths() {
        let regex = pattern("path_regex", "/v[0-9]+|/w").unwrap();
        assert!(regex.holds(b"/v12") && regex.holds(b"/w"));
        assert!(!regex.holds(b"/v12/x") && !regex.holds(b"/x/w"));
        assert!(pattern("path_regex", "(?x) /a # comment").unwrap().holds(b"/a"));
        assert!(pattern("path_regex", "/.").unwrap().holds(b"/\xff"));
    }

    #[test]
    fn what_cannot_match_is_refused() {
        for (key, text) in [
            ("path", "api"),
            ("path", "/a?b"),
            ("path", "/a b"),
            ("path_exact", ""),
            ("path_exact", "/ä"),
            ("path_regex", "("),
            ("path_regex", "a)|(b"),
            ("path_regex", "(?:a{1000}){1000}"),
        ] {
            let error = pattern(key, text).unwrap_err();
            assert_eq!(error.key, format!("match.{key}"), "{text}");
        }
    }

    #[test]
    fn a_route_has_one_path_condition() {
        let matches = config::Match {
            path: Some("/".to_owned()),
            path_regex: Some("/".to_owned()),
            ..config::Match::default()
        };
        assert_eq!(PathPattern::compile(&matches).unwrap_err().key, "match.path_regex");
    }
}
