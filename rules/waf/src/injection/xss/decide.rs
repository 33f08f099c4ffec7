//! The verdict: where in a page the input may end up, and what is harmful there.

use super::{
    names_data::{ATTRIBUTES, EVENTS, TAGS},
    tokenizer::{Place, Token, Tokenizer, begins_with},
    url,
};
use crate::injection::scan::find;

/// What the value of an attribute is to a browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Attribute {
    /// A script, or a style, which may contain one.
    Script,
    /// A URL.
    Url,
    /// The name of another attribute.
    Name,
}

/// Whether the input is harmful in any of the five places: in text, in a tag, and in the value
/// of an attribute in each of three quotes, which the input must end to do anything.
pub(in crate::injection) fn detect(input: &[u8]) -> bool {
    // Every token that may be harmful takes one of these: tags, comments and document types
    // begin with the one, values with the other.
    if memchr::memchr2(b'<', b'=', input).is_none() {
        return false;
    }
    detect_unchecked(input)
}

/// The same, whatever the input contains.
pub(super) fn detect_unchecked(input: &[u8]) -> bool {
    let mut readings = Readings::of(input);
    while readings.count > 0 {
        if readings.step().is_some_and(is_harmful) {
            return true;
        }
    }
    false
}

/// The ways to read one input that are not at its end. They go on in step, the rearmost first,
/// and those that meet are one from then on. As most meet at the end of the first tag, five
/// readings cost little more than one.
struct Readings<'a> {
    all: [Tokenizer<'a>; 5],
    count: usize,
}

impl<'a> Readings<'a> {
    fn of(input: &'a [u8]) -> Self {
        let text = Tokenizer::new(input, Place::Text);
        let tag = Tokenizer::new(input, Place::Tag);
        let mut readings = Self { all: [text, tag, tag, tag, tag], count: 2 };
        for quote in [b'\'', b'"', b'`'] {
            if let Some(at) = find(quote, input)
                && let Some(reading) = readings.all.get_mut(readings.count)
            {
                *reading = Tokenizer::new(input.get(at + 1..).unwrap_or_default(), Place::Tag);
                readings.count += 1;
            }
        }
        readings
    }

    fn step(&mut self) -> Option<Token<'a>> {
        let active = self.all.get_mut(..self.count)?;
        let (rearmost, _) = active.iter().enumerate().max_by_key(|(_, at)| at.remaining())?;
        active.swap(0, rearmost);
        let (first, others) = active.split_first_mut()?;
        let token = first.step();
        if first.remaining() == 0 || others.iter().any(|other| first.joins(other)) {
            self.count -= 1;
            active.swap(0, self.count);
        }
        token
    }
}

pub(super) fn is_harmful(token: Token<'_>) -> bool {
    match token {
        Token::Doctype => true,
        Token::Tag(name) => is_harmful_tag(name),
        Token::Comment(text) => is_harmful_comment(text),
        Token::Attribute { name, value } => match attribute(name) {
            None => false,
            Some(Attribute::Script) => true,
            Some(Attribute::Url) => url::runs_script(value),
            Some(Attribute::Name) => attribute(value).is_some(),
        },
    }
}

/// Whether the tag runs scripts; anything of SVG and XSL may.
fn is_harmful_tag(name: &[u8]) -> bool {
    if name.len() < 3 {
        return false;
    }
    let mut buffer = Name::default();
    let listed =
        buffer.fill(name).is_some_and(|name| TAGS.iter().any(|tag| tag.as_bytes() == name));
    listed || begins_with(name, "SVG") || begins_with(name, "XSL")
}

/// Whether a browser looks into the comment: Internet Explorer ended comments at backticks, had
/// conditions in them, and tags `<?import` and `<?xml`; XML has entities.
fn is_harmful_comment(text: &[u8]) -> bool {
    find(b'`', text).is_some()
        || text.len() > 3 && (begins_with(text, "[IF") || begins_with(text, "XML"))
        || begins_with(text, "IMPORT")
        || begins_with(text, "ENTITY")
}

/// What the attribute's value is, if it can do harm.
fn attribute(name: &[u8]) -> Option<Attribute> {
    if name.len() < 2 {
        return None;
    }
    if name.len() >= 5 {
        if begins_with(name, "ON") && name.get(2..).is_some_and(begins_with_event) {
            return Some(Attribute::Script);
        }
        // With a namespace any tag and attribute can be made.
        if begins_with(name, "XMLNS") || begins_with(name, "XLINK") {
            return Some(Attribute::Script);
        }
    }
    let mut buffer = Name::default();
    let name = buffer.fill(name)?;
    ATTRIBUTES.iter().find(|(listed, _)| listed.as_bytes() == name).map(|(_, kind)| *kind)
}

/// Whether the text begins with the name of an event. No name in the list begins with another,
/// so only the last one that is not greater than the text can be it.
fn begins_with_event(text: &[u8]) -> bool {
    let upper = |event: &str| event.bytes().cmp(text.iter().map(u8::to_ascii_uppercase));
    let after = EVENTS.partition_point(|event| upper(event).is_le());
    after.checked_sub(1).and_then(|at| EVENTS.get(at)).is_some_and(|event| begins_with(text, event))
}

/// A name in upper case and without NUL, which old browsers pass over.
#[derive(Default)]
struct Name([u8; NAME_MAX]);

impl Name {
    /// The name, unless it is longer than any that is looked for.
    fn fill(&mut self, name: &[u8]) -> Option<&[u8]> {
        let mut length = 0;
        for byte in name.iter().filter(|&&byte| byte != 0) {
            *self.0.get_mut(length)? = byte.to_ascii_uppercase();
            length += 1;
        }
        self.0.get(..length)
    }
}

/// The longest name of a tag or attribute in the lists, and more.
const NAME_MAX: usize = 16;
