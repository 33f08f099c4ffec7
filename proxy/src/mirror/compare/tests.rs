use std::{sync::Arc, time::Duration};

use http::Method;

use super::{noise::SEEN_MIN, sample::tests::asked, verdict::tests::answer, *};
use crate::rollout::Opinion;

const JSON: (&str, &str) = ("content-type", "application/json");

fn terms(toml: &str) -> Terms {
    Terms::new(&toml::from_str(toml).unwrap())
}

fn json(body: &str) -> Answer {
    answer(200, &[JSON], body)
}

fn pair(primary: Answer, shadow: Answer) -> Pair {
    let mut asked = asked("/", &[], "");
    asked.head.method = Method::GET;
    let (route, shadow) = (Arc::from("r"), Ok(shadow));
    Pair { route, asked, primary, shadow, twin: None, can_have_twin: true }
}

fn settle(ledger: &mut Ledger, terms: &Terms, pair: &Pair) -> Outcome {
    ledger.settle(terms, pair, pair.examine(&terms.settings), Duration::ZERO)
}

fn different(aspects: &[Aspect]) -> Outcome {
    Outcome::Different(aspects.iter().copied().collect())
}

#[test]
fn pairs_are_equal_or_different_or_skipped() {
    let (mut ledger, terms) = (Ledger::default(), terms("noise_percent = 0"));
    let mut settle = |pair: &Pair| settle(&mut ledger, &terms, pair);
    assert_eq!(settle(&pair(json("[1]"), json("[1.0]"))), Outcome::Equal);
    assert_eq!(settle(&pair(json("[1]"), json("[2]"))), different(&[Aspect::Json]));
    let status = pair(json("[1]"), answer(500, &[], ""));
    assert_eq!(settle(&status), different(&[Aspect::Status]));
    let none = Pair { shadow: Err("timeout"), ..pair(json("[1]"), json("")) };
    assert_eq!(settle(&none), different(&[Aspect::Status]));
    let gzip = |body| answer(200, &[JSON, ("content-encoding", "gzip")], body);
    assert_eq!(settle(&pair(gzip("a"), gzip("b"))), Outcome::Skipped(Skip::Encoded));
    // What differs differs, though the rest cannot be compared.
    let server = answer(200, &[JSON, ("content-encoding", "gzip"), ("x", "y")], "b");
    assert_eq!(settle(&pair(gzip("a"), server)), different(&[Aspect::Headers]));
    assert_eq!((ledger.equal, ledger.different, ledger.failing), (1, 4, 3));
    assert_eq!((ledger.compared(), ledger.skipped[Skip::Encoded as usize]), (5, 1));
    assert_eq!(ledger.clusters.by_count().len(), 4);
}

#[test]
fn noise_is_learned_before_anything_fails() {
    let (mut ledger, terms) = (Ledger::default(), terms(""));
    let noisy = |n: u32, rest: &str| json(&format!("{{\"ts\":{n},{rest}}}"));
    for n in 0..SEEN_MIN {
        let plain = pair(noisy(n, "\"a\":1"), noisy(n, "\"a\":2"));
        assert_eq!(settle(&mut ledger, &terms, &plain), Outcome::Skipped(Skip::Learning));
        let twin = Some(noisy(n + 2, "\"a\":1"));
        // The twin vouches for its own pair at once.
        let vouched = Pair { twin, ..pair(noisy(n, "\"a\":1"), noisy(n + 1, "\"a\":1")) };
        assert_eq!(settle(&mut ledger, &terms, &vouched), Outcome::Equal);
    }
    let learned = pair(noisy(1, "\"a\":1"), noisy(2, "\"a\":1"));
    assert_eq!(settle(&mut ledger, &terms, &learned), Outcome::Equal);
    let real = pair(noisy(1, "\"a\":1"), noisy(2, "\"a\":2"));
    assert_eq!(settle(&mut ledger, &terms, &real), different(&[Aspect::Json]));
    let gone = pair(noisy(1, "\"a\":1"), json(r#"{"a":1}"#));
    let outcome = settle(&mut ledger, &terms, &gone);
    assert!(matches!(outcome, Outcome::Different(aspects) if aspects.contains(&Aspect::Json)));
    assert_eq!(ledger.noise.masks().len(), 1);
}

#[test]
fn a_status_does_not_wait_for_noise_and_writes_have_none() {
    let (mut ledger, terms) = (Ledger::default(), terms(""));
    let status = pair(json("[1]"), answer(500, &[], ""));
    assert_eq!(settle(&mut ledger, &terms, &status), different(&[Aspect::Status]));
    let write = Pair { can_have_twin: false, ..pair(json("[1]"), json("[2]")) };
    assert_eq!(settle(&mut ledger, &terms, &write), different(&[Aspect::Json]));
}

#[test]
fn no_data_holds_and_failures_stop() {
    let terms = terms("noise_percent = 0\nmin_requests = 100\ntolerance = 2");
    let mut ledger = Ledger::default();
    assert_eq!(ledger.opinion(&terms), Opinion::Hold("0 of 100 requests compared".to_owned()));
    ledger.equal = 97;
    ledger.failing = 2;
    ledger.different = 2;
    assert!(matches!(ledger.opinion(&terms), Opinion::Hold(_)));
    ledger.equal = 98;
    assert_eq!(ledger.opinion(&terms), Opinion::Go);
    // Differences that are not asserted fail nothing.
    ledger.different = 50;
    assert_eq!(ledger.opinion(&terms), Opinion::Go);
    let early = Ledger { failing: 3, different: 3, ..Ledger::default() };
    let why = "3 of 3 compared requests differ".to_owned();
    assert_eq!(early.opinion(&terms), Opinion::Stop(why));
}

#[test]
fn slowness_stops_where_it_is_asserted() {
    let of = |assert: &str, shadow: u64| {
        let terms = terms(&format!("assert = [{assert}]\nmin_requests = 10\nlatency_ratio = 1.5"));
        let mut ledger = Ledger { equal: 10, ..Ledger::default() };
        for _ in 0..10 {
            ledger.latency.add(Duration::from_millis(20), Duration::from_millis(shadow));
        }
        ledger.opinion(&terms)
    };
    assert_eq!(of("\"latency\"", 24), Opinion::Go);
    assert!(matches!(of("\"latency\"", 80), Opinion::Stop(_)));
    assert_eq!(of("\"status\"", 80), Opinion::Go);
}

#[test]
fn every_kind_can_be_asserted() {
    let primary = || answer(200, &[JSON, ("x", "1")], "[1]");
    let shadows = [
        ("status", answer(500, &[], "")),
        ("headers", answer(200, &[JSON, ("x", "2")], "[1]")),
        ("json", answer(200, &[JSON, ("x", "1")], "[2]")),
        ("size", answer(200, &[JSON, ("x", "1")], &format!("[1{}]", " ".repeat(100)))),
    ];
    for (kind, shadow) in shadows {
        let mut pair = pair(primary(), shadow);
        pair.can_have_twin = false;
        let fails = |assert: &str| {
            let mut ledger = Ledger::default();
            let compare = format!("assert = [{assert:?}]");
            settle(&mut ledger, &terms(&compare), &pair);
            (ledger.different, ledger.failing)
        };
        assert_eq!(fails(kind), (1, 1), "{kind}");
        assert_eq!(fails("latency"), (1, 0), "{kind}");
    }
}
