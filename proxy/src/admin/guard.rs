//! Who may call the admin server.
//!
//! Three things are kept out: callers without the token; pages that a browser on this host was led to by a name that suddenly
//! means loopback (DNS rebinding); and pages of other sites that send a form here (CSRF).

use std::borrow::Cow;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, Method, Uri, header, request, uri::Authority},
    middleware::Next,
    response::Response,
};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use http_body::Body as _;

use super::{
    Peer,
    rollouts::Caller,
    router::{Refusal, refuse},
    token::{Token, TokenSource},
};

/// Lets a call through or refuses it.
pub(super) async fn guard(
    State(token): State<TokenSource>,
    request: Request,
    next: Next,
) -> Response {
    if is_probe(request.uri()) {
        return next.run(request).await;
    }
    // What cannot be one of our callers need not be answered at length.
    if request.body().size_hint().lower() > BODY_BYTES_MAX {
        return refuse(&Refusal::TooLarge);
    }
    let (mut head, body) = request.into_parts();
    let token = token.load();
    let peer = head.extensions.get::<Peer>().map(|Peer(peer)| *peer);
    head.extensions.insert(Caller { peer, token: token.is_some() });
    match check(&head, token.as_deref()) {
        Ok(()) => next.run(Request::from_parts(head, body)).await,
        Err(refusal) => refuse(&refusal),
    }
}

/// A change of the lists needs a few hundred.
pub(super) const BODY_BYTES_MAX: u64 = 64 << 10;

/// Kubelets carry no token, and what a probe learns is no secret.
fn is_probe(uri: &Uri) -> bool {
    matches!(uri.path(), "/livez" | "/readyz")
}

fn check(head: &request::Parts, token: Option<&Token>) -> Result<(), Refusal> {
    let authority = authority(&head.uri, &head.headers)?;
    match token {
        Some(token) => check_token(token, &head.headers)?,
        None => check_host(authority.as_ref())?,
    }
    if matches!(head.method, Method::GET | Method::HEAD) {
        return Ok(());
    }
    check_origin(authority.as_ref(), &head.headers)
}

fn check_token(token: &Token, headers: &HeaderMap) -> Result<(), Refusal> {
    let mut fields = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(field), None) = (fields.next(), fields.next()) else {
        return Err(Refusal::Unauthorized);
    };
    let presented = presented(field.as_bytes()).ok_or(Refusal::Unauthorized)?;
    if token.is(&presented) { Ok(()) } else { Err(Refusal::Unauthorized) }
}

/// The token as `Bearer TOKEN` (RFC 6750), or as the password of any user (RFC 7617): that is how a browser, which cannot be
/// told to send the former, gets at the page. Browsers send a password of their own accord, which `check_origin` allows for.
fn presented(field: &[u8]) -> Option<Cow<'_, [u8]>> {
    let space = field.iter().position(|&byte| byte == b' ')?;
    let (scheme, rest) = field.split_at(space);
    let rest = rest.trim_ascii();
    if scheme.eq_ignore_ascii_case(b"bearer") {
        return Some(rest.into());
    }
    if !scheme.eq_ignore_ascii_case(b"basic") {
        return None;
    }
    let mut credentials = BASE64.decode(rest).ok()?;
    let colon = credentials.iter().position(|&byte| byte == b':')?;
    Some(credentials.split_off(colon + 1).into())
}

/// An address cannot be rebound, and `localhost` is one (RFC 6761, 6.3). Names of others can, to here. Callers that send no
/// Host are no browsers.
fn check_host(authority: Option<&Authority>) -> Result<(), Refusal> {
    let Some(authority) = authority else { return Ok(()) };
    let host = authority.host();
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let host = host.to_ascii_lowercase();
    let local = host == "localhost" || host.ends_with(".localhost");
    if local || host.parse::<std::net::IpAddr>().is_ok() { Ok(()) } else { Err(Refusal::Host) }
}

/// Browsers name the page that sends a request which changes something (Fetch, 3.2); others do not.
fn check_origin(authority: Option<&Authority>, headers: &HeaderMap) -> Result<(), Refusal> {
    let own = |origin: &[u8]| {
        let origin = origin.strip_prefix(b"http://").or(origin.strip_prefix(b"https://"));
        let authority = authority.map(|authority| authority.as_str().as_bytes());
        origin.zip(authority).is_some_and(|(origin, own)| origin.eq_ignore_ascii_case(own))
    };
    let same_site = |site: &[u8]| matches!(site, b"same-origin" | b"none");
    let foreign = headers.get_all(header::ORIGIN).iter().any(|origin| !own(origin.as_bytes()))
        || headers.get_all("sec-fetch-site").iter().any(|site| !same_site(site.as_bytes()));
    if foreign { Err(Refusal::Origin) } else { Ok(()) }
}

