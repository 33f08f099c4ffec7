//! The comparison of a shadow's answers with the primary's: in what they differ, what of that is noise, and what it means.
//!
//! All of it is pure: [`crate::mirror::pairing`] brings the answers and the time. What has been learned is a [`Ledger`], and
//! is kept by the rollout's name over reloads.

pub mod cluster;
pub mod curl;
pub mod json;
pub mod latency;
pub mod noise;
mod opinion;
mod path;
pub mod sample;
pub mod verdict;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

pub use path::Ignore;

use self::{
    cluster::Clusters,
    latency::Latency,
    noise::Noise,
    sample::{Asked, Sample},
    verdict::{Answer, Compared, Difference, Settings, Unread},
};
use crate::config::{Aspect, Compare};

/// What a rollout asserts.
#[derive(Debug, Clone, PartialEq)]
pub struct Terms {
    /// What is compared.
    pub settings: Settings,
    /// What fails the comparison.
    pub assert: BTreeSet<Aspect>,
    /// Whether noise is learned at all.
    pub learns: bool,
    /// Share of compared requests that may fail, in hundredths of a percent.
    tolerance: u64,
    requests_min: u64,
    latency_ratio: f64,
}

/// A request that was sent to both.
#[derive(Debug)]
pub struct Pair {
    /// Name of its route.
    pub route: Arc<str>,
    /// The request.
    pub asked: Asked,
    /// The primary's answer.
    pub primary: Answer,
    /// The shadow's, or why there is none.
    pub shadow: Result<Answer, &'static str>,
    /// What the primary's cluster said when it was asked once more.
    pub twin: Option<Answer>,
    /// Whether it could have been.
    pub can_have_twin: bool,
}

/// What is found of a pair, before what has been learned is applied.
#[derive(Debug)]
pub struct Findings {
    shadow: Compared,
    /// Differences of the primary's cluster from itself.
    twin: Option<Vec<Difference>>,
}

/// What became of a pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// All that was to be compared is equal.
    Equal,
    /// These differ.
    Different(BTreeSet<Aspect>),
    /// It was not compared.
    Skipped(Skip),
}

/// Why a pair was not compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Skip {
    /// There is no whole answer of the primary.
    Primary,
    /// The copy was not sent, or not whole.
    Copy,
    /// A body is longer than `max_body`.
    Size,
    /// There is no memory for bodies.
    Budget,
    /// Bodies are compressed, and not alike byte by byte.
    Encoded,
    /// Neither body is the JSON that it should be.
    Malformed,
    /// It differs, and what is noise on its route is not known yet.
    Learning,
}

/// What a rollout's comparisons have come to.
#[derive(Debug, Default)]
pub struct Ledger {
    /// Pairs that were equal.
    pub equal: u64,
    /// Pairs that differed.
    pub different: u64,
    /// Pairs that differed in what is asserted.
    pub failing: u64,
    /// Pairs that were not compared.
    pub skipped: [u64; Skip::ALL.len()],
    /// What the primary differs in from itself.
    pub noise: Noise,
    /// Differences.
    pub clusters: Clusters,
    /// Times to the first byte.
    pub latency: Latency,
}

impl Terms {
    /// Compiles a `compare` table that has been checked.
    pub fn new(config: &Compare) -> Self {
        Self {
            settings: Settings::new(config),
            assert: config.assert.clone(),
            learns: config.noise_percent.basis_points() > 0,
            tolerance: config.tolerance.basis_points().into(),
            requests_min: config.min_requests.into(),
            latency_ratio: config.latency_ratio,
        }
    }
}

impl Pair {
    /// Bytes that are to be looked at.
    pub fn body_bytes(&self) -> u64 {
        let answers = [Some(&self.primary), self.shadow.as_ref().ok(), self.twin.as_ref()];
        answers.into_iter().flatten().filter_map(|answer| answer.body.length()).sum()
    }

    /// Compares the answers. This is the part that takes time.
    pub fn examine(&self, settings: &Settings) -> Findings {
        let method = &self.asked.head.method;
        let shadow = match &self.shadow {
            Ok(shadow) => verdict::compare(settings, method, &self.primary, shadow),
            Err(why) => Compared {
                differences: vec![verdict::no_answer(self.primary.status, why)],
                unread: None,
            },
        };
        let with_itself =
            |twin| verdict::compare(settings, method, &self.primary, twin).differences;
        Findings { shadow, twin: self.twin.as_ref().map(with_itself) }
    }
}

impl Ledger {
    /// Takes note of a pair; `now` is since the epoch.
    pub fn settle(
        &mut self,
        terms: &Terms,
        pair: &Pair,
        findings: Findings,
        now: Duration,
    ) -> Outcome {
        let Findings { shadow: Compared { mut differences, unread }, twin } = findings;
        if let Some(twin) = &twin {
            self.noise.learn(&pair.route, twin);
            // What the primary does not agree on with itself in this very request is no difference of the shadow's.
            let own =
                |d: &Difference| twin.iter().any(|t| t.place == d.place && t.change == d.change);
            differences.retain(|difference| !own(difference));
        }
        differences.retain(|difference| !self.noise.hides(&pair.route, difference));
        if let Ok(shadow) = &pair.shadow {
            self.latency.add(pair.primary.first_byte, shadow.first_byte);
        }
        if let Some(skip) = self.doubt(terms, pair, &differences, unread) {
            return self.skip(skip);
        }
        if differences.is_empty() {
            self.equal += 1;
            return Outcome::Equal;
        }
        let aspects: BTreeSet<Aspect> = differences.iter().map(|it| it.aspect).collect();
        self.different += 1;
        self.failing += u64::from(!aspects.is_disjoint(&terms.assert));
        let mut kept = None;
        let shadow = pair.shadow.as_ref().ok();
        for difference in differences {
            let sample = || {
                let sample = || Arc::new(Sample::new(&pair.asked, &pair.primary, shadow));
                Arc::clone(kept.get_or_insert_with(sample))
            };
            self.clusters.add(&pair.route, difference, now, sample);
        }
        Outcome::Different(aspects)
    }

    /// Takes note of a pair that cannot be compared.
    pub fn skip(&mut self, skip: Skip) -> Outcome {
        self.skipped[skip as usize] += 1;
        Outcome::Skipped(skip)
    }

    /// Why no verdict is possible, where none is.
    fn doubt(
        &self,
        terms: &Terms,
        pair: &Pair,
        differences: &[Difference],
        unread: Option<Unread>,
    ) -> Option<Skip> {
        let certain = differences.iter().any(|difference| difference.aspect == Aspect::Status);
        if certain {
            return None;
        }
        let learning = terms.learns && pair.can_have_twin && !self.noise.knows(&pair.route);
        if learning && !differences.is_empty() {
            return Some(Skip::Learning);
        }
        match unread? {
            _ if !differences.is_empty() => None,
            Unread::Size => Some(Skip::Size),
            Unread::Budget => Some(Skip::Budget),
            Unread::Encoded => Some(Skip::Encoded),
            Unread::Malformed => Some(Skip::Malformed),
        }
    }

    /// Pairs that were compared.
    pub fn compared(&self) -> u64 {
        self.equal + self.different
    }
}

impl Skip {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Primary,
        Self::Copy,
        Self::Size,
        Self::Budget,
        Self::Encoded,
        Self::Malformed,
        Self::Learning,
    ];

    /// The word in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Copy => "copy",
            Self::Size => "size",
            Self::Budget => "budget",
            Self::Encoded => "encoded",
            Self::Malformed => "malformed",
            Self::Learning => "learning",
        }
    }
}

#[cfg(test)]
mod tests;
