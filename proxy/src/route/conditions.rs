//! Conditions on method, header fields and query parameters.
//!
//! Several fields of one name are compared as the one field that they stand for (RFC 9110, 5.3: joined by `, `; cookies by
//! `; `, RFC 9113, 8.2.3). Of several query parameters of one name the first counts; `?a` has the parameter `a` with an
//! empty value. Nothing is percent-decoded.

use std::borrow::Cow;

use http::{HeaderMap, HeaderName, Method, header};
use regex::bytes::Regex;

use super::path::whole;
use crate::{
    config::{Match, StringMatch, rollout::is_token},
    key_error::KeyError,
    wire::RequestHead,
};

/// All conditions of a route but for host and path.
#[derive(Debug, Clone, Default)]
pub struct Conditions {
    methods: Vec<Method>,
    headers: Vec<(HeaderName, ValueMatch)>,
    query: Vec<(Box<[u8]>, ValueMatch)>,
}

/// How specific conditions are; greater is more. As in the Gateway API: a method goes before any number of header fields,
/// and these before any number of query parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rank {
    method: bool,
    headers: usize,
    query: usize,
}

/// A [`StringMatch`], compiled.
#[derive(Debug, Clone)]
pub enum ValueMatch {
    /// The text is this.
    Exact(Box<[u8]>),
    /// The whole text matches.
    Regex(Regex),
    /// The text is there.
    Present,
    /// The text is not there.
    Absent,
}

impl Conditions {
    /// Reads the conditions of `matches`.
    pub fn compile(matches: &Match) -> Result<Self, Vec<KeyError>> {
        let mut errors = Vec::new();
        let mut conditions = Self::default();
        for method in &matches.method {
            collect(compile_method(method), &mut conditions.methods, &mut errors);
        }
        for (name, value) in &matches.headers {
            let known: Vec<_> = conditions.headers.iter().map(|(name, _)| name.clone()).collect();
            let compiled = compile_header(name, value, &known);
            collect(compiled, &mut conditions.headers, &mut errors);
        }
        for (name, value) in &matches.query {
            collect(compile_parameter(name, value), &mut conditions.query, &mut errors);
        }
        if errors.is_empty() { Ok(conditions) } else { Err(errors) }
    }

    /// Whether all of them hold.
    pub fn hold(&self, head: &RequestHead) -> bool {
        (self.methods.is_empty() || self.methods.contains(&head.method))
            && self
                .headers
                .iter()
                .all(|(name, condition)| condition.holds(field(&head.headers, name).as_deref()))
            && self
                .query
                .iter()
                .all(|(name, condition)| condition.holds(parameter(head.target.query(), name)))
    }

    /// How specific they are.
    pub fn rank(&self) -> Rank {
        Rank {
            method: !self.methods.is_empty(),
            headers: self.headers.len(),
            query: self.query.len(),
        }
    }

    /// The first header field that must have one certain value, and that value.
    pub fn value_asked_for(&self) -> Option<(&HeaderName, &[u8])> {
        self.headers.iter().find_map(|(name, value)| match value {
            ValueMatch::Exact(value) => Some((name, &**value)),
            _ => None,
        })
    }

    /// Whether no request can satisfy both, as far as that can be told: two expressions are taken to overlap.
    pub fn disjoint(&self, other: &Self) -> bool {
        let methods = !self.methods.is_empty()
            && !other.methods.is_empty()
            && !self.methods.iter().any(|method| other.methods.contains(method));
        methods
            || values_disjoint(&self.headers, &other.headers)
            || values_disjoint(&self.query, &other.query)
    }
}

impl ValueMatch {
    /// Compiles `value`.
    pub fn compile(value: &StringMatch) -> Result<Self, String> {
        match value {
            StringMatch::Exact(text) => Ok(Self::Exact(text.as_bytes().into())),
            StringMatch::Regex(regex) => whole(&regex.regex).map(Self::Regex),
            StringMatch::Present(present) if present.present => Ok(Self::Present),
            StringMatch::Present(_) => Ok(Self::Absent),
        }
    }

    /// Whether a text, or its absence, is what is asked for.
    pub fn holds(&self, text: Option<&[u8]>) -> bool {
        match (self, text) {
            (Self::Absent, text) => text.is_none(),
            (Self::Exact(exact), Some(text)) => **exact == *text,
            (Self::Regex(regex), Some(text)) => regex.is_match(text),
            (Self::Present, Some(_)) => true,
            (_, None) => false,
        }
    }

