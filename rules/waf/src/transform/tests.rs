//! Tables of what each function makes of what, and the names.

use super::*;

mod plain;

/// What a function makes of an input; the input where it changes nothing.
fn result(function: Transformation, input: &[u8]) -> Vec<u8> {
    let mut out = b"left from before".to_vec();
    if function.apply(input, None, &mut out) {
        assert_ne!(out, input, "{function} claims a change");
        out
    } else {
        input.to_vec()
    }
}

/// Tries each pair. A string stands for its bytes; `\u{..}` is avoided in favour of byte strings.
#[track_caller]
fn table(function: Transformation, pairs: &[(&[u8], &[u8])]) {
    for (input, expected) in pairs {
        let result = result(function, input);
        let shown = result.escape_ascii();
        assert_eq!(
            &result,
            expected,
            "{function} of {:?}: {shown}",
            input.escape_ascii().to_string()
        );
    }
}

/// A table without the noise of references to arrays.
macro_rules! table {
    ($function:ident: $($input:literal => $output:expr),+ $(,)?) => {
        table(Transformation::$function, &[$((&$input[..], &$output[..])),+])
    };
}

#[test]
fn names_are_found_in_any_case_and_in_either_spelling() {
    for (index, function) in Transformation::ALL.into_iter().enumerate() {
        assert_eq!(function.index(), index);
        assert_eq!(Transformation::from_name(function.name()), Some(function));
        assert_eq!(Transformation::from_name(&function.name().to_uppercase()), Some(function));
    }
    let british = ["normalisePath", "NORMALISEPATHWIN"].map(Transformation::from_name);
    let american = [Transformation::NormalizePath, Transformation::NormalizePathWin];
    assert_eq!(british, american.map(Some));
    for name in ["none", "", "lower", "base64", "urldecode ", "normalise"] {
        assert_eq!(Transformation::from_name(name), None, "{name}");
    }
}

#[test]
fn base64_decoding() {
    table!(Base64Decode:
        b"" => b"", b"Zm94" => b"fox", b"Zm94dA==" => b"foxt", b"Zm94dHI=" => b"foxtr",
        b"Zm94dHI" => b"foxtr", b"Zm94d" => b"fox", b"Z" => b"", b"Zm" => b"f",
        b"+/+/" => b"\xfb\xff\xbf", b"-_" => b"", b"AAAA" => b"\0\0\0",
        // It ends at a fault, and at padding.
        b"Zm94!Zm94" => b"fox", b"Zm9=Zm94" => b"fo", b"Zm94\0Zm94" => b"fox",
        b"Zm94 Zm94" => b"fox", b"=Zm94" => b"", b"\xe9" => b"",
        // Lines of RFC 2045 do not end it.
        b"Zm\r\n94\nZm94" => b"foxfox",
    );
    table!(Base64DecodeExt:
        b"" => b"", b"Zm94" => b"fox", b"Z.m 9\t4" => b"fox", b"Zm94=Zm94" => b"foxfox",
        b"Z=m94" => b"fox", b"Zm\0\xff94" => b"fox", b"...." => b"", b"Zm9" => b"fo",
        b"Z=" => b"",
    );
    table!(Base64Encode:
        b"" => b"", b"f" => b"Zg==", b"fo" => b"Zm8=", b"fox" => b"Zm94",
        b"foxt" => b"Zm94dA==", b"\xfb\xff\xbf" => b"+/+/", b"\0" => b"AA==",
    );
}

#[test]
fn command_lines() {
    table!(CmdLine:
        b"" => b"", b"cat /etc/hosts" => b"cat/etc/hosts", b"c^m\"d\" '/c'" => b"cmd/c",
        b"W\\hO,;\t\r\nAm i" => b"who am i", b"echo (x)" => b"echo(x)", b"a ' /b" => b"a/b",
        b"a/ /b" => b"a//b", b" x " => b" x ", b"," => b" ", b" /" => b"/",
        b"a\x0bb" => b"a\x0bb", b"a\0B" => b"a\0b", b"one two" => b"one two", b"\"" => b"",
        b"\xc9" => b"\xc9", b"_[]^" => b"_[]",
    );
}

