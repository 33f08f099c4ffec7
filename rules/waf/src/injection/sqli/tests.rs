//! The verdicts are those of libinjection 4.0.0, with which the whole was compared on some
//! hundred million inputs; these are one for each thing that the detector knows.

use proptest::prelude::*;

use super::{
    decide::detect,
    fingerprint::Fingerprint,
    fingerprints_data::FINGERPRINTS,
    fold::Folded,
    keywords,
    keywords_data::WORDS,
    token::{Kind, TEXT_MAX, Token},
    tokenizer::{Dialect, Tokenizer},
};
use crate::injection::scan::counter::cost_of;

/// What is found, as text.
fn found(input: impl AsRef<[u8]>) -> Option<String> {
    detect(input.as_ref()).map(|fingerprint| fingerprint.escape_ascii().to_string())
}

/// The kinds of all tokens, before folding.
fn kinds(input: &[u8], before: Option<u8>, dialect: Dialect) -> String {
    tokens(input, before, dialect).iter().map(|token| char::from(token.kind as u8)).collect()
}

fn tokens(input: &[u8], before: Option<u8>, dialect: Dialect) -> Vec<Token<'_>> {
    let mut tokenizer = Tokenizer::new(input, before, dialect);
    std::iter::from_fn(|| tokenizer.next()).collect()
}

/// The kinds that are left after folding.
fn folded(input: &str) -> String {
    let mut tokens = Tokenizer::new(input.as_bytes(), None, Dialect::Ansi);
    let folded = Folded::read(&mut tokens);
    folded.tokens().iter().map(|token| char::from(token.kind as u8)).collect()
}

#[test]
fn attacks_have_the_fingerprint_of_what_they_inject() {
    let attacks = [
        // Continuing a string, a number, a name.
        ("1' or '1'='1", "s&sos"),
        ("' or 1=1 -- ", "s&1c"),
        ("x' and sleep(3)#", "s&f(1"),
        ("' || 'a'='a", "s&sos"),
        ("foo' + 'bar", "sos"),
        ("\"; drop table orders; --", "s;Tnn"),
        ("7 or 7=7", "1&1"),
        ("@version or 1=1", "v&1"),
        ("`id` or 1=1", "n&1"),
        ("[x] or 1=1", "n&1"),
        ("a.b.c or 1=1", "n&1"),
        ("'1' like '1' and 1=1", "sos&1"),
        ("1 or 1 in (select 2)", "1&1o("),
        ("1 and user()=1", "1&f()"),
        // Another SELECT, or the rest of this one.
        ("-4 union all select name, 2 from accounts", "1UEnk"),
        ("1,2,3,4 union select", "1UE"),
        ("9/**/union", "1U"),
        ("1 having 1=1", "1B1"),
        ("1 order by 3", "1B1"),
        ("1 procedure analyse(1)", "1f(1)"),
        ("case when 1 then 2 end", "Ek1k1"),
        ("select count(*) from t", "Ef(o)"),
        ("1;if(1=1) select 1", "1;T(1"),
        // Files.
        ("1 into outfile '/tmp/a'", "1ks"),
        ("x INTO DUMPFILE 'a'", "nks"),
        ("1 limit 1 into outfile 'x'", "1B1ks"),
        // Comments that cut the statement off.
        ("admin'/*", "sc"),
        ("14--", "1c"),
        ("14-- done", "1c"),
        ("14/* note */", "1c"),
        ("1\t--", "1c"),
        // What databases write in their own ways.
        ("nq'[a]' or 1=1", "s&1"),
        ("x'1f' or 1=1", "1&1"),
        ("$tag$a$tag$ or 1=1", "s&1"),
        ("1 = $$ or $$ -- ", "1osc"),
        ("\\%1 or 1=1--", "1&1c"),
        ("1 or (1.e(2))", "1&(1)"),
        ("1' or 1.e(1)=1-- ", "s&(1)"),
        // What is evil in itself.
        ("/*!50000select*/ 1", "X"),
        ("a /* b /* c */ d", "X"),
        ("{ ``.``.id }", "X"),
    ];
    for (input, fingerprint) in attacks {
        assert_eq!(found(input).as_deref(), Some(fingerprint), "{input}");
    }
}