    fn disjoint(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Absent, other) | (other, Self::Absent) => !matches!(other, Self::Absent),
            (Self::Exact(text), other) | (other, Self::Exact(text)) => !other.holds(Some(text)),
            _ => false,
        }
    }
}

/// The value of the field `name`: several of them joined as RFC 9110, 5.3 has it.
pub(super) fn field<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<Cow<'a, [u8]>> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?.as_bytes();
    let mut joined = Cow::Borrowed(first);
    for value in values {
        let joined = joined.to_mut();
        joined.extend_from_slice(if *name == header::COOKIE { b"; " } else { b", " });
        joined.extend_from_slice(value.as_bytes());
    }
    Some(joined)
}

/// The value of the first query parameter `name`.
fn parameter<'a>(query: Option<&'a [u8]>, name: &[u8]) -> Option<&'a [u8]> {
    query?.split(|&b| b == b'&').find_map(|pair| match pair.strip_prefix(name)? {
        [] => Some(&[][..]),
        [b'=', value @ ..] => Some(value),
        _ => None,
    })
}

fn values_disjoint<N: PartialEq>(left: &[(N, ValueMatch)], right: &[(N, ValueMatch)]) -> bool {
    left.iter().any(|(name, value)| {
        right.iter().any(|(other_name, other)| name == other_name && value.disjoint(other))
    })
}

fn compile_method(text: &str) -> Result<Method, KeyError> {
    let error = |message| Err(KeyError::new("match.method", message));
    let upper = text.to_ascii_uppercase();
    if !is_token(text) {
        return error(format!("\"{text}\" is no method"));
    }
    if upper != text && STANDARD_METHODS.contains(&upper.as_str()) {
        return error(format!("methods are compared with case: did you mean \"{upper}\"?"));
    }
    Method::from_bytes(text.as_bytes()).or_else(|_| error(format!("\"{text}\" is no method")))
}

fn compile_header(
    name: &str,
    value: &StringMatch,
    known: &[HeaderName],
) -> Result<(HeaderName, ValueMatch), KeyError> {
    let key = format!("match.headers.{name}");
    let Ok(parsed) = HeaderName::from_bytes(name.as_bytes()) else {
        return Err(KeyError::new(key, format!("\"{name}\" is no name of a header field")));
    };
    let problem = match value {
        _ if parsed == header::HOST => "use match.host",
        _ if known.contains(&parsed) => "the field is named twice; case does not matter in names",
        StringMatch::Exact(text) if !is_field_value(text) => {
            "no field has this value: it is visible ASCII with blanks inside only"
        }
        _ => {
            let compiled = ValueMatch::compile(value);
            return compiled.map(|value| (parsed, value)).map_err(|m| KeyError::new(key, m));
        }
    };
    Err(KeyError::new(key, problem))
}

fn compile_parameter(name: &str, value: &StringMatch) -> Result<(Box<[u8]>, ValueMatch), KeyError> {
    let key = format!("match.query.{name}");
    let visible = |text: &str| text.bytes().all(|b| b.is_ascii_graphic() && !b"&#".contains(&b));
    let value_visible = !matches!(value, StringMatch::Exact(text) if !visible(text));
    if name.is_empty() || name.contains('=') || !visible(name) || !value_visible {
        let message = "no query has this parameter: names and values are compared before any decoding, so write them percent-encoded";
        return Err(KeyError::new(key, message));
    }
    let compiled = ValueMatch::compile(value).map_err(|message| KeyError::new(key, message))?;
    Ok((name.as_bytes().into(), compiled))
}

fn is_field_value(text: &str) -> bool {
    text.trim_matches([' ', '\t']) == text
        && text.bytes().all(|b| b.is_ascii_graphic() || b == b' ' || b == b'\t')
}

fn collect<T>(result: Result<T, KeyError>, into: &mut Vec<T>, errors: &mut Vec<KeyError>) {
    match result {
        Ok(value) => into.push(value),
        Err(error) => errors.push(error),
    }
}

