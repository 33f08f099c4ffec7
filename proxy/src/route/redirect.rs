//! `to = "redirect:URL"`: the Location of a redirect, made from the request.
//!
//! `{host}` is the host without port, `{path}` the path, `{query}` the query without its `?`; all as the client wrote them.
//! A `?` or `&` directly before `{query}` is left out where the request has no query. A slash before `{path}` stands for
//! the one that the path begins with. A path at the start of the URL is given one slash only, and backslashes are encoded:
//! `//host` would lead to wherever the client says.

use http::HeaderValue;

use crate::wire::Target;

/// A compiled URL template.
#[derive(Debug)]
pub struct RedirectTemplate {
    parts: Box<[Part]>,
}

#[derive(Debug)]
enum Part {
    Literal(Box<str>),
    Host,
    Path,
    Query,
}

impl RedirectTemplate {
    /// Compiles what stands behind `redirect:`.
    pub fn compile(url: &str) -> Result<Self, String> {
        if !url.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(format!("a URL consists of visible ASCII characters, found \"{url}\""));
        }
        let mut parts = Vec::new();
        let mut rest = url;
        while let Some((literal, placeholder)) = rest.split_once('{') {
            push_literal(&mut parts, literal)?;
            let (name, tail) = placeholder
                .split_once('}')
                .ok_or_else(|| format!("`{{` without `}}` in \"{url}\""))?;
            parts.push(Part::placeholder(name)?);
            rest = tail;
        }
        push_literal(&mut parts, rest)?;
        check_start(&parts, url)?;
        Ok(Self { parts: parts.into() })
    }

    /// The value of Location; none if the template needs the request's host and it has none. `host` has no port.
    pub fn render(&self, host: &[u8], target: &Target) -> Option<HeaderValue> {
        let mut url = Vec::with_capacity(64 + target.raw().len());
        for part in &self.parts {
            match part {
                Part::Literal(text) => url.extend_from_slice(text.as_bytes()),
                Part::Host if host.is_empty() => return None,
                Part::Host => encode(host, &mut url),
                Part::Path => push_path(target.path(), &mut url),
                Part::Query => push_query(target.query().unwrap_or_default(), &mut url),
            }
        }
        HeaderValue::from_maybe_shared(bytes::Bytes::from(url)).ok()
    }
}

impl Part {
    fn placeholder(name: &str) -> Result<Self, String> {
        match name {
            "host" => Ok(Self::Host),
            "path" => Ok(Self::Path),
            "query" => Ok(Self::Query),
            _ => Err(format!(
                "unknown placeholder \"{{{name}}}\"; there are {{host}}, {{path}} and {{query}}"
            )),
        }
    }
}

fn push_literal(parts: &mut Vec<Part>, text: &str) -> Result<(), String> {
    if text.contains('}') {
        return Err(format!("`}}` without `{{` in \"{text}\""));
    }
    if !text.is_empty() {
        parts.push(Part::Literal(text.into()));
    }
    Ok(())
}

/// A URL is absolute or begins with a path: what it begins with must not be the client's choice.
fn check_start(parts: &[Part], url: &str) -> Result<(), String> {
    let relative =
        || format!("a redirect leads to \"https://..\", \"http://..\" or \"/..\", found \"{url}\"");
    match parts.first() {
        Some(Part::Path) => Ok(()),
        Some(Part::Literal(text)) if text.starts_with('/') => Ok(()),
        Some(Part::Literal(text)) => {
            let rest = text.split_once("://").filter(|(scheme, _)| {
                !scheme.is_empty() && scheme.bytes().all(|b| b.is_ascii_alphanumeric())
            });
            let (_, rest) = rest.ok_or_else(relative)?;
            if rest.is_empty() && !matches!(parts.get(1), Some(Part::Host)) {
                return Err(format!("the URL has no host: \"{url}\""));
            }
            Ok(())
        }
        _ => Err(relative()),
    }
}

