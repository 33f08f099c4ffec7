//! The document type: gone over, so that the document behind it is found, and searched for what would change the document.
//!
//! That is the default values of attributes, which the sink gets, and parameter entities, which are refused. Whether the
//! declarations make sense is not checked beyond their outline.

use memchr::memchr3;

use super::{
    super::{BodyError, Sink},
    Scanner,
};

impl<S: Sink + ?Sized> Scanner<'_, S> {
    /// From behind `<!DOCTYPE`.
    pub(super) fn doctype(&mut self) -> Result<(), BodyError> {
        if !self.skip_space() {
            return Err(self.error("expected white space behind DOCTYPE"));
        }
        self.name("invalid name of a document type")?;
        let spaced = self.skip_space();
        if spaced && (self.accept(b"SYSTEM") || self.accept(b"PUBLIC")) {
            self.external_identifier()?;
        }
        self.skip_space();
        if self.accept(b"[") {
            while !self.subset_ends()? {}
            self.skip_space();
        }
        if !self.accept(b">") {
            return Err(self.error("expected '>' behind a document type"));
        }
        Ok(())
    }

    /// From behind `SYSTEM` or `PUBLIC`: one literal or two. What they name is not fetched.
    fn external_identifier(&mut self) -> Result<(), BodyError> {
        let is_public = self.slice(0, self.at).ends_with(b"PUBLIC");
        for _ in 0..1 + usize::from(is_public) {
            if !self.skip_space() {
                return Err(self.error("expected white space in an external identifier"));
            }
            self.literal()?;
        }
        Ok(())
    }

    /// Goes over the next thing in the internal subset, and says whether it was its end.
    fn subset_ends(&mut self) -> Result<bool, BodyError> {
        self.skip_space();
        if self.accept(b"]") {
            return Ok(true);
        }
        if self.accept(b"<!--") {
            self.comment()?;
        } else if self.accept(b"<?") {
            self.instruction()?;
        } else if self.accept(b"<!ATTLIST") {
            self.attribute_list()?;
        } else if DECLARATIONS.iter().any(|start| self.accept(start)) {
            self.declared()?;
        } else if self.accept(b"%") {
            return Err(self.error("reference to a parameter entity, which is not expanded"));
        } else {
            return Err(self.error("invalid declaration in a document type"));
        }
        Ok(false)
    }

    fn attribute_list(&mut self) -> Result<(), BodyError> {
        while self.reach_literal()? {
            let value = self.attribute_value()?;
            let value = value.unwrap_or(&self.value);
            self.sink.xml_attribute(value);
        }
        Ok(())
    }

    fn declared(&mut self) -> Result<(), BodyError> {
        while self.reach_literal()? {
            self.literal()?;
        }
        Ok(())
    }

    /// Goes to the next literal of a declaration, or else behind its end.
    fn reach_literal(&mut self) -> Result<bool, BodyError> {
        let rest = self.rest();
        let Some(length) = memchr3(b'"', b'\'', b'>', rest) else {
            return Err(BodyError::new(self.text.len(), "unexpected end of the document"));
        };
        let start = self.at;
        self.at += length;
        self.check_characters(start, self.at)?;
        if rest.get(..length).unwrap_or_default().contains(&b'<') {
            return Err(BodyError::new(start, "'<' in a declaration"));
        }
        Ok(!self.accept(b">"))
    }
}

const DECLARATIONS: [&[u8]; 3] = [b"<!ELEMENT", b"<!ENTITY", b"<!NOTATION"];
