//! Tables of patterns, inputs and where groups are.

mod random;

use super::{
    super::{Case, Found, GROUPS},
    Program,
};

/// Enough for what is not meant to take long.
const STEPS: usize = 100_000;

/// Where the match and its groups are: `0-2 0-1 -`, the groups up to the last that took part; `none` or `limit`.
fn places_in(pattern: &str, case: Case, input: &[u8]) -> String {
    let program = match Program::new(pattern.as_bytes(), case) {
        Ok(program) => program,
        Err(error) => return error,
    };
    let mut groups = [None; GROUPS];
    match program.search(input, STEPS, &mut groups) {
        Found::No => return "none".to_owned(),
        Found::Limit => return "limit".to_owned(),
        Found::Yes => {}
    }
    let last = groups.iter().rposition(Option::is_some).unwrap_or(0);
    let place = |group: &Option<(usize, usize)>| match group {
        Some((begin, end)) => format!("{begin}-{end}"),
        None => "-".to_owned(),
    };
    groups[..=last].iter().map(place).collect::<Vec<_>>().join(" ")
}

fn places(pattern: &str, input: &str) -> String {
    places_in(pattern, Case::Sensitive, input.as_bytes())
}

#[track_caller]
fn check(table: &[(&str, &str, &str)]) {
    for (pattern, input, expected) in table {
        assert_eq!(places(pattern, input), *expected, "{pattern} on {input:?}");
    }
}

#[test]
fn look_ahead_holds_a_place_without_taking_it() {
    check(&[
        ("^(?:5|4(?!04))", "404", "none"),
        ("^(?:5|4(?!04))", "403", "0-1"),
        ("^(?:5|4(?!04))", "502", "0-1"),
        ("user(?=name)", "userid username", "7-11"),
        ("(?=(a+))a*b\\1", "baaabac", "3-6 3-4"),
        ("(?!(x)y)x", "xz", "0-1"),
        ("(?=a)*b", "b", "0-1"),
        ("(?=a){3}a", "a", "0-1"),
        ("(?=ab|a(?!c))a", "ac ad", "3-4"),
        ("(?!)", "a", "none"),
        ("(?=)", "a", "0-0"),
    ]);
}

#[test]
fn look_behind_may_vary_in_length() {
    check(&[
        ("(?<=a|bc)d", "xbcd", "3-4"),
        ("(?<!a|bc)d", "ad bcd d", "7-8"),
        ("(?<=^|,)x", "yx,x", "3-4"),
        ("(?<=a{1,3})b", "caab", "3-4"),
        ("(?<=(a{1,3}))b", "caaaab", "5-6 2-5"),
        ("(?<=x(?:yz)?)b", "xb", "1-2"),
        ("(?<!&(?:amp|lt));", "&amp;;", "5-6"),
        ("(?<=a(?=b))b", "ab", "1-2"),
        ("(?<=(?<!x)a)b", "xabab", "4-5"),
        ("(?<=ab)", "ab", "2-2"),
    ]);
}

