//! Strings of JSON: their end, and what their escapes say.
//!
//! Half of a surrogate pair is no error, as in YAJL. A high one alone becomes `?` and a low one alone its three bytes (which
//! are no UTF-8, so that `@validateUtf8Encoding` finds them), as there. Unlike YAJL, we do not swallow what follows a high
//! one: in `"\\ud800<"` the `<` has to be seen.

use super::super::BodyError;

pub(super) const UNEXPECTED_END: &str = "unexpected end of the document";

/// A string, without its quotes and with its escapes undone.
pub(super) struct Scanned<'t> {
    pub(super) bytes: &'t [u8],
    /// Where the text goes on behind the closing quote.
    pub(super) next: usize,
}

/// Reads the string that begins at `start`, behind its opening quote. `decoded` holds it if it has escapes.
pub(super) fn scan<'t>(
    text: &'t [u8],
    start: usize,
    decoded: &'t mut Vec<u8>,
) -> Result<Scanned<'t>, BodyError> {
    let end = start + plain(text.get(start..).unwrap_or_default());
    if text.get(end) == Some(&b'"') {
        return Ok(Scanned { bytes: text.get(start..end).unwrap_or_default(), next: end + 1 });
    }
    decoded.clear();
    decoded.extend_from_slice(text.get(start..end).unwrap_or_default());
    let next = decode(text, end, decoded)?;
    Ok(Scanned { bytes: decoded, next })
}

/// Goes on from `at`, the first byte that does not stand for itself, to behind the closing quote.
fn decode(text: &[u8], mut at: usize, decoded: &mut Vec<u8>) -> Result<usize, BodyError> {
    loop {
        match text.get(at) {
            Some(b'"') => return Ok(at + 1),
            Some(b'\\') => {
                let length = escape(text.get(at..).unwrap_or_default(), decoded)
                    .ok_or_else(|| unfinished(text, at, "invalid escape in a string"))?;
                at += length;
            }
            Some(_) => return Err(BodyError::new(at, "control character in a string")),
            None => return Err(BodyError::new(at, UNEXPECTED_END)),
        }
        let rest = text.get(at..).unwrap_or_default();
        let run = plain(rest);
        decoded.extend_from_slice(rest.get(..run).unwrap_or_default());
        at += run;
    }
}

/// An escape that the end of the text cuts short is an unexpected end and nothing else.
fn unfinished(text: &[u8], at: usize, message: &'static str) -> BodyError {
    let rest = text.get(at + 1..).unwrap_or_default();
    let cut = match rest.split_first() {
        None => true,
        Some((b'u', digits)) => digits.len() < 4 && digits.iter().all(u8::is_ascii_hexdigit),
        Some(_) => false,
    };
    if cut { BodyError::new(text.len(), UNEXPECTED_END) } else { BodyError::new(at, message) }
}

/// Undoes the escape at the start of `text` and says how long it was.
fn escape(text: &[u8], decoded: &mut Vec<u8>) -> Option<usize> {
    let byte = match text.get(1)? {
        byte @ (b'"' | b'\\' | b'/') => *byte,
        b'b' => 0x08,
        b'f' => 0x0c,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'u' => return unicode(text, decoded),
        _ => return None,
    };
    decoded.push(byte);
    Some(2)
}

fn unicode(text: &[u8], decoded: &mut Vec<u8>) -> Option<usize> {
    let unit = code_unit(text)?;
    match unit {
        0xd800..=0xdbff => {
            let low = text.get(UNIT_BYTES..).and_then(code_unit);
            let Some(low @ 0xdc00..=0xdfff) = low else {
                decoded.push(b'?');
                return Some(UNIT_BYTES);
            };
            push_char(0x10000 + ((unit - 0xd800) << 10 | (low - 0xdc00)), decoded)?;
            Some(2 * UNIT_BYTES)
        }
        0xdc00..=0xdfff => {
            let continuation = |bits: u32| 0x80 | (bits & 0x3f) as u8;
            decoded.extend([
                0xe0 | (unit >> 12) as u8,
                continuation(unit >> 6),
                continuation(unit),
            ]);
            Some(UNIT_BYTES)
        }
        _ => {
            push_char(unit, decoded)?;
            Some(UNIT_BYTES)
        }
    }
}

/// The number in `\uHHHH`, with which `text` begins.
fn code_unit(text: &[u8]) -> Option<u32> {
    let digits = text.strip_prefix(b"\\u")?.first_chunk::<4>()?;
    digits.iter().try_fold(0, |unit, &digit| Some(unit << 4 | char::from(digit).to_digit(16)?))
}

fn push_char(code: u32, decoded: &mut Vec<u8>) -> Option<()> {
    let mut buffer = [0; 4];
    decoded.extend_from_slice(char::from_u32(code)?.encode_utf8(&mut buffer).as_bytes());
    Some(())
}

/// How many bytes stand for themselves before the first quote, backslash or control character: eight at a time.
fn plain(bytes: &[u8]) -> usize {
    let (words, tail) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let special = special(u64::from_le_bytes(*word));
        if special != 0 {
            return index * 8 + special.trailing_zeros() as usize / 8;
        }
    }
    let special = |&byte: &u8| byte < 0x20 || byte == b'"' || byte == b'\\';
    words.len() * 8 + tail.iter().position(special).unwrap_or(tail.len())
}

/// The high bit of each byte that does not stand for itself. Bits above the lowest one set may be wrong (borrows).
fn special(word: u64) -> u64 {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);
    let below = |limit: u64, word: u64| word.wrapping_sub(ONES * limit) & !word;
    let quote = below(1, word ^ (ONES * b'"' as u64));
    let backslash = below(1, word ^ (ONES * b'\\' as u64));
    (below(0x20, word) | quote | backslash) & HIGH
}

const UNIT_BYTES: usize = 6;