#[test]
fn white_space() {
    table!(CompressWhitespace:
        b"" => b"", b"a b" => b"a b", b"a  b" => b"a b", b"a\tb" => b"a b",
        b"\x0b\x0c\r\n a" => b" a", b"a\xa0\xa0b" => b"a b", b"a\xc2\xa0 b" => b"a b",
        b"\xc2" => b"\xc2", b"a\xc2b\xa0" => b"a\xc2b ", b"  " => b" ", b"\n" => b" ",
        b"a\x85b" => b"a\x85b",
    );
    table!(RemoveWhitespace:
        b"" => b"", b" a\t\x0bb\x0c\r\n" => b"ab", b"a\xa0b" => b"ab", b"a\xc2\xa0b" => b"ab",
        b"\xc2\xa3 5" => b"\xc2\xa35", b"ab" => b"ab", b" " => b"",
    );
    table!(Trim:
        b"" => b"", b" \t a b\r\n" => b"a b", b" " => b"", b"a" => b"a", b"\xa0a" => b"\xa0a",
    );
    table!(TrimLeft: b"" => b"", b" \x0b a " => b"a ", b"  " => b"", b"a " => b"a ");
    table!(TrimRight: b"" => b"", b" a \x0c" => b" a", b"  " => b"", b" a" => b" a");
    table!(RemoveNulls: b"" => b"", b"\0a\0\0b\0" => b"ab", b"ab" => b"ab", b"\0" => b"");
    table!(ReplaceNulls: b"" => b"", b"\0a\0\0b\0" => b" a  b ", b"ab" => b"ab");
}

#[test]
fn escapes_of_css() {
    table!(CssDecode:
        b"" => b"", b"ja\\vasc\\ript" => b"javascript", b"\\6a a" => b"ja",
        b"\\6a  a" => b"j a", b"\\00006A\ta" => b"ja", b"\\0000006a" => b"\x006a",
        b"\\j" => b"j", b"a\\" => b"a", b"\\\\" => b"\\", b"a\\\nb" => b"ab",
        b"a\\\r\nb" => b"a\r\nb", b"\\4" => b"\x04", b"\\141 b" => b"Ab",
        // Full-width forms, in four to six digits; past U+FFFF the low byte.
        b"\\ff41" => b"a", b"\\0FF41" => b"a", b"\\00ff5e" => b"~", b"\\ff5f" => b"_",
        b"\\ff00" => b"\0", b"\\1ff41" => b"A", b"\\10ff41" => b"A", b"\\fe41" => b"A",
        b"\\" => b"",
    );
}

#[test]
fn escapes_of_c() {
    table!(EscapeSeqDecode:
        b"" => b"", b"\\a\\b\\f\\n\\r\\t\\v" => b"\x07\x08\x0c\n\r\t\x0b",
        b"\\\\ \\? \\' \\\"" => b"\\ ? ' \"", b"\\x41\\X42" => b"AB",
        b"\\101\\60\\7" => b"A0\x07", b"\\0101" => b"\x081", b"\\400\\777" => b"\0\xff",
        b"\\18" => b"\x018",
        // What is not an escape loses its backslash.
        b"\\c\\at" => b"c\x07t", b"\\x4g" => b"x4g", b"\\x" => b"x", b"\\8" => b"8",
        b"\\u0041" => b"u0041", b"end\\" => b"end\\", b"\\\0" => b"\0",
    );
}

#[test]
fn escapes_of_javascript() {
    table!(JsDecode:
        b"" => b"", b"\\u0061\\u2215" => b"a\x15", b"\\uff41\\uFF01\\uff5e" => b"a!~",
        b"\\uff00\\uff5f\\ufe41" => b"\0_A", b"\\x61\\x3C" => b"a<",
        b"\\141\\47\\7" => b"a'\x07", b"\\377\\400\\777" => b"\xff\x200?7", b"\\0619" => b"19",
        b"\\b\\v" => b"\x08\x0b", b"\\l\\/\\'" => b"l/'", b"\\u006" => b"u006",
        b"\\x6" => b"x6", b"\\X41" => b"X41", b"\\u{61}" => b"u{61}", b"\\\\n" => b"\\n",
        b"end\\" => b"end\\", b"\\" => b"\\",
    );
}

#[test]
fn hexadecimal() {
    table!(HexDecode:
        b"" => b"", b"666f78" => b"fox", b"666F7" => b"fo", b"6" => b"", b"00" => b"\0",
        // Not digits: the arithmetic goes on, in step.
        b"6z66" => b"\x83f", b"/0a " => b"\xf0\x90",
    );
    table!(HexEncode: b"" => b"", b"fox" => b"666f78", b"\0\xff" => b"00ff");
    table!(SqlHexDecode:
        b"" => b"", b"0x666f78" => b"fox", b"0X464F" => b"FO", b"(0x66,0x6f)" => b"(f,o)",
        b"0x666" => b"f6", b"0x660x6f" => b"fo", b"0x" => b"0x", b"0x6" => b"0x6",
        b"0xzz" => b"0xzz", b"00x66" => b"0f", b"\x000x66\0" => b"\0f\0", b"0x0x66" => b"0xf",
        b"0x30x41" => b"0x41", b"0" => b"0", b"10" => b"10",
    );
}

