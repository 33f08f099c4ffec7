//! Request lines, header fields and Host fields that two parsers could read differently (RFC 9112, 2 to 5; RFC 9110, 7).

use super::h1::{
    Expect::{self, Answered, Refused, Served, ServedWith, ServedWithout},
    Row,
};

pub fn rows() -> Vec<Row> {
    [lines(), targets(), paths(), fields(), hosts(), sizes()].into_iter().flatten().collect()
}

fn lines() -> Vec<Row> {
    vec![
        line(
            "line-lower-method",
            "method in lower case: another token",
            "get / HTTP/1.1",
            ServedWith("get / http/1.1"),
        ),
        line("line-odd-method", "unknown method", "FOO / HTTP/1.1", ServedWith("foo / http/1.1")),
        line("line-bad-method", "method that is no token", "GE(T / HTTP/1.1", Refused(400)),
        line("line-empty-method", "no method", " / HTTP/1.1", Refused(400)),
        line("line-nul-method", "NUL in the method", "GE\0T / HTTP/1.1", Refused(400)),
        line("line-no-version", "no version", "GET /", Refused(400)),
        line("line-http-0.9", "HTTP/0.9", "GET / HTTP/0.9", Refused(400)),
        line("line-http-1.2", "HTTP/1.2", "GET / HTTP/1.2", Refused(505)),
        line("line-http-2.0", "HTTP/2.0 as HTTP/1", "GET / HTTP/2.0", Refused(505)),
        line("line-lower-version", "`http/1.1`", "GET / http/1.1", Refused(400)),
        line("line-short-version", "`HTTP/1`", "GET / HTTP/1", Refused(400)),
        line("line-long-version", "`HTTP/1.10`", "GET / HTTP/1.10", Refused(400)),
        line(
            "line-behind-version",
            "something behind the version",
            "GET / HTTP/1.1 x",
            Refused(400),
        ),
        line(
            "line-space-behind-version",
            "space behind the version",
            "GET / HTTP/1.1 ",
            Refused(400),
        ),
        line("line-two-spaces", "two spaces before the target", "GET  / HTTP/1.1", Refused(400)),
        line(
            "line-two-spaces-version",
            "two spaces before the version",
            "GET /  HTTP/1.1",
            Refused(400),
        ),
        line("line-tabs", "tabs for spaces", "GET\t/\tHTTP/1.1", Refused(400)),
        line("line-leading-space", "space before the method", " GET / HTTP/1.1", Refused(400)),
        line("line-bare-cr", "bare CR in the request line", "GET /\r HTTP/1.1", Refused(400)),
        whole(
            "line-crlf-once",
            "one empty line before the request (RFC 9112, 2.2)",
            b"\r\nGET / HTTP/1.1\r\nHost: app.test\r\n\r\n",
            Served,
        ),
        whole(
            "line-crlf-twice",
            "two empty lines before the request",
            b"\r\n\r\nGET / HTTP/1.1\r\nHost: app.test\r\n\r\n",
            Refused(400),
        ),
        whole(
            "line-lf-before",
            "bare LF before the request",
            b"\nGET / HTTP/1.1\r\nHost: app.test\r\n\r\n",
            Refused(400),
        ),
        whole(
            "line-bare-lf",
            "bare LF line ends",
            b"GET / HTTP/1.1\nHost: app.test\n\n",
            Refused(400),
        ),
        whole(
            "line-bare-lf-end",
            "bare LF for the last line",
            b"GET / HTTP/1.1\r\nHost: app.test\r\n\n",
            Refused(400),
        ),
        whole(
            "line-garbage",
            "bytes that are no HTTP",
            b"\x80\x81\x82\x83\x84\r\n\r\n",
            Refused(400),
        ),
    ]
}

