//! Who is refused first when we are full; pure.
//!
//! Each class has a rank: 0 is shed first, the highest last. Places under a concurrency limit are not all there for everybody:
//! each rank has a tenth fewer than the one above it, so that the higher ones find room when the lower ones have filled
//! theirs. A resource that runs short sheds rank by rank, and never the highest: it is what we are here for.

/// Places that requests of this rank may fill, of `limit`. There is one at least.
pub fn room(limit: u32, rank: u8, top: u8) -> u32 {
    let below = u32::from(top.saturating_sub(rank));
    let step = STEP_PERCENT.min(RESERVED_PERCENT_MAX / u32::from(top.max(1)));
    let share = u64::from(100 - (below * step).min(RESERVED_PERCENT_MAX));
    // At most `limit`, as the share is at most a hundred.
    (u64::from(limit) * share).div_ceil(100) as u32
}

/// How many ranks a resource sheds, of which `used` percent are in use: the first at `watermark`, and a further one each
/// five points later, but for the highest. One that is shed comes back two points below where it went.
pub fn level(before: u8, used: f64, watermark: f64, top: u8) -> u8 {
    let starts_at = |level: u8| watermark + POINTS_BETWEEN * f64::from(level.saturating_sub(1));
    let reached = (1..=top).rev().find(|level| used >= starts_at(*level)).unwrap_or(0);
    let kept = (1..=before.min(top)).rev().find(|level| used >= starts_at(*level) - POINTS_BACK);
    reached.max(kept.unwrap_or(0))
}

/// What each may have at most of `limit`, so that whoever wants less has all of that and the others the same (max-min
/// fairness: Bertsekas and Gallager, Data Networks, 6.5.2). `None` where there is enough for all.
pub fn fair_share(limit: u32, demands: &mut [u32]) -> Option<u32> {
    let wanted: u64 = demands.iter().map(|demand| u64::from(*demand)).sum();
    if wanted <= u64::from(limit) {
        return None;
    }
    demands.sort_unstable();
    let (mut left, mut of) = (limit, demands.len() as u32);
    for demand in demands {
        let share = left / of.max(1);
        if *demand > share {
            return Some(share.max(1));
        }
        (left, of) = (left - *demand, of - 1);
    }
    None
}

/// Places that a rank has fewer than the next, where there are no more than six.
const STEP_PERCENT: u32 = 10;

/// Places that the lowest rank has fewer than the highest.
const RESERVED_PERCENT_MAX: u32 = 50;

/// Percent of a resource from one rank to the next.
const POINTS_BETWEEN: f64 = 5.0;

/// Percent of a resource that it has to fall for a rank to come back.
const POINTS_BACK: f64 = 2.0;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn higher_ranks_find_room_where_lower_ones_do_not() {
        assert_eq!([0, 1, 2].map(|rank| room(100, rank, 2)), [80, 90, 100]);
        assert_eq!([0, 1].map(|rank| room(2_048, rank, 1)), [1_844, 2_048]);
        assert_eq!([0, 1, 2].map(|rank| room(1, rank, 2)), [1, 1, 1]);
        assert_eq!(room(7, 0, 0), 7);
        // Of many, each has a smaller step.
        assert_eq!([0, 10].map(|rank| room(100, rank, 10)), [50, 100]);
    }

    #[test]
    fn ranks_go_one_by_one_and_come_back_later_than_they_went() {
        let mut now = 0;
        let levels = [84.0, 85.0, 84.0, 82.9, 85.0, 90.0, 99.0, 88.5, 87.0, 83.5, 60.0];
        let levels = levels.map(|used| {
            now = level(now, used, 85.0, 2);
            now
        });
        assert_eq!(levels, [0, 1, 1, 0, 1, 2, 2, 2, 1, 1, 0]);
        assert_eq!(level(0, 100.0, 1.0, 0), 0, "the only class is not shed");
    }

    #[test]
    fn who_wants_less_has_all_of_it() {
        assert_eq!(fair_share(10, &mut [4, 6]), None);
        assert_eq!(fair_share(10, &mut [20, 1]), Some(9));
        assert_eq!(fair_share(10, &mut [20, 20]), Some(5));
        assert_eq!(fair_share(10, &mut [2, 20, 7, 0]), Some(4));
        assert_eq!(fair_share(1, &mut [9, 9, 9]), Some(1));
        assert_eq!(fair_share(10, &mut []), None);
    }

    proptest! {
        #[test]
        fn shares_use_the_limit_up(limit in 1_u32..5_000, mut demands in prop::collection::vec(0_u32..1_000, 0..50)) {
            let wanted: u32 = demands.iter().sum();
            match fair_share(limit, &mut demands) {
                None => prop_assert!(wanted <= limit),
                Some(share) => {
                    let had: u32 = demands.iter().map(|demand| share.min(*demand)).sum();
                    let wanting = demands.iter().filter(|demand| **demand > share).count() as u32;
                    // What is left over cannot be shared out among those who want more.
                    prop_assert!(share == 1 || (had <= limit && limit - had < wanting.max(1)));
                }
            }
        }

        #[test]
        fn room_grows_with_rank_and_limit(limit in 1_u32..10_000_000, top in 0_u8..40, rank in 0_u8..40) {
            let rank = rank.min(top);
            let here = room(limit, rank, top);
            prop_assert!((1..=limit).contains(&here));
            prop_assert!(here <= room(limit, rank + 1, top) && here <= room(limit + 1, rank, top));
        }
    }
}
