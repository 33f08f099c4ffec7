//! URL encoding: `urlDecode`, `urlDecodeUni`, `urlEncode`.

use super::{
    escape::{Escape, decode, hex_byte, hex_code, narrow},
    scan::{find, is, within},
    unicode_map::UnicodeMap,
};

/// `urlDecode`: `%HH` becomes the byte, `+` a space. A `%` without two hexadecimal digits is left as it is.
///
/// ```text
/// SecRule REQUEST_URI_RAW "@contains ../" "id:1,phase:1,deny,t:none,t:urlDecode"
/// ```
pub(super) fn decode_plain(input: &[u8], out: &mut Vec<u8>) -> bool {
    decode(input, out, introduces, read_plain)
}

/// `urlDecodeUni`: as `urlDecode`, and `%uHHHH`, as old IIS has it, becomes one byte: what the code page's map says,
/// else the ASCII character of a full-width form (U+FF01 to U+FF5E), else the low byte. Where four digits do not
/// follow, `%u` is left as it is.
///
/// ```text
/// SecRule ARGS "@rx <script" "id:1,phase:2,deny,t:none,t:urlDecodeUni"
/// ```
#[inline(never)]
pub(super) fn decode_unicode(input: &[u8], map: Option<&UnicodeMap>, out: &mut Vec<u8>) -> bool {
    decode(input, out, introduces, |rest| read_unicode(rest, map).or_else(|| read_plain(rest)))
}

/// `urlEncode`: letters, digits and `*` stay, a space becomes `+`, every other byte `%hh` in lower case.
///
/// ```text
/// SecRule REQUEST_FILENAME "@streq %2flogin" "id:1,phase:1,pass,t:none,t:urlEncode"
/// ```
pub(super) fn encode(input: &[u8], out: &mut Vec<u8>) -> bool {
    let Some(first) = find(input, encoded) else { return false };
    let (plain, rest) = input.split_at(first);
    out.clear();
    out.reserve(input.len() + 2 * rest.len());
    out.extend_from_slice(plain);
    for &byte in rest {
        match byte {
            b' ' => out.push(b'+'),
            _ if encoded(byte) != 0 => out.push(byte),
            _ => out.extend_from_slice(&percent(byte)),
        }
    }
    true
}

#[inline(always)]
fn introduces(byte: u8) -> u8 {
    is(byte, b'%').min(is(byte, b'+'))
}

fn read_plain(rest: &[u8]) -> Option<Escape> {
    match *rest {
        [b'+', ..] => Some(Escape::new(1, b' ')),
        [_, high, low, ..] => Some(Escape::new(3, hex_byte(high, low)?)),
        _ => None,
    }
}

fn read_unicode(rest: &[u8], map: Option<&UnicodeMap>) -> Option<Escape> {
    let &[b'%', b'u' | b'U', a, b, c, d, ..] = rest else { return None };
    let code = hex_code([a, b, c, d])?;
    let byte = map.and_then(|map| map.byte(code)).unwrap_or_else(|| narrow(code));
    Some(Escape::new(6, byte))
}

/// Distance to the bytes that do not stay as they are: the opposite of a class is 0 where the distance is not.
#[inline(always)]
fn encoded(byte: u8) -> u8 {
    let letter = within(byte | 0x20, b'a', b'z');
    let kept = letter.min(within(byte, b'0', b'9')).min(is(byte, b'*'));
    u8::from(kept == 0)
}

fn percent(byte: u8) -> [u8; 3] {
    let [high, low] = super::hex::digits(byte);
    [b'%', high, low]
}
