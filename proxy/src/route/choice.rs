//! `override`: a colour that is chosen by hand, for testers.

use http::HeaderName;

use crate::{
    config::{self, Colour},
    filter::{client_ip::Client, cookie::cookie, ip_set::IpSet},
    key_error::KeyError,
    wire::RequestHead,
};

/// A rollout's `override`, compiled.
#[derive(Debug)]
pub struct ColourChoice {
    header: Option<HeaderName>,
    cookie: Option<Box<[u8]>>,
    from: IpSet,
}

impl ColourChoice {
    /// Compiles `written`.
    pub fn compile(written: &config::Override) -> Result<Self, KeyError> {
        let header = match &written.header {
            None => None,
            Some(name) => Some(HeaderName::from_bytes(name.as_bytes()).map_err(|_| {
                KeyError::new("override.header", format!("\"{name}\" is no name of a header field"))
            })?),
        };
        let cookie = written.cookie.as_deref().map(|name| name.as_bytes().into());
        Ok(Self { header, cookie, from: IpSet::new(&written.from) })
    }

    /// The colour that the request asks for, if `client` may ask. The header goes before the cookie; other values than
    /// `blue`, `green`, `always` and `never` say nothing.
    pub fn colour(&self, head: &RequestHead, client: &Client) -> Option<Colour> {
        if !self.believes(client) {
            return None;
        }
        let header = self.header.as_ref().and_then(|name| head.headers.get(name));
        let header = header.and_then(|value| parse(value.as_bytes()));
        let from_cookie = || self.cookie.as_ref().and_then(|name| cookie(&head.headers, name));
        header.or_else(|| from_cookie().and_then(parse))
    }

    /// A trusted proxy is believed for itself. For those whom it speaks for it is not: it passes on what they wrote.
    fn believes(&self, client: &Client) -> bool {
        client.trusted || self.from.contains(client.address)
    }
}

fn parse(value: &[u8]) -> Option<Colour> {
    match value.trim_ascii() {
        value if value.eq_ignore_ascii_case(b"blue") => Some(Colour::Blue),
        value if value.eq_ignore_ascii_case(b"never") => Some(Colour::Blue),
        value if value.eq_ignore_ascii_case(b"green") => Some(Colour::Green),
        value if value.eq_ignore_ascii_case(b"always") => Some(Colour::Green),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, header::COOKIE};

    use super::*;
    use crate::route::reference::request;

    fn choice() -> ColourChoice {
        let written = config::Override {
            header: Some("X-Colour".to_owned()),
            cookie: Some("colour".to_owned()),
            from: vec!["192.0.2.0/24".parse().unwrap()],
        };
        ColourChoice::compile(&written).unwrap()
    }

    fn client(address: &str, trusted: bool) -> Client {
        Client { address: address.parse().unwrap(), peer_trusted: true, trusted }
    }

    fn asking(header: &'static str, cookie: &'static str) -> RequestHead {
        let mut head = request("GET", "/");
        head.headers.insert("x-colour", HeaderValue::from_static(header));
        head.headers.insert(COOKIE, HeaderValue::from_static(cookie));
        head
    }

    #[test]
    fn the_header_goes_before_the_cookie() {
        for (header, cookie, expected) in [
            ("green", "colour=blue", Some(Colour::Green)),
            ("Never", "colour=green", Some(Colour::Blue)),
            ("ALWAYS", "", Some(Colour::Green)),
            ("", "colour=green", Some(Colour::Green)),
            ("mauve", "colour=Blue", Some(Colour::Blue)),
            ("mauve", "colour=1", None),
            ("", "", None),
        ] {
            let found = choice().colour(&asking(header, cookie), &client("192.0.2.1", false));
            assert_eq!(found, expected, "{header} {cookie}");
        }
    }

    #[test]
    fn only_trusted_clients_choose() {
        let head = asking("green", "colour=green");
        assert_eq!(choice().colour(&head, &client("198.51.100.1", false)), None);
        assert_eq!(choice().colour(&head, &client("198.51.100.1", true)), Some(Colour::Green));
        assert_eq!(choice().colour(&head, &client("192.0.2.1", false)), Some(Colour::Green));
    }
}
