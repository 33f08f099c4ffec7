//! The request: its line, its fields, and the variables that are made of them.

use std::{net::SocketAddr, ops::ControlFlow};

use super::Transaction;
use crate::{
    action::Processor,
    body::{Sink, cookies, urlencoded},
    facts::Facts,
    number::Decimal,
    report::Verdict,
    variable::{Scalar, Set},
    worker::Worker,
};

/// Arguments of a query string or a body, up to the limit of both together.
pub(super) struct Arguments<'f> {
    pub facts: &'f mut Facts,
    pub set: Set,
    pub left: usize,
    /// Bytes of names and values.
    pub bytes: usize,
}

impl Sink for Arguments<'_> {
    fn arg(&mut self, name: &[u8], value: &[u8]) -> ControlFlow<()> {
        if self.left == 0 {
            return ControlFlow::Break(());
        }
        self.left -= 1;
        self.bytes += name.len() + value.len();
        self.facts.push(self.set, name, value);
        ControlFlow::Continue(())
    }

    fn cookie(&mut self, name: &[u8], value: &[u8]) {
        self.facts.push(Set::RequestCookies, name, value);
    }
}

impl Transaction {
    /// Who speaks with whom. The client is the one behind trusted proxies.
    pub fn connection(&mut self, client: SocketAddr, server: SocketAddr) {
        let facts = &mut self.parts.facts;
        let client_ip = client.ip().to_canonical().to_string();
        facts.put(Scalar::RemoteAddr, client_ip.as_bytes());
        facts.put(Scalar::RemoteHost, client_ip.as_bytes());
        facts.put_number(Scalar::RemotePort, u64::from(client.port()));
        facts.put(Scalar::ServerAddr, server.ip().to_canonical().to_string().as_bytes());
        facts.put_number(Scalar::ServerPort, u64::from(server.port()));
    }

    /// The request line. `target` is as the client wrote it, `protocol` as in `HTTP/1.1`.
    pub fn request_line(&mut self, method: &[u8], target: &[u8], protocol: &[u8]) {
        let facts = &mut self.parts.facts;
        facts.put(Scalar::RequestMethod, method);
        facts.put(Scalar::RequestProtocol, protocol);
        facts.put(Scalar::RequestUriRaw, target);
        let line = [method, target, protocol].join(&b' ');
        facts.put(Scalar::RequestLine, &line);
        let (mut decoded, local) = (Vec::new(), without_origin(target));
        decode(local, &mut decoded);
        facts.put(Scalar::RequestUri, &decoded);
        let question = memchr::memchr(b'?', local);
        let path = question.and_then(|at| local.get(..at)).unwrap_or(local);
        decode(path, &mut decoded);
        facts.put(Scalar::RequestFilename, &decoded);
        facts.put(Scalar::PathInfo, &decoded);
        let slash = decoded.iter().rposition(|byte| matches!(byte, b'/' | b'\\'));
        let basename = slash.and_then(|at| decoded.get(at + 1..)).unwrap_or_default();
        facts.put(Scalar::RequestBasename, basename);
        let query = question.and_then(|at| local.get(at + 1..)).unwrap_or_default();
        facts.put(Scalar::QueryString, query);
        self.query(query);
        let path = self.parts.facts.bytes(Scalar::RequestFilename);
        let now = self.parts.state.now;
        for (at, exclusion) in self.policy.exclusions.iter().enumerate() {
            if exclusion.holds(path, now) {
                match exclusion.target {
                    Some(_) => self.active_exclusions.push(at),
                    None => self.parts.state.removed.add(&exclusion.rules),
                }
            }
        }
    }

    fn query(&mut self, query: &[u8]) {
        let settings = &self.rules.settings;
        let left = settings.arguments_max;
        let facts = &mut self.parts.facts;
        let mut arguments = Arguments { facts, set: Set::ArgsGet, left, bytes: 0 };
        let found = urlencoded::parse(query, settings.argument_separator, &mut arguments);
        let bytes = arguments.bytes;
        let facts = &mut self.parts.facts;
        facts.put_number(Scalar::ArgsCombinedSize, bytes as u64);
        facts.put_number(Scalar::UrlencodedError, u64::from(found.invalid_encoding));
    }

