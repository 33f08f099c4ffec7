//! Words, quoted names and variables.

use super::{Lexeme, string};
use crate::injection::{
    scan::{ByteSet, find},
    sqli::{
        keywords,
        token::{Kind, TEXT_MAX},
    },
};

/// A word, or what of it is a word of SQL before a `.` or a backtick: `SELECT.1` begins with
/// `SELECT`.
#[inline]
pub(super) fn word(rest: &[u8]) -> Lexeme<'_> {
    // Only so much of a word is ever compared. Looking for its end comes last: a chain such as
    // `like.like.` is cut into many words, and each would look at all the others.
    let head = rest.get(..TEXT_MAX).unwrap_or(rest);
    let head = head.get(..WORD_END.position(head)).unwrap_or(head);
    for (at, _) in head.iter().enumerate().filter(|(_, byte)| matches!(byte, b'.' | b'`')) {
        if let Some(known) = head.get(..at).and_then(keywords::word)
            && known.kind != Kind::Bareword
        {
            return Lexeme::new(rest, at, known.kind);
        }
    }
    let length = head.len() + WORD_END.position(rest.get(head.len()..).unwrap_or_default());
    let known = if length == head.len() { keywords::word(head) } else { None };
    Lexeme::new(rest, length, known.map_or(Kind::Bareword, |known| known.kind))
}

/// A name between backticks, as MySQL writes them: a function, if there is one of this name, or
/// else a bareword.
pub(super) fn ticked(rest: &[u8]) -> Lexeme<'_> {
    let mut lexeme = string::quoted(rest, 1, b'`');
    if let Some(token) = &mut lexeme.token {
        token.kind = match keywords::word(token.text) {
            Some(known) if known.kind == Kind::Function => Kind::Function,
            _ => Kind::Bareword,
        };
    }
    lexeme
}

/// A name between brackets, as SQL Server writes them.
pub(super) fn bracketed(rest: &[u8]) -> Lexeme<'_> {
    Lexeme::new(rest, find(b']', rest).map_or(rest.len(), |at| at + 1), Kind::Bareword)
}

/// `@name` or `@@name`, where the name may be quoted. The text is the name alone.
pub(super) fn variable(rest: &[u8]) -> Lexeme<'_> {
    let sign = if rest.get(1) == Some(&b'@') { 2 } else { 1 };
    let name = rest.get(sign..).unwrap_or_default();
    match name.first() {
        Some(&quote @ (b'`' | b'\'' | b'"')) => {
            let mut lexeme = string::quoted(rest, sign + 1, quote);
            if let Some(token) = &mut lexeme.token {
                token.kind = Kind::Variable;
            }
            lexeme
        }
        _ => {
            let end = sign + VARIABLE_END.position(name);
            Lexeme::inside(rest, sign..end, end, Kind::Variable)
        }
    }
}

const WORD_END: ByteSet = ByteSet::of(b" []{}<>:\\?=@!#~+-*/&|^%(),';\t\n\x0b\x0c\r\"\xa0\0");
const VARIABLE_END: ByteSet = ByteSet::of(b" <>:\\?=@!#~+-*/&|^%(),';\t\n\x0b\x0c\r'`\"\0");
