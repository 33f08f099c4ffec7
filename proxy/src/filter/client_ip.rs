//! Who is asking: the rightmost address that no trusted proxy has.
//!
//! Only what a trusted peer says is believed: from the connection's peer, the list of addresses is walked from right to
//! left while they are trusted. The first one that is not is the client. What is no address ends the walk, because nothing
//! to the left of it can be vouched for; the client is then the last address that was read.
//!
//! `X-Forwarded-For` goes before `Forwarded`: proxies that maintain the former often pass a client's `Forwarded` through.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, header::FORWARDED};
use smallvec::SmallVec;

use super::{forwarded::X_FORWARDED_FOR, ip_set::IpSet};

/// Who is asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Client {
    /// The client's address, IPv4 if it is IPv4-mapped.
    pub address: IpAddr,
    /// Whether the connection's peer is a trusted proxy.
    pub peer_trusted: bool,
    /// Whether the client itself is one of the trusted: all that is said of whom it speaks for was read, and nobody else is
    /// among them.
    pub trusted: bool,
}

/// The client of a request that came from `peer`.
pub fn resolve(peer: IpAddr, headers: &HeaderMap, trusted: &IpSet) -> Client {
    let peer = peer.to_canonical();
    if !trusted.contains(peer) {
        return Client { address: peer, peer_trusted: false, trusted: false };
    }
    let mut walk = Walk { trusted, address: peer };
    let all_trusted = if headers.contains_key(&X_FORWARDED_FOR) {
        walk.x_forwarded_for(headers)
    } else {
        walk.forwarded(headers)
    };
    Client { address: walk.address, peer_trusted: true, trusted: all_trusted }
}

struct Walk<'a> {
    trusted: &'a IpSet,
    address: IpAddr,
}

/// Each walk says whether it came to the end of the list.
impl Walk<'_> {
    fn x_forwarded_for(&mut self, headers: &HeaderMap) -> bool {
        for line in headers.get_all(&X_FORWARDED_FOR).iter().rev() {
            for entry in line.as_bytes().rsplit(|&b| b == b',') {
                if !self.step(address(entry.trim_ascii())) {
                    return false;
                }
            }
        }
        true
    }

    fn forwarded(&mut self, headers: &HeaderMap) -> bool {
        for line in headers.get_all(FORWARDED).iter().rev() {
            let elements: SmallVec<[&[u8]; 8]> = split_quoted(line.as_bytes(), b',').collect();
            for element in elements.into_iter().rev() {
                if !self.step(forwarded_for(element)) {
                    return false;
                }
            }
        }
        true
    }

    /// Takes an address as the client's so far, and says whether to go on to the left of it.
    fn step(&mut self, found: Option<IpAddr>) -> bool {
        let Some(found) = found else { return false };
        self.address = found;
        self.trusted.contains(found)
    }
}

/// The address in the `for` parameter of a forwarded-element (RFC 7239, 4).
fn forwarded_for(element: &[u8]) -> Option<IpAddr> {
    split_quoted(element, b';')
        .find_map(|pair| {
            let at = pair.iter().position(|&b| b == b'=')?;
            let (name, value) = (pair.get(..at)?, pair.get(at + 1..)?);
            name.trim_ascii().eq_ignore_ascii_case(b"for").then(|| value.trim_ascii())
        })
        .and_then(|value| match value {
            [b'"', inner @ .., b'"'] => address(inner),
            plain => address(plain),
        })
}

/// An address, with or without a port, brackets around IPv6 or not.
fn address(text: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(text).ok()?;
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(address.to_canonical());
    }
    if let Some(inner) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return inner
            .parse()
            .ok()
            .map(|address: std::net::Ipv6Addr| IpAddr::V6(address).to_canonical());
    }
    text.parse::<SocketAddr>().ok().map(|address| address.ip().to_canonical())
}

