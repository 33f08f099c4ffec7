//! Which of several weighted entries the n-th request takes.
//!
//! Not by chance: multiples of the golden ratio fill the unit interval as evenly as any sequence can (Knuth, TAOCP 3, 6.4), so
//! after n requests each entry has its share to within a few, in an order that has no short period.

/// Weighted entries.
#[derive(Debug, Clone, PartialEq)]
pub struct Mix {
    /// Entry and the upper end of its part of the unit interval, ascending.
    ends: Vec<(usize, f64)>,
}

impl Mix {
    /// Entries and their weights. Those of weight 0 are never taken; `None` if no other is there.
    pub fn new(weights: impl IntoIterator<Item = (usize, f64)>) -> Option<Self> {
        let weights: Vec<(usize, f64)> = weights.into_iter().filter(|(_, w)| *w > 0.0).collect();
        let total: f64 = weights.iter().map(|(_, weight)| weight).sum();
        if total <= 0.0 || !total.is_finite() {
            return None;
        }
        let mut sum = 0.0;
        let ends = weights.into_iter().map(|(entry, weight)| {
            sum += weight;
            (entry, sum / total)
        });
        Some(Self { ends: ends.collect() })
    }

    /// The entry of the n-th request.
    pub fn pick(&self, n: u64) -> usize {
        if let [(only, _)] = self.ends.as_slice() {
            return *only;
        }
        // The fraction of n times the golden ratio, in whole numbers: exact for every n.
        let point = n.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let point = (point >> 11) as f64 / (1_u64 << 53) as f64;
        let at = self.ends.partition_point(|(_, end)| *end <= point);
        self.ends.get(at).or(self.ends.last()).map_or(0, |(entry, _)| *entry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_kept_to_within_a_few() {
        let mix = Mix::new([(0, 90.0), (1, 9.0), (2, 0.0), (3, 1.0)]).unwrap();
        let mut taken = [0_i64; 4];
        for n in 0..10_000 {
            taken[mix.pick(n)] += 1;
        }
        for (entry, share) in [(0, 9_000), (1, 900), (2, 0), (3, 100)] {
            assert!((taken[entry] - share).abs() <= 4, "{taken:?}");
        }
    }

    #[test]
    fn a_lane_of_many_keeps_the_shares_too() {
        let mix = Mix::new([(0, 3.0), (1, 1.0)]).unwrap();
        for lanes in [2, 3, 8] {
            let ones = (0..4_000_u64).filter(|i| mix.pick(i * lanes) == 1).count();
            assert!(ones.abs_diff(1_000) <= 8, "{lanes} lanes: {ones}");
        }
    }

    #[test]
    fn nothing_to_take_is_no_mix() {
        assert_eq!(Mix::new([]), None);
        assert_eq!(Mix::new([(0, 0.0)]), None);
    }
}
