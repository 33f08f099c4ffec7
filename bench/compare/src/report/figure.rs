//! The columns of a table.

use super::Sample;

/// One of them.
pub struct Figure {
    /// Heading.
    pub title: &'static str,
    /// Key in JSON.
    pub key: &'static str,
    /// Digits behind the point.
    pub digits: usize,
    /// Whether the larger one is the better one.
    pub more_is_better: bool,
    /// The figure of a measurement; none where it says nothing.
    pub of: fn(&Sample) -> Option<f64>,
}

/// Processor time, the figure that bars are about.
pub const CPU: Figure = Figure {
    title: "CPU us/rq",
    key: "cpu_us",
    digits: 1,
    more_is_better: false,
    of: |sample| sample.cpu_us,
};

/// All of them, in the order of columns.
pub const FIGURES: [Figure; 7] = [
    CPU,
    Figure {
        title: "rq/s",
        key: "per_second",
        digits: 0,
        more_is_better: true,
        of: |sample| Some(sample.per_second),
    },
    Figure { title: "p50 ms", key: "p50_ms", digits: 2, of: |sample| sample.p50_ms, ..CPU },
    Figure { title: "p99 ms", key: "p99_ms", digits: 2, of: |sample| sample.p99_ms, ..CPU },
    Figure { title: "p99.9 ms", key: "p99_9_ms", digits: 2, of: |sample| sample.p99_9_ms, ..CPU },
    Figure { title: "PSS MiB", key: "memory_mib", of: |sample| Some(sample.memory_mib), ..CPU },
    Figure {
        title: "KiB/connection",
        key: "connection_kib",
        of: |sample| sample.connection_kib,
        ..CPU
    },
];

/// The middle one, or the mean of the two that are.
pub fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let upper = *values.get(values.len() / 2)?;
    let lower = *values.get(values.len().saturating_sub(1) / 2)?;
    Some(lower.midpoint(upper))
}