fn push_path(path: &[u8], url: &mut Vec<u8>) {
    let slashes = path.iter().take_while(|&&b| b == b'/').count();
    let path = match url.last() {
        None => path.get(slashes.saturating_sub(1)..),
        Some(b'/') => path.get(slashes..),
        Some(_) => Some(path),
    };
    let path = path.unwrap_or_default();
    // OPTIONS may ask for `*`, which is no path that a URL could end with.
    encode(if path == b"*" { b"/" } else { path }, url);
}

fn push_query(query: &[u8], url: &mut Vec<u8>) {
    if query.is_empty() && matches!(url.last(), Some(b'?' | b'&')) {
        url.pop();
    }
    encode(query, url);
}

/// Appends `text`, with what must not stand in a URL percent-encoded: no byte of a client can end the header field.
fn encode(text: &[u8], url: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for &byte in text {
        if byte.is_ascii_graphic() && !b"\"<>\\^`{|}#".contains(&byte) {
            url.push(byte);
        } else {
            url.extend([b'%', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;

    fn render(template: &str, host: &str, target: &[u8]) -> Option<String> {
        let target = Target::new(Bytes::copy_from_slice(target));
        let value = RedirectTemplate::compile(template).unwrap().render(host.as_bytes(), &target);
        value.map(|value| value.to_str().unwrap().to_owned())
    }

    #[test]
    fn placeholders_are_filled() {
        for (template, target, expected) in [
            ("https://{host}{path}?{query}", "/a?b=c", "https://h.test/a?b=c"),
            ("https://{host}{path}?{query}", "/a", "https://h.test/a"),
            ("https://{host}{path}?x=1&{query}", "/a?", "https://h.test/a?x=1"),
            ("https://{host}/{path}", "/a", "https://h.test/a"),
            ("https://{host}/new{path}", "/a//b", "https://h.test/new/a//b"),
            ("https://{host}{path}", "*", "https://h.test/"),
            ("https://other.test/", "/a?b", "https://other.test/"),
            ("/login?next={path}", "/a", "/login?next=/a"),
            ("{path}", "/a?b", "/a"),
        ] {
            let rendered = render(template, "h.test", target.as_bytes());
            assert_eq!(rendered.as_deref(), Some(expected), "{template}");
        }
    }

    #[test]
    fn a_client_cannot_choose_another_host() {
        assert_eq!(render("{path}", "", b"//evil.test/x").unwrap(), "/evil.test/x");
        assert_eq!(render("{path}", "", b"/\\evil.test").unwrap(), "/%5Cevil.test");
        assert_eq!(render("/{path}", "", b"//evil.test").unwrap(), "/evil.test");
        assert_eq!(render("https://a.test{path}", "", b"*").unwrap(), "https://a.test/");
    }

    #[test]
    fn a_needed_host_must_be_there() {
        assert_eq!(render("https://{host}{path}", "", b"/"), None);
        assert!(render("https://a.test{path}", "", b"/").is_some());
    }

    #[test]
    fn malformed_templates_are_refused() {
        for (template, reason) in [
            ("https://{hots}/", "unknown placeholder \"{hots}\""),
            ("https://{host", "without `}`"),
            ("https://host}", "without `{`"),
            ("https://a b/", "visible ASCII"),
            ("https://{path}", "no host"),
            ("example.com", "leads to"),
            ("{host}{path}", "leads to"),
            ("{query}", "leads to"),
            ("javascript:alert(1)", "leads to"),
        ] {
            let error = RedirectTemplate::compile(template).unwrap_err();
            assert!(error.contains(reason), "{template}: {error}");
        }
    }

    proptest! {
        #[test]
        fn locations_are_visible_ascii(
            host in prop::collection::vec(any::<u8>(), 0..8),
            path in prop::collection::vec(any::<u8>(), 0..24),
        ) {
            let target = Target::new(Bytes::from([b"/", &path[..]].concat()));
            for template in ["https://{host}{path}?{query}", "{path}", "/x/{path}?{query}"] {
                let template = RedirectTemplate::compile(template).unwrap();
                if let Some(value) = template.render(&host, &target) {
                    prop_assert!(value.as_bytes().iter().all(u8::is_ascii_graphic));
                    prop_assert!(!value.as_bytes().starts_with(b"//"));
                }
            }
        }
    }
}
