//! Lists of ordinary texts by name, for classes that a WAF must let pass: what people search, write, ask and are called, in
//! several languages, with the words and marks that attacks have too.
//!
//! Written for surge. They stand in `texts.tsv`, one a line: list, tab, text.

use super::{attack::encode, request::Request};

/// Names of the lists, and how their texts are sent.
const LISTS: [(&str, Send); 7] = [
    ("search", search),
    ("prose", |text| form("/comments", &[("title", "My opinion"), ("text", text)])),
    ("names", |text| form("/account", &[("name", text), ("newsletter", "on")])),
    ("code", |text| form("/questions", &[("topic", "help"), ("question", text)])),
    ("mail", |text| form("/contact", &[("message", text), ("copy", "1")])),
    ("json", json),
    ("urls", |path| Request { path: path.to_owned(), headers: page(), ..Request::default() }),
];

/// How a text is sent.
type Send = fn(&str) -> Request;

/// Names of the lists.
pub fn names() -> impl Iterator<Item = &'static str> {
    LISTS.iter().map(|(name, _)| *name)
}

/// The requests of a list; `None` for a name that is none.
pub fn list(name: &str) -> Option<Vec<Request>> {
    let (_, request) = LISTS.iter().find(|(known, _)| *known == name)?;
    let texts = TEXTS.lines().filter_map(|line| line.split_once('\t'));
    Some(texts.filter(|(list, _)| *list == name).map(|(_, text)| request(text)).collect())
}

fn search(text: &str) -> Request {
    // As forms are sent with GET: a space is a plus sign.
    let path = format!("/search?q={}&page=1", encode(text).replace("%20", "+"));
    Request { path, headers: page(), ..Request::default() }
}

fn form(path: &str, fields: &[(&str, &str)]) -> Request {
    let pair =
        |(name, value): &(&str, &str)| format!("{name}={}", encode(value).replace("%20", "+"));
    post(
        path,
        "application/x-www-form-urlencoded",
        &fields.iter().map(pair).collect::<Vec<_>>().join("&"),
    )
}

fn json(text: &str) -> Request {
    post("/api/items", "application/json", text)
}

fn post(path: &str, media: &str, body: &str) -> Request {
    let mut headers = page();
    headers.push(("content-type".to_owned(), media.to_owned()));
    let (method, path) = ("POST".to_owned(), path.to_owned());
    Request { method, path, headers, body: body.as_bytes().to_vec().into() }
}

/// What browsers send with every request.
fn page() -> Vec<(String, String)> {
    let field = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    PAGE.iter().map(field).collect()
}

const PAGE: [(&str, &str); 3] = [
    ("accept", "text/html,application/xhtml+xml,*/*;q=0.8"),
    ("accept-language", "en-GB,en;q=0.9,de;q=0.8"),
    ("cookie", "theme=dark; visits=3; last_seen=2026-03-12"),
];

const TEXTS: &str = include_str!("texts.tsv");

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::scenario::{Protocol, Target};

    #[test]
    fn every_text_is_of_a_list_and_can_be_sent() {
        let target = Target::find("http://127.0.0.1", &[]).unwrap();
        let mut count = 0;
        for name in names() {
            let list = list(name).unwrap();
            assert!(list.len() >= 15, "{name} has only {}", list.len());
            count += list.len();
            for request in list {
                for protocol in [Protocol::Http1, Protocol::Http2] {
                    let prepared = request.prepare(&target, protocol, true);
                    assert!(prepared.is_ok(), "{name}: {request:?}: {prepared:?}");
                }
            }
        }
        assert_eq!(count, TEXTS.lines().count());
        assert_eq!(list("nothing"), None);
    }

    #[test]
    fn no_text_is_there_twice_and_json_is_json() {
        let mut seen = BTreeSet::new();
        for (list, text) in TEXTS.lines().map(|line| line.split_once('\t').unwrap()) {
            assert!(seen.insert(text), "{text}");
            if list == "json" {
                assert!(serde_json::from_str::<serde_json::Value>(text).is_ok(), "{text}");
            }
        }
    }
}
