//! What must hold after a run: `no_5xx`, `p99 < 50ms`, `errors <= 1`, `403 >= 99%`, `max < 2s in steady`.
//!
//! Pure: an assertion is text, then a bound, then a comparison with a [`Tally`]. Where there is nothing to compare with, as a
//! percentile of no answers, it does not hold: no data proves nothing.

mod parse;

use std::time::Duration;

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
#[derive(Debug, Clone, Copy, PartialEq)]
enum Bound {
    Time(Duration),
    PerSecond(f64),
    Number(u64),
    /// Of all requests, 0 to 100.
    Percent(f64),
}

impl Assertion {
    /// Compares with what was counted in this time.
    pub fn check(&self, tally: &Tally, time: Duration) -> Verdict {
        let Some(value) = self.metric.of(tally, time) else {
            return Verdict { holds: false, found: "no data".to_owned() };
        };
        match (value, self.bound) {
            (Bound::Time(found), Bound::Time(bound)) => {
                self.verdict(found.as_secs_f64(), bound.as_secs_f64(), milliseconds(found))
            }
            (Bound::Number(found), Bound::Percent(bound)) => {
                let share = found as f64 / tally.requests().max(1) as f64 * 100.0;
                self.verdict(share, bound, format!("{share:.3}% ({found})"))
            }
            (Bound::Number(found), Bound::Number(bound)) => {
                self.verdict(found as f64, bound as f64, found.to_string())
            }
            (Bound::PerSecond(found), Bound::PerSecond(bound)) => {
                self.verdict(found, bound, format!("{found:.1}/s"))
            }
            // The parser admits no other pairs.
            _ => Verdict { holds: false, found: "not comparable".to_owned() },
        }
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
    fn of(self, tally: &Tally, time: Duration) -> Option<Bound> {
        let latency = &tally.latency;
        Some(match self {
            Self::Percentile(percent) => Bound::Time(latency.percentile(percent)?),
            Self::Min => Bound::Time(latency.min()?),
            Self::Mean => Bound::Time(latency.mean()?),
            Self::Max => Bound::Time(latency.max()?),
            Self::Rate if time.is_zero() => return None,
            Self::Rate => Bound::PerSecond(tally.started as f64 / time.as_secs_f64()),
            Self::Count(_) if tally.requests() == 0 => return None,
            Self::Count(count) => Bound::Number(count.of(tally)),
        })
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
