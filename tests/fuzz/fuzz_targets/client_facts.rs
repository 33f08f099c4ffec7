//! Who the client is and what the upstream is told of it: `X-Forwarded-*`, `Forwarded`, `X-Request-Id`, `traceparent`. Each
//! line of the input is a field. A peer that is not trusted says nothing about anybody.
#![no_main]

use std::net::IpAddr;

use bytes::{Bytes, BytesMut};
use foxtrot::{
    filter::{
        client_ip,
        forwarded::{self, ClientFacts, Ids, Scheme},
        hop_by_hop,
        ip_set::IpSet,
    },
    wire::{
        RequestHead, Target, encode,
        framing::BodyLength,
        parse::{self, HeadLimits, Scan},
    },
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Version};
use libfuzzer_sys::fuzz_target;

const NAMES: [&str; 10] = [
    "x-forwarded-for",
    "forwarded",
    "x-forwarded-proto",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-real-ip",
    "x-request-id",
    "traceparent",
    "tracestate",
    "connection",
];

fuzz_target!(|data: &[u8]| {
    let trusted = IpSet::new(&["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()]);
    for peer in ["10.0.0.1", "192.0.2.1", "::ffff:10.0.0.2"].map(|ip| ip.parse::<IpAddr>().unwrap()) {
        let mut head = head(data);
        let client = client_ip::resolve(peer, &head.headers, &trusted);
        assert_eq!(client.peer_trusted, trusted.contains(peer.to_canonical()));
        assert!(client.peer_trusted || client.address == peer);
        hop_by_hop::strip_request(&mut head.headers);
        let host = Bytes::from_static(b"a.test");
        let peer_trusted = client.peer_trusted;
        let facts = ClientFacts { peer, peer_trusted, scheme: Scheme::Http, host: &host };
        forwarded::apply(&mut head, &facts, &Ids { fresh: 7, span: None });
        // Behind us, our listener's peer is the last hop that is told of, so the next proxy finds the same client.
        if client.address != peer.to_canonical() || !peer_trusted {
            let next = client_ip::resolve("10.9.9.9".parse().unwrap(), &head.headers, &trusted);
            assert_eq!(next.address, client.address);
        }
        let mut out = BytesMut::new();
        encode::request_head(&head, BodyLength::None, &mut out);
        let wide = HeadLimits { bytes: 1 << 20, fields: 10_000 };
        let again = parse::request(&mut out, &mut Scan::default(), wide).unwrap().unwrap();
        assert!(out.is_empty());
        let values = |name| again.headers.get_all(name).iter().count();
        assert_eq!(values("x-request-id"), 1);
        assert!(values("x-forwarded-proto") == 1 || peer_trusted);
    }
});

fn head(data: &[u8]) -> RequestHead {
    let mut headers = HeaderMap::new();
    for line in data.split(|byte| *byte == b'\n').take(50) {
        let Some((name, value)) = line.split_first() else { continue };
        let name = HeaderName::from_static(NAMES[usize::from(*name) % NAMES.len()]);
        if let Ok(value) = HeaderValue::from_bytes(value.trim_ascii()) {
            headers.append(name, value);
        }
    }
    RequestHead {
        method: Method::GET,
        target: Target::new(Bytes::from_static(b"/")),
        authority: Bytes::from_static(b"a.test"),
        version: Version::HTTP_11,
        headers,
        upgrade: None,
    }
}
