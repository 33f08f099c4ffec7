//! Answers that break RFC 9112, or stop in the middle.

use std::sync::LazyLock;

use e2e::origin::raw::Then::{self, Close, Hold, Reset};

use super::Listed;

/// What the origin does once it has a request, and what the client must see.
pub struct Row {
    pub id: &'static str,
    pub input: &'static str,
    pub method: &'static str,
    pub send: Vec<u8>,
    pub then: Then,
    pub expect: Expect,
}

/// What the client must see.
#[derive(Debug, Clone, Copy)]
pub enum Expect {
    /// This status.
    Status(u16),
    /// 502, or an answer that visibly breaks off.
    Cut,
    /// 200 with exactly this body.
    Body(&'static str),
}

pub fn listed() -> Vec<Listed> {
    let outcome = |expect| match expect {
        Expect::Status(status) => format!("{status}"),
        Expect::Cut => "502 or answer broken off".into(),
        Expect::Body(body) => format!("200 with the body `{body}`"),
    };
    let listed = |row: &Row| Listed {
        id: row.id,
        class: "upstream",
        input: row.input,
        outcome: outcome(row.expect),
    };
    rows().iter().map(listed).collect()
}

/// Made once: some are large.
pub fn rows() -> &'static [Row] {
    static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| {
        [heads(), lengths(), bodies(), interims()].into_iter().flatten().collect()
    });
    &ROWS
}

const BAD: Expect = Expect::Status(502);
const LATE: Expect = Expect::Status(504);

fn heads() -> Vec<Row> {
    let long = "a".repeat(1 << 20);
    vec![
        row("up-close", "closes without an answer", "", Close, BAD),
        row("up-reset", "resets without an answer", "", Reset, BAD),
        row("up-silent", "says nothing", "", Hold, LATE),
        row("up-half-head", "closes inside the head", "HTTP/1.1 200 OK\r\nx: ", Close, BAD),
        row(
            "up-half-head-silent",
            "falls silent inside the head",
            "HTTP/1.1 200 OK\r\nx: ",
            Hold,
            LATE,
        ),
        row("up-garbage", "status line of garbage", "garbage\r\n\r\n", Close, BAD),
        row(
            "up-http-2",
            "HTTP/2.0 in a status line",
            "HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
            Hold,
            BAD,
        ),
        row("up-http-0.9", "a body without a head", "<html>hello</html>\r\n\r\n", Close, BAD),
        row("up-icy", "another protocol's status line", "ICY 200 OK\r\n\r\n", Close, BAD),
        row(
            "up-status-099",
            "status 099",
            "HTTP/1.1 099 Low\r\nContent-Length: 0\r\n\r\n",
            Hold,
            BAD,
        ),
        row(
            "up-status-600",
            "status 600",
            "HTTP/1.1 600 High\r\nContent-Length: 0\r\n\r\n",
            Hold,
            BAD,
        ),
        row(
            "up-status-short",
            "status of two digits",
            "HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n",
            Hold,
            BAD,
        ),
        row(
            "up-status-letters",
            "status in letters",
            "HTTP/1.1 abc OK\r\nContent-Length: 0\r\n\r\n",
            Hold,
            BAD,
        ),
        row(
            "up-no-reason",
            "no reason phrase",
            "HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok",
            Hold,
            Expect::Body("ok"),
        ),
        row(
            "up-bare-lf",
            "bare LF line ends",
            "HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
            Hold,
            BAD,
        ),
        row(
            "up-bare-cr",
            "bare CR in a value",
            "HTTP/1.1 200 OK\r\nx: y\rz: 1\r\nContent-Length: 0\r\n\r\n",
            Hold,
            BAD,
        ),
        row(
            "up-nul",
            "NUL in a value",
            "HTTP/1.1 200 OK\r\nx: y\0z\r\nContent-Length: 0\r\n\r\n",
            Hold,
            BAD,
        ),
        row(
            "up-nul-name",
            "NUL in a name",
            "HTTP/1.1 200 OK\r\nx\0y: z\r\nContent-Length: 0\r\n\r\n",
            Hold,
            BAD,
        ),
        row(
            "up-obs-fold",
            "folded value",
            "HTTP/1.1 200 OK\r\nx: y\r\n z\r\nContent-Length: 0\r\n\r\n",
            Hold,
            BAD,
        ),
        row(
            "up-space-colon",
            "space before a colon",
            "HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nok",
            Hold,
            BAD,
        ),
        row(
            "up-no-colon",
            "line without a colon",
            "HTTP/1.1 200 OK\r\nnothing\r\nContent-Length: 0\r\n\r\n",
            Hold,
            BAD,
        ),
        row(
            "up-huge-head",
            "head of 1 MiB",
            &format!("HTTP/1.1 200 OK\r\nx: {long}\r\nContent-Length: 0\r\n\r\n"),
            Hold,
            BAD,
        ),
        row(
            "up-endless-head",
            "head without an end",
            &"HTTP/1.1 200 OK\r\n"
                .chars()
                .chain("x: y\r\n".repeat(200_000).chars())
                .collect::<String>(),
            Hold,
            BAD,
        ),
        row(
            "up-many-fields",
            "ten thousand fields",
            &format!("HTTP/1.1 200 OK\r\n{}Content-Length: 0\r\n\r\n", "x: y\r\n".repeat(10_000)),
            Hold,
            BAD,
        ),
    ]
}

