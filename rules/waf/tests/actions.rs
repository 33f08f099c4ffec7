//! What rules do when they match, through the interface of the engine: each row is rules, a request, and what must be told.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers too"
)]

use std::sync::Arc;

use foxtrot_waf::{
    Action, Beginning, Mode, Policy, Report, RuleSet, Store, Transaction, Worker, seclang::Memory,
};

fn policy(rules: &str) -> Arc<Policy> {
    let files: Memory = [("a.conf", rules)].into_iter().collect();
    let rules = RuleSet::load(&files, &["a.conf"]).unwrap_or_else(|report| panic!("{report}"));
    Arc::new(Policy::new(rules).mode(Mode::On))
}

/// Sends a form through all phases; the response is a page of one word.
fn run(policy: &Arc<Policy>, store: &Arc<Store>, now: i64, query: &str, form: &str) -> Report {
    let mut worker = Worker::new(1 << 20);
    let beginning = Beginning { id: b"id", now, budget: u64::MAX };
    let mut tx = Transaction::new(policy, store, &beginning, &mut worker);
    tx.connection(([192, 0, 2, 1], 1).into(), ([127, 0, 0, 1], 80).into());
    tx.request_line(b"POST", format!("/{query}").as_bytes(), b"HTTP/1.1");
    tx.request_header(b"Content-Type", b"application/x-www-form-urlencoded");
    tx.request_headers(&mut worker);
    tx.request_body(form.as_bytes());
    tx.request_complete(&mut worker);
    tx.response_line(200, b"HTTP/1.1");
    tx.response_header(b"Content-Type", b"text/html");
    tx.response_headers(&mut worker);
    if tx.wants_response_body() {
        tx.response_body(b"word");
    }
    tx.response_complete(&mut worker);
    tx.finish(&mut worker).report().clone()
}

/// Ids and messages of what was told, as `1:message`.
fn told(rules: &str, query: &str, form: &str) -> Vec<String> {
    let policy = policy(rules);
    let report = run(&policy, &Arc::new(Store::new(4)), 1_000, query, form);
    shown(&policy, &report)
}

fn shown(policy: &Policy, report: &Report) -> Vec<String> {
    let one = |found: &foxtrot_waf::Match| {
        let message = String::from_utf8_lossy(&found.message).into_owned();
        format!("{}:{message}", policy.rules().meta(found.rule).id)
    };
    report.matches.iter().map(one).collect()
}

/// A last rule that tells a variable of `TX`.
fn then(rules: &str, name: &str) -> String {
    format!("{rules}\nSecAction \"id:99,phase:5,pass,msg:'%{{{name}}}'\"\n")
}

#[test]
fn setvar_sets_adds_and_removes() {
    let cases = [
        ("setvar:tx.a=5", "5"),
        ("setvar:tx.a", "1"),
        ("setvar:'tx.a=b c'", "b c"),
        ("setvar:tx.a=5,setvar:tx.a=+3", "8"),
        ("setvar:tx.a=5,setvar:tx.a=-7", "-2"),
        ("setvar:tx.a=text,setvar:tx.a=+3", "3"),
        ("setvar:tx.a=+3", "3"),
        ("setvar:tx.A=5", "5"),
        ("setvar:tx.a=5,setvar:!tx.a", ""),
        ("setvar:tx.b=x,setvar:'tx.a=%{tx.b}%{tx.none}y'", "xy"),
        ("setvar:tx.b=a,setvar:tx.%{tx.b}=7", "7"),
        ("setvar:tx.b=a,setvar:tx.%{tx.b}=7,setvar:tx.a=+1", "8"),
        ("setvar:tx.a=007", "007"),
        ("setvar:'tx.a=b=c'", "b=c"),
        ("setvar:tx.b=2,setvar:tx.a=+%{tx.b},setvar:tx.a=+%{tx.b}", "4"),
        ("setvar:tx.a=9223372036854775807,setvar:tx.a=+1", "9223372036854775807"),
    ];
    for (actions, expected) in cases {
        let rules = then(&format!("SecAction \"id:1,phase:1,pass,nolog,{actions}\""), "tx.a");
        assert_eq!(told(&rules, "", ""), [format!("99:{expected}")], "{actions}");
    }
}

#[test]
fn setvar_runs_for_each_value_that_matches() {
    let rules = "SecRule ARGS \"@streq x\" \"id:1,phase:1,pass,nolog,setvar:tx.n=+1\"";
    assert_eq!(told(&then(rules, "tx.n"), "?a=x&b=y&c=x&d=x", ""), ["99:3"]);
    assert_eq!(told(&then(rules, "tx.n"), "?a=y", ""), ["99:"]);
}

