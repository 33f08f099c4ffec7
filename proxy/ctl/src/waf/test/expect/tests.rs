//! What holds for the module above.

use super::*;
use crate::waf::test::evidence::LogFormat;

const LINES: [&str; 3] = [
    r#"ModSecurity: Warning. [id "1"] [msg "one"] [data "in ARGS:a"]"#,
    r#"ModSecurity: Warning. [id "2"]"#,
    "a line that names none: \u{e4}",
];

fn expectation(yaml: &str) -> Expectation {
    Expectation::compile(&serde_saphyr::from_str(yaml).unwrap()).unwrap()
}

async fn answer(status: u16) -> Result<Response, String> {
    let bytes = format!("HTTP/1.1 {status} x\r\nA: b\r\nContent-Length: 4\r\n\r\nbody");
    crate::waf::test::response::read(&mut bytes.as_bytes(), b"GET").await
}

fn evidence() -> Evidence {
    let lines = LINES.map(|line| line.as_bytes().to_vec());
    Evidence::read(LogFormat::Modsecurity, lines.to_vec())
}

#[tokio::test]
async fn what_is_expected_passes_and_its_opposite_does_not() {
    for (passes, fails) in [
        ("{ status: 200 }", "{ status: 201 }"),
        ("{ response_contains: 'A: b\\r\\n' }", "{ response_contains: 'A: c' }"),
        ("{ response_contains: '^HTTP.* 200(?s:.)*body$' }", "{ response_contains: '^body' }"),
        ("{ log: { expect_ids: [1, 2] } }", "{ log: { expect_ids: [1, 3] } }"),
        ("{ log: { no_expect_ids: [3, 4] } }", "{ log: { no_expect_ids: [2, 3] } }"),
        ("{ log: { match_regex: 'ARGS:a\"' } }", "{ log: { match_regex: 'one.*\\[id' } }"),
        ("{ log: { no_match_regex: 'ARGS:b' } }", "{ log: { no_match_regex: '\\[id \"\\d+\"' } }"),
        // One byte of two is a character to this dot: patterns are of bytes.
        ("{ log: { match_regex: 'none: ..$' } }", "{ log: { match_regex: 'none: .$' } }"),
        ("{ log: { match_regex: '[\u{e4}]' } }", "{ log: { match_regex: '[\u{f6}]' } }"),
        ("{ log_contains: one }", "{ log_contains: two }"),
        ("{ no_log_contains: two }", "{ no_log_contains: one }"),
        (
            "{ log_contains: two, log: { expect_ids: [1] } }",
            "{ log_contains: one, log: { expect_ids: [3] } }",
        ),
        ("{}", "{ expect_error: true }"),
        ("{ expect_error: false }", "{ status: 0 }"),
    ] {
        let answer = answer(200).await;
        let judge = |yaml| expectation(yaml).judge(&answer, Some(&evidence()));
        assert_eq!(judge(passes), Vec::<String>::new(), "{passes}");
        assert_eq!(judge(fails).len(), 1, "{fails}: {:?}", judge(fails));
    }
}

#[tokio::test]
async fn everything_that_fails_is_told() {
    let problems = expectation("{ status: 403, log: { expect_ids: [3, 4], no_expect_ids: [1] } }")
        .judge(&answer(200).await, Some(&evidence()));
    let expected = [
        "expected status 403, got 200",
        "expected a log of 3",
        "expected a log of 4",
        "expected no log of 1",
    ];
    assert_eq!(problems, expected);
}

#[test]
fn no_answer_is_a_failure_unless_it_is_expected() {
    let none = Err("it hung up".to_owned());
    assert_eq!(expectation("{}").judge(&none, Some(&evidence())), ["no answer: it hung up"]);
    // Nothing else counts then, as in go-ftw.
    let expected = expectation("{ expect_error: true, status: 200, log: { expect_ids: [3] } }");
    assert!(expected.judge(&none, Some(&evidence())).is_empty());
}

#[tokio::test]
async fn an_isolated_rule_is_the_only_one() {
    let isolated = expectation("{ isolated: true, log: { expect_ids: [1] } }");
    let of = |lines: &[&str]| {
        let lines = lines.iter().map(|line| line.as_bytes().to_vec()).collect();
        Evidence::read(LogFormat::Modsecurity, lines)
    };
    let answer = answer(200).await;
    assert!(isolated.judge(&answer, Some(&of(&LINES[..1]))).is_empty());
    assert_eq!(
        isolated.judge(&answer, Some(&of(&LINES[..2]))),
        ["expected a log of one rule alone"]
    );
    assert_eq!(isolated.judge(&answer, Some(&of(&LINES[1..2]))), ["expected a log of 1"]);
}

#[tokio::test]
async fn without_a_log_the_status_tells() {
    for (yaml, passes, fails) in [
        ("{ log: { expect_ids: [1] } }", &[403][..], &[200, 404, 500][..]),
        ("{ log: { match_regex: a } }", &[403], &[200]),
        ("{ log: { no_expect_ids: [1] } }", &[200, 404, 405], &[403, 500]),
        ("{ log: { no_match_regex: a } }", &[200, 404, 405], &[403]),
        ("{ status: 400, log: { expect_ids: [1] } }", &[400, 403], &[200]),
        ("{ status: 400 }", &[400], &[200, 403]),
        ("{}", &[200, 403, 500], &[]),
    ] {
        for &status in passes {
            let problems = expectation(yaml).judge(&answer(status).await, None);
            assert!(problems.is_empty(), "{yaml} {status}: {problems:?}");
        }
        for &status in fails {
            let problems = expectation(yaml).judge(&answer(status).await, None);
            assert_eq!(problems.len(), 1, "{yaml} {status}");
        }
    }
}

#[test]
fn an_expectation_is_told_in_a_line() {
    let yaml = "{ status: 200, isolated: true, log: { expect_ids: [1], no_expect_ids: [2, 3], match_regex: a } }";
    let summary = expectation(yaml).summary();
    assert_eq!(
        summary,
        "status 200, log of 1, and of nothing else, no log of 2, 3, log matching a"
    );
    assert_eq!(expectation("{}").summary(), "an answer");
    assert_eq!(expectation("{ expect_error: true }").summary(), "no answer");
}

#[test]
fn what_makes_no_sense_is_an_error() {
    for (yaml, says) in [
        ("{ isolated: true }", "`isolated`"),
        ("{ isolated: true, log: { expect_ids: [1, 2] } }", "`isolated`"),
        ("{ log: { match_regex: '(' } }", "`match_regex`"),
        ("{ log: { no_match_regex: '(?!a)' } }", "`no_match_regex`"),
        ("{ response_contains: '(' }", "`response_contains`"),
    ] {
        let error = Expectation::compile(&serde_saphyr::from_str(yaml).unwrap()).unwrap_err();
        assert!(error.starts_with(says), "{yaml}: {error}");
    }
}
