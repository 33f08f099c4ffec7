//! `request_headers` and `response_headers`: fields to remove, set and add, in this order.
//!
//! Fields of framing and connection cannot be edited: they are made anew for each side, so an edit would be without effect
//! or would make a message lie about its length.

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::{config, key_error::KeyError};

/// Edits, compiled.
#[derive(Debug, Default)]
pub struct HeaderEdits {
    remove: Box<[HeaderName]>,
    set: Box<[(HeaderName, HeaderValue)]>,
    add: Box<[(HeaderName, HeaderValue)]>,
}

impl HeaderEdits {
    /// Compiles `written`, which stands in the table `section`: `request_headers` or `response_headers`.
    pub fn compile(written: &config::HeaderEdits, section: &str) -> Result<Self, Vec<KeyError>> {
        let mut errors = Vec::new();
        let names = written.remove.iter().map(|name| {
            compile_name(name)
                .map_err(|message| KeyError::new(format!("{section}.remove"), message))
        });
        let remove =
            names.filter_map(|name| name.map_err(|error| errors.push(error)).ok()).collect();
        let set = compile_fields(&written.set, &format!("{section}.set"), &mut errors);
        let add = compile_fields(&written.add, &format!("{section}.add"), &mut errors);
        if errors.is_empty() { Ok(Self { remove, set, add }) } else { Err(errors) }
    }

    /// Makes the edits.
    pub fn apply(&self, headers: &mut HeaderMap) {
        for name in &self.remove {
            headers.remove(name);
        }
        for (name, value) in &self.set {
            headers.insert(name, value.clone());
        }
        for (name, value) in &self.add {
            headers.append(name, value.clone());
        }
    }
}

fn compile_fields(
    written: &BTreeMap<String, String>,
    section: &str,
    errors: &mut Vec<KeyError>,
) -> Box<[(HeaderName, HeaderValue)]> {
    let mut fields: Vec<(HeaderName, HeaderValue)> = Vec::with_capacity(written.len());
    for (name, value) in written {
        let field = compile_name(name).and_then(|parsed| {
            if fields.iter().any(|(known, _)| *known == parsed) {
                return Err("the field is named twice; case does not matter in names".to_owned());
            }
            Ok((parsed, compile_value(value)?))
        });
        match field {
            Ok(field) => fields.push(field),
            Err(message) => errors.push(KeyError::new(format!("{section}.{name}"), message)),
        }
    }
    fields.into()
}

fn compile_name(name: &str) -> Result<HeaderName, String> {
    let parsed = HeaderName::from_bytes(name.as_bytes())
        .map_err(|_| format!("\"{name}\" is no name of a header field"))?;
    match parsed.as_str() {
        "host" => Err("the host is changed with rewrite.host".to_owned()),
        own if OWN.contains(&own) => Err(format!(
            "`{own}` belongs to one connection or to framing; foxtrot writes it itself"
        )),
        _ => Ok(parsed),
    }
}

fn compile_value(value: &str) -> Result<HeaderValue, String> {
    let visible = value.bytes().all(|b| b.is_ascii_graphic() || b == b' ' || b == b'\t');
    match HeaderValue::from_str(value) {
        Ok(compiled) if visible && value.trim_matches([' ', '\t']) == value => Ok(compiled),
        _ => Err("a field's value is visible ASCII, with blanks inside only".to_owned()),
    }
}

const OWN: [&str; 8] = [
    "connection",
    "content-length",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn compile(text: &str) -> Result<HeaderEdits, Vec<KeyError>> {
        HeaderEdits::compile(&toml::from_str(text).unwrap(), "request_headers")
    }

    #[test]
    fn edits_are_made_in_order() {
        let edits =
            compile("remove = ['X-A', 'x-b']\nset = { x-b = '2', X-C = '3' }\nadd = { x-c = '4' }");
        let mut headers = HeaderMap::new();
        for name in ["x-a", "x-b", "x-c"] {
            headers.append(name, HeaderValue::from_static("old"));
            headers.append(name, HeaderValue::from_static("older"));
        }
        edits.unwrap().apply(&mut headers);
        assert!(!headers.contains_key("x-a"));
        let all = |name| headers.get_all(name).iter().collect::<Vec<_>>();
        assert_eq!(all("x-b"), ["2"]);
        assert_eq!(all("x-c"), ["3", "4"]);
    }

    #[test]
    fn edits_without_effect_are_refused() {
        for (text, key) in [
            ("remove = ['Connection']", "remove"),
            ("remove = ['a b']", "remove"),
            ("set = { Host = 'a' }", "set.Host"),
            ("add = { content-length = '0' }", "add.content-length"),
            ("set = { x-a = \"a\\r\\nb: c\" }", "set.x-a"),
            ("set = { x-a = ' a' }", "set.x-a"),
            ("set = { X-A = '1', x-a = '2' }", "set.x-a"),
        ] {
            let errors = compile(text).unwrap_err();
            assert_eq!(errors[0].key, format!("request_headers.{key}"), "{text}");
            assert_eq!(errors.len(), 1);
        }
    }
}
