use proptest::prelude::*;

use super::*;

fn tally() -> Tally {
    let mut tally = Tally { started: 1_000, late: 3, ..Tally::default() };
    tally.statuses.extend([(200, 980), (403, 10), (503, 2)]);
    tally.failures.extend([(Failure::Connect, 5), (Failure::Timeout, 3)]);
    for ms in 1..=100 {
        tally.latency.record(Duration::from_millis(ms));
    }
    tally
}

fn check(text: &str) -> Verdict {
    let (tally, time) = (tally(), Duration::from_secs(10));
    let facts = Facts { tally: &tally, time, memory: Some(200 << 20) };
    text.parse::<Assertion>().unwrap().check(facts, None)
}

#[test]
fn claims_hold_or_do_not() {
    for (text, holds) in [
        ("no_5xx", false),
        ("no_503", false),
        ("no_502", true),
        ("no_late", false),
        ("errors <= 8", true),
        ("errors < 8", false),
        ("errors<=0.8%", true),
        ("errors < 0.5%", false),
        ("connect == 5", true),
        ("timeout > 2", true),
        ("403 >= 1%", true),
        ("4xx == 10", true),
        ("2xx >= 99%", false),
        ("p50 < 51ms", true),
        ("p99 < 98ms", false),
        ("p99.9 <= 101ms", true),
        ("max < 1s", true),
        ("mean > 40ms", true),
        ("min < 2ms", true),
        ("rate >= 100/s", true),
        ("rate > 6001/m", false),
        ("requests == 1000", true),
        ("rss < 201MiB", true),
        ("rss < 200MiB", false),
    ] {
        assert_eq!(check(text).holds, holds, "{text}: {:?}", check(text));
    }
}

#[test]
fn a_phase_may_be_named() {
    let assertion: Assertion = "p99 < 50ms in the climb".parse().unwrap();
    assert_eq!(assertion.phase.as_deref(), Some("the climb"));
    assert_eq!("no_5xx in peak".parse::<Assertion>().unwrap().phase.as_deref(), Some("peak"));
}

#[test]
fn no_data_proves_nothing() {
    let empty = Tally::default();
    for text in [
        "p99 < 1h",
        "max < 1h",
        "errors <= 100%",
        "no_5xx",
        "rate >= 0/s",
        "rss < 1MiB",
        "p99 < 9x calm",
    ] {
        let assertion: Assertion = text.parse().unwrap();
        let facts = Facts { tally: &empty, time: Duration::ZERO, memory: None };
        let verdict = assertion.check(facts, Some(facts));
        assert_eq!((verdict.holds, verdict.found.as_str()), (false, "no data"), "{text}");
    }
}

#[test]
fn what_cannot_be_meant_is_refused_with_a_hint() {
    for (text, hint) in [
        ("", "expected an assertion"),
        ("fast", "expected an assertion"),
        ("p99 < 50", "expected a duration"),
        ("p99 < 5%", "expected a duration"),
        ("p101 < 5ms", "unknown metric"),
        ("error <= 1", "did you mean `errors`"),
        ("errors <= 1ms", "expected a number"),
        ("errors <= 101%", "expected a number"),
        ("rate > 5", "expected a rate"),
        ("no_erors", "did you mean `errors`"),
        ("no_6xx", "unknown count"),
        ("p99 < 5ms in  ", "name of a phase"),
        ("p99 < 5x ", "expected a duration"),
        ("403 < 5x calm + 1%", "a share has no place"),
        ("rss < 5", "size"),
    ] {
        let error = text.parse::<Assertion>().unwrap_err();
        assert!(error.contains(hint), "{text}: {error}");
    }
}

#[test]
fn a_phase_may_be_compared_with_another() {
    let (calm, mut peak) = (tally(), Tally { started: 4_000, ..Tally::default() });
    (1..=100).for_each(|ms| peak.latency.record(Duration::from_millis(ms * 3)));
    let time = Duration::from_secs(10);
    let calm = Facts { tally: &calm, time, memory: Some(100 << 20) };
    let peak = Facts { tally: &peak, time, memory: Some(150 << 20) };
    for (text, holds) in [
        ("p99 <= 3.01x calm in peak", true),
        ("p99 <= 2.9x calm in peak", false),
        ("p99 <= 2.9x calm + 10ms in peak", true),
        ("requests == 4x calm in peak", true),
        ("requests < 3x calm + 999 in peak", false),
        ("rss <= 1.5x calm in peak", true),
        ("rss < 1.4x calm + 1MiB in peak", false),
        ("rate >= 4x calm in peak", true),
    ] {
        let assertion: Assertion = text.parse().unwrap();
        assert_eq!(assertion.baseline(), Some("calm"), "{text}");
        let verdict = assertion.check(peak, Some(calm));
        assert_eq!(verdict.holds, holds, "{text}: {verdict:?}");
    }
    let text = "p50 < 4x calm in peak".parse::<Assertion>().unwrap().check(peak, Some(calm)).found;
    assert_eq!(text, "150.1ms, 3.00x 50.00ms of calm");
}

#[test]
fn that_there_were_no_requests_can_be_asserted() {
    let facts = Facts { tally: &Tally::default(), time: Duration::from_secs(1), memory: None };
    let check = |text: &str| text.parse::<Assertion>().unwrap().check(facts, None);
    assert!(check("requests == 0").holds && !check("requests > 0").holds);
    assert!(!check("errors == 0").holds);
}

proptest! {
    #[test]
    fn any_text_is_an_assertion_or_an_error(text in "(no_|p|errors)?[ -~]{0,24}(<=|<)?[ -~]{0,12}") {
        if let Ok(assertion) = text.parse::<Assertion>() {
            let facts = Facts { tally: &tally(), time: Duration::from_secs(1), memory: None };
            assertion.check(facts, Some(facts));
            prop_assert_eq!(assertion.text.parse::<Assertion>().map(|a| a.bound), Ok(assertion.bound));
        }
    }
}
