use std::{path::Path, time::Duration};

use super::*;
use crate::{
    config::{self, load},
    tenant::Tenants,
    waf,
};

/// Finds the words `attack`, `union` and `script`.
const RULES: &str = r#"
SecAction "id:1,phase:1,nolog,pass,setvar:tx.inbound_anomaly_score_threshold=5"
SecRule ARGS "@rx UNION SELECT|OR '1'='1'" "id:10,phase:2,pass,log,tag:'sqli',severity:'CRITICAL',setvar:tx.score=+5"
SecRule ARGS "@contains <script>" "id:20,phase:2,pass,log,tag:'xss',severity:'CRITICAL',setvar:tx.score=+5"
SecRule ARGS "@contains onerror" "id:21,phase:2,pass,log,tag:'xss',severity:'CRITICAL',setvar:tx.score=+5"
SecRule ARGS "@contains ../" "id:30,phase:2,pass,log,severity:'CRITICAL',setvar:tx.score=+5"
SecRule ARGS "@contains etc/passwd" "id:31,phase:2,pass,log,severity:'CRITICAL',setvar:tx.score=+5"
SecRule REQUEST_FILENAME "@streq /legacy" "id:2,phase:1,pass,nolog,ctl:ruleRemoveById=10"
SecRule TX:SCORE "@ge %{tx.inbound_anomaly_score_threshold}" "id:90,phase:2,deny,status:403,log"
"#;

fn compile(rules: &Path, text: &str) -> Result<waf::Compiled, Vec<String>> {
    compile_with(&Arc::new(Metrics::new(1)), rules, text)
}

fn compile_with(
    metrics: &Arc<Metrics>,
    rules: &Path,
    text: &str,
) -> Result<waf::Compiled, Vec<String>> {
    let waf = format!("[waf]\nrules = [{rules:?}]\nmode = \"enforce\"\n");
    let base = "[listeners.http]\nlisten = \"127.0.0.1:0\"\n";
    let text = text.replacen("[waf]\n", &waf, 1);
    let loaded =
        load::parse("test.toml", &format!("{base}{text}")).map_err(|r| vec![r.to_string()])?;
    let tell = |problems: Vec<config::Problem>| problems.iter().map(ToString::to_string).collect();
    let tenants = Tenants::compile(&loaded.config).map_err(tell)?;
    waf::compile(&loaded.config, &tenants, None, metrics).map_err(tell)
}

fn small(text: &str) -> Result<waf::Compiled, Vec<String>> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("test.conf");
    std::fs::write(&path, RULES).unwrap();
    compile(&path, text)
}

/// State and openings of a class in the only policy.
fn class(compiled: &waf::Compiled, name: AttackClass, at: u64) -> (State, Vec<(String, Cause)>) {
    let posture = compiled.posture().unwrap();
    let run = posture.probe(Duration::from_secs(at)).unwrap();
    let class = &run.policies[0].classes[&name];
    (class.state, class.openings.clone())
}

const ROUTE: &str = "[[routes]]\nto = \"respond:200\"\n";

