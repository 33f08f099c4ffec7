//! Numbers, and what begins like one: a dot, an amount of money, a string between dollars.

use super::{BLANK, Lexeme, string, word};
use crate::injection::{
    scan::{ByteSet, find_pair, find_text},
    sqli::token::Kind,
};

/// The base of a literal in quotes.
#[derive(Clone, Copy)]
pub(super) enum Base {
    Two,
    Sixteen,
}

impl Base {
    const fn digits(self) -> &'static ByteSet {
        match self {
            Self::Two => &BINARY,
            Self::Sixteen => &HEXADECIMAL,
        }
    }
}

/// `B'01'` and `X'0F'`; a word if it is not closed or has other digits.
pub(super) fn literal_or_word(rest: &[u8], base: Base) -> Lexeme<'_> {
    let [_, b'\'', content @ ..] = rest else {
        return word::word(rest);
    };
    let digits = base.digits().span(content);
    match content.get(digits) {
        Some(b'\'') => Lexeme::new(rest, digits + 3, Kind::Number),
        _ => word::word(rest),
    }
}

/// A number, or a lone dot, with which it may begin.
#[inline]
pub(super) fn number(rest: &[u8]) -> Lexeme<'_> {
    match rest {
        [b'0', b'x' | b'X', digits @ ..] => based(rest, HEXADECIMAL.span(digits)),
        [b'0', b'b' | b'B', digits @ ..] => based(rest, BINARY.span(digits)),
        _ => decimal(rest),
    }
}

/// `0x` and `0b` with so many digits; without any they are a word.
fn based(rest: &[u8], digits: usize) -> Lexeme<'_> {
    let kind = if digits == 0 { Kind::Bareword } else { Kind::Number };
    Lexeme::new(rest, digits + 2, kind)
}

#[inline]
fn decimal(rest: &[u8]) -> Lexeme<'_> {
    let mut end = digits_end(rest, 0);
    if rest.get(end) == Some(&b'.') {
        end = digits_end(rest, end + 1);
        if end == 1 {
            return Lexeme::new(rest, 1, Kind::Dot);
        }
    }
    let mut incomplete = false;
    if let Some(b'e' | b'E') = rest.get(end) {
        let sign = usize::from(matches!(rest.get(end + 1), Some(b'+' | b'-')));
        let exponent = end + 1 + sign;
        end = digits_end(rest, exponent);
        incomplete = end == exponent;
    }
    end += suffix(rest.get(end..).unwrap_or_default());
    if incomplete {
        // MySQL reads on behind `1.e` as if it were not there.
        return Lexeme::blank(end);
    }
    Lexeme::new(rest, end, Kind::Number)
}

fn digits_end(rest: &[u8], from: usize) -> usize {
    from + DECIMAL.span(rest.get(from..).unwrap_or_default())
}

/// The length of Oracle's suffix for floats, if there is one: the number must end with it. A `u`
/// may follow, so that `1fUNION` is the two that an attack means.
#[inline]
fn suffix(rest: &[u8]) -> usize {
    match rest {
        [b'd' | b'D' | b'f' | b'F'] => 1,
        [b'd' | b'D' | b'f' | b'F', b';' | b'u' | b'U', ..] => 1,
        [b'd' | b'D' | b'f' | b'F', next, ..] if BLANK.has(*next) => 1,
        _ => 0,
    }
}

/// `$1,000.00`, or a string of PostgreSQL between `$$` or `$tag$`; a `$` alone is a word.
pub(super) fn money(rest: &[u8]) -> Lexeme<'_> {
    let after = rest.get(1..).unwrap_or_default();
    match (AMOUNT.span(after), after) {
        (_, []) => Lexeme::new(rest, 1, Kind::Bareword),
        (0, [b'$', content @ ..]) => {
            string::enclosed(rest, 2, find_pair(*b"$$", content), 2, (b'$', b'$'))
        }
        (0, _) => tagged(rest, LETTER.span(after)),
        (1, [b'.', ..]) => word::word(rest),
        (length, _) => Lexeme::new(rest, 1 + length, Kind::Number),
    }
}

/// `$tag$...$tag$`, where the tag has so many letters.
fn tagged(rest: &[u8], letters: usize) -> Lexeme<'_> {
    let skip = letters + 2;
    match rest.get(..skip) {
        Some(tag @ [.., b'$']) if letters > 0 => {
            let end = find_text(tag, rest.get(skip..).unwrap_or_default());
            string::enclosed(rest, skip, end, skip, (b'$', b'$'))
        }
        _ => Lexeme::new(rest, 1, Kind::Bareword),
    }
}

const DECIMAL: ByteSet = ByteSet::of(b"0123456789");
// NUL is a member of the following, as the module above says.
const BINARY: ByteSet = ByteSet::of(b"01\0");
const HEXADECIMAL: ByteSet = ByteSet::of(b"0123456789abcdefABCDEF\0");
const AMOUNT: ByteSet = ByteSet::of(b"0123456789.,\0");
const LETTER: ByteSet = ByteSet::of(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ\0");
