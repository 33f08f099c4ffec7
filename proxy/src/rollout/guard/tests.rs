//! Simulated rollouts: seeded, so that a figure is the same today and tomorrow.

use super::*;

/// SplitMix64.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Log-normal about 20 ms, by Box and Muller.
    fn latency(&mut self, spread: f64) -> Duration {
        let (a, b) = (self.next().max(1e-12), self.next());
        let normal = (-2.0 * a.ln()).sqrt() * (std::f64::consts::TAU * b).cos();
        Duration::from_secs_f64(0.02 * (spread * normal).exp())
    }
}

/// How a colour answers.
#[derive(Clone, Copy)]
struct Side {
    wrong: f64,
    slow: f64,
}

/// Traffic of a rollout.
struct Traffic {
    chance: Chance,
    rate: u32,
    share: f64,
    spread: f64,
    sides: [Side; 2],
    counts: [Counts; 2],
    guard: Guard,
    tick: u64,
    step: u64,
}

const POLICY: Policy = Policy { error_rise: 0.01, p95_ratio: 1.3, min_requests: 50 };
const WELL: Side = Side { wrong: 0.0, slow: 1.0 };
const TICKS: u64 = 10;

impl Traffic {
    fn new(seed: u64, rate: u32, share: f64) -> Self {
        Self {
            chance: Chance(seed),
            rate,
            share,
            spread: 0.5,
            sides: [WELL; 2],
            counts: Default::default(),
            guard: Guard::default(),
            tick: 0,
            step: 0,
        }
    }

    /// A tenth of a second of traffic, in which all that is common to both is so much worse.
    fn tick(&mut self, common: Side) -> Opinion {
        for _ in 0..self.rate / TICKS as u32 {
            let colour = usize::from(self.chance.next() < self.share);
            let side = self.sides[colour];
            if self.chance.next() < side.wrong + common.wrong {
                self.counts[colour].failed += 1;
            } else {
                let latency = self.chance.latency(self.spread).mul_f64(side.slow * common.slow);
                self.counts[colour].answered[outcomes::bucket(latency)] += 1;
            }
        }
        self.tick += 1;
        self.ask()
    }

    fn ask(&mut self) -> Opinion {
        let now = Duration::from_millis(self.tick * 1_000 / TICKS);
        let asked = Asked { policy: &POLICY, candidate: Colour::Green, step: self.step, now };
        let reading = Reading { route: "web".into(), counts: self.counts.clone() };
        self.guard.ask(&asked, &[reading])
    }

    fn seconds(&mut self, seconds: u64) {
        for _ in 0..seconds * TICKS {
            let opinion = self.tick(WELL);
            assert!(!matches!(opinion, Opinion::Stop(_)), "{opinion:?}");
        }
    }

    /// Requests of green, and seconds, until it is stopped.
    fn until_stopped(&mut self, seconds: u64) -> Option<(u64, f64)> {
        let (before, begun) = (self.counts[1].requests(), self.tick);
        (0..seconds * TICKS).find_map(|_| {
            matches!(self.tick(WELL), Opinion::Stop(_)).then(|| {
                (self.counts[1].requests() - before, (self.tick - begun) as f64 / TICKS as f64)
            })
        })
    }
}

/// Middle and worst of eleven runs.
fn caught(what: &str, seconds: u64, traffic: impl Fn(u64) -> Traffic) -> (u64, u64) {
    let run = |seed| {
        traffic(seed)
            .until_stopped(seconds)
            .unwrap_or_else(|| panic!("{what}: {seed} is not caught"))
    };
    let mut runs: Vec<_> = (0..11).map(run).collect();
    runs.sort_by_key(|run| run.0);
    let (middle, worst) = (runs[5], runs[10]);
    println!(
        "{what}: {} requests of green ({:.1} s), at worst {} ({:.1} s)",
        middle.0, middle.1, worst.0, worst.1
    );
    (middle.0, worst.0)
}

fn rollout(sides: Side, share: f64, rate: u32) -> impl Fn(u64) -> Traffic {
    move |seed| {
        let mut traffic = Traffic::new(seed, rate, share);
        traffic.seconds(20);
        traffic.sides[1] = sides;
        traffic
    }
}

#[test]
fn a_dead_candidate_is_caught_in_a_handful_of_requests_at_every_share() {
    let dead = Side { wrong: 1.0, slow: 1.0 };
    for share in [0.05, 0.25, 0.5, 0.95, 1.0] {
        let (_, worst) = caught(&format!("dead at {share}"), 60, rollout(dead, share, 200));
        assert!(worst <= 45, "{worst} at {share}: two ticks of 20 at most");
    }
}

#[test]
fn a_wrong_candidate_is_caught() {
    for (wrong, most) in [(0.01, 12_000), (0.05, 800), (0.2, 150)] {
        let side = Side { wrong, slow: 1.0 };
        let (middle, _) = caught(&format!("{wrong} wrong"), 600, rollout(side, 0.25, 400));
        assert!(middle <= most, "{wrong}: {middle}");
    }
}

