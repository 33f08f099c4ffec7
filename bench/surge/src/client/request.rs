//! Requests, made ready before a run: as bytes for HTTP/1.1, as a head and a body for HTTP/2.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method};

use crate::scenario::{Protocol, Target, target::is_path};

/// A request as it is written down.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Request {
    /// `GET` if empty.
    pub method: String,
    /// Path and query; that of the target if empty.
    pub path: String,
    /// Fields, in order; one named `host` takes the place of the target's.
    pub headers: Vec<(String, String)>,
    /// The body, with its length announced.
    pub body: Bytes,
}

/// A request that is ready to be sent.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// Head and body for HTTP/1.1.
    pub bytes: Bytes,
    /// Where in `bytes` the body starts.
    pub body_at: usize,
    /// Whether the answer to it has no body (`HEAD`).
    pub bodiless_answer: bool,
    /// Head for HTTP/2.
    pub head: http::Request<()>,
}

impl Request {
    /// Makes the request ready; says what is wrong with it otherwise.
    pub fn prepare(&self, to: &Target, how: Protocol, keepalive: bool) -> Result<Prepared, String> {
        let method = if self.method.is_empty() { "GET" } else { &self.method };
        let method = Method::from_bytes(method.as_bytes())
            .map_err(|_| format!("\"{method}\" is not a method"))?;
        let path = if self.path.is_empty() { &to.path } else { &self.path };
        if !is_path(path) {
            return Err(format!("path \"{path}\" must begin with / and be percent-encoded"));
        }
        let fields = self.fields(to, &method)?;
        let close = how == Protocol::Http1 && !keepalive;
        let (bytes, body_at) = self.http1(&method, path, &fields, close);
        let head = http2(to, &method, path, fields)?;
        Ok(Prepared { bytes, body_at, bodiless_answer: method == Method::HEAD, head })
    }

    /// All fields, checked: host, those written down, and what is missing among them.
    fn fields(
        &self,
        to: &Target,
        method: &Method,
    ) -> Result<Vec<(HeaderName, HeaderValue)>, String> {
        let mut fields = Vec::new();
        for (name, value) in &self.headers {
            let wrong = || format!("\"{name}: {value}\" is not a header field");
            let value = HeaderValue::from_str(value).map_err(|_| wrong())?;
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?;
            if [http::header::CONTENT_LENGTH, http::header::TRANSFER_ENCODING].contains(&name) {
                return Err(format!("\"{name}\" follows from the body and cannot be set"));
            }
            fields.push((name, value));
        }
        let mut default = |name: HeaderName, value: &str, first: bool| {
            if !fields.iter().any(|(known, _)| *known == name) {
                let value = HeaderValue::from_str(value).map_err(|error| error.to_string())?;
                fields.insert(if first { 0 } else { fields.len() }, (name, value));
            }
            Ok::<(), String>(())
        };
        default(http::header::HOST, &to.authority, true)?;
        default(http::header::USER_AGENT, USER_AGENT, false)?;
        let has_body = [Method::POST, Method::PUT, Method::PATCH].contains(method);
        if has_body || !self.body.is_empty() {
            default(http::header::CONTENT_LENGTH, &self.body.len().to_string(), false)?;
        }
        Ok(fields)
    }

    fn http1(
        &self,
        method: &Method,
        path: &str,
        fields: &[(HeaderName, HeaderValue)],
        close: bool,
    ) -> (Bytes, usize) {
        let mut bytes = format!("{method} {path} HTTP/1.1\r\n").into_bytes();
        for (name, value) in fields {
            bytes.extend_from_slice(name.as_str().as_bytes());
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(value.as_bytes());
            bytes.extend_from_slice(b"\r\n");
        }
        if close {
            bytes.extend_from_slice(b"connection: close\r\n");
        }
        bytes.extend_from_slice(b"\r\n");
        let body_at = bytes.len();
        bytes.extend_from_slice(&self.body);
        (bytes.into(), body_at)
    }
}

impl Prepared {
    /// The body.
    pub fn body(&self) -> Bytes {
        self.bytes.slice(self.body_at..)
    }
}

fn http2(
    to: &Target,
    method: &Method,
    path: &str,
    fields: Vec<(HeaderName, HeaderValue)>,
) -> Result<http::Request<()>, String> {
    let host = fields.iter().find(|(name, _)| *name == http::header::HOST);
    let host = host.and_then(|(_, value)| value.to_str().ok()).unwrap_or(&to.authority);
    let scheme = if to.tls { "https" } else { "http" };
    let mut request = http::Request::builder()
        .version(http::Version::HTTP_2)
        .method(method.clone())
        .uri(format!("{scheme}://{host}{path}"));
    // RFC 9113, 8.2.2: what is about the connection has no place on a stream.
    let of_connection = [http::header::HOST, http::header::CONNECTION, http::header::UPGRADE];
    for (name, value) in fields.into_iter().filter(|(name, _)| !of_connection.contains(name)) {
        request = request.header(name, value);
    }
    request.body(()).map_err(|error| format!("cannot be sent over HTTP/2: {error}"))
}

const USER_AGENT: &str = concat!("surge/", env!("CARGO_PKG_VERSION"));

#[cfg(test)]
mod tests {
    use super::*;

    fn target() -> Target {
        Target::find("http://127.0.0.1:8080/start?x=1", &[]).unwrap()
    }

    fn text(request: &Request, keepalive: bool) -> String {
        let prepared = request.prepare(&target(), Protocol::Http1, keepalive).unwrap();
        String::from_utf8(prepared.bytes.to_vec()).unwrap()
    }

    #[test]
    fn a_plain_request_goes_to_the_path_of_the_target() {
        let expected = format!(
            "GET /start?x=1 HTTP/1.1\r\nhost: 127.0.0.1:8080\r\nuser-agent: {USER_AGENT}\r\n\r\n"
        );
        assert_eq!(text(&Request::default(), true), expected);
    }

    #[test]
    fn a_body_announces_its_length() {
        let request = Request {
            method: "POST".into(),
            path: "/login".into(),
            headers: vec![("Host".into(), "shop.example".into())],
            body: Bytes::from_static(b"a=b"),
        };
        let text = text(&request, false);
        assert!(text.starts_with("POST /login HTTP/1.1\r\nhost: shop.example\r\n"), "{text}");
        assert!(text.contains("content-length: 3\r\n"), "{text}");
        assert!(text.ends_with("connection: close\r\n\r\na=b"), "{text}");
        let prepared = request.prepare(&target(), Protocol::Http2, true).unwrap();
        assert_eq!(prepared.head.uri(), "http://shop.example/login");
        assert_eq!(prepared.body(), "a=b");
    }

    #[test]
    fn what_would_break_the_message_is_refused() {
        let get = Request::default();
        for wrong in [
            Request { method: "GE T".into(), ..get.clone() },
            Request { path: "no-slash".into(), ..get.clone() },
            Request { path: "/a b".into(), ..get.clone() },
            Request { headers: vec![("x".into(), "a\r\nb: c".into())], ..get.clone() },
            Request { headers: vec![("x y".into(), "a".into())], ..get.clone() },
            Request { headers: vec![("content-length".into(), "9".into())], ..get },
        ] {
            assert!(wrong.prepare(&target(), Protocol::Http1, true).is_err(), "{wrong:?}");
        }
    }
}