#[test]
fn entities_of_html() {
    table!(HtmlEntityDecode:
        b"" => b"", b"&lt;b&gt;" => b"<b>", b"&LT&Gt&quot;&AMP;&nbsp;" => b"<>\"&\xa0",
        b"&#60;&#x3c;&#X3C" => b"<<<", b"&#60b" => b"<b", b"&#x3cg" => b"<g",
        b"&#0000000000060;" => b"<", b"&#x10041;" => b"A",
        b"&#99999999999999999999;" => b"\xff", b"&#0" => b"\0", b"&lt;;" => b"<;",
        // None of these is known.
        b"&lttest;" => b"&lttest;", b"&apos;" => b"&apos;", b"&l" => b"&l", b"&" => b"&",
        b"&;" => b"&;", b"&#" => b"&#", b"&#;" => b"&#;", b"&#x" => b"&#x", b"&#xg" => b"&#xg",
        b"&nbspx" => b"&nbspx", b"a&b" => b"a&b", b"&&lt" => b"&<", b"&amp;lt;" => b"&lt;",
    );
}

#[test]
fn case_and_length() {
    table!(Lowercase:
        b"" => b"", b"@AZ[az`" => b"@az[az`", b"\xc4\xd6" => b"\xc4\xd6", b"a\0B" => b"a\0b",
    );
    table!(Uppercase: b"" => b"", b"@az{AZ`" => b"@AZ{AZ`", b"\xe4" => b"\xe4");
    table!(Length: b"" => b"0", b"1" => b"1", b"fox" => b"3", b"0123456789" => b"10");
    assert_eq!(result(Transformation::Length, &[b'a'; 12_345]), b"12345");
}

/// The vectors of RFC 1321 (appendix A.5) and RFC 3174 (section 7.3).
#[test]
fn digests() {
    for (function, input, expected) in [
        (Transformation::Md5, &b""[..], &b"d41d8cd98f00b204e9800998ecf8427e"[..]),
        (Transformation::Md5, b"abc", b"900150983cd24fb0d6963f7d28e17f72"),
        (Transformation::Md5, b"message digest", b"f96b697d7cb7938d525a2f31aaf161d0"),
        (Transformation::Sha1, b"", b"da39a3ee5e6b4b0d3255bfef95601890afd80709"),
        (Transformation::Sha1, b"abc", b"a9993e364706816aba3e25717850c26c9cd0d89d"),
        (
            Transformation::Sha1,
            b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            b"84983e441c3bd26ebaae4aa1f95129e5e54670f1",
        ),
    ] {
        assert_eq!(result(Transformation::HexEncode, &result(function, input)), expected);
    }
}

#[test]
fn paths() {
    let pairs: &[(&[u8], &[u8])] = &[
        (b"", b""),
        (b"/", b"/"),
        (b"//", b"/"),
        (b"/a//b/./c/", b"/a/b/c/"),
        (b"/a/b/../../c", b"/c"),
        (b"/../../a", b"/a"),
        (b"a/../../b", b"../b"),
        (b"../../a/../b", b"../../b"),
        (b"../a/../..", b"../.."),
        (b"x/../y/../../z", b"../z"),
        (b"a/..", b""),
        (b"a/../", b""),
        (b"./", b""),
        (b".", b""),
        (b"..", b".."),
        (b"../", b"../"),
        (b"/a/..", b"/"),
        (b"/.", b"/"),
        (b"./a", b"a"),
        (b"a/.", b"a"),
        (b"http://x", b"http:/x"),
        // Dots that are not the whole of a segment.
        (b"/a../b", b"/a../b"),
        (b"/.../b", b"/.../b"),
        (b"/.a/..b/c.", b"/.a/..b/c."),
        (b"ab..", b"ab.."),
        (b"/a\0/../b", b"/b"),
    ];
    table(Transformation::NormalizePath, pairs);
    table(Transformation::NormalizePathWin, pairs);
    table!(NormalizePath: b"a\\..\\b" => b"a\\..\\b", b"\\/.." => b"");
    table!(NormalizePathWin:
        b"a\\..\\b" => b"b", b"\\" => b"/", b"c:\\boot.ini" => b"c:/boot.ini",
        b"..\\../x" => b"../../x", b"\\\\host\\\\share" => b"/host/share", b"/\\/a\\" => b"/a/",
        b"\\." => b"/",
    );
}

#[test]
fn parity() {
    table!(ParityEven7bit:
        b"" => b"", b"acAC\0" => b"\xe1cA\xc3\0", b"\x80\xe3" => b"\0c", b"c" => b"c",
    );
    table!(ParityOdd7bit:
        b"" => b"", b"acAC\0" => b"a\xe3\xc1C\x80", b"\xe1\x00" => b"a\x80", b"a" => b"a",
    );
    table!(ParityZero7bit: b"" => b"", b"\xe1b\x80" => b"ab\0", b"ab" => b"ab");
}