fn targets() -> Vec<Row> {
    vec![
        line("target-no-slash", "target without a slash", "GET foo HTTP/1.1", Refused(400)),
        line("target-empty-query", "target that is a query", "GET ?a=b HTTP/1.1", Refused(400)),
        line("target-fragment", "fragment in the target", "GET /a#b HTTP/1.1", Refused(400)),
        line("target-space", "space in the target", "GET /a b HTTP/1.1", Refused(400)),
        line("target-nul", "NUL in the target", "GET /a\0b HTTP/1.1", Refused(400)),
        line(
            "target-control",
            "control character in the target",
            "GET /a\x01b HTTP/1.1",
            Refused(400),
        ),
        line("target-delete", "DEL in the target", "GET /a\x7fb HTTP/1.1", Refused(400)),
        line("target-asterisk-get", "`*` with GET", "GET * HTTP/1.1", Refused(400)),
        line(
            "target-userinfo",
            "user information in an absolute target",
            "GET http://user@app.test/ HTTP/1.1",
            Refused(400),
        ),
        line(
            "target-no-authority",
            "absolute target without a host",
            "GET http:///a HTTP/1.1",
            Refused(400),
        ),
        line(
            "target-bad-port",
            "absolute target with a bad port",
            "GET http://app.test:99999/ HTTP/1.1",
            Refused(400),
        ),
        line(
            "target-ftp",
            "absolute target of another scheme",
            "GET ftp://app.test/ HTTP/1.1",
            Refused(400),
        ),
        line(
            "target-absolute-host",
            "absolute target whose host differs from Host (RFC 9112, 3.2.2)",
            "GET http://right.test/a HTTP/1.1",
            ServedWith("host: right.test\r\n"),
        ),
        line(
            "target-absolute-host-dropped",
            "the Host that an absolute target overrides",
            "GET http://right.test/a HTTP/1.1",
            ServedWithout("app.test\r\n"),
        ),
        line(
            "target-absolute-https",
            "absolute https target over cleartext",
            "GET https://right.test/a HTTP/1.1",
            ServedWith("get /a http/1.1\r\n"),
        ),
        line(
            "target-absolute-no-path",
            "absolute target without a path",
            "GET http://right.test HTTP/1.1",
            ServedWith("get / http/1.1\r\n"),
        ),
        whole(
            "target-connect",
            "CONNECT",
            b"CONNECT app.test:443 HTTP/1.1\r\nHost: app.test:443\r\n\r\n",
            Refused(405),
        ),
        line(
            "target-connect-other-host",
            "CONNECT whose Host is not its target",
            "CONNECT app.test:443 HTTP/1.1",
            Refused(400),
        ),
        line(
            "target-authority-get",
            "authority form with GET",
            "GET app.test:443 HTTP/1.1",
            Refused(400),
        ),
        line(
            "target-double-slash",
            "path that looks like an authority",
            "GET //evil.test/a HTTP/1.1",
            ServedWith("get //evil.test/a http/1.1"),
        ),
        line(
            "target-encoded-crlf",
            "encoded CRLF in the path",
            "GET /a%0d%0ab HTTP/1.1",
            ServedWith("get /a%0d%0ab http/1.1"),
        ),
    ]
}

/// Paths that an origin may read as those of another route, which here is a guard.
fn paths() -> Vec<Row> {
    vec![
        line(
            "path-dots",
            "dot segments that lead behind a guard",
            "GET /x/../guarded HTTP/1.1",
            Answered(400),
        ),
        line(
            "path-dots-escaped",
            "escaped dot segments",
            "GET /x/%2e%2e/guarded HTTP/1.1",
            Answered(400),
        ),
        line("path-slash-escaped", "escaped slash", "GET /x/..%2fguarded HTTP/1.1", Answered(400)),
        line(
            "path-backslash",
            "backslash for a slash",
            "GET /x\\..\\guarded HTTP/1.1",
            Answered(400),
        ),
        line(
            "path-two-slashes",
            "empty segment before a guard",
            "GET //guarded HTTP/1.1",
            Answered(400),
        ),
        line(
            "path-empty-segment",
            "empty segment that counts as one (RFC 3986, 5.2.4)",
            "GET /guarded/x//../../y HTTP/1.1",
            Answered(400),
        ),
        line(
            "path-unreserved",
            "escaped letter (RFC 3986, 6.2.2.2)",
            "GET /%67uarded HTTP/1.1",
            Answered(400),
        ),
        line(
            "path-unreserved-beside",
            "escaped letter, and dot segments behind escaped slashes",
            "GET /%67uarded/x%2f..%2f.. HTTP/1.1",
            Answered(400),
        ),
        line("path-parameter", "parameter of a segment", "GET /guarded;x HTTP/1.1", Answered(400)),
        line(
            "path-dots-parameter",
            "dot segment with a parameter",
            "GET /x/..;/guarded HTTP/1.1",
            Answered(400),
        ),
        line(
            "path-parameter-escaped",
            "escaped semicolon",
            "GET /guarded%3bx HTTP/1.1",
            Answered(400),
        ),
        line(
            "path-escaped-twice",
            "dot segments escaped twice",
            "GET /x/%252e%252e/guarded HTTP/1.1",
            Answered(400),
        ),
        line(
            "path-one-route",
            "all of these below one route",
            "GET /a%2f..;b/%61/./%252e//c HTTP/1.1",
            ServedWith("get /a%2f..;b/%61/./%252e//c http/1.1"),
        ),
        line(
            "path-plain-escapes",
            "escapes of nothing that paths are made of",
            "GET /caf%C3%A9%20guarded%25 HTTP/1.1",
            ServedWith("get /caf%c3%a9%20guarded%25 http/1.1"),
        ),
    ]
}

