//! Operators: what `@` names, one family per file. Pure: a value goes in, whether it matches comes out.

mod bytes;
mod compile;
mod ip;
mod numeric;
mod pm;
mod rx;
mod text;
mod verify;

pub use compile::{Resources, compile};
pub use ip::{Addresses, parse_address};
pub use verify::luhn;

use crate::{
    injection,
    macros::Macro,
    number,
    pattern::{Caches, Groups},
};
use {bytes::ByteRange, numeric::Comparison, pm::Phrases, rx::Rx, text::TextMatch, verify::Number};

/// An operator with its argument.
#[derive(Debug)]
pub enum Operator {
    /// `@unconditionalMatch`
    Always,
    /// `@noMatch`
    Never,
    /// `@rx`, `@rxGlobal`
    Rx(Rx),
    /// `@pm`, `@pmFromFile`
    Phrases(Phrases),
    /// `@streq`, `@contains`, `@within` and their like.
    Text(TextMatch, Macro),
    /// `@eq`, `@ge` and their like.
    Numeric(Comparison, Macro),
    /// `@ipMatch`, `@ipMatchFromFile`
    Addresses(Addresses),
    /// `@detectSQLi`
    Sqli,
    /// `@detectXSS`
    Xss,
    /// `@validateByteRange`: matches what is outside.
    ByteRange(ByteRange),
    /// `@validateUrlEncoding`: matches what is not well encoded.
    UrlEncoding,
    /// `@validateUtf8Encoding`: matches what is not well encoded.
    Utf8Encoding,
    /// `@verifyCC`, `@verifyCPF`, `@verifySSN`, `@verifySVNR`
    Verify(Number, Rx),
    /// `@geoLookup`
    Geo,
    /// `@rbl`
    Rbl(Macro),
}

/// What an operator says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// No match.
    No,
    /// A match.
    Yes,
    /// The bound on steps was reached.
    Limit,
}

impl From<bool> for Outcome {
    fn from(matches: bool) -> Self {
        if matches { Self::Yes } else { Self::No }
    }
}

/// What of a match the rule asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Nothing but whether there is one.
    Verdict,
    /// The whole match: `TX:0`.
    Whole,
    /// Its groups too.
    Groups,
}

/// What an operator works with.
#[derive(Debug)]
pub struct Context<'c> {
    /// Caches of the worker.
    pub caches: &'c mut Caches,
    /// The argument with its macros replaced, for operators that take one with macros.
    pub argument: &'c [u8],
    /// What of a match is wanted.
    pub wanted: Wanted,
    /// Steps that a pattern which needs backtracking may take.
    pub steps_max: usize,
    /// Where the match and its groups are.
    pub groups: &'c mut Groups,
    /// What `TX:0` is, where that is no part of the value.
    pub captured: &'c mut Option<injection::Fingerprint>,
}

impl Operator {
    /// Whether a value matches.
    pub fn evaluate(&self, value: &[u8], cx: &mut Context<'_>) -> Outcome {
        match self {
            Self::Always => Outcome::Yes,
            // Their answers come from outside: the transaction asks for them before it comes here.
            Self::Never | Self::Geo | Self::Rbl(_) => Outcome::No,
            Self::Rx(rx) => rx.evaluate(value, cx),
            Self::Phrases(phrases) => phrases.evaluate(value, cx).into(),
            Self::Text(kind, _) => kind.evaluate(value, cx).into(),
            Self::Numeric(comparison, _) => {
                comparison.holds(number::parse(value), number::parse(cx.argument)).into()
            }
            Self::Addresses(addresses) => addresses.contains(value).into(),
            Self::Sqli => {
                *cx.captured = injection::sqli(value);
                cx.captured.is_some().into()
            }
            Self::Xss => {
                let found = injection::xss(value);
                cx.groups[0] = found.then_some((0, value.len()));
                found.into()
            }
            Self::ByteRange(range) => range.is_left_by(value).into(),
            Self::UrlEncoding => bytes::is_badly_url_encoded(value).into(),
            Self::Utf8Encoding => bytes::is_badly_utf8_encoded(value).into(),
            Self::Verify(number, rx) => number.evaluate(rx, value, cx),
        }
    }

    /// Whether what it says depends on the value alone, and costs more than to look that up.
    pub fn is_worth_remembering(&self) -> bool {
        let depends = self.argument().is_some_and(|argument| argument.literal().is_none());
        let quick = matches!(
            self,
            Self::Always | Self::Never | Self::Geo | Self::Rbl(_) | Self::Numeric(..)
        );
        !depends && !quick
    }

    /// The argument where it can have macros.
    pub fn argument(&self) -> Option<&Macro> {
        match self {
            Self::Text(_, argument) | Self::Numeric(_, argument) | Self::Rbl(argument) => {
                Some(argument)
            }
            Self::Rx(rx) => rx.argument(),
            _ => None,
        }
    }

    /// Compares numbers, where that is what it does: both without becoming text.
    pub fn compare(&self, value: i64, argument: i64) -> Option<bool> {
        match self {
            Self::Numeric(comparison, _) => Some(comparison.holds(value, argument)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