fn lengths() -> Vec<Row> {
    vec![
        ok(
            "up-cl-te",
            "Content-Length and Transfer-Encoding",
            "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            BAD,
        ),
        ok(
            "up-cl-two-different",
            "two Content-Length that differ",
            "Content-Length: 2\r\nContent-Length: 3\r\n\r\nok!",
            BAD,
        ),
        ok(
            "up-cl-two-same",
            "two Content-Length that agree (RFC 9112, 6.3)",
            "Content-Length: 2\r\nContent-Length: 2\r\n\r\nok",
            Expect::Body("ok"),
        ),
        ok("up-cl-list", "Content-Length `2, 3`", "Content-Length: 2, 3\r\n\r\nok!", BAD),
        ok("up-cl-negative", "Content-Length `-2`", "Content-Length: -2\r\n\r\nok", BAD),
        ok(
            "up-cl-overflow",
            "Content-Length of 2^64",
            "Content-Length: 18446744073709551616\r\n\r\nok",
            BAD,
        ),
        ok(
            "up-te-unknown",
            "unknown transfer coding",
            "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
            BAD,
        ),
        ok("up-te-identity", "`identity`", "Transfer-Encoding: identity\r\n\r\nok", BAD),
        ok(
            "up-te-twice",
            "two Transfer-Encoding fields",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            BAD,
        ),
        row(
            "up-te-http10",
            "Transfer-Encoding in HTTP/1.0",
            "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
            Close,
            BAD,
        ),
        row(
            "up-until-close",
            "body that ends with the connection",
            "HTTP/1.1 200 OK\r\n\r\nok",
            Close,
            Expect::Body("ok"),
        ),
    ]
}

fn bodies() -> Vec<Row> {
    let head = |id, input, method, send: &str, status| Row {
        method,
        ..row(id, input, send, Hold, Expect::Status(status))
    };
    vec![
        row(
            "up-body-short",
            "closes before Content-Length is reached",
            "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
            Close,
            Expect::Cut,
        ),
        row(
            "up-body-reset",
            "resets before Content-Length is reached",
            "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
            Reset,
            Expect::Cut,
        ),
        row(
            "up-body-silent",
            "falls silent in the body",
            "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
            Hold,
            Expect::Cut,
        ),
        row(
            "up-chunk-short",
            "closes inside a chunk",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf",
            Close,
            Expect::Cut,
        ),
        row(
            "up-chunk-no-last",
            "closes before the last chunk",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
            Close,
            Expect::Cut,
        ),
        row(
            "up-chunk-no-end",
            "closes behind the last chunk's size",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n0\r\n",
            Close,
            Expect::Cut,
        ),
        ok(
            "up-chunk-size",
            "chunk size that is no number",
            "Transfer-Encoding: chunked\r\n\r\nzz\r\nhalf\r\n0\r\n\r\n",
            Expect::Cut,
        ),
        ok(
            "up-chunk-overflow",
            "chunk size of 17 digits",
            "Transfer-Encoding: chunked\r\n\r\n10000000000000004\r\nhalf\r\n0\r\n\r\n",
            Expect::Cut,
        ),
        ok(
            "up-chunk-no-crlf",
            "no CRLF behind a chunk",
            "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf0\r\n\r\n",
            Expect::Cut,
        ),
        ok(
            "up-extra-bytes",
            "bytes behind the body",
            "Content-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nleaked",
            Expect::Body("ok"),
        ),
        head(
            "up-head-body",
            "body behind an answer to HEAD",
            "HEAD",
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
            200,
        ),
        head(
            "up-204-body",
            "body behind 204",
            "GET",
            "HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nok",
            204,
        ),
        head(
            "up-304-body",
            "body behind 304",
            "GET",
            "HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\nok",
            304,
        ),
    ]
}

fn interims() -> Vec<Row> {
    let hints = "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n";
    vec![
        row(
            "up-101",
            "101 that nobody asked for",
            "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
            Hold,
            BAD,
        ),
        row(
            "up-1xx-some",
            "three interim answers before the answer",
            &format!("{}HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", hints.repeat(3)),
            Hold,
            Expect::Body("ok"),
        ),
        row("up-1xx-flood", "100,000 interim answers", &hints.repeat(100_000), Hold, BAD),
        row("up-1xx-only", "an interim answer, then the end", hints, Close, BAD),
        row("up-1xx-silent", "an interim answer, then nothing", hints, Hold, LATE),
    ]
}

/// An answer of status 200 with these fields and this body; the connection stays open behind it.
fn ok(id: &'static str, input: &'static str, rest: &str, expect: Expect) -> Row {
    row(id, input, &format!("HTTP/1.1 200 OK\r\n{rest}"), Hold, expect)
}

fn row(id: &'static str, input: &'static str, send: &str, then: Then, expect: Expect) -> Row {
    Row { id, input, method: "GET", send: send.into(), then, expect }
}