/// Splits at `separator`, but not inside of quoted strings (RFC 9110, 5.6.4).
fn split_quoted(text: &[u8], separator: u8) -> impl Iterator<Item = &[u8]> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |&byte| {
        let here = std::mem::take(&mut escaped);
        match byte {
            _ if here => {}
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ => return byte == separator && !quoted,
        }
        false
    })
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};
    use proptest::prelude::*;

    use super::*;

    fn client(peer: &str, fields: &[(&'static str, &str)]) -> (String, bool) {
        let blocks = ["10.0.0.0/8", "2001:db8:a::/48"].map(|block| block.parse().unwrap());
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
            headers.append(HeaderName::from_static(name), value);
        }
        let client = resolve(peer.parse().unwrap(), &headers, &IpSet::new(&blocks));
        (client.address.to_string(), client.peer_trusted)
    }

    #[test]
    fn an_untrusted_peer_is_the_client() {
        let found = client("192.0.2.1", &[("x-forwarded-for", "198.51.100.1")]);
        assert_eq!(found, ("192.0.2.1".to_owned(), false));
    }

    #[test]
    fn the_rightmost_untrusted_address_is_the_client() {
        for (list, expected) in [
            ("198.51.100.1", "198.51.100.1"),
            ("203.0.113.9, 198.51.100.1", "198.51.100.1"),
            ("198.51.100.1, 10.1.1.1,10.2.2.2", "198.51.100.1"),
            ("198.51.100.1:4711, 10.1.1.1", "198.51.100.1"),
            ("2001:db8::1, 10.1.1.1", "2001:db8::1"),
            ("[2001:db8::1]:80", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("::ffff:198.51.100.1, 2001:db8:a::1", "198.51.100.1"),
            ("10.1.1.1, 10.2.2.2", "10.1.1.1"),
        ] {
            let found = client("10.0.0.1", &[("x-forwarded-for", list)]);
            assert_eq!(found, (expected.to_owned(), true), "{list}");
        }
    }

    #[test]
    fn what_is_no_address_ends_the_walk() {
        for (list, expected) in [
            ("", "10.0.0.1"),
            ("unknown", "10.0.0.1"),
            ("198.51.100.1, garbage", "10.0.0.1"),
            ("198.51.100.1, garbage, 10.1.1.1", "10.1.1.1"),
            ("198.51.100.1,,10.1.1.1", "10.1.1.1"),
            ("1.2.3", "10.0.0.1"),
            ("\u{e9}", "10.0.0.1"),
        ] {
            assert_eq!(client("10.0.0.1", &[("x-forwarded-for", list)]).0, expected, "{list}");
        }
    }

    #[test]
    fn a_client_is_trusted_if_nobody_else_is_behind_it() {
        for (list, expected) in [
            (None, true),
            (Some("10.1.1.1, 10.2.2.2"), true),
            (Some("198.51.100.1, 10.1.1.1"), false),
            (Some("unknown"), false),
            (Some("198.51.100.1, unknown, 10.1.1.1"), false),
            (Some(""), false),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(list) = list {
                headers.insert(X_FORWARDED_FOR, HeaderValue::from_static(list));
            }
            let trusted = IpSet::new(&["10.0.0.0/8".parse().unwrap()]);
            let client = |peer: &str| resolve(peer.parse().unwrap(), &headers, &trusted);
            assert_eq!(client("10.0.0.1").trusted, expected, "{list:?}");
            assert!(!client("192.0.2.1").trusted, "{list:?}");
        }
    }

    #[test]
    fn lines_are_read_from_the_last_to_the_first() {
        let lines =
            [("x-forwarded-for", "203.0.113.9"), ("x-forwarded-for", "198.51.100.1, 10.1.1.1")];
        assert_eq!(client("10.0.0.1", &lines).0, "198.51.100.1");
        let lines = [("x-forwarded-for", "203.0.113.9"), ("x-forwarded-for", "10.1.1.1")];
        assert_eq!(client("10.0.0.1", &lines).0, "203.0.113.9");
    }

    #[test]
    fn forwarded_is_read_where_there_is_no_x_forwarded_for() {
        for (list, expected) in [
            ("for=198.51.100.1", "198.51.100.1"),
            ("For=\"[2001:db8::1]:4711\";proto=https, for=10.1.1.1", "2001:db8::1"),
            ("by=10.0.0.9;for=198.51.100.1;host=\"a,b;for=1.2.3.4\"", "198.51.100.1"),
            ("for=198.51.100.1, for=_hidden", "10.0.0.1"),
            ("for=198.51.100.1, proto=http", "10.0.0.1"),
            ("for=\"1.2.3.4, for=198.51.100.1", "10.0.0.1"),
        ] {
            assert_eq!(client("10.0.0.1", &[("forwarded", list)]).0, expected, "{list}");
        }
        let both = [("forwarded", "for=203.0.113.9"), ("x-forwarded-for", "198.51.100.1")];
        assert_eq!(client("10.0.0.1", &both).0, "198.51.100.1");
    }

    proptest! {
        #[test]
        fn a_client_cannot_choose_its_address(list in "[ -~]{0,40}") {
            // What a client writes stands to the left of what the trusted proxy appends.
            let list = format!("{list}, 198.51.100.1");
            prop_assert_eq!(client("10.0.0.1", &[("x-forwarded-for", &list)]).0, "198.51.100.1");
        }
    }
}
