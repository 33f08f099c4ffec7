//! Rules, to the findings that they must give and no others.

use std::collections::BTreeSet;

use super::*;
use crate::seclang::Memory;

/// Findings as `line:column code message`.
fn findings(rules: &str) -> Vec<String> {
    let files: Memory = [("a.conf", rules)].into_iter().collect();
    let lint = lint(&files, &["a.conf"]).unwrap_or_else(|report| panic!("{report}"));
    let shown = |finding: &Finding| {
        let Finding { code, problem: Problem { place, message, .. } } = finding;
        format!("{}:{} {} {message}", place.line, place.column, code.word)
    };
    lint.findings().iter().map(shown).collect()
}

/// Words of the findings, for rules whose places are of no interest.
fn words(rules: &str) -> Vec<&'static str> {
    let files: Memory = [("a.conf", rules)].into_iter().collect();
    let lint = lint(&files, &["a.conf"]).unwrap_or_else(|report| panic!("{report}"));
    lint.findings().iter().map(|finding| finding.code.word).collect()
}

/// Rules that give these words and no others.
fn give(cases: &[(&str, &[&str])]) {
    for (rules, expected) in cases {
        assert_eq!(words(rules), *expected, "{rules}");
    }
}

#[test]
fn each_code_is_named_once_in_order_and_on_its_page() {
    let words: Vec<&str> = CODES.iter().map(|code| code.word).collect();
    let sorted: BTreeSet<&str> = words.iter().copied().collect();
    assert_eq!(words, sorted.into_iter().collect::<Vec<_>>());
    let page = include_str!("../../../../docs/waf-lint.md");
    let mut titles: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    titles.retain(|title| *title != "How it is run");
    let named = CODES.iter().map(|code| format!("`{}` ({})", code.word, code.severity.word()));
    assert_eq!(titles, named.collect::<Vec<_>>());
}

/// The page has an example of each code: it must give that finding, and what is put in its place none.
#[test]
fn examples_of_the_page_are_as_it_says() {
    let page = include_str!("../../../../docs/waf-lint.md");
    for section in page.split("\n## ").skip(2) {
        let word = section.split('`').nth(1).unwrap();
        let mut blocks =
            section.split("```apache\n").skip(1).map(|rest| rest.split("```").next().unwrap());
        let (bad, good) = (blocks.next().unwrap(), blocks.next());
        assert_eq!(words(bad), [word], "{bad}");
        if let Some(good) = good {
            assert_eq!(words(good), [""; 0], "{good}");
        }
    }
}

#[test]
fn findings_are_where_they_are_written() {
    let rules = "SecRule ARGS:a \"@rx A\" \\\n    \"id:1,phase:1,pass,t:lowercase,\\\n    skipAfter:GONE,capture\"\n";
    assert_eq!(
        findings(rules),
        [
            "1:21 never-matches this rule never matches: it asks for `A`, and none is left by t:lowercase",
            "3:15 no-such-marker there is no marker `GONE`: evaluation goes on behind the last rule of the phase",
            "3:20 capture-unread nothing reads what this captures",
        ]
    );
}

#[test]
fn a_finding_is_shown_as_a_compiler_shows_it() {
    let files: Memory = [("a.conf", "SecRuleRemoveById 7\n")].into_iter().collect();
    let lint = lint(&files, &["a.conf"]).unwrap();
    assert!(lint.warns());
    let expected = "\
warning[no-such-rule]: there is no rule 7
 --> a.conf:1:1
  |
1 | SecRuleRemoveById 7
  | ^^^^^^^^^^^^^^^^^";
    assert_eq!(lint.findings()[0].render(lint.sources()), expected);
}

#[test]
fn rules_that_do_not_load_are_refused() {
    let files: Memory = [("a.conf", "SecRule ARGS \"@rx (\" \"id:1\"\n")].into_iter().collect();
    assert_eq!(lint(&files, &["a.conf"]).unwrap_err().problems().len(), 1);
}

