use proptest::prelude::*;

use super::*;

fn plan(profile: Profile) -> Plan {
    Plan { profile, burst: None, spacing: Spacing::Uniform }
}

fn all(plan: &Plan, lanes: u64) -> Vec<Arrival> {
    let lane = |index| plan.arrivals(Lane { index, of: lanes }, 42);
    let mut all: Vec<Arrival> = (0..lanes).flat_map(lane).collect();
    all.sort_by_key(|arrival| (arrival.at, arrival.index));
    all
}

const TEN: Duration = Duration::from_secs(10);

#[test]
fn a_steady_rate_is_evenly_spaced() {
    let arrivals = all(&plan(Profile::steady(100.0, TEN)), 3);
    assert_eq!(arrivals.len(), 1_000);
    for (k, arrival) in arrivals.iter().enumerate() {
        let expected = Duration::from_millis(10 * k as u64);
        assert!(arrival.at.abs_diff(expected) < Duration::from_micros(1), "{k}: {:?}", arrival.at);
    }
}

#[test]
fn a_ramp_makes_the_area_below_it() {
    let plan = plan(Profile::ramp(0.0, 1_000.0, TEN));
    assert_eq!(plan.count(), 5_000);
    let arrivals = all(&plan, 4);
    assert_eq!(arrivals.len(), 5_000);
    // After half of the time a quarter of the area.
    let half = arrivals.iter().filter(|a| a.at < TEN / 2).count();
    assert!(half.abs_diff(1_250) <= 1, "{half}");
}

#[test]
fn a_ramp_down_to_nothing_ends_in_time() {
    let arrivals = all(&plan(Profile::ramp(1_000.0, 0.0, TEN)), 1);
    assert_eq!(arrivals.len(), 5_000);
    assert!(arrivals.iter().all(|a| a.at <= TEN));
}

#[test]
fn steps_are_level_and_equally_long() {
    let arrivals = all(&plan(Profile::steps(100.0, 300.0, 3, Duration::from_secs(9))), 2);
    for (step, expected) in [(0, 300), (1, 600), (2, 900)] {
        let within = |a: &&Arrival| (a.at.as_secs_f64() / 3.0).floor() == f64::from(step);
        assert!(arrivals.iter().filter(within).count().abs_diff(expected) <= 1, "step {step}");
    }
}

#[test]
fn bursts_come_on_top_and_together() {
    let burst = Burst { requests: 50, every: Duration::from_secs(4) };
    let plan = Plan { burst: Some(burst), ..plan(Profile::steady(10.0, TEN)) };
    assert_eq!(plan.count(), 100 + 3 * 50);
    let arrivals = all(&plan, 4);
    assert_eq!(arrivals.len(), 250);
    for second in [0, 4, 8] {
        let together = arrivals.iter().filter(|a| a.at == Duration::from_secs(second)).count();
        assert!((50..=51).contains(&together), "{second} s: {together}");
    }
}

#[test]
fn a_phase_of_bursts_alone_has_no_other_arrivals() {
    let burst = Burst { requests: 5, every: Duration::from_secs(1) };
    let plan =
        Plan { burst: Some(burst), ..plan(Profile::steady(0.0, Duration::from_millis(2_500))) };
    assert_eq!(all(&plan, 2).len(), 15);
}

#[test]
fn chance_spaces_but_does_not_count() {
    let plan = Plan { spacing: Spacing::Poisson, ..plan(Profile::steady(1_000.0, TEN)) };
    let arrivals = all(&plan, 2);
    assert_eq!(arrivals.len(), 10_000);
    // Gaps of a Poisson process are exponential: as wide as long on average.
    let gaps: Vec<f64> =
        arrivals.windows(2).map(|w| (w[1].at - w[0].at).as_secs_f64() * 1_000.0).collect();
    let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
    let variance = gaps.iter().map(|g| (g - mean).powi(2)).sum::<f64>() / gaps.len() as f64;
    assert!((mean - 1.0).abs() < 0.01, "{mean}");
    assert!((variance - 1.0).abs() < 0.1, "{variance}");
}

proptest! {
    #[test]
    fn lanes_make_one_process(
        pieces in prop::collection::vec((0.0..500.0_f64, 0.0..500.0_f64, 1_u64..3_000), 1..5),
        lanes in 1_u64..6,
        burst in prop::option::of((1_u64..20, 100_u64..2_000)),
        poisson in any::<bool>(),
    ) {
        let profile = pieces.iter().fold(Profile::default(), |profile, (from, to, ms)| {
            profile.then(*from, *to, Duration::from_millis(*ms))
        });
        let burst = burst.map(|(requests, ms)| Burst { requests, every: Duration::from_millis(ms) });
        let spacing = if poisson { Spacing::Poisson } else { Spacing::Uniform };
        let plan = Plan { profile, burst, spacing };
        let arrivals = all(&plan, lanes);
        prop_assert_eq!(arrivals.len() as u64, plan.count());
        let mut indices: Vec<u64> = arrivals.iter().map(|a| a.index).collect();
        indices.sort_unstable();
        prop_assert!(indices.iter().enumerate().all(|(i, index)| i as u64 == *index));
        prop_assert!(arrivals.iter().all(|a| a.at <= plan.profile.length()));
        for index in 0..lanes {
            let lane: Vec<_> = plan.arrivals(Lane { index, of: lanes }, 42).collect();
            prop_assert!(lane.is_sorted_by_key(|a| a.at));
        }
    }
}
