//! Elements: their tags and attributes, and the arguments that they become.

use memchr::{memchr, memchr3};

use super::{
    super::{BodyError, Sink},
    Open, Scanner, names,
};

impl<'a, S: Sink + ?Sized> Scanner<'a, S> {
    /// A start tag or the tag of an empty element, from behind its `<`.
    pub(super) fn start_tag(&mut self) -> Result<(), BodyError> {
        let name = self.name("invalid name of an element")?;
        self.enter(name)?;
        self.attributes.clear();
        loop {
            let spaced = self.skip_space();
            if self.accept(b">") {
                break;
            }
            if self.accept(b"/>") {
                self.leave()?;
                break;
            }
            if !spaced {
                return Err(self.error("expected white space, '>' or '/>' in a tag"));
            }
            self.attribute()?;
        }
        self.check_attributes()
    }

    /// An end tag, from behind its `</`.
    pub(super) fn end_tag(&mut self) -> Result<(), BodyError> {
        let start = self.at;
        let name = self.name("invalid name in an end tag")?;
        if self.open.last().is_some_and(|open| open.name != name) {
            return Err(BodyError::new(start, "end tag does not match the start tag"));
        }
        self.skip_space();
        if !self.accept(b">") {
            return Err(self.error("expected '>' in an end tag"));
        }
        self.leave()
    }

    fn enter(&mut self, name: &'a [u8]) -> Result<(), BodyError> {
        self.count_node()?;
        if self.open.len() >= self.limits.depth_max {
            let message = format!("nested deeper than {}", self.limits.depth_max);
            return Err(BodyError::new(self.at, message));
        }
        if let Some(parent) = self.open.last_mut() {
            parent.has_child = true;
        }
        let mut path_bytes = 0;
        if let Some(leaf) = &mut self.leaf {
            path_bytes = leaf.path.len();
            leaf.path.push(b'.');
            leaf.path.extend_from_slice(local(name));
            leaf.text.clear();
        }
        self.open.push(Open { name, path_bytes, has_child: false });
        Ok(())
    }

    fn leave(&mut self) -> Result<(), BodyError> {
        let (Some(element), Some(leaf)) = (self.open.pop(), &mut self.leaf) else { return Ok(()) };
        if !element.has_child {
            leaf.names_bytes += leaf.path.len();
            if leaf.names_bytes > self.limits.names_bytes_max {
                return Err(BodyError::long_names(self.at, self.limits.names_bytes_max));
            }
            if self.sink.arg(&leaf.path, &leaf.text).is_break() {
                return Err(BodyError::too_many_arguments(self.at));
            }
        }
        leaf.path.truncate(element.path_bytes);
        leaf.text.clear();
        Ok(())
    }

    fn attribute(&mut self) -> Result<(), BodyError> {
        self.count_node()?;
        let name = self.name("invalid name of an attribute")?;
        if self.attributes.len() >= self.limits.attributes_max {
            let message = format!("more than {} attributes", self.limits.attributes_max);
            return Err(BodyError::new(self.at, message));
        }
        self.attributes.push(name);
        self.skip_space();
        if !self.accept(b"=") {
            return Err(self.error("expected '=' behind the name of an attribute"));
        }
        self.skip_space();
        let value = self.attribute_value()?;
        if !is_namespace(name) {
            let value = value.unwrap_or(&self.value);
            self.sink.xml_attribute(value);
        }
        Ok(())
    }

    /// A quoted value. It is in `self.value` where it is not a slice of the text.
    pub(super) fn attribute_value(&mut self) -> Result<Option<&'a [u8]>, BodyError> {
        let quote = match self.peek() {
            Some(quote @ (b'"' | b'\'')) => quote,
            _ => return Err(self.error("expected a quoted value")),
        };
        self.at += 1;
        let start = self.at;
        let rest = self.rest();
        let end = memchr3(quote, b'&', b'<', rest).unwrap_or(rest.len());
        let run = rest.get(..end).unwrap_or_default();
        let as_is = memchr3(b'\t', b'\n', b'\r', run).is_none();
        if as_is && rest.get(end) == Some(&quote) {
            self.check_characters(start, start + end)?;
            self.at += end + 1;
            return Ok(Some(run));
        }
        self.normalized_value(quote).map(|()| None)
    }

    /// Section 3.3.3 of the recommendation: line ends and tabs are spaces, references are what they stand for.
    fn normalized_value(&mut self, quote: u8) -> Result<(), BodyError> {
        self.value.clear();
        loop {
            let rest = self.rest();
            let end = memchr3(quote, b'&', b'<', rest).unwrap_or(rest.len());
            self.check_characters(self.at, self.at + end)?;
            push_spaced(rest.get(..end).unwrap_or_default(), &mut self.value);
            self.at += end;
            match self.peek() {
                Some(b'&') => {
                    let character = self.reference()?;
                    self.value.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                }
                Some(byte) if byte == quote => break,
                _ => return Err(self.error("'<' in the value of an attribute")),
            }
        }
        self.at += 1;
        Ok(())
    }

    fn check_attributes(&mut self) -> Result<(), BodyError> {
        self.attributes.sort_unstable();
        if self.attributes.windows(2).any(|pair| matches!(pair, [one, other] if one == other)) {
            return Err(BodyError::new(self.at, "duplicate attribute"));
        }
        Ok(())
    }

    fn count_node(&mut self) -> Result<(), BodyError> {
        self.nodes += 1;
        if self.nodes <= self.limits.nodes_max {
            return Ok(());
        }
        let message = format!("more than {} elements and attributes", self.limits.nodes_max);
        Err(BodyError::new(self.at, message))
    }

    pub(super) fn name(&mut self, message: &'static str) -> Result<&'a [u8], BodyError> {
        let length = names::length(self.text.get(self.at..).unwrap_or_default());
        if length == 0 {
            return Err(self.error(message));
        }
        let name = self.slice(self.at, self.at + length);
        self.at += length;
        Ok(name)
    }
}

fn push_spaced(run: &[u8], value: &mut Vec<u8>) {
    let mut bytes = run.iter().peekable();
    while let Some(&byte) = bytes.next() {
        if byte == b'\r' {
            bytes.next_if_eq(&&b'\n');
        }
        value.push(if matches!(byte, b'\t' | b'\n' | b'\r') { b' ' } else { byte });
    }
}

fn is_namespace(name: &[u8]) -> bool {
    let prefix = name.strip_prefix(b"xmlns:");
    name == b"xmlns" || prefix.is_some_and(|prefix| !prefix.is_empty())
}

/// The name without its prefix. What is behind the colon has to be a name, else the colon is like a letter.
fn local(name: &[u8]) -> &[u8] {
    match memchr(b':', name) {
        None | Some(0) => name,
        Some(colon) => match name.get(colon + 1..) {
            Some(local @ [first, ..]) if !matches!(first, b'0'..=b'9' | b'-' | b'.' | b':') => {
                local
            }
            _ => name,
        },
    }
}
