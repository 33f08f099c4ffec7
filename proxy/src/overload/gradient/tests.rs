//! The limit against a queue: an upstream with so many hands and a time for each request, clients that ask more than it can do.

use std::collections::VecDeque;

use proptest::prelude::*;

use super::*;

const BOUNDS: Bounds = Bounds { min: 8, max: 1_000 };

/// Time goes by in steps of a millisecond.
struct Upstream {
    hands: usize,
    service_ms: f64,
    /// Ends and arrivals of what is worked on.
    working: Vec<(f64, f64)>,
    /// Arrivals of what waits there.
    waiting: VecDeque<f64>,
    now: f64,
    chance: u64,
}

/// What a span of time came to.
#[derive(Debug)]
struct Seen {
    limit: u32,
    limit_min: u32,
    limit_max: u32,
    answered: u64,
    /// The fewest answers of a second.
    slowest_second: u64,
    mean_ms: f64,
}

impl Upstream {
    fn new(hands: usize, service_ms: f64) -> Self {
        let (working, waiting) = (Vec::new(), VecDeque::new());
        Self { hands, service_ms, working, waiting, now: 0.0, chance: 7 }
    }

    fn chance(&mut self) -> f64 {
        self.chance = self.chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.chance >> 33) as f64 / (1_u64 << 31) as f64
    }

    fn in_flight(&self) -> u32 {
        (self.working.len() + self.waiting.len()) as u32
    }

    /// Offers so many requests per millisecond for so many seconds.
    fn offer(&mut self, gradient: &mut Gradient, limit: &mut u32, rate: f64, seconds: u32) -> Seen {
        let (mut window, mut times) = (Window::default(), Vec::new());
        let mut seen = Seen {
            limit: *limit,
            limit_min: u32::MAX,
            limit_max: 0,
            answered: 0,
            slowest_second: u64::MAX,
            mean_ms: 0.0,
        };
        let mut second = 0;
        for tick in 1..=seconds * 1_000 {
            self.now += 1.0;
            for _ in 0..(rate.floor() as u32 + u32::from(self.chance() < rate.fract())) {
                if self.in_flight() < *limit {
                    self.waiting.push_back(self.now);
                } else {
                    window.binding = true;
                }
            }
            let now = self.now;
            let done: Vec<_> = self.working.extract_if(.., |(end, _)| *end <= now).collect();
            for (end, came) in done {
                window.answers += 1;
                window.log2_us += ((end - came) * 1_000.0).log2();
                times.push(end - came);
                second += 1;
            }
            while self.working.len() < self.hands && !self.waiting.is_empty() {
                let took = self.service_ms * (0.5 + self.chance());
                let came = self.waiting.pop_front().unwrap();
                self.working.push((self.now + took, came));
            }
            if tick % 100 == 0 {
                window.in_flight = self.in_flight();
                window.seconds += 0.1;
                *limit = gradient.step(&window, BOUNDS);
                if window.is_telling() {
                    window = Window::default();
                }
                seen.limit_min = seen.limit_min.min(*limit);
                seen.limit_max = seen.limit_max.max(*limit);
            }
            if tick % 1_000 == 0 {
                seen.answered += second;
                seen.slowest_second = seen.slowest_second.min(second);
                second = 0;
            }
        }
        seen.limit = *limit;
        seen.mean_ms = times.iter().sum::<f64>() / times.len() as f64;
        seen
    }
}

fn start() -> (Gradient, u32) {
    (Gradient::default(), BOUNDS.max)
}

#[test]
fn a_light_load_is_never_limited() {
    let mut upstream = Upstream::new(50, 20.0);
    let (mut gradient, mut limit) = start();
    // 2,500 per second is what it can do.
    let seen = upstream.offer(&mut gradient, &mut limit, 1.0, 60);
    assert_eq!(seen.limit_min, BOUNDS.max);
}

