//! Rules and a request, to the ids that must match and no others.

use std::sync::Arc;

use super::*;
use crate::{
    report::{Action, Interruption},
    seclang::Memory,
};

/// A request: target, fields, and a form.
#[derive(Clone, Copy, Default)]
struct Request<'r> {
    target: &'r str,
    fields: &'r [(&'r str, &'r str)],
    form: &'r str,
}

fn load(rules: &str) -> Arc<RuleSet> {
    let files: Memory = [("test.conf", rules)].into_iter().collect();
    RuleSet::load(&files, &["test.conf"]).unwrap_or_else(|report| panic!("{report}"))
}

fn problem(rules: &str) -> String {
    let files: Memory = [("test.conf", rules)].into_iter().collect();
    RuleSet::load(&files, &["test.conf"]).expect_err("must not load").to_string()
}

fn policy(rules: &str) -> Arc<Policy> {
    Arc::new(Policy::new(load(rules)).mode(Mode::On))
}

/// Runs a transaction to its end; names are answered by `resolve`.
fn run(
    policy: &Arc<Policy>,
    store: &Arc<Store>,
    now: i64,
    request: Request<'_>,
    resolve: fn(&[u8]) -> Option<std::net::IpAddr>,
) -> Finished {
    let mut worker = Worker::new(1 << 20);
    let beginning = Beginning { id: b"id", now, budget: u64::MAX };
    let mut tx = Transaction::new(policy, store, &beginning, &mut worker);
    tx.connection("192.0.2.1:1".parse().unwrap(), "127.0.0.1:80".parse().unwrap());
    tx.request_line(b"POST", request.target.as_bytes(), b"HTTP/1.1");
    for (name, value) in request.fields {
        tx.request_header(name.as_bytes(), value.as_bytes());
    }
    tx.request_header(b"Content-Type", b"application/x-www-form-urlencoded");
    let mut verdict = tx.request_headers(&mut worker);
    while let Verdict::Lookup(name) = verdict {
        let address = resolve(&name);
        tx.answer(name, address);
        verdict = tx.resume(&mut worker);
    }
    if verdict == Verdict::Pass {
        tx.request_body(request.form.as_bytes());
        tx.request_complete(&mut worker);
    }
    tx.finish(&mut worker)
}

fn once(rules: &str, request: Request<'_>) -> Finished {
    run(&policy(rules), &Arc::new(Store::new(10)), 1_000, request, |_| None)
}

fn ids(finished: &Finished) -> Vec<u64> {
    let matches = finished.report().matches.iter();
    matches.map(|one| finished.0.rules.meta(one.rule).id).collect()
}

fn get(target: &str) -> Request<'_> {
    Request { target, ..Request::default() }
}

#[test]
fn a_chain_matches_whole_or_not_at_all() {
    let rules = "SecRule ARGS:a \"@streq 1\" \"id:1,phase:2,pass,setvar:tx.head=+1,ctl:ruleRemoveById=3,chain\"\n\
        SecRule ARGS:b \"@streq 2\" \"setvar:tx.link=+1\"\n\
        SecRule TX:head \"@eq 1\" \"id:2,phase:2,pass\"\n\
        SecRule ARGS:a \"@streq 1\" \"id:3,phase:2,pass\"\n";
    // The head sets its variable when it matches, and takes rules away only when all have.
    assert_eq!(ids(&once(rules, get("/?a=1"))), [2, 3]);
    assert_eq!(ids(&once(rules, get("/?a=1&b=2"))), [1, 2]);
    assert_eq!(ids(&once(rules, get("/?b=2"))), []);
}

#[test]
fn rules_are_skipped_up_to_a_mark_a_count_or_the_end() {
    let rules = "SecRule ARGS:to \"@streq mark\" \"id:1,phase:1,pass,nolog,noauditlog,skipAfter:HERE\"\n\
        SecRule ARGS:to \"@streq two\" \"id:2,phase:1,pass,nolog,noauditlog,skip:2\"\n\
        SecRule ARGS:to \"@streq end\" \"id:3,phase:1,pass,nolog,noauditlog,skipAfter:NOWHERE\"\n\
        SecAction \"id:4,phase:1,pass\"\n\
        SecMarker HERE\n\
        SecAction \"id:5,phase:1,pass\"\n\
        SecAction \"id:6,phase:2,pass\"\n";
    assert_eq!(ids(&once(rules, get("/?to=x"))), [4, 5, 6]);
    assert_eq!(ids(&once(rules, get("/?to=mark"))), [5, 6]);
    assert_eq!(ids(&once(rules, get("/?to=two"))), [5, 6]);
    assert_eq!(ids(&once(rules, get("/?to=end"))), [6]);
}

