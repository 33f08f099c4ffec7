//! Tells the upstream who asks, and how: the `X-Forwarded-*` fields, `Forwarded`, `X-Request-Id` and `traceparent`.
//!
//! From a trusted peer, what it says is kept and extended. From any other, it is replaced, and what this proxy does not set
//! itself (`X-Real-IP`, `X-Forwarded-Port`, `X-Forwarded-Prefix` and their like) is removed: an upstream that believes such
//! a field believes it from us. `Forwarded` (RFC 7239) is extended where a trusted peer sent one, and never begun: an
//! upstream that reads both would have to choose.
//!
//! This runs on every request: all values are written into one buffer. It runs after
//! [`hop_by_hop`](super::hop_by_hop), so that a `Connection` field cannot name what is added here.

use std::{
    fmt::Write,
    net::{IpAddr, Ipv4Addr},
};

use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, header::FORWARDED};
use smallvec::SmallVec;

use super::{request_id, trace_context};
use crate::wire::RequestHead;

/// What the connection says about a request.
#[derive(Debug, Clone, Copy)]
pub struct ClientFacts<'a> {
    /// Address of the connection's peer, which may be a proxy.
    pub peer: IpAddr,
    /// Whether that peer is a trusted proxy.
    pub peer_trusted: bool,
    /// How the peer spoke to us.
    pub scheme: Scheme,
    /// Host as the client wrote it, with port; empty if it wrote none.
    pub host: &'a Bytes,
}

/// How the peer speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// In the clear.
    Http,
    /// Over TLS.
    Https,
}

/// Chance, drawn by the caller.
#[derive(Debug, Clone, Copy)]
pub struct Ids {
    /// What a request without identifier, or a trace without beginning, is called.
    pub fresh: u128,
    /// This exchange's span, if it is recorded; see [`trace_context`].
    pub span: Option<u64>,
}

/// What the exchange is called in logs.
#[derive(Debug, Clone)]
pub struct Identity {
    /// `X-Request-Id`, as the upstream gets it.
    pub request_id: HeaderValue,
    /// The trace that the exchange belongs to.
    pub trace_id: Option<u128>,
}

/// Sets the fields.
pub fn apply(head: &mut RequestHead, facts: &ClientFacts<'_>, ids: &Ids) -> Identity {
    let headers = &mut head.headers;
    let mut out = BytesMut::with_capacity(BUFFER_BYTES);
    remove_unproven(headers, facts.peer_trusted);
    forwarded(headers, facts, &mut out);
    forwarded_for(headers, facts, &mut out);
    if !headers.contains_key(&X_FORWARDED_PROTO) {
        headers.insert(X_FORWARDED_PROTO, HeaderValue::from_static(facts.scheme.as_str()));
    }
    if !facts.host.is_empty()
        && !headers.contains_key(&X_FORWARDED_HOST)
        && let Ok(host) = HeaderValue::from_maybe_shared(facts.host.clone())
    {
        headers.insert(X_FORWARDED_HOST, host);
    }
    let request_id = request_id(headers, ids, &mut out);
    let fresh = request_id::uuid_bits(ids.fresh);
    let trace_id = trace_context::apply(headers, ids.span, fresh, &mut out);
    Identity { request_id, trace_id }
}

