//! Hexadecimal: `hexDecode`, `hexEncode`, `sqlHexDecode`.

use super::{
    escape::hex_byte,
    scan::{find_pair, is},
};

/// `hexEncode`: two lower-case digits for each byte.
///
/// ```text
/// SecRule ARGS:key "@streq 00ff" "id:1,phase:2,deny,t:none,t:hexEncode"
/// ```
pub(super) fn encode(input: &[u8], out: &mut Vec<u8>) -> bool {
    out.clear();
    out.reserve(2 * input.len());
    for &byte in input {
        out.extend_from_slice(&digits(byte));
    }
    !input.is_empty()
}

/// `hexDecode`: a byte for each two digits; an odd one at the end is dropped.
///
/// What is not a digit is put through the same arithmetic, as in ModSecurity 2 and 3, so that a stray byte spoils
/// one byte and not the alignment of the rest. (Coraza refuses such input as a whole.)
///
/// ```text
/// SecRule ARGS:payload "@contains eval(" "id:1,phase:2,deny,t:none,t:hexDecode"
/// ```
pub(super) fn decode(input: &[u8], out: &mut Vec<u8>) -> bool {
    out.clear();
    out.extend(
        input.as_chunks().0.iter().map(|&[high, low]| {
            lenient_digit(high).wrapping_mul(16).wrapping_add(lenient_digit(low))
        }),
    );
    !input.is_empty()
}

/// `sqlHexDecode`: each `0xHHHH...`, in either case of the `x`, becomes the bytes of its pairs of digits. An odd digit
/// at the end stays, as does a `0x` without two digits.
///
/// As 3.0.14 does it; before, ModSecurity 2 and 3 stopped at a NUL and overlooked a number directly after another.
///
/// ```text
/// SecRule ARGS "@contains xp_cmdshell" "id:1,phase:2,deny,t:none,t:sqlHexDecode"
/// ```
pub(super) fn decode_sql(input: &[u8], out: &mut Vec<u8>) -> bool {
    let (mut changed, mut copied, mut at) = (false, 0, 0);
    while let Some(distance) = find_pair(&input[at..], prefix) {
        let start = at + distance;
        at = start + 2;
        let pairs = input[at..].as_chunks().0.iter();
        let mut bytes = pairs.map_while(|&[high, low]| hex_byte(high, low)).peekable();
        if bytes.peek().is_none() {
            continue;
        }
        if !changed {
            out.clear();
            out.reserve(input.len());
            changed = true;
        }
        out.extend_from_slice(&input[copied..start]);
        let before = out.len();
        out.extend(bytes);
        at += 2 * (out.len() - before);
        copied = at;
    }
    if changed {
        out.extend_from_slice(&input[copied..]);
    }
    changed
}

/// The two lower-case digits of a byte.
pub(super) fn digits(byte: u8) -> [u8; 2] {
    [byte >> 4, byte & 15].map(|digit| if digit < 10 { b'0' + digit } else { b'a' + digit - 10 })
}

#[inline(always)]
fn prefix(one: u8, two: u8) -> u8 {
    is(one, b'0') | is(two | 0x20, b'x')
}

/// The value of a digit where it is one, else what ModSecurity's arithmetic makes of the byte.
fn lenient_digit(byte: u8) -> u8 {
    if byte >= b'A' {
        (byte & 0xdf).wrapping_sub(b'A').wrapping_add(10)
    } else {
        byte.wrapping_sub(b'0')
    }
}