#[test]
fn texts_that_look_alike_are_none() {
    let texts = [
        "",
        "alice",
        "42",
        "9 union",
        "14#",
        " 1--",
        "sexy and 17",
        "\"foo\" and \"bar\"",
        "it's 5 o'clock, isn't it?",
        "O'Reilly & Sons",
        "The union of select members, 1998",
        "drop me a line; thanks",
        "1 inta outfile 'b'",
        "user(1) or 1=1",
        "select-1",
        "2024-05-01 10:00",
        "https://example.org/a?b=c&d=e",
        "f47ac10b-58cc-4372-a567-0e02b2c3d479",
    ];
    for input in texts {
        assert_eq!(found(input), None, "{input}");
    }
}

#[test]
fn a_small_difference_decides() {
    // Something folded, or a comment between, makes "1 union" more than a text.
    assert_eq!((found("1 union"), found("1+1 union").as_deref()), (None, Some("1U")));
    assert_eq!((found("sexy and 17"), found("sexy and 17<18").as_deref()), (None, Some("n&1")));
    // A number must stand alone before a comment, unless the input has more than these two.
    assert_eq!((found(" 1--"), found("(1--").as_deref()), (None, Some("1c")));
    // A comment behind a word is one with `/*` only.
    assert_eq!((found("foo --"), found("foo /*").as_deref()), (None, Some("nc")));
    // SQL Server logs nothing of what contains this.
    assert_eq!((found("foo -- x"), found("foo -- sp_password").as_deref()), (None, Some("nc")));
}

#[test]
fn nul_is_what_it_is_to_c() {
    let kinds = |input: &[u8]| kinds(input, None, Dialect::Ansi);
    assert_eq!(kinds(b"a\0b"), "nn", "the end of a word");
    assert_eq!(kinds(b"0x\0"), "1", "a digit of some bases");
    assert_eq!(kinds(b"1\0"), "1", "but not of ten");
    assert_eq!(kinds(b"$\0"), "1", "part of an amount");
    assert_eq!(kinds(b"$a\0b$x$a\0b$"), "s", "part of a tag");
    assert_eq!(kinds(b"--\0 or"), "c", "a blank");
    assert_eq!(found(b"1\0or\x001=1").as_deref(), Some("1&1"));
}

#[test]
fn bytes_become_tokens() {
    let cases: [(&[u8], &str); 40] = [
        (b"select a from b where c", "Enknkn"),
        (b"SeLeCt.1", "E1"),
        (b"select`a`", "En"),
        (b"selected.1", "n"),
        (b"sys.stragg(", "f("),
        (b"`version`()", "f()"),
        (b"`select`", "n"),
        (b"[a]b]c", "nn?n"),
        (b"@a @@b @'c' @`d` @", "vvvvv"),
        (b"1 1.5 .5 1. . 1e5 1E-3 0x1F 0b01", "1111.1111"),
        (b"1e", ""),
        (b"1e+ 2", "1"),
        (b"0x 0b2", "nn1"),
        (b"1fUNION", "1U"),
        (b"1dx 1d;", "1n1;"),
        (b"b'01' x'fF' b'02'", "11ns"),
        (b"n'a' e'b' u&'c' q'(d)' nq'!e!'", "sssss"),
        (b"q'\xe4a\xe4'", "ns"),
        (b"$1,000.00 $ $. $$a$$ $b$c$b$ $d", "1nnssnn"),
        (b"'a\\'b' 'c''d' 'e\\\\' \"f", "ssss"),
        (b"a<=>b a<>b a<<b a<@b a!=b a!!b", "nonnonnonnonnonnon"),
        (b"a&&b a||b a|/b a:=b a::b a:b", "n&nn&nnonnonnonn:n"),
        (b"a&b|c*d=e>f:", "nononononono"),
        (b"~1^2%3+4", "o1o1o1o1"),
        (b"(1,2){3};4?5]", "(1,1){1};1?1?"),
        (b"\\N \\1", "1\\1"),
        (b"a--b", "nc"),
        (b"a-- b\nc", "ncn"),
        (b"a - -b", "noon"),
        (b"a#b", "non"),
        (b"a/*b*/c/d", "ncnon"),
        (b"/*/*/", "X"),
        (b"/*/", "c"),
        (b"/*!", "X"),
        (b"/* /* ", "c"),
        (b"a\xa0b\x7fc \x7f\xc3\xa9", "nnn"),
        (b"null true current_date collate", "v1vA"),
        (b"group exec int and", "nTt&"),
        (b"union limit like", "UBo"),
        (b"", ""),
    ];
    for (input, expected) in cases {
        assert_eq!(kinds(input, None, Dialect::Ansi), expected, "{}", input.escape_ascii());
    }
}

