//! Numbers that many workers change and a scrape reads: one cache line per worker, summed when asked.
//!
//! A worker that is not known shares the last shard, so a wrong index costs speed and not counts.

use std::{
    array,
    sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering::Relaxed},
    time::Duration,
};

/// One value per worker, each on cache lines of its own. 128 bytes, because processors fetch lines in pairs.
#[derive(Debug)]
pub struct Sharded<T>(Box<[Padded<T>]>);

#[derive(Debug, Default)]
#[repr(align(128))]
struct Padded<T>(T);

/// A number that only grows.
#[derive(Debug)]
pub struct Counter(Sharded<AtomicU64>);

/// A number of things that are there now; workers add and take away.
#[derive(Debug)]
pub struct Level(Sharded<AtomicI64>);

/// A number that the control thread sets.
#[derive(Debug, Default)]
pub struct Gauge(AtomicU64);

/// One of several states.
#[derive(Debug)]
pub struct OneHot {
    states: &'static [&'static str],
    current: AtomicUsize,
}

/// Durations by size.
#[derive(Debug)]
pub struct Histogram(Sharded<HistogramShard>);

#[derive(Debug)]
struct HistogramShard {
    /// One more than bounds: the last is everything above.
    counts: [AtomicU64; BOUNDS + 1],
    sum_us: AtomicU64,
}

/// A histogram at one time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HistogramSnapshot {
    /// Observations per bucket, not cumulative; the last bucket has no upper bound.
    pub counts: [u64; BOUNDS + 1],
    /// Sum of all observations in microseconds.
    pub sum_us: u64,
}

impl<T: Default> Sharded<T> {
    /// One value per worker; at least one.
    pub fn new(workers: usize) -> Self {
        Self((0..workers.max(1)).map(|_| Padded::default()).collect())
    }

    /// The value of `worker`.
    pub fn at(&self, worker: usize) -> &T {
        &self.0[worker.min(self.0.len() - 1)].0
    }

    /// Number of values.
    #[allow(clippy::len_without_is_empty, reason = "there is at least one")]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// All values.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter().map(|padded| &padded.0)
    }
}

impl Counter {
    /// Zero.
    pub fn new(workers: usize) -> Self {
        Self(Sharded::new(workers))
    }

    /// Adds one.
    pub fn inc(&self, worker: usize) {
        self.add(worker, 1);
    }

    /// Adds `n`.
    pub fn add(&self, worker: usize, n: u64) {
        self.0.at(worker).fetch_add(n, Relaxed);
    }

    /// The sum over all workers.
    pub fn value(&self) -> u64 {
        self.0.iter().map(|shard| shard.load(Relaxed)).fold(0, u64::wrapping_add)
    }
}

impl Level {
    /// Zero.
    pub fn new(workers: usize) -> Self {
        Self(Sharded::new(workers))
    }

    /// Adds `n`, which may be negative. What one worker adds another may take away.
    pub fn add(&self, worker: usize, n: i64) {
        self.0.at(worker).fetch_add(n, Relaxed);
    }

    /// The sum over all workers.
    pub fn value(&self) -> i64 {
        self.0.iter().map(|shard| shard.load(Relaxed)).fold(0, i64::wrapping_add)
    }
}

impl Gauge {
    /// Sets it.
    pub fn set(&self, value: f64) {
        self.0.store(value.to_bits(), Relaxed);
    }

    /// What was last set.
    pub fn value(&self) -> f64 {
        f64::from_bits(self.0.load(Relaxed))
    }
}

impl OneHot {
    /// The first of `states`.
    pub fn new(states: &'static [&'static str]) -> Self {
        Self { states, current: AtomicUsize::new(0) }
    }

    /// Enters `state`; one that is not of `states` leaves none in force.
    pub fn set(&self, state: &str) {
        let index = self.states.iter().position(|known| *known == state);
        debug_assert!(index.is_some(), "{state} is not one of {:?}", self.states);
        self.current.store(index.unwrap_or(usize::MAX), Relaxed);
    }

    /// Every state, and whether it is in force.
    pub fn states(&self) -> impl Iterator<Item = (&'static str, bool)> {
        let current = self.current.load(Relaxed);
        self.states.iter().enumerate().map(move |(index, state)| (*state, index == current))
    }
}

impl Histogram {
    /// Without observations.
    pub fn new(workers: usize) -> Self {
        Self(Sharded::new(workers))
    }

    /// Adds an observation.
    pub fn observe(&self, worker: usize, duration: Duration) {
        let us = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        let shard = self.0.at(worker);
        // An upper bound belongs to its bucket.
        let bucket = UPPER_BOUNDS_US.partition_point(|&bound| bound < us);
        shard.counts[bucket].fetch_add(1, Relaxed);
        shard.sum_us.fetch_add(us, Relaxed);
    }

    /// The sum over all workers.
    pub fn snapshot(&self) -> HistogramSnapshot {
        self.0.iter().fold(HistogramSnapshot::default(), |mut sum, shard| {
            for (count, of_shard) in sum.counts.iter_mut().zip(&shard.counts) {
                *count = count.wrapping_add(of_shard.load(Relaxed));
            }
            sum.sum_us = sum.sum_us.wrapping_add(shard.sum_us.load(Relaxed));
            sum
        })
    }
}

impl Default for HistogramShard {
    fn default() -> Self {
        Self { counts: array::from_fn(|_| AtomicU64::new(0)), sum_us: AtomicU64::new(0) }
    }
}

const BOUNDS: usize = 24;

/// Upper bounds of the buckets in microseconds, 0.5 ms to 60 s: 1, 2, 3, 5 and 7.5 of each decade, so that a quantile is
/// off by no more than half its value.
pub const UPPER_BOUNDS_US: [u64; BOUNDS] = [
    500, 1_000, 2_000, 3_000, 5_000, 7_500, 10_000, 20_000, 30_000, 50_000, 75_000, 100_000,
    200_000, 300_000, 500_000, 750_000, 1_000_000, 2_000_000, 3_000_000, 5_000_000, 7_500_000,
    10_000_000, 30_000_000, 60_000_000,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_are_summed() {
        let counter = Counter::new(2);
        let level = Level::new(2);
        for worker in 0..4 {
            counter.inc(worker);
            level.add(worker, if worker == 0 { 5 } else { -1 });
        }
        assert_eq!((counter.value(), level.value()), (4, 2));
    }

    #[test]
    fn shards_do_not_share_cache_lines() {
        assert_eq!(size_of::<Padded<AtomicU64>>(), 128);
        assert_eq!(Sharded::<AtomicU64>::new(0).0.len(), 1);
    }

    #[test]
    fn observations_fall_into_buckets() {
        let histogram = Histogram::new(2);
        for (worker, us) in [(0, 0), (0, 500), (1, 501), (1, 60_000_000), (0, 60_000_001)] {
            histogram.observe(worker, Duration::from_micros(us));
        }
        let snapshot = histogram.snapshot();
        assert_eq!(snapshot.counts[..2], [2, 1]);
        assert_eq!(snapshot.counts[BOUNDS - 1..], [1, 1]);
        assert_eq!(snapshot.sum_us, 120_001_002);
        assert!(UPPER_BOUNDS_US.is_sorted());
    }

    #[test]
    fn one_state_is_in_force() {
        let state = OneHot::new(&["a", "b"]);
        assert_eq!(state.states().collect::<Vec<_>>(), [("a", true), ("b", false)]);
        state.set("b");
        assert_eq!(state.states().collect::<Vec<_>>(), [("a", false), ("b", true)]);
    }
}
