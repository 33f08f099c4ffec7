//! From bytes to tokens, one at a time and each from where the last one ended.
//!
//! It accepts everything, and leans to how a database would read an attack rather than to any
//! one grammar: several dialects at once, as far as they do not contradict each other. Where
//! ANSI and MySQL do, the dialect decides: `--x` is a comment to ANSI alone, `#` to MySQL alone.
//!
//! A word about NUL: where libinjection asks whether a byte is one of some, it gets yes for NUL,
//! by the nature of C's `strchr`. So NUL is a digit, and a letter after `$`, and the end of a
//! word; this is the same here.

mod number;
mod string;
mod word;

use super::token::{Kind, Token};
use crate::injection::scan::{ByteSet, find, find_pair};

/// Whose comments the input is read with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    Ansi,
    MySql,
}

/// The state of reading one input in one way.
pub(super) struct Tokenizer<'a> {
    rest: &'a [u8],
    dialect: Dialect,
    /// The quote that is taken to stand before the input, until the first token is read.
    before: Option<u8>,
    produced: usize,
    dialect_matters: bool,
}

/// What was read at one place: a token, if it is one, and how many bytes it took.
struct Lexeme<'a> {
    token: Option<Token<'a>>,
    length: usize,
}

impl<'a> Tokenizer<'a> {
    /// Reads the input as if the quote stood before it.
    pub(super) fn new(input: &'a [u8], before: Option<u8>, dialect: Dialect) -> Self {
        Self { rest: input, dialect, before, produced: 0, dialect_matters: false }
    }

    /// How many tokens were read, comments among them.
    pub(super) fn produced(&self) -> usize {
        self.produced
    }

    /// Whether the other dialect would have read something differently.
    pub(super) fn dialect_matters(&self) -> bool {
        self.dialect_matters
    }

    /// The next token; none at the end.
    #[inline]
    pub(super) fn next(&mut self) -> Option<Token<'a>> {
        if let Some(quote) = self.before.take() {
            let lexeme = string::before(self.rest, quote);
            return self.take(lexeme);
        }
        loop {
            let &first = self.rest.first()?;
            let lexeme = self.read(first);
            if let Some(token) = self.take(lexeme) {
                return Some(token);
            }
        }
    }

    #[inline]
    fn take(&mut self, lexeme: Lexeme<'a>) -> Option<Token<'a>> {
        self.rest = self.rest.get(lexeme.length..).unwrap_or_default();
        self.produced += usize::from(lexeme.token.is_some());
        lexeme.token
    }

    #[inline]
    fn read(&mut self, first: u8) -> Lexeme<'a> {
        let rest = self.rest;
        match first {
            0..=b' ' | 0x7f | 0xa0 => Lexeme::blank(1),
            b'%' | b'+' | b'^' | b'~' => Lexeme::new(rest, 1, Kind::Operator),
            b'!' | b'&' | b'*' | b':' | b'<' | b'=' | b'>' | b'|' => operator(rest),
            b'#' => self.hash(),
            b'-' => self.dash(),
            b'/' => slash(rest),
            b'\\' => backslash(rest),
            b'(' => Lexeme::new(rest, 1, Kind::LeftParen),
            b')' => Lexeme::new(rest, 1, Kind::RightParen),
            b'{' => Lexeme::new(rest, 1, Kind::LeftBrace),
            b'}' => Lexeme::new(rest, 1, Kind::RightBrace),
            b',' => Lexeme::new(rest, 1, Kind::Comma),
            b';' => Lexeme::new(rest, 1, Kind::Semicolon),
            b'?' | b']' => Lexeme::new(rest, 1, Kind::Unknown),
            b'"' | b'\'' => string::quoted(rest, 1, first),
            b'.' | b'0'..=b'9' => number::number(rest),
            b'$' => number::money(rest),
            b'@' => word::variable(rest),
            b'[' => word::bracketed(rest),
            b'`' => word::ticked(rest),
            b'B' | b'b' => number::literal_or_word(rest, number::Base::Two),
            b'X' | b'x' => number::literal_or_word(rest, number::Base::Sixteen),
            b'E' | b'e' => string::escaped_or_word(rest),
            b'N' | b'n' => string::national_or_word(rest),
            b'Q' | b'q' => string::oracle_or_word(rest, 0),
            b'U' | b'u' => string::unicode_or_word(rest),
            _ => word::word(rest),
        }
    }

    /// `#`: a comment to MySQL, an operator to others.
    fn hash(&mut self) -> Lexeme<'a> {
        self.dialect_matters = true;
        match self.dialect {
            Dialect::MySql => line_comment(self.rest),
            Dialect::Ansi => Lexeme::new(self.rest, 1, Kind::Operator),
        }
    }

    /// `--`: a comment to everybody if a blank or the end follows, and in any case to ANSI; to
    /// MySQL it is two operators otherwise, as one `-` is to everybody.
    fn dash(&mut self) -> Lexeme<'a> {
        match (self.rest, self.dialect) {
            ([_, b'-'], _) => line_comment(self.rest),
            ([_, b'-', third, ..], _) if BLANK.has(*third) => line_comment(self.rest),
            ([_, b'-', ..], Dialect::Ansi) => {
                self.dialect_matters = true;
                line_comment(self.rest)
            }
            _ => Lexeme::new(self.rest, 1, Kind::Operator),
        }
    }
}

