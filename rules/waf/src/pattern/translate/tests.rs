//! How patterns are written for the linear engine, and what they then match.

use proptest::{collection::vec, prelude::*, sample::select};

use super::{
    super::{Caches, Case, Found, GROUPS, Pattern},
    translate,
};

fn written(pattern: &[u8]) -> String {
    translate(pattern).unwrap_or_else(|| "none".to_owned())
}

/// The match on the linear engine.
#[track_caller]
fn found_in(pattern: &str, case: Case, input: &[u8]) -> Option<(usize, usize)> {
    let compiled = Pattern::new(pattern.as_bytes(), case).unwrap();
    assert!(!compiled.is_backtracking(), "{pattern}");
    let mut groups = [None; GROUPS];
    compiled.find(&mut Caches::new(1 << 20), input, 0, &mut groups);
    groups[0]
}

#[test]
fn spelling_is_resolved() {
    let table: [(&[u8], &str); 41] = [
        (b"abc", "abc"),
        (b"a.b", "a.b"),
        (b"^a$", r"\Aa\z"),
        (br"\/\<\-\_\'", r"/<\-_'"),
        (b"{a}{", r"\{a\}\{"),
        (b"a{,3}", r"a\{,3\}"),
        (b"a{2}b{2,}c{0,1}d{1,}e{0,}", "a{2}b{2,}c?d+e*"),
        (b"a+?b*?c??", "a+?b*?c??"),
        (b"(?U)a+b+?", "a+?b+"),
        (b"\xE2\x82", r"\xE2\x82"),
        (br"\x{e2}\xe\x", r"\xE2\x0E\x00"),
        (br"\0\012\x41\o{101}\cA\cz\e\a", r"\x00\x0AAA\x01\x1A\x1B\x07"),
        (br"(a)\11", r"(a)\x09"),
        (br"\v", r"[\x0A-\x0D\x85]"),
        (br"\d\w", r"[0-9][0-9A-Z\x5Fa-z]"),
        (br"\s", r"[\x09-\x0D\x20]"),
        (br"\N", r"[\x00-\x09\x0B-\xFF]"),
        (b"(?-s).", r"[\x00-\x09\x0B-\xFF]"),
        (br"[\w-.]", r"[\x2D-\x2E0-9A-Z\x5Fa-z]"),
        (b"[]a]", r"[\x5Da]"),
        (b"[^]a]", r"[^\x5Da]"),
        (b"[--/&&~~[]", r"[\x26\x2D-\x2F\x5B\x7E]"),
        (b"[a-z[:digit:]]", "[0-9a-z]"),
        (b"[\xE2-\xE4]", r"[\xE2-\xE4]"),
        (br"[\x00-\xff]", "."),
        (br"[^\x00-\xff]", r"[^\x00-\xFF]"),
        (br"\Qa.b\E+c", r"a\.b+c"),
        (br"[\Q]-\E]", r"[\x2D\x5D]"),
        (b"(?i)ab1", "[Aa][Bb]1"),
        (b"a(?i:b)c", "a[Bb]c"),
        (b"(?-i)a", "(?-i:a)"),
        (b"(?i)[^a]", r"[\x00-\x40B-\x60b-\xFF]"),
        (b"(?x) a b # c\n d", "abd"),
        (b"(?#c)a", "a"),
        (b"(?<n>a)(?P<m>b)(?'k'c)", "(a)(b)(c)"),
        (b"(?n)(a)(b|c)", "a(?:b|c)"),
        (b"(?:ab)+(?:c)+(?:)*", "(?:ab)+c+(?:)*"),
        (b"a|b|", "a|b|"),
        (b"x(?:a|b)y", "x(?:a|b)y"),
        (b"(?m)^a$", "(?m:^)a(?m:$)"),
        (br"\b\B\A\z\G", r"\b\B\A\z\A"),
    ];
    for (pattern, expected) in table {
        assert_eq!(written(pattern), expected, "{}", pattern.escape_ascii());
    }
}