#[test]
fn rules_that_are_meant_must_be_there() {
    give(&[
        ("SecAction \"id:1,pass\"\nSecRuleRemoveById 1 2-5", &["no-such-rule"]),
        ("SecAction \"id:3,pass\"\nSecRuleRemoveById 2-5", &[]),
        ("SecAction \"id:1,pass,tag:'a/b'\"\nSecRuleRemoveByTag a/", &[]),
        ("SecAction \"id:1,pass,tag:'a/b'\"\nSecRuleRemoveByTag ^b", &["no-such-rule"]),
        ("SecAction \"id:1,pass,msg:'x'\"\nSecRuleRemoveByMsg y", &["no-such-rule"]),
        (
            "SecRule ARGS \"@rx select\" \"id:1,pass\"\nSecRuleUpdateTargetById 2 !ARGS:a",
            &["no-such-rule"],
        ),
        ("SecRule ARGS \"@rx select\" \"id:1,pass\"\nSecRuleUpdateTargetById 1 !ARGS:a", &[]),
        ("SecAction \"id:1,pass\"\nSecRuleUpdateActionById 2 pass", &["no-such-rule"]),
        ("SecAction \"id:1,phase:1,pass,ctl:ruleRemoveTargetByTag=none;ARGS\"", &["no-such-rule"]),
        ("SecAction \"id:1,phase:1,pass,ctl:ruleRemoveById=1-9\"", &["removed-too-late"]),
        // A rule that is taken away says nothing any more.
        ("SecAction \"id:1,deny\"\nSecRuleRemoveById 1", &[]),
    ]);
}

#[test]
fn what_is_taken_away_must_not_have_run() {
    let rule = |removed: &str, phase: u8| {
        format!(
            "SecAction \"id:1,phase:1,pass\"\nSecAction \"id:2,phase:{phase},pass,ctl:{removed}\"\n\
             SecAction \"id:3,phase:{phase},pass\"\n"
        )
    };
    let cases: [(&str, u8, &[&str]); 6] = [
        ("ruleRemoveById=1", 1, &["removed-too-late"]),
        ("ruleRemoveById=1", 2, &["removed-too-late"]),
        ("ruleRemoveById=1-3", 2, &[]),
        ("ruleRemoveTargetById=1;ARGS:a", 2, &["removed-too-late"]),
        ("requestBodyProcessor=JSON", 2, &["ctl-too-late"]),
        ("responseBodyAccess=On", 3, &[]),
    ];
    for (removed, phase, expected) in cases {
        assert_eq!(words(&rule(removed, phase)), expected, "{removed} in phase {phase}");
    }
}

#[test]
fn jumps_lead_forward() {
    give(&[
        (
            "SecMarker A\nSecRule ARGS \"@contains xy\" \"id:1,pass,skipAfter:A\"",
            &["marker-behind"],
        ),
        ("SecRule ARGS \"@contains xy\" \"id:1,pass,skipAfter:A\"\nSecMarker A", &[]),
        ("SecRule ARGS \"@contains xy\" \"id:1,pass,skipAfter:2\"\nSecAction \"id:2,pass\"", &[]),
        // An earlier mark of the same name does not hide the later one.
        ("SecMarker A\nSecRule ARGS \"@contains xy\" \"id:1,pass,skipAfter:A\"\nSecMarker A", &[]),
    ]);
}

#[test]
fn what_nothing_leads_to_is_found() {
    give(&[
        (
            "SecAction \"id:1,pass,skipAfter:A\"\nSecAction \"id:2,pass\"\nSecMarker A\nSecAction \"id:3,pass\"",
            &["unreachable"],
        ),
        (
            "SecAction \"id:1,pass,skip:2\"\nSecAction \"id:2,pass\"\nSecAction \"id:3,pass\"\nSecAction \"id:4,pass\"",
            &["unreachable", "unreachable"],
        ),
        (
            "SecAction \"id:1,deny,nolog,severity:2,tag:'t'\"\nSecAction \"id:2,pass\"",
            &["unreachable"],
        ),
        ("SecAction \"id:1,allow\"\nSecAction \"id:2,pass\"", &["unreachable"]),
        // Another phase, a condition, a rule that can be taken away, a jump over it.
        ("SecAction \"id:1,phase:1,allow:phase\"\nSecAction \"id:2,pass\"", &[]),
        ("SecRule ARGS \"@unconditionalMatch\" \"id:1,allow\"\nSecAction \"id:2,pass\"", &[]),
        (
            "SecAction \"id:9,phase:1,pass,ctl:ruleRemoveById=1\"\nSecAction \"id:1,allow\"\nSecAction \"id:2,pass\"",
            &[],
        ),
        (
            "SecRule ARGS \"@contains xy\" \"id:1,pass,skipAfter:A\"\nSecAction \"id:2,allow\"\nSecMarker A\nSecAction \"id:3,pass\"",
            &[],
        ),
    ]);
}

