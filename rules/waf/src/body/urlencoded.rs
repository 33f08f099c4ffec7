//! Query strings and bodies of type `application/x-www-form-urlencoded`.
//!
//! Follows libmodsecurity 3: a part without `=` is an argument without a value, an empty part between two separators is
//! an argument without a name, and only the emptiness behind the last separator is nothing. Decoding turns `+` into a
//! space and `%HH` into its byte, once; a `%` that is no escape stays as it is and is reported.
//!
//! A stop at the limit of arguments is not an error here: ModSecurity 3 skips the rest in silence and leaves it to a rule
//! that counts `ARGS`; ModSecurity 2 sets `REQBODY_ERROR` as well. The caller decides, by [`Urlencoded::stopped`].

use std::ops::ControlFlow;

use memchr::{memchr, memchr2};

use super::Sink;

/// What there is to say about the whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Urlencoded {
    /// A `%` without two hexadecimal digits: `URLENCODED_ERROR`.
    pub invalid_encoding: bool,
    /// Where the argument starts that the sink refused. It and what follows was not read.
    pub stopped: Option<usize>,
}

/// Gives each argument of `input` to the sink. `SecArgumentSeparator` is the `separator`, `&` by default.
pub fn parse<S: Sink + ?Sized>(input: &[u8], separator: u8, sink: &mut S) -> Urlencoded {
    let mut found = Urlencoded::default();
    let (mut name_buffer, mut value_buffer) = (Vec::new(), Vec::new());
    let mut at = 0;
    while let Some(rest) = input.get(at..).filter(|rest| !rest.is_empty()) {
        let part = memchr(separator, rest).and_then(|end| rest.get(..end)).unwrap_or(rest);
        let (name, value) = split(part);
        let name = decode(name, &mut name_buffer, &mut found.invalid_encoding);
        let value = decode(value, &mut value_buffer, &mut found.invalid_encoding);
        if let ControlFlow::Break(()) = sink.arg(name, value) {
            found.stopped = Some(at);
            break;
        }
        at += part.len() + 1;
    }
    found
}

fn split(part: &[u8]) -> (&[u8], &[u8]) {
    memchr(b'=', part)
        .and_then(|equals| part.split_at_checked(equals))
        .map_or((part, &[]), |(name, value)| (name, value.get(1..).unwrap_or_default()))
}

fn decode<'a>(encoded: &'a [u8], buffer: &'a mut Vec<u8>, invalid: &mut bool) -> &'a [u8] {
    let Some(first) = memchr2(b'%', b'+', encoded) else { return encoded };
    buffer.clear();
    let (plain, mut rest) = encoded.split_at(first);
    buffer.extend_from_slice(plain);
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        buffer.push(match byte {
            b'+' => b' ',
            b'%' => match escape(tail) {
                Some((decoded, tail)) => {
                    rest = tail;
                    decoded
                }
                None => {
                    *invalid = true;
                    b'%'
                }
            },
            plain => plain,
        });
    }
    buffer
}

fn escape(behind: &[u8]) -> Option<(u8, &[u8])> {
    let (&[high, low], tail) = behind.split_first_chunk::<2>()?;
    Some((hex(high)? << 4 | hex(low)?, tail))
}

fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{
        super::tests::{Collected, Pair},
        *,
    };

    fn args(input: &[u8]) -> (Vec<Pair>, bool) {
        let mut sink = Collected::default();
        let found = parse(input, b'&', &mut sink);
        assert_eq!(found.stopped, None);
        (sink.args, found.invalid_encoding)
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<Pair> {
        expected
            .iter()
            .map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec()))
            .collect()
    }

    #[test]
    fn splits_as_modsecurity_does() {
        let table: &[(&str, &[(&str, &str)])] = &[
            ("", &[]),
            ("a", &[("a", "")]),
            ("a=", &[("a", "")]),
            ("=a", &[("", "a")]),
            ("=", &[("", "")]),
            ("a=b=c", &[("a", "b=c")]),
            ("a=1&b=2", &[("a", "1"), ("b", "2")]),
            ("a=1&a=1", &[("a", "1"), ("a", "1")]),
            ("a=1&", &[("a", "1")]),
            ("&a=1", &[("", ""), ("a", "1")]),
            ("a&&b", &[("a", ""), ("", ""), ("b", "")]),
            ("&", &[("", "")]),
            ("&&", &[("", ""), ("", "")]),
            ("a;b=1", &[("a;b", "1")]),
        ];
        for (input, expected) in table {
            assert_eq!(args(input.as_bytes()).0, pairs(expected), "{input}");
        }
    }

    #[test]
    fn decodes_once_and_keeps_what_is_no_escape() {
        let table: &[(&str, &str, bool)] = &[
            ("a+b%20c", "a b c", false),
            ("%3Cb%3e", "<b>", false),
            ("%2541", "%41", false),
            ("%2B+", "+ ", false),
            ("%", "%", true),
            ("%4", "%4", true),
            ("%zz%41", "%zzA", true),
            ("%%41", "%A", true),
            ("%4%31", "%41", true),
        ];
        for (input, expected, invalid) in table {
            let found = args(format!("v={input}").as_bytes());
            assert_eq!(found, (pairs(&[("v", expected)]), *invalid), "value {input}");
            let found = args(format!("{input}=v").as_bytes());
            assert_eq!(found, (pairs(&[(expected, "v")]), *invalid), "name {input}");
        }
        assert_eq!(args(b"a=%00%ff").0, [(b"a".to_vec(), vec![0, 0xff])]);
    }

    #[test]
    fn takes_another_separator() {
        let mut sink = Collected::default();
        parse(b"a=1&b;c=2", b';', &mut sink);
        assert_eq!(sink.args, pairs(&[("a", "1&b"), ("c", "2")]));
    }

    #[test]
    fn says_where_the_sink_had_enough() {
        let mut sink = Collected { args_max: 2, ..Collected::default() };
        let found = parse(b"a=1&b=2&c=%&d", b'&', &mut sink);
        assert_eq!(found, Urlencoded { invalid_encoding: true, stopped: Some(8) });
        assert_eq!(sink.args, pairs(&[("a", "1"), ("b", "2")]));
    }

    #[test]
    fn a_mebibyte_of_separators_is_as_many_arguments() {
        let mut sink = Collected::default();
        parse(&b"&a".repeat(1 << 19), b'&', &mut sink);
        assert_eq!(sink.args.len(), (1 << 19) + 1);
    }

    fn encode(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("%{byte:02x}")).collect()
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(input in proptest::collection::vec(any::<u8>(), 0..300), separator: u8) {
            let mut sink = Collected::default();
            parse(&input, separator, &mut sink);
            let separators = input.iter().filter(|&&byte| byte == separator).count();
            prop_assert!(sink.args.len() <= separators + 1);
        }

        #[test]
        fn what_was_encoded_comes_back(
            pairs in proptest::collection::vec((any::<Vec<u8>>(), any::<Vec<u8>>()), 1..8)
        ) {
            let body = pairs.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value)));
            let body = body.collect::<Vec<_>>().join("&");
            prop_assert_eq!(args(body.as_bytes()), (pairs, false));
        }
    }
}
