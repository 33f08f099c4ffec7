//! The verdicts are those of libinjection 4.0.0, but for the byte 0xFF; see the tokenizer.

use proptest::prelude::*;

use super::{
    decide::{detect, detect_unchecked},
    names_data::{ATTRIBUTES, EVENTS, TAGS},
    tokenizer::{Place, Token, Tokenizer},
    url::runs_script,
};
use crate::injection::scan::counter::cost_of;

fn tokens(input: &[u8], place: Place) -> Vec<Token<'_>> {
    let mut tokenizer = Tokenizer::new(input, place);
    let mut tokens = vec![];
    while tokenizer.remaining() > 0 {
        tokens.extend(tokenizer.step());
    }
    tokens
}

fn attribute<'a>(name: &'a str, value: &'a str) -> Token<'a> {
    Token::Attribute { name: name.as_bytes(), value: value.as_bytes() }
}

#[test]
fn scripts_are_found_in_every_place() {
    let attacks = [
        // In text.
        "<script>f()</script>",
        "a < b <ScRiPt src=x>",
        "<img src=x onerror=f()>",
        "<svg/onload=f()>",
        "<a href=\"javascript:f()\">",
        "<p style=x>",
        "<p xmlns:q=x>",
        "<animate attributeName=href to=x>",
        "<set attributename=onclick>",
        "<xsl:value-of>",
        "<!doctype html>",
        "<!--[if IE]>",
        "<?xml version='1.0'?>",
        "<!ENTITY x>",
        "<?import x>",
        "<!-- ` -->",
        "<!- ` ->",
        "<% ` %>",
        "</p onclick=f()>",
        "</script >",
        // In a tag, and behind each quote.
        "onclick=f()",
        "x onmouseover = f()",
        "x' onfocus='f()",
        "x\" onfocus=\"f()",
        "x` onfocus=`f()",
        "'><script>",
        "x\"/><iframe",
    ];
    for input in attacks {
        assert!(detect(input.as_bytes()), "{input}");
    }
}

#[test]
fn harmless_html_and_text_are_none() {
    let texts = [
        "",
        "alice",
        "1 < 2 and 3 > 2",
        "a=b&c=d",
        "<p>It's <b>bold</b>.</p>",
        "<p class=\"note\" title='x'>",
        "<a href=\"https://example.org/?a=b\">x</a>",
        "<img src=x.png alt=\"on\">",
        "only=1",
        "on=1",
        "onfoo=1",
        "<s>cript",
        "<!-- a note -->",
        "<sv g>",
        "<onload>",
        "script",
        "onclick",
        "</script>",
        "<>",
        "<",
        "=",
    ];
    for input in texts {
        assert!(!detect(input.as_bytes()), "{input}");
    }
}

#[test]
fn nul_hides_nothing() {
    let attacks: [&[u8]; 6] = [
        b"<scr\0ipt>",
        b"<\0script>",
        b"<a href='j\0avascript:f()'>",
        b"<a\0onclick=f()>",
        b"<a\0onclick\0=\0f()>",
        b"<!-- a -\0-><script>",
    ];
    for input in attacks {
        assert!(detect(input), "{}", input.escape_ascii());
    }
    // In a name it is a blank.
    assert!(!detect(b"<a onc\0lick=f()>"));
    assert!(!detect(b"<\0s\0>"));
}

#[test]
fn a_byte_of_255_is_no_end() {
    assert!(detect(b"<x \xff><script>"));
    assert!(detect(b"<x onclick=\xfff()>"));
}

#[test]
fn bytes_become_tokens() {
    let read = |input: &'static str| tokens(input.as_bytes(), Place::Text);
    assert_eq!(
        read("a<b c=d e f='g>'h=\"i\" j = k>l"),
        [
            Token::Tag(b"b"),
            attribute("c", "d"),
            attribute("f", "g>"),
            attribute("h", "i"),
            attribute("j", "k"),
        ]
    );
    assert_eq!(
        read("<a/b=/c/ =d=e ==f / =>"),
        [Token::Tag(b"a"), attribute("b", "/c/"), attribute("=d", "e"), attribute("=", "f"),]
    );
    assert_eq!(
        read("<a b=`c` d=>e</a><f"),
        [Token::Tag(b"a"), attribute("b", "c"), attribute("d", ""), Token::Tag(b"f"),]
    );
    assert_eq!(
        read("<!--a--b-!>c<!d>e<?f>g</ h><% i % >%><![CDATA[<j>]]>k<!---->"),
        [
            Token::Comment(b"a--b"),
            Token::Comment(b"d"),
            Token::Comment(b"f"),
            Token::Comment(b" h"),
            Token::Comment(b" i % >"),
            Token::Comment(b""),
        ]
    );
    assert_eq!(read("<!-- open -"), [Token::Comment(b" open -")]);
    assert_eq!(read("<! open"), [Token::Comment(b" open")]);
    assert_eq!(read("<a b=\"open"), [Token::Tag(b"a"), attribute("b", "open")]);
    assert_eq!(read("<a b = "), [Token::Tag(b"a")]);
    assert_eq!(read("<!DocType>"), [Token::Doctype]);
    assert_eq!(read("<1><-></><"), []);
    assert_eq!(tokens(b"a=b>c=d", Place::Tag), [attribute("a", "b")]);
}

