//! Slow clients: cut off, answered, or held.

use std::time::Duration;

use crate::{
    origin::{Manner, Origin},
    run,
};

fn scenario(slow: &str) -> String {
    format!(
        "target = \"{{}}\"\n[[phase]]\nfor = \"1500ms\"\nrate = \"20/s\"\n[client.a]\n\
         [client.slow]\nslow = {{ {slow}, connections = 5, every = \"50ms\" }}"
    )
}

fn impatient() -> Origin {
    let patience = Some(Duration::from_millis(300));
    Origin::start(Manner { patience, ..Manner::default() })
}

#[test]
fn heads_that_do_not_end_are_cut_off_and_opened_again() {
    let report = run(&scenario("part = \"head\""), &impatient());
    let slow = &report.classes[1].summary;
    assert!((10..=25).contains(&slow.cut), "{slow:?}");
    let held = slow.latency.p50.unwrap();
    assert!((250.0..450.0).contains(&held), "{held}");
    // They are no failures, and no requests.
    assert_eq!((report.total.requests, report.total.failed), (30, 0));
}

#[test]
fn a_server_without_patience_limits_is_held_to_the_end() {
    let origin = Origin::plain();
    let report = run(&scenario("part = \"head\", bytes = 3"), &origin);
    let slow = &report.classes[1].summary;
    assert_eq!((slow.held, slow.cut, slow.answered), (5, 0, 0), "{slow:?}");
    assert_eq!(origin.requests(), 30);
}

#[test]
fn bodies_that_do_not_end_may_be_answered() {
    let report = run(&scenario("part = \"body\", body_size = \"1KiB\""), &impatient());
    let slow = &report.classes[1].summary;
    assert!(slow.statuses[&408] >= 10, "{slow:?}");
}

#[test]
fn readers_take_their_time() {
    let origin = Origin::plain();
    let text = scenario("part = \"reader\", bytes = 1000") + "\nrequests = [{ path = \"/big\" }]";
    let report = run(&text, &origin);
    let slow = &report.classes[1].summary;
    assert_eq!((slow.held, slow.answered), (5, 0), "{slow:?}");
    // Four million bytes are not read, but all five requests were made.
    assert_eq!(origin.requests(), 35);
}
