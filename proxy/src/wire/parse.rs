//! Reads message heads of HTTP/1 (RFC 9112), strictly.
//!
//! Line ends are CRLF, lines are not folded, names are tokens, and nothing that a second parser might read differently gets
//! past: such requests are refused here, before any other part of the proxy sees them. Fields are split by `httparse`, whose
//! fast scanners we need not write again; the request line is read here, because a target may hold bytes that a URI parser
//! refuses and a rule engine wants to see. Values are slices of the one buffer that the head arrived in.

use bytes::{Buf, Bytes, BytesMut};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version,
    header::{CONNECTION, CONTENT_TYPE, HOST, UPGRADE},
};

use super::message::{RequestHead, ResponseHead, Target, Written};
use crate::error::Error;

/// What a head may cost.
#[derive(Debug, Clone, Copy)]
pub struct HeadLimits {
    /// Bytes of the whole head.
    pub bytes: usize,
    /// Header fields.
    pub fields: usize,
}

/// How far a head has been looked through already, so that one that drips in is not read again from its start.
#[derive(Debug, Default)]
pub struct Scan {
    checked: usize,
    skipped_empty_line: bool,
}

/// Takes a request head off the front of `buf`; `None` until all of it is there.
///
/// # Errors
/// The refusal that the client gets: 400, 414, 431 or 505.
pub fn request(
    buf: &mut BytesMut,
    scan: &mut Scan,
    limits: HeadLimits,
) -> Result<Option<RequestHead>, Error> {
    // RFC 9112, 2.2: a server should ignore one empty line before the request line.
    if !scan.skipped_empty_line && buf.starts_with(b"\r\n") {
        buf.advance(2);
        *scan = Scan { checked: 0, skipped_empty_line: true };
    }
    let end = scan.end_of_head(buf).map_err(Error::Malformed)?;
    if end.unwrap_or(buf.len()) > limits.bytes {
        let in_request_line = memchr::memchr(b'\n', buf).is_none_or(|at| at > limits.bytes);
        return Err(if in_request_line { Error::TargetTooLong } else { Error::HeadersTooLarge });
    }
    let Some(end) = end else { return Ok(None) };
    *scan = Scan::default();
    request_head(buf.split_to(end).freeze(), limits.fields).map(Some)
}

/// Takes a response head off the front of `buf`; `None` until all of it is there. Interim responses are heads like others.
///
/// # Errors
/// What is wrong with it, in words for the log.
pub fn response(
    buf: &mut BytesMut,
    limits: HeadLimits,
) -> Result<Option<ResponseHead>, &'static str> {
    let end = Scan::default().end_of_head(buf)?;
    if end.unwrap_or(buf.len()) > limits.bytes {
        return Err("response head too large");
    }
    let Some(end) = end else { return Ok(None) };
    let head = buf.split_to(end).freeze();
    let (line, rest) = split_line(&head);
    let (version, status) = status_line(&line)?;
    let headers = fields(&rest, limits.fields).map_err(|error| match error {
        FieldError::Malformed(what) => what,
        FieldError::TooMany => "too many header fields",
    })?;
    Ok(Some(ResponseHead { status, version, headers }))
}

/// Reads a trailer section (RFC 9112, 7.1.2), its closing empty line included.
///
/// # Errors
/// What is wrong with it.
pub fn trailers(section: Bytes, fields_max: usize) -> Result<HeaderMap, &'static str> {
    fields(&section, fields_max).map_err(|error| match error {
        FieldError::Malformed(what) => what,
        FieldError::TooMany => "too many trailer fields",
    })
}

