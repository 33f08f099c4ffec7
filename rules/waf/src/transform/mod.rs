//! Transformation functions: what becomes of a value before a rule's operator looks at it (`t:lowercase` and so on).
//!
//! All of the ModSecurity reference manual are here, one file for each family, with the semantics of each beside its
//! code. Engines differ in corners: where ModSecurity 2, on which the CRS is tested, libmodsecurity 3 and Coraza
//! disagree, the manual and the tests of the CRS decide, and the function says so.
//!
//! Each takes any bytes, in time linear in them, and finds out with one fast scan where it changes nothing, as most do
//! on most values. Not here: the chains that rules make of them, and what is remembered of their results.

use std::fmt;

mod backslash;
mod base64;
mod case;
mod command;
mod comments;
mod digest;
mod escape;
mod hex;
mod html;
mod parity;
mod path;
mod scan;
mod space;
mod touched;
mod unicode_map;
mod url;
mod utf8;

pub use touched::Changing;
pub use unicode_map::{UnicodeMap, UnicodeMapError};

/// One transformation function.
///
/// `t:none` is none of them: it empties the chain of a rule, which is for whoever reads the rule to do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Transformation {
    /// Bytes of Base64, up to the first fault.
    Base64Decode,
    /// Bytes of Base64, passing over what is not of the alphabet.
    Base64DecodeExt,
    /// Base64 of the bytes.
    Base64Encode,
    /// A command line without quoting, in small letters.
    CmdLine,
    /// One space for each run of white space.
    CompressWhitespace,
    /// Escapes of CSS 2 undone.
    CssDecode,
    /// Escapes of C undone.
    EscapeSeqDecode,
    /// Bytes of hexadecimal digits.
    HexDecode,
    /// Hexadecimal digits of the bytes.
    HexEncode,
    /// Character references of HTML undone.
    HtmlEntityDecode,
    /// Escapes of JavaScript undone.
    JsDecode,
    /// The number of bytes, in decimal.
    Length,
    /// ASCII letters made small.
    Lowercase,
    /// The MD5 digest, raw.
    Md5,
    /// A path without `//`, `.` and `..`.
    NormalizePath,
    /// The same, with backslashes taken for slashes.
    NormalizePathWin,
    /// Even parity in the high bit.
    ParityEven7bit,
    /// Odd parity in the high bit.
    ParityOdd7bit,
    /// 0 in the high bit.
    ParityZero7bit,
    /// Text without its comments.
    RemoveComments,
    /// Text without the marks that begin and end comments.
    RemoveCommentsChar,
    /// Text without NUL bytes.
    RemoveNulls,
    /// Text without white space.
    RemoveWhitespace,
    /// A space for each `/* ... */`.
    ReplaceComments,
    /// A space for each NUL byte.
    ReplaceNulls,
    /// The SHA-1 digest, raw.
    Sha1,
    /// Bytes of the hexadecimal literals of SQL.
    SqlHexDecode,
    /// Text without white space at its ends.
    Trim,
    /// Text without white space at its beginning.
    TrimLeft,
    /// Text without white space at its end.
    TrimRight,
    /// ASCII letters made capital.
    Uppercase,
    /// URL encoding undone.
    UrlDecode,
    /// The same, with `%uHHHH`.
    UrlDecodeUni,
    /// URL encoding of the bytes.
    UrlEncode,
    /// `%uhhhh` for each character of UTF-8 that is not ASCII.
    Utf8ToUnicode,
}

impl Transformation {
    /// How many there are.
    pub const COUNT: usize = Self::ALL.len();

    /// All of them, in the order of [`index`](Self::index).
    pub const ALL: [Self; 35] = [
        Self::Base64Decode,
        Self::Base64DecodeExt,
        Self::Base64Encode,
        Self::CmdLine,
        Self::CompressWhitespace,
        Self::CssDecode,
        Self::EscapeSeqDecode,
        Self::HexDecode,
        Self::HexEncode,
        Self::HtmlEntityDecode,
        Self::JsDecode,
        Self::Length,
        Self::Lowercase,
        Self::Md5,
        Self::NormalizePath,
        Self::NormalizePathWin,
        Self::ParityEven7bit,
        Self::ParityOdd7bit,
        Self::ParityZero7bit,
        Self::RemoveComments,
        Self::RemoveCommentsChar,
        Self::RemoveNulls,
        Self::RemoveWhitespace,
        Self::ReplaceComments,
        Self::ReplaceNulls,
        Self::Sha1,
        Self::SqlHexDecode,
        Self::Trim,
        Self::TrimLeft,
        Self::TrimRight,
        Self::Uppercase,
        Self::UrlDecode,
        Self::UrlDecodeUni,
        Self::UrlEncode,
        Self::Utf8ToUnicode,
    ];