const STANDARD_METHODS: [&str; 9] =
    ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;
    use crate::config::route::{PresentMatch, RegexMatch};

    fn exact(text: &str) -> StringMatch {
        StringMatch::Exact(text.to_owned())
    }

    fn regex(text: &str) -> StringMatch {
        StringMatch::Regex(RegexMatch { regex: text.to_owned() })
    }

    fn present(present: bool) -> StringMatch {
        StringMatch::Present(PresentMatch { present })
    }

    fn header(name: &str, value: StringMatch) -> Match {
        Match { headers: [(name.to_owned(), value)].into(), ..Match::default() }
    }

    fn query(name: &str, value: StringMatch) -> Match {
        Match { query: [(name.to_owned(), value)].into(), ..Match::default() }
    }

    fn methods(names: &[&str]) -> Match {
        Match { method: names.iter().map(|&name| name.to_owned()).collect(), ..Match::default() }
    }

    fn compiled(matches: &Match) -> Conditions {
        Conditions::compile(matches).unwrap()
    }

    #[test]
    fn several_fields_are_compared_as_one() {
        let mut head = super::super::reference::request("GET", "/");
        head.headers.append("x-a", HeaderValue::from_static("1"));
        assert!(compiled(&header("X-A", exact("1"))).hold(&head));
        head.headers.append("x-a", HeaderValue::from_static("2"));
        assert!(!compiled(&header("x-a", exact("1"))).hold(&head));
        assert!(compiled(&header("x-a", exact("1, 2"))).hold(&head));
        assert!(compiled(&header("x-a", regex("1.*"))).hold(&head));
        assert!(compiled(&header("x-b", present(false))).hold(&head));
        assert!(!compiled(&header("x-a", present(false))).hold(&head));
    }

    #[test]
    fn the_first_parameter_of_a_name_counts() {
        let head = super::super::reference::request("GET", "/?ab=0&a=1&a=2&flag&a%3D=x");
        for (name, value, expected) in [
            ("a", exact("1"), true),
            ("a", exact("2"), false),
            ("flag", exact(""), true),
            ("flag", present(true), true),
            ("b", present(true), false),
            ("b", present(false), true),
            ("a%3D", regex("[x]"), true),
        ] {
            assert_eq!(compiled(&query(name, value)).hold(&head), expected, "{name}");
        }
        let bare = super::super::reference::request("GET", "/");
        assert!(!compiled(&query("a", present(true))).hold(&bare));
    }

    #[test]
    fn a_method_goes_before_fields_and_these_before_parameters() {
        let ranks = [
            Match::default(),
            query("a", exact("1")),
            header("x-a", exact("1")),
            methods(&["GET"]),
        ]
        .map(|matches| compiled(&matches).rank());
        assert!(ranks.is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn what_cannot_hold_together_is_known() {
        for (left, right, expected) in [
            (methods(&["GET", "HEAD"]), methods(&["POST"]), true),
            (methods(&["GET", "HEAD"]), methods(&["HEAD"]), false),
            (header("x", exact("1")), header("X", exact("2")), true),
            (header("x", exact("1")), header("x", regex("[0-9]")), false),
            (header("x", exact("a")), header("x", regex("[0-9]")), true),
            (header("x", exact("a")), header("x", present(true)), false),
            (header("x", exact("a")), header("x", present(false)), true),
            (header("x", exact("a")), header("y", exact("b")), false),
            (query("x", regex("a")), query("x", regex("b")), false),
            (query("x", regex("a")), query("x", present(false)), true),
        ] {
            let (left, right) = (compiled(&left), compiled(&right));
            assert_eq!(left.disjoint(&right), expected, "{left:?} {right:?}");
            assert_eq!(right.disjoint(&left), expected, "{left:?} {right:?}");
        }
    }

    #[test]
    fn conditions_that_no_request_satisfies_are_refused() {
        for (matches, key) in [
            (methods(&["get"]), "match.method"),
            (methods(&["G T"]), "match.method"),
            (header("x y", exact("1")), "match.headers.x y"),
            (header("Host", exact("a")), "match.headers.Host"),
            (header("x", exact(" a")), "match.headers.x"),
            (header("x", regex("(")), "match.headers.x"),
            (query("a=b", exact("1")), "match.query.a=b"),
            (query("a", exact("x y")), "match.query.a"),
        ] {
            assert_eq!(Conditions::compile(&matches).unwrap_err()[0].key, key);
        }
        let mut twice = header("x-a", exact("1"));
        twice.headers.insert("X-A".to_owned(), exact("2"));
        assert_eq!(Conditions::compile(&twice).unwrap_err().len(), 1);
    }
}
