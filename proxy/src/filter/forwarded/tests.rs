use proptest::prelude::*;

use super::*;

const FRESH: &str = "00000000-0000-4000-8000-000000000007";

fn head(fields: &[(&'static str, &str)]) -> RequestHead {
    let mut head = RequestHead {
        method: http::Method::GET,
        target: crate::wire::Target::new(Bytes::from_static(b"/")),
        authority: Bytes::new(),
        version: http::Version::HTTP_11,
        headers: HeaderMap::new(),
        upgrade: None,
        written: Default::default(),
    };
    for (name, value) in fields {
        let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
        head.headers.append(HeaderName::from_static(name), value);
    }
    head
}

struct From {
    peer: &'static str,
    trusted: bool,
}

const STRANGER: From = From { peer: "192.0.2.1", trusted: false };
const PROXY: From = From { peer: "10.0.0.1", trusted: true };

fn applied(from: From, fields: &[(&'static str, &str)]) -> (HeaderMap, Identity) {
    let mut head = head(fields);
    let host = Bytes::from_static(b"a.test:8443");
    let facts = ClientFacts {
        peer: from.peer.parse().unwrap(),
        peer_trusted: from.trusted,
        scheme: Scheme::Https,
        host: &host,
    };
    let identity = apply(&mut head, &facts, &Ids { fresh: 7, span: None });
    (head.headers, identity)
}

fn value<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    assert!(headers.get_all(name).iter().count() <= 1, "{name} stands once");
    headers.get(name).map(|value| value.to_str().unwrap())
}

#[test]
fn addresses_are_written_as_everywhere() {
    for text in ["0.0.0.0", "1.20.100.255", "9.10.99.101", "::1", "2001:db8::a"] {
        let mut out = BytesMut::new();
        put_address(text.parse().unwrap(), &mut out);
        assert_eq!(out, text);
    }
}

#[test]
fn a_request_without_fields_gets_them() {
    let (headers, identity) = applied(STRANGER, &[]);
    assert_eq!(value(&headers, "x-forwarded-for"), Some("192.0.2.1"));
    assert_eq!(value(&headers, "x-forwarded-proto"), Some("https"));
    assert_eq!(value(&headers, "x-forwarded-host"), Some("a.test:8443"));
    assert_eq!(value(&headers, "x-request-id"), Some(FRESH));
    assert_eq!(value(&headers, "forwarded"), None);
    assert_eq!(value(&headers, "traceparent"), None);
    assert_eq!(identity.request_id, FRESH);
}

const CLAIMS: [(&str, &str); 10] = [
    ("x-forwarded-for", "198.51.100.1"),
    ("x-forwarded-for", "10.1.1.1"),
    ("x-forwarded-proto", "http"),
    ("x-forwarded-host", "b.test"),
    ("x-forwarded-port", "80"),
    ("x-forwarded-prefix", "/admin"),
    ("x-real-ip", "198.51.100.1"),
    ("x-request-id", "abc"),
    ("x-foxtrot-mirror", "gateway"),
    ("forwarded", "for=198.51.100.1"),
];

#[test]
fn what_a_stranger_says_is_replaced() {
    let (headers, _) = applied(STRANGER, &CLAIMS);
    let (plain, _) = applied(STRANGER, &[]);
    assert_eq!(headers, plain);
}

#[test]
fn what_only_looks_like_it_is_removed_from_everybody() {
    let alike = [
        ("x_forwarded_for", "6.6.6.6"),
        ("x-forwarded_proto", "https"),
        ("x_forwarded-port", "80"),
        ("x_real_ip", "6.6.6.6"),
        ("x_request-id", "a"),
        ("x_foxtrot_mirror", "gateway"),
    ];
    for from in [STRANGER, PROXY] {
        let (plain, _) = applied(From { ..from }, &[]);
        assert_eq!(applied(from, &alike).0, plain);
    }
    let others = [("x_forwarded", "a"), ("x_for", "b"), ("x_real_ips", "c"), ("user_agent", "d")];
    let (headers, _) = applied(STRANGER, &others);
    for (name, expected) in others {
        assert_eq!(value(&headers, name), Some(expected));
    }
}

#[test]
fn what_a_trusted_peer_says_is_kept_and_extended() {
    let (headers, identity) = applied(PROXY, &CLAIMS);
    for (name, expected) in [
        ("x-forwarded-for", "198.51.100.1, 10.1.1.1, 10.0.0.1"),
        ("x-forwarded-proto", "http"),
        ("x-forwarded-host", "b.test"),
        ("x-forwarded-port", "80"),
        ("x-real-ip", "198.51.100.1"),
        ("x-request-id", "abc"),
        ("forwarded", "for=198.51.100.1, for=10.0.0.1;host=\"a.test:8443\";proto=https"),
    ] {
        assert_eq!(value(&headers, name), Some(expected));
    }
    assert_eq!(identity.request_id, "abc");
}

#[test]
fn ipv6_peers_are_quoted_in_forwarded() {
    let from = From { peer: "2001:db8::1", trusted: true };
    let (headers, _) = applied(from, &[("forwarded", "for=_a")]);
    let expected = "for=_a, for=\"[2001:db8::1]\";host=\"a.test:8443\";proto=https";
    assert_eq!(value(&headers, "forwarded"), Some(expected));
    assert_eq!(value(&headers, "x-forwarded-for"), Some("2001:db8::1"));
}

#[test]
fn odd_request_ids_are_replaced() {
    for id in ["", "a b", "a\"b"] {
        let (headers, _) = applied(PROXY, &[("x-request-id", id)]);
        assert_eq!(value(&headers, "x-request-id"), Some(FRESH), "{id}");
    }
    let (headers, _) = applied(PROXY, &[("x-request-id", "a"), ("x-request-id", "b")]);
    assert_eq!(value(&headers, "x-request-id"), Some(FRESH));
}

#[test]
fn what_is_added_cannot_be_named_in_connection() {
    let mut head =
        head(&[("connection", "x-forwarded-for, x-request-id, host"), ("host", "a.test")]);
    super::super::hop_by_hop::strip_request(&mut head.headers);
    let host = Bytes::from_static(b"a.test");
    let facts = ClientFacts {
        peer: "192.0.2.1".parse().unwrap(),
        peer_trusted: false,
        scheme: Scheme::Http,
        host: &host,
    };
    apply(&mut head, &facts, &Ids { fresh: 7, span: Some(1) });
    for name in ["host", "x-forwarded-for", "x-request-id", "traceparent"] {
        assert!(head.headers.contains_key(name), "{name}");
    }
    assert!(!head.headers.contains_key("connection"));
}

proptest! {
    #[test]
    fn the_client_that_is_told_is_the_client_that_is_found(list in "([0-9a-f.:, ]{0,24})") {
        // The next proxy, trusting us, must find the client that we found.
        let trusted = crate::filter::IpSet::new(&["10.0.0.0/8".parse().unwrap()]);
        let peer = "10.0.0.1".parse().unwrap();
        let written = head(&[("x-forwarded-for", &list)]);
        let here = crate::filter::client_ip::resolve(peer, &written.headers, &trusted);
        let (headers, _) = applied(PROXY, &[("x-forwarded-for", &list)]);
        let next = crate::filter::client_ip::resolve("10.0.0.2".parse().unwrap(), &headers, &trusted);
        prop_assert_eq!(here.address, next.address);
    }
}
