//! What must hold after a run: `no_5xx`, `p99 < 50ms`, `errors <= 1`, `403 >= 99%`, `max < 2s in steady`, `p99 <= 3x calm in peak`.
//!
//! Pure: an assertion is text, then a bound, then a comparison with [`Facts`]. Where there is nothing to compare with, as a
//! percentile of no answers, it does not hold: no data proves nothing.

mod parse;

use std::{fmt, time::Duration};

use crate::record::{FAILURES, Failure, Tally};

/// Something that must hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Assertion {
    /// As it was written.
    pub text: String,
    /// The phase that it is about; `None` for all that are no warm-up.
    pub phase: Option<String>,
    metric: Metric,
    comparison: Comparison,
    bound: Bound,
}

/// What an assertion found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it holds.
    pub holds: bool,
    /// The value, as a reader wants it.
    pub found: String,
}

/// What an assertion is held against.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'f> {
    /// What was counted.
    pub tally: &'f Tally,
    /// In how much time.
    pub time: Duration,
    /// The most memory that the stack took, in bytes.
    pub memory: Option<u64>,
}

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Metric {
    /// 0 to 100.
    Percentile(f64),
    Min,
    Mean,
    Max,
    /// Requests sent per second.
    Rate,
    /// Resident memory of the stack.
    Memory,
    Count(Count),
}

/// What is counted, and may be compared as a share of all requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Count {
    Requests,
    Errors,
    Late,
    Cut,
    Held,
    GoAway,
    Resets,
    Failure(Failure),
    Statuses(u16, u16),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Less,
    AtMost,
    Equal,
    AtLeast,
    More,
}

/// What it is compared with.
#[derive(Debug, Clone, PartialEq)]
enum Bound {
    Is(Value),
    /// So many times what another phase has, and so much on top.
    Times(f64, String, Option<Value>),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Value {
    Time(Duration),
    PerSecond(f64),
    Number(u64),
    /// Of all requests, 0 to 100.
    Percent(f64),
    Bytes(u64),
}

impl Assertion {
    /// The phase that it compares with.
    pub fn baseline(&self) -> Option<&str> {
        match &self.bound {
            Bound::Times(_, phase, _) => Some(phase),
            Bound::Is(_) => None,
        }
    }

    /// All phases that it names.
    pub fn phases(&self) -> impl Iterator<Item = &String> {
        let baseline = match &self.bound {
            Bound::Times(_, phase, _) => Some(phase),
            Bound::Is(_) => None,
        };
        self.phase.iter().chain(baseline)
    }

    /// Whether it is about the memory of the stack.
    pub fn is_about_memory(&self) -> bool {
        self.metric == Metric::Memory
    }

    /// Whether it is about nothing but the number of requests.
    pub fn counts_requests(&self) -> bool {
        matches!(self.metric, Metric::Count(Count::Requests) | Metric::Rate)
    }

    /// Compares with what was counted, and with that of the phase that is its [`Assertion::baseline`].
    pub fn check(&self, facts: Facts<'_>, baseline: Option<Facts<'_>>) -> Verdict {
        let nothing = || Verdict { holds: false, found: "no data".to_owned() };
        let Some(value) = self.metric.of(facts) else { return nothing() };
        let (times, phase, floor) = match &self.bound {
            Bound::Is(Value::Percent(bound)) => {
                let share = value.number() / facts.tally.requests().max(1) as f64 * 100.0;
                return self.verdict(share, *bound, format!("{share:.3}% ({value})"));
            }
            Bound::Is(bound) => {
                return self.verdict(value.number(), bound.number(), value.to_string());
            }
            Bound::Times(times, phase, floor) => (times, phase, floor),
        };
        let Some(other) = baseline.and_then(|facts| self.metric.of(facts)) else {
            return nothing();
        };
        let bound = times * other.number() + floor.map_or(0.0, Value::number);
        let ratio = value.number() / other.number().max(f64::MIN_POSITIVE);
        self.verdict(value.number(), bound, format!("{value}, {ratio:.2}x {other} of {phase}"))
    }

    fn verdict(&self, found: f64, bound: f64, text: String) -> Verdict {
        let holds = match self.comparison {
            Comparison::Less => found < bound,
            Comparison::AtMost => found <= bound,
            Comparison::Equal => found == bound,
            Comparison::AtLeast => found >= bound,
            Comparison::More => found > bound,
        };
        Verdict { holds, found: text }
    }
}

impl Metric {
    fn of(self, facts: Facts<'_>) -> Option<Value> {
        let Facts { tally, time, memory } = facts;
        let latency = &tally.latency;
        Some(match self {
            Self::Percentile(percent) => Value::Time(latency.percentile(percent)?),
            Self::Min => Value::Time(latency.min()?),
            Self::Mean => Value::Time(latency.mean()?),
            Self::Max => Value::Time(latency.max()?),
            Self::Rate if time.is_zero() => return None,
            Self::Rate => Value::PerSecond(tally.started as f64 / time.as_secs_f64()),
            Self::Memory => Value::Bytes(memory?),
            // That there were none is what may be asserted of them.
            Self::Count(Count::Requests) => Value::Number(tally.requests()),
            Self::Count(_) if tally.requests() == 0 => return None,
            Self::Count(count) => Value::Number(count.of(tally)),
        })
    }
}

impl Value {
    fn number(self) -> f64 {
        match self {
            Self::Time(time) => time.as_secs_f64(),
            Self::PerSecond(number) | Self::Percent(number) => number,
            Self::Number(number) | Self::Bytes(number) => number as f64,
        }
    }
}

/// As a reader wants it.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Time(time) => f.write_str(&milliseconds(*time)),
            Self::PerSecond(rate) => write!(f, "{rate:.1}/s"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Percent(share) => write!(f, "{share:.3}%"),
            Self::Bytes(bytes) => write!(f, "{:.1}MiB", *bytes as f64 / f64::from(1 << 20)),
        }
    }
}

impl Count {
    fn of(self, tally: &Tally) -> u64 {
        match self {
            Self::Requests => tally.requests(),
            Self::Errors => tally.failed(),
            Self::Late => tally.late,
            Self::Cut => tally.cut,
            Self::Held => tally.held,
            Self::GoAway => tally.flooded.goaways.values().sum(),
            Self::Resets => tally.flooded.resets.values().sum(),
            Self::Failure(failure) => tally.failed_with(failure),
            Self::Statuses(low, high) => tally.with_status(low..=high),
        }
    }
}

/// A duration in milliseconds with three significant digits or more.
pub fn milliseconds(duration: Duration) -> String {
    let ms = duration.as_secs_f64() * 1_000.0;
    match ms {
        ms if ms < 10.0 => format!("{ms:.3}ms"),
        ms if ms < 100.0 => format!("{ms:.2}ms"),
        ms => format!("{ms:.1}ms"),
    }
}

#[cfg(test)]
mod tests;