/// What was asked for, by the target before Host (RFC 9112, 3.2.2).
fn authority(uri: &Uri, headers: &HeaderMap) -> Result<Option<Authority>, Refusal> {
    if let Some(authority) = uri.authority() {
        return Ok(Some(authority.clone()));
    }
    let mut hosts = headers.get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) => Ok(None),
        (Some(host), None) => {
            Authority::try_from(host.as_bytes()).map(Some).map_err(|_| Refusal::Host)
        }
        _ => Err(Refusal::Host),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn verdict(method: &str, fields: &[(&str, &str)], token: Option<&str>) -> &'static str {
        let mut request = Request::builder().method(method).uri("/reload");
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        let (head, ()) = request.body(()).unwrap().into_parts();
        let token = token.map(|token| Token::new(token).unwrap());
        match check(&head, token.as_ref()) {
            Ok(()) => "ok",
            Err(Refusal::Unauthorized) => "unauthorized",
            Err(Refusal::Host) => "host",
            Err(Refusal::Origin) => "origin",
            Err(_) => "other",
        }
    }

    #[test]
    fn names_that_may_be_rebound_are_refused_without_a_token() {
        for (host, expected) in [
            ("127.0.0.1:9901", "ok"),
            ("[::1]:9901", "ok"),
            ("LOCALHOST:9901", "ok"),
            ("foxtrot.localhost", "ok"),
            ("evil.example:9901", "host"),
            ("localhost.evil.example", "host"),
            ("127.0.0.1.evil.example", "host"),
            ("", "host"),
            ("a b", "host"),
        ] {
            assert_eq!(verdict("GET", &[("host", host)], None), expected, "{host}");
        }
        assert_eq!(verdict("GET", &[], None), "ok");
        assert_eq!(verdict("GET", &[("host", "[::1]"), ("host", "evil.example")], None), "host");
        let bearer = ("authorization", "Bearer abc");
        assert_eq!(verdict("GET", &[("host", "admin.example"), bearer], Some("abc")), "ok");
    }

    #[test]
    fn a_token_must_be_carried_once_and_whole() {
        for (fields, expected) in [
            (&[][..], "unauthorized"),
            (&["Bearer abc"], "ok"),
            (&["bearer abc"], "ok"),
            (&["Bearer abcd"], "unauthorized"),
            (&["Bearer "], "unauthorized"),
            (&["Bearer"], "unauthorized"),
            (&["Basic abc"], "unauthorized"),
            // `me:abc`, `:abc`, `abc:`, `abc`.
            (&["Basic bWU6YWJj"], "ok"),
            (&["basic OmFiYw=="], "ok"),
            (&["Basic YWJjOg=="], "unauthorized"),
            (&["Basic YWJj"], "unauthorized"),
            (&["Bearer abc", "Bearer abc"], "unauthorized"),
        ] {
            let fields: Vec<_> = fields.iter().map(|value| ("authorization", *value)).collect();
            assert_eq!(verdict("GET", &fields, Some("abc")), expected, "{fields:?}");
        }
    }

    #[test]
    fn pages_of_other_sites_change_nothing() {
        let host = ("host", "127.0.0.1:9901");
        for (method, fields, expected) in [
            ("POST", &[host][..], "ok"),
            ("POST", &[host, ("origin", "http://127.0.0.1:9901")], "ok"),
            ("POST", &[host, ("origin", "http://127.0.0.1:8080")], "origin"),
            ("POST", &[host, ("origin", "https://evil.example")], "origin"),
            ("POST", &[host, ("origin", "null")], "origin"),
            ("POST", &[("origin", "http://127.0.0.1:9901")], "origin"),
            ("POST", &[host, ("sec-fetch-site", "same-origin")], "ok"),
            ("POST", &[host, ("sec-fetch-site", "cross-site")], "origin"),
            ("GET", &[host, ("sec-fetch-site", "cross-site")], "ok"),
        ] {
            assert_eq!(verdict(method, fields, None), expected, "{method} {fields:?}");
        }
    }
}
