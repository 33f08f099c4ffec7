//! Each function against a plain rendering of its description, without any scan that looks for a way out early.

use proptest::prelude::*;

use super::{Changing, Transformation as T, result};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn functions_do_what_is_said_of_them(input in input()) {
        for function in T::ALL {
            let result = result(function, &input);
            prop_assert!(result.len() <= 3 * input.len() + 20, "{} grows to {}", function, result.len());
            prop_assert!(result == input || Changing::of(&input).contains(function), "{}", function);
            if let Some(expected) = plainly(function, &input) {
                prop_assert_eq!(result, expected, "{}", function);
            }
        }
    }

    #[test]
    fn no_function_changes_what_has_none_of_its_bytes(input in "[a-wyz0-9_!:=?@~$]{0,80}") {
        let input = input.into_bytes();
        let quiet = T::ALL.into_iter().filter(|function| !Changing::of(&input).contains(*function));
        let mut count = 0;
        for function in quiet {
            count += 1;
            prop_assert_eq!(&result(function, &input), &input, "{}", function);
        }
        prop_assert!(count > 20, "most functions leave letters and digits alone");
    }

    #[test]
    fn what_is_encoded_can_be_decoded(input in proptest::collection::vec(any::<u8>(), 0..99)) {
        for (encode, decode) in [
            (T::Base64Encode, T::Base64Decode),
            (T::Base64Encode, T::Base64DecodeExt),
            (T::HexEncode, T::HexDecode),
            (T::UrlEncode, T::UrlDecode),
            (T::UrlEncode, T::UrlDecodeUni),
        ] {
            prop_assert_eq!(&result(decode, &result(encode, &input)), &input, "{}", decode);
        }
    }
}

/// Fragments that functions look for, among bytes of all kinds.
fn input() -> impl Strategy<Value = Vec<u8>> {
    let fragment = prop_oneof![
        4 => proptest::sample::select(FRAGMENTS).prop_map(|fragment| fragment.to_vec()),
        2 => "[ -~]{1,9}".prop_map(String::into_bytes),
        1 => "[a-z]{1,40}".prop_map(String::into_bytes),
        1 => ".{1,3}".prop_map(String::into_bytes),
        1 => proptest::collection::vec(any::<u8>(), 1..3),
    ];
    proptest::collection::vec(fragment, 0..12).prop_map(|fragments| fragments.concat())
}

const FRAGMENTS: &[&[u8]] = &[
    b"/",
    b"\\",
    b".",
    b"..",
    b"/../",
    b"\\..\\",
    b"*",
    b"/*",
    b"*/",
    b"-",
    b"<!--",
    b"-->",
    b"#",
    b" ",
    b"  ",
    b"\t",
    b"\r\n",
    b"\x0b",
    b"\xa0",
    b"\xc2\xa0",
    b"\0",
    b"%",
    b"%u",
    b"%u0041",
    b"%uff41",
    b"%4",
    b"%41",
    b"+",
    b"\\x4",
    b"\\x41",
    b"\\u00",
    b"\\u0041",
    b"\\uff41",
    b"\\7",
    b"\\777",
    b"\\n",
    b"\\ff41 ",
    b"\\\n",
    b"&",
    b"&#",
    b"&#x",
    b"&lt",
    b"&gt;",
    b"&#60;",
    b"&#x3c",
    b"0x",
    b"0x41",
    b"41",
    b"4",
    b"=",
    b"Zm94",
    b"A",
    b"a",
    b",",
    b";",
    b"(",
    b"^",
    b"\"",
    b"'",
    b"\xc3\xa9",
    b"\xe2\x88\x95",
    b"\xf0\x9f\xa6\x8a",
    b"\xc0\xaf",
    b"\xed\xa0\x80",
    b"\xe2",
];

