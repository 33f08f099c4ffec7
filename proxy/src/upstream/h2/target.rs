//! The head of a request in the form that HTTP/2 wants (RFC 9113, 8.3.1).

use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Method, Request, Uri,
    header::{CONTENT_LENGTH, CONTENT_TYPE, EXPECT, TE},
    uri::{Authority, PathAndQuery, Scheme},
};

use crate::{error::Error, wire::RequestHead};

/// The request, without its body of length `length`.
///
/// # Errors
/// The authority is none.
pub(super) fn request(
    head: &RequestHead,
    scheme: Scheme,
    length: Option<u64>,
) -> Result<Request<()>, Error> {
    let authority = Authority::from_maybe_shared(head.authority.clone())
        .map_err(|_| Error::Malformed("authority"))?;
    let uri = Uri::builder()
        .scheme(scheme)
        .authority(authority)
        .path_and_query(path(head.target.raw())?)
        .build()
        .map_err(|_| Error::Malformed("request target"))?;
    let mut request = Request::new(());
    *request.method_mut() = head.method.clone();
    *request.uri_mut() = uri;
    *request.headers_mut() = fields(head, length);
    Ok(request)
}

fn fields(head: &RequestHead, length: Option<u64>) -> HeaderMap {
    let mut headers = head.headers.clone();
    // Whether a server sends 100 makes no difference where both directions flow at once.
    headers.remove(EXPECT);
    let expects_content = matches!(head.method, Method::POST | Method::PUT | Method::PATCH);
    match length {
        Some(0) if !expects_content => {}
        Some(length) => drop(headers.insert(CONTENT_LENGTH, length.into())),
        None => {}
    }
    // TE is the client's connection's and gone by now; gRPC servers look for it, and we do pass trailers on.
    let is_grpc = |value: &HeaderValue| value.as_bytes().starts_with(b"application/grpc");
    if headers.get(CONTENT_TYPE).is_some_and(is_grpc) {
        headers.insert(TE, HeaderValue::from_static("trailers"));
    }
    headers
}

/// The target as it is, or with percent signs for bytes that [`http::Uri`] refuses. HTTP/1.1 is sent the bytes as they are.
fn path(raw: &Bytes) -> Result<PathAndQuery, Error> {
    if let Ok(path) = PathAndQuery::from_maybe_shared(raw.clone()) {
        return Ok(path);
    }
    let encoded = percent_encoding::percent_encode(raw, REFUSED).to_string();
    PathAndQuery::from_maybe_shared(Bytes::from(encoded))
        .map_err(|_| Error::Malformed("request target"))
}

/// All but what RFC 3986 allows in path and query, and the percent sign itself.
const REFUSED: &percent_encoding::AsciiSet = &percent_encoding::CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

#[cfg(test)]
mod tests {
    use http::Version;
    use proptest::prelude::*;

    use super::*;
    use crate::wire::Target;

    fn head(target: &[u8]) -> RequestHead {
        RequestHead {
            method: Method::GET,
            target: Target::new(Bytes::copy_from_slice(target)),
            authority: Bytes::from_static(b"a.example:8080"),
            version: Version::HTTP_11,
            headers: HeaderMap::new(),
            upgrade: None,
            written: Default::default(),
        }
    }

    #[test]
    fn plain_targets_stay_as_they_are() {
        for target in ["/", "/a/b?c=d&e=%20", "*", "/a;b=c,d", "/?"] {
            let request = request(&head(target.as_bytes()), Scheme::HTTP, Some(0)).unwrap();
            assert_eq!(request.uri().path_and_query().unwrap().as_str(), target);
        }
    }

    #[test]
    fn odd_bytes_are_encoded() {
        let request = request(&head(b"/a\xff|<b>?q=\\^#x"), Scheme::HTTPS, Some(0)).unwrap();
        let path = request.uri().path_and_query().unwrap().as_str();
        assert_eq!(path, "/a%FF%7C%3Cb%3E?q=%5C%5E%23x");
    }

    #[test]
    fn length_is_told_where_it_is_known_and_means_something() {
        let of = |method: Method, length| {
            let head = RequestHead { method, ..head(b"/") };
            request(&head, Scheme::HTTP, length).unwrap().headers().get(CONTENT_LENGTH).cloned()
        };
        assert_eq!(of(Method::GET, Some(0)), None);
        assert_eq!(of(Method::POST, Some(0)).unwrap(), "0");
        assert_eq!(of(Method::PUT, Some(7)).unwrap(), "7");
        assert_eq!(of(Method::POST, None), None);
    }

    #[test]
    fn grpc_learns_that_trailers_pass() {
        let mut head = head(b"/s/m");
        head.headers.insert(CONTENT_TYPE, "application/grpc+proto".parse().unwrap());
        head.headers.insert(EXPECT, "100-continue".parse().unwrap());
        let request = request(&head, Scheme::HTTP, None).unwrap();
        assert_eq!(request.headers()[TE], "trailers");
        assert!(!request.headers().contains_key(EXPECT));
    }

    proptest! {
        #[test]
        fn any_target_of_visible_bytes_can_be_sent(tail: Vec<u8>) {
            let tail = tail.iter().map(|b| if *b <= 0x20 || *b == 0x7f { b'x' } else { *b });
            let raw: Vec<u8> = std::iter::once(b'/').chain(tail).collect();
            prop_assert!(request(&head(&raw), Scheme::HTTP, Some(0)).is_ok());
        }
    }
}
