//! Frames and header blocks that break RFC 9113, and floods of good ones.

use e2e::client::h2_frames::{
    ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, GET, HEADERS, PING, RST_STREAM, SETTINGS,
    WINDOW_UPDATE, block, frame,
};

use super::Listed;

/// What is sent behind preface and SETTINGS, and what must become of it.
pub struct Row {
    pub id: &'static str,
    pub input: &'static str,
    pub bytes: Vec<u8>,
    pub expect: Expect,
}

/// What must become of stream 1, or of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// 400, a reset of the stream, or the end of the connection; not a byte reaches the upstream.
    Refused,
    /// This status; not a byte reaches the upstream.
    Status(u16),
    /// GOAWAY or the end of the connection; not a byte reaches the upstream.
    ConnectionEnds,
    /// Likewise, of a connection that did not begin with the preface.
    NoPreface,
    /// The head was good, its body is not: 400, a reset, or the end of the connection.
    Cut,
    /// 431, or as what is malformed; not a byte reaches the upstream.
    TooLarge,
    /// GOAWAY with ENHANCE_YOUR_CALM; others are served meanwhile, and memory stays bounded.
    Calmed,
    /// 200 from the upstream.
    Served,
    /// Served without it, or refused: this never reaches the upstream.
    Harmless(&'static str),
}

pub fn listed() -> Vec<Listed> {
    let outcome = |expect| match expect {
        Expect::Refused => "400, stream reset or connection closed".into(),
        Expect::Status(status) => status.to_string(),
        Expect::ConnectionEnds => "GOAWAY or connection closed".into(),
        Expect::NoPreface => "connection closed".into(),
        Expect::Cut => "400, stream reset or connection closed, upstream request cut".into(),
        Expect::TooLarge => "431, stream reset or connection closed".into(),
        Expect::Calmed => "GOAWAY (ENHANCE_YOUR_CALM), memory bounded, others served".into(),
        Expect::Served => "served".into(),
        Expect::Harmless(_) => "served without it, or refused".into(),
    };
    let listed = |row: Row| Listed {
        id: row.id,
        class: "h2",
        input: row.input,
        outcome: outcome(row.expect),
    };
    rows().into_iter().map(listed).collect()
}

pub fn rows() -> Vec<Row> {
    [pseudo_fields(), fields(), frames(), floods()].into_iter().flatten().collect()
}

const METHOD: (&str, &str) = (":method", "GET");
const SCHEME: (&str, &str) = (":scheme", "http");
const AUTHORITY: (&str, &str) = (":authority", "app.test");
const PATH: (&str, &str) = (":path", "/");

