//! Operators by name: what each matches and what it does not.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::{pattern::GROUPS, ruleset::RuleSet, seclang::Memory};

const STEPS_MAX: usize = 10_000;

fn files(rule: &str) -> Memory {
    [
        ("a.conf", rule.as_bytes()),
        ("words.data", b"# words\nselect\n\n  Union \nab cd\n"),
        ("more.data", b"insert\r\n"),
        ("nets.data", b"192.0.2.0/24 # documentation\n#10.0.0.0/8\n2001:db8::/32\n"),
        ("none.data", b"# nothing\n"),
    ]
    .into_iter()
    .collect()
}

fn rule(operator: &str) -> Result<Arc<RuleSet>, String> {
    let files = files(&format!("SecRule ARGS \"{operator}\" \"id:1,phase:1,pass,capture\"\n"));
    RuleSet::load(&files, &["a.conf"]).map_err(|report| report.to_string())
}

/// What the operator says of a value, and the part of it that is `TX:0`.
fn ask<'v>(operator: &str, value: &'v [u8]) -> (Outcome, Option<&'v [u8]>) {
    let rules = rule(operator).unwrap_or_else(|problem| panic!("{problem}"));
    let operator = &rules.rules[0].operator;
    let (mut caches, mut groups, mut captured) = (Caches::new(1 << 20), [None; GROUPS], None);
    let argument = operator.argument().and_then(|argument| argument.literal()).unwrap_or_default();
    let mut cx = Context {
        caches: &mut caches,
        argument,
        wanted: Wanted::Whole,
        steps_max: STEPS_MAX,
        groups: &mut groups,
        captured: &mut captured,
    };
    let outcome = operator.evaluate(value, &mut cx);
    (outcome, groups[0].map(|(begin, end)| &value[begin..end]))
}

/// Values that an operator matches, and values that it does not.
fn all(operator: &str, yes: &[&[u8]], no: &[&[u8]]) {
    for (values, expected) in [(yes, Outcome::Yes), (no, Outcome::No)] {
        for value in values {
            assert_eq!(ask(operator, value).0, expected, "{operator} of {}", value.escape_ascii());
        }
    }
}

#[test]
fn every_operator_is_here() {
    let tests = include_str!("tests.rs");
    for name in super::compile::NAMES {
        assert!(
            tests.contains(&format!("@{name} ")) || tests.contains(&format!("@{name}\"")),
            "{name}"
        );
    }
}

#[test]
fn texts_are_compared_with_their_case() {
    all("@streq abc", &[b"abc"], &[b"ABC", b"abcd", b"ab", b""]);
    all("@contains abc", &[b"abc", b"xabcx"], &[b"aBc", b"ab c", b""]);
    all("@strmatch abc", &[b"xabcx"], &[b"aBc"]);
    all("@beginsWith abc", &[b"abc", b"abcd"], &[b"xabc", b"ab", b""]);
    all("@endsWith abc", &[b"abc", b"xabc"], &[b"abcx", b"bc", b""]);
    all("@within GET POST", &[b"GET", b"POST", b"T P", b""], &[b"PUT", b"get", b"GET POST X"]);
    let word: &[&[u8]] = &[b"abc", b"x abc", b"abc-d", b"xabc abc", b"\xe9abc\xe9"];
    all("@containsWord abc", word, &[b"xabc", b"abc_", b"abc1", b""]);
    // White space at the end of an argument counts.
    all("@streq abc ", &[b"abc "], &[b"abc"]);
}

#[test]
fn numbers_are_compared_as_atoi_reads_them() {
    all("@eq 5", &[b"5", b"05", b"+5", b" 5", b"5x"], &[b"", b"4", b"x5", b"-5"]);
    all("@eq 0", &[b"0", b"", b"x", b"-0"], &[b"1"]);
    all("@ne 5", &[b"4", b""], &[b"5", b"5.9"]);
    all("@gt 5", &[b"6", b"99999999999999999999"], &[b"5", b"-6", b""]);
    all("@ge 5", &[b"5", b"6"], &[b"4", b"-99999999999999999999"]);
    all("@lt 5", &[b"4", b"-9", b""], &[b"5"]);
    all("@le -1", &[b"-1", b"-2"], &[b"0", b""]);
    assert!(rule("@eq five").unwrap_err().contains("not a number"));
    assert!(rule("@gt %{tx.limit}").is_ok());
}

