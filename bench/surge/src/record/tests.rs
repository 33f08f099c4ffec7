use std::{sync::mpsc, time::Duration};

use proptest::prelude::*;

use super::*;
use crate::clock;

const MS: Duration = Duration::from_millis(1);

#[test]
fn latency_counts_from_when_a_request_was_due() {
    let (past, _seconds) = mpsc::channel();
    let start = clock::now();
    let mut recorder = Recorder::new((1, 1), 0, start, past);
    let moment = Moment { class: 0, phase: 0, due: start, sent: start + 40 * MS, request: None };
    recorder.started(&moment);
    recorder.answered(&moment, start + 50 * MS, Answer { status: 200, bytes: 7 });
    let tally = &recorder.finish(start + 50 * MS)[0][0];
    let near = |found: Option<Duration>, ms| found.unwrap().abs_diff(ms * MS) < MS / 10;
    assert!(near(tally.latency.max(), 50), "{:?}", tally.latency.max());
    assert!(near(tally.service.max(), 10), "{:?}", tally.service.max());
    assert!(near(tally.delay.max(), 40), "{:?}", tally.delay.max());
    assert_eq!((tally.started, tally.answered(), tally.bytes), (1, 1, 7));
}

#[test]
fn a_timeout_is_as_long_as_it_took_and_a_refusal_is_no_latency() {
    let (past, _seconds) = mpsc::channel();
    let start = clock::now();
    let mut recorder = Recorder::new((1, 1), 0, start, past);
    let moment = Moment { class: 0, phase: 0, due: start, sent: start, request: None };
    for (failure, at) in [(Failure::Timeout, 500), (Failure::Connect, 1)] {
        recorder.started(&moment);
        recorder.failed(&moment, start + at * MS, failure, &"because");
    }
    let tally = &recorder.finish(start + 500 * MS)[0][0];
    assert_eq!((tally.failed(), tally.latency.count()), (2, 1));
    assert_eq!(tally.causes[&Failure::Connect], "because");
}

#[test]
fn seconds_are_handed_over_when_they_are_past_empty_ones_too() {
    let (past, seconds) = mpsc::channel();
    let start = clock::now();
    let mut recorder = Recorder::new((2, 1), 3, start, past);
    for (class, ms) in [(0, 100), (1, 900), (0, 3_100)] {
        let at = start + ms * MS;
        let moment = Moment { class, phase: 0, due: at, sent: at, request: Some(7) };
        recorder.started(&moment);
        recorder.answered(&moment, at + MS, Answer { status: 503, bytes: 0 });
    }
    recorder.finish(start + 3_200 * MS);
    drop(recorder);
    let seen: Vec<_> = seconds
        .iter()
        .map(|s| (s.thread, s.second, s.slices.iter().map(|s| s.statuses[4]).sum::<u64>()))
        .collect();
    assert_eq!(seen, [(3, 0, 2), (3, 1, 0), (3, 2, 0), (3, 3, 1)]);
}

proptest! {
    #[test]
    fn merging_is_the_same_as_counting_in_one_place(
        micros in prop::collection::vec(1_u64..10_000_000, 1..200),
        split in 0_usize..200,
    ) {
        let mut whole = Latency::default();
        let mut parts = [Latency::default(), Latency::default()];
        for (i, us) in micros.iter().enumerate() {
            whole.record(Duration::from_micros(*us));
            parts[usize::from(i >= split)].record(Duration::from_micros(*us));
        }
        let [mut merged, other] = parts;
        merged.merge(&other);
        prop_assert_eq!(merged.count(), whole.count());
        prop_assert_eq!((merged.min(), merged.max()), (whole.min(), whole.max()));
        for percent in [0.0, 50.0, 90.0, 99.0, 99.9, 100.0] {
            prop_assert_eq!(merged.percentile(percent), whole.percentile(percent));
        }
        // Three digits: no percentile is off by more than a thousandth.
        let mut sorted = micros.clone();
        sorted.sort_unstable();
        let exact = sorted[(sorted.len() * 9).div_ceil(10) - 1] as f64 * 1_000.0;
        let found = whole.percentile(90.0).unwrap().as_nanos() as f64;
        prop_assert!((found / exact - 1.0).abs() < 0.0011 || (found - exact).abs() <= 1_024.0, "{found} {exact}");
    }
}
