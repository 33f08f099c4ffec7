//! Writes message heads and chunks of HTTP/1.1.
//!
//! Field values were checked when they were read or built ([`http::HeaderValue`] holds no CR, LF or NUL), so nothing written
//! here can end a line early.

use bytes::{BufMut, BytesMut};
use http::{HeaderMap, HeaderValue, StatusCode};

use super::{
    framing::BodyLength,
    message::{RequestHead, ResponseHead},
};

/// What a request or a response says of its connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Persistence {
    /// Kept open, as HTTP/1.1 does by default.
    KeepAlive,
    /// Kept open for an HTTP/1.0 client that asked for it.
    KeepAliveExplicit,
    /// Closed behind this exchange.
    Close,
}

/// What a response says of its length.
#[derive(Debug, Clone, Copy)]
pub enum ResponseLength<'a> {
    /// The body that follows is so long.
    Body(BodyLength),
    /// No body follows, but one of this length would to a GET (RFC 9110, 8.6).
    Announced(&'a HeaderValue),
    /// No body follows, and nothing is said of one.
    Unsaid,
}

/// Writes a request head in HTTP/1.1, with the Host field first (RFC 9110, 7.2) and framing fields for `length`.
pub fn request_head(
    head: &RequestHead,
    length: BodyLength,
    persistence: Persistence,
    out: &mut BytesMut,
) {
    out.reserve(256 + head.target.raw().len() + 48 * head.headers.len());
    out.put_slice(head.method.as_str().as_bytes());
    out.put_u8(b' ');
    out.put_slice(head.target.raw());
    out.put_slice(b" HTTP/1.1\r\nhost: ");
    out.put_slice(&head.authority);
    out.put_slice(b"\r\n");
    fields(&head.headers, out);
    if let Some(protocol) = &head.upgrade {
        out.put_slice(b"connection: upgrade\r\nupgrade: ");
        out.put_slice(protocol);
        out.put_slice(b"\r\n");
    }
    if persistence == Persistence::Close {
        out.put_slice(b"connection: close\r\n");
    }
    match length {
        // RFC 9110, 8.6: a method that expects content says that there is none.
        BodyLength::None if expects_content(&head.method) => {
            out.put_slice(b"content-length: 0\r\n")
        }
        BodyLength::None => {}
        length => framing_field(length, out),
    }
    out.put_slice(b"\r\n");
}

/// Writes a response head in HTTP/1.1. The framing field comes from `length`.
pub fn response_head(
    head: &ResponseHead,
    length: ResponseLength<'_>,
    persistence: Persistence,
    out: &mut BytesMut,
) {
    out.reserve(128 + 48 * head.headers.len());
    status_line(head.status, out);
    fields(&head.headers, out);
    match persistence {
        Persistence::KeepAlive => {}
        Persistence::KeepAliveExplicit => out.put_slice(b"connection: keep-alive\r\n"),
        Persistence::Close => out.put_slice(b"connection: close\r\n"),
    }
    match length {
        ResponseLength::Body(length) => framing_field(length, out),
        ResponseLength::Announced(length) => {
            out.put_slice(b"content-length: ");
            out.put_slice(length.as_bytes());
            out.put_slice(b"\r\n");
        }
        ResponseLength::Unsaid => {}
    }
    out.put_slice(b"\r\n");
}

/// Writes a head without framing or connection fields of its own: an interim response, or 101 with those it brought along.
pub fn bare_response_head(status: StatusCode, headers: &HeaderMap, out: &mut BytesMut) {
    status_line(status, out);
    fields(headers, out);
    out.put_slice(b"\r\n");
}

/// Writes the line before the bytes of a chunk. `len` must not be 0: that would end the body.
pub fn chunk_head(len: usize, out: &mut BytesMut) {
    debug_assert!(len > 0, "an empty chunk ends the body");
    let mut digits = [0u8; 16];
    let mut at = digits.len();
    let mut left = len;
    while left > 0 {
        at -= 1;
        digits[at] = b"0123456789abcdef"[left & 15];
        left >>= 4;
    }
    out.put_slice(&digits[at..]);
    out.put_slice(b"\r\n");
}

/// What stands behind the bytes of a chunk.
pub const CHUNK_END: &[u8] = b"\r\n";

/// Writes the last chunk and the trailer section.
pub fn last_chunk(trailers: Option<&HeaderMap>, out: &mut BytesMut) {
    out.put_slice(b"0\r\n");
    if let Some(trailers) = trailers {
        fields(trailers, out);
    }
    out.put_slice(b"\r\n");
}

fn status_line(status: StatusCode, out: &mut BytesMut) {
    if status == StatusCode::OK {
        out.put_slice(b"HTTP/1.1 200 OK\r\n");
        return;
    }
    out.put_slice(b"HTTP/1.1 ");
    out.put_slice(status.as_str().as_bytes());
    out.put_u8(b' ');
    out.put_slice(status.canonical_reason().unwrap_or_default().as_bytes());
    out.put_slice(b"\r\n");
}

fn fields(headers: &HeaderMap, out: &mut BytesMut) {
    for (name, value) in headers {
        let (name, value) = (name.as_str().as_bytes(), value.as_bytes());
        out.reserve(name.len() + value.len() + 4);
        out.put_slice(name);
        out.put_slice(b": ");
        out.put_slice(value);
        out.put_slice(b"\r\n");
    }
}

fn framing_field(length: BodyLength, out: &mut BytesMut) {
    match length {
        BodyLength::None => out.put_slice(b"content-length: 0\r\n"),
        BodyLength::Known(length) => {
            out.put_slice(b"content-length: ");
            decimal(length, out);
            out.put_slice(b"\r\n");
        }
        BodyLength::Chunked => out.put_slice(b"transfer-encoding: chunked\r\n"),
        BodyLength::UntilClose => {}
    }
}

fn decimal(number: u64, out: &mut BytesMut) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    let mut left = number;
    loop {
        at -= 1;
        // A remainder of ten fits.
        digits[at] = b'0' + (left % 10) as u8;
        left /= 10;
        if left == 0 {
            break;
        }
    }
    out.put_slice(&digits[at..]);
}

fn expects_content(method: &http::Method) -> bool {
    matches!(method.as_str(), "POST" | "PUT" | "PATCH")
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderValue, Method, Version};

    use super::*;
    use crate::wire::message::Target;

    #[test]
    fn a_request_has_host_first_and_its_framing_last() {
        let head = RequestHead {
            method: Method::POST,
            target: Target::new(Bytes::from_static(b"/a?b")),
            authority: Bytes::from_static(b"x.test"),
            version: Version::HTTP_2,
            headers: HeaderMap::from_iter([(
                http::header::ACCEPT,
                HeaderValue::from_static("*/*"),
            )]),
            upgrade: None,
            written: Default::default(),
        };
        let mut out = BytesMut::new();
        request_head(&head, BodyLength::Known(120), Persistence::KeepAlive, &mut out);
        assert_eq!(
            &out[..],
            b"POST /a?b HTTP/1.1\r\nhost: x.test\r\naccept: */*\r\ncontent-length: 120\r\n\r\n"
        );
    }

    #[test]
    fn chunk_sizes_are_hexadecimal() {
        for (len, text) in
            [(1, "1\r\n"), (10, "a\r\n"), (4096, "1000\r\n"), (0xabcdef, "abcdef\r\n")]
        {
            let mut out = BytesMut::new();
            chunk_head(len, &mut out);
            assert_eq!(&out[..], text.as_bytes());
        }
    }
}
