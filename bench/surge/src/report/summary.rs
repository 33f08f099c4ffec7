//! The numbers of a tally as a reader wants them.

use std::{collections::BTreeMap, time::Duration};

use serde::Serialize;

use crate::record::{Flooded, Latency, Tally};

/// Numbers of a class, of a phase, or of all.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Summary {
    /// Requests that were due.
    pub requests: u64,
    /// Requests sent per second.
    pub rate: f64,
    /// Requests that were answered, with whatever status.
    pub answered: u64,
    /// Requests without an answer.
    pub failed: u64,
    /// Requests that had to wait for a connection.
    pub late: u64,
    /// Slow clients that were cut off.
    pub cut: u64,
    /// Slow clients that still held a connection at the end.
    pub held: u64,
    /// Bytes of answers.
    pub bytes: u64,
    /// Answers by status.
    pub statuses: BTreeMap<u16, u64>,
    /// Requests without an answer, by kind of failure.
    pub failures: BTreeMap<&'static str, u64>,
    /// What the system said when a request first failed in a way.
    pub causes: BTreeMap<&'static str, String>,
    /// What floods sent and what came of it; left out where nothing floods.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flood: Option<OfFlood>,
    /// Milliseconds from the intended start to the last byte, timeouts included. Of slow clients: for how long they held on.
    pub latency: Quantiles,
    /// Milliseconds from sending to the last byte: what a tool that omits waiting would show.
    pub service: Quantiles,
    /// Milliseconds from the intended start to sending.
    pub delay: Quantiles,
    /// Percentage of requests and the latency in milliseconds that it did not exceed, ever finer towards 100.
    pub distribution: Vec<(f64, f64)>,
    /// The same for `service`.
    pub service_distribution: Vec<(f64, f64)>,
}

/// What a flood sent and what came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct OfFlood {
    /// Units sent.
    pub units: u64,
    /// Bytes sent, but for what TLS adds.
    pub bytes: u64,
    /// Answers that began.
    pub answers: u64,
    /// Streams that the server reset, by reason.
    pub resets: BTreeMap<String, u64>,
    /// Connections that the server said it ends, by reason.
    pub goaways: BTreeMap<String, u64>,
}

impl OfFlood {
    fn new(flooded: &Flooded) -> Option<Self> {
        let named = |reasons: &BTreeMap<u32, u64>| {
            reasons.iter().map(|(reason, count)| (name(*reason), *count)).collect()
        };
        (flooded.units > 0 || flooded.bytes > 0).then(|| Self {
            units: flooded.units,
            bytes: flooded.bytes,
            answers: flooded.answers,
            resets: named(&flooded.resets),
            goaways: named(&flooded.goaways),
        })
    }
}

/// The name of a reason (RFC 9113, 7).
fn name(reason: u32) -> String {
    REASONS.get(reason as usize).map_or_else(|| format!("{reason:#x}"), |name| (*name).to_owned())
}

const REASONS: [&str; 14] = [
    "NO_ERROR",
    "PROTOCOL_ERROR",
    "INTERNAL_ERROR",
    "FLOW_CONTROL_ERROR",
    "SETTINGS_TIMEOUT",
    "STREAM_CLOSED",
    "FRAME_SIZE_ERROR",
    "REFUSED_STREAM",
    "CANCEL",
    "COMPRESSION_ERROR",
    "CONNECT_ERROR",
    "ENHANCE_YOUR_CALM",
    "INADEQUATE_SECURITY",
    "HTTP_1_1_REQUIRED",
];

/// Milliseconds; `null` where there is nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Quantiles {
    /// The shortest.
    pub min: Option<f64>,
    /// The average.
    pub mean: Option<f64>,
    /// What half did not exceed.
    pub p50: Option<f64>,
    /// What 90 % did not exceed.
    pub p90: Option<f64>,
    /// What 95 % did not exceed.
    pub p95: Option<f64>,
    /// What 99 % did not exceed.
    pub p99: Option<f64>,
    /// What 99.9 % did not exceed.
    pub p99_9: Option<f64>,
    /// The longest.
    pub max: Option<f64>,
}

impl Summary {
    /// The numbers of what was counted in this time.
    pub fn new(tally: &Tally, time: Duration) -> Self {
        let seconds = time.as_secs_f64();
        let failures = tally.failures.iter().map(|(failure, count)| (failure.name(), *count));
        let causes = tally.causes.iter().map(|(failure, cause)| (failure.name(), cause.clone()));
        Self {
            requests: tally.requests(),
            rate: if seconds > 0.0 { tally.started as f64 / seconds } else { 0.0 },
            answered: tally.answered(),
            failed: tally.failed(),
            late: tally.late,
            cut: tally.cut,
            held: tally.held,
            bytes: tally.bytes,
            statuses: tally.statuses.clone(),
            failures: failures.collect(),
            causes: causes.collect(),
            flood: OfFlood::new(&tally.flooded),
            latency: Quantiles::new(&tally.latency),
            service: Quantiles::new(&tally.service),
            delay: Quantiles::new(&tally.delay),
            distribution: distribution(&tally.latency),
            service_distribution: distribution(&tally.service),
        }
    }

    /// Answers by hundreds of their status.
    pub fn with_hundreds(&self, hundreds: u16) -> u64 {
        let range = hundreds * 100..(hundreds + 1) * 100;
        self.statuses.range(range).map(|(_, count)| count).sum()
    }
}

impl Quantiles {
    /// The usual ones of a histogram.
    pub fn new(latency: &Latency) -> Self {
        let at = |percent| latency.percentile(percent).map(milliseconds);
        Self {
            min: latency.min().map(milliseconds),
            mean: latency.mean().map(milliseconds),
            p50: at(50.0),
            p90: at(90.0),
            p95: at(95.0),
            p99: at(99.0),
            p99_9: at(99.9),
            max: latency.max().map(milliseconds),
        }
    }
}

/// Percentiles that halve what is left again and again, ten steps for each tenfold, down to the last request.
fn distribution(latency: &Latency) -> Vec<(f64, f64)> {
    let count = latency.count();
    if count == 0 {
        return Vec::new();
    }
    let steps = ((count as f64).log10() * 10.0).ceil().max(1.0) as i32;
    let percent = |step: i32| 100.0 * (1.0 - 10_f64.powf(-f64::from(step) / 10.0));
    let points = (0..=steps).map(percent).chain([100.0]);
    let point = |percent| latency.percentile(percent).map(|found| (percent, milliseconds(found)));
    points.filter_map(point).collect()
}

fn milliseconds(duration: Duration) -> f64 {
    // Three digits are all that a histogram keeps; microseconds hold them down to its shortest.
    (duration.as_secs_f64() * 1e6).round() / 1e3
}
