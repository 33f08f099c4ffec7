//! What may not come behind a body (RFC 9110, 6.5.1), whichever version of HTTP it came by.

use http::{HeaderMap, HeaderName, header};

/// Drops fields for framing, routing, authentication or content: whoever merges trailers into a head must not be misled.
pub(crate) fn drop_forbidden(trailers: &mut HeaderMap) {
    for name in &FORBIDDEN {
        trailers.remove(name);
    }
}

const FORBIDDEN: [HeaderName; 25] = [
    header::TRANSFER_ENCODING,
    header::CONTENT_LENGTH,
    header::HOST,
    header::CONNECTION,
    header::UPGRADE,
    header::TE,
    header::TRAILER,
    header::EXPECT,
    header::AUTHORIZATION,
    header::PROXY_AUTHORIZATION,
    header::COOKIE,
    header::SET_COOKIE,
    header::CONTENT_TYPE,
    header::CONTENT_ENCODING,
    header::CONTENT_RANGE,
    header::CACHE_CONTROL,
    header::MAX_FORWARDS,
    header::RANGE,
    header::FORWARDED,
    header::WWW_AUTHENTICATE,
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("x-forwarded-proto"),
    HeaderName::from_static("x-forwarded-host"),
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_belongs_in_a_head_is_dropped() {
        let mut trailers = HeaderMap::new();
        for name in ["host", "x-forwarded-for", "set-cookie", "grpc-status", "x-sum"] {
            trailers.append(name, "1".parse().unwrap());
            trailers.append(name, "2".parse().unwrap());
        }
        drop_forbidden(&mut trailers);
        let mut names: Vec<_> = trailers.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!((names, trailers.len()), (vec!["grpc-status", "x-sum"], 4));
    }
}
