//! Strings, in all the ways in which databases quote them. The text is what is between the
//! quotes; a string that is not closed goes to the end of the input.

use super::{Lexeme, word};
use crate::injection::{
    scan::{find, find_pair},
    sqli::token::{Kind, Token},
};

/// A string whose content begins after so many bytes, the last of which is the quote.
pub(super) fn quoted(rest: &[u8], skip: usize, quote: u8) -> Lexeme<'_> {
    let content = rest.get(skip..).unwrap_or_default();
    let end = closing_quote(content, quote);
    enclosed(rest, skip, end, 1, (quote, quote))
}

/// A string whose opening quote is taken to stand before the input.
pub(super) fn before(rest: &[u8], quote: u8) -> Lexeme<'_> {
    let end = closing_quote(rest, quote);
    enclosed(rest, 0, end, 1, (0, quote))
}

/// `E'...'`, PostgreSQL's with escapes.
pub(super) fn escaped_or_word(rest: &[u8]) -> Lexeme<'_> {
    match rest {
        [_, b'\'', _, ..] => quoted(rest, 2, b'\''),
        _ => word::word(rest),
    }
}

/// `N'...'`, of a national character set, or Oracle's `NQ'(...)'`.
pub(super) fn national_or_word(rest: &[u8]) -> Lexeme<'_> {
    match rest {
        [_, b'\'', _, ..] => quoted(rest, 2, b'\''),
        _ => oracle_or_word(rest, 1),
    }
}

/// `U&'...'`, of Unicode.
pub(super) fn unicode_or_word(rest: &[u8]) -> Lexeme<'_> {
    let [_, b'&', b'\'', content @ ..] = rest else {
        return word::word(rest);
    };
    enclosed(rest, 3, closing_quote(content, b'\''), 1, (b'u', b'u'))
}

/// `Q'(...)'`, Oracle's with any delimiter, after `skip` bytes.
pub(super) fn oracle_or_word(rest: &[u8], skip: usize) -> Lexeme<'_> {
    let Some([b'q' | b'Q', b'\'', delimiter @ b'!'..=0x7f, content @ ..]) = rest.get(skip..) else {
        return word::word(rest);
    };
    let close = match delimiter {
        b'(' => b')',
        b'[' => b']',
        b'{' => b'}',
        b'<' => b'>',
        &other => other,
    };
    enclosed(rest, skip + 3, find_pair([close, b'\''], content), 2, (b'q', b'q'))
}

/// A string between delimiters of which the closing one has this length, and begins at `end`
/// from the start of the content.
pub(super) fn enclosed(
    rest: &[u8],
    skip: usize,
    end: Option<usize>,
    close: usize,
    (opened, closed): (u8, u8),
) -> Lexeme<'_> {
    let content = rest.get(skip..).unwrap_or_default();
    let (text, length, closed) = match end {
        Some(at) => (content.get(..at).unwrap_or_default(), skip + at + close, closed),
        None => (content, rest.len(), 0),
    };
    Lexeme::of(Token::quoted(Kind::String, text, opened, closed), length)
}

/// Where the string ends: at a quote that is neither doubled nor behind an odd number of
/// backslashes.
fn closing_quote(content: &[u8], quote: u8) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + find(quote, content.get(from..)?)?;
        let before = content.get(..at)?;
        let backslashes = before.iter().rev().take_while(|&&byte| byte == b'\\').count();
        if backslashes % 2 == 1 {
            from = at + 1;
        } else if content.get(at + 1) == Some(&quote) {
            from = at + 2;
        } else {
            return Some(at);
        }
    }
}
