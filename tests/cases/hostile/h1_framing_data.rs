//! Requests whose length two parsers could read differently (RFC 9112, 6 and 7).

use super::h1::{
    Expect::{self, Broken, Refused, Served, ServedWith, ServedWithout},
    Row, SMUGGLED,
};

pub fn rows() -> Vec<Row> {
    [lengths(), codings(), chunks(), trailers()].into_iter().flatten().collect()
}

fn lengths() -> Vec<Row> {
    vec![
        fields(
            "cl-te",
            "Content-Length, then Transfer-Encoding",
            "Content-Length: 5\r\nTransfer-Encoding: chunked",
            Refused(400),
        ),
        fields(
            "te-cl",
            "Transfer-Encoding, then Content-Length",
            "Transfer-Encoding: chunked\r\nContent-Length: 5",
            Refused(400),
        ),
        fields(
            "cl-te-case",
            "both, in odd case",
            "cOnTeNt-LeNgTh: 5\r\ntRaNsFeR-eNcOdInG: cHuNkEd",
            Refused(400),
        ),
        fields(
            "cl-te-identity",
            "Content-Length beside `identity`",
            "Content-Length: 5\r\nTransfer-Encoding: identity",
            Refused(400),
        ),
        fields(
            "cl-zero-te",
            "Content-Length 0 beside `chunked`",
            "Content-Length: 0\r\nTransfer-Encoding: chunked",
            Refused(400),
        ),
        fields(
            "cl-two-different",
            "two Content-Length that differ",
            "Content-Length: 5\r\nContent-Length: 6",
            Refused(400),
        ),
        fields(
            "cl-two-same",
            "two Content-Length that agree",
            "Content-Length: 5\r\nContent-Length: 5",
            Refused(400),
        ),
        fields("cl-list", "Content-Length `5, 5`", "Content-Length: 5, 5", Refused(400)),
        fields("cl-plus", "Content-Length `+5`", "Content-Length: +5", Refused(400)),
        fields("cl-minus", "Content-Length `-5`", "Content-Length: -5", Refused(400)),
        fields("cl-space-inside", "Content-Length `5 5`", "Content-Length: 5 5", Refused(400)),
        fields("cl-hex", "Content-Length `0x5`", "Content-Length: 0x5", Refused(400)),
        fields("cl-letters", "Content-Length `5a`", "Content-Length: 5a", Refused(400)),
        fields("cl-fraction", "Content-Length `5.0`", "Content-Length: 5.0", Refused(400)),
        fields("cl-empty", "Content-Length without a value", "Content-Length:", Refused(400)),
        fields(
            "cl-overflow",
            "Content-Length of 2^64",
            "Content-Length: 18446744073709551616",
            Refused(400),
        ),
        fields(
            "cl-over-limit",
            "Content-Length of 2^64 - 1",
            "Content-Length: 18446744073709551615",
            Refused(413),
        ),
        fields(
            "cl-unicode",
            "Content-Length in full-width digits",
            "Content-Length: \u{ff15}",
            Refused(400),
        ),
        whole(
            "cl-get",
            "Content-Length and body on GET",
            "GET / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 3\r\n\r\nabc",
            ServedWith("\r\n\r\nabc"),
        ),
        whole(
            "cl-zeros",
            "Content-Length `003`",
            "POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 003\r\n\r\nabc",
            ServedWith("content-length: 3\r\n"),
        ),
        whole(
            "cl-spaces-around",
            "spaces and tabs around Content-Length",
            "POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: \t 3 \t\r\n\r\nabc",
            ServedWith("content-length: 3\r\n"),
        ),
    ]
}

