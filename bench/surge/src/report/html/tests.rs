use std::collections::BTreeMap;

use super::*;
use crate::report::{
    MemoryAt, Odd, OfClass, OfEvent, OfOrigin, OfPhase, Point, PointOfClass, Quantiles, Summary,
};

fn report() -> Report {
    let quantiles =
        Quantiles { p50: Some(1.0), p99: Some(20.0), max: Some(50.0), ..Quantiles::default() };
    let summary = Summary {
        requests: 3,
        latency: quantiles,
        distribution: vec![(0.0, 0.5), (90.0, 2.0), (99.0, 20.0), (100.0, 50.0)],
        causes: [("closed", "<script>alert(1)</script>".to_owned())].into(),
        failures: [("closed", 1)].into(),
        ..Summary::default()
    };
    let class = PointOfClass { started: 5, statuses: [0, 4, 0, 0, 1], failed: 1, p99: Some(2.0) };
    let point = |second| Point { second, classes: vec![class.clone()], latency: quantiles };
    let phase = |name: &str, start| OfPhase {
        name: name.to_owned(),
        start,
        length: 2.0,
        warmup: false,
        asked: Some(10),
        asked_rate: Some(5.0),
        stack_cpu_seconds: Some(0.25),
        summary: summary.clone(),
    };
    let class = OfClass {
        name: "a & b".to_owned(),
        slow: false,
        target: "http://127.0.0.1".to_owned(),
        odd: vec![Odd { status: 403, count: 2, request: "GET /?q=<i>".to_owned() }],
        summary: summary.clone(),
    };
    Report {
        schema: 1,
        name: "<b>name</b>".to_owned(),
        started_at: 0.0,
        seconds: 4.0,
        threads: 1,
        cpu_seconds: 0.1,
        interrupted: false,
        passed: true,
        assertions: Vec::new(),
        total: summary.clone(),
        classes: vec![class],
        phases: vec![phase("climb", 0.0), phase("peak", 2.0)],
        timeline: (0..5).map(point).collect(),
        events: vec![OfEvent { name: "<flip>".to_owned(), at: 1.5, took: 0.0, error: None }],
        origins: vec![OfOrigin {
            name: "blue".to_owned(),
            requests: 9,
            phases: BTreeMap::new(),
            rate: vec![(1.0, 4.0), (2.0, 5.0)],
        }],
        memory: vec![MemoryAt { at: 1.0, bytes: 3 << 20 }, MemoryAt { at: 2.0, bytes: 4 << 20 }],
    }
}

#[test]
fn what_others_wrote_is_shown_and_not_obeyed() {
    let page = html(&report());
    assert!(page.contains("&lt;b&gt;name&lt;/b&gt;") && !page.contains("<b>name"), "{page}");
    assert!(page.contains("&lt;script&gt;") && !page.contains("<script"), "{page}");
    assert!(page.contains("a &amp; b") && page.contains("GET /?q=&lt;i&gt;"));
}

#[test]
fn the_page_needs_nothing_from_elsewhere() {
    let page = html(&report());
    for outside in ["http://", "https://", "src=", "url(", "@import", "<link"] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert_eq!(page.matches("<svg").count(), 6);
    assert!(page.contains("&lt;flip&gt;") && !page.contains("<flip>"), "{page}");
    assert!(!page.contains("NaN") && !page.contains("inf"), "{page}");
    assert!(!page.contains("{body}") && !page.contains("{title}"));
}

#[test]
fn nothing_measured_is_a_page_too() {
    let empty = Report {
        timeline: Vec::new(),
        events: Vec::new(),
        origins: Vec::new(),
        memory: Vec::new(),
        classes: Vec::new(),
        phases: Vec::new(),
        total: Summary::default(),
        ..report()
    };
    let page = html(&empty);
    assert_eq!(page.matches("nothing was measured").count(), 4, "{page}");
}

#[test]
fn what_stands_after_the_last_phase_is_no_rate() {
    let points = rate(&report()).series.remove(0).points;
    assert_eq!(points.iter().map(|(x, _)| *x).collect::<Vec<_>>(), [0.0, 1.0, 2.0, 3.0]);
}

#[test]
fn days_are_counted_as_calendars_do() {
    for (seconds, text) in [
        (0.0, "1970-01-01 00:00:00 UTC"),
        (951_782_399.0, "2000-02-28 23:59:59 UTC"),
        (951_782_400.0, "2000-02-29 00:00:00 UTC"),
        (1_735_689_599.5, "2024-12-31 23:59:59 UTC"),
        (1_740_787_200.0, "2025-03-01 00:00:00 UTC"),
    ] {
        assert_eq!(date(seconds), text);
    }
}

#[test]
fn a_long_legend_takes_two_lines() {
    let mut report = report();
    report.classes = vec![report.classes[0].clone(); 8];
    let page = html(&report);
    let line = |y: &str| page.matches(&format!("y=\"{y}\">a &amp; b")).count();
    assert!(line("330") > 1 && line("346") > 1, "{page}");
}