impl<'a> Lexeme<'a> {
    /// Bytes that are no token.
    #[inline]
    fn blank(length: usize) -> Self {
        Self { token: None, length }
    }

    /// A token of all the bytes that it takes, from the start of `rest`.
    #[inline]
    fn new(rest: &'a [u8], length: usize, kind: Kind) -> Self {
        Self::inside(rest, 0..length, length, kind)
    }

    /// A token whose text is only a part of the bytes that it takes.
    #[inline]
    fn inside(rest: &'a [u8], text: std::ops::Range<usize>, length: usize, kind: Kind) -> Self {
        Self::of(Token::new(kind, rest.get(text).unwrap_or_default()), length)
    }

    #[inline]
    fn of(token: Token<'a>, length: usize) -> Self {
        Self { token: Some(token), length }
    }
}

/// An operator of one to three bytes. A colon alone is no operator, unless it ends the input.
fn operator(rest: &[u8]) -> Lexeme<'_> {
    match rest {
        [b'<', b'=', b'>', ..] => Lexeme::new(rest, 3, Kind::Operator),
        [b'&', b'&', ..] | [b'|', b'|', ..] => Lexeme::new(rest, 2, Kind::Logic),
        [b'!', b'!' | b'<' | b'=' | b'>', ..]
        | [b'<', b'<' | b'=' | b'>' | b'@', ..]
        | [b'>', b'=' | b'>', ..]
        | [b'|', b'/' | b'=', ..]
        | [b':', b':' | b'=', ..]
        | [b'&' | b'*', b'=', ..] => Lexeme::new(rest, 2, Kind::Operator),
        [b':', _, ..] => Lexeme::new(rest, 1, Kind::Colon),
        _ => Lexeme::new(rest, 1, Kind::Operator),
    }
}

/// `\N` is MySQL's NULL; else the byte stands for itself.
fn backslash(rest: &[u8]) -> Lexeme<'_> {
    match rest {
        [_, b'N', ..] => Lexeme::new(rest, 2, Kind::Number),
        _ => Lexeme::new(rest, 1, Kind::Backslash),
    }
}

/// A comment between `/*` and `*/`. One in another, which PostgreSQL alone allows, and MySQL's
/// `/*!`, which it executes, are evil.
fn slash(rest: &[u8]) -> Lexeme<'_> {
    let [_, b'*', body @ ..] = rest else {
        return Lexeme::new(rest, 1, Kind::Operator);
    };
    let close = find_pair(*b"*/", body);
    // The first byte of the closing pair may be the second of another opening one: `/*/*/`.
    let nested = close.and_then(|at| find_pair(*b"/*", body.get(..=at)?));
    let kind = match body.first() {
        Some(b'!') => Kind::Evil,
        _ if nested.is_some() => Kind::Evil,
        _ => Kind::Comment,
    };
    Lexeme::new(rest, close.map_or(rest.len(), |at| at + 4), kind)
}

/// A comment until the end of the line, which is not part of it.
fn line_comment(rest: &[u8]) -> Lexeme<'_> {
    let end = find(b'\n', rest);
    let length = end.unwrap_or(rest.len());
    Lexeme::inside(rest, 0..length, length + usize::from(end.is_some()), Kind::Comment)
}

/// What separates words. NUL does to Oracle, and 0xA0 is a blank in Latin-1.
const BLANK: ByteSet = ByteSet::of(b" \t\n\x0b\x0c\r\xa0\0");