/// What the description says; nothing for those whose tables suffice.
fn plainly(function: T, input: &[u8]) -> Option<Vec<u8>> {
    let text = input.iter().copied();
    Some(match function {
        T::Lowercase => input.to_ascii_lowercase(),
        T::Uppercase => input.to_ascii_uppercase(),
        T::Length => input.len().to_string().into_bytes(),
        T::RemoveNulls => text.filter(|&byte| byte != 0).collect(),
        T::ReplaceNulls => replace(input, b"\0", b" "),
        T::Trim | T::TrimLeft | T::TrimRight => trimmed(function, input),
        T::CompressWhitespace => compressed(input),
        T::RemoveWhitespace => text_of(compressed(input)).filter(|&byte| byte != b' ').collect(),
        T::CmdLine => command_line(input),
        T::ParityZero7bit => text.map(|byte| byte % 128).collect(),
        T::ParityEven7bit => text.map(|byte| with_parity(byte % 128, 0)).collect(),
        T::ParityOdd7bit => text.map(|byte| with_parity(byte % 128, 1)).collect(),
        T::HexEncode => text.flat_map(|byte| format!("{byte:02x}").into_bytes()).collect(),
        T::UrlEncode => text.flat_map(url_encoded).collect(),
        T::ReplaceComments => comments_replaced(input),
        T::RemoveCommentsChar => marks_removed(input),
        T::NormalizePath => path(input),
        T::NormalizePathWin => path(&replace(input, b"\\", b"/")),
        T::Utf8ToUnicode => unicode(input),
        T::UrlDecode => {
            replace_escapes(&replace(input, b"+", b" "), b'%', 3, |hex| byte(&hex[1..]))
        }
        T::CssDecode if !input.contains(&b'\\') => input.to_vec(),
        T::JsDecode | T::EscapeSeqDecode
            if !input.strip_suffix(b"\\").unwrap_or(input).contains(&b'\\') =>
        {
            input.to_vec()
        }
        T::HtmlEntityDecode if !input.contains(&b'&') => input.to_vec(),
        T::UrlDecodeUni if !contains(input, b"%u") && !contains(input, b"%U") => {
            plainly(T::UrlDecode, input)?
        }
        T::SqlHexDecode if !contains(input, b"0x") && !contains(input, b"0X") => input.to_vec(),
        T::RemoveComments
            if ["/*", "<!--", "--", "#"].iter().all(|mark| !contains(input, mark.as_bytes())) =>
        {
            input.to_vec()
        }
        _ => return None,
    })
}

fn text_of(bytes: Vec<u8>) -> impl Iterator<Item = u8> {
    bytes.into_iter()
}

fn contains(input: &[u8], part: &[u8]) -> bool {
    input.windows(part.len()).any(|window| window == part)
}

fn replace(input: &[u8], part: &[u8], by: &[u8]) -> Vec<u8> {
    replace_escapes(input, part[0], part.len(), |found| (found == part).then(|| by.to_vec()))
}

/// Puts something in the place of parts of this length that begin with this byte.
fn replace_escapes(
    input: &[u8],
    first: u8,
    length: usize,
    by: impl Fn(&[u8]) -> Option<Vec<u8>>,
) -> Vec<u8> {
    let (mut out, mut at) = (Vec::new(), 0);
    while at < input.len() {
        let part = input.get(at..at + length).filter(|part| part[0] == first);
        match part.and_then(&by) {
            Some(replaced) => {
                out.extend(replaced);
                at += length;
            }
            None => {
                out.push(input[at]);
                at += 1;
            }
        }
    }
    out
}

fn byte(hex: &[u8]) -> Option<Vec<u8>> {
    let digits = hex.iter().all(u8::is_ascii_hexdigit);
    let hex = str::from_utf8(hex).ok().filter(|_| digits)?;
    Some(vec![u8::from_str_radix(hex, 16).ok()?])
}

fn is_space(byte: &u8) -> bool {
    b" \t\n\x0b\x0c\r".contains(byte)
}