/// Whether `authority` is host and optional port (RFC 3986, 3.2.2 and 3.2.3), without user information.
pub fn is_authority(authority: &[u8]) -> bool {
    let (host, port) = split_port(authority);
    let port_ok = port.is_none_or(|port| {
        port.iter().all(u8::is_ascii_digit)
            && (port.is_empty()
                || std::str::from_utf8(port).is_ok_and(|p| p.parse::<u16>().is_ok()))
    });
    let literal = host.strip_prefix(b"[").and_then(|host| host.strip_suffix(b"]"));
    let host_ok = match literal {
        Some(address) => {
            std::str::from_utf8(address).is_ok_and(|a| a.parse::<std::net::Ipv6Addr>().is_ok())
        }
        None => {
            !host.is_empty()
                && host.iter().all(|b| b.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=".contains(b))
                && percent_signs_are_text(host)
        }
    };
    // A comma is allowed in a reg-name but is how two Host fields look when somebody has joined them.
    port_ok && host_ok && !host.contains(&b',')
}

/// Whether each percent sign begins an escape of a byte that is no space and no control character.
fn percent_signs_are_text(host: &[u8]) -> bool {
    memchr::memchr_iter(b'%', host).all(|at| {
        let digit = |at: usize| host.get(at).and_then(|digit| char::from(*digit).to_digit(16));
        matches!((digit(at + 1), digit(at + 2)), (Some(high @ 2..), Some(low)) if !matches!((high, low), (2, 0) | (7, 15)))
    })
}

/// Splits host from port: `[::1]:80` gives `[::1]` and `80`.
pub fn split_port(authority: &[u8]) -> (&[u8], Option<&[u8]>) {
    let name_end = memchr::memrchr(b']', authority).map_or(0, |at| at + 1);
    match memchr::memchr(b':', &authority[name_end..]) {
        Some(at) => (&authority[..name_end + at], Some(&authority[name_end + at + 1..])),
        None => (authority, None),
    }
}

/// Whether a comma-separated list field holds `token`, in any case.
pub fn list_has(headers: &HeaderMap, name: HeaderName, token: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .flat_map(|value| value.as_bytes().split(|&b| b == b','))
        .any(|item| item.trim_ascii().eq_ignore_ascii_case(token.as_bytes()))
}

impl Scan {
    /// Where the head ends, its closing empty line included.
    fn end_of_head(&mut self, buf: &[u8]) -> Result<Option<usize>, &'static str> {
        // The last byte looked at may be a CR whose LF comes now.
        let from = self.checked.saturating_sub(1);
        for at in memchr::memchr2_iter(b'\n', b'\r', &buf[from..]) {
            let at = from + at;
            match buf[at] {
                b'\n' if at == 0 || buf[at - 1] != b'\r' => {
                    return Err("bare line feed in the head");
                }
                b'\n' if at < 3 => return Err("empty line where the head should begin"),
                b'\n' if &buf[at - 3..at] == b"\r\n\r" => return Ok(Some(at + 1)),
                b'\r' if buf.get(at + 1).is_some_and(|&next| next != b'\n') => {
                    return Err("bare carriage return in the head");
                }
                _ => {}
            }
        }
        self.checked = buf.len();
        Ok(None)
    }
}

fn request_head(head: Bytes, fields_max: usize) -> Result<RequestHead, Error> {
    let (line, rest) = split_line(&head);
    let RequestLine { method, target, version, unknown } = request_line(&line)?;
    let mut headers = fields(&rest, fields_max).map_err(|error| match error {
        FieldError::Malformed(what) => Error::Malformed(what),
        FieldError::TooMany => Error::HeadersTooLarge,
    })?;
    one_content_type(&headers)?;
    let host =
        take_host(&mut headers, version)?.map(|host| Bytes::copy_from_slice(host.as_bytes()));
    let absolute = !matches!(target.first(), Some(b'/' | b'*'));
    let written = Written {
        target: absolute.then(|| target.clone()),
        host: host.as_ref().filter(|host| absolute || host.is_empty()).cloned(),
        version: unknown,
    };
    let written = (written != Written::default()).then(|| Box::new(written));
    let (authority, target) = resolve_target(&method, target, host)?;
    let upgrade = requested_upgrade(&headers, version);
    Ok(RequestHead { method, target, authority, version, headers, upgrade, written })
}

/// The first line of a request.
struct RequestLine {
    method: Method,
    target: Bytes,
    version: Version,
    /// A version that is not ours, for which the rest is read as HTTP/1.1.
    unknown: Option<Bytes>,
}

/// RFC 9112, 3: `method SP request-target SP HTTP-version`, single spaces.
fn request_line(line: &Bytes) -> Result<RequestLine, Error> {
    let malformed = Error::Malformed("request line");
    let Some(first) = memchr::memchr(b' ', line) else { return Err(malformed) };
    let Some(last) = memchr::memrchr(b' ', line).filter(|&last| last > first) else {
        return Err(malformed);
    };
    let (version, unknown) = http_version(line.slice(last + 1..))?;
    let target = line.slice(first + 1..last);
    if target.is_empty() || target.iter().any(|&b| b <= b' ' || b == 0x7f || b == b'#') {
        return Err(Error::Malformed("request target"));
    }
    let method = Method::from_bytes(&line[..first]).map_err(|_| Error::Malformed("method"))?;
    Ok(RequestLine { method, target, version, unknown })
}