#[test]
fn an_end_tag_may_hide_the_next_tag() {
    let read = |input: &'static str| tokens(input.as_bytes(), Place::Text);
    assert_eq!(read("</a><b>"), [Token::Tag(b"b")]);
    // Reported since there is a blank; the `>` behind it does not reset what is known.
    assert_eq!(read("</a ><b><c>"), [Token::Tag(b"a"), Token::Tag(b"c")]);
    assert_eq!(read("</a d><b><c>"), [Token::Tag(b"a"), Token::Tag(b"b"), Token::Tag(b"c")]);
    assert_eq!(read("</><b><c>"), [Token::Tag(b"c")]);
}

#[test]
fn schemes_are_found_however_they_are_written() {
    let harmful: [&[u8]; 13] = [
        b"javascript:f()",
        b"JAVA",
        b"data:text/html,x",
        b"View-Source:x",
        b"vbscript:x",
        b" \t\x01\xe2\x80\x8bjavascript:",
        b"ja\nva\0script:",
        b"&#106;&#97;va",
        b"&#x6A&#x61;va",
        b"&#0000106ava",
        b"&#32;&#1;java",
        b"&#0;j&#10;ava",
        b"&#x14a;ava",
    ];
    for url in harmful {
        assert!(runs_script(url), "{}", url.escape_ascii());
    }
    let harmless: [&[u8]; 10] = [
        b"",
        b"https://example.org/java",
        b"jav",
        b"j ava",
        b"&#106",
        b"&#;java",
        b"&#xg;java",
        b"&amp;java",
        b"&#1048832;java",
        b"&#",
    ];
    for url in harmless {
        assert!(!runs_script(url), "{}", url.escape_ascii());
    }
}

#[test]
fn the_tables_are_as_the_search_needs_them() {
    assert!(EVENTS.is_sorted());
    for (name, next) in EVENTS.iter().zip(EVENTS.iter().skip(1)) {
        assert!(!next.starts_with(name), "{next} begins with {name}");
    }
    for event in EVENTS {
        for input in [format!("x On{event}=f"), format!("x on{}s=f", event.to_lowercase())] {
            assert!(detect(input.as_bytes()), "{input}");
        }
        let short = format!("on{}=f", &event[..event.len() - 1]);
        assert!(!detect(short.as_bytes()), "{short}");
    }
    for tag in TAGS {
        assert!(detect(format!("<{}>", tag.to_lowercase()).as_bytes()), "{tag}");
    }
    for (name, _) in ATTRIBUTES {
        let input = format!("x {}=javascript:", name.to_lowercase());
        assert!(detect(input.as_bytes()) || *name == "ATTRIBUTENAME", "{input}");
    }
}

const FRAGMENTS: [&str; 42] = [
    "<",
    ">",
    "</",
    "/",
    "<!",
    "<!--",
    "-->",
    "-",
    "--",
    "!>",
    "<!doctype",
    "<![CDATA[",
    "]]>",
    "]",
    "<?",
    "<%",
    "%>",
    "%",
    "`",
    "'",
    "\"",
    "=",
    " ",
    "\0",
    "&#",
    "&#x",
    "&#106;",
    "java",
    "href",
    "style",
    "attributename",
    "on",
    "onload",
    "script",
    "svg",
    "a",
    "-\0",
    "'=",
    "\"a=",
    "&#0",
    "&#x0",
    "a=",
];

#[test]
fn the_cost_is_linear_whatever_is_repeated() {
    for first in FRAGMENTS {
        for second in FRAGMENTS {
            for start in ["", "<a ", "<a href='", "<!--", "</"] {
                let input = format!("{start}{}", format!("{first}{second}").repeat(200));
                let cost = cost_of(|| _ = detect(input.as_bytes()));
                assert!(cost <= 20 * input.len() + 200, "{start} {first}{second}: {cost}");
            }
        }
    }
}

#[test]
fn five_readings_of_a_page_cost_hardly_more_than_one() {
    let page = "<p class=\"a\" title='b'>It's `so` &amp; so.</p>\n".repeat(200);
    let cost = cost_of(|| assert!(!detect(page.as_bytes())));
    assert!(cost < 2 * page.len(), "{cost} for {}", page.len());
}

proptest! {
    #[test]
    fn any_bytes_have_a_verdict(input in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert_eq!(detect(&input), detect_unchecked(&input));
    }

    #[test]
    fn any_fragments_have_a_verdict(
        parts in prop::collection::vec(prop::sample::select(&FRAGMENTS[..]), 0..30),
    ) {
        let input = parts.concat();
        prop_assert_eq!(detect(input.as_bytes()), detect_unchecked(input.as_bytes()));
    }

    #[test]
    fn without_less_than_and_equals_there_is_no_verdict(
        parts in prop::collection::vec(prop::sample::select(&FRAGMENTS[..]), 0..30),
    ) {
        let input = parts.concat().replace(['<', '='], "");
        prop_assert!(!detect_unchecked(input.as_bytes()));
    }

    #[test]
    fn readings_that_join_lose_nothing(
        parts in prop::collection::vec(prop::sample::select(&FRAGMENTS[..]), 0..20),
    ) {
        let input = parts.concat();
        let rest = |quote| input.split_once(quote).map_or("", |(_, rest)| rest);
        let alone = [
            (input.as_str(), Place::Text),
            (input.as_str(), Place::Tag),
            (rest('\''), Place::Tag),
            (rest('"'), Place::Tag),
            (rest('`'), Place::Tag),
        ];
        let expected = alone.into_iter().any(|(input, place)| {
            tokens(input.as_bytes(), place).into_iter().any(super::decide::is_harmful)
        });
        prop_assert_eq!(detect(input.as_bytes()), expected);
    }
}
