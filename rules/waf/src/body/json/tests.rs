use proptest::prelude::*;

use super::{super::tests::Collected, *};

type Args = Vec<(String, Vec<u8>)>;

fn parse_text(text: &[u8]) -> (Args, Result<(), BodyError>) {
    let mut sink = Collected::default();
    let outcome = parse(text, &Limits::default(), &mut sink);
    let name = |name: Vec<u8>| String::from_utf8_lossy(&name).into_owned();
    (sink.args.into_iter().map(|(n, value)| (name(n), value)).collect(), outcome)
}

fn args(text: &str) -> Vec<(String, String)> {
    let (args, outcome) = parse_text(text.as_bytes());
    assert_eq!(outcome, Ok(()), "{text}");
    args.into_iter()
        .map(|(name, value)| (name, String::from_utf8_lossy(&value).into_owned()))
        .collect()
}

fn error(text: &[u8]) -> (String, usize) {
    match parse_text(text).1 {
        Ok(()) => panic!("no error in {:?}", String::from_utf8_lossy(text)),
        Err(error) => (error.message.into_owned(), error.offset),
    }
}

#[test]
fn names_are_those_of_modsecurity() {
    let table: &[(&str, &[(&str, &str)])] = &[
        ("", &[]),
        ("{}", &[]),
        (" [ ] ", &[]),
        ("[{},[],{\"a\":[]}]", &[]),
        ("\"top\"", &[("json", "top")]),
        ("-12.5e+3 ", &[("json", "-12.5e+3")]),
        ("null", &[("json", "")]),
        (
            r#"{"a":1,"b":true,"c":false,"d":null}"#,
            &[("json.a", "1"), ("json.b", "true"), ("json.c", "false"), ("json.d", "")],
        ),
        (
            r#"[1,"x",[true]]"#,
            &[("json.array_0", "1"), ("json.array_1", "x"), ("json.array_2.array_0", "true")],
        ),
        (
            r#"{"a":[1,{"b":"c"},[2,3]],"d":{"e":{"f":4}}}"#,
            &[
                ("json.a.array_0", "1"),
                ("json.a.array_1.b", "c"),
                ("json.a.array_2.array_0", "2"),
                ("json.a.array_2.array_1", "3"),
                ("json.d.e.f", "4"),
            ],
        ),
        (r#"{"":1,"a":{"":[2]}}"#, &[("json.empty-key", "1"), ("json.a.empty-key.array_0", "2")]),
        (r#"{"a":1,"a":2}"#, &[("json.a", "1"), ("json.a", "2")]),
        (r#"{"a.b":1,"\u0061\n":2}"#, &[("json.a.b", "1"), ("json.a\n", "2")]),
        (
            "\t{ \"a\" :\r\n1 , \"b\": [ 2 , 3 ] }\n",
            &[("json.a", "1"), ("json.b.array_0", "2"), ("json.b.array_1", "3")],
        ),
    ];
    for (text, expected) in table {
        let expected: Vec<_> =
            expected.iter().map(|(n, v)| (n.to_string(), v.to_string())).collect();
        assert_eq!(args(text), expected, "{text}");
    }
    let elements = args(&format!("[{}0]", "0,".repeat(110)));
    assert_eq!(elements.last(), Some(&("json.array_110".into(), "0".into())));
}

#[test]
fn escapes_are_undone() {
    let table: &[(&str, &[u8])] = &[
        (r#""a\"\\\/\b\f\n\r\tz""#, b"a\"\\/\x08\x0c\n\r\tz"),
        (r#""\u003cb\u003E \u0000""#, b"<b> \0"),
        (r#""\u00e9\u20AC\ud83d\ude00""#, "é€😀".as_bytes()),
        ("\"é€😀\u{7f}\"", "é€😀\u{7f}".as_bytes()),
        (r#""\ud800<script>""#, b"?<script>"),
        (r#""\ud800\n\ud800\ud83d\ude00""#, "?\n?😀".as_bytes()),
        (r#""\udc00x\ud800""#, b"\xed\xb0\x80x?"),
        (r#""12345678\n1234567""#, b"12345678\n1234567"),
    ];
    for (text, expected) in table {
        let (args, outcome) = parse_text(text.as_bytes());
        assert_eq!((args, outcome), (vec![("json".into(), expected.to_vec())], Ok(())), "{text}");
    }
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let table: &[(&[u8], &str, usize)] = &[
        (b" ", "unexpected end of the document", 1),
        (b"{\"a\":", "unexpected end of the document", 5),
        (b"[1,2", "unexpected end of the document", 4),
        (b"\"abc", "unexpected end of the document", 4),
        (b"\"abc\\", "unexpected end of the document", 5),
        (b"\"abc\\u00", "unexpected end of the document", 8),
        (b"{\"a\":1} x", "data after the document", 8),
        (b"1 2", "data after the document", 2),
        (b"01", "data after the document", 1),
        (b"{a:1}", "expected a key in quotes", 1),
        (b"{\"a\":1,}", "expected a key in quotes", 7),
        (b"{\"a\" 1}", "expected ':'", 5),
        (b"{\"a\":1 \"b\":2}", "expected ',' or '}'", 7),
        (b"{\"a\":1]", "expected ',' or '}'", 6),
        (b"[1 2]", "expected ',' or ']'", 3),
        (b"[1}", "expected ',' or ']'", 2),
        (b"[1,]", "expected a value", 3),
        (b"[,1]", "expected a value", 1),
        (b"]", "expected a value", 0),
        (b"tru", "expected a value", 0),
        (b"truex", "data after the document", 4),
        (b"'a'", "expected a value", 0),
        (b"+1", "expected a value", 0),
        (b"\x0b1", "expected a value", 0),
        (b"[-]", "invalid number", 2),
        (b"[1.]", "invalid number", 3),
        (b"[1e+]", "invalid number", 4),
        (b"[.5]", "expected a value", 1),
        (b"\"a\x01\"", "control character in a string", 2),
        (b"\"a\n\"", "control character in a string", 2),
        (b"\"a\\x\"", "invalid escape in a string", 2),
        (b"\"a\\u12g4\"", "invalid escape in a string", 2),
        (b"\"a\xff\"", "invalid UTF-8", 2),
        (b"\"\xc0\xaf\"", "invalid UTF-8", 1),
        (b"\"\xed\xa0\x80\"", "invalid UTF-8", 1),
        (b"1 \xff", "invalid UTF-8", 2),
        (b"x\xff", "expected a value", 0),
        (b"\xef\xbb\xbf1", "expected a value", 0),
        (b"/**/1", "expected a value", 0),
    ];
    for (text, message, offset) in table {
        assert_eq!(
            error(text),
            (message.to_string(), *offset),
            "{}",
            String::from_utf8_lossy(text)
        );
    }
}

#[test]
fn what_stood_before_an_error_is_seen() {
    let (args, outcome) = parse_text(br#"{"a":"<script>","b":[1,2 "#);
    assert_eq!(args.len(), 3);
    assert_eq!(args.first(), Some(&("json.a".into(), b"<script>".to_vec())));
    assert!(outcome.is_err());
}

#[test]
fn depth_is_limited() {
    let limits = Limits { depth_max: 3, ..Limits::default() };
    let mut sink = Collected::default();
    assert_eq!(parse(b"[[[1]]]", &limits, &mut sink), Ok(()));
    let error = parse(b"[{\"a\":[[1]]}]", &limits, &mut sink).unwrap_err();
    assert_eq!((error.message.as_ref(), error.offset), ("nested deeper than 3", 7));
    assert_eq!(error.to_string(), "nested deeper than 3 at byte 7");
    let deepest = "[".repeat(DEPTH_MAX) + &"]".repeat(DEPTH_MAX);
    assert_eq!(parse(deepest.as_bytes(), &Limits::default(), &mut sink), Ok(()));
}

#[test]
fn names_and_their_number_are_limited() {
    let limits = Limits { names_bytes_max: 26, ..Limits::default() };
    let mut sink = Collected::default();
    assert_eq!(parse(br#"{"abcdefg":1,"h":[2]}"#, &limits, &mut sink), Ok(()));
    let error = parse(br#"{"abcdefgh":1,"h":[2]}"#, &limits, &mut sink).unwrap_err();
    let message = "argument names of more than 26 bytes in all";
    assert_eq!((error.message.as_ref(), error.offset), (message, 19));
    let mut sink = Collected { args_max: 2, ..Collected::default() };
    let error = parse(b"[1,2,3,", &Limits::default(), &mut sink).unwrap_err();
    assert_eq!((error.message.as_ref(), error.offset), ("more arguments than the limit", 5));
    assert_eq!(sink.args.len(), 2);
}

#[test]
fn hostile_documents_end() {
    let mebibyte = 1 << 20;
    assert_eq!(error(&vec![b'['; mebibyte]).1, DEPTH_MAX);
    assert_eq!(error(&b"{\"a\":".repeat(mebibyte / 5)).1, DEPTH_MAX * 5);
    assert_eq!(error(&vec![b' '; mebibyte]).1, mebibyte);
    assert_eq!(error(&[b"\"".to_vec(), b"\\n".repeat(mebibyte / 2)].concat()).1, mebibyte + 1);
    assert_eq!(
        error(&vec![b'1'; mebibyte][..].iter().chain(b"x").copied().collect::<Vec<_>>()).1,
        mebibyte
    );
    let long_key = format!("{{\"{}\":[{}1]}}", "k".repeat(mebibyte), "1,".repeat(mebibyte / 2));
    assert_eq!(error(long_key.as_bytes()).0, "argument names of more than 16777216 bytes in all");
    let flat = format!("[{}1]", "1,".repeat(mebibyte / 2));
    assert_eq!(args(&flat).len(), mebibyte / 2 + 1);
}

/// A document as a tree, to be written and read again.
#[derive(Clone, Debug)]
enum Value {
    Scalar(&'static str, &'static str),
    Text(String),
    Array(Vec<Value>),
    Object(Vec<(String, Value)>),
}

impl Value {
    fn write(&self, to: &mut String, space: &str) {
        to.push_str(space);
        match self {
            Self::Scalar(written, _) => to.push_str(written),
            Self::Text(text) => write_string(text, to),
            Self::Array(elements) => {
                to.push('[');
                for (index, element) in elements.iter().enumerate() {
                    to.push_str(if index == 0 { "" } else { "," });
                    element.write(to, space);
                }
                to.push(']');
            }
            Self::Object(members) => {
                to.push('{');
                for (index, (key, value)) in members.iter().enumerate() {
                    to.push_str(if index == 0 { "" } else { "," });
                    write_string(key, to);
                    to.push(':');
                    value.write(to, space);
                }
                to.push('}');
            }
        }
        to.push_str(space);
    }

    fn args(&self, name: &str, to: &mut Args) {
        match self {
            Self::Scalar(_, value) => to.push((name.into(), value.as_bytes().to_vec())),
            Self::Text(text) => to.push((name.into(), text.as_bytes().to_vec())),
            Self::Array(elements) => {
                for (index, element) in elements.iter().enumerate() {
                    element.args(&format!("{name}.array_{index}"), to);
                }
            }
            Self::Object(members) => {
                for (key, value) in members {
                    let key = if key.is_empty() { "empty-key" } else { key };
                    value.args(&format!("{name}.{key}"), to);
                }
            }
        }
    }
}

fn write_string(text: &str, to: &mut String) {
    to.push('"');
    for (index, character) in text.chars().enumerate() {
        let mut units = [0; 2];
        match character {
            '"' | '\\' => to.extend(['\\', character]),
            '\0'..'\u{20}' => *to += &format!("\\u{:04x}", u32::from(character)),
            // Every third one escaped although it need not be.
            _ if index % 3 == 2 => {
                for unit in character.encode_utf16(&mut units) {
                    *to += &format!("\\u{unit:04X}");
                }
            }
            _ => to.push(character),
        }
    }
    to.push('"');
}

fn value() -> impl Strategy<Value = Value> {
    let scalars =
        [("0", "0"), ("-1.5E-7", "-1.5E-7"), ("true", "true"), ("false", "false"), ("null", "")];
    let scalar = proptest::sample::select(scalars.to_vec());
    let leaf = prop_oneof![
        scalar.prop_map(|(written, value)| Value::Scalar(written, value)),
        any::<String>().prop_map(Value::Text),
    ];
    leaf.prop_recursive(6, 40, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
            proptest::collection::vec((any::<String>(), inner), 0..5).prop_map(Value::Object),
        ]
    })
}

proptest! {
    #[test]
    fn what_was_written_is_read(value in value(), space in "[ \t\r\n]{0,3}") {
        let mut text = String::new();
        value.write(&mut text, &space);
        let mut expected = Vec::new();
        value.args("json", &mut expected);
        let mut sink = Collected::default();
        prop_assert_eq!(parse(text.as_bytes(), &Limits::default(), &mut sink), Ok(()));
        let expected: Vec<_> = expected.into_iter().map(|(name, value)| (name.into_bytes(), value)).collect();
        prop_assert_eq!(sink.args, expected);
    }

    #[test]
    fn a_document_cut_short_is_an_error(value in value(), share in 0.0..1.0f64) {
        let mut text = String::new();
        Value::Array(vec![value]).write(&mut text, "");
        let cut = 1 + ((text.len() - 1) as f64 * share) as usize;
        let whole = parse_text(text.as_bytes()).0;
        let (args, outcome) = parse_text(text.as_bytes().get(..cut.min(text.len() - 1)).unwrap());
        prop_assert!(outcome.is_err());
        for ((name, value), (whole_name, whole_value)) in args.iter().zip(&whole) {
            prop_assert_eq!(name, whole_name);
            // The end can cut a number short, which is one all the same.
            prop_assert!(whole_value.starts_with(value));
        }
    }

    #[test]
    fn any_bytes_are_read(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let (_, Err(error)) = parse_text(&body) {
            prop_assert!(error.offset <= body.len());
        }
    }

    #[test]
    fn pieces_of_documents_are_read(
        pieces in proptest::collection::vec(
            proptest::sample::select(vec![
                &b"{"[..], b"}", b"[", b"]", b",", b":", b"\"", b"\"a\"", b"\\", b"\\u", b"d800", b"dc00", b"0", b"-",
                b".", b"e", b"true", b"null", b" ", b"\n", b"\x00", b"\xc3", b"\xa9", b"\xed\xa0\x80",
            ]),
            0..60,
        )
    ) {
        let body = pieces.concat();
        if let (_, Err(error)) = parse_text(&body) {
            prop_assert!(error.offset <= body.len());
        }
    }
}
