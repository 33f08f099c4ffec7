//! What a limit is counted by: parts of a request, hashed as they stand there.

use std::{
    hash::{BuildHasher, Hasher},
    net::IpAddr,
};

use http::HeaderName;

use crate::{
    config::{LimitKey, MissingKey},
    filter::cookie::cookie,
    key_error::KeyError,
    wire::RequestHead,
};

/// A limit's `key`, compiled.
#[derive(Debug)]
pub struct Key {
    sources: Box<[Source]>,
    missing: MissingKey,
}

/// What a key may be made of.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The request.
    pub head: &'a RequestHead,
    /// Who asks.
    pub client: IpAddr,
    /// Host without port, in lower case.
    pub host: &'a [u8],
    /// Name of the route.
    pub route: &'a str,
    /// Name of the tenant.
    pub tenant: Option<&'a str>,
}

#[derive(Debug)]
enum Source {
    ClientIp,
    Header(HeaderName),
    Cookie(Box<[u8]>),
    Host,
    Method,
    Path,
    Route,
    Tenant,
}

impl Key {
    /// Compiles `key` and `missing`.
    ///
    /// # Errors
    /// A name that no header field can have.
    pub fn compile(keys: &[LimitKey], missing: MissingKey) -> Result<Self, KeyError> {
        let sources = keys.iter().filter_map(|key| match key {
            LimitKey::ClientIp => Some(Ok(Source::ClientIp)),
            LimitKey::Cookie(name) => Some(Ok(Source::Cookie(name.as_bytes().into()))),
            LimitKey::Header(name) => Some(match HeaderName::from_bytes(name.as_bytes()) {
                Ok(name) => Ok(Source::Header(name)),
                Err(_) => {
                    Err(KeyError::new("key", format!("\"{name}\" is no name of a header field")))
                }
            }),
            LimitKey::Host => Some(Ok(Source::Host)),
            LimitKey::Method => Some(Ok(Source::Method)),
            LimitKey::Path => Some(Ok(Source::Path)),
            LimitKey::Route => Some(Ok(Source::Route)),
            LimitKey::Tenant => Some(Ok(Source::Tenant)),
            // Nothing that differs from one request to the next.
            LimitKey::Constant => None,
        });
        Ok(Self { sources: sources.collect::<Result<_, _>>()?, missing })
    }

    /// Hash of a request's key; `None` where a part of it is missing and such requests are not limited.
    pub fn hash(&self, facts: &Facts<'_>, secret: &impl BuildHasher) -> Option<u64> {
        let mut hasher = secret.build_hasher();
        self.feed(facts, |bytes| hasher.write(bytes))?;
        Some(hasher.finish())
    }

    /// Shows the parts of a request's key to `sink`, each behind its length.
    pub fn feed(&self, facts: &Facts<'_>, mut sink: impl FnMut(&[u8])) -> Option<()> {
        for source in &self.sources {
            let there = source.feed(facts, &mut |bytes| {
                sink(&(bytes.len() as u64).to_le_bytes());
                sink(bytes);
            });
            if !there && self.missing == MissingKey::Skip {
                return None;
            }
            // No part is as long as this: a part that is not there is not an empty one.
            sink(if there { END } else { MISSING });
        }
        Some(())
    }
}

impl Source {
    /// Whether the request has it. An empty text is as good as none: anybody could send it.
    fn feed(&self, facts: &Facts<'_>, sink: &mut impl FnMut(&[u8])) -> bool {
        let mut text = |bytes: &[u8]| {
            if !bytes.is_empty() {
                sink(bytes);
            }
            !bytes.is_empty()
        };
        match self {
            Self::ClientIp => match facts.client.to_canonical() {
                IpAddr::V4(client) => text(&client.octets()),
                // A client has a /64 as it has one IPv4 address (RFC 6177).
                IpAddr::V6(client) => text(&client.octets()[..8]),
            },
            Self::Header(name) => {
                // All of them, or another one in front would be another key.
                facts.head.headers.get_all(name).iter().fold(false, |there, value| {
                    let this = text(value.as_bytes());
                    there | this
                })
            }
            Self::Cookie(name) => cookie(&facts.head.headers, name).is_some_and(text),
            Self::Host => text(facts.host),
            Self::Method => text(facts.head.method.as_str().as_bytes()),
            Self::Path => text(facts.head.target.path()),
            Self::Route => text(facts.route.as_bytes()),
            Self::Tenant => facts.tenant.is_some_and(|tenant| text(tenant.as_bytes())),
        }
    }
}

