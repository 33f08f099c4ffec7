//! Decoders of escapes: the walk over the input that all share, and the digits they read.
//!
//! An escape is introduced by one byte and stands for at most one byte. What is not an escape is left as it is: a
//! decoder is not the place to refuse a request.

use super::scan::find;

/// An escape that was read.
pub(super) struct Escape {
    /// How many bytes it takes, from the one that introduces it.
    pub length: usize,
    /// What it stands for, or nothing.
    pub byte: Option<u8>,
}

impl Escape {
    /// An escape of this length for this byte.
    pub(super) fn new(length: usize, byte: u8) -> Self {
        Self { length, byte: Some(byte) }
    }
}

/// Puts in the place of each escape what it stands for. `read` is given the input from a byte of the class that
/// introduces escapes, and is to take at least that byte and no more than it was given.
///
/// Gives false, and leaves `out` alone, where there is no escape.
#[inline(always)]
pub(super) fn decode(
    input: &[u8],
    out: &mut Vec<u8>,
    introduces: impl Fn(u8) -> u8 + Copy,
    read: impl Fn(&[u8]) -> Option<Escape>,
) -> bool {
    let (mut changed, mut copied, mut at) = (false, 0, 0);
    while let Some(distance) = find(&input[at..], introduces) {
        let start = at + distance;
        at = start + 1;
        let Some(escape) = read(&input[start..]) else { continue };
        if !changed {
            out.clear();
            out.reserve(input.len());
            changed = true;
        }
        out.extend_from_slice(&input[copied..start]);
        out.extend(escape.byte);
        at = start + escape.length;
        copied = at;
    }
    if changed {
        out.extend_from_slice(&input[copied..]);
    }
    changed
}

/// The value of a hexadecimal digit.
pub(super) fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

/// The byte that two hexadecimal digits stand for.
pub(super) fn hex_byte(high: u8, low: u8) -> Option<u8> {
    Some(hex_digit(high)? << 4 | hex_digit(low)?)
}

/// The code that four hexadecimal digits stand for.
pub(super) fn hex_code(digits: [u8; 4]) -> Option<u16> {
    let [a, b, c, d] = digits;
    Some(u16::from_be_bytes([hex_byte(a, b)?, hex_byte(c, d)?]))
}

/// The value of one to three octal digits at the beginning, and how many they are. Three may pass 255; the caller
/// says what that means.
pub(super) fn octal(input: &[u8]) -> Option<(u16, usize)> {
    let digits = input.iter().take(3).take_while(|byte| matches!(byte, b'0'..=b'7'));
    let (value, count) =
        digits.fold((0, 0), |(value, count), byte| (value * 8 + u16::from(byte - b'0'), count + 1));
    if count > 0 { Some((value, count)) } else { None }
}

/// The one byte that is looked at instead of a character: the ASCII character where the character is a full-width
/// form of it (U+FF01 to U+FF5E), else the low byte. Information is lost; rules look for ASCII.
pub(super) fn narrow(code: u16) -> u8 {
    let [high, low] = code.to_be_bytes();
    if high == 0xff && (0x01..=0x5e).contains(&low) { low + 0x20 } else { low }
}

/// The control character that a letter after a backslash stands for, in C as in JavaScript.
pub(super) fn control(letter: u8) -> Option<u8> {
    match letter {
        b'a' => Some(0x07),
        b'b' => Some(0x08),
        b'f' => Some(0x0c),
        b'n' => Some(b'\n'),
        b'r' => Some(b'\r'),
        b't' => Some(b'\t'),
        b'v' => Some(0x0b),
        _ => None,
    }
}