#[test]
fn capacity_that_halves_and_comes_back_is_followed_without_dips() {
    let mut upstream = Upstream::new(100, 20.0);
    let (mut gradient, mut limit) = start();
    upstream.offer(&mut gradient, &mut limit, 2.0, 10);
    // 5,000 per second is what it can do, 7,500 come.
    upstream.offer(&mut gradient, &mut limit, 7.5, 10);
    let full = upstream.offer(&mut gradient, &mut limit, 7.5, 120);
    assert!(full.slowest_second >= 4_800, "{full:?}");
    assert!((100..=230).contains(&full.limit_min) && full.limit_max <= 260, "{full:?}");
    upstream.hands = 50;
    upstream.offer(&mut gradient, &mut limit, 7.5, 5);
    let half = upstream.offer(&mut gradient, &mut limit, 7.5, 120);
    assert!(half.slowest_second >= 2_400, "{half:?}");
    assert!((50..=130).contains(&half.limit_min) && half.limit_max <= 140, "{half:?}");
    upstream.hands = 100;
    upstream.offer(&mut gradient, &mut limit, 7.5, 5);
    let back = upstream.offer(&mut gradient, &mut limit, 7.5, 60);
    assert!(back.slowest_second >= 4_800, "{back:?}");
    assert!(back.limit_max <= 260, "{back:?}");
}

#[test]
fn a_long_overload_does_not_become_the_normal_state() {
    let mut upstream = Upstream::new(50, 20.0);
    let (mut gradient, mut limit) = start();
    upstream.offer(&mut gradient, &mut limit, 1.0, 10);
    upstream.offer(&mut gradient, &mut limit, 5.0, 10);
    let hour = upstream.offer(&mut gradient, &mut limit, 5.0, 1_800);
    assert!(hour.limit_max <= 140 && hour.mean_ms < 60.0, "{hour:?}");
}

#[test]
fn an_upstream_that_has_become_slower_is_not_starved() {
    let mut upstream = Upstream::new(100, 20.0);
    let (mut gradient, mut limit) = start();
    upstream.offer(&mut gradient, &mut limit, 2.0, 10);
    // Each request takes three times as long now, and what comes is still more than it can do.
    upstream.service_ms = 60.0;
    upstream.offer(&mut gradient, &mut limit, 3.0, 20);
    let slow = upstream.offer(&mut gradient, &mut limit, 3.0, 60);
    assert!(slow.slowest_second >= 1_550, "{slow:?}");
    // And under a load that it can do, nobody is refused for long.
    let mut upstream = Upstream::new(100, 20.0);
    let (mut gradient, mut limit) = start();
    upstream.offer(&mut gradient, &mut limit, 1.0, 10);
    upstream.service_ms = 60.0;
    upstream.offer(&mut gradient, &mut limit, 1.0, 20);
    let slow = upstream.offer(&mut gradient, &mut limit, 1.0, 60);
    assert!(slow.slowest_second >= 900, "{slow:?}");
}

#[test]
fn one_long_poll_among_many_changes_nothing() {
    let mut gradient = Gradient::default();
    let quick = Window {
        answers: 1_000,
        log2_us: 1_000.0 * 13.0,
        seconds: 0.1,
        in_flight: 600,
        binding: false,
    };
    gradient.step(&quick, BOUNDS);
    // Thirty seconds.
    let log2_us = 1_000.0 * 13.0 + 30e6_f64.log2();
    let with_poll = Window { answers: 1_001, log2_us, ..quick };
    assert_eq!(gradient.step(&with_poll, BOUNDS), BOUNDS.max);
}

proptest! {
    #[test]
    fn the_limit_keeps_its_bounds(windows in prop::collection::vec((0_u64..2_000, 0.0_f64..40.0, 0_u32..u32::MAX, any::<bool>()), 0..200), min in 1_u32..50, more in 0_u32..5_000) {
        let bounds = Bounds { min, max: min + more };
        let mut gradient = Gradient::default();
        for (answers, log2, in_flight, binding) in windows {
            let window = Window { answers, log2_us: log2 * answers as f64, seconds: 0.1, in_flight, binding };
            let limit = gradient.step(&window, bounds);
            prop_assert!((bounds.min..=bounds.max).contains(&limit));
        }
    }
}
