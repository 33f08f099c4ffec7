//! UTF-8: `utf8toUnicode`.

use super::{
    hex::digits,
    scan::{find, within},
};

/// `utf8toUnicode`: each valid sequence of two to four bytes (RFC 3629) becomes `%uhhhh` in lower case, with five or six
/// digits past U+FFFF. ASCII stays, NUL among it, and so does every byte that is not part of a valid sequence.
///
/// Engines differ on the rest. ModSecurity 3 writes overlong sequences and surrogates as if they were valid and their
/// first byte after them, loses NULs and truncated sequences; ModSecurity 2 cuts what is past U+FFFF to four digits and
/// takes a NUL with the byte after it for a character. Coraza writes `%ufffd` for each invalid byte.
///
/// ```text
/// SecRule ARGS "@rx <script" "id:1,phase:2,deny,t:none,t:utf8toUnicode,t:urlDecodeUni"
/// ```
pub(super) fn to_unicode(input: &[u8], out: &mut Vec<u8>) -> bool {
    let Some(first) = find(input, high) else { return false };
    out.clear();
    out.reserve(3 * input.len());
    let (ascii, rest) = input.split_at(first);
    out.extend_from_slice(ascii);
    let mut changed = false;
    for chunk in rest.utf8_chunks() {
        for character in chunk.valid().chars() {
            match u8::try_from(character) {
                Ok(byte) if byte.is_ascii() => out.push(byte),
                _ => {
                    changed = true;
                    write(character, out);
                }
            }
        }
        out.extend_from_slice(chunk.invalid());
    }
    changed
}

#[inline(always)]
fn high(byte: u8) -> u8 {
    within(byte, 0x80, 0xff)
}

fn write(character: char, out: &mut Vec<u8>) {
    let [_, plane, high, low] = u32::from(character).to_be_bytes();
    out.extend_from_slice(b"%u");
    let [tens, ones] = digits(plane);
    if plane >= 16 {
        out.push(tens);
    }
    if plane > 0 {
        out.push(ones);
    }
    out.extend_from_slice(&digits(high));
    out.extend_from_slice(&digits(low));
}
