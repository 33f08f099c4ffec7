//! Evidence that one share is larger than another, gathered block by block and looked at after each. Pure.
//!
//! The evidence of a block is an e-value: a likelihood ratio that is one at most, in expectation, whenever the null
//! hypothesis holds. For "the candidate's share exceeds the other's by no more than so much" it is the one of Turner and
//! Grunwald (Exact anytime-valid confidence intervals for contingency tables, 2023): the alternative over its closest point
//! in the null, which is convex. What both sides suffer at once is in the null and so is never evidence.
//!
//! Blocks multiply, and what speaks for the null is forgotten (a CUSUM of e-values: Shin, Ramdas and Rinaldo, E-detectors,
//! 2023), so that a candidate that was good for long is caught as quickly as one that was bad from the start. By Doob's
//! inequality, the chance that evidence ever reaches `C` in `T` blocks without cause is at most `T / C`.

/// Cases among trials: requests, and those of them that failed or were slow.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Sample {
    pub(super) trials: f64,
    pub(super) cases: f64,
}

/// Evidence for one of several alternatives, as natural logarithms.
#[derive(Debug, Clone)]
pub(super) struct Evidence<const N: usize>([f64; N]);

impl Sample {
    pub(super) fn add(&mut self, other: Self) {
        self.trials += other.trials;
        self.cases += other.cases;
    }

    /// Forgets so that this share of it is left.
    pub(super) fn fade(&mut self, left: f64) {
        self.trials *= left;
        self.cases *= left;
    }

    /// The share, as good as it can be told: where there are few trials, it leans to `prior` as if that had been seen in
    /// `weight` trials.
    pub(super) fn share(&self, prior: f64, weight: f64) -> f64 {
        (self.cases + prior * weight) / (self.trials + weight)
    }

    /// Log likelihood ratio of the share being `p` and not `q`.
    fn log_ratio(&self, p: f64, q: f64) -> f64 {
        let others = self.trials - self.cases;
        self.cases * (p / q).ln() + others * ((1.0 - p) / (1.0 - q)).ln()
    }
}

impl<const N: usize> Evidence<N> {
    pub(super) fn none() -> Self {
        Self([0.0; N])
    }

    /// Takes note of the evidence of a block for each alternative. `most` bounds what one block may say.
    fn note(&mut self, at: usize, block: f64, most: f64) {
        if let Some(sum) = self.0.get_mut(at)
            && block.is_finite()
        {
            *sum = (*sum + block.min(most)).max(0.0);
        }
    }

    /// The strongest evidence, less what it costs to have looked for several alternatives.
    pub(super) fn log(&self) -> f64 {
        self.0.iter().copied().fold(0.0, f64::max) - (N as f64).ln()
    }

    /// Adds a block of both sides. The null hypothesis is that the candidate's share exceeds the other's by `allowed` at most;
    /// `other_share` is what is known of the other's share from before the block, `rises` are the alternatives.
    pub(super) fn add_pair(&mut self, block: &Pair, known: &Known, rises: &[f64; N]) {
        let other_share = known.other_share.clamp(SHARE_MIN, 0.9);
        for (at, rise) in rises.iter().enumerate() {
            let share = (other_share + rise).min(1.0 - SHARE_MIN);
            if share <= other_share + known.allowed {
                continue;
            }
            let null = closest(block, (other_share, share), known.allowed);
            let evidence = block.other.log_ratio(other_share, null)
                + block.candidate.log_ratio(share, null + known.allowed);
            self.note(at, evidence, known.most);
        }
    }
}

/// A block of both sides.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Pair {
    pub(super) candidate: Sample,
    pub(super) other: Sample,
}

/// What is known before a block.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    /// Share of the other side.
    pub(super) other_share: f64,
    /// How much more the candidate's may be.
    pub(super) allowed: f64,
    /// The most that the block may say.
    pub(super) most: f64,
}

/// The other side's share at the point of the null hypothesis that is closest to the alternative. There, the candidate's is
/// larger by `allowed` exactly. The distance is convex along that line, and its slope is zero between the two ends tried here.
fn closest(block: &Pair, (other, candidate): (f64, f64), allowed: f64) -> f64 {
    let slope = |at: f64| {
        let above = at + allowed;
        block.other.trials * (at - other) / (at * (1.0 - at))
            + block.candidate.trials * (above - candidate) / (above * (1.0 - above))
    };
    let (mut low, mut high) = (other, candidate - allowed);
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        if slope(middle) < 0.0 { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}

/// No share is taken to be closer to nothing or to everything than this.
const SHARE_MIN: f64 = 0.000_5;
/// Halvings of an interval below one: enough for a millionth.
const HALVINGS: usize = 24;

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(candidate: (f64, f64), other: (f64, f64)) -> Pair {
        let sample = |(trials, cases)| Sample { trials, cases };
        Pair { candidate: sample(candidate), other: sample(other) }
    }

    const KNOWN: Known = Known { other_share: 0.01, allowed: 0.002, most: f64::INFINITY };

    #[test]
    fn what_one_side_alone_suffers_is_evidence() {
        let mut evidence = Evidence::none();
        evidence.add_pair(&pair((20.0, 10.0), (20.0, 0.0)), &KNOWN, &[0.2]);
        assert!(evidence.log() > 5.0, "{evidence:?}");
    }

    #[test]
    fn what_both_suffer_is_none() {
        let mut evidence = Evidence::none();
        for _ in 0..10 {
            evidence.add_pair(&pair((20.0, 10.0), (20.0, 10.0)), &KNOWN, &[0.01, 0.2, 0.9]);
        }
        assert!(evidence.log() <= 0.0, "{evidence:?}");
    }

    #[test]
    fn one_side_alone_says_nothing_of_the_difference() {
        let mut evidence = Evidence::none();
        evidence.add_pair(&pair((20.0, 20.0), (0.0, 0.0)), &KNOWN, &[0.2, 0.9]);
        assert!(evidence.log() < 0.01, "{evidence:?}");
    }

    /// The definition of an e-value, summed over all that can happen in a block, at points of the null hypothesis.
    #[test]
    fn the_evidence_of_a_block_is_one_at_most_if_there_is_no_cause() {
        let binomial = |n: u32, k: u32, p: f64| {
            let choose = (0..k).fold(1.0, |c, i| c * f64::from(n - i) / f64::from(i + 1));
            choose * p.powi(k as i32) * (1.0 - p).powi((n - k) as i32)
        };
        for (other, candidate) in
            [(0.01, 0.01), (0.01, 0.012), (0.3, 0.302), (0.5, 0.1), (0.9, 0.9)]
        {
            for (n, m) in [(1, 5), (5, 5), (8, 2)] {
                let mut expected = 0.0;
                for (k, l) in (0..=n).flat_map(|k| (0..=m).map(move |l| (k, l))) {
                    let sample = |trials: u32, cases: u32| Sample {
                        trials: trials.into(),
                        cases: cases.into(),
                    };
                    let block = Pair { candidate: sample(n, k), other: sample(m, l) };
                    let null = closest(&block, (0.01, 0.21), KNOWN.allowed);
                    let log = block.other.log_ratio(0.01, null)
                        + block.candidate.log_ratio(0.21, null + KNOWN.allowed);
                    expected += log.exp() * binomial(n, k, candidate) * binomial(m, l, other);
                }
                assert!(expected <= 1.0 + 1e-6, "{expected} at {other} {candidate}, {n} and {m}");
            }
        }
    }
}
