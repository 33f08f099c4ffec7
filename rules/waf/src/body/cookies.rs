//! The `Cookie` header, in the two readings of `SecCookieFormat`.
//!
//! Nothing is decoded in either: what a server makes of `%41` in a cookie is its own affair. Format 0 follows
//! libmodsecurity 3. Format 1, with quoted values and `$` attributes (RFC 2965, long obsolete), libmodsecurity 3 does not
//! have; it follows ModSecurity 2.

use super::{Sink, is_space, trim_end, trim_start};

/// `SecCookieFormat 0`: pairs between semicolons, quotes kept. A cookie without a name is left out.
pub fn parse_v0<S: Sink + ?Sized>(header: &[u8], sink: &mut S) {
    let header = header.strip_suffix(b";").unwrap_or(header);
    let mut pairs = header.split(|&byte| byte == b';').peekable();
    while let Some(pair) = pairs.next() {
        let pair = if pairs.peek().is_none() { trim_end(pair, is_space) } else { pair };
        let (name, value) = cut(pair, |byte| byte == b'=');
        let name = trim_start(name, is_space);
        if !name.is_empty() {
            sink.cookie(name, value.and_then(|value| value.get(1..)).unwrap_or_default());
        }
    }
}

/// `SecCookieFormat 1`: pairs between semicolons or commas, white space around names and values trimmed, quotes taken off.
/// An attribute such as `$Path` behind the cookie `a` is named `$a_Path`.
pub fn parse_v1<S: Sink + ?Sized>(header: &[u8], sink: &mut S) {
    let mut rest = header;
    let mut previous: &[u8] = &[];
    let mut attribute = Vec::new();
    loop {
        rest = trim_start(rest, |byte| is_space(byte) || is_separator(byte));
        if rest.is_empty() {
            return;
        }
        let (name, behind) = cut(rest, |byte| byte == b'=' || is_separator(byte));
        let name = trim_end(name, is_space);
        let value;
        (value, rest) = match behind.and_then(|behind| behind.strip_prefix(b"=")) {
            Some(behind) => value_v1(behind),
            None => (&[][..], behind.unwrap_or_default()),
        };
        match name.strip_prefix(b"$") {
            Some(plain) if !previous.is_empty() => {
                attribute.clear();
                attribute.extend_from_slice(b"$");
                attribute.extend_from_slice(previous);
                attribute.extend_from_slice(b"_");
                attribute.extend_from_slice(plain);
                sink.cookie(&attribute, value);
            }
            Some(_) => sink.cookie(name, value),
            None if !name.is_empty() => {
                previous = name;
                sink.cookie(name, value);
            }
            None => {}
        }
    }
}

/// The value at the start of `behind`, and what follows it.
fn value_v1(behind: &[u8]) -> (&[u8], &[u8]) {
    let behind = trim_start(behind, is_space);
    match behind.strip_prefix(b"\"") {
        Some(quoted) => {
            let (value, rest) = cut(quoted, |byte| byte == b'"');
            (value, rest.and_then(|rest| rest.get(1..)).unwrap_or_default())
        }
        None => {
            let (value, rest) = cut(behind, is_separator);
            (trim_end(value, is_space), rest.unwrap_or_default())
        }
    }
}

fn is_separator(byte: u8) -> bool {
    byte == b';' || byte == b','
}

/// What is before the first byte that `at` names, and the rest from that byte on.
fn cut(bytes: &[u8], at: impl Fn(u8) -> bool) -> (&[u8], Option<&[u8]>) {
    bytes
        .iter()
        .position(|&byte| at(byte))
        .and_then(|found| bytes.split_at_checked(found))
        .map_or((bytes, None), |(before, rest)| (before, Some(rest)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::tests::Collected, *};

    type Table<'a> = &'a [(&'a str, &'a [(&'a str, &'a str)])];

    fn check(parse: impl Fn(&[u8], &mut Collected), table: Table<'_>) {
        for (header, expected) in table {
            let mut sink = Collected::default();
            parse(header.as_bytes(), &mut sink);
            let found: Vec<_> = sink.cookies.iter().map(|(n, v)| (text(n), text(v))).collect();
            let expected: Vec<_> =
                expected.iter().map(|(n, v)| (n.to_string(), v.to_string())).collect();
            assert_eq!(found, expected, "{header}");
        }
    }

    fn text(bytes: &[u8]) -> String {
        String::from_utf8_lossy(bytes).into_owned()
    }

    #[test]
    fn format_0_keeps_quotes_and_inner_space() {
        check(
            parse_v0,
            &[
                ("", &[]),
                ("a=b", &[("a", "b")]),
                ("a=b; c=d", &[("a", "b"), ("c", "d")]),
                ("a=b;c=d;", &[("a", "b"), ("c", "d")]),
                ("a=b=c", &[("a", "b=c")]),
                ("a", &[("a", "")]),
                (";; a=1;;", &[("a", "1")]),
                ("  =x; b=1", &[("b", "1")]),
                ("a = b ; c= \"d\" ", &[("a ", " b "), ("c", " \"d\"")]),
                ("a=%41+b", &[("a", "%41+b")]),
                ("a=1,b=2", &[("a", "1,b=2")]),
                (" \t; ", &[]),
            ],
        );
    }

    #[test]
    fn format_1_takes_quotes_off_and_names_attributes() {
        check(
            parse_v1,
            &[
                ("", &[]),
                ("a=b; c", &[("a", "b"), ("c", "")]),
                (" a = b , c=\"d;e\"; f", &[("a", "b"), ("c", "d;e"), ("f", "")]),
                (
                    "$Version=1; a=\"1\"; $Path=\"/x\"; $Domain=y; b=2; $Path=/",
                    &[
                        ("$Version", "1"),
                        ("a", "1"),
                        ("$a_Path", "/x"),
                        ("$a_Domain", "y"),
                        ("b", "2"),
                        ("$b_Path", "/"),
                    ],
                ),
                ("a=\"open", &[("a", "open")]),
                ("a=;b=", &[("a", ""), ("b", "")]),
                ("=x; b=1", &[("b", "1")]),
                ("a=\"1\"b=2", &[("a", "1"), ("b", "2")]),
                (",; ,", &[]),
            ],
        );
    }

    proptest! {
        #[test]
        fn any_header_is_read(header in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut sink = Collected::default();
            parse_v0(&header, &mut sink);
            parse_v1(&header, &mut sink);
            prop_assert!(sink.cookies.iter().all(|(name, _)| !name.is_empty()));
        }

        #[test]
        fn pieces_of_cookies_are_read(
            pieces in proptest::collection::vec(
                proptest::sample::select(vec![" ", ";", ",", "=", "\"", "$", "a", "$Path", "\t", "\u{b}"]),
                0..40,
            )
        ) {
            let header = pieces.concat();
            let mut sink = Collected::default();
            parse_v0(header.as_bytes(), &mut sink);
            parse_v1(header.as_bytes(), &mut sink);
            prop_assert!(sink.cookies.iter().all(|(name, _)| !name.is_empty()));
        }
    }
}
