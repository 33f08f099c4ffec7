//! Choosing one of several endpoints. Pure: turn, load, chance and fitness are arguments.

use std::time::Duration;

/// How fit an endpoint is for this try, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fitness {
    /// In rotation and not tried yet.
    Fresh,
    /// The same, but it has only begun to serve, and this try is one too many.
    Starting,
    /// In rotation, but this request has failed there.
    Tried,
    /// Unhealthy or ejected.
    Doubtful,
    /// Unhealthy or ejected, and tried.
    Hopeless,
}

/// The next of `count` in turn among the fittest. Where none is in rotation, all are candidates: a cluster never refuses by
/// itself, and a wrong probe must not take it down.
pub fn in_turn(count: usize, turn: usize, fitness: impl Fn(usize) -> Fitness) -> Option<usize> {
    best((0..count).map(|step| (turn.wrapping_add(step)) % count), fitness)
}

/// The first along a walk of preference, as a Maglev table or a turn gives it.
pub fn best(
    walk: impl Iterator<Item = usize>,
    fitness: impl Fn(usize) -> Fitness,
) -> Option<usize> {
    let mut found: Option<(Fitness, usize)> = None;
    for index in walk {
        let fit = fitness(index);
        if fit == Fitness::Fresh {
            return Some(index);
        }
        if found.is_none_or(|(other, _)| fit < other) {
            found = Some((fit, index));
        }
    }
    found.map(|(_, index)| index)
}

/// The less busy of two taken by chance among the fittest (Mitzenmacher 2001).
pub fn less_busy(
    count: usize,
    chance: u64,
    fitness: impl Fn(usize) -> Fitness,
    busy: impl Fn(usize) -> u32,
) -> Option<usize> {
    let top = (0..count).map(&fitness).min()?;
    let size = (0..count).filter(|index| fitness(*index) == top).count();
    let member = |n: usize| (0..count).filter(|index| fitness(*index) == top).nth(n);
    // Fitness is read several times and may change between: the walk in turn is the answer then.
    let fallback = || in_turn(count, chance as usize, &fitness);
    if size < 2 {
        return member(0).or_else(fallback);
    }
    let first = (chance >> 32) as usize % size;
    let second = (first + 1 + (chance as u32) as usize % (size - 1)) % size;
    match (member(first), member(second)) {
        (Some(first), Some(second)) => {
            Some(if busy(second) < busy(first) { second } else { first })
        }
        _ => fallback(),
    }
}

/// The share of its requests that an endpoint is sent which began to serve so long ago: a tenth at once, all when `window` has
/// passed, and linear between (Envoy's slow start with an aggression of 1).
pub fn ramp(age: Duration, window: Duration) -> f64 {
    let passed = age.as_secs_f64() / window.as_secs_f64().max(f64::MIN_POSITIVE);
    passed.clamp(RAMP_MIN, 1.0)
}

/// Whether an endpoint with this share takes this try. `draw` decides, and the larger the share, the more draws take it.
pub fn takes(share: f64, draw: u64) -> bool {
    // 53 bits are what a double holds.
    ((draw >> 11) as f64 / (1u64 << 53) as f64) < share
}

/// A well spread 64-bit number for each counter value (splitmix64, Steele et al. 2014).
pub fn mix(counter: u64) -> u64 {
    let mut z = counter.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The least share of an endpoint in rotation: without any, it would never warm up.
const RAMP_MIN: f64 = 0.1;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn turns_are_even() {
        let mut hits = [0; 3];
        for turn in 0..300 {
            hits[in_turn(3, turn, |_| Fitness::Fresh).unwrap()] += 1;
        }
        assert_eq!(hits, [100; 3]);
    }

    #[test]
    fn the_unfit_are_skipped_while_others_are_left() {
        for turn in 0..10 {
            let fitness = |index| if index == 1 { Fitness::Fresh } else { Fitness::Doubtful };
            assert_eq!(in_turn(3, turn, fitness), Some(1));
            let fitness = |index| if index == 2 { Fitness::Tried } else { Fitness::Hopeless };
            assert_eq!(in_turn(3, turn, fitness), Some(2));
        }
    }

    #[test]
    fn a_cluster_without_fit_endpoints_still_answers() {
        assert_eq!(in_turn(3, 4, |_| Fitness::Doubtful), Some(1));
        assert_eq!(
            less_busy(3, 7, |_| Fitness::Doubtful, |_| 0).map(|index| index < 3),
            Some(true)
        );
        assert_eq!(in_turn(0, 4, |_| Fitness::Fresh), None);
        assert_eq!(less_busy(0, 7, |_| Fitness::Fresh, |_| 0), None);
    }

    #[test]
    fn the_busiest_is_never_chosen_over_another() {
        for counter in 0..1_000 {
            let chosen = less_busy(4, mix(counter), |_| Fitness::Fresh, |i| [9, 1, 2, 3][i]);
            assert_ne!(chosen, Some(0));
        }
    }

    #[test]
    fn equally_busy_endpoints_share_evenly() {
        let mut hits = [0u32; 4];
        for counter in 0..40_000 {
            hits[less_busy(4, mix(counter), |_| Fitness::Fresh, |_| 0).unwrap()] += 1;
        }
        assert!(hits.iter().all(|n| (9_500..10_500).contains(n)), "{hits:?}");
    }

    #[test]
    fn a_share_grows_from_a_tenth_to_all() {
        let window = Duration::from_secs(10);
        for (seconds, share) in [(0, 0.1), (1, 0.1), (5, 0.5), (10, 1.0), (99, 1.0)] {
            assert_eq!(ramp(Duration::from_secs(seconds), window), share);
            let taken = (0..10_000).filter(|n| takes(share, mix(*n))).count() as f64 / 10_000.0;
            assert!((taken - share).abs() < 0.02, "{taken} of {share}");
        }
        assert_eq!(ramp(window, Duration::ZERO), 1.0);
    }

    fn fit() -> impl Strategy<Value = Fitness> {
        prop_oneof![
            Just(Fitness::Fresh),
            Just(Fitness::Starting),
            Just(Fitness::Tried),
            Just(Fitness::Doubtful),
            Just(Fitness::Hopeless)
        ]
    }

    proptest! {
        #[test]
        fn the_fittest_is_chosen(fits in prop::collection::vec(fit(), 1..20), turn: usize, chance: u64) {
            let top = fits.iter().min().copied();
            let chosen = in_turn(fits.len(), turn, |index| fits[index]).map(|index| fits[index]);
            prop_assert_eq!(chosen, top);
            let chosen = less_busy(fits.len(), chance, |index| fits[index], |i| i as u32);
            prop_assert_eq!(chosen.map(|index| fits[index]), top);
        }
    }
}
