//! The bytes of a test's request, as go-ftw sends them (its `ftwhttp` package): HTTP is meant to be broken here.
//!
//! What a test leaves out is filled in, what it says goes out as it says it. Nothing is sent here.

use base64::{
    Engine,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

use super::{template, written::Input};

/// A request.
#[derive(Debug, Clone)]
pub(crate) enum Message {
    /// Bytes that go out as they are.
    Raw(Vec<u8>),
    /// Parts that go together.
    Composed(Composed),
}

/// A request in parts.
#[derive(Debug, Clone)]
pub(crate) struct Composed {
    pub(crate) method: String,
    pub(crate) uri: String,
    pub(crate) version: String,
    /// Header fields in the order that they are sent in.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) data: Vec<u8>,
    /// Whether header fields that a client would send are added.
    pub(crate) autocomplete: bool,
}

const FORM: &str = "application/x-www-form-urlencoded";

/// As Go's: bits that do not fill a byte may be set, padding may not be missing.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

/// The request that an input describes.
pub(crate) fn compile(input: &Input, uri: Option<String>) -> Result<Message, String> {
    // An empty one is none, as in go-ftw.
    if let Some(encoded) = input.encoded_request.as_deref().filter(|encoded| !encoded.is_empty()) {
        if input.data.is_some() {
            return Err("`data` and `encoded_request` exclude each other".to_owned());
        }
        return Ok(Message::Raw(decode("encoded_request", encoded)?));
    }
    let data = match (&input.data, &input.encoded_data) {
        (Some(data), _) => {
            template::expand(data).map_err(|error| format!("`data`: {error}"))?.into_bytes()
        }
        (None, Some(encoded)) => decode("encoded_data", encoded)?,
        (None, None) => Vec::new(),
    };
    let or = |value: &Option<String>, default: &str| value.clone().unwrap_or(default.to_owned());
    Ok(Message::Composed(Composed {
        method: or(&input.method, "GET"),
        uri: uri.unwrap_or("/".to_owned()),
        version: or(&input.version, "HTTP/1.1"),
        headers: input.headers.clone().into_iter().collect(),
        data,
        autocomplete: match (input.autocomplete_headers, input.stop_magic) {
            (Some(autocomplete), _) => autocomplete,
            (None, Some(stop)) => !stop,
            (None, None) => true,
        },
    }))
}

impl Message {
    /// What goes out.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Raw(bytes) => bytes.clone(),
            Self::Composed(parts) => parts.clone().bytes(),
        }
    }
}

impl Composed {
    /// Sets a header field in place of all that have its name.
    pub(crate) fn set(&mut self, name: &str, value: String) {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value));
    }

    /// Values of header fields, in any case of the name.
    pub(crate) fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        let fields = self.headers.iter().filter(move |(known, _)| known.eq_ignore_ascii_case(name));
        fields.map(|(_, value)| value.as_str())
    }

    fn bytes(mut self) -> Vec<u8> {
        if self.autocomplete && !self.data.is_empty() {
            self.default("Content-Type", || FORM.to_owned());
            if self.values("content-type").any(|value| value.eq_ignore_ascii_case(FORM)) {
                self.data = form(self.data);
            }
        }
        let multipart = |value: &str| value.to_ascii_lowercase().contains("multipart/form-data;");
        if self.values("content-type").any(multipart) {
            self.data = with_crlf(&self.data);
        }
        if self.autocomplete {
            self.default("Connection", || "close".to_owned());
            if !self.data.is_empty() || may_have_body(&self.method) {
                let length = self.data.len();
                self.default("Content-Length", || length.to_string());
            }
        }
        let mut bytes = format!("{} {} {}\r\n", self.method, self.uri, self.version).into_bytes();
        for (name, value) in &self.headers {
            bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(&self.data);
        bytes
    }

    /// Adds a header field unless there is one of its name.
    fn default(&mut self, name: &str, value: impl FnOnce() -> String) {
        if self.values(name).next().is_none() {
            self.headers.push((name.to_owned(), value()));
        }
    }
}

fn decode(key: &str, encoded: &str) -> Result<Vec<u8>, String> {
    let encoded: Vec<u8> = encoded.bytes().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
    BASE64.decode(encoded).map_err(|error| format!("`{key}` is not Base64: {error}"))
}

/// go-ftw's pattern is `^POST|PUT|PATCH|DELETE$`, whose anchors hold for the first and the last word only.
fn may_have_body(method: &str) -> bool {
    method.starts_with("POST")
        || method.contains("PUT")
        || method.contains("PATCH")
        || method.ends_with("DELETE")
}

/// A form with its names and values percent-encoded, unless it seems to be so already: where decoding would change it.
fn form(data: Vec<u8>) -> Vec<u8> {
    if data.iter().any(|byte| matches!(byte, b'%' | b'+')) {
        return data;
    }
    // An ampersand at the end goes.
    let data = data.strip_suffix(b"&").unwrap_or(&data);
    let mut encoded = Vec::with_capacity(data.len() * 2);
    // The first equals sign of a pair is the one that stays.
    let mut in_name = true;
    for &byte in data {
        match byte {
            b'&' => {
                encoded.push(byte);
                in_name = true;
            }
            b'=' if in_name => {
                encoded.push(byte);
                in_name = false;
            }
            b' ' => encoded.push(b'+'),
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                encoded.push(byte);
            }
            _ => encoded.extend_from_slice(format!("%{byte:02X}").as_bytes()),
        }
    }
    encoded
}

/// The data with every LF as CRLF.
fn with_crlf(data: &[u8]) -> Vec<u8> {
    let mut with = Vec::with_capacity(data.len());
    for line in data.split_inclusive(|&byte| byte == b'\n') {
        match line.strip_suffix(b"\n") {
            Some(line) => {
                with.extend_from_slice(line);
                with.extend_from_slice(b"\r\n");
            }
            None => with.extend_from_slice(line),
        }
    }
    with
}

#[cfg(test)]
mod tests;
