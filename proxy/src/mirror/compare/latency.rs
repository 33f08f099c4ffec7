//! How long the shadow takes beside the primary: the middle of the ratios of all pairs.
//!
//! A single request says nothing, and a mean is led astray by a few; the middle is told from a histogram of ratios.

use std::time::Duration;

/// Ratios of times to the first byte.
#[derive(Debug)]
pub struct Latency {
    /// Pairs by their ratio, in steps of an eighth of a doubling.
    ratios: [u64; STEPS],
    pairs: u64,
    primary: Duration,
    shadow: Duration,
}

/// Steps on either side of a ratio of one: ratios up to 16 are told apart.
const STEPS_EACH: usize = 32;
const STEPS: usize = 2 * STEPS_EACH + 1;
const STEPS_PER_DOUBLING: f64 = 8.0;

/// Added to both times: of two answers at once none is the slower.
const FREE: Duration = Duration::from_millis(1);

impl Default for Latency {
    fn default() -> Self {
        Self { ratios: [0; STEPS], pairs: 0, primary: Duration::ZERO, shadow: Duration::ZERO }
    }
}

impl Latency {
    /// Counts a pair.
    pub fn add(&mut self, primary: Duration, shadow: Duration) {
        let ratio = (shadow + FREE).as_secs_f64() / (primary + FREE).as_secs_f64();
        let steps = (ratio.log2() * STEPS_PER_DOUBLING).round() + STEPS_EACH as f64;
        // A cast of a float saturates.
        let step = (steps as usize).min(STEPS - 1);
        if let Some(count) = self.ratios.get_mut(step) {
            *count += 1;
        }
        self.pairs += 1;
        self.primary += primary;
        self.shadow += shadow;
    }

    /// Pairs that were counted.
    pub fn pairs(&self) -> u64 {
        self.pairs
    }

    /// The ratio in the middle, to a twelfth; half of the pairs have no greater one.
    pub fn ratio(&self) -> Option<f64> {
        let mut left = self.pairs.div_ceil(2);
        let middle = self.ratios.iter().position(|count| {
            left = left.saturating_sub(*count);
            left == 0
        });
        let step = middle.filter(|_| self.pairs > 0)?;
        Some(((step as f64 - STEPS_EACH as f64) / STEPS_PER_DOUBLING).exp2())
    }

    /// Mean times of the primary and the shadow.
    pub fn means(&self) -> Option<[Duration; 2]> {
        let pairs = u32::try_from(self.pairs).unwrap_or(u32::MAX);
        Some([self.primary.checked_div(pairs)?, self.shadow.checked_div(pairs)?])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_is_told_and_not_the_mean() {
        let mut latency = Latency::default();
        assert_eq!((latency.ratio(), latency.means()), (None, None));
        for n in 1..=9 {
            let shadow = if n == 9 { 100_000 } else { 20 };
            latency.add(Duration::from_millis(10), Duration::from_millis(shadow));
        }
        let ratio = latency.ratio().unwrap();
        assert!((1.8..2.1).contains(&ratio), "{ratio}");
        assert_eq!(latency.means().unwrap()[0], Duration::from_millis(10));
    }

    #[test]
    fn what_is_beyond_is_at_the_ends() {
        for (primary, shadow, ratio) in [(0, 0, 1.0), (0, u64::MAX, 16.0), (1 << 40, 0, 1.0 / 16.0)]
        {
            let mut latency = Latency::default();
            latency.add(Duration::from_secs(primary), Duration::from_millis(shadow));
            assert_eq!(latency.ratio(), Some(ratio));
        }
    }
}