fn fields() -> Vec<Row> {
    vec![
        field("field-nul-name", "NUL in a name", "x\0y: z", Refused(400)),
        field("field-nul-value", "NUL in a value", "x: y\0z", Refused(400)),
        field("field-control-value", "control character in a value", "x: y\x01z", Refused(400)),
        field("field-delete-value", "DEL in a value", "x: y\x7fz", Refused(400)),
        field("field-bare-cr", "bare CR in a value", "x: y\rz", Refused(400)),
        field("field-bare-cr-name", "bare CR in a name", "x\ry: z", Refused(400)),
        field("field-bare-lf", "bare LF behind a value", "x: y\nz: 1", Refused(400)),
        field("field-obs-fold", "folded value (RFC 9112, 5.2)", "x: y\r\n z", Refused(400)),
        field("field-obs-fold-tab", "value folded with a tab", "x: y\r\n\tz", Refused(400)),
        field("field-space-colon", "space before the colon (RFC 9112, 5.1)", "x : y", Refused(400)),
        field("field-tab-colon", "tab before the colon", "x\t: y", Refused(400)),
        field("field-empty-name", "empty name", ": y", Refused(400)),
        field("field-no-colon", "line without a colon", "nothing", Refused(400)),
        field("field-space-name", "space in a name", "x y: z", Refused(400)),
        field("field-bracket-name", "name that is no token", "x[y]: z", Refused(400)),
        whole(
            "field-high-name",
            "high-bit byte in a name",
            b"GET / HTTP/1.1\r\nHost: app.test\r\nx\xff: y\r\n\r\n",
            Refused(400),
        ),
        whole(
            "field-high-value",
            "high-bit byte in a value (obs-text)",
            b"GET / HTTP/1.1\r\nHost: app.test\r\nx: y\xff\r\n\r\n",
            Served,
        ),
        whole(
            "field-leading-space",
            "white space before the first field (RFC 9112, 2.2)",
            b"GET / HTTP/1.1\r\n Host: app.test\r\n\r\n",
            Refused(400),
        ),
        field("field-empty-value", "empty value", "x-empty:", Served),
        field(
            "field-connection-host",
            "Connection that names Host",
            "Connection: host",
            ServedWith("host: app.test"),
        ),
        field(
            "field-upgrade-h2c",
            "Upgrade to h2c",
            "Connection: upgrade, http2-settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__",
            ServedWithout("h2c"),
        ),
        field(
            "field-upgrade-h2c-case",
            "Upgrade to H2C in capitals",
            "Connection: upgrade\r\nUpgrade: H2C",
            ServedWithout("h2c"),
        ),
        field(
            "field-coding-underscore",
            "Transfer_Encoding: what CGI takes for Transfer-Encoding",
            "Transfer_Encoding: chunked",
            ServedWithout("transfer_encoding"),
        ),
        field(
            "field-length-underscore",
            "Content_Length: what CGI takes for Content-Length",
            "Content_Length: 7",
            ServedWithout("content_length"),
        ),
        field(
            "field-forwarded-underscore",
            "X_Forwarded_For: what CGI takes for X-Forwarded-For",
            "X_Forwarded_For: 6.6.6.6",
            ServedWithout("6.6.6.6"),
        ),
        field(
            "field-mirror-mark",
            "mark of a mirrored request",
            "X-Foxtrot-Mirror: gateway",
            ServedWithout("x-foxtrot-mirror"),
        ),
        field(
            "field-proxy",
            "Proxy field (httpoxy)",
            "Proxy: http://evil.test",
            ServedWithout("evil.test"),
        ),
    ]
}

