//! XML 1.0 as text, attribute values and, where asked for, arguments.
//!
//! A scanner that does not validate. It gives what libmodsecurity 3 has through libxml2: as `XML:/*` the text of the whole
//! document (character data and CDATA, without comments and processing instructions), and as `XML://@*` each attribute
//! value but those of `xmlns` and `xmlns:` (in XPath they are no attributes). With [`IntoArgs::On`] each element without
//! child elements is an argument, named by the way to it, as in `xml.root.child`; prefixes are left out of these names.
//!
//! Nothing is ever fetched, and no entity is expanded but the five that XML itself declares: a reference to any other, and
//! any parameter entity, is an error. libxml2 would expand them, so what they hide would pass unseen otherwise. Default
//! values of attributes in a document type count as attributes, once, where they are declared. Apart from them, the
//! declarations of a document type are only gone over.
//!
//! What else is not well-formed is an error, with namespaces left alone as libxml2 leaves them. Encodings are UTF-8,
//! UTF-16, US-ASCII and ISO-8859-1; any other is an error. Time is linear in the body and in the names
//! given to the sink, which [`Limits::names_bytes_max`] bounds.

mod doctype;
mod element;
mod encoding;
mod markup;
mod names;
mod text;

use super::{BodyError, Sink};

/// What a document may demand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Elements inside one another.
    pub depth_max: usize,
    /// Elements and attributes in all.
    pub nodes_max: usize,
    /// Attributes of one element.
    pub attributes_max: usize,
    /// Bytes of all names of arguments together.
    pub names_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth_max: DEPTH_MAX,
            nodes_max: NODES_MAX,
            attributes_max: ATTRIBUTES_MAX,
            names_bytes_max: NAMES_BYTES_MAX,
        }
    }
}

/// About as deep as libxml2 goes.
pub const DEPTH_MAX: usize = 256;

/// A document with one in every ten bytes has a mebibyte then.
pub const NODES_MAX: usize = 100_000;

/// Far more than any vocabulary has.
pub const ATTRIBUTES_MAX: usize = 256;

/// As for JSON, and for the same reason.
pub const NAMES_BYTES_MAX: usize = 16 * 1024 * 1024;

/// `SecParseXmlIntoArgs`. With `OnlyArgs`, the caller does not use what else the sink gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntoArgs {
    /// No arguments.
    Off,
    /// An argument for each element without child elements.
    On,
}

/// Gives text, attributes and arguments of the document in `body` to the sink.
///
/// # Errors
///
/// Where the document is not well-formed, refers to an entity, has another encoding, exceeds a limit, or has more arguments
/// than the sink takes. An empty body is no document.
pub fn parse<S: Sink + ?Sized>(
    body: &[u8],
    limits: &Limits,
    into_args: IntoArgs,
    sink: &mut S,
) -> Result<(), BodyError> {
    let encoding::Decoded { text, fault } = encoding::decode(body)?;
    let outcome = Scanner::new(&text, limits, into_args, sink).document();
    match (outcome, fault) {
        (Err(error), Some(_)) if error.offset < text.len() => Err(error),
        (_, Some(fault)) => Err(fault),
        (outcome, None) => outcome,
    }
}

struct Scanner<'a, S: ?Sized> {
    text: &'a str,
    at: usize,
    open: Vec<Open<'a>>,
    nodes: usize,
    /// Names of the attributes of the element at hand.
    attributes: Vec<&'a [u8]>,
    /// An attribute's value that does not stand in the text as it is.
    value: Vec<u8>,
    /// Where arguments are wanted: the name of the element at hand, and its text up to here.
    leaf: Option<Leaf>,
    limits: &'a Limits,
    sink: &'a mut S,
}

/// An element whose end has not been seen.
struct Open<'a> {
    name: &'a [u8],
    /// Length of the argument name of the element around it.
    path_bytes: usize,
    has_child: bool,
}

struct Leaf {
    path: Vec<u8>,
    text: Vec<u8>,
    /// Of all names so far.
    names_bytes: usize,
}

impl<'a, S: Sink + ?Sized> Scanner<'a, S> {
    fn new(text: &'a str, limits: &'a Limits, into_args: IntoArgs, sink: &'a mut S) -> Self {
        let leaf = match into_args {
            IntoArgs::Off => None,
            IntoArgs::On => Some(Leaf { path: b"xml".to_vec(), text: Vec::new(), names_bytes: 0 }),
        };
        let (open, attributes, value) = (Vec::new(), Vec::new(), Vec::new());
        Self { text, at: 0, open, nodes: 0, attributes, value, leaf, limits, sink }
    }

    fn document(&mut self) -> Result<(), BodyError> {
        self.declaration()?;
        self.misc()?;
        if self.accept(b"<!DOCTYPE") {
            self.doctype()?;
            self.misc()?;
        }
        if !self.accept(b"<") {
            return Err(self.error("expected the start of an element"));
        }
        self.start_tag()?;
        while !self.open.is_empty() {
            self.content()?;
        }
        self.misc()?;
        match self.rest() {
            [] => Ok(()),
            _ => Err(self.error("content after the end of the document")),
        }
    }

    /// What may stand around the document's element: white space, comments and processing instructions.
    fn misc(&mut self) -> Result<(), BodyError> {
        loop {
            self.skip_space();
            if self.accept(b"<!--") {
                self.comment()?;
            } else if self.accept(b"<?") {
                self.instruction()?;
            } else {
                return Ok(());
            }
        }
    }

    /// The next thing within an element.
    fn content(&mut self) -> Result<(), BodyError> {
        match self.peek() {
            Some(b'<') if self.accept(b"</") => self.end_tag(),
            Some(b'<') if self.accept(b"<!--") => self.comment(),
            Some(b'<') if self.accept(b"<![CDATA[") => self.cdata(),
            Some(b'<') if self.accept(b"<?") => self.instruction(),
            Some(b'<') => {
                self.at += 1;
                self.start_tag()
            }
            Some(b'&') => self.text_reference(),
            _ => self.character_data(),
        }
    }

    fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    fn slice(&self, start: usize, end: usize) -> &'a [u8] {
        self.text.as_bytes().get(start..end).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Goes over `what` if it comes next.
    fn accept(&mut self, what: &[u8]) -> bool {
        let found = self.rest().starts_with(what);
        if found {
            self.at += what.len();
        }
        found
    }

    /// Goes over white space and says whether there was any.
    fn skip_space(&mut self) -> bool {
        let start = self.at;
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
        self.at > start
    }

    fn error(&self, message: &'static str) -> BodyError {
        let message =
            if self.at < self.text.len() { message } else { "unexpected end of the document" };
        BodyError::new(self.at, message)
    }
}

#[cfg(test)]
mod tests;