#[test]
fn phrases_are_found_without_case() {
    all("@pm select Union", &[b"xSELECTx", b"a union"], &[b"selec t", b""]);
    // Bytes between bars are hexadecimal; a space that is written so is part of its phrase.
    all("@pm a|20|b", &[b"xA bx"], &[b"a", b"b", b"ab"]);
    all("@pm |00|", &[b"a\0"], &[b"a"]);
    all("@pm a|b", &[b"A|B"], &[b"a", b"b"]);
    all(
        "@pmFromFile words.data",
        &[b"a Select", b"UNION", b"ab cd"],
        &[b"words", b"# words", b"ab", b""],
    );
    all("@pmf words.data more.data", &[b"insert", b"select"], &[b"\r"]);
    assert_eq!(ask("@pm select", b"a SELECT b"), (Outcome::Yes, Some(&b"SELECT"[..])));
    assert!(rule("@pmFromFile none.data").unwrap_err().contains("no phrases"));
    assert!(rule("@pmFromFile gone.data").unwrap_err().contains("cannot read"));

    assert!(rule("@pmFromFile https://a/b").unwrap_err().contains("not fetched"));
    for bad in ["@pm |4|", "@pm |zz|"] {
        assert!(rule(bad).unwrap_err().contains("not hexadecimal"), "{bad}");
    }
}

#[test]
fn addresses_are_in_blocks() {
    let yes: &[&[u8]] =
        &[b"192.0.2.0", b"192.0.2.255", b" 192.0.2.7 ", b"::ffff:192.0.2.1", b"2001:db8:f::1"];
    let no: &[&[u8]] =
        &[b"192.0.3.0", b"192.0.1.255", b"2001:db9::", b"192.0.2", b"x", b"", b"\xff"];
    all("@ipMatch 192.0.2.0/24, 2001:db8::/32", yes, no);
    all("@ipMatchFromFile nets.data", yes, no);
    all("@ipMatchF nets.data", &[b"192.0.2.1"], &[b"10.0.0.1"]);
    all("@ipMatch 0.0.0.0/0", &[b"255.255.255.255", b"0.0.0.0"], &[b"::1"]);
    // Blocks that overlap or touch are as one, a host's address with bits in it is its network.
    all(
        "@ipMatch 10.0.0.0/8,10.1.0.0/16,11.2.3.4/8",
        &[b"10.255.0.0", b"11.0.0.0"],
        &[b"12.0.0.0"],
    );
    assert!(rule("@ipMatch 192.0.2.0/33").unwrap_err().contains("no address"));
}

#[test]
fn bytes_must_be_valid() {
    all("@validateByteRange 32-126,9", &[b"\x00", b"a\x7f", b"\xff"], &[b"", b"a b\t"]);
    all("@validateByteRange 0-255", &[], &[b"\x00\xff", b""]);
    all("@validateUrlEncoding", &[b"%", b"a%4", b"%zz", b"%41%"], &[b"", b"%41", b"%fF", b"a+b"]);
    let bad: &[&[u8]] = &[
        b"\x80",
        b"\xc0\xaf",
        b"\xed\xa0\x80",
        b"\xf4\x90\x80\x80",
        b"\xe2\x82",
        b"\xf8\x88\x80\x80\x80",
    ];
    all("@validateUtf8Encoding", bad, &[b"", b"a", b"\xe2\x82\xac", b"\xf4\x8f\xbf\xbf", b"\0"]);
    for bad in [
        "@validateByteRange 9-",
        "@validateByteRange 10-9",
        "@validateByteRange 0-256",
        "@validateByteRange x",
    ] {
        assert!(rule(bad).is_err(), "{bad}");
    }
}

#[test]
fn patterns_are_those_of_pcre_with_dotall() {
    all("@rx ^a.c$", &[b"abc", b"a\nc"], &[b"abc\n", b"ABC", b"xabc"]);
    all("a.c", &[b"xa\nc"], &[b"ac"]);
    all("@rxGlobal a.c", &[b"abc"], &[b"ac"]);
    all("@rx \\x{e2}\\xe9", &[b"\xe2\xe9"], &[b"\xc3\xa2\xc3\xa9"]);
    all("@rx (?<!a)b(?!c)", &[b"xbd", b"b"], &[b"ab", b"xbc"]);
    all("@rx (\\w)\\1", &[b"aa"], &[b"ab"]);
    all("@rx a++b", &[b"aab"], &[b"b"]);
    assert_eq!(ask("@rx b+", b"abbc"), (Outcome::Yes, Some(&b"bb"[..])));
    assert_eq!(ask("@rx (?:(a+)+)+(?!x)$", &b"a".repeat(64)).0, Outcome::Yes);
    let (outcome, _) = ask("@rx ^(?:a|a)*(?=b)c", &b"a".repeat(64));
    assert_eq!(outcome, Outcome::Limit, "no answer is neither a match nor none");
    assert!(rule("@rx (a").is_err());
}

