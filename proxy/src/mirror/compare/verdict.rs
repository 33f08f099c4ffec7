//! In what two answers differ.
//!
//! A status that differs speaks for the rest: an error's document is no version of the answer that should have been. Times
//! are not judged here, one by one they say nothing.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};

use super::{
    json::{self, Change, Unreadable},
    path::Ignore,
};
use crate::{
    config::{Aspect, Compare, Ignored},
    waf::redact::{Redaction, cards},
};

/// What is compared, compiled.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    json: Ignore,
    /// Fields that are compared; all where there are none.
    headers: Option<Vec<HeaderName>>,
    headers_ignored: Vec<HeaderName>,
    /// In hundredths of a percent.
    size_share: u64,
}

/// An answer, as far as it was kept.
#[derive(Debug)]
pub struct Answer {
    /// Status.
    pub status: StatusCode,
    /// Header fields as received.
    pub headers: HeaderMap,
    /// Body.
    pub body: Kept,
    /// From sending the request to the answer's head.
    pub first_byte: std::time::Duration,
}

/// What was kept of a body.
#[derive(Debug, Clone)]
pub enum Kept {
    /// All of it.
    Whole(Bytes),
    /// Nothing, it is longer than `max_body`; its length, where that is known.
    Long(Option<u64>),
    /// Nothing, all bodies together would be more than the mirror's `memory_budget`.
    OverBudget,
}

/// A difference between two answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What differs.
    pub aspect: Aspect,
    /// Where: a place in JSON, the name of a header field, the two statuses.
    pub place: String,
    /// How.
    pub change: Change,
    /// What the primary has there, in short.
    pub primary: Option<String>,
    /// What the shadow has there, in short.
    pub shadow: Option<String>,
}

/// What came of a comparison.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// What differs.
    pub differences: Vec<Difference>,
    /// Why bodies that should have been compared as JSON were not.
    pub unread: Option<Unread>,
}

/// Why bodies were not compared as JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unread {
    /// One is longer than `max_body`.
    Size,
    /// There was no memory left.
    Budget,
    /// They are compressed, and not alike byte by byte.
    Encoded,
    /// Neither is the JSON that its `Content-Type` says it is.
    Malformed,
}

/// Fields of connection and framing, which say nothing of the answer, and `Date`, which no two answers share.
const NOT_COMPARED: [HeaderName; 8] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::DATE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("alt-svc"),
];

/// Bytes of a field that are shown.
const SHOWN_BYTES_MAX: usize = 64;

/// Bodies whose lengths differ by no more than this are alike, whatever the share: a counter has grown by some digits.
const SIZE_BYTES_FREE: u64 = 16;

impl Settings {
    /// Compiles a `compare` table that has been checked.
    pub fn new(config: &Compare) -> Self {
        let names = config.headers.iter().filter(|name| *name != "*");
        let ignored = config.ignore.iter().filter_map(|ignored| match ignored {
            Ignored::Header(name) => name.parse().ok(),
            Ignored::Json(_) => None,
        });
        Self {
            json: Ignore::new(&config.ignore),
            headers: (!config.headers.contains("*"))
                .then(|| names.filter_map(|name| name.parse().ok()).collect()),
            headers_ignored: ignored.collect(),
            size_share: config.size_percent.basis_points().into(),
        }
    }

    /// Whether a field is compared.
    fn compares(&self, name: &HeaderName) -> bool {
        let chosen = match &self.headers {
            Some(names) => names.contains(name),
            None => !NOT_COMPARED.contains(name),
        };
        chosen && !self.headers_ignored.contains(name)
    }
}