    /// The function of this name, in any case and in British or American spelling; none for `none` (see the type).
    pub fn from_name(name: &str) -> Option<Self> {
        let name = match () {
            () if name.eq_ignore_ascii_case("normalisePath") => "normalizePath",
            () if name.eq_ignore_ascii_case("normalisePathWin") => "normalizePathWin",
            () => name,
        };
        Self::ALL.into_iter().find(|function| function.name().eq_ignore_ascii_case(name))
    }

    /// The name, as the manual spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Base64Decode => "base64Decode",
            Self::Base64DecodeExt => "base64DecodeExt",
            Self::Base64Encode => "base64Encode",
            Self::CmdLine => "cmdLine",
            Self::CompressWhitespace => "compressWhitespace",
            Self::CssDecode => "cssDecode",
            Self::EscapeSeqDecode => "escapeSeqDecode",
            Self::HexDecode => "hexDecode",
            Self::HexEncode => "hexEncode",
            Self::HtmlEntityDecode => "htmlEntityDecode",
            Self::JsDecode => "jsDecode",
            Self::Length => "length",
            Self::Lowercase => "lowercase",
            Self::Md5 => "md5",
            Self::NormalizePath => "normalizePath",
            Self::NormalizePathWin => "normalizePathWin",
            Self::ParityEven7bit => "parityEven7bit",
            Self::ParityOdd7bit => "parityOdd7bit",
            Self::ParityZero7bit => "parityZero7bit",
            Self::RemoveComments => "removeComments",
            Self::RemoveCommentsChar => "removeCommentsChar",
            Self::RemoveNulls => "removeNulls",
            Self::RemoveWhitespace => "removeWhitespace",
            Self::ReplaceComments => "replaceComments",
            Self::ReplaceNulls => "replaceNulls",
            Self::Sha1 => "sha1",
            Self::SqlHexDecode => "sqlHexDecode",
            Self::Trim => "trim",
            Self::TrimLeft => "trimLeft",
            Self::TrimRight => "trimRight",
            Self::Uppercase => "uppercase",
            Self::UrlDecode => "urlDecode",
            Self::UrlDecodeUni => "urlDecodeUni",
            Self::UrlEncode => "urlEncode",
            Self::Utf8ToUnicode => "utf8toUnicode",
        }
    }

    /// A number below [`COUNT`](Self::COUNT), for tables.
    pub fn index(self) -> usize {
        usize::from(self as u8)
    }

    /// Writes what becomes of `input` to `out`, whatever was there before.
    ///
    /// Gives false where the result is the input itself, and only then: `out` is of no meaning, and the caller goes on
    /// with the input. `unicode` is the map that `SecUnicodeMapFile` names, for [`UrlDecodeUni`](Self::UrlDecodeUni).
    pub fn apply(self, input: &[u8], unicode: Option<&UnicodeMap>, out: &mut Vec<u8>) -> bool {
        // A pointer and not a call in each arm: else all of them become one function of enormous size.
        let function: fn(&[u8], &mut Vec<u8>) -> bool = match self {
            Self::Base64Decode => base64::decode,
            Self::Base64DecodeExt => base64::decode_lenient,
            Self::Base64Encode => base64::encode,
            Self::CmdLine => command::command_line,
            Self::CompressWhitespace => space::compress,
            Self::CssDecode => backslash::css,
            Self::EscapeSeqDecode => backslash::c,
            Self::HexDecode => hex::decode,
            Self::HexEncode => hex::encode,
            Self::HtmlEntityDecode => html::decode_entities,
            Self::JsDecode => backslash::javascript,
            Self::Length => digest::length,
            Self::Lowercase => case::lower,
            Self::Md5 => digest::md5,
            Self::NormalizePath => path::normalize,
            Self::NormalizePathWin => path::normalize_windows,
            Self::ParityEven7bit => parity::even,
            Self::ParityOdd7bit => parity::odd,
            Self::ParityZero7bit => parity::zero,
            Self::RemoveComments => comments::remove,
            Self::RemoveCommentsChar => comments::remove_marks,
            Self::RemoveNulls => space::remove_nulls,
            Self::RemoveWhitespace => space::remove,
            Self::ReplaceComments => comments::replace,
            Self::ReplaceNulls => space::replace_nulls,
            Self::Sha1 => digest::sha1,
            Self::SqlHexDecode => hex::decode_sql,
            Self::Trim => space::trim,
            Self::TrimLeft => space::trim_left,
            Self::TrimRight => space::trim_right,
            Self::Uppercase => case::upper,
            Self::UrlDecode => url::decode_plain,
            Self::UrlDecodeUni => return url::decode_unicode(input, unicode, out),
            Self::UrlEncode => url::encode,
            Self::Utf8ToUnicode => utf8::to_unicode,
        };
        function(input, out)
    }
}

impl fmt::Display for Transformation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests;