const END: &[u8] = &[0xff; 8];
const MISSING: &[u8] = &[0xfe; 8];

#[cfg(test)]
mod tests {
    use std::hash::RandomState;

    use bytes::Bytes;
    use http::{HeaderMap, HeaderValue, Method, Version};

    use super::*;
    use crate::wire::Target;

    fn head(target: &'static str, fields: &[(&'static str, &'static str)]) -> RequestHead {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, HeaderValue::from_static(value));
        }
        RequestHead {
            method: Method::GET,
            target: Target::new(Bytes::from_static(target.as_bytes())),
            authority: Bytes::new(),
            version: Version::HTTP_11,
            headers,
            upgrade: None,
            written: None,
        }
    }

    /// Whether two requests from these addresses have one key.
    fn same(keys: &[&str], a: (&RequestHead, &str), b: (&RequestHead, &str)) -> bool {
        let keys: Vec<_> = keys.iter().map(|key| key.parse().unwrap()).collect();
        let key = Key::compile(&keys, MissingKey::Share).unwrap();
        let secret = RandomState::new();
        let hash = |(head, client): (&RequestHead, &str)| {
            let facts = Facts {
                head,
                client: client.parse().unwrap(),
                host: b"a.test",
                route: "r",
                tenant: None,
            };
            key.hash(&facts, &secret).unwrap()
        };
        hash(a) == hash(b)
    }

    #[test]
    fn a_client_is_an_ipv4_address_or_a_64() {
        let head = head("/", &[]);
        for (a, b, one) in [
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
            ("192.0.2.1", "::ffff:192.0.2.1", true),
            ("2001:db8::1", "2001:db8::2:3:4:5", true),
            ("2001:db8::1", "2001:db8:0:1::1", false),
        ] {
            assert_eq!(same(&["client_ip"], (&head, a), (&head, b)), one, "{a} {b}");
        }
    }

    #[test]
    fn parts_are_told_apart() {
        let at = |head| (head, "192.0.2.1");
        let (ab, a_b) =
            (head("/", &[("x", "ab"), ("y", "c")]), head("/", &[("x", "a"), ("y", "bc")]));
        assert!(!same(&["header:x", "header:y"], at(&ab), at(&a_b)));
        let (one, other) = (head("/a?1", &[("cookie", "s=1")]), head("/a?2", &[("cookie", "s=2")]));
        assert!(same(&["path"], at(&one), at(&other)));
        assert!(!same(&["path", "cookie:s"], at(&one), at(&other)));
        assert!(same(&["constant"], at(&one), (&other, "::1")));
        assert!(same(&["tenant", "route", "method", "host"], at(&one), (&other, "::1")));
        // A field in front of the other does not make another key of the one behind it alone.
        let (two, three) = (head("/", &[("x", "1"), ("x", "2")]), head("/", &[("x", "12")]));
        assert!(!same(&["header:x"], at(&two), at(&three)));
    }

    #[test]
    fn what_is_missing_is_shared_or_skipped() {
        let (none, empty) = (head("/", &[]), head("/", &[("x", "")]));
        assert!(same(&["header:X"], (&none, "::1"), (&empty, "::2")));
        let key = Key::compile(&["header:x".parse().unwrap()], MissingKey::Skip).unwrap();
        let facts = |head| Facts {
            head,
            client: [127, 0, 0, 1].into(),
            host: b"",
            route: "",
            tenant: None,
        };
        assert_eq!(key.hash(&facts(&empty), &RandomState::new()), None);
        assert!(key.hash(&facts(&head("/", &[("x", "1")])), &RandomState::new()).is_some());
    }
}
