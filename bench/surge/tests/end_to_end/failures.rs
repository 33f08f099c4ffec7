//! What can go wrong is counted as what it is.

use std::time::Duration;

use surge::record::Failure;

use crate::{
    origin::{Origin, deaf},
    run, run_at,
};

/// Failures by kind of 50 requests to a path.
fn failures(path: &str) -> Vec<(&'static str, u64)> {
    let text = format!(
        "target = \"{{}}{path}\"\n[[phase]]\nfor = \"500ms\"\nrate = \"100/s\"\n[client.a]\ntimeout = \"300ms\""
    );
    let report = run(&text, &Origin::plain());
    assert_eq!(report.total.requests, 50);
    report.total.failures.into_iter().collect()
}

#[test]
fn answers_that_do_not_come_are_timeouts_and_count_as_latency() {
    let text = "target = \"{}/hang\"\n[[phase]]\nfor = \"500ms\"\nrate = \"100/s\"\n[client.a]\ntimeout = \"300ms\"";
    let report = run(text, &Origin::plain());
    assert_eq!(report.total.failures["timeout"], 50);
    assert!(report.total.latency.p50.unwrap() >= 300.0, "{:?}", report.total.latency);
}

#[test]
fn connections_that_are_closed_on_a_request_are_failures() {
    assert_eq!(failures("/drop"), [("closed", 50)]);
    assert_eq!(failures("/cut"), [("closed", 50)]);
}

#[test]
fn answers_that_are_not_http_are_failures() {
    assert_eq!(failures("/garbage"), [("protocol", 50)]);
}

#[test]
fn answers_of_every_framing_are_none() {
    assert_eq!(failures("/chunks"), []);
    assert_eq!(failures("/until-close"), []);
}

#[test]
fn refused_connections_are_counted_and_not_waited_for() {
    let (closed, _taken) = deaf();
    let text = r#"
        target = "{}"
        assert = ["errors <= 10", "no_connect"]
        [[phase]]
        for = "500ms"
        rate = "200/s"
        [[phase]]
        name = "closed"
        for = "200ms"
        connections = 1
        [client.a]
    "#;
    let report = run_at(text, &format!("http://{closed}"));
    assert_eq!(report.phases[0].summary.failures["connect"], 100);
    // A closed loop does not spin on a server that refuses.
    assert!((2..=25).contains(&report.phases[1].summary.failed), "{:?}", report.phases[1].summary);
    assert!(report.assertions.iter().all(|assertion| !assertion.holds));
    assert!(report.total.causes["connect"].contains("refused"), "{:?}", report.total.causes);
    assert_eq!(Failure::Connect.name(), "connect");
}

#[test]
fn requests_that_never_get_a_connection_are_told() {
    let text = "target = \"{}/hang\"\n[[phase]]\nfor = \"200ms\"\nrate = \"100/s\"\n[client.a]\ntimeout = \"400ms\"\nconnections_max = 1";
    let report = run(text, &Origin::plain());
    let failures = &report.total.failures;
    assert_eq!(failures["timeout"] + failures["unsent"], 20, "{failures:?}");
    assert!(failures["unsent"] >= 15, "{failures:?}");
    assert!(Duration::from_secs_f64(report.seconds) < Duration::from_secs(5));
}
