//! Schedules: what is asked for is sent, and waiting is not left out.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use surge::{run, scenario::load, stage::Stage};

use crate::{
    origin::{Manner, Origin},
    run as carry_out,
};

#[test]
fn the_rate_is_kept_to_one_percent() {
    let origin = Origin::plain();
    let report = carry_out(
        "target = \"{}\"\nthreads = 2\n[[phase]]\nfor = \"3s\"\nrate = \"1000/s\"\n[client.a]",
        &origin,
    );
    let total = &report.total;
    assert_eq!((total.requests, total.answered), (3_000, 3_000));
    assert_eq!(origin.requests(), 3_000);
    assert!((total.rate / 1_000.0 - 1.0).abs() < 0.01, "{}", total.rate);
    // Second by second too, but for the first and the last, which are cut off at their ends.
    for point in report.timeline.iter().filter(|point| point.second < 3) {
        let started = point.classes[0].started;
        assert!((970..=1_030).contains(&started), "second {}: {started}", point.second);
    }
}

#[test]
fn ramps_bursts_and_chance_make_the_number_asked_for() {
    let origin = Origin::plain();
    let report = carry_out(
        r#"
        target = "{}"
        threads = 3
        arrivals = "poisson"
        [[phase]]
        name = "climb"
        for = "1s"
        rate = "0/s"
        ramp_to = "600/s"
        [[phase]]
        name = "bursts"
        for = "1s"
        burst = { requests = 50, every = "250ms" }
        [client.a]
        "#,
        &origin,
    );
    let counts: Vec<_> = report.phases.iter().map(|p| (p.asked, p.summary.requests)).collect();
    assert_eq!(counts, [(Some(300), 300), (Some(200), 200)]);
    assert_eq!(report.total.answered, 500);
}

#[test]
fn a_server_that_stalls_shows_in_the_latency_of_all_who_would_have_come() {
    let (from, to) = (Duration::from_millis(1_000), Duration::from_millis(2_000));
    let origin = Origin::start(Manner { stall: Some((from, to)), ..Manner::default() });
    let report = carry_out(
        "target = \"{}\"\n[[phase]]\nfor = \"3s\"\nrate = \"300/s\"\n[client.a]\nconnections_max = 4",
        &origin,
    );
    let total = &report.total;
    assert_eq!(total.answered, 900);
    // A third of all was due while nothing was answered, and waited for half a second on average; only the few that were
    // under way took long by themselves.
    let (latency, service) = (total.latency.p90.unwrap(), total.service.p90.unwrap());
    assert!((400.0..1_100.0).contains(&latency), "{latency}");
    assert!(service < 100.0, "{service}");
    assert!(total.service.max.unwrap() > 500.0);
    assert!(total.late >= 200, "{}", total.late);
}

#[test]
fn a_closed_loop_keeps_its_connections_busy() {
    let origin = Origin::plain();
    let report = carry_out(
        "target = \"{}\"\nthreads = 2\n[[phase]]\nfor = \"500ms\"\nconnections = 5\n[client.a]",
        &origin,
    );
    assert_eq!(origin.connections(), 5);
    assert!(report.total.answered > 500, "{}", report.total.answered);
    assert_eq!((report.total.late, report.total.failed), (0, 0));
    assert!(report.phases[0].asked.is_none());
}

#[test]
fn thinking_slows_a_closed_loop_down() {
    let origin = Origin::plain();
    let report = carry_out(
        "target = \"{}\"\n[[phase]]\nfor = \"1s\"\nconnections = 2\nthink = \"100ms\"\n[client.a]",
        &origin,
    );
    assert!((10..=20).contains(&report.total.answered), "{}", report.total.answered);
}

#[test]
fn classes_and_requests_have_their_shares() {
    let origin = Origin::plain();
    let report = carry_out(
        r#"
        target = "{}"
        assert = ["no_5xx", "no_errors"]
        [[phase]]
        for = "1s"
        rate = "1000/s"
        [client.benign]
        weight = 9
        requests = [{ path = "/", weight = 3 }, { path = "/busy", weight = 1 }]
        [client.attack]
        weight = 1
        attack = ["sqli"]
        assert = ["403 >= 60%", "no_2xx"]
        "#,
        &origin,
    );
    let [benign, attack] = report.classes.as_slice() else { unreachable!() };
    assert!(benign.summary.requests.abs_diff(900) <= 4, "{}", benign.summary.requests);
    assert!(benign.summary.statuses[&503].abs_diff(225) <= 6, "{:?}", benign.summary.statuses);
    assert!(attack.summary.statuses[&403] > 60, "{:?}", attack.summary.statuses);
    let held: Vec<bool> = report.assertions.iter().map(|a| a.holds).collect();
    // Some attacks come in a field of a request for /, which this server answers.
    assert_eq!(held, [false, true, true, false]);
    assert!(!report.passed);
}

#[test]
fn a_warm_up_is_sent_but_not_counted() {
    let origin = Origin::plain();
    let report = carry_out(
        r#"
        target = "{}"
        assert = ["requests == 100"]
        [[phase]]
        name = "warm"
        for = "500ms"
        rate = "400/s"
        warmup = true
        [[phase]]
        for = "500ms"
        rate = "200/s"
        [client.a]
        assert = ["requests == 200 in warm"]
        "#,
        &origin,
    );
    assert_eq!((report.total.requests, origin.requests()), (100, 300));
    assert!(report.passed, "{:?}", report.assertions);
}

#[test]
fn a_run_that_is_stopped_reports_what_it_has() {
    let origin = Origin::plain();
    let text = format!(
        "schema = 1\ntarget = \"http://{}\"\n[[phase]]\nfor = \"1h\"\nrate = \"100/s\"\n[client.a]",
        origin.address
    );
    let scenario = load::from_text("t", &text, std::path::Path::new("")).unwrap().scenario;
    let stop = Arc::new(AtomicBool::new(false));
    let report =
        run::run(scenario, &Stage::default(), &stop, |_| stop.store(true, Ordering::Relaxed))
            .unwrap();
    assert!(report.interrupted && report.seconds < 10.0);
    assert!((90..1_000).contains(&report.total.answered), "{}", report.total.answered);
}

#[test]
fn of_lists_the_report_tells_which_answers_are_unlike_the_others() {
    let origin = Origin::plain();
    // The origin refuses searches and comments.
    let report = carry_out(
        r#"
        target = "{}"
        [[phase]]
        for = "1s"
        rate = "300/s"
        [client.attacker]
        attack = ["sqli", "traversal"]
        [client.writer]
        weight = 0
        texts = ["json"]
        "#,
        &origin,
    );
    let odd = &report.classes[0].odd;
    assert!(odd.iter().any(|odd| odd.status == 403 || odd.status == 200), "{odd:?}");
    let statuses = &report.classes[0].summary.statuses;
    let usual = statuses.iter().max_by_key(|(_, count)| **count).unwrap().0;
    let found: u64 = odd.iter().map(|odd| odd.count).sum();
    assert_eq!(found, 300 - statuses[usual], "{odd:?}");
    assert!(odd.iter().all(|odd| odd.request.starts_with(['G', 'P']) && odd.status != *usual));
    assert!(report.classes[1].odd.is_empty());
}