fn pseudo_fields() -> Vec<Row> {
    use Expect::{Refused, Served, Status};
    vec![
        head("h2-good", "a good request", &GET, Served),
        head("h2-no-method", "no :method", &[SCHEME, AUTHORITY, PATH], Refused),
        head("h2-no-path", "no :path", &[METHOD, SCHEME, AUTHORITY], Refused),
        head("h2-no-scheme", "no :scheme", &[METHOD, AUTHORITY, PATH], Refused),
        head("h2-no-authority", "neither :authority nor Host", &[METHOD, SCHEME, PATH], Refused),
        head(
            "h2-host-alone",
            "Host without :authority (RFC 9113, 8.3.1)",
            &[METHOD, SCHEME, PATH, ("host", "app.test")],
            Served,
        ),
        head(
            "h2-host-same",
            "Host that agrees with :authority",
            &with(&[("host", "app.test")]),
            Served,
        ),
        head(
            "h2-host-differs",
            "Host that differs from :authority",
            &with(&[("host", "evil.test")]),
            Refused,
        ),
        head(
            "h2-host-twice",
            "two Host fields",
            &with(&[("host", "app.test"), ("host", "app.test")]),
            Refused,
        ),
        head("h2-two-paths", "two :path", &with_before(&[PATH]), Refused),
        head("h2-two-methods", "two :method", &with_before(&[METHOD]), Refused),
        head("h2-two-authorities", "two :authority", &with_before(&[AUTHORITY]), Refused),
        head(
            "h2-pseudo-late",
            ":path behind a regular field",
            &[METHOD, SCHEME, AUTHORITY, ("x", "y"), PATH],
            Refused,
        ),
        head(
            "h2-pseudo-unknown",
            "unknown pseudo field",
            &with_before(&[(":proto", "x")]),
            Refused,
        ),
        head(
            "h2-pseudo-status",
            ":status in a request",
            &with_before(&[(":status", "200")]),
            Refused,
        ),
        head("h2-path-empty", "empty :path", &[METHOD, SCHEME, AUTHORITY, (":path", "")], Refused),
        head(
            "h2-path-no-slash",
            ":path without a slash",
            &[METHOD, SCHEME, AUTHORITY, (":path", "a")],
            Refused,
        ),
        head(
            "h2-path-space",
            "space in :path",
            &[METHOD, SCHEME, AUTHORITY, (":path", "/ HTTP/1.1")],
            Refused,
        ),
        head(
            "h2-path-crlf",
            "CRLF in :path",
            &[METHOD, SCHEME, AUTHORITY, (":path", "/ HTTP/1.1\r\nx: y")],
            Refused,
        ),
        head(
            "h2-path-fragment",
            "fragment in :path",
            &[METHOD, SCHEME, AUTHORITY, (":path", "/a#b")],
            Expect::Harmless("#b"),
        ),
        head(
            "h2-method-space",
            "space in :method",
            &[(":method", "GET /evil"), SCHEME, AUTHORITY, PATH],
            Refused,
        ),
        head(
            "h2-method-crlf",
            "CRLF in :method",
            &[(":method", "GET\r\n"), SCHEME, AUTHORITY, PATH],
            Refused,
        ),
        head(
            "h2-authority-userinfo",
            "user information in :authority",
            &[METHOD, SCHEME, (":authority", "user@app.test"), PATH],
            Refused,
        ),
        head(
            "h2-authority-path",
            "path in :authority",
            &[METHOD, SCHEME, (":authority", "app.test/evil"), PATH],
            Refused,
        ),
        head(
            "h2-authority-empty",
            "empty :authority",
            &[METHOD, SCHEME, (":authority", ""), PATH],
            Refused,
        ),
        head(
            "h2-connect",
            "CONNECT",
            &[(":method", "CONNECT"), (":authority", "app.test:443")],
            Status(405),
        ),
    ]
}

fn fields() -> Vec<Row> {
    use Expect::{Cut, Refused, Served};
    vec![
        head("h2-upper-name", "upper case in a name", &with(&[("X", "y")]), Refused),
        head("h2-empty-name", "empty name", &with(&[("", "y")]), Refused),
        head("h2-space-name", "space in a name", &with(&[("x y", "z")]), Refused),
        head("h2-colon-name", "colon in a name", &with(&[("x:y", "z")]), Refused),
        head("h2-crlf-value", "CRLF in a value", &with(&[("x", "y\r\nz: 1")]), Refused),
        head("h2-lf-value", "LF in a value", &with(&[("x", "y\nz: 1")]), Refused),
        head("h2-nul-value", "NUL in a value", &with(&[("x", "y\0z")]), Refused),
        head("h2-connection", "Connection", &with(&[("connection", "close")]), Refused),
        head("h2-keep-alive", "Keep-Alive", &with(&[("keep-alive", "timeout=5")]), Refused),
        head(
            "h2-proxy-connection",
            "Proxy-Connection",
            &with(&[("proxy-connection", "close")]),
            Refused,
        ),
        head(
            "h2-transfer-encoding",
            "Transfer-Encoding",
            &with(&[("transfer-encoding", "chunked")]),
            Refused,
        ),
        head("h2-upgrade", "Upgrade", &with(&[("upgrade", "websocket")]), Refused),
        head("h2-te-gzip", "TE other than trailers", &with(&[("te", "gzip")]), Refused),
        head("h2-te-trailers", "TE: trailers", &with(&[("te", "trailers")]), Served),
        head(
            "h2-cl-end",
            "Content-Length 5 without a body",
            &with(&[("content-length", "5")]),
            Refused,
        ),
        head(
            "h2-cl-two",
            "two Content-Length that differ",
            &with(&[("content-length", "0"), ("content-length", "5")]),
            Refused,
        ),
        head("h2-cl-sign", "Content-Length `+0`", &with(&[("content-length", "+0")]), Refused),
        row(
            "h2-cl-longer",
            "DATA longer than Content-Length",
            [post(&[("content-length", "1")]), data(b"abc", true)].concat(),
            Cut,
        ),
        row(
            "h2-cl-shorter",
            "DATA shorter than Content-Length",
            [post(&[("content-length", "9")]), data(b"abc", true)].concat(),
            Cut,
        ),
        row(
            "h2-trailer-pseudo",
            "pseudo field in trailers",
            [
                post(&[]),
                data(b"abc", false),
                frame(HEADERS, END_HEADERS | END_STREAM, 1, &block(&[(":path", "/evil")])),
            ]
            .concat(),
            Expect::Harmless("/evil"),
        ),
        row(
            "h2-trailer-not-last",
            "trailers that do not end the stream",
            [
                post(&[]),
                data(b"abc", false),
                frame(HEADERS, END_HEADERS, 1, &block(&[("x", "y")])),
                data(b"abc", true),
            ]
            .concat(),
            Cut,
        ),
        head(
            "h2-many-fields",
            "ten thousand fields",
            &with(&[("x", "y"); 10_000]),
            Expect::TooLarge,
        ),
        head(
            "h2-large-field",
            "value of 64 KiB",
            &with(&[("x", &"y".repeat(64 << 10))]),
            Expect::TooLarge,
        ),
    ]
}

