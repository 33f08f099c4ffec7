//! What a client is recognised by: the first of a rollout's `sticky` keys that the request has.
//!
//! An empty value counts as absent, or all clients that send one would share a colour. The client address is the last
//! resort, so every request has a key.

use std::net::IpAddr;

use http::HeaderName;

use crate::{config::StickyKey, filter::cookie::cookie, key_error::KeyError, wire::RequestHead};

/// A rollout's `sticky`, compiled.
#[derive(Debug)]
pub struct StickyKeys(Box<[Source]>);

/// The bytes that a client is recognised by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StickyValue<'a> {
    /// A part of the request.
    Text(&'a [u8]),
    /// The client's address: its bytes, and how many of them there are.
    Address([u8; 16], usize),
}

#[derive(Debug)]
enum Source {
    ClientIp,
    Cookie(Box<[u8]>),
    Header(HeaderName),
    Path,
}

impl StickyKeys {
    /// Compiles `keys`.
    pub fn compile(keys: &[StickyKey]) -> Result<Self, KeyError> {
        let sources = keys.iter().map(|key| match key {
            StickyKey::ClientIp => Ok(Source::ClientIp),
            StickyKey::Path => Ok(Source::Path),
            StickyKey::Cookie(name) => Ok(Source::Cookie(name.as_bytes().into())),
            StickyKey::Header(name) => match HeaderName::from_bytes(name.as_bytes()) {
                Ok(name) => Ok(Source::Header(name)),
                Err(_) => {
                    Err(KeyError::new("sticky", format!("\"{name}\" is no name of a header field")))
                }
            },
        });
        sources.collect::<Result<_, _>>().map(Self)
    }

    /// The key of a request.
    pub fn value<'a>(&self, head: &'a RequestHead, client: IpAddr) -> StickyValue<'a> {
        let found = self.0.iter().find_map(|source| match source {
            Source::ClientIp => Some(StickyValue::address(client)),
            Source::Cookie(name) => text(cookie(&head.headers, name)),
            Source::Header(name) => text(head.headers.get(name).map(|value| value.as_bytes())),
            Source::Path => text(Some(head.target.path())),
        });
        found.unwrap_or_else(|| StickyValue::address(client))
    }
}

impl StickyValue<'_> {
    /// The bytes to hash.
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text,
            Self::Address(octets, len) => octets.get(..*len).unwrap_or(octets),
        }
    }

    fn address(client: IpAddr) -> Self {
        let mut octets = [0; 16];
        match client.to_canonical() {
            IpAddr::V4(client) => {
                octets[..4].copy_from_slice(&client.octets());
                Self::Address(octets, 4)
            }
            IpAddr::V6(client) => Self::Address(client.octets(), 16),
        }
    }
}

fn text(value: Option<&[u8]>) -> Option<StickyValue<'_>> {
    value.filter(|value| !value.is_empty()).map(StickyValue::Text)
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, header};

    use super::*;
    use crate::route::reference::request;

    fn keys(texts: &[&str]) -> StickyKeys {
        let keys: Vec<_> = texts.iter().map(|text| text.parse().unwrap()).collect();
        StickyKeys::compile(&keys).unwrap()
    }

    fn with_cookies(lines: &[&str]) -> RequestHead {
        let mut head = request("GET", "/p?q");
        for line in lines {
            head.headers.append(header::COOKIE, HeaderValue::from_str(line).unwrap());
        }
        head
    }

    #[test]
    fn the_first_key_that_the_request_has_is_taken() {
        let client = "192.0.2.7".parse().unwrap();
        let keys = keys(&["cookie:c", "header:X-User", "path"]);
        let mut head = with_cookies(&["a=1; c=22"]);
        assert_eq!(keys.value(&head, client).as_bytes(), b"22");
        head.headers.remove(header::COOKIE);
        head.headers.insert("x-user", HeaderValue::from_static("u"));
        assert_eq!(keys.value(&head, client).as_bytes(), b"u");
        head.headers.insert("x-user", HeaderValue::from_static(""));
        assert_eq!(keys.value(&head, client).as_bytes(), b"/p");
    }

    #[test]
    fn the_address_is_the_last_resort() {
        let head = with_cookies(&["c="]);
        for (client, octets) in
            [("192.0.2.7", &[192, 0, 2, 7][..]), ("::ffff:192.0.2.7", &[192, 0, 2, 7])]
        {
            let value = keys(&["cookie:c"]).value(&head, client.parse().unwrap());
            assert_eq!(value.as_bytes(), octets);
        }
        let value = keys(&["client_ip", "path"]).value(&head, "2001:db8::1".parse().unwrap());
        assert_eq!(value.as_bytes().len(), 16);
    }
}
