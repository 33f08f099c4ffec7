//! One line of the access log.
//!
//! What identifies a person beyond the address is not written: no query, no cookies, no authorization, no bodies. Every
//! line is bounded, whatever a client sends. What does not apply to a request is left out of its line.

use std::{net::IpAddr, net::SocketAddr, time::Duration};

use http::{Method, Version};

use super::json::Object;
use crate::config::Colour;

/// What is written about one exchange.
#[derive(Debug, Clone)]
pub struct Record<'a> {
    /// When its head was complete, since 1970.
    pub since_epoch: Duration,
    /// Name of the listener.
    pub listener: &'a str,
    /// Address of the client, as trusted proxies report it.
    pub client: IpAddr,
    /// Address of the connection's peer.
    pub peer: SocketAddr,
    /// Version of TLS; none in the clear.
    pub tls: Option<&'a str>,
    /// Version of HTTP that the client spoke; none if that could not be read.
    pub protocol: Option<Version>,
    /// Method; none if that could not be read.
    pub method: Option<&'a Method>,
    /// Host as the client wrote it.
    pub host: &'a [u8],
    /// Path as the client wrote it, without query.
    pub path: &'a [u8],
    /// Name of the tenant, if it is one's.
    pub tenant: Option<&'a str>,
    /// Name of the route, if one was found.
    pub route: Option<&'a str>,
    /// Name of the cluster that was asked.
    pub cluster: Option<&'a str>,
    /// Colour of the rollout.
    pub colour: Option<Colour>,
    /// Address of the endpoint that was asked last.
    pub endpoint: Option<&'a str>,
    /// Status that the client got; none if it left before.
    pub status: Option<u16>,
    /// Why the exchange went as it did: short words of this program.
    pub flags: &'a [&'a str],
    /// Name of the limit that refused it, or that would have.
    pub limit: Option<&'a str>,
    /// Body bytes from the client.
    pub bytes_in: u64,
    /// Body bytes to the client.
    pub bytes_out: u64,
    /// From the end of the request's head to the last byte of the response.
    pub duration: Duration,
    /// Of it, from choosing the cluster to the response's head, tries and pauses included.
    pub upstream: Option<Duration>,
    /// Times that an endpoint was asked.
    pub tries: u32,
    /// Whether the last try went over a connection that was open already.
    pub reused: bool,
    /// `X-Request-Id`.
    pub request_id: &'a [u8],
    /// The trace that the exchange belongs to.
    pub trace_id: Option<u128>,
    /// The colour that failed before the one that answered, where there was one.
    pub rescued_from: Option<Colour>,
    /// What became of the copy to the shadow, if there was to be one.
    pub mirror: Option<&'a str>,
}

impl Record<'_> {
    /// Appends the line.
    pub fn write(&self, out: &mut Vec<u8>) {
        let mut object = Object::new(out);
        self.write_downstream(&mut object);
        self.write_upstream(&mut object);
        object.number("bytes_in", self.bytes_in);
        object.number("bytes_out", self.bytes_out);
        object.millis("duration_ms", self.duration);
        object.foreign("request_id", self.request_id, NAME_BYTES_MAX);
        if let Some(trace_id) = self.trace_id {
            object.plain("trace_id", format_args!("{trace_id:032x}"));
        }
        if let Some(mirror) = self.mirror {
            object.text("mirror", mirror);
        }
        object.end();
    }

    fn write_downstream(&self, object: &mut Object<'_>) {
        object.time("ts", self.since_epoch);
        object.text("listener", self.listener);
        object.plain("client", format_args!("{}", self.client));
        object.plain("peer", format_args!("{}", self.peer));
        optional(object, "tls", self.tls);
        optional(object, "protocol", self.protocol.map(protocol));
        if let Some(method) = self.method {
            object.foreign("method", method.as_str().as_bytes(), NAME_BYTES_MAX);
        }
        object.foreign("host", self.host, NAME_BYTES_MAX);
        object.foreign("path", self.path, PATH_BYTES_MAX);
    }

    fn write_upstream(&self, object: &mut Object<'_>) {
        optional(object, "tenant", self.tenant);
        optional(object, "route", self.route);
        optional(object, "cluster", self.cluster);
        optional(object, "colour", self.colour.map(Colour::as_str));
        optional(object, "rescued_from", self.rescued_from.map(Colour::as_str));
        optional(object, "endpoint", self.endpoint);
        if let Some(status) = self.status {
            object.number("status", u64::from(status));
        }
        if !self.flags.is_empty() {
            object.texts("flags", self.flags);
        }
        optional(object, "limit", self.limit);
        if self.tries > 0 {
            object.number("tries", u64::from(self.tries));
            object.boolean("reused", self.reused);
        }
        if let Some(upstream) = self.upstream {
            object.millis("upstream_ms", upstream);
        }
    }
}

