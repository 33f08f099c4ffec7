//! HTML to what can do harm in it: tags, attributes with a value, comments, document types.
//!
//! The states are those of HTML's standard, section 13.2.5, less what makes no difference to a
//! verdict, and plus what old browsers did: NUL is a blank in a tag and is passed over in its
//! name, `<%` begins a comment, and backticks quote. Text and attributes without a value are
//! not reported, since nothing depends on them.
//!
//! In one thing libinjection is not followed: where it skips blanks, it takes the byte 0xFF for
//! the end of the input on processors whose `char` is signed, so that `<x \xff>` hides all that
//! follows. Here 0xFF is a byte like others, as to libinjection on other processors.

use crate::injection::scan::{ByteSet, find, find_either, find_pair, find_text};

/// What the tokenizer finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// The name of a tag. That of an end tag is reported only if more than the name is in the
    /// tag, as in `</p >`.
    Tag(&'a [u8]),
    /// An attribute and its value, without quotes.
    Attribute { name: &'a [u8], value: &'a [u8] },
    /// What is between the delimiters of a comment, or of what browsers take for one.
    Comment(&'a [u8]),
    /// A document type.
    Doctype,
}

/// Where the tokenizer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In text.
    Text,
    /// In a tag, behind its name.
    Tag,
}

/// The state of reading one input.
#[derive(Clone, Copy)]
pub(super) struct Tokenizer<'a> {
    rest: &'a [u8],
    place: Place,
    /// Whether the last tag was an end tag. Some ways to end a tag do not reset it, and then it
    /// hides the next tag's name; libinjection has it so.
    end_tag: bool,
}

impl<'a> Tokenizer<'a> {
    /// Reads the input as what stands at this place.
    pub(super) fn new(input: &'a [u8], place: Place) -> Self {
        Self { rest: input, place, end_tag: false }
    }