#[test]
fn groups_are_captured_where_somebody_reads_them() {
    let rules = "SecRule ARGS:a \"@rx ^(\\w+)-(\\w+)$\" \"id:1,phase:1,pass,capture,msg:'%{TX.0} %{TX.2} %{TX.1}'\"\n\
        SecRule ARGS:b \"@rx o+\" \"id:2,phase:1,pass,capture,msg:'%{TX.0}'\"\n";
    let finished = once(rules, get("/?a=left-right&b=foot"));
    let messages: Vec<_> = finished.report().matches.iter().map(|one| &one.message[..]).collect();
    assert_eq!(messages, [&b"left-right right left"[..], b"oo"]);
}

#[test]
fn multi_match_looks_at_each_step() {
    let rules = |flag: &str| {
        format!(
            "SecRule ARGS \"@streq %3C\" \"id:1,phase:1,pass,t:none,t:urlDecode,t:length{flag}\"\n"
        )
    };
    assert_eq!(ids(&once(&rules(""), get("/?a=%253C"))), []);
    assert_eq!(ids(&once(&rules(",multiMatch"), get("/?a=%253C"))), [1]);
}

#[test]
fn negated_rules_match_what_their_literals_rule_out() {
    let rules =
        "SecRule ARGS|!ARGS:x \"!@rx token\" \"id:1,phase:1,pass,msg:'%{MATCHED_VAR_NAME}'\"\n";
    let finished = once(rules, get("/?a=token&b=other&x=other"));
    assert_eq!(finished.report().matches[0].message, b"ARGS:b");
    assert_eq!(ids(&once(rules, get("/?a=a+token&x=other"))), []);
}

#[test]
fn scores_add_up_and_end_the_transaction() {
    let rules = "SecRule ARGS \"@rx bad\" \"id:1,phase:2,pass,setvar:tx.anomaly_score=+5\"\n\
        SecRule TX:anomaly_score \"@ge 10\" \"id:2,phase:2,deny,status:406\"\n\
        SecAction \"id:3,phase:2,pass\"\n\
        SecAction \"id:4,phase:5,pass\"\n";
    let one = once(rules, get("/?a=bad"));
    assert_eq!((ids(&one), one.tx_number("anomaly_score")), (vec![1, 3, 4], 5));
    let two =
        once(rules, Request { target: "/?a=bad", form: "b=worse&c=bad", ..Request::default() });
    assert_eq!(ids(&two), [1, 2, 4], "the last phase runs all the same");
    let action = Action::Deny(406);
    assert_eq!(two.report().interruption, Some(Interruption { rule: 2, phase: 2, action }));
    assert_eq!(two.report().matches[0].score, 5);
}

#[test]
fn allow_ends_a_phase_or_the_request() {
    let rules = |scope: &str| {
        format!(
            "SecAction \"id:1,phase:1,allow{scope}\"\nSecAction \"id:2,phase:1,pass\"\n\
             SecAction \"id:3,phase:2,pass\"\nSecAction \"id:4,phase:5,pass\"\n"
        )
    };
    assert_eq!(ids(&once(&rules(""), get("/"))), [1, 4]);
    assert_eq!(ids(&once(&rules(":phase"), get("/"))), [1, 3, 4]);
    assert_eq!(ids(&once(&rules(":request"), get("/"))), [1, 4]);
}

#[test]
fn defaults_hold_for_the_rules_behind_them() {
    let rules = "SecAction \"id:1,phase:2,block\"\n\
        SecDefaultAction \"phase:2,deny,status:409,log,tag:'by-default',setvar:tx.seen=+1,t:lowercase\"\n\
        SecRule ARGS:a \"@streq x\" \"id:2,phase:2,pass,chain\"\nSecRule ARGS:a \"@streq X\" \"t:none\"\n\
        SecRule ARGS:b \"@streq x\" \"id:3,phase:2,block\"\n";
    let finished = once(rules, get("/?a=X&b=X"));
    assert_eq!((ids(&finished), finished.tx_number("seen")), (vec![1, 2, 3], 2));
    let interruption = finished.report().interruption.clone().unwrap();
    assert_eq!((interruption.rule, interruption.action), (3, Action::Deny(409)));
    let tags = &finished.0.rules.meta(finished.report().matches[1].rule).tags;
    assert_eq!(**tags, ["by-default".into()]);
    assert!(problem("SecDefaultAction \"phase:2,pass,msg:'x'\"").contains("of one rule alone"));
}

