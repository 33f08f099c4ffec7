//! Random numbers that repeat: a seed gives the same run. Not for anything that must be hard to guess.

/// SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014).
#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    /// A stream of numbers; different lanes of one seed have nothing in common.
    pub fn new(seed: u64, lane: u64) -> Self {
        let mut chance = Self(seed ^ lane.wrapping_mul(0xD134_2543_DE82_EF95));
        chance.next();
        chance
    }

    /// The next number.
    #[allow(clippy::should_implement_trait, reason = "an endless stream has no None to return")]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number above 0 and at most 1.
    pub fn unit(&mut self) -> f64 {
        const SCALE: f64 = 1.0 / (1_u64 << 53) as f64;
        ((self.next() >> 11) + 1) as f64 * SCALE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_and_lanes_differ() {
        let draw = |seed, lane| {
            let mut chance = Chance::new(seed, lane);
            [chance.next(), chance.next(), chance.next()]
        };
        assert_eq!(draw(1, 0), draw(1, 0));
        assert_ne!(draw(1, 0), draw(1, 1));
        assert_ne!(draw(1, 0), draw(2, 0));
    }

    #[test]
    fn units_fill_their_range_evenly() {
        let mut chance = Chance::new(7, 3);
        let draws: Vec<f64> = (0..10_000).map(|_| chance.unit()).collect();
        assert!(draws.iter().all(|u| *u > 0.0 && *u <= 1.0));
        let mean = draws.iter().sum::<f64>() / 10_000.0;
        assert!((mean - 0.5).abs() < 0.02, "{mean}");
    }
}