fn frames() -> Vec<Row> {
    use Expect::{ConnectionEnds, NoPreface, Refused, Served};
    let get = |stream| frame(HEADERS, END_HEADERS | END_STREAM, stream, &block(&GET));
    vec![
        row("h2-data-stream-0", "DATA on stream 0", frame(DATA, 0, 0, b"x"), ConnectionEnds),
        row("h2-headers-stream-0", "HEADERS on stream 0", get(0), ConnectionEnds),
        row("h2-even-stream", "HEADERS on an even stream", get(2), ConnectionEnds),
        row("h2-data-idle", "DATA on an idle stream", frame(DATA, 0, 1, b"x"), ConnectionEnds),
        row(
            "h2-rst-idle",
            "RST_STREAM on an idle stream",
            frame(RST_STREAM, 0, 1, &[0; 4]),
            ConnectionEnds,
        ),
        row(
            "h2-rst-length",
            "RST_STREAM of five bytes",
            frame(RST_STREAM, 0, 1, &[0; 5]),
            ConnectionEnds,
        ),
        row("h2-ping-length", "PING of seven bytes", frame(PING, 0, 0, &[0; 7]), ConnectionEnds),
        row("h2-ping-stream", "PING on a stream", frame(PING, 0, 1, &[0; 8]), ConnectionEnds),
        row(
            "h2-settings-length",
            "SETTINGS of five bytes",
            frame(SETTINGS, 0, 0, &[0; 5]),
            ConnectionEnds,
        ),
        row(
            "h2-settings-stream",
            "SETTINGS on a stream",
            frame(SETTINGS, 0, 1, &[]),
            ConnectionEnds,
        ),
        row(
            "h2-settings-ack-payload",
            "SETTINGS acknowledgement with a payload",
            frame(SETTINGS, ACK, 0, &[0; 6]),
            ConnectionEnds,
        ),
        row(
            "h2-settings-window",
            "initial window above 2^31 - 1",
            frame(SETTINGS, 0, 0, &[0, 4, 0x80, 0, 0, 0]),
            ConnectionEnds,
        ),
        row(
            "h2-settings-frame-size",
            "maximum frame size below 16 KiB",
            frame(SETTINGS, 0, 0, &[0, 5, 0, 0, 0, 1]),
            ConnectionEnds,
        ),
        row(
            "h2-window-zero",
            "WINDOW_UPDATE of zero",
            frame(WINDOW_UPDATE, 0, 0, &[0; 4]),
            ConnectionEnds,
        ),
        row(
            "h2-window-overflow",
            "WINDOW_UPDATE above 2^31 - 1",
            frame(WINDOW_UPDATE, 0, 0, &[0x7f, 0xff, 0xff, 0xff]),
            ConnectionEnds,
        ),
        row(
            "h2-window-length",
            "WINDOW_UPDATE of three bytes",
            frame(WINDOW_UPDATE, 0, 0, &[0; 3]),
            ConnectionEnds,
        ),
        row(
            "h2-frame-oversized",
            "frame of 1 MiB",
            frame(0x20, 0, 0, &[0; 1 << 20]),
            ConnectionEnds,
        ),
        row(
            "h2-push-promise",
            "PUSH_PROMISE from a client",
            frame(5, END_HEADERS, 1, &[0, 0, 0, 2]),
            ConnectionEnds,
        ),
        row(
            "h2-continuation-alone",
            "CONTINUATION without HEADERS",
            frame(CONTINUATION, END_HEADERS, 1, &[]),
            ConnectionEnds,
        ),
        row(
            "h2-continuation-interleaved",
            "another frame inside a header block",
            [frame(HEADERS, END_STREAM, 1, &block(&GET)), frame(PING, 0, 0, &[0; 8])].concat(),
            ConnectionEnds,
        ),
        row(
            "h2-continuation-other",
            "CONTINUATION of another stream",
            [frame(HEADERS, END_STREAM, 1, &block(&GET)), frame(CONTINUATION, END_HEADERS, 3, &[])]
                .concat(),
            ConnectionEnds,
        ),
        row(
            "h2-padding",
            "padding longer than its frame",
            frame(HEADERS, END_HEADERS | END_STREAM | 8, 1, &[200, 0]),
            ConnectionEnds,
        ),
        row(
            "h2-hpack-index",
            "HPACK index that does not exist",
            frame(HEADERS, END_HEADERS | END_STREAM, 1, &[0xff, 0xff, 0x03]),
            ConnectionEnds,
        ),
        row(
            "h2-hpack-zero",
            "HPACK index 0",
            frame(HEADERS, END_HEADERS | END_STREAM, 1, &[0x80]),
            ConnectionEnds,
        ),
        row(
            "h2-hpack-cut",
            "HPACK string longer than its block",
            frame(HEADERS, END_HEADERS | END_STREAM, 1, &[0, 1, b'a', 50, b'b']),
            ConnectionEnds,
        ),
        row(
            "h2-hpack-huffman",
            "HPACK Huffman code with EOS",
            frame(HEADERS, END_HEADERS | END_STREAM, 1, &[0, 0x84, 0xff, 0xff, 0xff, 0xff, 0]),
            ConnectionEnds,
        ),
        row(
            "h2-hpack-table",
            "HPACK table larger than announced",
            frame(HEADERS, END_HEADERS | END_STREAM, 1, &[0x3f, 0xe1, 0xff, 0xff, 0x03, 0x82]),
            ConnectionEnds,
        ),
        row(
            "h2-preface-bad",
            "preface with another ending",
            b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n".to_vec(),
            NoPreface,
        ),
        row(
            "h2-frame-unknown",
            "frame of an unknown type",
            [frame(0xfa, 0xff, 0, b"x"), get(1)].concat(),
            Served,
        ),
        row(
            "h2-settings-unknown",
            "unknown setting",
            [frame(SETTINGS, 0, 0, &[0xfa, 0xfa, 1, 2, 3, 4]), get(1)].concat(),
            Served,
        ),
        row(
            "h2-stream-lower",
            "HEADERS on a stream below the last one",
            [frame(HEADERS, END_HEADERS | END_STREAM, 3, &block(&[METHOD])), get(1)].concat(),
            Refused,
        ),
    ]
}