/// Compares the answers to a request of this method.
pub fn compare(
    settings: &Settings,
    method: &Method,
    primary: &Answer,
    shadow: &Answer,
) -> Compared {
    if primary.status != shadow.status {
        let shadow = Some(shadow.status.as_str());
        return Compared { differences: vec![status(primary.status, shadow)], unread: None };
    }
    let mut compared = Compared::default();
    headers(settings, &primary.headers, &shadow.headers, &mut compared.differences);
    if *method != Method::HEAD {
        sizes(settings, &primary.body, &shadow.body, &mut compared.differences);
        compared.unread = bodies(settings, primary, shadow, &mut compared.differences);
    }
    compared
}

/// The difference that it is to have no answer, for `why`.
pub fn no_answer(primary: StatusCode, why: &str) -> Difference {
    Difference { shadow: Some(format!("no answer: {why}")), ..status(primary, None) }
}

fn status(primary: StatusCode, shadow: Option<&str>) -> Difference {
    Difference {
        aspect: Aspect::Status,
        place: format!("{} -> {}", primary.as_str(), shadow.unwrap_or("none")),
        change: if shadow.is_some() { Change::Value } else { Change::Missing },
        primary: Some(primary.as_str().to_owned()),
        shadow: shadow.map(str::to_owned),
    }
}

fn headers(settings: &Settings, primary: &HeaderMap, shadow: &HeaderMap, to: &mut Vec<Difference>) {
    let alone = shadow.keys().filter(|name| !primary.contains_key(*name));
    for name in primary.keys().chain(alone).filter(|name| settings.compares(name)) {
        let (ours, theirs) = (primary.get_all(name), shadow.get_all(name));
        if ours == theirs {
            continue;
        }
        let change = match (primary.contains_key(name), shadow.contains_key(name)) {
            (true, false) => Change::Missing,
            (false, _) => Change::Extra,
            _ => Change::Value,
        };
        let shown = |map: &HeaderMap| {
            let value = map.get_all(name).iter().map(HeaderValue::as_bytes);
            let value: Vec<&[u8]> = value.collect();
            map.contains_key(name).then(|| field(name, &value.join(&b", "[..])))
        };
        to.push(Difference {
            aspect: Aspect::Headers,
            place: format!("header:{name}"),
            change,
            primary: shown(primary),
            shadow: shown(shadow),
        });
    }
}

/// A field in short, secrets left out.
fn field(name: &HeaderName, value: &[u8]) -> String {
    let value = Redaction::default().field(name.as_str().as_bytes(), value);
    let text = String::from_utf8_lossy(&value);
    let end = text.floor_char_boundary(SHOWN_BYTES_MAX);
    let cut = if end < text.len() { "..." } else { "" };
    format!("{}{cut}", text.get(..end).unwrap_or_default())
}

fn sizes(settings: &Settings, primary: &Kept, shadow: &Kept, to: &mut Vec<Difference>) {
    let (Some(primary), Some(shadow)) = (primary.length(), shadow.length()) else { return };
    let (more, apart) = (primary.max(shadow), primary.abs_diff(shadow));
    let share = u128::from(more) * u128::from(settings.size_share) / 10_000;
    if apart > SIZE_BYTES_FREE && u128::from(apart) > share {
        to.push(Difference {
            aspect: Aspect::Size,
            place: "body".to_owned(),
            change: Change::Value,
            primary: Some(format!("{primary} bytes")),
            shadow: Some(format!("{shadow} bytes")),
        });
    }
}