#[test]
fn persistent_counters_live_on_and_expire() {
    let rules = "SecAction \"id:1,phase:1,pass,nolog,noauditlog,initcol:ip=%{REMOTE_ADDR}\"\n\
        SecRule ARGS:a \"@streq x\" \"id:2,phase:1,pass,nolog,noauditlog,setvar:ip.hits=+1,expirevar:ip.hits=60\"\n\
        SecRule IP:hits \"@ge 2\" \"id:3,phase:2,pass\"\n";
    let (policy, store) = (policy(rules), Arc::new(Store::new(10)));
    let hits = |now: i64, target: &str| ids(&run(&policy, &store, now, get(target), |_| None));
    assert_eq!(hits(1_000, "/?a=x"), []);
    assert_eq!(hits(1_001, "/?a=x"), [3]);
    assert_eq!(hits(1_002, "/"), [3]);
    assert_eq!(hits(1_062, "/"), [], "the counter is over");
    let message = problem("SecAction \"id:1,phase:1,pass,expirevar:tx.a=60\"");
    assert!(message.contains("without effect"), "{message}");
}

#[test]
fn a_rule_that_asks_does_not_end_its_phase() {
    // The transformation changes nothing, and so must the name that is asked for.
    let rules = "SecRule REMOTE_ADDR \"@rbl list.test\" \"id:1,phase:1,pass,t:lowercase\"\n\
        SecAction \"id:2,phase:1,pass\"\n\
        SecRule REMOTE_ADDR \"@rbl late.test\" \"id:3,phase:5,pass\"\nSecAction \"id:4,phase:5,pass\"\n";
    let (policy, store) = (policy(rules), Arc::new(Store::new(10)));
    let listed = |name: &[u8]| (name == b"1.2.0.192.list.test").then(|| [127, 0, 0, 2].into());
    assert_eq!(ids(&run(&policy, &store, 1_000, get("/"), listed)), [1, 2, 4]);
    assert_eq!(ids(&run(&policy, &store, 1_000, get("/"), |_| None)), [2, 4]);
}

#[test]
fn targets_and_rules_are_taken_away() {
    let rules = "SecRule ARGS:off \"@streq 1\" \"id:1,phase:1,pass,nolog,noauditlog,ctl:ruleRemoveTargetByTag=t;ARGS:q\"\n\
        SecRule ARGS:q \"@contains x\" \"id:2,phase:2,pass,tag:'t'\"\n\
        SecRule ARGS \"@contains x\" \"id:3,phase:2,pass\"\n\
        SecRule ARGS \"@contains x\" \"id:4,phase:2,pass,tag:'gone'\"\n\
        SecRuleUpdateTargetById 3 \"!ARGS:/^r/\"\nSecRuleRemoveByTag gone\n";
    assert_eq!(ids(&once(rules, get("/?q=x"))), [2, 3]);
    assert_eq!(ids(&once(rules, get("/?q=x&off=1"))), [3]);
    assert_eq!(ids(&once(rules, get("/?r1=x"))), []);
}

#[test]
fn a_spent_budget_stops_the_rules() {
    let rules: String =
        (1..100).map(|id| format!("SecAction \"id:{id},phase:1,pass\"\n")).collect();
    let (policy, store) = (policy(&rules), Arc::new(Store::new(10)));
    let time = std::sync::atomic::AtomicU64::new(0);
    let meter = move || time.fetch_add(10, std::sync::atomic::Ordering::Relaxed);
    let mut worker = Worker::new(1 << 20).meter(Box::new(meter));
    let beginning = Beginning { id: b"id", now: 0, budget: 5 };
    let mut tx = Transaction::new(&policy, &store, &beginning, &mut worker);
    tx.request_line(b"GET", b"/", b"HTTP/1.1");
    assert_eq!(tx.request_headers(&mut worker), Verdict::Budget);
    assert!(tx.report().budget_spent && tx.report().matches.len() < 99);
}

#[test]
fn dates_are_those_of_the_calendar() {
    for (days, date) in [(0, (1970, 1, 1)), (11_016, (2000, 2, 29)), (20_781, (2026, 11, 24))] {
        assert_eq!(civil(days), date);
    }
}