#[test]
fn comments_depend_on_the_dialect() {
    for (input, ansi, mysql) in
        [("a--b", "nc", "noon"), ("a#b", "non", "nc"), ("a-- b", "nc", "nc"), ("a--", "nc", "nc")]
    {
        let read = |dialect| kinds(input.as_bytes(), None, dialect);
        assert_eq!((read(Dialect::Ansi), read(Dialect::MySql)), (ansi.into(), mysql.into()));
        let mut tokens = Tokenizer::new(input.as_bytes(), None, Dialect::Ansi);
        while tokens.next().is_some() {}
        assert_eq!(tokens.dialect_matters(), ansi != mysql, "{input}");
    }
}

#[test]
fn a_quote_before_the_input_makes_its_start_a_string() {
    let read = |input: &'static str| tokens(input.as_bytes(), Some(b'\''), Dialect::Ansi);
    let shown = |token: &Token<'_>| (token.opened, token.text.to_vec(), token.closed);
    assert_eq!(read("a' or").first().map(shown), Some((0, b"a".to_vec(), b'\'')));
    assert_eq!(read("a'' or").first().map(shown), Some((0, b"a'' or".to_vec(), 0)));
    assert_eq!(read("a\\' or").first().map(shown), Some((0, b"a\\' or".to_vec(), 0)));
    assert_eq!(read("'").first().map(shown), Some((0, b"".to_vec(), b'\'')));
    assert_eq!(kinds(b"' or 'b", Some(b'\''), Dialect::Ansi), "s&s");
}

#[test]
fn long_tokens_count_but_are_cut() {
    let word = "x".repeat(100);
    let read = tokens(word.as_bytes(), None, Dialect::Ansi);
    assert_eq!(read.iter().map(|token| token.text.len()).collect::<Vec<_>>(), [TEXT_MAX]);
    // What is cut off decides nothing: this is not the function of that name.
    let name = format!("current_timestamp{}(", "x".repeat(20));
    assert_eq!(kinds(name.as_bytes(), None, Dialect::Ansi), "n(");
}

#[test]
fn what_says_nothing_folds_away() {
    let cases = [
        ("(((1", "1"),
        ("/* a */ - + not 1", "1"),
        ("int 1", "1"),
        ("'a' 'b' \"c\"", "s"),
        ("1;;;1", "1;1"),
        ("1 + 2 * 3", "1"),
        ("a + - ! 2", "n"),
        ("1, 'a', @b, c", "1"),
        ("1, -2, +3", "1"),
        ("a.b.c", "n"),
        ("'a'::text::int", "s"),
        ("1 = (int 2)", "1"),
        ("a + (b) + (c)", "n"),
        ("union all select distinct", "UE"),
        ("1 union distinct all", "1U"),
        ("select -1", "E1"),
        ("select - (1", "E(1"),
        ("select .`a`", "En"),
        ("a like (b)", "nf(n)"),
        ("a like b", "n"),
        ("1 in (2", "1o(1"),
        ("a not in b", "nnn"),
        ("a in boolean mode", "nk"),
        ("1; if 2", "1;T1"),
        ("if 2", "f1"),
        ("a and b and c and d", "n&n"),
        ("user(", "f("),
        ("user(1", "n(1"),
        ("a collate b_c d", "nAn"),
        ("{d 1} 2", "11"),
        ("\\1", "1"),
        ("1 /* a */ 2 /* b */", "11c"),
        ("a b `", "nnc"),
        ("-- only a comment", ""),
        ("", ""),
    ];
    for (input, expected) in cases {
        assert_eq!(folded(input), expected, "{input}");
    }
}

#[test]
fn every_word_is_found_in_any_case() {
    for (kind, list) in WORDS {
        for text in list.split(", ") {
            let lower = text.to_lowercase();
            assert!(text.len() > 1 && text.len() <= TEXT_MAX, "{text}");
            for spelling in [text, &lower] {
                let word = keywords::word(spelling.as_bytes());
                assert_eq!(word.map(|word| word.kind), Some(*kind), "{spelling}");
            }
            for other in [format!("{text}\0"), format!("{text}Q"), format!("~{text}")] {
                assert!(keywords::word(other.as_bytes()).is_none(), "{other}");
            }
            if let Some((left, right)) = lower.rsplit_once(' ') {
                let phrase = keywords::phrase(left.as_bytes(), right.as_bytes());
                assert_eq!(phrase.map(|phrase| phrase.kind), Some(*kind), "{text}");
            }
        }
    }
    assert!(keywords::word(b"").is_none() && keywords::word(&[b'A'; 40]).is_none());
    assert!(keywords::phrase(b"", b"a").is_none() && keywords::phrase(b"UNION", b"").is_none());
    assert!(keywords::phrase(&[b'U'; 20], &[b'A'; 20]).is_none());
}

