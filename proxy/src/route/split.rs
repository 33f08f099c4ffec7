//! Blue or green: a stable share of all keys.
//!
//! A key's place among 10,000 buckets depends on the rollout's name and the key alone, so every replica and every version
//! of this program answers alike. The buckets below green's weight are green: while that weight grows, no key turns back.
//! What is mirrored is chosen by chance and does not depend on the colour.

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::config::Colour;

/// Buckets of a split: one is a hundredth of a percent.
pub const BUCKETS: u16 = 10_000;

/// What the keys of a rollout are hashed with. Computed once per rollout.
pub fn rollout_id(name: &str) -> u64 {
    xxh3_64(name.as_bytes())
}

/// What the keys of a rollout's mirror would be hashed with; mirrors sample by chance, see [`crate::mirror`].
pub fn mirror_id(rollout: &str) -> u64 {
    xxh3_64_with_seed(rollout.as_bytes(), MIRROR_SEED)
}

/// The colour of `key` while green has `green_basis_points` hundredths of a percent.
pub fn colour(rollout_id: u64, key: &[u8], green_basis_points: u16) -> Colour {
    if bucket(rollout_id, key) < green_basis_points { Colour::Green } else { Colour::Blue }
}

/// The bucket of `key`, from 0 to [`BUCKETS`] - 1.
pub fn bucket(seed: u64, key: &[u8]) -> u16 {
    // Multiply and shift (Lemire, "Fast random integer generation in an interval", 2019): uniform to one part in 2^50.
    let hash = u128::from(xxh3_64_with_seed(key, seed));
    ((hash * u128::from(BUCKETS)) >> 64) as u16
}

/// "mirror" in ASCII.
const MIRROR_SEED: u64 = 0x6d69_7272_6f72;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEYS: u32 = 1_000_000;

    fn keys() -> impl Iterator<Item = Vec<u8>> {
        (0..KEYS).map(|n| format!("session-{n}").into_bytes())
    }

    #[test]
    fn answers_never_change_between_versions() {
        // The test vector of the xxHash specification.
        assert_eq!(rollout_id(""), 0x2d06_8005_38d3_94c2);
        let (id, mirror) = (rollout_id("gateway"), mirror_id("gateway"));
        let keys = [&b""[..], b"a", b"client-1", b"client-2", &[192, 0, 2, 1]];
        let found = (keys.map(|key| bucket(id, key)), keys.map(|key| bucket(mirror, key)));
        // Computed with the reference implementation (xxHash 0.8, through Python).
        assert_eq!(found, ([9301, 8525, 2992, 4150, 9937], [8104, 1440, 9019, 8197, 8691]));
    }

    #[test]
    fn shares_are_exact_and_no_key_turns_back() {
        let id = rollout_id("gateway");
        let (mut at_10, mut at_20) = (0_u32, 0_u32);
        for key in keys() {
            let (before, after) = (colour(id, &key, 1_000), colour(id, &key, 2_000));
            at_10 += u32::from(before == Colour::Green);
            at_20 += u32::from(after == Colour::Green);
            assert!(before == Colour::Blue || after == Colour::Green, "{key:?}");
        }
        assert!(at_10.abs_diff(KEYS / 10) < KEYS / 2_000, "{at_10}");
        assert!(at_20.abs_diff(KEYS / 5) < KEYS / 2_000, "{at_20}");
    }

    #[test]
    fn buckets_are_uniform() {
        let mut counts = vec![0_u32; usize::from(BUCKETS)];
        for key in keys() {
            counts[usize::from(bucket(rollout_id("gateway"), &key))] += 1;
        }
        let expected = f64::from(KEYS) / f64::from(BUCKETS);
        let squares: f64 = counts.iter().map(|&n| (f64::from(n) - expected).powi(2)).sum();
        let chi_square = squares / expected;
        // 9,999 degrees of freedom: mean 9,999, standard deviation 141; five of them to each side.
        assert!((9_292.0..10_706.0).contains(&chi_square), "{chi_square}");
    }

    #[test]
    fn mirrors_do_not_depend_on_the_colour() {
        let (id, mirror) = (rollout_id("gateway"), mirror_id("gateway"));
        let green = keys().filter(|key| colour(id, key, 1_000) == Colour::Green);
        let (mut all, mut mirrored) = (0_u32, 0_u32);
        for key in green {
            all += 1;
            mirrored += u32::from(bucket(mirror, &key) < 1_000);
        }
        assert!(mirrored.abs_diff(all / 10) < all / 100, "{mirrored} of {all}");
    }

    #[test]
    fn rollouts_split_independently() {
        let (left, right) = (rollout_id("a"), rollout_id("b"));
        let both = keys().filter(|key| {
            colour(left, key, 1_000) == Colour::Green && colour(right, key, 1_000) == Colour::Green
        });
        let both = both.count() as u32;
        assert!(both.abs_diff(KEYS / 100) < KEYS / 1_000, "{both}");
    }

    proptest! {
        #[test]
        fn the_ends_are_absolute(seed: u64, key: Vec<u8>) {
            prop_assert_eq!(colour(seed, &key, 0), Colour::Blue);
            prop_assert_eq!(colour(seed, &key, BUCKETS), Colour::Green);
            prop_assert!(bucket(seed, &key) < BUCKETS);
        }

        #[test]
        fn growing_green_never_turns_a_key_back(seed: u64, key: Vec<u8>, a in 0..=BUCKETS, b in 0..=BUCKETS) {
            let (less, more) = (a.min(b), a.max(b));
            if colour(seed, &key, less) == Colour::Green {
                prop_assert_eq!(colour(seed, &key, more), Colour::Green);
            }
        }
    }
}
