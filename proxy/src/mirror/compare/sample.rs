//! A request whose answers differed, kept to be looked at and sent again. Secrets are left out before anything is kept.

use http::{HeaderMap, Method, header};
use serde_json::Value;

use super::verdict::{Answer, Kept, is_json};
use crate::{
    waf::redact::{MARK, Redaction, cards},
    wire::RequestHead,
};

/// A request and its two answers, without secrets.
#[derive(Debug, Default)]
pub struct Sample {
    /// Method.
    pub method: Method,
    /// Path and query.
    pub target: Vec<u8>,
    /// Header fields, `host` first.
    pub headers: Vec<(String, Vec<u8>)>,
    /// Body.
    pub body: Body,
    /// The primary's answer.
    pub primary: Excerpt,
    /// The shadow's, if there was one.
    pub shadow: Option<Excerpt>,
}

/// A body, as far as it is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Body {
    /// There is none.
    #[default]
    Empty,
    /// All of it, secrets replaced.
    Text(String),
    /// Not kept, and why.
    Left(&'static str),
}

/// The beginning of an answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Excerpt {
    /// Status.
    pub status: u16,
    /// `Content-Type`.
    pub content_type: String,
    /// The beginning of the body, where its kind is one whose secrets can be found.
    pub body: String,
}

/// A request as it was sent.
#[derive(Debug)]
pub struct Asked {
    /// Head.
    pub head: RequestHead,
    /// Body.
    pub body: Kept,
}

/// Bytes of a request body that are kept.
pub const BODY_BYTES_MAX: u64 = 8 << 10;

/// Bytes of an answer of which the beginning is shown.
const ANSWER_BYTES_MAX: u64 = 64 << 10;

/// Bytes of an answer that are shown.
const EXCERPT_BYTES_MAX: usize = 512;

/// Bytes of a target, and of all fields together.
const HEAD_BYTES_MAX: usize = 8 << 10;

impl Sample {
    /// Keeps what may be kept.
    pub fn new(asked: &Asked, primary: &Answer, shadow: Option<&Answer>) -> Self {
        let redaction = Redaction::default();
        let mut target = redaction.target(asked.head.target.raw());
        target.truncate(HEAD_BYTES_MAX);
        Self {
            method: asked.head.method.clone(),
            target,
            headers: fields(&redaction, &asked.head),
            body: match (&asked.body, text(&redaction, &asked.head.headers, &asked.body)) {
                (Kept::Whole(bytes), _) if bytes.is_empty() => Body::Empty,
                (Kept::Whole(_), Some(text)) => Body::Text(text),
                (Kept::Whole(_), None) => Body::Left("neither JSON nor a form"),
                _ => Body::Left("too long"),
            },
            primary: Excerpt::new(&redaction, primary),
            shadow: shadow.map(|shadow| Excerpt::new(&redaction, shadow)),
        }
    }
}

impl Excerpt {
    fn new(redaction: &Redaction, answer: &Answer) -> Self {
        let kind = answer.headers.get(header::CONTENT_TYPE);
        // A sample is made while others wait for the ledger: what takes long to look through is left out.
        let short = answer.body.length().is_some_and(|length| length <= ANSWER_BYTES_MAX);
        let text = || text(redaction, &answer.headers, &answer.body).unwrap_or_default();
        let mut body = if short { text() } else { String::new() };
        body.truncate(body.floor_char_boundary(EXCERPT_BYTES_MAX));
        Self {
            status: answer.status.as_u16(),
            content_type: kind
                .map(|kind| String::from_utf8_lossy(kind.as_bytes()).into_owned())
                .unwrap_or_default(),
            body,
        }
    }
}

/// Fields of the head, as many as there is room for.
fn fields(redaction: &Redaction, head: &RequestHead) -> Vec<(String, Vec<u8>)> {
    let host = ("host", &*head.authority);
    let rest = head.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
    let mut left = HEAD_BYTES_MAX;
    let mut fields = Vec::new();
    for (name, value) in [host].into_iter().chain(rest) {
        let value = redaction.field(name.as_bytes(), value);
        let Some(rest) = left.checked_sub(name.len() + value.len()) else { break };
        left = rest;
        fields.push((name.to_owned(), value));
    }
    fields
}

/// A body without its secrets; `None` where it is not known how they would be found.
fn text(redaction: &Redaction, headers: &HeaderMap, body: &Kept) -> Option<String> {
    let Kept::Whole(bytes) = body else { return None };
    if headers.contains_key(header::CONTENT_ENCODING) {
        return None;
    }
    let text = if is_json(headers) {
        let mut document: Value = serde_json::from_slice(bytes).ok()?;
        hide(redaction, &mut document);
        document.to_string()
    } else if is_form(headers) {
        // A form is the query of a target without its path.
        let target = redaction.target(&[&b"?"[..], bytes].concat());
        String::from_utf8(target.get(1..)?.to_vec()).ok()?
    } else {
        return None;
    };
    String::from_utf8(cards(text.as_bytes())).ok()
}

fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).map(|kind| kind.as_bytes().to_ascii_lowercase());
    kind.is_some_and(|kind| kind.starts_with(b"application/x-www-form-urlencoded"))
}

/// Replaces the values of members whose names give secrets away, whatever is in them.
fn hide(redaction: &Redaction, value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                if redaction.argument(name.as_bytes()) {
                    *value = Value::from(String::from_utf8_lossy(MARK));
                } else {
                    hide(redaction, value);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| hide(redaction, item)),
        _ => {}
    }
}

#[cfg(test)]
pub(super) mod tests {
    use bytes::Bytes;
    use http::Version;

    use super::{super::verdict::tests::answer, *};
    use crate::wire::Target;

    pub(in crate::mirror::compare) fn asked(
        target: &str,
        fields: &[(&str, &str)],
        body: &str,
    ) -> Asked {
        let fields = fields.iter().map(|(name, value)| {
            (name.parse::<http::HeaderName>().unwrap(), value.parse().unwrap())
        });
        Asked {
            head: RequestHead {
                method: Method::POST,
                target: Target::new(Bytes::from(target.to_owned())),
                authority: Bytes::from_static(b"a.test"),
                version: Version::HTTP_11,
                headers: fields.collect(),
                upgrade: None,
                written: None,
            },
            body: Kept::Whole(Bytes::from(body.to_owned())),
        }
    }

    const JSON: (&str, &str) = ("content-type", "application/json");
    const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

    /// A secret wherever one can stand.
    #[test]
    fn secrets_are_left_out() {
        let secret = "hunter2";
        let fields = [
            JSON,
            ("authorization", "Bearer hunter2"),
            ("cookie", "a=hunter2"),
            ("x-api-key", "hunter2"),
            ("referer", "http://a.test/?token=hunter2"),
        ];
        let body = r#"{"user":"u","deep":[{"password":{"is":"hunter2"}}]}"#;
        let rsp =
            answer(200, &[JSON, ("set-cookie", "hunter2")], r#"{"access_token":"hunter2","a":1}"#);
        let asked_json = asked("/a?id=1&pass%77ord=hunter2", &fields, body);
        let sample = Sample::new(&asked_json, &rsp, Some(&rsp));
        let all = format!("{sample:?} {}", String::from_utf8_lossy(&sample.target));
        assert!(!all.contains(secret), "{all}");
        assert!(!sample.headers.iter().any(|(_, value)| value.ends_with(secret.as_bytes())));
        let expected = r#"{"deep":[{"password":"[redacted]"}],"user":"u"}"#;
        assert_eq!(sample.body, Body::Text(expected.to_owned()));
        assert_eq!(sample.primary.body, r#"{"a":1,"access_token":"[redacted]"}"#);
        let form = asked("/", &[FORM], "a=1&pwd=hunter2&n=4111111111111111");
        let expected = "a=1&pwd=[redacted]&n=[redacted]";
        assert_eq!(Sample::new(&form, &rsp, None).body, Body::Text(expected.to_owned()));
    }

    #[test]
    fn what_cannot_be_looked_through_is_not_kept() {
        let rsp = answer(200, &[("content-type", "text/html")], "<p>secret");
        let body =
            |fields: &[(&str, &str)], body| Sample::new(&asked("/", fields, body), &rsp, None).body;
        assert_eq!(body(&[], "text"), Body::Left("neither JSON nor a form"));
        assert_eq!(body(&[JSON], "{"), Body::Left("neither JSON nor a form"));
        assert_eq!(
            body(&[JSON, ("content-encoding", "gzip")], "{}"),
            Body::Left("neither JSON nor a form")
        );
        assert_eq!(body(&[], ""), Body::Empty);
        let long = Asked { body: Kept::Long(None), ..asked("/", &[JSON], "") };
        assert_eq!(Sample::new(&long, &rsp, None).body, Body::Left("too long"));
        assert_eq!(Sample::new(&long, &rsp, None).primary.body, "");
        let json = |length: usize| answer(200, &[JSON], &format!("[1{}]", " ".repeat(length - 3)));
        let shown = |rsp: Answer| Sample::new(&long, &rsp, None).primary.body;
        assert_eq!(
            (shown(json(64 << 10)).as_str(), shown(json((64 << 10) + 1)).as_str()),
            ("[1]", "")
        );
    }

    #[test]
    fn heads_are_bounded() {
        let value = "v".repeat(5_000);
        let sample = Sample::new(
            &asked(&format!("/{}", "p".repeat(20_000)), &[("a", &value), ("b", &value)], ""),
            &answer(200, &[], ""),
            None,
        );
        assert_eq!((sample.target.len(), sample.headers.len()), (HEAD_BYTES_MAX, 2));
    }
}