#[test]
fn chains_match_over_what_their_links_leave() {
    // A later link reads captures, the last match and what an earlier one has set.
    let rules = "SecRule ARGS:a \"@rx ^(.)(.)$\" \"id:1,phase:2,pass,capture,msg:'%{tx.pair}',setvar:tx.head=1,chain\"\n\
        SecRule TX:2 \"@streq y\" \"chain\"\n\
        SecRule TX:head \"@eq 1\" \"setvar:tx.pair=%{TX.2}%{TX.1}\"";
    assert_eq!(told(&then(rules, "tx.head"), "?a=xy", ""), ["1:yx", "99:1"]);
    assert_eq!(told(&then(rules, "tx.head"), "?a=xz", ""), ["99:1"], "the head has matched");
    assert_eq!(told(&then(rules, "tx.pair"), "?a=x", ""), ["99:"]);
    let rules = "SecRule ARGS \"@contains x\" \"id:1,phase:2,pass,msg:'%{MATCHED_VARS_NAMES}',chain\"\n\
        SecRule MATCHED_VARS \"@endsWith y\"";
    assert_eq!(told(rules, "?a=xy&b=x&c=y", "")[0].split(':').next(), Some("1"));
    assert_eq!(told(rules, "?a=x&c=y", ""), [""; 0]);
}

#[test]
fn effects_of_a_chain_wait_for_all_of_it() {
    let rules = "SecRule ARGS:a \"@streq 1\" \"id:1,phase:1,pass,nolog,chain\"\n\
        SecRule ARGS:b \"@streq 1\" \"ctl:ruleRemoveById=2\"\n\
        SecAction \"id:2,phase:2,pass\"\n";
    assert_eq!(told(rules, "?a=1", ""), ["2:"]);
    assert_eq!(told(rules, "?b=1", ""), ["2:"]);
    assert_eq!(told(rules, "?a=1&b=1", ""), [""; 0]);
}

#[test]
fn skips_count_rules_of_the_phase_alone() {
    let rules = "SecRule ARGS:s \"@streq 1\" \"id:1,phase:2,pass,nolog,skip:1\"\n\
        SecAction \"id:2,phase:1,pass\"\n\
        SecRule ARGS:s \"@rx .\" \"id:3,phase:2,pass,chain\"\nSecRule ARGS:s \"@rx .\"\n\
        SecAction \"id:4,phase:2,pass\"\n";
    assert_eq!(told(rules, "?s=1", ""), ["2:", "4:"]);
    assert_eq!(told(rules, "?s=2", ""), ["2:", "3:", "4:"]);
}

#[test]
fn skip_after_goes_behind_a_mark_or_a_rule_and_not_back() {
    let rules = |label: &str| {
        format!(
            "SecMarker BEFORE\nSecAction \"id:1,phase:2,pass,nolog,skipAfter:{label}\"\n\
             SecAction \"id:2,phase:2,pass\"\nSecMarker 'A MARK'\nSecAction \"id:3,phase:2,pass\"\n\
             SecAction \"id:4,phase:2,pass\"\nSecAction \"id:5,phase:3,pass\"\n"
        )
    };
    assert_eq!(told(&rules("'A MARK'"), "", ""), ["3:", "4:", "5:"]);
    assert_eq!(told(&rules("3"), "", ""), ["4:", "5:"]);
    assert_eq!(told(&rules("BEFORE"), "", ""), ["5:"]);
    assert_eq!(told(&rules("none"), "", ""), ["5:"]);
}

#[test]
fn ctl_changes_one_transaction() {
    let look = "SecRule ARGS_POST|REQUEST_BODY|RESPONSE_BODY \"@rx .\" \"id:9,phase:4,pass,msg:'%{MATCHED_VAR_NAME}'\"\n";
    let access = "SecResponseBodyAccess On\n";
    let cases = [
        ("", "9:RESPONSE_BODY"),
        ("ctl:responseBodyAccess=Off", "9:REQUEST_BODY"),
        ("ctl:responseBodyAccess=Off,ctl:requestBodyAccess=Off", ""),
        ("ctl:ruleEngine=Off", ""),
        ("ctl:ruleRemoveById=5-9", ""),
        ("ctl:ruleRemoveById=1-8", "9:RESPONSE_BODY"),
        ("ctl:ruleRemoveTargetById=9;RESPONSE_BODY", "9:REQUEST_BODY"),
        (
            "ctl:ruleRemoveTargetById=9;RESPONSE_BODY,ctl:ruleRemoveTargetById=9;REQUEST_BODY",
            "9:ARGS_POST:p",
        ),
        ("ctl:requestBodyProcessor=JSON,ctl:responseBodyAccess=Off", ""),
        ("ctl:responseBodyLimit=0,ctl:ruleRemoveTargetById=9;REQUEST_BODY", "9:ARGS_POST:p"),
    ];
    for (ctl, expected) in cases {
        let ctl = if ctl.is_empty() { "nolog" } else { &format!("nolog,{ctl}") };
        let rules = format!("{access}SecAction \"id:1,phase:1,pass,{ctl}\"\n{look}");
        let found = told(&rules, "", "p=1");
        assert_eq!(found.first().map_or("", String::as_str), expected, "{ctl}");
    }
}