#[test]
fn variables_of_tx_are_set_and_read() {
    give(&[
        ("SecRule TX:a \"@eq 1\" \"id:1,pass\"", &["tx-never-set"]),
        ("SecAction \"id:1,pass,setvar:tx.A=1\"\nSecRule TX:a \"@eq 1\" \"id:2,pass\"", &[]),
        ("SecAction \"id:1,pass,setvar:tx.a=1\"", &["tx-never-read"]),
        ("SecAction \"id:1,pass,setvar:tx.a=1,setvar:tx.b=%{tx.a}\"", &["tx-never-read"]),
        (
            "SecAction \"id:1,pass,setvar:'tx.x_%{MATCHED_VAR_NAME}=1'\"\nSecRule TX:x_args \"@eq 1\" \"id:2,pass\"",
            &[],
        ),
        ("SecAction \"id:1,pass,setvar:tx.ab=1\"\nSecRule TX:/^a/ \"@eq 1\" \"id:2,pass\"", &[]),
        (
            "SecAction \"id:1,pass,setvar:tx.b=1\"\nSecRule TX:/^a/ \"@eq 1\" \"id:2,pass\"",
            &["tx-never-read"],
        ),
        ("SecAction \"id:1,pass,setvar:tx.b=1\"\nSecRule TX \"@eq 1\" \"id:2,pass\"", &[]),
        // Whether it is there may be asked of what the configuration sets.
        ("SecRule &TX:a \"@eq 1\" \"id:1,pass,chain\"\nSecRule TX:a \"@eq 1\"", &[]),
        ("SecAction \"id:1,pass,msg:'%{tx.a}'\"", &["tx-never-set"]),
        ("SecRule ARGS \"@streq %{tx.a}\" \"id:1,pass\"", &["tx-never-set"]),
        ("SecRule TX:msc_pcre_limits_exceeded \"@eq 1\" \"id:1,pass\"", &[]),
        (
            "SecAction \"id:1,pass\"\nSecRuleUpdateActionById 1 setvar:tx.a=1\nSecRule TX:a \"@eq 1\" \"id:2,pass\"",
            &[],
        ),
        // To remove is not to set.
        (
            "SecAction \"id:1,pass,setvar:!tx.a\"\nSecRule TX:a \"@eq 1\" \"id:2,pass\"",
            &["tx-never-set"],
        ),
    ]);
}

#[test]
fn captures_are_taken_and_read() {
    give(&[
        ("SecRule ARGS \"@rx xy\" \"id:1,pass,capture\"", &["capture-unread"]),
        ("SecRule ARGS \"@rx xy\" \"id:1,pass,capture,logdata:'%{TX.0}'\"", &[]),
        ("SecRule ARGS \"@rx xy\" \"id:1,pass,capture,chain\"\nSecRule TX:1 \"@rx xy\"", &[]),
        ("SecRule ARGS \"@rx xy\" \"id:1,pass,logdata:'%{TX.1}'\"", &["no-capture"]),
        ("SecRule ARGS \"!@rx xy\" \"id:1,pass,capture\"", &["capture-nothing"]),
        ("SecRule &ARGS \"@eq 1\" \"id:1,pass,capture\"", &["capture-nothing"]),
        // A rule may read what one before has captured, whichever it was.
        (
            "SecRule ARGS \"@rx xy\" \"id:1,pass,capture\"\nSecRule TX:1 \"@rx xy\" \"id:2,pass\"",
            &[],
        ),
        (
            "SecRule TX:1 \"@rx xy\" \"id:1,pass\"\nSecRule ARGS \"@rx xy\" \"id:2,pass,capture\"",
            &["no-capture"],
        ),
    ]);
}

#[test]
fn values_are_there_in_their_phase() {
    let cases = [
        ("ARGS_POST", 1, true),
        ("ARGS", 1, false),
        ("&FILES", 1, true),
        ("REQUEST_BODY", 1, true),
        ("REQUEST_BODY", 2, false),
        ("XML:/*", 1, true),
        ("RESPONSE_HEADERS:Server", 2, true),
        ("RESPONSE_HEADERS:Server", 3, false),
        ("RESPONSE_BODY", 3, true),
        ("RESPONSE_BODY", 4, false),
        ("REQUEST_HEADERS|!ARGS_POST", 1, false),
    ];
    for (target, phase, early) in cases {
        let rules = format!("SecRule {target} \"@contains xyz\" \"id:1,phase:{phase},pass\"");
        let expected: &[&str] = if early { &["too-early"] } else { &[] };
        assert_eq!(words(&rules), expected, "{rules}");
    }
}