    /// Reads on a little, and tells what it found, if that is anything.
    pub(super) fn step(&mut self) -> Option<Token<'a>> {
        match self.place {
            Place::Text => self.text(),
            Place::Tag => self.attribute(),
        }
    }

    /// How many bytes are not read yet.
    pub(super) fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// Whether two readings of one input are the same from here on.
    pub(super) fn joins(&self, other: &Self) -> bool {
        (self.rest.len(), self.place, self.end_tag)
            == (other.rest.len(), other.place, other.end_tag)
    }

    /// From text to what follows the next `<`.
    fn text(&mut self) -> Option<Token<'a>> {
        self.skip(find(b'<', self.rest).map_or(self.rest.len(), |at| at + 1));
        match self.rest.first()? {
            b'!' => self.declaration(),
            b'/' => self.end_tag(),
            b'?' => {
                self.skip(1);
                self.comment_until_gt()
            }
            b'%' => {
                self.skip(1);
                self.comment_until(find_pair(*b"%>", self.rest), 2)
            }
            0 | b'a'..=b'z' | b'A'..=b'Z' => self.tag_name(),
            _ => None,
        }
    }

    /// `<!`
    fn declaration(&mut self) -> Option<Token<'a>> {
        self.skip(1);
        match self.rest {
            [b'[', b'C', b'D', b'A', b'T', b'A', b'[', content @ ..] => {
                let end = find_text(b"]]>", content).unwrap_or(content.len());
                self.rest = content.get(end + 3..).unwrap_or_default();
                None
            }
            [b'-', b'-', ..] => {
                self.skip(2);
                match comment_end(self.rest) {
                    Some((end, close)) => self.comment_until(Some(end), close),
                    None => self.comment_until(None, 0),
                }
            }
            _ if begins_with(self.rest, "DOCTYPE") => Some(Token::Doctype),
            _ => self.comment_until_gt(),
        }
    }

    /// `</`
    fn end_tag(&mut self) -> Option<Token<'a>> {
        self.skip(1);
        let first = self.rest.first()?;
        self.end_tag = first.is_ascii_alphabetic() || *first == b'>';
        match first {
            b'>' => None,
            _ if self.end_tag => self.tag_name(),
            _ => self.comment_until_gt(),
        }
    }

    fn comment_until_gt(&mut self) -> Option<Token<'a>> {
        self.comment_until(find(b'>', self.rest), 1)
    }

    /// A comment that ends here, with a delimiter of this length; or that does not end.
    fn comment_until(&mut self, end: Option<usize>, close: usize) -> Option<Token<'a>> {
        let comment = self.take(end.unwrap_or(self.rest.len()));
        self.skip(close);
        Some(Token::Comment(comment))
    }

    /// The name of a tag, up to a blank, `/` or `>`.
    fn tag_name(&mut self) -> Option<Token<'a>> {
        let name = self.take(TAG_NAME_END.position(self.rest));
        let ended = self.rest.first() == Some(&b'>');
        self.skip(1);
        if !ended {
            self.place = Place::Tag;
            return Some(Token::Tag(name));
        }
        let end_tag = std::mem::take(&mut self.end_tag);
        (!end_tag).then_some(Token::Tag(name))
    }

    /// In a tag: the next attribute that has a value, or the end of the tag.
    ///
    /// What comes before either is names without a value, and of these only the last one
    /// matters, with the blanks behind it.
    fn attribute(&mut self) -> Option<Token<'a>> {
        let end = find_either(b'=', b'>', self.rest).unwrap_or(self.rest.len());
        let before = self.take(end);
        let (before, _) = before.split_at_checked(before.len() - BLANK.trailing(before))?;
        let (_, name) = before.split_at_checked(before.len() - NAME.trailing(before))?;
        match self.rest.first()? {
            b'=' if name.is_empty() => self.attribute_of_equals_sign(),
            b'=' => self.attribute_named(name),
            _ if name.is_empty() => {
                self.skip(1);
                self.place = Place::Text;
                None
            }
            _ => {
                self.leave_tag();
                None
            }
        }
    }

    /// An attribute whose name begins with `=`, as the first byte of a name may.
    fn attribute_of_equals_sign(&mut self) -> Option<Token<'a>> {
        let after = self.rest.get(1..).unwrap_or_default();
        let name = self.take(1 + NAME_END.position(after));
        self.skip(BLANK.span(self.rest));
        match self.rest.first()? {
            b'=' => self.attribute_named(name),
            b'>' => {
                self.leave_tag();
                None
            }
            _ => None,
        }
    }

    /// The value of the attribute, before which is its `=`.
    fn attribute_named(&mut self, name: &'a [u8]) -> Option<Token<'a>> {
        self.skip(1);
        let value = self.value()?;
        Some(Token::Attribute { name, value })
    }

    /// The value of an attribute, in quotes or not.
    fn value(&mut self) -> Option<&'a [u8]> {
        self.skip(BLANK.span(self.rest));
        if let &quote @ (b'"' | b'\'' | b'`') = self.rest.first()? {
            self.skip(1);
            let value = self.take(find(quote, self.rest).unwrap_or(self.rest.len()));
            self.skip(1);
            return Some(value);
        }
        let value = self.take(VALUE_END.position(self.rest));
        if self.rest.first() == Some(&b'>') {
            self.leave_tag();
        }
        Some(value)
    }

    /// Behind the `>` that ends the tag, and with it what is known of it.
    fn leave_tag(&mut self) {
        self.skip(1);
        self.place = Place::Text;
        self.end_tag = false;
    }

    fn take(&mut self, length: usize) -> &'a [u8] {
        let (taken, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, &[]));
        self.rest = rest;
        taken
    }

    fn skip(&mut self, length: usize) {
        self.take(length);
    }
}

/// Whether the text begins with the word, in any case.
pub(super) fn begins_with(text: &[u8], word: &str) -> bool {
    text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word.as_bytes()))
}

/// Where a comment ends, and how long its delimiter is: `-->` or `-!>`, with any number of NUL
/// after the first dash.
fn comment_end(content: &[u8]) -> Option<(usize, usize)> {
    let mut from = 0;
    loop {
        let at = from + find(b'-', content.get(from..)?)?;
        from = at + 1;
        let nuls = NUL.span(content.get(from..)?);
        if let [b'-' | b'!', b'>', ..] = content.get(from + nuls..)? {
            return Some((at, nuls + 3));
        }
    }
}

const NUL: ByteSet = ByteSet::of(b"\0");
const BLANK: ByteSet = ByteSet::of(b" \t\n\x0b\x0c\r\0");
const NAME: ByteSet = ByteSet::of(b" \t\n\x0b\x0c\r\0/").inverted();
const TAG_NAME_END: ByteSet = ByteSet::of(b" \t\n\x0b\x0c\r/>");
const NAME_END: ByteSet = ByteSet::of(b" \t\n\x0b\x0c\r\0/=>");
const VALUE_END: ByteSet = ByteSet::of(b" \t\n\x0b\x0c\r\0>");