fn codings() -> Vec<Row> {
    vec![
        fields(
            "te-twice",
            "`chunked` twice in one field",
            "Transfer-Encoding: chunked, chunked",
            Refused(400),
        ),
        fields(
            "te-two-fields",
            "two Transfer-Encoding fields",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
            Refused(400),
        ),
        fields(
            "te-two-fields-identity",
            "`chunked`, and `identity` in a second field",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
            Refused(400),
        ),
        fields(
            "te-chunked-identity",
            "`chunked, identity`",
            "Transfer-Encoding: chunked, identity",
            Refused(400),
        ),
        fields(
            "te-gzip-chunked",
            "`gzip, chunked`",
            "Transfer-Encoding: gzip, chunked",
            Refused(400),
        ),
        fields(
            "te-chunked-gzip",
            "`chunked, gzip`",
            "Transfer-Encoding: chunked, gzip",
            Refused(400),
        ),
        fields("te-xchunked", "`xchunked`", "Transfer-Encoding: xchunked", Refused(400)),
        fields("te-identity", "`identity`", "Transfer-Encoding: identity", Refused(400)),
        fields("te-empty", "Transfer-Encoding without a value", "Transfer-Encoding:", Refused(400)),
        fields("te-comma", "`,chunked`", "Transfer-Encoding: ,chunked", Refused(400)),
        fields("te-parameter", "`chunked;q=1`", "Transfer-Encoding: chunked;q=1", Refused(400)),
        fields("te-quoted", "`\"chunked\"`", "Transfer-Encoding: \"chunked\"", Refused(400)),
        fields(
            "te-vertical-tab",
            "`chunked` behind a vertical tab",
            "Transfer-Encoding: \x0bchunked",
            Refused(400),
        ),
        fields(
            "te-trailing-control",
            "`chunked` and a control character",
            "Transfer-Encoding: chunked\x0c",
            Refused(400),
        ),
        fields(
            "te-obs-fold",
            "`chunked` on a folded line",
            "Transfer-Encoding:\r\n chunked",
            Refused(400),
        ),
        fields(
            "te-space-colon",
            "space before the colon of Transfer-Encoding",
            "Transfer-Encoding : chunked",
            Refused(400),
        ),
        fields(
            "te-tab-colon",
            "tab before the colon of Transfer-Encoding",
            "Transfer-Encoding\t: chunked",
            Refused(400),
        ),
        fields(
            "te-bare-cr",
            "Transfer-Encoding behind a bare CR",
            "x: y\rTransfer-Encoding: chunked",
            Refused(400),
        ),
        fields(
            "te-bare-lf",
            "Transfer-Encoding behind a bare LF",
            "x: y\nTransfer-Encoding: chunked",
            Refused(400),
        ),
        whole(
            "te-http10",
            "Transfer-Encoding in HTTP/1.0",
            &format!(
                "POST / HTTP/1.0\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{SMUGGLED}"
            ),
            Refused(400),
        ),
        chunked_with(
            "te-leading-tab",
            "tab before `chunked`",
            "Transfer-Encoding:\tchunked",
            "3\r\nabc\r\n0\r\n\r\n",
            Served,
        ),
        chunked_with(
            "te-odd-case",
            "`cHuNkEd`",
            "Transfer-Encoding: cHuNkEd",
            "3\r\nabc\r\n0\r\n\r\n",
            Served,
        ),
    ]
}

fn chunks() -> Vec<Row> {
    vec![
        chunked("chunk-size-empty", "chunk size without digits", "\r\nabc\r\n0\r\n\r\n", Broken),
        chunked("chunk-size-plus", "chunk size `+3`", "+3\r\nabc\r\n0\r\n\r\n", Broken),
        chunked("chunk-size-minus", "chunk size `-3`", "-3\r\nabc\r\n0\r\n\r\n", Broken),
        chunked("chunk-size-0x", "chunk size `0x3`", "0x3\r\nabc\r\n0\r\n\r\n", Broken),
        chunked("chunk-size-letter", "chunk size `3g`", "3g\r\nabc\r\n0\r\n\r\n", Broken),
        chunked(
            "chunk-size-overflow",
            "chunk size of 17 digits",
            "10000000000000003\r\nabc\r\n0\r\n\r\n",
            Broken,
        ),
        chunked(
            "chunk-size-space-before",
            "space before the chunk size",
            " 3\r\nabc\r\n0\r\n\r\n",
            Broken,
        ),
        chunked(
            "chunk-size-space-behind",
            "space behind the chunk size",
            "3 \r\nabc\r\n0\r\n\r\n",
            Broken,
        ),
        chunked("chunk-size-tab", "tab behind the chunk size", "3\t\r\nabc\r\n0\r\n\r\n", Broken),
        chunked(
            "chunk-size-bare-lf",
            "chunk size ended by a bare LF",
            "3\nabc\r\n0\r\n\r\n",
            Broken,
        ),
        chunked(
            "chunk-size-bare-cr",
            "chunk size ended by a bare CR",
            "3\rabc\r\n0\r\n\r\n",
            Broken,
        ),
        chunked("chunk-size-underscore", "chunk size `1_0`", "1_0\r\nabc\r\n0\r\n\r\n", Broken),
        chunked("chunk-extension", "chunk extension", "3;a=b\r\nabc\r\n0\r\n\r\n", Broken),
        chunked(
            "chunk-extension-bare",
            "chunk extension without a name",
            "3;\r\nabc\r\n0\r\n\r\n",
            Broken,
        ),
        chunked(
            "chunk-extension-lf",
            "bare LF inside a chunk extension",
            "3;a\nabc\r\n0\r\n\r\n",
            Broken,
        ),
        chunked(
            "chunk-extension-last",
            "extension of the last chunk",
            "3\r\nabc\r\n0;a\r\n\r\n",
            Broken,
        ),
        chunked("chunk-data-no-crlf", "no CRLF behind the data", "3\r\nabc0\r\n\r\n", Broken),
        chunked("chunk-data-lf", "bare LF behind the data", "3\r\nabc\n0\r\n\r\n", Broken),
        chunked(
            "chunk-data-longer",
            "more data than the size says",
            "3\r\nabcdef\r\n0\r\n\r\n",
            Broken,
        ),
        chunked("chunk-last-bare-lf", "last chunk ended by a bare LF", "3\r\nabc\r\n0\n\n", Broken),
        chunked("chunk-size-zeros", "chunk size `0003`", "0003\r\nabc\r\n0\r\n\r\n", Served),
        chunked("chunk-size-upper", "chunk size `A`", "A\r\n0123456789\r\n0\r\n\r\n", Served),
        chunked("chunk-last-zeros", "last chunk `000`", "3\r\nabc\r\n000\r\n\r\n", Served),
    ]
}

