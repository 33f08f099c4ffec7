//! HTML character references: `htmlEntityDecode`.

use super::{
    escape::{Escape, decode, hex_digit},
    scan::is,
};

/// `htmlEntityDecode`: each reference becomes one byte. `&#DDD` and `&#xHH` become the low byte of the number, 255
/// where the number is past every integer; `&quot`, `&amp`, `&lt`, `&gt` and `&nbsp` (0xA0) are known by name, in any
/// case. A semicolon after it belongs to a reference but need not be there. All else stays.
///
/// A name is the whole run of letters and digits, as in ModSecurity 2 and up to 3.0.9: `&lttest` is none. (3.0.14
/// compares beginnings and swallows the rest of the run; Coraza knows all of HTML 5's names and writes UTF-8.)
///
/// ```text
/// SecRule ARGS "@rx <script" "id:1,phase:2,deny,t:none,t:htmlEntityDecode"
/// ```
pub(super) fn decode_entities(input: &[u8], out: &mut Vec<u8>) -> bool {
    decode(input, out, introduces, |rest| {
        let (byte, length) = match *rest {
            [_, b'#', b'x' | b'X', ref digits @ ..] => number(digits, 16, 3)?,
            [_, b'#', ref digits @ ..] => number(digits, 10, 2)?,
            [_, ref name @ ..] => named(name)?,
            [] => return None,
        };
        let semicolon = rest.get(length) == Some(&b';');
        Some(Escape::new(length + usize::from(semicolon), byte))
    })
}

#[inline(always)]
fn introduces(byte: u8) -> u8 {
    is(byte, b'&')
}

/// The byte for a number, and the length of the reference up to the number's end.
fn number(digits: &[u8], base: i64, before: usize) -> Option<(u8, usize)> {
    let digits = digits.iter().map_while(|&byte| hex_digit(byte).map(i64::from));
    let digits = digits.take_while(|&digit| digit < base);
    let (value, count) = digits.fold((0_i64, 0), |(value, count), digit| {
        (value.saturating_mul(base).saturating_add(digit), count + 1)
    });
    let [.., low] = value.to_be_bytes();
    if count > 0 { Some((low, before + count)) } else { None }
}

/// The byte for a name, and the length of the reference up to the name's end.
fn named(rest: &[u8]) -> Option<(u8, usize)> {
    let longest = rest.iter().take(5);
    let length = longest.take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let name = rest.get(..length)?;
    let &(_, byte) = NAMES.iter().find(|(known, _)| name.eq_ignore_ascii_case(known))?;
    Some((byte, 1 + length))
}

const NAMES: [(&[u8], u8); 5] =
    [(b"quot", b'"'), (b"amp", b'&'), (b"lt", b'<'), (b"gt", b'>'), (b"nbsp", 0xa0)];
