//! Differences by route, place and kind: each with how often, when, and one sample.
//!
//! Here a cluster is one of differences, not of endpoints.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use super::{json::Change, sample::Sample, verdict::Difference};
use crate::config::Aspect;

/// Differences that are alike.
#[derive(Debug, Clone)]
pub struct Cluster {
    /// Requests.
    pub count: u64,
    /// When the first of them was, since the epoch.
    pub first: Duration,
    /// When the last.
    pub last: Duration,
    /// The first of them.
    pub sample: Arc<Sample>,
    /// What the primary had in it, in short.
    pub primary: Option<String>,
    /// What the shadow had in it.
    pub shadow: Option<String>,
}

/// What differences of a cluster have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// Name of the route.
    pub route: Arc<str>,
    /// What differs.
    pub aspect: Aspect,
    /// Where.
    pub place: String,
    /// How.
    pub change: Change,
}

/// Clusters of a rollout.
#[derive(Debug, Default)]
pub struct Clusters {
    by_key: BTreeMap<Key, Cluster>,
    /// Differences that found no room.
    pub dropped: u64,
}

/// Clusters that are kept, with a sample each.
pub const CLUSTERS_MAX: usize = 256;

impl Clusters {
    /// Counts a difference. `sample` is asked where it is the first of its kind.
    pub fn add(
        &mut self,
        route: &Arc<str>,
        difference: Difference,
        now: Duration,
        sample: impl FnOnce() -> Arc<Sample>,
    ) {
        let Difference { aspect, place, change, primary, shadow } = difference;
        let key = Key { route: Arc::clone(route), aspect, place, change };
        if let Some(known) = self.by_key.get_mut(&key) {
            known.count += 1;
            known.last = known.last.max(now);
        } else if self.by_key.len() < CLUSTERS_MAX {
            let sample = sample();
            let cluster = Cluster { count: 1, first: now, last: now, sample, primary, shadow };
            self.by_key.insert(key, cluster);
        } else {
            self.dropped += 1;
        }
    }

    /// All clusters, the largest first.
    pub fn by_count(&self) -> Vec<(&Key, &Cluster)> {
        let mut all: Vec<_> = self.by_key.iter().collect();
        all.sort_by_key(|(_, cluster)| std::cmp::Reverse(cluster.count));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(place: String) -> Difference {
        Difference {
            aspect: Aspect::Json,
            place,
            change: Change::Value,
            primary: None,
            shadow: None,
        }
    }

    #[test]
    fn alike_differences_are_counted_and_others_bounded() {
        let (mut clusters, route) = (Clusters::default(), Arc::from("r"));
        let mut add = |place: usize, at: u64| {
            let now = Duration::from_secs(at);
            clusters.add(&route, value(format!("$.k{place}")), now, Arc::default);
        };
        (0..CLUSTERS_MAX + 3).for_each(|place| add(place, 5));
        (0..4).for_each(|at| add(7, at * 10));
        let first = clusters.by_count().remove(0);
        assert_eq!((first.0.place.as_str(), first.1.count), ("$.k7", 5));
        let (from, to) = (first.1.first.as_secs(), first.1.last.as_secs());
        assert_eq!((from, to, clusters.dropped), (5, 30, 3));
    }
}