#[test]
fn exactly_the_listed_fingerprints_are_listed() {
    let every = [
        Kind::Logic,
        Kind::LeftParen,
        Kind::RightParen,
        Kind::Comma,
        Kind::Number,
        Kind::Colon,
        Kind::Semicolon,
        Kind::Collate,
        Kind::Group,
        Kind::Comment,
        Kind::Expression,
        Kind::Function,
        Kind::Keyword,
        Kind::Bareword,
        Kind::Operator,
        Kind::String,
        Kind::SqlType,
        Kind::Tsql,
        Kind::Union,
        Kind::Variable,
        Kind::Dot,
        Kind::Unknown,
        Kind::LeftBrace,
        Kind::RightBrace,
        Kind::Backslash,
    ];
    let listed: std::collections::HashSet<String> = FINGERPRINTS
        .iter()
        .flat_map(|(start, ends)| ends.split(' ').map(move |end| format!("{start}{end}")))
        .map(|fingerprint| fingerprint.replace('_', ""))
        .collect();
    let mut checked = vec![vec![]];
    for _ in 0..4 {
        checked = checked
            .into_iter()
            .flat_map(|kinds| every.map(|kind| [kinds.clone(), vec![kind]].concat()))
            .collect();
        for kinds in &checked {
            let tokens: Vec<_> = kinds.iter().map(|&kind| Token::new(kind, b"")).collect();
            let fingerprint = Fingerprint::of(&tokens);
            let name = fingerprint.escape_ascii().to_string().replace("\\\\", "\\");
            let expected = listed.contains(&name.to_uppercase());
            assert_eq!(fingerprint.is_listed(), expected, "{name}");
        }
    }
    for name in listed.iter().filter(|name| name.len() == 5) {
        let kinds = name
            .bytes()
            .map(|byte| every.iter().find(|kind| (**kind as u8).eq_ignore_ascii_case(&byte)));
        let tokens: Vec<_> = kinds.map(|kind| Token::new(*kind.unwrap(), b"")).collect();
        assert!(Fingerprint::of(&tokens).is_listed(), "{name}");
    }
}

/// Fragments of which each begins something, or ends it.
const FRAGMENTS: [&str; 56] = [
    "'",
    "\"",
    "`",
    "''",
    "\\'",
    "\\",
    "--",
    "-- ",
    "#",
    "/*",
    "*/",
    "/*!",
    "(",
    ")",
    ",",
    ";",
    ".",
    "::",
    ":",
    "=",
    "<=>",
    "!",
    "~",
    "-",
    "*",
    "|",
    "&&",
    "@",
    "@@",
    "@`",
    "$",
    "$$",
    "$a$",
    "{",
    "}",
    "[",
    "]",
    "1",
    "1e",
    "0x",
    "b'",
    "x'0",
    "n'",
    "q'(",
    "u&'",
    "a.",
    "like.",
    "true`",
    "and ",
    "union ",
    "select ",
    "into outfile ",
    "int ",
    "collate ",
    "in ",
    "\0",
];

#[test]
fn the_cost_is_linear_whatever_is_repeated() {
    for first in FRAGMENTS {
        for second in FRAGMENTS {
            let input = format!("{first}{second}").repeat(200);
            let cost = cost_of(|| drop(found(&input)));
            // Five readings, each of which may look at a byte some times.
            assert!(cost <= 25 * input.len() + 200, "{first}{second}: {cost}, {}", input.len());
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_have_a_verdict(input in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Some(fingerprint) = detect(&input) {
            prop_assert!((1..=5).contains(&fingerprint.len()));
            prop_assert!(fingerprint.is_listed());
        }
    }

    #[test]
    fn any_fragments_have_a_verdict(
        parts in prop::collection::vec(prop::sample::select(&FRAGMENTS[..]), 0..30),
    ) {
        let input = parts.concat();
        if let Some(fingerprint) = detect(input.as_bytes()) {
            prop_assert!(fingerprint.is_listed());
        }
    }

    #[test]
    fn tokens_cover_the_input_in_order(input in prop::collection::vec(any::<u8>(), 0..100)) {
        let mut position = 0;
        for token in tokens(&input, None, Dialect::Ansi) {
            prop_assert!(token.text.len() <= TEXT_MAX);
            let start = token.text.as_ptr().addr() - input.as_ptr().addr();
            prop_assert!(position <= start && start + token.text.len() <= input.len());
            position = start;
        }
    }
}
