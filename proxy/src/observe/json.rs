//! Writes one flat JSON object into a buffer, without allocation of its own.

use std::{fmt, io::Write, time::Duration};

use super::timestamp;

/// An object that is being written.
pub(crate) struct Object<'a> {
    out: &'a mut Vec<u8>,
    separator: u8,
}

impl<'a> Object<'a> {
    /// Begins an object at the end of `out`.
    pub(crate) fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out, separator: b'{' }
    }

    /// Ends the object, and its line.
    pub(crate) fn end(mut self) {
        self.close();
        self.out.push(b'\n');
    }

    fn close(&mut self) {
        if self.separator == b'{' {
            self.out.push(b'{');
        }
        self.out.push(b'}');
    }

    /// Objects within this one.
    pub(crate) fn objects<T>(
        &mut self,
        name: &str,
        items: impl Iterator<Item = T>,
        write: impl Fn(&mut Object<'_>, T),
    ) {
        self.name(name);
        self.out.push(b'[');
        for (index, item) in items.enumerate() {
            if index > 0 {
                self.out.push(b',');
            }
            let mut object = Object::new(self.out);
            write(&mut object, item);
            object.close();
        }
        self.out.push(b']');
    }

    /// A text of ours.
    pub(crate) fn text(&mut self, name: &str, text: &str) {
        self.name(name);
        self.out.push(b'"');
        escape(text.as_bytes(), self.out);
        self.out.push(b'"');
    }

    /// A text of a client: at most `bytes_max` bytes of it, `...` behind what is cut, and percent-encoded what is not ASCII,
    /// because it need not be UTF-8.
    pub(crate) fn foreign(&mut self, name: &str, text: &[u8], bytes_max: usize) {
        self.name(name);
        self.out.push(b'"');
        match text.get(..bytes_max) {
            Some(head) if head.len() < text.len() => {
                escape_foreign(head, self.out);
                self.out.extend_from_slice(b"...");
            }
            _ => escape_foreign(text, self.out),
        }
        self.out.push(b'"');
    }

    /// Texts of ours.
    pub(crate) fn texts(&mut self, name: &str, texts: &[&str]) {
        self.name(name);
        for (index, text) in texts.iter().enumerate() {
            self.out.extend_from_slice(if index == 0 { b"[\"" } else { b",\"" });
            escape(text.as_bytes(), self.out);
            self.out.push(b'"');
        }
        self.out.extend_from_slice(if texts.is_empty() { b"[]" } else { b"]" });
    }

    /// What prints itself in characters that need no escape.
    pub(crate) fn plain(&mut self, name: &str, value: fmt::Arguments<'_>) {
        self.name(name);
        self.out.push(b'"');
        // Growing memory is all that could fail, and that does not return.
        let _ = self.out.write_fmt(value);
        self.out.push(b'"');
    }

    /// A number.
    pub(crate) fn number(&mut self, name: &str, number: u64) {
        self.name(name);
        push_number(number, self.out);
    }

    /// A truth.
    pub(crate) fn boolean(&mut self, name: &str, value: bool) {
        self.name(name);
        self.out.extend_from_slice(if value { b"true" } else { b"false" });
    }

    /// A duration in milliseconds with three decimals.
    pub(crate) fn millis(&mut self, name: &str, duration: Duration) {
        let us = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        self.name(name);
        push_number(us / 1_000, self.out);
        self.out.push(b'.');
        timestamp::digits(us % 1_000, 3, self.out);
    }

    /// A time as RFC 3339 writes it.
    pub(crate) fn time(&mut self, name: &str, since_epoch: Duration) {
        self.name(name);
        self.out.push(b'"');
        timestamp::write(since_epoch, self.out);
        self.out.push(b'"');
    }

    /// Names are of this program and need no escape.
    fn name(&mut self, name: &str) {
        self.out.push(std::mem::replace(&mut self.separator, b','));
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
    }
}