#[test]
fn what_transformations_leave_can_match() {
    let cases = [
        ("@rx Select", "t:lowercase", true),
        ("@rx (?i)Select", "t:lowercase", false),
        ("@rx (?:Se|u)lect", "t:lowercase", false),
        ("@rx (?:Se|U)lect", "t:lowercase", true),
        ("@rx S?elect", "t:lowercase", false),
        ("@rx [A-Z]{2}", "t:lowercase", true),
        ("@rx [^a-z]xyz", "t:lowercase", false),
        ("@streq Select", "t:lowercase,t:base64Decode", false),
        ("@streq Select", "t:base64Decode,t:lowercase", true),
        ("@streq select", "t:uppercase", true),
        ("@pm Select", "t:lowercase", false),
        ("@contains a b", "t:removeWhitespace", true),
        ("@contains a b", "t:compressWhitespace", false),
        ("@rx a\\tb", "t:compressWhitespace", true),
        ("@rx a\\sb", "t:compressWhitespace", false),
        ("@rx a\\xa0b", "t:compressWhitespace", false),
        ("@rx cmd;", "t:cmdLine", true),
        ("@rx \\x00", "t:removeNulls", true),
        ("@rx ^xyz", "t:length", true),
        ("@rx ^[0-9]5$", "t:length", false),
        ("@rx ^xyz", "t:hexEncode", true),
        ("@rx Select", "t:lowercase,multiMatch", false),
        ("@noMatch", "t:none", true),
    ];
    for (operator, transformations, never) in cases {
        let rules = format!("SecRule ARGS:a \"{operator}\" \"id:1,pass,{transformations}\"");
        assert_eq!(words(&rules).contains(&"never-matches"), never, "{rules}");
    }
}

#[test]
fn a_chain_of_transformations_begins_with_none() {
    give(&[
        (
            "SecRule ARGS:a \"@streq x\" \"id:1,pass,t:lowercase,t:none,t:trim\"",
            &["none-not-first"],
        ),
        ("SecRule ARGS:a \"@streq x\" \"id:1,pass,t:none,t:none,t:trim\"", &[]),
    ]);
}

#[test]
fn patterns_that_cost_are_told() {
    give(&[
        ("SecRule ARGS \"@rx a(?=b)\" \"id:1,pass\"", &["backtracking"]),
        ("SecRule ARGS \"@rx ^[^a]+$\" \"id:1,pass\"", &["no-literal"]),
        ("SecRule ARGS \"@rx select\" \"id:1,pass\"", &[]),
        // One value, and a link that is asked only where the first has matched.
        ("SecRule ARGS:a \"@rx ^[^a]+$\" \"id:1,pass\"", &[]),
        ("SecRule ARGS \"@rx select\" \"id:1,pass,chain\"\nSecRule ARGS \"@rx ^[^a]+$\"", &[]),
    ]);
}

#[test]
fn a_rule_that_blocks_says_why() {
    give(&[
        ("SecRule ARGS \"@rx select\" \"id:1,deny\"", &["no-message", "no-severity", "no-tag"]),
        ("SecRule ARGS \"@rx select\" \"id:1,block,msg:'m',severity:2,tag:'t'\"", &[]),
        ("SecRule ARGS \"@rx select\" \"id:1,pass\"", &[]),
        (
            "SecDefaultAction \"phase:2,deny,log\"\nSecRule ARGS \"@rx select\" \"id:1\"",
            &["no-message", "no-severity", "no-tag"],
        ),
    ]);
}

#[test]
fn twins_ask_the_same() {
    let rule = |id: u64, rest: &str| format!("SecRule {rest}\"id:{id},pass,msg:'m'\"\n");
    let cases = [
        ("ARGS|REQUEST_COOKIES \"@rx select\" ", "request_cookies|ARGS \"select\" ", true),
        ("ARGS \"@rx select\" ", "ARGS \"@rx Select\" ", false),
        ("ARGS \"@rx select\" ", "ARGS \"!@rx select\" ", false),
        ("ARGS \"@rx select\" ", "&ARGS \"@rx select\" ", false),
        ("ARGS:a \"@rx select\" ", "ARGS:b \"@rx select\" ", false),
    ];
    for (one, other, are_twins) in cases {
        let rules = rule(1, one) + &rule(2, other);
        let found = words(&rules).contains(&"twin");
        assert_eq!(found, are_twins, "{rules}");
    }
    // Rules that steer may share a condition.
    let steer = "SecRule ARGS \"@rx select\" \"id:1,phase:1,pass,ctl:ruleEngine=Off\"\n\
        SecRule ARGS \"@rx select\" \"id:2,phase:1,pass,ctl:auditEngine=Off\"\n";
    assert_eq!(words(steer), [""; 0]);
}

#[test]
fn the_managed_rules_have_no_warning() {
    let rules = concat!(env!("CARGO_MANIFEST_DIR"), "/../managed/*.conf");
    let lint = lint(&crate::seclang::Disk, &[rules]).unwrap_or_else(|report| panic!("{report}"));
    let warnings = lint.findings().iter().filter(|one| one.code.severity == Severity::Warning);
    let shown: Vec<String> = warnings.map(|one| one.render(lint.sources())).collect();
    assert!(shown.is_empty() && !lint.sources().is_empty(), "{}", shown.join("\n"));
}
