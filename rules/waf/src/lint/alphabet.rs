//! Operators that can match nothing that transformations leave: `t:lowercase` and a pattern that asks for a capital.
//!
//! Of a chain of transformations, the bytes that can be in its result are worked out; of an operator, whether each match has
//! a byte that is none of them. Both only ever err to the side on which nothing is found.

use regex_syntax::hir::{Class, Hir, HirKind};

use super::{Found, written::Link};
use crate::{error::Problem, operator::Operator, pattern, transform::Transformation};

pub(super) fn look(link: &Link<'_>, found: &mut Found) {
    let Some(written) = link.operator else { return };
    let rule = link.rule;
    let never = if rule.negated { "this rule always matches" } else { "this rule never matches" };
    if matches!(rule.operator, Operator::Never) && !rule.negated {
        return found.at("never-matches", written.place, written.name.len(), never);
    }
    // Each step is looked at on its own, or a number that no transformation has seen.
    if rule.multi_match || rule.targets.iter().any(|target| target.count) {
        return;
    }
    let alphabet = Alphabet::of(&rule.transformations);
    let missing = match written.name.to_ascii_lowercase().as_str() {
        "rx" | "rxglobal" if !crate::macros::has_macro(&written.argument.bytes) => {
            of_pattern(&written.argument.bytes, &alphabet)
        }
        "beginswith" | "contains" | "containsword" | "endswith" | "streq" | "strmatch" => {
            let literal = rule.operator.argument().and_then(|argument| argument.literal());
            literal.and_then(|literal| alphabet.missing(literal))
        }
        _ => None,
    };
    if let Some(byte) = missing {
        let chain: Vec<&str> = rule.transformations.iter().map(|one| one.name()).collect();
        let shown = char::from(byte).escape_default();
        let message =
            format!("{never}: it asks for `{shown}`, and none is left by t:{}", chain.join(",t:"));
        found.add("never-matches", Problem::with(&written.argument, message));
    }
}

/// A byte that each match of a pattern has and that is not of the alphabet.
fn of_pattern(written: &[u8], alphabet: &Alphabet) -> Option<u8> {
    let spelled = pattern::linear_spelling(written)?;
    let mut parser = regex_syntax::ParserBuilder::new()
        .unicode(false)
        .utf8(false)
        .dot_matches_new_line(true)
        .build();
    required(&parser.parse(&spelled).ok()?, alphabet)
}

fn required(hir: &Hir, alphabet: &Alphabet) -> Option<u8> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => None,
        HirKind::Literal(literal) => alphabet.missing(&literal.0),
        HirKind::Class(class) => of_class(class, alphabet),
        HirKind::Repetition(repetition) if repetition.min > 0 => {
            required(&repetition.sub, alphabet)
        }
        HirKind::Repetition(_) => None,
        HirKind::Capture(capture) => required(&capture.sub, alphabet),
        HirKind::Concat(parts) => parts.iter().find_map(|part| required(part, alphabet)),
        HirKind::Alternation(branches) => {
            let all: Option<Vec<u8>> = branches.iter().map(|one| required(one, alphabet)).collect();
            all?.first().copied()
        }
    }
}

/// The first byte of a class of which none is of the alphabet.
fn of_class(class: &Class, alphabet: &Alphabet) -> Option<u8> {
    let bytes: Vec<u8> = match class {
        Class::Bytes(class) => class.iter().flat_map(|range| range.start()..=range.end()).collect(),
        Class::Unicode(class) if class.is_ascii() => {
            let chars = class.iter().flat_map(|range| range.start()..=range.end());
            chars.filter_map(|c| u8::try_from(c).ok()).collect()
        }
        Class::Unicode(_) => return None,
    };
    let none = bytes.iter().all(|byte| !alphabet.has(*byte));
    bytes.first().copied().filter(|_| none)
}

/// The bytes that a value can have.
struct Alphabet([bool; 256]);

impl Alphabet {
    /// Of what a chain of transformations leaves.
    fn of(chain: &[Transformation]) -> Self {
        let mut alphabet = Self([true; 256]);
        chain.iter().for_each(|transformation| alphabet.pass(*transformation));
        alphabet
    }

    fn has(&self, byte: u8) -> bool {
        self.0.get(usize::from(byte)).copied().unwrap_or(true)
    }

    /// The first byte of a text that is not of the alphabet.
    fn missing(&self, text: &[u8]) -> Option<u8> {
        text.iter().copied().find(|byte| !self.has(*byte))
    }

    /// What is left behind a transformation. What is not here can give any byte, or is taken to.
    fn pass(&mut self, transformation: Transformation) {
        use Transformation as T;
        match transformation {
            T::Lowercase => self.map(|byte| byte.to_ascii_lowercase()),
            T::Uppercase => self.map(|byte| byte.to_ascii_uppercase()),
            T::RemoveNulls => self.without(&[0]),
            T::ReplaceNulls => self.map(|byte| if byte == 0 { b' ' } else { byte }),
            T::RemoveWhitespace => self.without(b" \t\n\x0b\x0c\r"),
            T::CompressWhitespace => {
                self.map(|byte| if matches!(byte, b'\t'..=b'\r' | 0xa0) { b' ' } else { byte });
                // A no-break space of UTF-8 becomes one too, and what was part of another character stays.
                self.0[0xa0] = true;
            }
            T::CmdLine => {
                self.map(|byte| match byte {
                    b'\t' | b'\r' | b'\n' | b',' | b';' => b' ',
                    byte => byte.to_ascii_lowercase(),
                });
                self.without(b"\\\"'^");
            }
            T::Trim | T::TrimLeft | T::TrimRight => {}
            T::Length => self.only(|byte| byte.is_ascii_digit()),
            T::HexEncode => self.only(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')),
            T::Base64Encode => {
                self.only(|byte| {
                    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
                });
            }
            _ => self.only(|_| true),
        }
    }

    /// Each byte becomes another, where it is there.
    fn map(&mut self, into: impl Fn(u8) -> u8) {
        let mut next = [false; 256];
        for byte in 0..=u8::MAX {
            if self.has(byte) {
                next[usize::from(into(byte))] = true;
            }
        }
        self.0 = next;
    }

    fn without(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.0[usize::from(*byte)] = false);
    }

    fn only(&mut self, is_left: impl Fn(u8) -> bool) {
        (0..=u8::MAX).for_each(|byte| self.0[usize::from(byte)] = is_left(byte));
    }
}
