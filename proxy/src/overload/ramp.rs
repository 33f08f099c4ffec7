//! When those who were refused may come back: spread over the time that it takes to serve them; pure.
//!
//! If all of them were told the same second, they would come back as the wave that they were refused in. How many are out and
//! have not come back is reckoned from how many were refused and how long they were told to wait; half of what is served per
//! second is left to them, for others come as well.

/// What is known of coming and going.
#[derive(Debug, Clone)]
pub struct Ramp {
    /// Served per second, of late.
    served: f64,
    /// Refused, and not due back yet.
    out: f64,
    spread: f64,
}

impl Default for Ramp {
    fn default() -> Self {
        Self { served: SERVED_UNKNOWN, out: 0.0, spread: 0.0 }
    }
}

impl Ramp {
    /// Takes in what happened in so many seconds. Over how many seconds those who are refused from now on are to be spread, and
    /// how much longer that is for each of them.
    pub fn step(&mut self, served: u64, refused: u64, seconds: f64) -> (f64, f64) {
        let seconds = seconds.max(1e-3);
        let weight = 1.0 - (-seconds / MEMORY_SECONDS).exp();
        self.served += (served as f64 / seconds - self.served) * weight;
        // Those who are out come back over the spread, on average in its middle.
        let wait = (WAIT_SECONDS_MIN + self.spread / 2.0).max(seconds);
        self.out = self.out * (1.0 - seconds / wait) + refused as f64;
        let pace = (self.served * SHARE).max(SERVED_MIN);
        self.spread = (self.out / pace).min(SPREAD_SECONDS_MAX);
        (self.spread, 1.0 / pace)
    }
}

/// When one who is refused may come back, in milliseconds: by chance within the spread, at least a second from now.
pub fn wait_ms(spread_ms: u64, chance: u64) -> u64 {
    let spread_ms = spread_ms.min(SPREAD_SECONDS_MAX as u64 * 1_000);
    // The high half of the product is evenly spread, and below the spread.
    1_000 + ((u128::from(chance) * u128::from(spread_ms)) >> 64) as u64
}

/// Over how long what is served is averaged.
const MEMORY_SECONDS: f64 = 2.0;

/// The part of what is served that is left to those who come back.
const SHARE: f64 = 0.5;

/// How much longer the spread is for each one who is refused before anybody has looked, in microseconds.
pub const EACH_UNKNOWN_US: u32 = (1e6 / (SERVED_UNKNOWN * SHARE)) as u32;

/// Served per second, where nobody has looked yet.
const SERVED_UNKNOWN: f64 = 100.0;

/// Served per second, where next to nothing is.
const SERVED_MIN: f64 = 0.1;

/// The shortest wait.
const WAIT_SECONDS_MIN: f64 = 1.0;

/// The longest: whoever is told more does not come back.
const SPREAD_SECONDS_MAX: f64 = 59.0;

#[cfg(test)]
mod tests {
    use super::*;

    /// A wave of clients, each of whom comes back when it was told to, until it is served.
    fn wave(clients: usize, capacity: usize) -> (Vec<usize>, usize) {
        let mut ramp = Ramp::default();
        let mut due = vec![0_u64; clients];
        let (mut per_second, mut chance) = (Vec::new(), 1_u64);
        let (mut spread, mut each) = (0.0, f64::from(EACH_UNKNOWN_US) / 1e6);
        for tick in 0..1_200 {
            let (now, mut served, mut refused) = (tick * 100, 0, 0);
            // Others take half of it.
            let room = capacity / 20;
            let mut asked = 0;
            due.retain_mut(|at| {
                if *at > now {
                    return true;
                }
                asked += 1;
                if served < room {
                    served += 1;
                    return false;
                }
                refused += 1;
                chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let spread_ms = (spread + refused as f64 * each) * 1e3;
                // Whole seconds, and no two clients are equally far away.
                *at =
                    now + wait_ms(spread_ms as u64, chance).div_ceil(1_000) * 1_000 + chance % 999;
                true
            });
            (spread, each) = ramp.step((served + capacity / 20) as u64, refused, 0.1);
            if tick % 10 == 0 {
                per_second.push(0);
            }
            *per_second.last_mut().unwrap() += asked;
        }
        (per_second, due.len())
    }

    #[test]
    fn a_wave_comes_back_as_a_ramp() {
        let (asked, left) = wave(20_000, 1_000);
        // Nothing is known yet when the wave comes; from then on half of what is served is for those who come back.
        let later = asked.iter().skip(1).max().unwrap();
        assert!(*later < 1_500, "{asked:?}");
        assert_eq!(left, 0, "{asked:?}");
    }

    #[test]
    fn who_is_alone_comes_back_at_once() {
        let mut ramp = Ramp::default();
        for _ in 0..50 {
            ramp.step(100, 0, 0.1);
        }
        assert!(ramp.step(100, 5, 0.1).0 < 0.1);
        assert_eq!(wait_ms(0, u64::MAX), 1_000);
    }

    #[test]
    fn where_nothing_is_served_the_spread_is_the_longest() {
        let mut ramp = Ramp::default();
        for _ in 0..200 {
            ramp.step(0, 10, 0.1);
        }
        assert_eq!(ramp.step(0, 10, 0.1).0, SPREAD_SECONDS_MAX);
        assert!((59_000..=60_000).contains(&wait_ms(u64::MAX, u64::MAX)));
    }
}
