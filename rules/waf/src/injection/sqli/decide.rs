//! The verdict: which ways to read an input there are, and which fingerprints are believed.

use super::{
    fingerprint::Fingerprint,
    fold::Folded,
    token::{Kind, Token},
    tokenizer::{Dialect, Tokenizer},
};
use crate::injection::scan::find_text;

/// The fingerprint of the first reading of the input that is an injection.
///
/// An attack continues a statement that has begun. So the input is read as it is, and as if it
/// were the rest of a string, if it has the quote that would end this. The comments of MySQL are
/// tried where they could make a difference, and are what double quotes suggest.
pub(in crate::injection) fn detect(input: &[u8]) -> Option<Fingerprint> {
    let found = in_both_dialects(input, None);
    if found.is_some() || memchr::memchr2(b'\'', b'"', input).is_none() {
        return found;
    }
    if memchr::memchr(b'\'', input).is_some()
        && let Some(found) = in_both_dialects(input, Some(b'\''))
    {
        return Some(found);
    }
    if memchr::memchr(b'"', input).is_some() {
        return Reading::of(input, Some(b'"'), Dialect::MySql).verdict();
    }
    None
}

fn in_both_dialects(input: &[u8], before: Option<u8>) -> Option<Fingerprint> {
    let ansi = Reading::of(input, before, Dialect::Ansi);
    match ansi.verdict() {
        None if ansi.dialect_matters => Reading::of(input, before, Dialect::MySql).verdict(),
        verdict => verdict,
    }
}

/// One way to read an input, folded.
struct Reading<'a> {
    input: &'a [u8],
    folded: Folded<'a>,
    /// How many tokens were read before folding.
    tokens_read: usize,
    dialect_matters: bool,
}

impl<'a> Reading<'a> {
    fn of(input: &'a [u8], before: Option<u8>, dialect: Dialect) -> Self {
        let mut tokens = Tokenizer::new(input, before, dialect);
        let folded = Folded::read(&mut tokens);
        let tokens_read = tokens.produced();
        Self { input, folded, tokens_read, dialect_matters: tokens.dialect_matters() }
    }

    fn verdict(&self) -> Option<Fingerprint> {
        let tokens = self.folded.tokens();
        if tokens.iter().any(|token| token.kind == Kind::Evil) {
            return Some(Fingerprint::EVIL);
        }
        let fingerprint = Fingerprint::of(tokens);
        (fingerprint.is_listed() && self.is_believed(tokens)).then_some(fingerprint)
    }

    /// Whether the tokens, whose fingerprint is listed, are an attack and not one of the texts
    /// that look alike.
    fn is_believed(&self, tokens: &[Token<'_>]) -> bool {
        // SQL Server keeps what has this word out of its log, wherever it stands.
        if let [_, .., last] = tokens
            && last.kind == Kind::Comment
            && find_text(b"sp_password", self.input).is_some()
        {
            return true;
        }
        match tokens {
            [first, second] => self.is_believed_pair(first, second),
            [first, second, third] => self.is_believed_triple(first, second, third),
            _ => true,
        }
    }

    /// Two tokens are little to go by: a value and a comment, or a value and UNION.
    fn is_believed_pair(&self, first: &Token<'_>, second: &Token<'_>) -> bool {
        // "1 union" alone may be plain text, so it takes a comment or something folded besides.
        if second.kind == Kind::Union {
            return self.tokens_read != 2;
        }
        // Numbers of tickets and the like: far too common.
        if second.first() == b'#' {
            return false;
        }
        match (first.kind, second.kind, second.first()) {
            (Kind::Bareword, Kind::Comment, sign) => sign == b'/',
            (Kind::Number, Kind::Comment, b'/') => true,
            (Kind::Number, Kind::Comment, _) => self.tokens_read > 2 || self.ends_number(first),
            // Many write `--` in a text; it is an attack if the input ends there.
            (_, _, sign) => sign != b'-' || second.text.len() <= 2,
        }
    }

    /// Whether the number that the input begins with is followed by a blank or a comment: it is
    /// not in what is base64, such as `1234-ABCD--`. Bytes above ASCII count as blanks, since
    /// they are negative numbers to C.
    fn ends_number(&self, number: &Token<'_>) -> bool {
        let after = self.input.get(number.text.len()..);
        matches!(after, Some([..=b' ' | 0x80.., ..] | [b'/', b'*', ..] | [b'-', b'-', ..]))
    }

    fn is_believed_triple(&self, first: &Token<'_>, second: &Token<'_>, third: &Token<'_>) -> bool {
        match (first.kind, second.kind, third.kind) {
            // x' + 'y: open at both ends, and the same quotes between.
            (Kind::String, Kind::Operator | Kind::Logic, Kind::String) => {
                first.opened == 0 && third.closed == 0 && first.closed == third.opened
            }
            // "sexy and 17" is text; "sexy and 17 < 18", folded to the same, is not.
            (Kind::String, Kind::Logic, Kind::Bareword)
            | (Kind::Bareword, Kind::Logic, Kind::Number)
            | (Kind::Number, Kind::Logic, Kind::Number | Kind::Variable | Kind::String) => {
                self.tokens_read != 3
            }
            // Of keywords only INTO OUTFILE and INTO DUMPFILE say enough.
            (_, Kind::Keyword, _) => {
                second.text.len() > 4
                    && second.text.get(..4).is_some_and(|word| word.eq_ignore_ascii_case(b"INTO"))
            }
            _ => true,
        }
    }
}
