//! Upgrades over HTTP/2: extended CONNECT (RFC 8441), which the rest of the proxy asks for, and sees answered, in the terms of
//! HTTP/1.1. Whether the endpoint takes it is for the connection to know.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use base64::prelude::{BASE64_STANDARD, Engine};
use bytes::Bytes;
use h2::ext::Protocol;
use http::{
    HeaderValue, Method, Request, StatusCode, Version,
    header::{CONTENT_LENGTH, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, UPGRADE},
};

use crate::{
    error::Error,
    wire::{Body, RequestHead, ResponseHead},
};

/// A wish for a tunnel through one stream.
#[derive(Debug)]
pub(super) struct Wish {
    protocol: Bytes,
    /// What the client has to read in the answer to its key; not over HTTP/2, which has no keys.
    accept: Option<HeaderValue>,
}

impl Wish {
    /// The wish of this request, if it has one that HTTP/2 knows: extended CONNECT of any protocol, and the upgrade to
    /// WebSocket. Any other upgrade is an offer that the endpoint never hears of, as RFC 9110, 7.8 allows.
    ///
    /// # Errors
    /// A WebSocket handshake without its key, to which there is no answer.
    pub(super) fn of(head: &RequestHead, body: &Body) -> Result<Option<Self>, Error> {
        let Some(protocol) = head.upgrade.clone() else { return Ok(None) };
        if head.version == Version::HTTP_2 {
            return Ok(Some(Self { protocol, accept: None }));
        }
        let handshake = protocol.eq_ignore_ascii_case(WEBSOCKET)
            && head.method == Method::GET
            && body.is_empty();
        if !handshake {
            return Ok(None);
        }
        let mut keys = head.headers.get_all(SEC_WEBSOCKET_KEY).iter();
        let (Some(key), None) = (keys.next(), keys.next()) else {
            return Err(Error::Malformed("websocket handshake without one key"));
        };
        let protocol = Bytes::from_static(WEBSOCKET);
        Ok(Some(Self { protocol, accept: Some(accept(key.as_bytes())) }))
    }

    /// Makes a GET the CONNECT that it has to be. The key is HTTP/1.1's (RFC 8441, 5).
    ///
    /// # Errors
    /// The protocol is none.
    pub(super) fn write(&self, request: &mut Request<()>) -> Result<(), Error> {
        let protocol = std::str::from_utf8(&self.protocol)
            .map_err(|_| Error::Malformed("protocol of an extended connect"))?;
        request.extensions_mut().insert(Protocol::from(protocol));
        *request.method_mut() = Method::CONNECT;
        request.headers_mut().remove(SEC_WEBSOCKET_KEY);
        Ok(())
    }

    /// Makes a success the 101 that it would be in HTTP/1.1; false, and nothing changed, where there is no success.
    pub(super) fn grant(self, head: &mut ResponseHead) -> bool {
        if !head.status.is_success() {
            return false;
        }
        head.status = StatusCode::SWITCHING_PROTOCOLS;
        // RFC 9110, 8.6: a success of CONNECT has no length, whatever it says.
        head.headers.remove(CONTENT_LENGTH);
        if let Ok(protocol) = HeaderValue::from_maybe_shared(self.protocol) {
            head.headers.insert(UPGRADE, protocol);
        }
        if let Some(accept) = self.accept {
            head.headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
        }
        true
    }
}

/// What answers a key (RFC 6455, 4.2.2).
fn accept(key: &[u8]) -> HeaderValue {
    let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, &[key, GUID].concat());
    let text = Bytes::from(BASE64_STANDARD.encode(hash));
    HeaderValue::from_maybe_shared(text).unwrap_or(HeaderValue::from_static(""))
}

const WEBSOCKET: &[u8] = b"websocket";
/// RFC 6455, 1.3.
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;
    use crate::wire::Target;

    fn head(method: Method, version: Version, upgrade: &'static str, keys: &[&str]) -> RequestHead {
        let mut headers = HeaderMap::new();
        for key in keys {
            headers.append(SEC_WEBSOCKET_KEY, key.parse().unwrap());
        }
        RequestHead {
            method,
            target: Target::new(Bytes::from_static(b"/chat")),
            authority: Bytes::from_static(b"a.example"),
            version,
            headers,
            upgrade: Some(Bytes::from_static(upgrade.as_bytes())),
            written: Default::default(),
        }
    }

    fn answer(status: u16) -> ResponseHead {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_LENGTH, 3.into());
        ResponseHead {
            status: StatusCode::from_u16(status).unwrap(),
            version: Version::HTTP_2,
            headers,
        }
    }

    #[test]
    fn a_handshake_is_answered_as_its_key_demands() {
        // The example of RFC 6455, 1.3.
        let head = head(Method::GET, Version::HTTP_11, "WebSocket", &["dGhlIHNhbXBsZSBub25jZQ=="]);
        let wish = Wish::of(&head, &Body::Empty).unwrap().unwrap();
        let mut request = Request::new(());
        *request.headers_mut() = head.headers.clone();
        wish.write(&mut request).unwrap();
        assert_eq!(request.method(), Method::CONNECT);
        assert_eq!(request.extensions().get::<Protocol>().unwrap().as_str(), "websocket");
        assert!(request.headers().is_empty());
        let mut answer = answer(200);
        assert!(wish.grant(&mut answer));
        assert_eq!(answer.status, 101);
        assert_eq!(answer.headers[SEC_WEBSOCKET_ACCEPT], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert_eq!(answer.headers[UPGRADE], "websocket");
        assert!(!answer.headers.contains_key(CONTENT_LENGTH));
    }

    #[test]
    fn only_what_http2_knows_is_a_wish() {
        let of = |head: &RequestHead, body: &Body| Wish::of(head, body).map(|wish| wish.is_some());
        let (http1, http2) = (Version::HTTP_11, Version::HTTP_2);
        let key = ["dGhlIHNhbXBsZSBub25jZQ=="];
        assert_eq!(of(&head(Method::GET, http1, "tls/1.2", &[]), &Body::Empty), Ok(false));
        assert_eq!(of(&head(Method::POST, http1, "websocket", &key), &Body::Empty), Ok(false));
        assert_eq!(of(&head(Method::GET, http1, "websocket", &key), &Body::from("x")), Ok(false));
        assert_eq!(of(&head(Method::GET, http2, "connect-udp", &[]), &Body::Empty), Ok(true));
        for keys in [&[][..], &["a", "b"]] {
            assert!(of(&head(Method::GET, http1, "websocket", keys), &Body::Empty).is_err());
        }
    }

    #[test]
    fn a_refusal_stays_one() {
        let head = head(Method::GET, Version::HTTP_2, "websocket", &[]);
        let wish = Wish::of(&head, &Body::Empty).unwrap().unwrap();
        let mut answer = answer(403);
        assert!(!wish.grant(&mut answer));
        assert_eq!((answer.status.as_u16(), answer.headers.len()), (403, 1));
    }
}
