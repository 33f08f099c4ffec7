//! `@pm`, `@pmFromFile`: many phrases at once, without regard to case.
//!
//! `SecRule REQUEST_HEADERS:User-Agent "@pm nikto sqlmap" "id:1,phase:1,deny"`

use aho_corasick::{AhoCorasick, Input, MatchKind};

use super::Context;

/// A set of phrases.
#[derive(Debug)]
pub struct Phrases {
    automaton: AhoCorasick,
    phrases: Vec<Vec<u8>>,
}

impl Phrases {
    /// The set of these phrases.
    ///
    /// # Errors
    ///
    /// When there are none, or too many for an automaton.
    pub fn new(phrases: Vec<Vec<u8>>) -> Result<Self, String> {
        if phrases.is_empty() {
            return Err("no phrases".to_owned());
        }
        AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .ascii_case_insensitive(true)
            .kind(Some(aho_corasick::AhoCorasickKind::ContiguousNFA))
            .build(&phrases)
            .map(|automaton| Self { automaton, phrases })
            .map_err(|error| error.to_string())
    }

    /// The phrases.
    pub fn phrases(&self) -> &[Vec<u8>] {
        &self.phrases
    }

    /// Whether one occurs.
    pub fn evaluate(&self, value: &[u8], cx: &mut Context<'_>) -> bool {
        let found = self.automaton.find(Input::new(value).earliest(true));
        cx.groups[0] = found.map(|found| (found.start(), found.end()));
        found.is_some()
    }
}

/// The phrases of `@pm`: words, in which `|41 42|` stands for bytes in hexadecimal as in Snort's content syntax.
///
/// # Errors
///
/// Bytes between bars that are none.
pub fn words(argument: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    let bytes = snort(argument)?;
    // A space that was written in hexadecimal is part of its phrase: bytes are marked until they are split.
    let mut phrases = vec![Vec::new()];
    for (byte, escaped) in bytes {
        if !escaped && byte.is_ascii_whitespace() {
            phrases.push(Vec::new());
        } else if let Some(phrase) = phrases.last_mut() {
            phrase.push(byte);
        }
    }
    phrases.retain(|phrase: &Vec<u8>| !phrase.is_empty());
    Ok(phrases)
}

fn snort(argument: &[u8]) -> Result<Vec<(u8, bool)>, String> {
    let mut out = Vec::new();
    let mut parts = argument.split(|byte| *byte == b'|').peekable();
    let bars = argument.iter().filter(|byte| **byte == b'|').count();
    let mut hexadecimal = false;
    while let Some(part) = parts.next() {
        match hexadecimal.then(|| hex_bytes(part)).flatten() {
            Some(bytes) => out.extend(bytes.into_iter().map(|byte| (byte, true))),
            None if hexadecimal && bars % 2 == 0 => {
                return Err(format!("`|{}|` is not hexadecimal", String::from_utf8_lossy(part)));
            }
            None => {
                if hexadecimal {
                    out.push((b'|', false));
                }
                out.extend(part.iter().map(|byte| (*byte, false)));
            }
        }
        hexadecimal = !hexadecimal && parts.peek().is_some();
    }
    Ok(out)
}

fn hex_bytes(text: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(text).ok()?;
    let pairs = text.split_ascii_whitespace();
    pairs
        .map(|pair| (pair.len() == 2).then(|| u8::from_str_radix(pair, 16).ok()).flatten())
        .collect()
}

/// The phrases of a file: one on each line, except empty lines and comments.
pub fn lines(text: &[u8]) -> Vec<Vec<u8>> {
    let lines = text.split(|byte| *byte == b'\n').map(|line| line.trim_ascii());
    lines.filter(|line| !line.is_empty() && !line.starts_with(b"#")).map(<[u8]>::to_vec).collect()
}