fn bodies(
    settings: &Settings,
    primary: &Answer,
    shadow: &Answer,
    to: &mut Vec<Difference>,
) -> Option<Unread> {
    let as_json = [primary, shadow].map(|answer| is_json(&answer.headers));
    if as_json == [false, false] {
        return None;
    }
    let (ours, theirs) = match (&primary.body, &shadow.body) {
        (Kept::Whole(ours), Kept::Whole(theirs)) => (ours, theirs),
        (Kept::OverBudget, _) | (_, Kept::OverBudget) => return Some(Unread::Budget),
        _ => return Some(Unread::Size),
    };
    let encoding = |answer: &Answer| answer.headers.get(header::CONTENT_ENCODING).cloned();
    let (ours_is, theirs_is) = (encoding(primary), encoding(shadow));
    if as_json == [true, true] && ours == theirs && ours_is == theirs_is {
        return None;
    }
    if ours_is.is_some() || theirs_is.is_some() {
        return Some(Unread::Encoded);
    }
    let found = match as_json {
        [true, true] => json::diff(ours, theirs, &settings.json, is_secret),
        [true, false] => Err(Unreadable::Shadow),
        _ => Err(Unreadable::Primary),
    };
    match found {
        Ok(found) => to.extend(found.into_iter().map(Difference::from)),
        Err(Unreadable::Both) => return Some(Unread::Malformed),
        Err(which) => to.push(not_json(which)),
    }
    None
}

fn not_json(which: Unreadable) -> Difference {
    let [primary, shadow] = match which {
        Unreadable::Primary => ["not JSON", "JSON"],
        _ => ["JSON", "not JSON"],
    };
    Difference {
        aspect: Aspect::Json,
        place: "$".to_owned(),
        change: Change::Type,
        primary: Some(primary.to_owned()),
        shadow: Some(shadow.to_owned()),
    }
}

/// Whether a member of this name holds a secret.
pub fn is_secret(name: &[u8]) -> bool {
    Redaction::default().argument(name)
}

/// `application/json`, `application/problem+json` (RFC 6839, 3.1).
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let Some(kind) = headers.get(header::CONTENT_TYPE) else { return false };
    let essence = kind.as_bytes().split(|byte| *byte == b';').next().unwrap_or_default();
    let essence = essence.trim_ascii().to_ascii_lowercase();
    essence == b"application/json" || essence.ends_with(b"+json")
}

impl From<json::Found> for Difference {
    fn from(found: json::Found) -> Self {
        let hidden = |text: String| String::from_utf8_lossy(&cards(text.as_bytes())).into_owned();
        Self {
            aspect: Aspect::Json,
            place: found.place,
            change: found.change,
            primary: found.primary.map(hidden),
            shadow: found.shadow.map(hidden),
        }
    }
}

impl Kept {
    /// Length of the body, where it is known.
    pub fn length(&self) -> Option<u64> {
        match self {
            Self::Whole(bytes) => Some(bytes.len() as u64),
            Self::Long(length) => *length,
            Self::OverBudget => None,
        }
    }
}