/// The version, and one that is not ours: the rest of its head is read as that of HTTP/1.1, to be looked at and refused.
///
/// HTTP/0.9 has no version in its request line, and no header fields: a line that says so is not HTTP.
fn http_version(text: Bytes) -> Result<(Version, Option<Bytes>), Error> {
    match &text[..] {
        b"HTTP/1.1" => Ok((Version::HTTP_11, None)),
        b"HTTP/1.0" => Ok((Version::HTTP_10, None)),
        [b'H', b'T', b'T', b'P', b'/', b'1'..=b'9', b'.', b'0'..=b'9'] => {
            Ok((Version::HTTP_11, Some(text)))
        }
        _ => Err(Error::Malformed("http version")),
    }
}

/// A body is of one type (RFC 9110, 8.3): of several, the origin may read another one than who looks at it before.
pub fn one_content_type(headers: &HeaderMap) -> Result<(), Error> {
    match headers.get_all(CONTENT_TYPE).iter().count() {
        0 | 1 => Ok(()),
        _ => Err(Error::Malformed("more than one content type")),
    }
}

/// RFC 9112, 3.2: exactly one Host field in HTTP/1.1, at most one in HTTP/1.0.
fn take_host(headers: &mut HeaderMap, version: Version) -> Result<Option<HeaderValue>, Error> {
    let mut hosts = headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (_, Some(_)) => Err(Error::Malformed("more than one host field")),
        (None, None) if version == Version::HTTP_11 => Err(Error::Malformed("no host field")),
        // Without an authority, Host is empty (RFC 9110, 7.2): HTTP/1.0 may leave it out as well.
        (Some(host), None) if version == Version::HTTP_10 && host.is_empty() => {
            Ok(headers.remove(HOST))
        }
        (Some(host), None) if !is_authority(host.as_bytes()) => Err(Error::Malformed("host field")),
        _ => Ok(headers.remove(HOST)),
    }
}

/// RFC 9112, 3.2.1 to 3.2.4. The authority of an absolute-form target goes before the Host field (3.2.2).
fn resolve_target(
    method: &Method,
    target: Bytes,
    host: Option<Bytes>,
) -> Result<(Bytes, Target), Error> {
    let differs = host.as_ref().is_some_and(|host| *host != target);
    let from_host = || host.unwrap_or_default();
    match target[0] {
        // RFC 9110, 9.3.6: its target is host and port, and one without a port is answered 400.
        _ if method == Method::CONNECT && split_port(&target).1.is_none_or(<[u8]>::is_empty) => {
            Err(Error::Malformed("target of CONNECT"))
        }
        // RFC 9112, 3.2: where the target has an authority, Host must be identical to it.
        _ if method == Method::CONNECT && differs => {
            Err(Error::Malformed("host field of CONNECT differs from its target"))
        }
        _ if method == Method::CONNECT => Err(Error::MethodNotAllowed),
        b'/' => Ok((from_host(), Target::new(target))),
        b'*' if target.len() == 1 && method == Method::OPTIONS => {
            Ok((from_host(), Target::new(target)))
        }
        _ => absolute_form(method, target),
    }
}

fn absolute_form(method: &Method, target: Bytes) -> Result<(Bytes, Target), Error> {
    let malformed = Error::Malformed("request target");
    let scheme_len = match memchr::memmem::find(&target, b"://") {
        Some(at)
            if target[..at].eq_ignore_ascii_case(b"http")
                || target[..at].eq_ignore_ascii_case(b"https") =>
        {
            at + 3
        }
        _ => return Err(malformed),
    };
    let rest = target.slice(scheme_len..);
    let authority_len = rest.iter().position(|b| matches!(b, b'/' | b'?')).unwrap_or(rest.len());
    let authority = rest.slice(..authority_len);
    if !is_authority(&authority) {
        return Err(malformed);
    }
    let target = match rest.get(authority_len) {
        Some(b'/') => Target::new(rest.slice(authority_len..)),
        Some(_) => Target::new([b"/", &rest[authority_len..]].concat().into()),
        // RFC 9112, 3.2.4: the origin itself is meant, and it can be asked in no other form.
        None if method == Method::OPTIONS => Target::new(Bytes::from_static(b"*")),
        None => Target::new(Bytes::from_static(b"/")),
    };
    Ok((authority, target))
}

