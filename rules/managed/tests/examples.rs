//! The examples of every rule, `tests/<id>.yaml`: what must match it, and near misses that must not.
#![allow(clippy::unwrap_used, clippy::panic, reason = "test code fails by panicking")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    sync::{Arc, LazyLock},
    thread,
};

use foxtrot_waf::{
    Beginning, Meta, Mode, Policy, RuleSet, Store, Transaction, Verdict, Worker,
    seclang::{Layered, Memory},
};
use serde::Deserialize;

/// The examples of a rule.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Examples {
    rule: u64,
    hit: Vec<Request>,
    miss: Vec<Request>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    method: String,
    uri: String,
    #[serde(default = "http_1_1")]
    version: String,
    headers: Vec<(String, String)>,
    #[serde(default)]
    body: String,
    response: Option<Response>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Response {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

fn http_1_1() -> String {
    "HTTP/1.1".to_owned()
}

#[test]
fn hits_match_and_near_misses_do_not() {
    let examples = examples();
    let (all, policy) = (examples.values().collect::<Vec<_>>(), &*POLICY);
    let problems = thread::scope(|scope| {
        let parts = all.chunks(all.len().div_ceil(THREADS));
        let parts = parts.map(|part| scope.spawn(move || wrong(policy, part)));
        let parts: Vec<_> = parts.collect();
        parts.into_iter().flat_map(|part| part.join().unwrap()).collect::<Vec<_>>()
    });
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn every_rule_that_detects_has_examples_and_says_what_it_is() {
    let detecting: BTreeMap<u64, &Meta> =
        POLICY.rules().rules().filter(|meta| detects(meta)).map(|meta| (meta.id, meta)).collect();
    assert!(detecting.len() > 150, "{}", detecting.len());
    let with_examples: BTreeSet<u64> = examples().into_keys().collect();
    assert_eq!(with_examples, detecting.keys().copied().collect());
    let problems = detecting.values().flat_map(|meta| missing(meta)).collect::<Vec<_>>();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// Settings and the evaluation have thousands of their own; the others count their gates below 100 and from 990.
fn detects(meta: &Meta) -> bool {
    !matches!(meta.id / 1000, 100 | 199) && (100..990).contains(&(meta.id % 1000))
}

/// What a rule does not say about itself.
fn missing(meta: &Meta) -> Vec<String> {
    let has = |start: &str| meta.tags.iter().any(|tag| tag.starts_with(start));
    let level = if meta.id % 1000 < 200 { "paranoia-level/1" } else { "paranoia-level/2" };
    let checks = [
        ("a message", !meta.message.is_empty()),
        ("a severity", meta.severity.is_some()),
        ("a class", has("attack-")),
        ("OWASP's category", has("OWASP_")),
        ("CAPEC's pattern", has("capec/")),
        ("the level of its number", has(level)),
        ("a version", meta.version.starts_with("foxtrot-managed/")),
    ];
    let without = checks.into_iter().filter(|(_, said)| !said);
    without.map(|(what, _)| format!("{}: says not {what}", meta.id)).collect()
}

/// Examples that do otherwise than they are meant to.
fn wrong(policy: &Arc<Policy>, examples: &[&Examples]) -> Vec<String> {
    let mut worker = Worker::new(64 << 20);
    let mut problems = Vec::new();
    for Examples { rule, hit, miss } in examples {
        for (meant, requests) in [(true, hit), (false, miss)] {
            assert!(!requests.is_empty(), "{rule}: one kind of example is missing");
            for (number, request) in requests.iter().enumerate() {
                let matched = matched(policy, request, &mut worker);
                if matched.contains(rule) != meant {
                    let kind = if meant { "hit" } else { "miss" };
                    problems.push(format!("{rule}: {kind} {number}: matched {matched:?}"));
                }
            }
        }
    }
    problems
}

/// The rules that match a request and its response.
fn matched(policy: &Arc<Policy>, request: &Request, worker: &mut Worker) -> Vec<u64> {
    let store = Arc::new(Store::new(10));
    let beginning = Beginning { id: b"0123456789abcdef", now: 1_800_000_000, budget: u64::MAX };
    let mut tx = Transaction::new(policy, &store, &beginning, worker);
    tx.connection("192.0.2.7:4711".parse().unwrap(), "198.51.100.1:80".parse().unwrap());
    let line = (request.method.as_bytes(), request.uri.as_bytes());
    tx.request_line(line.0, line.1, request.version.as_bytes());
    for (name, value) in &request.headers {
        tx.request_header(name.as_bytes(), value.as_bytes());
    }
    assert_eq!(tx.request_headers(worker), Verdict::Pass);
    tx.request_body(request.body.as_bytes());
    assert_eq!(tx.request_complete(worker), Verdict::Pass);
    if let Some(response) = &request.response {
        tx.response_line(response.status, b"HTTP/1.1");
        for (name, value) in &response.headers {
            tx.response_header(name.as_bytes(), value.as_bytes());
        }
        assert_eq!(tx.response_headers(worker), Verdict::Pass);
        tx.response_body(response.body.as_bytes());
        assert_eq!(tx.response_complete(worker), Verdict::Pass);
    }
    let finished = tx.finish(worker);
    let matches = finished.report().matches.iter();
    let ids = matches.map(|one| policy.rules().meta(one.rule).id).collect();
    finished.give_back(worker);
    ids
}

/// The set with both levels, blocking nothing.
static POLICY: LazyLock<Arc<Policy>> = LazyLock::new(|| {
    let level = "SecAction \"id:1,phase:1,pass,nolog,setvar:tx.detection_paranoia_level=2\"\n";
    let before: Memory = [("level.conf", level)].into_iter().collect();
    let files = Layered(before, foxtrot_managed::files());
    let rules = RuleSet::load(&files, &["level.conf", foxtrot_managed::RULES]);
    let rules = rules.unwrap_or_else(|report| panic!("{report}"));
    Arc::new(Policy::new(rules).mode(Mode::DetectionOnly))
});

/// The examples by rule.
fn examples() -> BTreeMap<u64, Examples> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|kind| kind == "yaml"));
    let read = files.map(|path| {
        let text = fs::read_to_string(&path).unwrap();
        let examples: Examples = serde_saphyr::from_str(&text)
            .unwrap_or_else(|problem| panic!("{}: {problem}", path.display()));
        let name = path.file_stem().unwrap().to_str().unwrap();
        assert_eq!(name, examples.rule.to_string(), "the file is called otherwise");
        (examples.rule, examples)
    });
    read.collect()
}

const THREADS: usize = 4;