fn trailers() -> Vec<Row> {
    vec![
        chunked(
            "trailer-content-length",
            "Content-Length as trailer",
            "3\r\nabc\r\n0\r\nContent-Length: 9\r\n\r\n",
            ServedWithout("content-length"),
        ),
        chunked(
            "trailer-transfer-encoding",
            "Transfer-Encoding as trailer",
            "3\r\nabc\r\n0\r\nTransfer-Encoding: gzip\r\n\r\n",
            ServedWithout("gzip"),
        ),
        chunked(
            "trailer-host",
            "Host as trailer",
            "3\r\nabc\r\n0\r\nHost: evil.test\r\n\r\n",
            ServedWithout("evil.test"),
        ),
        chunked(
            "trailer-authorization",
            "Authorization as trailer",
            "3\r\nabc\r\n0\r\nAuthorization: evil\r\n\r\n",
            ServedWithout("evil"),
        ),
        chunked(
            "trailer-forwarded-for",
            "X-Forwarded-For as trailer",
            "3\r\nabc\r\n0\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n",
            ServedWithout("6.6.6.6"),
        ),
        chunked(
            "trailer-bare-lf",
            "bare LF in the trailers",
            "3\r\nabc\r\n0\r\nx: y\n\r\n\r\n",
            Broken,
        ),
        chunked(
            "trailer-space-colon",
            "space before a trailer's colon",
            "3\r\nabc\r\n0\r\nx : y\r\n\r\n",
            Broken,
        ),
        chunked(
            "trailer-no-colon",
            "trailer without a colon",
            "3\r\nabc\r\n0\r\nnothing\r\n\r\n",
            Broken,
        ),
        chunked(
            "trailer-obs-fold",
            "folded trailer",
            "3\r\nabc\r\n0\r\nx: y\r\n z\r\n\r\n",
            Broken,
        ),
        chunked(
            "trailer-huge",
            "trailers of 64 KiB",
            &format!("3\r\nabc\r\n0\r\nx: {}\r\n\r\n", "y".repeat(64 << 10)),
            Broken,
        ),
        chunked(
            "trailer-many",
            "a thousand trailers",
            &format!("3\r\nabc\r\n0\r\n{}\r\n", "x: y\r\n".repeat(1000)),
            Broken,
        ),
    ]
}

/// A POST with these fields, a body that is five bytes or a last chunk, and a smuggled request.
fn fields(id: &'static str, input: &'static str, fields: &str, expect: Expect) -> Row {
    let body = format!("0\r\n\r\n{SMUGGLED}");
    whole(
        id,
        input,
        &format!("POST / HTTP/1.1\r\nHost: app.test\r\n{fields}\r\n\r\n{body}"),
        expect,
    )
}

/// A chunked POST with this body; behind a broken one, a smuggled request.
fn chunked(id: &'static str, input: &'static str, body: &str, expect: Expect) -> Row {
    chunked_with(id, input, "Transfer-Encoding: chunked", body, expect)
}

fn chunked_with(
    id: &'static str,
    input: &'static str,
    field: &str,
    body: &str,
    expect: Expect,
) -> Row {
    let next = if matches!(expect, Broken) { SMUGGLED } else { "" };
    whole(
        id,
        input,
        &format!("POST / HTTP/1.1\r\nHost: app.test\r\n{field}\r\n\r\n{body}{next}"),
        expect,
    )
}

fn whole(id: &'static str, input: &'static str, send: &str, expect: Expect) -> Row {
    Row { id, input, send: send.into(), expect }
}