/// RFC 9110, 7.8: Upgrade counts only if Connection names it, and not in HTTP/1.0.
fn requested_upgrade(headers: &HeaderMap, version: Version) -> Option<Bytes> {
    let protocol = headers.get(UPGRADE)?;
    let asked = version == Version::HTTP_11 && list_has(headers, CONNECTION, "upgrade");
    // Upgrading to HTTP/2 is gone (RFC 9113, 3.1), but an upstream that still knows it would hand a client a connection that
    // nobody inspects.
    let is_h2 = |name: &[u8]| {
        name.trim_ascii().get(..2).is_some_and(|name| name.eq_ignore_ascii_case(b"h2"))
    };
    let http2 = protocol.as_bytes().split(|&b| b == b',').any(is_h2);
    (asked && !http2).then(|| Bytes::copy_from_slice(protocol.as_bytes()))
}

/// RFC 9112, 4: `HTTP-version SP status-code SP [ reason-phrase ]`; the second space is often missing.
fn status_line(line: &Bytes) -> Result<(Version, StatusCode), &'static str> {
    let version = match line.get(..9) {
        Some(b"HTTP/1.1 ") => Version::HTTP_11,
        Some(b"HTTP/1.0 ") => Version::HTTP_10,
        _ => return Err("status line"),
    };
    if line.iter().any(|&b| (b < b' ' && b != b'\t') || b == 0x7f)
        || !matches!(line.get(12), None | Some(b' '))
    {
        return Err("status line");
    }
    let status = line
        .get(9..12)
        .and_then(|digits| StatusCode::from_bytes(digits).ok())
        .ok_or("status code")?;
    if status.as_u16() > 599 { Err("status code") } else { Ok((version, status)) }
}

