//! Which functions can change a value, by the bytes that are in it.
//!
//! Most values are letters and digits, and most functions leave those alone. One pass over a value says so for all functions
//! at once, so that the functions need not be asked. What is said errs on one side only: a function that is not named
//! changes nothing.

use super::Transformation;

/// A set of functions, as bits by [`Transformation::index`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Changing(u64);

/// Of each byte, the functions that can change a value that has it.
const BY_BYTE: [u64; 256] = by_byte();
/// Functions that can change a value of any bytes.
const ALWAYS: u64 = always();

impl Changing {
    /// The functions that can change this value.
    pub fn of(value: &[u8]) -> Self {
        static TABLE: [u64; 256] = BY_BYTE;
        Self(value.iter().fold(ALWAYS, |set, byte| set | TABLE[usize::from(*byte)]))
    }

    /// These functions.
    pub fn only(functions: &[Transformation]) -> Self {
        Self(functions.iter().fold(0, |set, function| set | 1 << *function as u8))
    }

    /// Whether a function is among them.
    #[inline]
    pub fn contains(self, function: Transformation) -> bool {
        self.0 >> function as u8 & 1 == 1
    }

    /// Whether some function is among both.
    #[inline]
    pub fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

const fn by_byte() -> [u64; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < Transformation::COUNT {
        let function = Transformation::ALL[index];
        let mut byte = 0;
        while byte < 256 {
            if touches(function, byte as u8) {
                table[byte] |= 1 << function as u8;
            }
            byte += 1;
        }
        index += 1;
    }
    table
}

/// Those that every byte touches ask for more than which bytes there are.
const fn always() -> u64 {
    let (mut set, mut byte) = (u64::MAX, 0);
    while byte < 256 {
        set &= BY_BYTE[byte];
        byte += 1;
    }
    set
}

/// Whether a function can change a value because this byte is in it.
const fn touches(function: Transformation, byte: u8) -> bool {
    use Transformation as T;
    match function {
        T::CmdLine => {
            byte.is_ascii_uppercase()
                || matches!(
                    byte,
                    b'\\' | b'"' | b'\'' | b'^' | b',' | b';' | b' ' | b'\t' | b'\n' | b'\r'
                )
        }
        T::CompressWhitespace | T::RemoveWhitespace => is_space(byte) || byte == 0xa0,
        T::Trim | T::TrimLeft | T::TrimRight => is_space(byte),
        T::CssDecode | T::EscapeSeqDecode | T::JsDecode => byte == b'\\',
        T::HtmlEntityDecode => byte == b'&',
        T::Lowercase => byte.is_ascii_uppercase(),
        T::Uppercase => byte.is_ascii_lowercase(),
        T::NormalizePath => matches!(byte, b'/' | b'.'),
        T::NormalizePathWin => matches!(byte, b'/' | b'.' | b'\\'),
        T::RemoveComments | T::RemoveCommentsChar => matches!(byte, b'*' | b'-' | b'#'),
        T::ReplaceComments => byte == b'*',
        T::RemoveNulls | T::ReplaceNulls => byte == 0,
        T::SqlHexDecode => matches!(byte, b'x' | b'X'),
        T::UrlDecode | T::UrlDecodeUni => matches!(byte, b'%' | b'+'),
        T::UrlEncode => !byte.is_ascii_alphanumeric() && byte != b'*',
        T::ParityZero7bit | T::Utf8ToUnicode => !byte.is_ascii(),
        T::Base64Decode
        | T::Base64DecodeExt
        | T::Base64Encode
        | T::HexDecode
        | T::HexEncode
        | T::Length
        | T::Md5
        | T::ParityEven7bit
        | T::ParityOdd7bit
        | T::Sha1 => true,
    }
}

const fn is_space(byte: u8) -> bool {
    matches!(byte, b'\t'..=b'\r' | b' ')
}