#[test]
fn the_managed_rules_block_every_class_and_nothing_else() {
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../rules/managed/*.conf");
    let compiled = compile(&rules, &format!("[waf]\nparanoia = 1\n{ROUTE}")).unwrap();
    let posture = compiled.posture().unwrap();
    let run = posture.probe(Duration::from_secs(1_800_000_000)).unwrap();
    assert_eq!(run.policies.len(), 1);
    assert!(!run.policies[0].blocks_everything);
    for class in AttackClass::ALL {
        let found = &run.policies[0].classes[class];
        assert_eq!(found.state, State::Blocked, "{class}: {:?}", found.openings);
        assert!(PROBES.iter().any(|probe| probe.class == *class), "{class} has no probe");
    }
    println!("{} probes in {:?}", run.probes, run.took);
}

#[test]
fn what_opens_a_class_is_named() {
    let text = r#"[waf]
exclude = [
    { rule = 10, path = "/import/", reason = "dumps" },
    { tag = "xss", reason = "an editor", expires = "2027-01-01" },
    { rule = 30, reason = "half" },
    { rule = 31, reason = "other half" },
    { rule = 90, target = "TX:OTHER", reason = "harmless" },
]
[[routes]]
to = "respond:200"
[[routes]]
match = { path_exact = "/legacy" }
to = "respond:204"
"#;
    let compiled = small(text).unwrap();
    let (before, after) = (1_790_000_000, 1_800_000_000);
    let (state, openings) = class(&compiled, AttackClass::Sqli, before);
    let expected =
        [("/import/".to_owned(), Cause::Exclusion(vec![0])), ("/legacy".to_owned(), Cause::Path)];
    assert_eq!((state, &openings[..]), (State::Open, &expected[..]));
    let editor = vec![("/".to_owned(), Cause::Exclusion(vec![1]))];
    assert_eq!(class(&compiled, AttackClass::Xss, before), (State::Open, editor));
    // It has expired.
    assert_eq!(class(&compiled, AttackClass::Xss, after), (State::Blocked, Vec::new()));
    let either = vec![("/".to_owned(), Cause::Exclusion(vec![2, 3]))];
    assert_eq!(class(&compiled, AttackClass::Lfi, after), (State::Open, either));
    let none = vec![("/".to_owned(), Cause::NoRule)];
    assert_eq!(class(&compiled, AttackClass::Ldap, after), (State::Open, none));
}

#[test]
fn exclusions_that_only_together_open_a_class_are_named_together() {
    let text = format!(
        "[waf]\ninbound_threshold = 9\nexclude = [{{ rule = 30, reason = \"a\" }}, {{ rule = 31, reason = \"b\" }}]\n{ROUTE}"
    );
    let compiled = small(&text).unwrap();
    let both = vec![("/".to_owned(), Cause::Exclusions(vec![0, 1]))];
    assert_eq!(class(&compiled, AttackClass::Lfi, 0), (State::Open, both));
    let settings = vec![("/".to_owned(), Cause::Settings)];
    assert_eq!(class(&compiled, AttackClass::Sqli, 0), (State::Open, settings));
    let words =
        Cause::Exclusions(vec![0, 1]).words(&compiled.shared.as_ref().unwrap().exclusions.0);
    assert_eq!(
        words,
        "excluded by waf.exclude[0] (rule 30: a) and waf.exclude[1] (rule 31: b) together"
    );
}

#[test]
fn modes_and_shares_are_states() {
    for (keys, state) in [
        ("", State::Blocked),
        ("enforce_percent = 10\n", State::Staged),
        ("allow = [\"0.0.0.0/0\"]\n", State::Open),
    ] {
        let compiled = small(&format!("[waf]\n{keys}{ROUTE}")).unwrap();
        assert_eq!(class(&compiled, AttackClass::Sqli, 0).0, state, "{keys}");
    }
    for (mode, state) in [("detect", State::Detected), ("off", State::Open)] {
        let compiled = small(&format!("[waf]\n{ROUTE}waf = {{ mode = {mode:?} }}\n")).unwrap();
        let run = compiled.posture().unwrap().probe(Duration::ZERO).unwrap();
        let used = compiled.posture().unwrap().subjects.iter().position(|s| !s.uses.are_none());
        assert_eq!(run.policies[used.unwrap()].classes[&AttackClass::Xss].state, state, "{mode}");
    }
}

#[test]
fn a_load_that_lets_a_required_class_through_fails() {
    for (text, problem) in [
        (
            "require_classes = [\"ldap\"]\n[[routes]]\nname = \"a\"\nto = \"respond:200\"\n",
            "waf.require_classes: `ldap` not blocked for route `a`: on /: no rule finds it",
        ),
        (
            "require_classes = [\"sqli\", \"xss\"]\n[[routes]]\nname = \"a\"\nto = \"respond:200\"\nwaf = { mode = \"detect\" }\n",
            "waf.require_classes: `sqli`, `xss` not blocked for route `a`: the mode is detect",
        ),
        (
            "[[routes]]\nname = \"a\"\nto = \"respond:200\"\nwaf = { mode = \"off\", require_classes = [\"xss\"] }\n",
            "routes[0].waf.require_classes: `xss` not blocked for route `a`: the mode is off",
        ),
        (
            "enforce_percent = 0\nrequire_classes = [\"sqli\"]\n[[routes]]\nname = \"a\"\nto = \"respond:200\"\n",
            "waf.require_classes: `sqli` not blocked for route `a`: `enforce_percent` is 0",
        ),
        (
            "[tenants.acme]\nhosts = [\"acme.test\"]\nwaf = { require_classes = [\"sqli\"], exclude = [{ rule = 10, reason = \"x\" }] }\n[[routes]]\nname = \"a\"\nto = \"respond:200\"\n",
            "tenants.acme.waf.require_classes: `sqli` not blocked for route `a`, tenant `acme`: on /: excluded by tenants.acme.waf.exclude[0] (rule 10: x)",
        ),
        (
            "require_classes = [\"sqli\"]\nexclude = [{ rule = 10, path = \"/import\", reason = \"x\" }]\n[[routes]]\nname = \"a\"\nto = \"respond:200\"\n",
            "waf.require_classes: `sqli` not blocked for route `a`: on /import: excluded by waf.exclude[0] (rule 10, path /import: x)",
        ),
    ] {
        assert_eq!(small(&format!("[waf]\n{text}")).unwrap_err(), [problem], "{text}");
    }
    for text in [
        "require_classes = [\"sqli\"]\nenforce_percent = 1\n[[routes]]\nto = \"respond:200\"\n",
        "require_classes = [\"sqli\"]\n[[routes]]\nto = \"respond:200\"\nwaf = { mode = \"off\", require_classes = [] }\n",
        "require_classes = [\"sqli\"]\nexclude = [{ rule = 10, reason = \"x\", expires = \"2001-01-01\" }]\n[[routes]]\nto = \"respond:200\"\n",
    ] {
        assert!(small(&format!("[waf]\n{text}")).is_ok(), "{text}");
    }
}

/// Every word may be required, by `[waf]` and by each overlay.
#[test]
fn every_class_can_be_required() {
    let words = [
        "sqli",
        "nosql",
        "xss",
        "lfi",
        "rfi",
        "rce_unix",
        "rce_windows",
        "php",
        "java",
        "log4shell",
        "nodejs",
        "ssti",
        "ssrf",
        "xxe",
        "ldap",
        "crlf",
        "scanner",
        "protocol",
        "session_fixation",
        "mail",
        "deserialisation",
        "upload",
    ];
    let known: Vec<_> = AttackClass::ALL.iter().map(|class| class.name()).collect();
    assert_eq!(known, words);
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../rules/managed/*.conf");
    let all = format!("require_classes = {words:?}");
    let text = format!(
        "[waf]\nparanoia = 1\n{all}\n[listeners.b]\nlisten = \"127.0.0.1:0\"\nwaf = {{ {all} }}\n[tenants.a]\nhosts = [\"a.test\"]\nwaf = {{ {all} }}\n{ROUTE}waf = {{ {all} }}\n"
    );
    compile(&rules, &text).unwrap();
    let missing = text.replace("paranoia = 1", "inbound_threshold = 1000");
    let problems = compile(&rules, &missing).unwrap_err();
    assert!(words.iter().all(|word| problems[0].contains(&format!("`{word}`"))), "{problems:?}");
    let unknown = compile(&rules, "[waf]\nrequire_classes = [\"sqly\"]\n").unwrap_err();
    assert!(unknown[0].contains("did you mean \"sqli\"?"), "{unknown:?}");
}

#[test]
fn a_request_without_attack_that_is_blocked_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("test.conf");
    std::fs::write(&path, "SecAction \"id:1,phase:1,deny\"\n").unwrap();
    let compiled = compile(&path, &format!("[waf]\n{ROUTE}")).unwrap();
    let run = compiled.posture().unwrap().probe(Duration::ZERO).unwrap();
    assert!(run.policies[0].blocks_everything);
}

#[test]
fn a_run_touches_nothing_but_what_it_tells() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("test.conf");
    let rules = "SecAction \"id:1,phase:1,pass,log,initcol:ip=%{REMOTE_ADDR}\"\n\
                 SecAction \"id:3,phase:1,pass,log,setvar:ip.seen=+1\"\n\
                 SecRule IP:SEEN \"@ge 2\" \"id:2,phase:1,deny,log\"\n";
    std::fs::write(&path, rules).unwrap();
    let text = format!("[waf]\naudit = {{ path = {:?} }}\n{ROUTE}", dir.path().join("audit.jsonl"));
    let metrics = Arc::new(Metrics::new(1));
    let compiled = compile_with(&metrics, &path, &text).unwrap();
    let posture = compiled.posture().unwrap();
    posture.run(&metrics);
    posture.run(&metrics);
    let run = posture.last().unwrap();
    assert!(!run.policies[0].blocks_everything);
    let open = run.policies[0].classes.values().filter(|class| class.state == State::Open);
    assert_eq!(open.count(), AttackClass::ALL.len(), "no probe remembers another");
    compiled.flush();
    assert_eq!(std::fs::read(dir.path().join("audit.jsonl")).unwrap(), b"");
    let text = metrics.render().unwrap();
    assert!(text.contains("foxtrot_waf_requests_total{verdict=\"blocked\"} 0"), "{text}");
    assert!(text.contains("foxtrot_waf_requests_total{verdict=\"pass\"} 0"), "{text}");
    assert!(!text.contains("foxtrot_waf_rule_hits_total{"), "{text}");
    let open =
        r#"foxtrot_waf_posture_classes{listener="http",tenant="",route="*/",state="open"} 22"#;
    assert!(text.contains(open), "{text}");
}