fn floods() -> Vec<Row> {
    use Expect::{Calmed, ConnectionEnds};
    let many = |bytes: Vec<u8>| bytes.repeat((4 << 20) / bytes.len());
    let continuation = frame(CONTINUATION, 0, 1, &block(&[("x", &"y".repeat(8000))]));
    let empty = frame(CONTINUATION, 0, 1, &[]);
    let open = frame(HEADERS, END_STREAM, 1, &block(&GET));
    let resets = (0..20_000).flat_map(|n| {
        let headers = frame(HEADERS, END_HEADERS | END_STREAM, 2 * n + 1, &block(&GET));
        [headers, frame(RST_STREAM, 0, 2 * n + 1, &[0, 0, 0, 8])].concat()
    });
    // One entry of 4,000 bytes in the dynamic table, named 16,000 times: 64 MB out of 16 kB.
    let mut bomb = vec![0x40, 1, b'a', 0x7f, 0xa1, 0x1e];
    bomb.extend([b'b'; 4000]);
    bomb.extend([0xbe; 12_000]);
    vec![
        row(
            "h2-flood-continuation",
            "CONTINUATION without end (CVE-2024-27316)",
            [open.clone(), continuation.repeat(500)].concat(),
            ConnectionEnds,
        ),
        row(
            "h2-flood-continuation-empty",
            "empty CONTINUATION without end",
            [open, empty.repeat(100_000)].concat(),
            ConnectionEnds,
        ),
        row(
            "h2-flood-reset",
            "20,000 requests, each reset at once (CVE-2023-44487)",
            resets.collect(),
            Calmed,
        ),
        row(
            "h2-flood-ping",
            "4 MiB of PING (CVE-2019-9512)",
            many(frame(PING, 0, 0, &[0; 8])),
            Calmed,
        ),
        row(
            "h2-flood-settings",
            "4 MiB of SETTINGS (CVE-2019-9515)",
            many(frame(SETTINGS, 0, 0, &[])),
            Calmed,
        ),
        row(
            "h2-flood-empty-data",
            "4 MiB of empty DATA (CVE-2019-9518)",
            [post(&[]), many(frame(DATA, 0, 1, &[]))].concat(),
            Calmed,
        ),
        row(
            "h2-flood-window",
            "4 MiB of WINDOW_UPDATE",
            [post(&[]), many(frame(WINDOW_UPDATE, 0, 1, &[0, 0, 0, 1]))].concat(),
            Calmed,
        ),
        row(
            "h2-flood-priority",
            "4 MiB of PRIORITY (CVE-2019-9513)",
            many(frame(2, 0, 1, &[0, 0, 0, 0, 1])),
            Calmed,
        ),
        row(
            "h2-flood-malformed",
            "malformed requests without end (CVE-2025-8671)",
            (0..20_000)
                .flat_map(|n| {
                    frame(HEADERS, END_HEADERS | END_STREAM, 2 * n + 1, &block(&[METHOD]))
                })
                .collect(),
            Calmed,
        ),
        row(
            "h2-hpack-bomb",
            "a large table entry named 12,000 times",
            frame(HEADERS, END_HEADERS | END_STREAM, 1, &[block(&GET), bomb].concat()),
            Expect::TooLarge,
        ),
    ]
}

