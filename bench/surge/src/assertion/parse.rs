//! Text to assertion: `no_WHAT`, or `METRIC COMPARISON BOUND`, either with `in PHASE` behind it; a bound may be `3x PHASE + BOUND`.

use std::str::FromStr;

use super::{Assertion, Bound, Comparison, Count, FAILURES, Metric, Value};
use crate::scenario::{
    suggest::did_you_mean,
    units::{Duration, Memory, Rate},
};

impl FromStr for Assertion {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (claim, phase) = match text.split_once(" in ") {
            Some((claim, phase)) if !phase.trim().is_empty() => (claim, Some(phase.trim())),
            Some(_) => return Err(format!("expected the name of a phase behind \"{text}\"")),
            None => (text, None),
        };
        let (metric, comparison, bound) = match claim.trim().strip_prefix("no_") {
            Some(what) => {
                (Metric::Count(absent(what)?), Comparison::Equal, Bound::Is(Value::Number(0)))
            }
            None => comparison(claim)?,
        };
        let phase = phase.map(str::to_owned);
        Ok(Self { text: text.trim().to_owned(), phase, metric, comparison, bound })
    }
}

fn comparison(claim: &str) -> Result<(Metric, Comparison, Bound), String> {
    // The longer signs first: `<` begins `<=`.
    const SIGNS: [(&str, Comparison); 5] = [
        ("<=", Comparison::AtMost),
        (">=", Comparison::AtLeast),
        ("==", Comparison::Equal),
        ("<", Comparison::Less),
        (">", Comparison::More),
    ];
    let parts = SIGNS.iter().find_map(|(sign, comparison)| {
        let (metric, bound) = claim.split_once(sign)?;
        Some((metric.trim(), *comparison, bound.trim()))
    });
    let (name, comparison, bound) = parts.ok_or_else(|| {
        format!("expected an assertion such as \"no_5xx\" or \"p99 < 50ms\", found \"{claim}\"")
    })?;
    let metric = metric(name)?;
    let bound = match times(bound) {
        Some((times, phase, floor)) => {
            let floor = floor.map(|floor| value(metric, floor)).transpose()?;
            if matches!(floor, Some(Value::Percent(_))) {
                return Err(format!("a share has no place behind \"+\" in \"{claim}\""));
            }
            Bound::Times(times, phase.to_owned(), floor)
        }
        None => Bound::Is(value(metric, bound)?),
    };
    Ok((metric, comparison, bound))
}

/// `3x PHASE`, perhaps with `+ BOUND` behind it.
fn times(bound: &str) -> Option<(f64, &str, Option<&str>)> {
    let (times, rest) = bound.split_once("x ")?;
    let times = times.trim().parse().ok().filter(|times| (0.0..=1e6).contains(times))?;
    let (phase, floor) = match rest.split_once(" + ") {
        Some((phase, floor)) => (phase, Some(floor.trim())),
        None => (rest, None),
    };
    Some((times, phase.trim(), floor)).filter(|(_, phase, _)| !phase.is_empty())
}

fn value(metric: Metric, bound: &str) -> Result<Value, String> {
    Ok(match metric {
        Metric::Count(_) => count(bound)?,
        Metric::Rate => Value::PerSecond(bound.parse::<Rate>()?.0),
        Metric::Memory => Value::Bytes(bound.parse::<Memory>()?.0),
        _ => Value::Time(bound.parse::<Duration>()?.0),
    })
}

fn metric(name: &str) -> Result<Metric, String> {
    let plain = match name {
        "min" => Some(Metric::Min),
        "mean" => Some(Metric::Mean),
        "max" => Some(Metric::Max),
        "rate" => Some(Metric::Rate),
        "rss" => Some(Metric::Memory),
        _ => None,
    };
    let percentile = || {
        let percent: f64 = name.strip_prefix('p')?.parse().ok()?;
        (0.0..=100.0).contains(&percent).then_some(Metric::Percentile(percent))
    };
    let metric = plain.or_else(percentile).or_else(|| counted(name).map(Metric::Count));
    metric.ok_or_else(|| unknown("metric", name, &METRICS))
}

fn absent(what: &str) -> Result<Count, String> {
    counted(what).ok_or_else(|| unknown("count", what, &COUNTS))
}

/// What a name counts: `errors`, a kind of failure, a status, or a hundred of them.
fn counted(name: &str) -> Option<Count> {
    match name {
        "requests" => return Some(Count::Requests),
        "errors" => return Some(Count::Errors),
        "late" => return Some(Count::Late),
        "cut" => return Some(Count::Cut),
        "held" => return Some(Count::Held),
        "goaway" => return Some(Count::GoAway),
        "resets" => return Some(Count::Resets),
        _ => {}
    }
    if let Some((failure, _)) = FAILURES.iter().find(|(_, known)| *known == name) {
        return Some(Count::Failure(*failure));
    }
    if let Some(hundreds) = name.strip_suffix("xx") {
        let low = hundreds.parse().ok().filter(|h| (1..=5_u16).contains(h))? * 100;
        return Some(Count::Statuses(low, low + 99));
    }
    let status = name.parse().ok().filter(|status| (100..=599).contains(status))?;
    Some(Count::Statuses(status, status))
}

fn count(bound: &str) -> Result<Value, String> {
    let percent = |text: &str| text.trim().parse().ok().filter(|p| (0.0..=100.0).contains(p));
    let found = match bound.strip_suffix('%') {
        Some(text) => percent(text).map(Value::Percent),
        None => bound.parse().ok().map(Value::Number),
    };
    found.ok_or_else(|| {
        format!("expected a number such as \"1\" or a share such as \"0.5%\", found \"{bound}\"")
    })
}

fn unknown(kind: &str, name: &str, known: &[&'static str]) -> String {
    match did_you_mean(name, known.iter().copied()) {
        Some(hint) => format!("unknown {kind} \"{name}\"; {hint}"),
        None => format!("unknown {kind} \"{name}\"; known: {}", known.join(", ")),
    }
}

const METRICS: [&str; 25] = [
    "p50", "p90", "p95", "p99", "p99.9", "min", "mean", "max", "rate", "rss", "requests", "errors",
    "late", "cut", "held", "goaway", "resets", "connect", "tls", "closed", "timeout", "protocol",
    "unsent", "5xx", "429",
];

const COUNTS: [&str; 15] = [
    "errors", "late", "cut", "held", "goaway", "resets", "connect", "tls", "closed", "timeout",
    "protocol", "unsent", "5xx", "4xx", "429",
];
