//! The table of words: found by a hash, compared in upper case, built when the program is.

use super::{
    keywords_data::{COUNT, WORDS},
    token::{Kind, TEXT_MAX},
};

/// A word or phrase, and what it is.
pub(super) struct Word {
    pub(super) kind: Kind,
    pub(super) text: &'static [u8],
}

/// What the word is, if it is one of SQL's. Case does not matter.
#[inline]
pub(super) fn word(text: &[u8]) -> Option<&'static Word> {
    if let [first, second, ..] = *text
        && LENGTHS[beginning(first, second)] & length_bit(text.len()) != 0
    {
        let mut key = [0; KEY];
        key.get_mut(..text.len())?.copy_from_slice(text);
        return find(key, text.len());
    }
    None
}

/// What the two make together, if they are a phrase of SQL.
#[inline]
pub(super) fn phrase(left: &[u8], right: &[u8]) -> Option<&'static Word> {
    let length = left.len() + 1 + right.len();
    if let [first, second, ..] = *left
        && PHRASE_LENGTHS[beginning(first, second)] & length_bit(length) != 0
    {
        let mut key = [b' '; KEY];
        let (head, tail) = key.split_at_mut_checked(left.len() + 1)?;
        head.get_mut(..left.len())?.copy_from_slice(left);
        tail.get_mut(..right.len())?.copy_from_slice(right);
        tail.get_mut(right.len()..)?.fill(0);
        return find(key, length);
    }
    None
}

fn find(mut key: [u8; KEY], length: usize) -> Option<&'static Word> {
    key.make_ascii_uppercase();
    let text = key.get(..length)?;
    let mut slot = hash(&key);
    loop {
        let entry = TABLE.get(usize::from(SLOTS[slot].checked_sub(1)?))?;
        if entry.text == text {
            return Some(entry);
        }
        slot = (slot + 1) % SLOTS.len();
    }
}

/// One bit for each length that a word can have; none for the others.
const fn length_bit(length: usize) -> u32 {
    if length <= TEXT_MAX { 1 << length } else { 0 }
}

/// A place in the tables of lengths. Upper and lower case share it.
const fn beginning(first: u8, second: u8) -> usize {
    ((first & 31) as usize) << 5 | (second & 31) as usize
}

/// A slot for a word in upper case, with zeros after it.
const fn hash(key: &[u8; KEY]) -> usize {
    let mut sum = 0_u64;
    let mut rest: &[u8] = key;
    while let Some((part, after)) = rest.split_first_chunk::<8>() {
        sum = sum.rotate_left(21) ^ u64::from_le_bytes(*part);
        rest = after;
    }
    (sum.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - SLOT_BITS)) as usize
}

const fn table() -> [Word; COUNT] {
    let mut table = [const { Word { kind: Kind::Unknown, text: b"" } }; COUNT];
    let mut filled = 0;
    let mut kinds = WORDS;
    while let Some((&(kind, list), after)) = kinds.split_first() {
        let mut rest = list.as_bytes();
        while !rest.is_empty() {
            let (text, next) = split_comma(rest);
            table[filled] = Word { kind, text };
            filled += 1;
            rest = next;
        }
        kinds = after;
    }
    assert!(filled == COUNT, "the count of words is not what the table has");
    table
}

/// What is before the first `, `, and what is after it.
const fn split_comma(list: &'static [u8]) -> (&'static [u8], &'static [u8]) {
    let mut at = 0;
    while at < list.len() && list[at] != b',' {
        at += 1;
    }
    let (text, rest) = list.split_at(at);
    (text, if rest.is_empty() { rest } else { rest.split_at(2).1 })
}

/// Open addressing: in the slot of a word's hash or after it is its place in the table, plus one.
const fn slots() -> [u16; 1 << SLOT_BITS] {
    let mut slots = [0; 1 << SLOT_BITS];
    let mut index = 0;
    while index < COUNT {
        let mut key = [0; KEY];
        let text = TABLE[index].text;
        key.split_at_mut(text.len()).0.copy_from_slice(text);
        let mut slot = hash(&key);
        while slots[slot] != 0 {
            slot = (slot + 1) % slots.len();
        }
        index += 1;
        slots[slot] = index as u16;
    }
    slots
}

/// For each two letters, the lengths of the words or phrases that begin with them, as bits.
/// Most words are told by this not to be in the table.
const fn lengths(of: Of) -> [u32; 1 << 10] {
    let mut lengths = [0; 1 << 10];
    let mut index = 0;
    while index < COUNT {
        let text = TABLE[index].text;
        if matches!(of, Of::All) || has_blank(text) {
            lengths[beginning(text[0], text[1])] |= length_bit(text.len());
        }
        index += 1;
    }
    lengths
}

const fn has_blank(text: &[u8]) -> bool {
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        if byte == b' ' {
            return true;
        }
        rest = after;
    }
    false
}

enum Of {
    All,
    Phrases,
}

/// The longest text, and a zero at least.
const KEY: usize = TEXT_MAX + 1;
/// Twice as many slots as words, about.
const SLOT_BITS: u32 = 11;

static TABLE: [Word; COUNT] = table();
static SLOTS: [u16; 1 << SLOT_BITS] = slots();
static LENGTHS: [u32; 1 << 10] = lengths(Of::All);
static PHRASE_LENGTHS: [u32; 1 << 10] = lengths(Of::Phrases);