fn hosts() -> Vec<Row> {
    vec![
        whole("host-none", "no Host", b"GET / HTTP/1.1\r\nx: y\r\n\r\n", Refused(400)),
        field("host-two-same", "two Host that agree", "Host: app.test", Refused(400)),
        field("host-two-different", "two Host that differ", "Host: evil.test", Refused(400)),
        host("host-empty", "empty Host", "", Refused(400)),
        host("host-userinfo", "user information in Host", "user@app.test", Refused(400)),
        host("host-space", "space in Host", "app.test evil.test", Refused(400)),
        host("host-path", "path in Host", "app.test/evil", Refused(400)),
        host("host-scheme", "scheme in Host", "http://app.test", Refused(400)),
        host("host-query", "query in Host", "app.test?a", Refused(400)),
        host("host-port-letters", "port that is no number", "app.test:80a", Refused(400)),
        host("host-port-range", "port above 65535", "app.test:65536", Refused(400)),
        host("host-escaped-nul", "NUL as an escape", "app.test%00", Refused(400)),
        host("host-escaped-control", "control character as an escape", "app.test%1F", Refused(400)),
        host("host-bad-escape", "percent sign that begins no escape", "app.test%zz", Refused(400)),
        host("host-two-ports", "two ports", "app.test:80:80", Refused(400)),
        host("host-comma", "comma in Host", "app.test, evil.test", Refused(400)),
        host("host-bracket", "bracket left open", "[::1", Refused(400)),
        host("host-bad-ipv6", "brackets without an address", "[evil]", Refused(400)),
        host("host-backslash", "backslash in Host", "app.test\\evil", Refused(400)),
        host(
            "host-ipv6",
            "IPv6 literal and port",
            "[::1]:8080",
            ServedWith("host: [::1]:8080\r\n"),
        ),
        whole("host-none-http10", "no Host in HTTP/1.0", b"GET / HTTP/1.0\r\n\r\n", Served),
    ]
}

fn sizes() -> Vec<Row> {
    // The default limits are 32 KiB and 100 fields.
    let long = "a".repeat(40 << 10);
    vec![
        line("size-target", "target of 40 KiB", &format!("GET /{long} HTTP/1.1"), Refused(414)),
        line("size-method", "method of 40 KiB", &format!("{long} / HTTP/1.1"), Refused(414)),
        field("size-value", "value of 40 KiB", &format!("x: {long}"), Refused(431)),
        field("size-name", "name of 40 KiB", &format!("{long}: x"), Refused(431)),
        field("size-many", "a thousand fields", "x: y\r\n".repeat(1000).trim_end(), Refused(431)),
        whole("size-no-end", "40 KiB without a line end", long.as_bytes(), Refused(414)),
    ]
}

fn line(id: &'static str, input: &'static str, line: &str, expect: Expect) -> Row {
    whole(id, input, format!("{line}\r\nHost: app.test\r\n\r\n").as_bytes(), expect)
}

fn field(id: &'static str, input: &'static str, field: &str, expect: Expect) -> Row {
    whole(
        id,
        input,
        format!("GET / HTTP/1.1\r\nHost: app.test\r\n{field}\r\n\r\n").as_bytes(),
        expect,
    )
}

fn host(id: &'static str, input: &'static str, host: &str, expect: Expect) -> Row {
    whole(id, input, format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes(), expect)
}

fn whole(id: &'static str, input: &'static str, send: &[u8], expect: Expect) -> Row {
    Row { id, input, send: send.to_vec(), expect }
}