fn push_number(number: u64, out: &mut Vec<u8>) {
    let count = number.checked_ilog10().unwrap_or(0) as usize + 1;
    timestamp::digits(number, count, out);
}

/// RFC 8259, 7.
fn escape(text: &[u8], out: &mut Vec<u8>) {
    let mut rest = text;
    while let Some(at) = rest.iter().position(|&b| b < 0x20 || b == b'"' || b == b'\\') {
        let (clean, dirty) = rest.split_at(at);
        out.extend_from_slice(clean);
        push_escaped(dirty.first().copied().unwrap_or_default(), out);
        rest = dirty.get(1..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
}

fn escape_foreign(text: &[u8], out: &mut Vec<u8>) {
    let mut rest = text;
    let special = |&b: &u8| !(0x20..0x7f).contains(&b) || b == b'"' || b == b'\\';
    while let Some(at) = rest.iter().position(special) {
        let (clean, dirty) = rest.split_at(at);
        out.extend_from_slice(clean);
        match dirty.first().copied().unwrap_or_default() {
            byte @ 0x7f.. => {
                out.push(b'%');
                push_hex(byte, b"0123456789ABCDEF", out);
            }
            byte => push_escaped(byte, out),
        }
        rest = dirty.get(1..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
}

fn push_escaped(byte: u8, out: &mut Vec<u8>) {
    match byte {
        b'"' => out.extend_from_slice(b"\\\""),
        b'\\' => out.extend_from_slice(b"\\\\"),
        byte => {
            out.extend_from_slice(b"\\u00");
            push_hex(byte, b"0123456789abcdef", out);
        }
    }
}

fn push_hex(byte: u8, digits: &[u8; 16], out: &mut Vec<u8>) {
    out.extend([digits[usize::from(byte >> 4)], digits[usize::from(byte & 15)]]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn written(write: impl FnOnce(&mut Object<'_>)) -> Value {
        let mut out = Vec::new();
        let mut object = Object::new(&mut out);
        write(&mut object);
        object.end();
        assert_eq!(out.pop(), Some(b'\n'));
        assert!(!out.contains(&b'\n'), "one object per line");
        serde_json::from_slice(&out).unwrap()
    }

    #[test]
    fn values_are_json() {
        let value = written(|object| {
            object.number("zero", 0);
            object.number("max", u64::MAX);
            object.boolean("yes", true);
            object.millis("ms", Duration::from_nanos(12_034_567));
            object.texts("none", &[]);
            object.texts("two", &["a", "\"b"]);
            object.plain("ip", format_args!("{}", std::net::Ipv4Addr::LOCALHOST));
            object.time("ts", Duration::ZERO);
        });
        let expected = json!({
            "zero": 0, "max": u64::MAX, "yes": true, "ms": 12.034, "none": [], "two": ["a", "\"b"],
            "ip": "127.0.0.1", "ts": "1970-01-01T00:00:00.000Z",
        });
        assert_eq!(value, expected);
        assert_eq!(written(|_| ()), json!({}));
    }

    #[test]
    fn long_texts_are_cut() {
        let cut = |text: &'static [u8]| written(|object| object.foreign("p", text, 4))["p"].clone();
        assert_eq!(cut(b"/abc"), "/abc");
        assert_eq!(cut(b"/abcd"), "/abc...");
        assert_eq!(cut(b"/\xff\n"), "/%FF\n");
    }

    proptest! {
        #[test]
        fn any_text_is_read_back(text: String) {
            let value = written(|object| object.text("t", &text));
            prop_assert_eq!(value["t"].as_str(), Some(&*text));
        }

        #[test]
        fn any_bytes_are_json(bytes: Vec<u8>) {
            let value = written(|object| object.foreign("t", &bytes, 64));
            prop_assert!(value["t"].as_str().unwrap().is_ascii());
        }

        #[test]
        fn any_number_is_read_back(number: u64) {
            let value = written(|object| object.number("n", number));
            prop_assert_eq!(value["n"].as_u64(), Some(number));
        }
    }
}