fn optional(object: &mut Object<'_>, name: &str, text: Option<&str>) {
    if let Some(text) = text {
        object.text(name, text);
    }
}

fn protocol(version: Version) -> &'static str {
    match version {
        Version::HTTP_09 => "HTTP/0.9",
        Version::HTTP_10 => "HTTP/1.0",
        Version::HTTP_2 => "HTTP/2",
        Version::HTTP_3 => "HTTP/3",
        _ => "HTTP/1.1",
    }
}

/// Bytes of a path that are written.
const PATH_BYTES_MAX: usize = 1_024;
/// Bytes of a host, method or identifier that are written.
const NAME_BYTES_MAX: usize = 256;

#[cfg(test)]
pub(super) mod tests {
    use std::collections::BTreeSet;

    use serde_json::{Value, json};

    use super::*;

    /// A request that a client made and left.
    pub(in super::super) fn record<'a>() -> Record<'a> {
        Record {
            since_epoch: Duration::from_millis(1_795_457_817_123),
            listener: "web",
            client: IpAddr::from([192, 0, 2, 1]),
            peer: SocketAddr::from(([10, 0, 0, 1], 4711)),
            tls: None,
            protocol: Some(Version::HTTP_11),
            method: Some(&Method::GET),
            host: b"a.test",
            path: b"/p",
            tenant: None,
            route: None,
            cluster: None,
            colour: None,
            endpoint: None,
            status: None,
            flags: &[],
            limit: None,
            bytes_in: 0,
            bytes_out: 0,
            duration: Duration::from_micros(1_500),
            upstream: None,
            tries: 0,
            reused: false,
            request_id: b"abc",
            trace_id: None,
            rescued_from: None,
            mirror: None,
        }
    }

    fn full<'a>() -> Record<'a> {
        Record {
            tls: Some("1.3"),
            protocol: Some(Version::HTTP_2),
            tenant: Some("t"),
            route: Some("r"),
            cluster: Some("c"),
            colour: Some(Colour::Green),
            rescued_from: Some(Colour::Blue),
            endpoint: Some("10.0.0.2:80"),
            status: Some(200),
            flags: &["retried"],
            limit: Some("per_client"),
            bytes_in: 1,
            bytes_out: 2,
            upstream: Some(Duration::from_millis(1)),
            tries: 2,
            reused: true,
            trace_id: Some(0xab),
            mirror: Some("sent"),
            ..record()
        }
    }

    fn line(record: &Record<'_>) -> Value {
        let mut out = Vec::new();
        record.write(&mut out);
        serde_json::from_slice(&out).unwrap()
    }

    #[test]
    fn what_does_not_apply_is_left_out() {
        let expected = json!({
            "ts": "2026-11-23T18:16:57.123Z", "listener": "web", "client": "192.0.2.1",
            "peer": "10.0.0.1:4711", "protocol": "HTTP/1.1", "method": "GET", "host": "a.test",
            "path": "/p", "bytes_in": 0, "bytes_out": 0, "duration_ms": 1.5, "request_id": "abc",
        });
        assert_eq!(line(&record()), expected);
    }

    #[test]
    fn all_is_written() {
        let line = line(&full());
        for (name, expected) in [
            ("tls", json!("1.3")),
            ("protocol", json!("HTTP/2")),
            ("tenant", json!("t")),
            ("route", json!("r")),
            ("cluster", json!("c")),
            ("colour", json!("green")),
            ("endpoint", json!("10.0.0.2:80")),
            ("status", json!(200)),
            ("flags", json!(["retried"])),
            ("limit", json!("per_client")),
            ("upstream_ms", json!(1.0)),
            ("tries", json!(2)),
            ("reused", json!(true)),
            ("trace_id", json!("000000000000000000000000000000ab")),
            ("mirror", json!("sent")),
        ] {
            assert_eq!(line[name], expected, "{name}");
        }
    }

    #[test]
    fn lines_are_bounded() {
        let long = vec![b'\xff'; 1 << 16];
        let mut out = Vec::new();
        Record { host: &long, path: &long, request_id: &long, ..full() }.write(&mut out);
        assert!(out.len() < 8_192, "{}", out.len());
    }

    #[test]
    fn the_documentation_names_every_field() {
        let text = include_str!("../../../docs/metrics.md");
        let section = text.split_once("## Access log").unwrap().1;
        let rows = section.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
        let documented: BTreeSet<_> = rows.map(|(name, _)| name.to_owned()).collect();
        let line = line(&full());
        let written = line.as_object().unwrap().keys().cloned();
        assert_eq!(documented, written.collect());
    }
}