#[test]
fn backreferences_repeat_what_was_matched() {
    check(&[
        (r#"(["'])(.*?)\1"#, r#"say "it's" so"#, "4-10 4-5 5-9"),
        (r"(?<q>['`])x\k<q>\k'q'\k{q}(?P=q)", "'x''''", "0-6 0-1"),
        (r"(a)\g1\g{1}\g{-1}", "aaaa", "0-4 0-1"),
        (r"\g{+1}?(a)", "a", "0-1 0-1"),
        (r"(a)|b\1", "b", "none"),
        (r"(a|b\1)+", "aba", "0-3 1-3"),
        (r"(a\1?)+", "aaa", "0-3 1-3"),
        (r"(a)(b)(c)(d)(e)(f)(g)(h)(i)(j)\10", "abcdefghijj", PLACES_OF_TEN),
        (r"(?i)(ab)\1", "abAB", "0-4 0-2"),
        (r"(ab)(?i)\1", "abAB", "0-4 0-2"),
        (r"((?i)ab)\1", "abABab", "none"),
        (r"(a){0}\1", "a", "none"),
        (r"()\1+x", "x", "0-1 0-0"),
    ]);
}

const PLACES_OF_TEN: &str = "0-11 0-1 1-2 2-3 3-4 4-5 5-6 6-7 7-8 8-9";

#[test]
fn atomic_groups_give_nothing_back() {
    check(&[
        ("(?>a+)ab", "aaab", "none"),
        ("(?>a|ab)c", "abc", "none"),
        ("(?>ab|a)c", "abc", "0-3"),
        ("a++b", "aaab", "0-4"),
        ("a*+a", "aaa", "none"),
        ("(?:a|ab)++c", "abc", "none"),
        ("(?:ab){1,2}+ab", "ababab", "0-6"),
        ("(?:ab){1,2}+ab", "abab", "none"),
        ("(?>(?:(a)|b)*)\\1", "aba", "none"),
        ("a+ (?#not lazy but possessive)b", "a b", "0-3"),
        ("(?x) a+ + a", "aa", "none"),
        (r"\R\n", "\r\n", "none"),
        (r"\R\n", "\n\n", "0-2"),
    ]);
}

#[test]
fn quantifiers_try_what_they_prefer_first() {
    check(&[
        ("<.+>", "<a><b>", "0-6"),
        ("<.+?>", "<a><b>", "0-3"),
        ("(?U)<.+>", "<a><b>", "0-3"),
        ("(?U)<.+?>", "<a><b>", "0-6"),
        ("a{2,3}", "aaaa", "0-3"),
        ("a{2,3}?", "aaaa", "0-2"),
        ("a{2}b", "aaab", "1-4"),
        ("(?:ab){2,}c", "abababc", "0-7"),
        ("(ab|a)(bc|c)?", "abc", "0-3 0-2 2-3"),
        ("a{,3}", "aaa a{,3}", "4-9"),
        ("x{", "x{", "0-2"),
        ("x{2,1", "x{2,1", "0-5"),
        ("a{0}b", "ab", "1-2"),
        ("(?:){5}a", "a", "0-1"),
    ]);
}

#[test]
fn empty_rounds_end_a_loop() {
    check(&[
        ("(a*)*", "aa", "0-2 2-2"),
        ("(a*)+", "aa", "0-2 2-2"),
        ("(|a)+", "aa", "0-0 0-0"),
        ("(?:a?|b)*", "ab", "0-1"),
        ("(a?){0,3}", "a", "0-1 1-1"),
        ("(?:(a)|b)*", "ab", "0-2 0-1"),
        ("(?:a*?)*?b", "aab", "0-3"),
        ("(?:^)*a", "a", "0-1"),
    ]);
}

#[test]
fn places_are_those_of_pcre_with_dollar_at_the_end_only() {
    check(&[
        ("a$", "a\n", "none"),
        (r"a\Z", "a\n", "0-1"),
        (r"a\Z", "a\n\n", "none"),
        (r"a\z", "ba", "1-2"),
        ("(?m)a$", "a\nb", "0-1"),
        ("(?m)^b", "a\nb", "2-3"),
        ("(?m)^(?!.)", "a\n", "none"),
        (r"\Aa", "ba", "none"),
        (r"\Ga", "ba", "none"),
        (r"\bb\b", "ab b", "3-4"),
        (r"\Bb", "b ab", "3-4"),
        ("a.b", "a\nb", "0-3"),
        ("(?-s)a.b", "a\nb", "none"),
        (r"a\Nb", "a\nb", "none"),
        (r"ab\Kc", "abc", "2-3"),
        (r"(a\Kb|ac)d", "acd", "0-3 0-2"),
    ]);
}

#[test]
fn flags_hold_to_the_end_of_their_group() {
    check(&[
        ("a(?i)b|c", "C", "0-1"),
        ("(?:a(?i)b)c", "aBC", "none"),
        ("(?i:a)b", "Ab", "0-2"),
        ("(?i)a(?-i)b", "AB", "none"),
        ("(?i)a(?^)b", "AB", "none"),
        ("(?^)a.", "a\n", "none"),
        ("(?x) a b # all that is c\n c [d ]", "abc ", "0-4"),
        ("(?xx) [a b] c", " c", "none"),
        ("(?xx) [ ^ ] a - c ] +", "ab]-d", "3-5"),
        ("(?x)a\\ b", "a b", "0-3"),
        ("(?n)(a)(?<b>b)", "ab", "0-2 1-2"),
        ("(?#comment)a(?#another)+", "aa", "0-2"),
        ("(?i)\u{e9}", "\u{c9}", "none"),
    ]);
    assert_eq!(places_in("a[b-c](?-i)d", Case::Insensitive, b"ABd"), "0-3");
    assert_eq!(places_in("a[b-c](?-i)d", Case::Insensitive, b"ABD"), "none");
    assert_eq!(places_in("[^a]", Case::Insensitive, b"A"), "none");
    assert_eq!(places_in("[[:^upper:]]", Case::Insensitive, b"aA1"), "2-3");
    assert_eq!(places_in("(?-i)[[:upper:]]", Case::Insensitive, b"aA1"), "1-2");
}

#[test]
fn classes_are_sets_of_bytes() {
    check(&[
        ("[]a]+", "x]a]", "1-4"),
        ("[^]a]", "]ab", "2-3"),
        (r"[\w-.]+", "+a-.", "1-4"),
        (r"[.-\w]+", "+a-.", "1-4"),
        ("[a-c-e]+", "d-abe", "1-5"),
        ("[--/]+", "+-./", "1-4"),
        ("[a&&b]+", "a&&b", "0-4"),
        ("[[:alpha:]_[]+", "1a[_", "1-4"),
        ("[[:alpha]:]+", "[a:]", "1-4"),
        (r"[\Qa-c]\E]+", "b-]a", "1-4"),
        (r"[\b\d\n]+", "b\u{8}1\n", "1-4"),
        (r"[\x41\x{42}\103\o{104}\cA]+", "ABCD\u{1}", "0-5"),
        (r"[^\W_]+", "_a1-", "1-3"),
        (r"\v\h\s\d\w", "\u{b}\t\u{b}0_", "0-5"),
        (r"[^\x00-\xff]", "a", "none"),
        ("[[:punct:]]+", "a!~ ", "1-3"),
    ]);
    assert_eq!(places_in(r"\xe2[\x{80}-\x{81}]", Case::Sensitive, b"\xE2\x81"), "0-2");
    assert_eq!(places_in(r"[^\v\H]+", Case::Sensitive, b"\x85 \xA0b"), "1-3");
}

#[test]
fn what_is_wrong_is_said_with_its_byte() {
    check(&[
        ("ab**", "", "quantifier behind nothing that can be repeated at byte 3"),
        ("a|*", "", "quantifier behind nothing that can be repeated at byte 2"),
        ("^*", "", "quantifier behind nothing that can be repeated at byte 1"),
        ("a{2,1}", "", "quantifier with its numbers out of order at byte 1"),
        ("a{65536}", "", "quantifier with a number above 65535 at byte 1"),
        ("a(b", "", "group without closing parenthesis at byte 1"),
        ("a)b", "", "closing parenthesis that no group opened at byte 1"),
        ("[a-", "", "class without closing bracket at byte 0"),
        ("a[z-a]", "", "range out of order at byte 4"),
        ("[[:word]:foo:]]", "", "none"),
        ("[[:foo:]]", "", "unknown named class at byte 1"),
        ("[:alpha:]", "", "named class outside of a class at byte 0"),
        ("a\\", "", "backslash at the end at byte 1"),
        (r"\i", "", r"unknown escape \i at byte 0"),
        (r"\x{100}", "", "escape of more than a byte at byte 0"),
        (r"\x{4", "", "escape in braces that are not closed or hold no number at byte 0"),
        (r"(a)\2", "", "backreference to group 2, which does not exist at byte 3"),
        (r"\k<n>", "", "backreference to `n`, which does not exist at byte 0"),
        ("(?<n>a)(?<n>b)", "", "second group of the name `n` at byte 10"),
        ("(?<1>a)", "", "name that is none at byte 3"),
        ("(?z)", "", "unknown flag `z` at byte 2"),
        ("(?<=a*)b", "", "look-behind that is not sure to end within 255 bytes at byte 0"),
        ("(?<=a{256})b", "", "look-behind that is not sure to end within 255 bytes at byte 0"),
        (r"a(?=\K)", "", r"\K within look-around at byte 4"),
        ("(?R)", "", "recursion is not supported at byte 0"),
        ("(a)(?1)", "", "recursion is not supported at byte 3"),
        (r"(a)\g<1>", "", "recursion is not supported at byte 5"),
        ("(a)?(?(1)b)", "", "conditional groups are not supported at byte 4"),
        ("a(*SKIP)b", "", "verbs are not supported at byte 1"),
        ("(?|a|b)", "", "branch reset groups are not supported at byte 0"),
        (r"\N{U+41}", "", "characters by name are not supported at byte 0"),
        (r"\p{L}", "", "properties of Unicode are not supported at byte 0"),
        ("(?:(?:a{9}b){9999}){9999}", "", "pattern needs more than 65536 instructions"),
    ]);
}

#[test]
fn groups_nest_so_deep_and_no_deeper() {
    let nested = |depth| format!("{}a{}", "(?=".repeat(depth), ")".repeat(depth));
    assert_eq!(places(&nested(60), "a"), "0-0");
    assert_eq!(places(&nested(61), "a"), "group within more than 60 others at byte 180");
}

#[test]
fn what_would_take_exponential_time_ends_at_the_limit() {
    let input = "a".repeat(200);
    let patterns = [
        "(a+)+b",
        "(?:a|aa)+b",
        "(a|a)*[^a]",
        "(?=(?:a+)+b)",
        "(?:(?!b)a+)+c",
        r"(a+)\1+\1+b",
        "(?<!b)(?:a*)*c",
        "((?:a?){9}){9}b",
        "(?:.*.*.*.*)=",
    ];
    for pattern in patterns {
        assert_eq!(places(pattern, &input), "limit", "{pattern}");
    }
}

#[test]
fn steps_are_counted_across_all_starts() {
    let program = Program::new(b"(?:ab?)+(?!b)c", Case::Sensitive).unwrap();
    let mut groups = [None; GROUPS];
    let input = "ab".repeat(1000);
    assert_eq!(program.search(input.as_bytes(), 1000, &mut groups), Found::Limit);
    assert_eq!(groups, [None; GROUPS]);
    assert_eq!(program.search(b"abac", 1000, &mut groups), Found::Yes);
    assert_eq!(program.search(b"abac", 0, &mut groups), Found::Limit);
    // No step where no start is.
    assert_eq!(program.search(b"xyz", 0, &mut groups), Found::No);
}

#[test]
fn starts_that_cannot_match_are_not_tried() {
    // From each start, these would take as many steps as there are bytes.
    let input = vec![b'a'; 20_000];
    for pattern in [".*(?!a)b", ".*?(?!a)b", r"^a*(?!a)b|\Ac", "(?:^|^b)a*(?!a)c"] {
        assert_eq!(places_in(pattern, Case::Sensitive, &input), "none", "{pattern}");
    }
    // Here, what is skipped is what could be repeated.
    assert_eq!(places_in("(.*)(?!a)\\1b", Case::Sensitive, &input), "limit");
}

#[test]
fn repetitions_are_not_tried_shorter_in_vain() {
    let input = [b"x".as_slice(), &[b'a'; 80_000]].concat();
    assert_eq!(places_in("xa+(?!c)b", Case::Sensitive, &input), "none");
    assert_eq!(places_in("xa+(?!c)[^a]", Case::Sensitive, &input), "none");
    assert_eq!(places_in("xa+(?!c)[ab]b", Case::Sensitive, &input), "limit");
}

#[test]
fn long_inputs_take_little_stack() {
    let input = vec![b'a'; 1 << 20];
    let program = Program::new(b"(?:a|b)*+(?!a)$", Case::Sensitive).unwrap();
    let mut groups = [None; GROUPS];
    // Two entries wait for each byte, more than may.
    assert_eq!(program.search(&input, usize::MAX, &mut groups), Found::Limit);
}
