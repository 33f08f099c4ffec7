//! Fingerprints: the kinds of the first five tokens, and the list of those that mean harm.

use std::{fmt, ops::Deref};

use super::{
    fingerprints_data::{COUNT, FINGERPRINTS},
    token::{Kind, Token},
};

/// How many tokens a fingerprint has at most.
pub(super) const TOKENS_MAX: usize = 5;

/// The kinds of the first tokens of an input, folded: one to five letters such as `s&1c`. It
/// derefs to their bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint {
    symbols: [u8; TOKENS_MAX],
    length: u8,
}

impl Fingerprint {
    /// The fingerprint of what needs no further look.
    pub(super) const EVIL: Self = Self { symbols: [Kind::Evil as u8, 0, 0, 0, 0], length: 1 };

    /// The fingerprint of the tokens, of which those after the fifth do not count.
    pub(super) fn of(tokens: &[Token<'_>]) -> Self {
        let mut fingerprint = Self { symbols: [0; TOKENS_MAX], length: 0 };
        for (symbol, token) in fingerprint.symbols.iter_mut().zip(tokens) {
            *symbol = token.kind as u8;
            fingerprint.length += 1;
        }
        fingerprint
    }

    /// Whether it is on the list.
    pub(super) fn is_listed(&self) -> bool {
        if *self == Self::EVIL {
            return true;
        }
        let mut packed = 0;
        for &symbol in &self.symbols {
            let code = CODES[symbol as usize];
            if code == 0 && symbol != 0 {
                return false;
            }
            packed = packed << CODE_BITS | u32::from(code);
        }
        let prefix = (packed >> SUFFIX_BITS) as usize;
        let suffix = (packed & SUFFIX_MASK) as u16;
        let range = usize::from(STARTS[prefix])..usize::from(STARTS[prefix + 1]);
        SUFFIXES.get(range).is_some_and(|suffixes| suffixes.binary_search(&suffix).is_ok())
    }
}

impl Deref for Fingerprint {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.symbols.get(..usize::from(self.length)).unwrap_or(&self.symbols)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({})", self.escape_ascii())
    }
}

/// The symbols that occur in the list, in the order of their bytes. The list does not tell upper
/// case from lower: Transact-SQL and types share their letter.
const SYMBOLS: &[u8] = b"&(),1:;ABCEFKNOSTUV";
/// Enough for the symbols and for "none".
const CODE_BITS: u32 = 5;
/// Three symbols.
const SUFFIX_BITS: u32 = 3 * CODE_BITS;
const SUFFIX_MASK: u32 = (1 << SUFFIX_BITS) - 1;
/// One more than there are pairs of codes.
const PREFIXES: usize = (1 << (2 * CODE_BITS)) + 1;

/// From a symbol to its place in the order, from 1.
static CODES: [u8; 256] = codes();
/// For each prefix where its suffixes begin in [`SUFFIXES`]; they end where the next one's begin.
static STARTS: [u16; PREFIXES] = starts();
/// The last three symbols of all fingerprints, sorted within each prefix.
static SUFFIXES: [u16; COUNT] = suffixes();

const fn codes() -> [u8; 256] {
    let mut codes = [0; 256];
    let mut index = 0;
    while index < SYMBOLS.len() {
        index += 1;
        codes[SYMBOLS[index - 1] as usize] = index as u8;
        codes[SYMBOLS[index - 1].to_ascii_lowercase() as usize] = index as u8;
    }
    codes
}

const fn suffixes() -> [u16; COUNT] {
    let mut suffixes = [0; COUNT];
    let mut filled = 0;
    let mut prefixes = FINGERPRINTS;
    while let Some((&(_, list), after)) = prefixes.split_first() {
        let mut rest = list.as_bytes();
        let first = filled;
        while !rest.is_empty() {
            let (suffix, next) = split_suffix(rest);
            assert!(filled == first || suffixes[filled - 1] < suffix, "the list is not sorted");
            suffixes[filled] = suffix;
            filled += 1;
            rest = next;
        }
        prefixes = after;
    }
    assert!(filled == COUNT, "the count of fingerprints is not what the list has");
    suffixes
}

const fn starts() -> [u16; PREFIXES] {
    let mut starts = [0; PREFIXES];
    let mut filled = 0;
    let mut prefix = 0;
    let mut prefixes = FINGERPRINTS;
    while let Some((&(symbols, list), after)) = prefixes.split_first() {
        let next = pack(symbols.as_bytes()) as usize;
        assert!(next >= prefix, "the list is not sorted");
        while prefix <= next {
            starts[prefix] = filled;
            prefix += 1;
        }
        let mut rest = list.as_bytes();
        while !rest.is_empty() {
            filled += 1;
            rest = split_suffix(rest).1;
        }
        prefixes = after;
    }
    while prefix < PREFIXES {
        starts[prefix] = filled;
        prefix += 1;
    }
    starts
}

/// The first suffix of the list, packed with zeros after it, and the rest of the list.
const fn split_suffix(list: &[u8]) -> (u16, &[u8]) {
    let mut length = 0;
    while length < list.len() && list[length] != b' ' {
        length += 1;
    }
    let (suffix, rest) = list.split_at(length);
    let unused = SUFFIX_BITS - CODE_BITS * length as u32;
    (pack(suffix) << unused, if rest.is_empty() { rest } else { rest.split_at(1).1 })
}

/// The codes side by side; `_`, which has none, is 0.
const fn pack(symbols: &[u8]) -> u16 {
    let mut packed = 0;
    let mut rest = symbols;
    while let Some((&symbol, after)) = rest.split_first() {
        packed = packed << CODE_BITS | CODES[symbol as usize] as u16;
        rest = after;
    }
    packed
}