fn trimmed(function: T, input: &[u8]) -> Vec<u8> {
    let mut out = input.to_vec();
    while function != T::TrimRight && out.first().is_some_and(is_space) {
        out.remove(0);
    }
    while function != T::TrimLeft && out.last().is_some_and(is_space) {
        out.pop();
    }
    out
}

fn compressed(input: &[u8]) -> Vec<u8> {
    let mut out = replace(input, b"\xc2\xa0", b" ");
    out.iter_mut().filter(|byte| is_space(byte) || **byte == 0xa0).for_each(|byte| *byte = b' ');
    out.dedup_by(|two, one| *one == b' ' && *two == b' ');
    out
}

fn command_line(input: &[u8]) -> Vec<u8> {
    let mut out = input.to_ascii_lowercase();
    out.retain(|byte| !b"\\\"'^".contains(byte));
    out.iter_mut().filter(|byte| b" \t\r\n,;".contains(byte)).for_each(|byte| *byte = b' ');
    out.dedup_by(|two, one| *one == b' ' && *two == b' ');
    replace(&replace(&out, b" /", b"/"), b" (", b"(")
}

fn with_parity(low: u8, parity: u32) -> u8 {
    if low.count_ones() % 2 == parity { low } else { low + 128 }
}

fn url_encoded(byte: u8) -> Vec<u8> {
    match byte {
        b' ' => b"+".to_vec(),
        b'*' => b"*".to_vec(),
        _ if byte.is_ascii_alphanumeric() => vec![byte],
        _ => format!("%{byte:02x}").into_bytes(),
    }
}

fn comments_replaced(input: &[u8]) -> Vec<u8> {
    let text = input.iter().map(|&byte| char::from(byte)).collect::<String>();
    let mut out = String::new();
    let mut rest = text.as_str();
    while let Some((before, inside)) = rest.split_once("/*") {
        out += before;
        out.push(' ');
        rest = inside.split_once("*/").map_or("", |(_, after)| after);
    }
    out += rest;
    out.chars().map(|character| character as u8).collect()
}

fn marks_removed(input: &[u8]) -> Vec<u8> {
    const MARKS: [&[u8]; 6] = [b"<!--", b"-->", b"--", b"/*", b"*/", b"#"];
    let (mut out, mut rest) = (Vec::new(), input);
    while let Some((&byte, after)) = rest.split_first() {
        match MARKS.iter().find_map(|mark| rest.strip_prefix(*mark)) {
            Some(after_mark) => rest = after_mark,
            None => {
                out.push(byte);
                rest = after;
            }
        }
    }
    out
}

fn path(input: &[u8]) -> Vec<u8> {
    let absolute = input.starts_with(b"/");
    let mut kept: Vec<&[u8]> = Vec::new();
    for segment in input.split(|&byte| byte == b'/') {
        let back = !matches!(kept.last(), None | Some(&b".."));
        match segment {
            b"" | b"." => {}
            b".." if back => drop(kept.pop()),
            b".." if absolute => {}
            _ => kept.push(segment),
        }
    }
    let mut out = kept.join(&b'/');
    if absolute {
        out.insert(0, b'/');
    }
    if input.ends_with(b"/") && !kept.is_empty() {
        out.push(b'/');
    }
    out
}

fn unicode(input: &[u8]) -> Vec<u8> {
    let (mut out, mut rest) = (Vec::new(), input);
    while let Some((&byte, after)) = rest.split_first() {
        let ends = (2..=rest.len().min(4)).filter(|_| !byte.is_ascii());
        match ends.filter_map(|end| Some((str::from_utf8(&rest[..end]).ok()?, end))).next() {
            Some((character, end)) => {
                let code = character.chars().map(u32::from).next();
                out.extend(format!("%u{:04x}", code.unwrap_or_default()).into_bytes());
                rest = &rest[end..];
            }
            None => {
                out.push(byte);
                rest = after;
            }
        }
    }
    out
}