#[test]
fn what_only_backtracking_gives_is_left_to_it() {
    let patterns = [
        "a(?=b)",
        "a(?!b)",
        "(?<=a)b",
        "(?<!a)b",
        r"(a)\1",
        r"(?<n>a)\k<n>",
        "(?>a)",
        "a++",
        "a?+",
        "a{2}+",
        "(?:ab)*+",
        r"a\Kb",
        r"a\Z",
        r"\R",
        "(?m)^",
        "(?m)a(?:^|b)",
    ];
    for pattern in patterns {
        assert_eq!(translate(pattern.as_bytes()), None, "{pattern}");
        assert!(Pattern::new(pattern.as_bytes(), Case::Sensitive).unwrap().is_backtracking());
    }
    // Whatever is no pattern, too, for the sake of its message.
    assert_eq!(translate(b"a**"), None);
    let error = Pattern::new(b"a**", Case::Sensitive).unwrap_err();
    assert_eq!(error, "quantifier behind nothing that can be repeated at byte 2");
}

#[test]
fn case_is_whoever_compiles_says_unless_the_pattern_does() {
    let (sensitive, insensitive) = (Case::Sensitive, Case::Insensitive);
    let table = [
        ("ab", insensitive, "AB", Some((0, 2))),
        ("a(?-i)b", insensitive, "AB", None),
        ("a(?-i:b)c", insensitive, "AbC", Some((0, 3))),
        ("a(?i)b", sensitive, "aB", Some((0, 2))),
        ("[^a]", insensitive, "A", None),
        ("(?-i)[^a]", insensitive, "A", Some((0, 1))),
        ("(?-i)[a-f]", insensitive, "Bb", Some((1, 2))),
        ("[[:upper:]]", insensitive, "a", Some((0, 1))),
        ("[[:^upper:]]", sensitive, "Aa", Some((1, 2))),
        ("[[:lower:][:^lower:]]", sensitive, "A", Some((0, 1))),
        ("k", insensitive, "\u{212a}", None),
        ("\u{e9}", insensitive, "\u{c9}", None),
    ];
    for (pattern, case, input, expected) in table {
        assert_eq!(found_in(pattern, case, input.as_bytes()), expected, "{pattern} on {input}");
    }
    // Folded, this is no letter, and folding no set gives that.
    let upper = Pattern::new(b"[1[:^upper:]]", insensitive).unwrap();
    let found = upper.is_match(&mut Caches::new(1 << 20), b"a", 100);
    assert_eq!(found, Found::No);
}

#[test]
fn bytes_are_bytes() {
    let find = |pattern, input| found_in(pattern, Case::Sensitive, input);
    assert_eq!(find(r"\x{e2}\x{80}", b"-\xE2\x80"), Some((1, 3)));
    assert_eq!(find("\u{20ac}", b"\xE2\x82\xAC"), Some((0, 3)));
    assert_eq!(find("[\u{20ac}]{2}", b"\xAC\xAC"), Some((0, 2)));
    assert_eq!(find(".", b"\xFF"), Some((0, 1)));
    assert_eq!(find(r"\bz\b", b"\xE9z\xE9"), Some((1, 2)));
    assert_eq!(find(r"[^a]$", b"a\n"), Some((1, 2)));
    assert_eq!(find(r"(?m)^b", b"a\nb"), Some((2, 3)));
}

#[test]
fn the_linear_engine_takes_what_nests_as_deep_as_it_may() {
    let deep = format!("{}a{}", "(?:b|c(".repeat(30), "d)+e)*".repeat(30));
    let compiled = Pattern::new(deep.as_bytes(), Case::Sensitive).unwrap();
    assert!(!compiled.is_backtracking());
}

proptest! {
    /// What is written is a pattern to us as well, and means what it was written from.
    #[test]
    fn what_is_written_is_written_the_same_again(
        pieces in vec(
            select([
                "a", "B", ".", "(", ")", "(?:", "(?i)", "(?-i:", "(?m)", "(?U)", "|", "*", "+?", "{2,3}", "[",
                "]", "[^", "-", "\\d", "\\W", "\\x{e9}", "[:^alpha:]", "\\b", "$", "^", "{", "\\Q.\\E", "&&",
                "[a-c]", "[^\\s-]", "(?:)", "\u{e9}", "\n", " ", "#", "\\]", "\\z",
            ].as_slice()),
            0..10,
        ),
    ) {
        if let Some(once) = translate(pieces.concat().as_bytes()) {
            prop_assert_eq!(translate(once.as_bytes()), Some(once.clone()));
            prop_assert!(Pattern::new(once.as_bytes(), Case::Sensitive).is_ok());
        }
    }
}
