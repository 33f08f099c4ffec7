//! Escapes that begin with a backslash: `jsDecode`, `cssDecode`, `escapeSeqDecode`.

use super::{
    escape::{Escape, control, decode, hex_byte, hex_code, hex_digit, narrow, octal},
    scan::is,
    space::is_space,
};

/// `jsDecode`: the escapes of JavaScript strings.
///
/// - `\uHHHH`: the ASCII character of a full-width form (U+FF01 to U+FF5E), else the low byte;
/// - `\xHH`: the byte;
/// - `\O`, `\OO`, `\OOO`: the byte in octal, of two digits where three would pass 255;
/// - `\a \b \f \n \r \t \v`: the control character;
/// - any other byte after a backslash: that byte, the `u` and `x` of broken escapes included.
///
/// A backslash at the end stays.
///
/// ```text
/// SecRule ARGS "@rx document\.cookie" "id:1,phase:2,deny,t:none,t:jsDecode"
/// ```
pub(super) fn javascript(input: &[u8], out: &mut Vec<u8>) -> bool {
    decode(input, out, introduces, |rest| match *rest {
        [_, b'u', a, b, c, d, ..] if let Some(code) = hex_code([a, b, c, d]) => {
            Some(Escape::new(6, narrow(code)))
        }
        [_, b'x', high, low, ..] if let Some(byte) = hex_byte(high, low) => {
            Some(Escape::new(4, byte))
        }
        [_, b'0'..=b'7', ..] => octal_byte(&rest[1..]),
        [_, letter, ..] => Some(Escape::new(2, control(letter).unwrap_or(letter))),
        _ => None,
    })
}

/// `escapeSeqDecode`: the escapes of C strings.
///
/// - `\a \b \f \n \r \t \v`: the control character;
/// - `\xHH`, `\XHH`: the byte;
/// - `\O`, `\OO`, `\OOO`: the low byte of the octal number;
/// - any other byte after a backslash: that byte. The manual says that what is invalid is left, but ModSecurity 2
///   and 3 and Coraza all drop the backslash, and a shell does so too: `c\at` runs `cat`.
///
/// A backslash at the end stays.
///
/// ```text
/// SecRule ARGS "@pm /etc/passwd" "id:1,phase:2,deny,t:none,t:escapeSeqDecode"
/// ```
pub(super) fn c(input: &[u8], out: &mut Vec<u8>) -> bool {
    decode(input, out, introduces, |rest| match *rest {
        [_, b'x' | b'X', high, low, ..] if let Some(byte) = hex_byte(high, low) => {
            Some(Escape::new(4, byte))
        }
        [_, b'0'..=b'7', ..] => {
            let (value, digits) = octal(&rest[1..])?;
            let [_, low] = value.to_be_bytes();
            Some(Escape::new(1 + digits, low))
        }
        [_, letter, ..] => Some(Escape::new(2, control(letter).unwrap_or(letter))),
        _ => None,
    })
}

/// `cssDecode`: the escapes of CSS 2 (section 4.1.3).
///
/// - one to six hexadecimal digits, and one white space after them that belongs to the escape: the ASCII character
///   of a full-width form (U+FF01 to U+FF5E), else the low byte;
/// - a line feed after a backslash: nothing, and nothing for a backslash at the end;
/// - any other byte after a backslash: that byte.
///
/// ```text
/// SecRule ARGS "@rx expression\(" "id:1,phase:2,deny,t:none,t:cssDecode,t:lowercase"
/// ```
pub(super) fn css(input: &[u8], out: &mut Vec<u8>) -> bool {
    decode(input, out, introduces, |rest| {
        let after = rest.get(1..).unwrap_or_default();
        let digits = after.iter().take(6).map_while(|&byte| hex_digit(byte));
        let (code, count) =
            digits.fold((0, 0), |(code, count), digit| (code << 4 | u32::from(digit), count + 1));
        Some(match *after {
            _ if count > 0 => {
                let space = after.get(count).is_some_and(|&byte| is_space(byte));
                Escape::new(1 + count + usize::from(space), css_byte(code))
            }
            [] => Escape { length: 1, byte: None },
            [b'\n', ..] => Escape { length: 2, byte: None },
            [byte, ..] => Escape::new(2, byte),
        })
    })
}

/// Codes past U+FFFF are cut to their low byte, as all that are not full-width.
fn css_byte(code: u32) -> u8 {
    let [_, high, .., low] = code.to_be_bytes();
    if high > 0 { low } else { narrow((code & 0xffff) as u16) }
}

/// JavaScript's: three digits only where they stay within a byte.
fn octal_byte(digits: &[u8]) -> Option<Escape> {
    let (value, count) = octal(digits)?;
    match u8::try_from(value) {
        Ok(byte) => Some(Escape::new(1 + count, byte)),
        Err(_) => Some(Escape::new(count, u8::try_from(value >> 3).ok()?)),
    }
}

#[inline(always)]
fn introduces(byte: u8) -> u8 {
    is(byte, b'\\')
}