#[test]
fn ctl_engine_detects_without_ending() {
    let rules = "SecRule ARGS:off \"@rx .\" \"id:1,phase:1,pass,nolog,ctl:ruleEngine=DetectionOnly\"\n\
        SecAction \"id:2,phase:2,deny,status:418\"\nSecAction \"id:3,phase:2,pass\"\n";
    let policy = policy(rules);
    let report = |query| run(&policy, &Arc::new(Store::new(4)), 0, query, "");
    let (on, off) = (report(""), report("?off=1"));
    assert_eq!(on.interruption.map(|one| one.action), Some(Action::Deny(418)));
    assert_eq!((off.interruption, off.would_interrupt.map(|one| one.rule)), (None, Some(2)));
    assert_eq!((on.matches.len(), off.matches.len()), (1, 2));
}

#[test]
fn what_ends_a_transaction_is_told() {
    let cases = [
        ("deny", Action::Deny(403)),
        ("deny,status:406", Action::Deny(406)),
        ("drop", Action::Drop),
        ("redirect:/x/%{UNIQUE_ID}", Action::Redirect(302, b"/x/id".to_vec())),
        ("redirect:/x,status:307", Action::Redirect(307, b"/x".to_vec())),
        // A redirection needs a status of one.
        ("redirect:/x,status:403", Action::Redirect(302, b"/x".to_vec())),
    ];
    for (actions, expected) in cases {
        let policy = policy(&format!(
            "SecAction \"id:1,phase:1,{actions}\"\nSecAction \"id:2,phase:2,pass\"\n"
        ));
        let report = run(&policy, &Arc::new(Store::new(4)), 0, "", "");
        assert_eq!(report.interruption.map(|one| one.action), Some(expected), "{actions}");
        assert_eq!(report.matches.len(), 1, "no further phase runs");
    }
}

#[test]
fn counters_of_an_address_live_from_one_transaction_to_the_next() {
    let rules = "SecAction \"id:1,phase:1,pass,nolog,initcol:ip=%{REMOTE_ADDR}\"\n\
        SecAction \"id:8,phase:1,pass,nolog,setvar:ip.n=+1,deprecatevar:ip.n=1/10\"\n\
        SecRule ARGS:mark \"@rx .\" \"id:2,phase:1,pass,nolog,setvar:ip.mark=%{MATCHED_VAR},expirevar:ip.mark=30\"\n\
        SecRule ARGS:clear \"@rx .\" \"id:3,phase:1,pass,nolog,setvar:!ip.n\"\n\
        SecAction \"id:9,phase:5,pass,msg:'%{IP.n} %{IP.mark}'\"\n";
    let (policy, store) = (policy(rules), Arc::new(Store::new(4)));
    let after = |now, query| shown(&policy, &run(&policy, &store, now, query, ""));
    assert_eq!(after(0, "?mark=a"), ["9:1 a"]);
    assert_eq!(after(1, ""), ["9:2 a"]);
    assert_eq!(after(29, ""), ["9:1 a"], "two periods have passed, and one is added");
    assert_eq!(after(30, ""), ["9:1 "], "the mark has ended");
    assert_eq!(after(31, "?clear=1"), ["9: "]);
}

#[test]
fn a_collection_that_is_not_open_is_empty() {
    let rules = "SecAction \"id:1,phase:1,pass,nolog,setvar:session.n=+1\"\n\
        SecRule SESSION:n \"@rx .\" \"id:2,phase:2,pass\"\n\
        SecRule ARGS:s \"@rx .\" \"id:3,phase:2,pass,nolog,setsid:%{MATCHED_VAR},setvar:session.n=+1\"\n\
        SecRule SESSION \"@rx .\" \"id:4,phase:3,pass,msg:'%{MATCHED_VAR_NAME}=%{MATCHED_VAR}'\"\n";
    assert_eq!(told(rules, "", ""), [""; 0]);
    // `setvar` runs at each match, `setsid` once the chain has matched: the first time, nothing is open yet.
    let (policy, store) = (policy(rules), Arc::new(Store::new(4)));
    let first = shown(&policy, &run(&policy, &store, 0, "?s=x", ""));
    assert_eq!(first, [""; 0]);
}

#[test]
fn logs_are_told_as_asked() {
    let cases = [
        ("pass", true, true),
        ("pass,nolog", false, false),
        ("pass,noauditlog", true, false),
        ("pass,nolog,auditlog", false, true),
    ];
    for (actions, log, audit) in cases {
        let policy = policy(&format!("SecAction \"id:1,phase:1,{actions}\"\n"));
        let report = run(&policy, &Arc::new(Store::new(4)), 0, "", "");
        let told = report.matches.first().map_or((false, false), |one| (one.log, one.audit));
        assert_eq!(told, (log, audit), "{actions}");
    }
}
