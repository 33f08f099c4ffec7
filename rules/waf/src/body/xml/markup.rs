//! What carries no text: the XML declaration, comments and processing instructions.

use memchr::memmem;

use super::{
    super::{BodyError, Sink},
    Scanner,
};

impl<S: Sink + ?Sized> Scanner<'_, S> {
    /// `<?xml version="1.0" encoding="..." standalone="..."?>`, if the document begins with it. The encoding itself has been
    /// dealt with by then.
    pub(super) fn declaration(&mut self) -> Result<(), BodyError> {
        let is_declared = self.text.as_bytes().strip_prefix(b"<?xml").is_some_and(|behind| {
            behind.first().is_some_and(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'))
        });
        if !is_declared {
            return Ok(());
        }
        self.at = b"<?xml".len();
        if self.pseudo_attribute(b"version", is_version)? != Present::Yes {
            return Err(self.error("no version in the XML declaration"));
        }
        self.pseudo_attribute(b"encoding", is_encoding)?;
        self.pseudo_attribute(b"standalone", |value| matches!(value, b"yes" | b"no"))?;
        self.skip_space();
        if !self.accept(b"?>") {
            return Err(self.error("malformed XML declaration"));
        }
        Ok(())
    }

    fn pseudo_attribute(
        &mut self,
        name: &[u8],
        is_valid: impl Fn(&[u8]) -> bool,
    ) -> Result<Present, BodyError> {
        let start = self.at;
        if !self.skip_space() || !self.accept(name) {
            self.at = start;
            return Ok(Present::No);
        }
        self.skip_space();
        if !self.accept(b"=") {
            return Err(self.error("malformed XML declaration"));
        }
        self.skip_space();
        let start = self.at;
        match self.literal()? {
            value if is_valid(value) => Ok(Present::Yes),
            _ => Err(BodyError::new(start, "invalid value in the XML declaration")),
        }
    }

    /// What stands between two quotes, as it stands there.
    pub(super) fn literal(&mut self) -> Result<&[u8], BodyError> {
        let quote = match self.peek() {
            Some(quote @ (b'"' | b'\'')) => quote,
            _ => return Err(self.error("expected a quoted value")),
        };
        let start = self.at + 1;
        let Some(length) = memchr::memchr(quote, self.slice(start, self.text.len())) else {
            return Err(BodyError::new(self.text.len(), "unexpected end of the document"));
        };
        self.check_characters(start, start + length)?;
        self.at = start + length + 1;
        Ok(self.slice(start, start + length))
    }

    /// From behind `<!--`. Two hyphens end it, and nothing but `>` may follow them.
    pub(super) fn comment(&mut self) -> Result<(), BodyError> {
        let start = self.at;
        let Some(length) = memmem::find(self.rest(), b"--") else {
            self.check_characters(start, self.text.len())?;
            return Err(BodyError::new(self.text.len(), "comment without an end"));
        };
        self.check_characters(start, start + length)?;
        self.at += length;
        if !self.accept(b"-->") {
            return Err(self.error("'--' in a comment"));
        }
        Ok(())
    }

    /// From behind `<?`.
    pub(super) fn instruction(&mut self) -> Result<(), BodyError> {
        let start = self.at;
        let target = self.name("invalid name of a processing instruction")?;
        if target.eq_ignore_ascii_case(b"xml") {
            return Err(BodyError::new(start, "XML declaration not at the start of the document"));
        }
        if self.accept(b"?>") {
            return Ok(());
        }
        if !self.skip_space() {
            return Err(self.error("expected white space in a processing instruction"));
        }
        let Some(length) = memmem::find(self.rest(), b"?>") else {
            self.check_characters(self.at, self.text.len())?;
            return Err(BodyError::new(self.text.len(), "processing instruction without an end"));
        };
        self.check_characters(self.at, self.at + length)?;
        self.at += length + b"?>".len();
        Ok(())
    }
}

#[derive(PartialEq)]
enum Present {
    Yes,
    No,
}

fn is_version(value: &[u8]) -> bool {
    let digits = value.strip_prefix(b"1.");
    digits.is_some_and(|digits| !digits.is_empty() && digits.iter().all(u8::is_ascii_digit))
}

fn is_encoding(value: &[u8]) -> bool {
    value.first().is_some_and(u8::is_ascii_alphabetic)
        && value.iter().all(|&byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}
