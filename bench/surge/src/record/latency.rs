//! A histogram of durations: three significant digits from a microsecond to an hour, made when the first one comes.

use std::time::Duration;

use hdrhistogram::Histogram;

/// Durations, counted.
#[derive(Debug, Clone, Default)]
pub struct Latency(Option<Box<Histogram<u64>>>);

impl Latency {
    /// Counts a duration; one of more than an hour as an hour.
    pub fn record(&mut self, duration: Duration) {
        if self.0.is_none() {
            self.0 = empty();
        }
        if let Some(histogram) = &mut self.0 {
            let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
            histogram.saturating_record(nanos.min(LONGEST));
        }
    }

    /// Adds what another has counted.
    pub fn merge(&mut self, other: &Self) {
        let Some(theirs) = &other.0 else { return };
        match &mut self.0 {
            // Both have the same bounds, so there is nothing to refuse.
            Some(ours) => drop(ours.add(theirs.as_ref())),
            None => self.0 = other.0.clone(),
        }
    }

    /// Forgets everything, but keeps its memory.
    pub fn clear(&mut self) {
        if let Some(histogram) = &mut self.0 {
            histogram.reset();
        }
    }

    /// How many durations were counted.
    pub fn count(&self) -> u64 {
        self.0.as_ref().map_or(0, |histogram| histogram.len())
    }

    /// The duration that this percentage, 0 to 100, of all did not exceed; `None` if there are none.
    pub fn percentile(&self, percent: f64) -> Option<Duration> {
        let histogram = self.counted()?;
        Some(Duration::from_nanos(
            histogram.value_at_quantile(percent / 100.0).min(histogram.max()),
        ))
    }

    /// The shortest.
    pub fn min(&self) -> Option<Duration> {
        self.counted().map(|histogram| Duration::from_nanos(histogram.min()))
    }

    /// The longest.
    pub fn max(&self) -> Option<Duration> {
        self.counted().map(|histogram| Duration::from_nanos(histogram.max()))
    }

    /// The average.
    pub fn mean(&self) -> Option<Duration> {
        self.counted().map(|histogram| Duration::from_nanos(histogram.mean() as u64))
    }

    fn counted(&self) -> Option<&Histogram<u64>> {
        self.0.as_deref().filter(|histogram| !histogram.is_empty())
    }
}

/// Nanoseconds in an hour.
const LONGEST: u64 = 3_600_000_000_000;

fn empty() -> Option<Box<Histogram<u64>>> {
    // Bounds in order and digits of at most five are all that is asked for.
    Histogram::new_with_bounds(1_000, LONGEST, 3).ok().map(Box::new)
}
