//! Removes the fields that end here (RFC 9110, 7.6.1): those of one connection, and those that `Connection` names.
//!
//! A sender must not be able to strip what others rely on by naming it in `Connection`: fields of framing and routing, and
//! those that say who the client is, stay. What this proxy adds itself is safe anyway, since it is added afterwards.
//!
//! `Trailer` stays, because trailers are forwarded. Whether an upgrade is asked for has been read into
//! [`RequestHead::upgrade`](crate::wire::RequestHead) before this.

use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{CONNECTION, CONTENT_LENGTH, FORWARDED, HOST, TE},
};
use smallvec::SmallVec;

/// Removes them from a request. `TE: trailers` stays.
pub fn strip_request(headers: &mut HeaderMap) {
    let trailers = headers.get_all(TE).iter().any(|value| {
        value
            .as_bytes()
            .split(|&b| b == b',')
            .any(|c| c.trim_ascii().eq_ignore_ascii_case(b"trailers"))
    });
    strip_response(headers);
    if trailers {
        headers.insert(TE, HeaderValue::from_static("trailers"));
    }
}

/// Removes them from a response.
pub fn strip_response(headers: &mut HeaderMap) {
    // One walk over the few names that are there, instead of a lookup for each that might be.
    let found: SmallVec<[HeaderName; 4]> =
        headers.keys().filter(|name| ends_here(name)).cloned().collect();
    if found.contains(&CONNECTION) {
        strip_named(headers);
    }
    for name in found {
        headers.remove(name);
    }
}

/// Whether a field always ends here.
fn ends_here(name: &HeaderName) -> bool {
    matches!(
        name.as_str(),
        "connection"
            | "keep-alive"
            | "proxy-connection"
            | "te"
            | "transfer-encoding"
            | "upgrade"
            // Goes with an upgrade to HTTP/2 (RFC 9113, 3.1), which ends here.
            | "http2-settings"
            // CGI hands it on as HTTP_PROXY, which its programs take for their own proxy (CVE-2016-5385).
            | "proxy"
            // CGI and WSGI take them for what frames the body (RFC 3875, 4.1.18), and no one means them.
            | "content_length"
            | "transfer_encoding"
    )
}

fn strip_named(headers: &mut HeaderMap) {
    let named: SmallVec<[HeaderName; 4]> = headers
        .get_all(CONNECTION)
        .iter()
        .flat_map(|value| value.as_bytes().split(|&b| b == b','))
        .map(|option| option.trim_ascii())
        .filter(|option| {
            !option.eq_ignore_ascii_case(b"keep-alive") && !option.eq_ignore_ascii_case(b"close")
        })
        .filter_map(|option| HeaderName::from_bytes(option).ok())
        .filter(|name| headers.contains_key(name) && !stays(name))
        .collect();
    for name in named {
        headers.remove(name);
    }
}

/// Whether naming a field in `Connection` has no effect.
fn stays(name: &HeaderName) -> bool {
    PROTECTED.contains(name) || name.as_str().starts_with("x-forwarded-")
}

const PROTECTED: [HeaderName; 7] = [
    HOST,
    CONTENT_LENGTH,
    FORWARDED,
    HeaderName::from_static("x-real-ip"),
    HeaderName::from_static("x-request-id"),
    HeaderName::from_static("traceparent"),
    HeaderName::from_static("tracestate"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(fields: &[(&'static str, &'static str)]) -> HeaderMap {
        let fields = fields
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        fields.fold(HeaderMap::new(), |mut headers, (name, value)| {
            headers.append(name, value);
            headers
        })
    }

    fn names(headers: &HeaderMap) -> Vec<&str> {
        let mut names: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn fields_of_one_connection_are_removed() {
        let mut headers = headers(&[
            ("connection", "close"),
            ("keep-alive", "timeout=5"),
            ("proxy-connection", "keep-alive"),
            ("te", "gzip"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "websocket"),
            ("trailer", "x-sum"),
            ("accept", "*/*"),
        ]);
        strip_request(&mut headers);
        assert_eq!(names(&headers), ["accept", "trailer"]);
    }

    #[test]
    fn named_fields_are_removed_over_all_lines() {
        let mut headers = headers(&[
            ("connection", "X-A , close"),
            ("connection", "x-b,,\t@"),
            ("x-a", "1"),
            ("x-a", "2"),
            ("x-b", "1"),
            ("x-c", "1"),
        ]);
        strip_response(&mut headers);
        assert_eq!(names(&headers), ["x-c"]);
    }

    #[test]
    fn what_others_rely_on_cannot_be_stripped() {
        let mut headers = headers(&[
            (
                "connection",
                "host, content-length, forwarded, x-forwarded-for, X-Forwarded-Proto, x-request-id, traceparent, cookie",
            ),
            ("host", "a"),
            ("content-length", "1"),
            ("forwarded", "for=192.0.2.1"),
            ("x-forwarded-for", "192.0.2.1"),
            ("x-forwarded-proto", "https"),
            ("x-request-id", "1"),
            ("traceparent", "00"),
            ("cookie", "a=b"),
        ]);
        let before = headers.len();
        strip_request(&mut headers);
        assert_eq!(headers.len(), before - 2, "connection and cookie: {headers:?}");
    }

    #[test]
    fn te_trailers_stays_in_requests() {
        let mut request = headers(&[("te", "gzip;q=0.5, Trailers"), ("connection", "TE")]);
        strip_request(&mut request);
        assert_eq!(request.get(TE).unwrap(), "trailers");
        let mut response = headers(&[("te", "trailers")]);
        strip_response(&mut response);
        assert!(response.is_empty());
    }
}