impl Scheme {
    /// The word of URLs and of `X-Forwarded-Proto`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

/// Removes what a stranger says about itself, and from whomever what only looks like that: CGI and WSGI read
/// `X_Forwarded_For` as `X-Forwarded-For` (RFC 3875, 4.1.18), beside ours. One pass, because most requests have nothing of
/// this kind.
fn remove_unproven(headers: &mut HeaderMap, peer_trusted: bool) {
    let unproven = |name: &&HeaderName| {
        let name = name.as_str().as_bytes();
        speaks_for_client(name) && (!peer_trusted || name.contains(&b'_'))
    };
    let names: SmallVec<[HeaderName; 8]> = headers.keys().filter(unproven).cloned().collect();
    for name in names {
        headers.remove(name);
    }
    if !peer_trusted && headers.contains_key(FORWARDED) {
        headers.remove(FORWARDED);
    }
}

/// Whether an upstream takes a field of this name, or what it makes of the name, for what a proxy has said.
fn speaks_for_client(name: &[u8]) -> bool {
    let [b'x', b'-' | b'_', rest @ ..] = name else { return false };
    let same = |rest: &[u8], text: &[u8]| {
        let mut pairs = rest.iter().zip(text);
        rest.len() == text.len() && pairs.all(|(a, b)| a == b || (*a == b'_' && *b == b'-'))
    };
    match rest.first() {
        Some(b'f') => {
            rest.get(..10).is_some_and(|start| same(start, b"forwarded-"))
                || same(rest, b"foxtrot-mirror")
        }
        Some(b'r') => same(rest, b"real-ip") || same(rest, b"request-id"),
        _ => false,
    }
}

/// `X-Forwarded-For`: the list so far, if there is one left, and the peer.
fn forwarded_for(headers: &mut HeaderMap, facts: &ClientFacts<'_>, out: &mut BytesMut) {
    put_lines(headers, &X_FORWARDED_FOR, out);
    put_address(facts.peer, out);
    insert(headers, X_FORWARDED_FOR, out);
}

/// `Forwarded`: the list so far and this hop, if there is a list.
fn forwarded(headers: &mut HeaderMap, facts: &ClientFacts<'_>, out: &mut BytesMut) {
    if !headers.contains_key(FORWARDED) {
        return;
    }
    put_lines(headers, &FORWARDED, out);
    out.put_slice(b"for=");
    match facts.peer.to_canonical() {
        IpAddr::V4(_) => put_address(facts.peer, out),
        IpAddr::V6(peer) => put_display(format_args!("\"[{peer}]\""), out),
    }
    if is_plain_host(facts.host) {
        out.put_slice(b";host=\"");
        out.put_slice(facts.host);
        out.put_u8(b'"');
    }
    out.put_slice(b";proto=");
    out.put_slice(facts.scheme.as_str().as_bytes());
    insert(headers, FORWARDED, out);
}

fn request_id(headers: &mut HeaderMap, ids: &Ids, out: &mut BytesMut) -> HeaderValue {
    let mut known = headers.get_all(&X_REQUEST_ID).iter();
    if let (Some(id), None) = (known.next(), known.next())
        && request_id::is_sane(id.as_bytes())
    {
        return id.clone();
    }
    request_id::write_uuid(ids.fresh, out);
    let fresh = insert(headers, X_REQUEST_ID, out);
    fresh.unwrap_or(HeaderValue::from_static(""))
}

/// Writes all lines of a list as one that an element can follow.
fn put_lines(headers: &HeaderMap, name: &HeaderName, out: &mut BytesMut) {
    for line in headers.get_all(name) {
        let line = line.as_bytes().trim_ascii();
        if !line.is_empty() {
            out.put_slice(line);
            out.put_slice(b", ");
        }
    }
}

fn put_address(address: IpAddr, out: &mut BytesMut) {
    match address.to_canonical() {
        IpAddr::V4(address) => put_ipv4(address, out),
        IpAddr::V6(address) => put_display(format_args!("{address}"), out),
    }
}

/// By hand, because every request needs one, and `fmt` takes ten times as long.
fn put_ipv4(address: Ipv4Addr, out: &mut BytesMut) {
    for (at, octet) in address.octets().into_iter().enumerate() {
        if at > 0 {
            out.put_u8(b'.');
        }
        if octet >= 100 {
            out.put_u8(b'0' + octet / 100);
        }
        if octet >= 10 {
            out.put_u8(b'0' + octet / 10 % 10);
        }
        out.put_u8(b'0' + octet % 10);
    }
}

fn put_display(text: std::fmt::Arguments<'_>, out: &mut BytesMut) {
    // Growing memory is all that could fail, and that does not return.
    let _ = out.write_fmt(text);
}

/// Whether a host can stand between quotes as it is.
fn is_plain_host(host: &[u8]) -> bool {
    !host.is_empty() && host.iter().all(|b| b.is_ascii_alphanumeric() || b"-._:[]".contains(b))
}

/// Takes what has been written as the one value of a field.
fn insert(headers: &mut HeaderMap, name: HeaderName, out: &mut BytesMut) -> Option<HeaderValue> {
    let value = HeaderValue::from_maybe_shared(out.split().freeze()).ok()?;
    headers.insert(name, value.clone());
    Some(value)
}

/// `X-Forwarded-For`.
pub const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// `X-Forwarded-Proto`.
pub const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
/// `X-Forwarded-Host`.
pub const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
/// `X-Request-Id`.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Room for an IPv6 address, a UUID and a `traceparent`.
const BUFFER_BYTES: usize = 160;

#[cfg(test)]
mod tests;