#[test]
fn a_slow_candidate_is_caught() {
    for (slow, most) in [(1.5, 6_000), (2.0, 1_200), (4.0, 800)] {
        let side = Side { wrong: 0.0, slow };
        let (middle, _) = caught(&format!("{slow} times slow"), 600, rollout(side, 0.25, 400));
        assert!(middle <= most, "{slow}: {middle}");
    }
}

/// Noise that both colours share, long tails, and shares of failures up to 2 %, through all steps of a rollout.
#[test]
fn two_hundred_healthy_rollouts_give_no_false_alarm() {
    let mut alarms = Vec::new();
    for seed in 0..200u64 {
        let mut traffic = Traffic::new(seed << 32, 100 + 40 * (seed % 5) as u32, 0.0);
        traffic.spread = [0.3, 0.5, 1.0, 1.5][seed as usize % 4];
        traffic.sides = [Side { wrong: (seed % 9) as f64 * 0.0025, slow: 1.0 }; 2];
        for share in [0.0, 0.05, 0.25, 0.5, 1.0] {
            (traffic.share, traffic.step) = (share, traffic.step + 1);
            for tick in 0..10 * TICKS {
                // The burst of a common cause: where all traffic is the candidate's, nobody could tell.
                let burst = share < 1.0 && (30..50).contains(&tick) && seed % 2 == 0;
                let slow = if (60..80).contains(&tick) && share < 1.0 { 3.0 } else { 1.0 };
                let common = Side { wrong: if burst { 0.3 } else { 0.0 }, slow };
                if let Opinion::Stop(why) = traffic.tick(common) {
                    alarms.push(format!("{seed} at {share}, tick {tick}: {why}"));
                    break;
                }
            }
        }
    }
    assert!(alarms.is_empty(), "{alarms:#?}");
}

#[test]
fn a_common_outage_stops_nothing() {
    let mut traffic = Traffic::new(7, 200, 0.5);
    traffic.seconds(20);
    for _ in 0..10 * TICKS {
        let opinion = traffic.tick(Side { wrong: 1.0, slow: 1.0 });
        assert!(!matches!(opinion, Opinion::Stop(_)), "{opinion:?}");
    }
}

#[test]
fn no_data_holds_and_each_step_needs_its_own() {
    let mut traffic = Traffic::new(1, 200, 0.0);
    traffic.seconds(5);
    assert_eq!(traffic.ask(), Opinion::Hold("green has had 0 of 50 requests".to_owned()));
    traffic.share = 0.5;
    traffic.seconds(1);
    assert_eq!(traffic.ask(), Opinion::Go);
    traffic.step += 1;
    assert_eq!(traffic.ask(), Opinion::Hold("green has had 0 of 50 requests".to_owned()));
}

#[test]
fn a_verdict_stays_until_the_next_run() {
    let mut traffic = Traffic::new(1, 200, 0.5);
    traffic.sides[1].wrong = 1.0;
    traffic.until_stopped(10).unwrap();
    traffic.sides[1].wrong = 0.0;
    for _ in 0..20 * TICKS {
        assert!(matches!(traffic.tick(WELL), Opinion::Stop(_)));
    }
    let Opinion::Stop(why) = traffic.ask() else { panic!("no verdict") };
    assert!(why.starts_with("green has failed "), "{why}");
    traffic.guard.reset();
    traffic.seconds(2);
    assert_eq!(traffic.ask(), Opinion::Go);
}

#[test]
fn blue_may_be_the_candidate() {
    let mut traffic = Traffic::new(1, 200, 0.5);
    traffic.sides[0].wrong = 1.0;
    let mut opinion = Opinion::Go;
    for _ in 0..10 * TICKS {
        traffic.tick(WELL);
    }
    traffic.guard.reset();
    for _ in 0..2 * TICKS {
        traffic.tick += 1;
        traffic.counts[0].failed += 5;
        traffic.counts[1].answered[outcomes::bucket(Duration::from_millis(9))] += 5;
        let now = Duration::from_millis(traffic.tick * 100);
        let asked = Asked { policy: &POLICY, candidate: Colour::Blue, step: 1, now };
        let reading = Reading { route: "web".into(), counts: traffic.counts.clone() };
        opinion = traffic.guard.ask(&asked, &[reading]);
    }
    assert!(
        matches!(&opinion, Opinion::Stop(why) if why.starts_with("blue has failed")),
        "{opinion:?}"
    );
}

#[test]
fn a_bad_route_is_found_among_good_ones() {
    let mut guard = Guard::default();
    let mut counts: [[Counts; 2]; 2] = Default::default();
    let mut last = Opinion::Go;
    for tick in 0..200u64 {
        let [web, pay] = &mut counts;
        for side in &mut *web {
            side.answered[outcomes::bucket(Duration::from_millis(20))] += 50;
        }
        pay[0].answered[outcomes::bucket(Duration::from_millis(20))] += 1;
        pay[1].failed += u32::from(tick > 100);
        let readings = [("web", web), ("pay", pay)]
            .map(|(route, counts)| Reading { route: route.into(), counts: counts.clone() });
        let asked = Asked {
            policy: &POLICY,
            candidate: Colour::Green,
            step: 1,
            now: Duration::from_millis(tick * 100),
        };
        last = guard.ask(&asked, &readings);
    }
    assert!(matches!(&last, Opinion::Stop(why) if why.contains("of route pay")), "{last:?}");
}