    /// One field of the request's head.
    pub fn request_header(&mut self, name: &[u8], value: &[u8]) {
        let facts = &mut self.parts.facts;
        facts.push(Set::RequestHeaders, name, value);
        if name.eq_ignore_ascii_case(b"cookie") {
            let mut sink = Arguments { facts, set: Set::RequestCookies, left: 0, bytes: 0 };
            cookies::parse_v0(value, &mut sink);
        } else if name.eq_ignore_ascii_case(b"host") {
            facts.put(Scalar::ServerName, host(value));
        } else if name.eq_ignore_ascii_case(b"authorization") {
            let kind = value.split(|byte| *byte == b' ').next().unwrap_or_default();
            facts.put(Scalar::AuthType, kind);
        } else if name.eq_ignore_ascii_case(b"content-type") {
            self.parts.state.processor = by_type(value);
        }
    }

    /// The request's head is whole: runs phase 1.
    pub fn request_headers(&mut self, worker: &mut Worker) -> Verdict {
        self.put_processor();
        self.run(1, worker)
    }

    pub(super) fn put_processor(&mut self) {
        let name = self.parts.state.processor.map_or("", Processor::name);
        self.parts.facts.put(Scalar::ReqbodyProcessor, name.as_bytes());
    }

    /// `FULL_REQUEST` and its length, of what is kept of the request.
    pub(super) fn put_full_request(&mut self) {
        let facts = &mut self.parts.facts;
        let mut full = facts.bytes(Scalar::RequestLine).to_vec();
        for entry in facts.set(Set::RequestHeaders) {
            full.extend_from_slice(b"\r\n");
            full.extend_from_slice(facts.values.get(entry.name));
            full.extend_from_slice(b": ");
            full.extend_from_slice(facts.values.get(entry.value));
        }
        full.extend_from_slice(b"\r\n\r\n");
        full.extend_from_slice(&self.parts.request_body);
        facts.put(Scalar::FullRequestLength, Decimal::from(full.len() as i64).as_bytes());
        facts.put(Scalar::FullRequest, &full);
    }
}

/// How a body of this media type is read.
///
/// ModSecurity leaves JSON and XML to rules of its recommended configuration. Without them such bodies would pass unread, so
/// here the type decides, and rules can decide otherwise.
fn by_type(value: &[u8]) -> Option<Processor> {
    let kind =
        value.split(|byte| matches!(byte, b';' | b' ' | b'\t' | b',')).next().unwrap_or_default();
    let kind = kind.to_ascii_lowercase();
    match kind.as_slice() {
        b"application/x-www-form-urlencoded" => Some(Processor::Urlencoded),
        b"application/json" | b"text/json" => Some(Processor::Json),
        b"application/xml" | b"text/xml" => Some(Processor::Xml),
        kind if kind.starts_with(b"multipart/form-data") => Some(Processor::Multipart),
        kind if kind.starts_with(b"application/") && kind.ends_with(b"+json") => {
            Some(Processor::Json)
        }
        kind if kind.starts_with(b"application/") && kind.ends_with(b"+xml") => {
            Some(Processor::Xml)
        }
        _ => None,
    }
}

/// The host of a Host field.
fn host(value: &[u8]) -> &[u8] {
    let end = match value.first() {
        Some(b'[') => memchr::memchr(b']', value).map(|at| at + 1),
        _ => memchr::memchr(b':', value),
    };
    end.and_then(|end| value.get(..end)).unwrap_or(value)
}

/// A target without scheme and authority, where it has them.
fn without_origin(target: &[u8]) -> &[u8] {
    if target.first() == Some(&b'/') {
        return target;
    }
    let authority = memchr::memmem::find(target, b"://").map(|at| at + 3);
    let path = authority.and_then(|at| Some(at + memchr::memchr(b'/', target.get(at..)?)?));
    path.and_then(|at| target.get(at..)).unwrap_or(target)
}

/// Undoes `%HH`, and leaves everything else as it is.
fn decode(text: &[u8], out: &mut Vec<u8>) {
    out.clear();
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'%', rest) {
        let (before, escape) = rest.split_at(at);
        out.extend_from_slice(before);
        let digit = |at: usize| escape.get(at).and_then(|digit| char::from(*digit).to_digit(16));
        let taken = match (digit(1), digit(2)) {
            (Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                3
            }
            _ => {
                out.push(b'%');
                1
            }
        };
        rest = escape.get(taken..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
}