#[test]
fn comments() {
    table!(ReplaceComments:
        b"" => b"", b"a/**/b" => b"a b", b"a/* x */b/*y*/" => b"a b ", b"a/*b" => b"a ",
        b"a*/b" => b"a*/b", b"/*/b" => b" ", b"/**//**/" => b"  ", b"/" => b"/",
        b"/* /* */ */" => b"  */", b"/*" => b" ",
    );
    table!(RemoveComments:
        b"" => b"", b"a/*x*/b<!--y-->c" => b"abc", b"a/*x" => b"a ", b"a<!--x" => b"a ",
        b"a--b" => b"a", b"a#b" => b"a", b"#" => b"", b"a-b" => b"a-b", b"a*/b" => b"a*/b",
        b"/*x*/" => b"", b"/*x*//*y*/z" => b"z", b"/*x-->z" => b"z", b"<!--x*/z" => b"z",
        b"/*-- -> - */z" => b"z", b"<!-x" => b"<!-x", b"/*/x" => b" ", b"<!---->z" => b"z",
        b"a-->b" => b"a",
    );
    table!(RemoveCommentsChar:
        b"" => b"", b"un/**/ion" => b"union", b"<!--a-->b--c#d" => b"abcd", b"/*a*/" => b"a",
        b"/" => b"/", b"*" => b"*", b"-" => b"-", b"---" => b"-", b"---->" => b"",
        b"--->" => b"->", b"<!-" => b"<!-", b"<!---" => b"-", b"/*/" => b"/", b"#" => b"",
        b"/#*" => b"/*", b"**//" => b"*/",
    );
}

#[test]
fn url_encoding() {
    table!(UrlDecode:
        b"" => b"", b"a%20b+c" => b"a b c", b"%2F%2f" => b"//", b"%00" => b"\0", b"%" => b"%",
        b"%4" => b"%4", b"%4g%g4" => b"%4g%g4", b"%%41" => b"%A", b"%2541" => b"%41",
        b"%u0041" => b"%u0041",
    );
    table!(UrlDecodeUni:
        b"" => b"", b"a%20b+c" => b"a b c", b"%u0041%U0042" => b"AB", b"%uff41%uFF5E" => b"a~",
        b"%uff5f%uff00%u2215" => b"_\0\x15", b"%u004" => b"%u004", b"%u00g1" => b"%u00g1",
        b"%u%41" => b"%uA", b"%4" => b"%4", b"%%u0041" => b"%A", b"%u" => b"%u",
    );
    table!(UrlEncode:
        b"" => b"", b"azAZ09*" => b"azAZ09*", b"a b" => b"a+b",
        b"a+b/\xe9\0" => b"a%2bb%2f%e9%00", b"-_.@[`{" => b"%2d%5f%2e%40%5b%60%7b",
    );
}

#[test]
fn a_map_of_a_code_page_comes_first() {
    let map = UnicodeMap::parse(b"20127 (US)\n2215:2f ff41:41\n", 20127).unwrap();
    let mut out = Vec::new();
    let input = b"%u2215%uff41%uff61%uff42%u1141";
    assert!(Transformation::UrlDecodeUni.apply(input, Some(&map), &mut out));
    assert_eq!(out, b"/A.bA");
    assert!(Transformation::UrlDecode.apply(b"%u2215+", Some(&map), &mut out));
    assert_eq!(out, b"%u2215 ");
}

#[test]
fn unicode() {
    table!(Utf8ToUnicode:
        b"" => b"", b"abc\0" => b"abc\0", b"caf\xc3\xa9" => b"caf%u00e9",
        b"\xe2\x88\x95" => b"%u2215", b"\xef\xbc\x81" => b"%uff01",
        b"\xf0\x9f\xa6\x8a!" => b"%u1f98a!", b"\xf4\x8f\xbf\xbf" => b"%u10ffff",
        b"\xc2\x80" => b"%u0080", b"a\0\xc3\xa9" => b"a\0%u00e9",
        // Not UTF-8: overlong, a surrogate, past the end of Unicode, cut short, out of place.
        b"\xc0\xaf" => b"\xc0\xaf", b"\xed\xa0\x80" => b"\xed\xa0\x80",
        b"\xf4\x90\x80\x80" => b"\xf4\x90\x80\x80", b"\xe2\x88" => b"\xe2\x88",
        b"\x80\xc3\xa9\xff" => b"\x80%u00e9\xff", b"\xe2\xc3\xa9" => b"\xe2%u00e9",
    );
}