enum FieldError {
    Malformed(&'static str),
    TooMany,
}

/// RFC 9112, 5: the field section, its closing empty line included.
fn fields(section: &Bytes, fields_max: usize) -> Result<HeaderMap, FieldError> {
    // Most heads have few fields: only a large one pays for a large table.
    const FEW: usize = 32;
    let mut few = [httparse::EMPTY_HEADER; FEW];
    match httparse::parse_headers(section, &mut few[..FEW.min(fields_max)]) {
        Err(httparse::Error::TooManyHeaders) if fields_max > FEW => {
            let mut many = vec![httparse::EMPTY_HEADER; fields_max];
            collect_fields(section, httparse::parse_headers(section, &mut many))
        }
        parsed => collect_fields(section, parsed),
    }
}

fn collect_fields(
    section: &Bytes,
    parsed: httparse::Result<(usize, &[httparse::Header<'_>])>,
) -> Result<HeaderMap, FieldError> {
    let parsed = match parsed {
        Ok(httparse::Status::Complete((_, parsed))) => parsed,
        Ok(httparse::Status::Partial) => return Err(FieldError::Malformed("header fields")),
        Err(httparse::Error::TooManyHeaders) => return Err(FieldError::TooMany),
        Err(httparse::Error::HeaderName) => return Err(FieldError::Malformed("header name")),
        Err(_) => return Err(FieldError::Malformed("header value")),
    };
    let mut headers = HeaderMap::with_capacity(parsed.len() + ADDED_FIELDS);
    for field in parsed {
        let name = HeaderName::from_bytes(field.name.as_bytes())
            .map_err(|_| FieldError::Malformed("header name"))?;
        let value = HeaderValue::from_maybe_shared(section.slice_ref(field.value))
            .map_err(|_| FieldError::Malformed("header value"))?;
        headers.try_append(name, value).map_err(|_| FieldError::TooMany)?;
    }
    Ok(headers)
}

/// Fields that are added on the way, for which a map should not have to grow: three of `X-Forwarded-*`, `X-Request-Id`.
const ADDED_FIELDS: usize = 4;

/// The first line without its CRLF, and what follows.
fn split_line(head: &Bytes) -> (Bytes, Bytes) {
    let end = memchr::memchr(b'\n', head).unwrap_or(head.len());
    (head.slice(..end.saturating_sub(1)), head.slice((end + 1).min(head.len())..))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMITS: HeadLimits = HeadLimits { bytes: 1024, fields: 40 };

    fn parse(text: &[u8]) -> Result<Option<RequestHead>, Error> {
        request(&mut BytesMut::from(text), &mut Scan::default(), LIMITS)
    }

    #[test]
    fn a_plain_request_is_taken_apart() {
        let head = parse(b"GET /a?b=c HTTP/1.1\r\nHost: x.test:80\r\nA: 1\r\na: 2\r\n\r\n")
            .unwrap()
            .unwrap();
        assert_eq!(head.method, Method::GET);
        assert_eq!((head.target.path(), head.target.query()), (&b"/a"[..], Some(&b"b=c"[..])));
        assert_eq!(head.authority, "x.test:80");
        assert_eq!(head.headers.get_all("a").iter().count(), 2);
        assert!(!head.headers.contains_key(HOST));
    }

    #[test]
    fn absolute_form_goes_before_host() {
        let head = parse(b"GET http://a.test?x HTTP/1.1\r\nHost: b.test\r\n\r\n").unwrap().unwrap();
        assert_eq!((&head.authority[..], &head.target.raw()[..]), (&b"a.test"[..], &b"/?x"[..]));
    }

    #[test]
    fn ambiguous_heads_are_refused() {
        let rows: &[&[u8]] = &[
            b"GET / HTTP/1.1\nHost: a\n\n",
            b"GET / HTTP/1.1\r\nHost: a\r\nB: c\rd\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
            b"GET / HTTP/1.1\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: u@a\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: a:99999\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost:\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: a\r\nB: \0\r\n\r\n",
            b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
            b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
            b"GET /#f HTTP/1.1\r\nHost: a\r\n\r\n",
            b"GET x HTTP/1.1\r\nHost: a\r\n\r\n",
            b"GET * HTTP/1.1\r\nHost: a\r\n\r\n",
            b"GET /\r\n\r\n",
            b"G\tT / HTTP/1.1\r\nHost: a\r\n\r\n",
            b"\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
            b"GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n",
            b"GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
        ];
        for row in rows {
            let result = parse(row);
            assert!(
                matches!(result, Err(Error::Malformed(_))),
                "{} -> {result:?}",
                row.escape_ascii()
            );
        }
    }

    #[test]
    fn limits_name_what_is_too_long() {
        let long_target = [b"GET /", &[b'a'; 2000][..]].concat();
        assert_eq!(parse(&long_target).unwrap_err(), Error::TargetTooLong);
        let long_field = [b"GET / HTTP/1.1\r\nHost: ", &[b'a'; 2000][..]].concat();
        assert_eq!(parse(&long_field).unwrap_err(), Error::HeadersTooLarge);
        let many =
            [b"GET / HTTP/1.1\r\nHost: a\r\n", &b"a: b\r\n".repeat(41)[..], b"\r\n"].concat();
        assert_eq!(parse(&many).unwrap_err(), Error::HeadersTooLarge);
    }

    #[test]
    fn responses_are_read_with_and_without_reason() {
        for line in ["HTTP/1.1 200 OK", "HTTP/1.1 200 ", "HTTP/1.1 200"] {
            let mut buf = BytesMut::from(format!("{line}\r\nA: b\r\n\r\nrest").as_bytes());
            assert_eq!(response(&mut buf, LIMITS).unwrap().unwrap().status, 200, "{line}");
            assert_eq!(&buf[..], b"rest");
        }
        for line in [
            "HTTP/1.1 99 x",
            "HTTP/1.1 600 x",
            "HTTP/2 200 OK",
            "HTTP/1.1 2000",
            "ICY 200 OK",
            "HTTP/1.1  200",
        ] {
            let mut buf = BytesMut::from(format!("{line}\r\n\r\n").as_bytes());
            assert!(response(&mut buf, LIMITS).is_err(), "{line}");
        }
    }

    proptest! {
        #[test]
        fn no_input_panics_and_fragments_do_not_matter(bytes in prop::collection::vec(any::<u8>(), 0..200), cut in 0usize..200) {
            let whole = parse(&bytes).map(|head| head.is_some());
            let mut buf = BytesMut::from(&bytes[..cut.min(bytes.len())]);
            let mut scan = Scan::default();
            let first = request(&mut buf, &mut scan, LIMITS).map(|head| head.is_some());
            if first == Ok(false) {
                buf.extend_from_slice(&bytes[cut.min(bytes.len())..]);
                let second = request(&mut buf, &mut scan, LIMITS).map(|head| head.is_some());
                prop_assert_eq!(second, whole);
            }
        }
    }
}