fn head(id: &'static str, input: &'static str, fields: &[(&str, &str)], expect: Expect) -> Row {
    let block = block(fields);
    let mut pieces = block.chunks(16 << 10);
    let first = pieces.next().unwrap_or_default();
    let rest: Vec<_> = pieces.collect();
    let end = |last| if last { END_HEADERS } else { 0 };
    let mut bytes = frame(HEADERS, END_STREAM | end(rest.is_empty()), 1, first);
    for (at, piece) in rest.iter().enumerate() {
        bytes.extend(frame(CONTINUATION, end(at + 1 == rest.len()), 1, piece));
    }
    row(id, input, bytes, expect)
}

fn row(id: &'static str, input: &'static str, bytes: Vec<u8>, expect: Expect) -> Row {
    Row { id, input, bytes, expect }
}

fn with<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [&GET[..], more].concat()
}

fn with_before<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [more, &GET[..]].concat()
}

/// The head of a POST on stream 1 whose body is to come.
fn post(more: &[(&str, &str)]) -> Vec<u8> {
    let fields = [&[(":method", "POST"), SCHEME, AUTHORITY, PATH], more].concat();
    frame(HEADERS, END_HEADERS, 1, &block(&fields))
}

fn data(bytes: &[u8], end: bool) -> Vec<u8> {
    frame(DATA, if end { END_STREAM } else { 0 }, 1, bytes)
}