#[test]
fn policies_are_as_many_as_differ_and_named_by_their_first() {
    let tenant = |number: usize, level: usize| {
        format!(
            "[tenants.t{number}]\nhosts = [\"t{number}.test\"]\nwaf = {{ inbound_threshold = {level} }}\n"
        )
    };
    let tenants: String = (0..50).map(|number| tenant(number, 5 + number % 2)).collect();
    let routes: String = (0..20)
        .map(|number| {
            format!("[[routes]]\nmatch = {{ path = \"/r{number}\" }}\nto = \"respond:200\"\n")
        })
        .collect();
    let compiled = small(&format!("[waf]\n{tenants}{routes}")).unwrap();
    assert_eq!(compiled.policies.len(), 3);
    let posture = compiled.posture().unwrap();
    let [nobody, even, odd] = &posture.subjects[..] else { panic!("three") };
    assert_eq!(nobody.uses.tenants.len(), 1);
    assert_eq!((even.uses.tenants.len(), odd.uses.tenants.len()), (25, 25));
    assert_eq!(even.uses.routes.len(), 20);
    assert_eq!((even.paths.len(), even.left_out), (16, 5));
    assert_eq!(posture.names.tenant(even.uses.first.unwrap().tenant), "t0");
}

#[test]
fn what_has_lost_its_place_ends() {
    let compiled = small(&format!("[waf]\n{ROUTE}")).unwrap();
    let posture = compiled.posture().unwrap();
    posture.retire();
    posture.run(&Metrics::new(1));
    assert!(posture.last().is_none());
}
