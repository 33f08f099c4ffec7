//! Lists of attacks by name, for classes that a WAF must refuse.

use bytes::Bytes;

use super::{
    attack_data::{ATTACKS, Shape},
    request::Request,
};

/// Names of the lists.
pub fn names() -> impl Iterator<Item = &'static str> {
    ATTACKS.iter().map(|(name, _)| *name)
}

/// The requests of a list; `None` for a name that is none.
pub fn list(name: &str) -> Option<Vec<Request>> {
    let (_, attacks) = ATTACKS.iter().find(|(known, _)| *known == name)?;
    Some(attacks.iter().map(|(shape, payload)| request(*shape, payload)).collect())
}

fn request(shape: Shape, payload: &str) -> Request {
    let form = ("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned());
    match shape {
        Shape::Query => {
            Request { path: format!("/search?q={}", encode(payload)), ..Request::default() }
        }
        Shape::Path => Request { path: payload.to_owned(), ..Request::default() },
        Shape::Form => Request {
            method: "POST".to_owned(),
            path: "/comments".to_owned(),
            headers: vec![form],
            body: Bytes::from(format!("title=hello&text={}", encode(payload))),
        },
        Shape::Header(name) => Request {
            path: "/".to_owned(),
            headers: vec![(name.to_owned(), payload.to_owned())],
            ..Request::default()
        },
    }
}

/// Percent-encodes all but unreserved characters (RFC 3986, 2.3).
pub(super) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len() * 3);
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(byte as char);
            }
            byte => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Protocol, Target};

    #[test]
    fn every_attack_can_be_sent() {
        let target = Target::find("http://127.0.0.1", &[]).unwrap();
        for name in names() {
            let list = list(name).unwrap();
            assert!(list.len() >= 5, "{name} has only {}", list.len());
            for request in list {
                for protocol in [Protocol::Http1, Protocol::Http2] {
                    let prepared = request.prepare(&target, protocol, true);
                    assert!(prepared.is_ok(), "{name}: {request:?}: {prepared:?}");
                }
            }
        }
        assert_eq!(list("nothing"), None);
    }

    #[test]
    fn payloads_arrive_as_written() {
        assert_eq!(encode("a b'=<1>"), "a%20b%27%3D%3C1%3E");
    }
}