impl Unread {
    /// The word in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Size => "size",
            Self::Budget => "budget",
            Self::Encoded => "encoded",
            Self::Malformed => "malformed",
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::mirror::compare) fn answer(
        status: u16,
        fields: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let fields = fields.iter().map(|(name, value)| {
            (name.parse::<HeaderName>().unwrap(), value.parse::<HeaderValue>().unwrap())
        });
        Answer {
            status: StatusCode::from_u16(status).unwrap(),
            headers: fields.collect(),
            body: Kept::Whole(Bytes::from(body.to_owned())),
            first_byte: std::time::Duration::from_millis(1),
        }
    }

    const JSON: (&str, &str) = ("content-type", "Application/JSON; charset=utf-8");

    fn settings(toml: &str) -> Settings {
        Settings::new(&toml::from_str(toml).unwrap())
    }

    fn told(
        settings: &Settings,
        primary: &Answer,
        shadow: &Answer,
    ) -> (Vec<String>, Option<Unread>) {
        let compared = compare(settings, &Method::GET, primary, shadow);
        let tell = |d: Difference| {
            format!(
                "{} {} {} {:?} {:?}",
                d.aspect.as_str(),
                d.place,
                d.change.as_str(),
                d.primary,
                d.shadow
            )
        };
        (compared.differences.into_iter().map(tell).collect(), compared.unread)
    }

    #[test]
    fn a_status_speaks_for_the_rest() {
        let (primary, shadow) = (answer(200, &[JSON], "{}"), answer(503, &[], "error"));
        let (differences, _) = told(&settings(""), &primary, &shadow);
        assert_eq!(differences, [r#"status 200 -> 503 value Some("200") Some("503")"#]);
        let none = no_answer(StatusCode::OK, "timeout");
        assert_eq!((none.place.as_str(), none.change), ("200 -> none", Change::Missing));
    }

    #[test]
    fn fields_are_compared_but_for_those_of_the_connection() {
        let primary =
            answer(200, &[("date", "a"), ("x-a", "1"), ("x-b", "1"), ("set-cookie", "a=1")], "");
        let shadow = answer(
            200,
            &[("date", "b"), ("x-b", "1"), ("x-b", "2"), ("set-cookie", "a=2"), ("x-c", "3")],
            "",
        );
        let (all, _) = told(&settings(""), &primary, &shadow);
        let mut names: Vec<&str> = all.iter().map(|text| text.split(' ').nth(1).unwrap()).collect();
        names.sort_unstable();
        assert_eq!(names, ["header:set-cookie", "header:x-a", "header:x-b", "header:x-c"]);
        assert!(
            all.iter().any(|text| text.contains("[redacted]"))
                && !all.iter().any(|text| text.contains("a=2"))
        );
        let (some, _) = told(&settings("headers = [\"x-b\"]"), &primary, &shadow);
        assert_eq!(some, [r#"headers header:x-b value Some("1") Some("1, 2")"#]);
        let ignored = settings("headers = [\"date\", \"x-b\"]\nignore = [\"header:Date\"]");
        assert_eq!(told(&ignored, &primary, &shadow).0, some);
    }

    #[test]
    fn sizes_may_differ_by_a_share() {
        let of = |length: usize| answer(200, &[], &"x".repeat(length));
        let differ = |toml: &str, a, b| !told(&settings(toml), &of(a), &of(b)).0.is_empty();
        assert!(!differ("", 1000, 900) && differ("", 1000, 899) && differ("", 899, 1000));
        assert!(!differ("size_percent = 0", 0, 16) && differ("size_percent = 0", 0, 17));
    }

    #[test]
    fn bodies_that_cannot_be_read_are_not_called_equal() {
        let json = |body: &str| answer(200, &[JSON], body);
        let gzip = |body: &str| answer(200, &[JSON, ("content-encoding", "gzip")], body);
        let plain = settings("headers = []");
        let unread = |a: &Answer, b: &Answer| told(&plain, a, b).1;
        assert_eq!(unread(&gzip("x"), &gzip("y")), Some(Unread::Encoded));
        assert_eq!(unread(&gzip("x"), &gzip("x")), None);
        assert_eq!(unread(&json("x"), &json("y")), Some(Unread::Malformed));
        let long = Answer { body: Kept::Long(Some(2)), ..json("") };
        assert_eq!(unread(&json("{}"), &long), Some(Unread::Size));
        let over = Answer { body: Kept::OverBudget, ..json("") };
        assert_eq!(unread(&over, &long), Some(Unread::Budget));
        for (primary, shadow) in [(json("{}"), json("<p>")), (json("{}"), answer(200, &[], "{}"))] {
            let (differences, unread) = told(&plain, &primary, &shadow);
            assert_eq!(differences, [r#"json $ type Some("JSON") Some("not JSON")"#]);
            assert_eq!(unread, None);
        }
        let html = told(&plain, &answer(200, &[], "<a>"), &answer(200, &[], "<b>"));
        assert_eq!(html, (vec![], None));
    }

    #[test]
    fn card_numbers_are_not_shown() {
        let json = |body: &str| answer(200, &[JSON], body);
        let (differences, _) = told(
            &settings("size_percent = 100"),
            &json(r#"{"n":"4111 1111 1111 1111"}"#),
            &json(r#"{"n":1}"#),
        );
        assert_eq!(differences, [r#"json $.n type Some("\"[redacted]\"") Some("1")"#]);
    }
}