#[test]
fn checksums_decide() {
    let card: &[&[u8]] =
        &[b"4111111111111111", b"a 4111111111111111 b", b"1234567890123456 4111111111111111"];
    all("@verifyCC \\d{13,16}", card, &[b"4111111111111112", b"411111111111", b""]);
    assert_eq!(ask("@verifyCC \\d{16}", b"n=4111111111111111;").1, Some(&b"4111111111111111"[..]));
    all(
        "@verifyCPF [\\d.-]{11,14}",
        &[b"529.982.247-25", b"52998224725"],
        &[b"52998224726", b"11111111111"],
    );
    all(
        "@verifySSN \\d{3}-?\\d{2}-?\\d{4}",
        &[b"123-45-6789"],
        &[b"000-45-6789", b"666-45-6789", b"900-45-6789", b"123-00-6789", b"123-45-0000"],
    );
    all("@verifySVNR \\d{10}", &[b"1237010180"], &[b"1238010180", b"123"]);
}

#[test]
fn attacks_are_told_by_their_tokens() {
    all(
        "@detectSQLi",
        &[b"1' or '1'='1", b"1 union select 1,2 --"],
        &[b"", b"o'neill", b"union of students"],
    );
    all("@detectXSS", &[b"<script>", b"<img src=x onerror=alert(1)>"], &[b"", b"a < b", b"script"]);
}

#[test]
fn some_hang_on_no_value() {
    all("@unconditionalMatch", &[b"", b"a"], &[]);
    all("@noMatch", &[], &[b"", b"a"]);
    // Their answers come from outside.
    all("@geoLookup", &[], &[b"192.0.2.1"]);
    all("@rbl list.example", &[], &[b"192.0.2.1"]);
}

#[test]
fn unknown_and_refused_names_say_what_to_do() {
    assert!(rule("@contain x").unwrap_err().contains("did you mean `@contains`?"));
    assert!(rule("@inspectFile x").unwrap_err().contains("no other program is run"));
}

proptest! {
    /// Bounds of a block are in it and their neighbours are not.
    #[test]
    fn blocks_begin_and_end_where_they_say(address in any::<u32>(), bits in 1_u32..=32) {
        let mask = u32::MAX << (32 - bits);
        let (first, last) = (address & mask, address | !mask);
        let text = |address: u32| std::net::Ipv4Addr::from(address).to_string();
        let block = format!("{}/{bits}", text(address));
        let addresses = Addresses::parse([block.as_str()].into_iter()).unwrap();
        prop_assert!(addresses.contains(text(first).as_bytes()));
        prop_assert!(addresses.contains(text(last).as_bytes()));
        if let Some(before) = first.checked_sub(1) {
            prop_assert!(!addresses.contains(text(before).as_bytes()));
        }
        if let Some(behind) = last.checked_add(1) {
            prop_assert!(!addresses.contains(text(behind).as_bytes()));
        }
    }

    /// A phrase is found where it stands alone in any case, and its parts are not.
    #[test]
    fn phrases_of_any_bytes_are_found(phrase in proptest::collection::vec(1_u8.., 2..6), before in "[0-9]{0,4}") {
        let hex: Vec<String> = phrase.iter().map(|byte| format!("{byte:02x}")).collect();
        let phrases = pm::words(format!("|{}|", hex.join(" ")).as_bytes()).unwrap();
        prop_assert_eq!(&phrases, std::slice::from_ref(&phrase));
        let phrases = Phrases::new(phrases).unwrap();
        let (mut caches, mut groups, mut captured) = (Caches::new(1 << 16), [None; GROUPS], None);
        let mut cx = Context {
            caches: &mut caches, argument: b"", wanted: Wanted::Whole, steps_max: 1,
            groups: &mut groups, captured: &mut captured,
        };
        let value = [before.as_bytes(), &phrase.to_ascii_uppercase()].concat();
        prop_assert!(phrases.evaluate(&value, &mut cx));
        prop_assert!(!phrases.evaluate(&phrase[1..], &mut cx) || phrase[1..].len() >= phrase.len());
    }
}
