//! What the primary differs in from itself, learned from requests that its cluster was sent twice.
//!
//! A place where two of its answers differ says nothing of the shadow. What is masked is the place together with the way in
//! which it differs: a time stamp has another value each time, but it is never missing, and a shadow that leaves it out is
//! still told. Statuses are never masked: an error is not noise.

use std::{collections::BTreeMap, sync::Arc};

use super::{json::Change, verdict::Difference};
use crate::config::Aspect;

/// What has been learned about the routes of a rollout.
#[derive(Debug, Default)]
pub struct Noise {
    routes: BTreeMap<Arc<str>, Route>,
    places: usize,
    /// Places that found no room.
    pub dropped: u64,
}

#[derive(Debug, Default)]
struct Route {
    /// Requests that were sent twice.
    seen: u32,
    places: BTreeMap<Place, Counts>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    aspect: Aspect,
    change: Change,
    place: Box<str>,
}

#[derive(Debug, Default)]
struct Counts {
    /// Of the requests that were sent twice.
    differed: u32,
    /// Differences of the shadow that were not counted.
    hidden: u64,
}

/// A place that is masked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mask {
    /// The route.
    pub route: Arc<str>,
    /// What differs.
    pub aspect: Aspect,
    /// How.
    pub change: Change,
    /// Where.
    pub place: String,
    /// Requests in which the primary's cluster differed from itself there.
    pub differed: u32,
    /// Requests that it was sent twice.
    pub seen: u32,
    /// Differences of the shadow that were not counted.
    pub hidden: u64,
}

/// Requests that a route must have been sent twice before what it differs in is known.
pub const SEEN_MIN: u32 = 10;

/// A place is noise where it differed in one of so many requests.
const ONE_IN: u32 = 100;

/// Counts are halved here, so that what has been learned can be forgotten.
const SEEN_MAX: u32 = 20_000;

/// Places of all routes together.
const PLACES_MAX: usize = 1_000;

impl Noise {
    /// Whether enough is known of a route.
    pub fn knows(&self, route: &str) -> bool {
        self.routes.get(route).is_some_and(|route| route.seen >= SEEN_MIN)
    }

    /// Learns from a request that was sent twice.
    pub fn learn(&mut self, route: &Arc<str>, differences: &[Difference]) {
        let known = self.routes.entry(Arc::clone(route)).or_default();
        known.seen += 1;
        for difference in differences.iter().filter(|difference| can_be_noise(difference)) {
            let place = Place::of(difference);
            match known.places.get_mut(&place) {
                Some(counts) => counts.differed += 1,
                None if self.places >= PLACES_MAX => self.dropped += 1,
                None => {
                    self.places += 1;
                    known.places.insert(place, Counts { differed: 1, hidden: 0 });
                }
            }
        }
        if known.seen >= SEEN_MAX {
            self.places -= known.forget();
        }
    }

    /// Whether a difference of the shadow is noise; counts it, if so.
    pub fn hides(&mut self, route: &str, difference: &Difference) -> bool {
        let Some(known) = self.routes.get_mut(route) else { return false };
        let seen = known.seen;
        let Some(counts) = known.places.get_mut(&Place::of(difference)) else { return false };
        let hides = counts.is_noise(seen);
        counts.hidden += u64::from(hides);
        hides
    }

    /// All that is masked.
    pub fn masks(&self) -> Vec<Mask> {
        let masks = self.routes.iter().flat_map(|(route, known)| {
            let noisy = known.places.iter().filter(|(_, counts)| counts.is_noise(known.seen));
            noisy.map(|(place, counts)| Mask {
                route: Arc::clone(route),
                aspect: place.aspect,
                change: place.change,
                place: place.place.to_string(),
                differed: counts.differed,
                seen: known.seen,
                hidden: counts.hidden,
            })
        });
        masks.collect()
    }
}

impl Route {
    /// Halves what was counted; how many places are forgotten.
    fn forget(&mut self) -> usize {
        let before = self.places.len();
        self.seen /= 2;
        self.places.retain(|_, counts| {
            counts.differed /= 2;
            counts.differed > 0
        });
        before - self.places.len()
    }
}

impl Counts {
    fn is_noise(&self, seen: u32) -> bool {
        self.differed.saturating_mul(ONE_IN) >= seen.max(1)
    }
}

impl Place {
    fn of(difference: &Difference) -> Self {
        let Difference { aspect, change, place, .. } = difference;
        Self { aspect: *aspect, change: *change, place: place.as_str().into() }
    }
}

fn can_be_noise(difference: &Difference) -> bool {
    difference.aspect != Aspect::Status
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(place: &str, change: Change) -> Difference {
        Difference {
            aspect: Aspect::Json,
            place: place.to_owned(),
            change,
            primary: None,
            shadow: None,
        }
    }

    #[test]
    fn what_differs_from_itself_is_masked_in_its_way_only() {
        let (mut noise, route) = (Noise::default(), Arc::from("r"));
        let ts = at("$.ts", Change::Value);
        assert!(!noise.hides("r", &ts));
        for _ in 0..SEEN_MIN {
            assert!(!noise.knows("r"));
            noise.learn(&route, std::slice::from_ref(&ts));
        }
        assert!(noise.knows("r") && !noise.knows("other"));
        assert!(noise.hides("r", &ts) && !noise.hides("other", &ts));
        assert!(!noise.hides("r", &at("$.ts", Change::Missing)));
        assert!(!noise.hides("r", &at("$.id", Change::Value)));
        let masks = noise.masks();
        assert_eq!((masks[0].place.as_str(), masks[0].differed, masks[0].hidden), ("$.ts", 10, 1));
    }

    #[test]
    fn what_differs_hardly_ever_is_not_masked() {
        let (mut noise, route) = (Noise::default(), Arc::from("r"));
        let rare = at("$.rare", Change::Value);
        for n in 0..500 {
            noise.learn(&route, if n % 150 == 0 { std::slice::from_ref(&rare) } else { &[] });
        }
        assert!(!noise.hides("r", &rare) && noise.masks().is_empty());
    }

    #[test]
    fn statuses_are_never_masked() {
        let (mut noise, route) = (Noise::default(), Arc::from("r"));
        let status = Difference { aspect: Aspect::Status, ..at("200 -> 500", Change::Value) };
        noise.learn(&route, std::slice::from_ref(&status));
        assert!(!noise.hides("r", &status));
    }

    #[test]
    fn places_are_bounded_and_forgotten() {
        let (mut noise, route) = (Noise::default(), Arc::from("r"));
        for n in 0..PLACES_MAX + 7 {
            noise.learn(&route, &[at(&format!("$.k{n}"), Change::Extra)]);
        }
        assert_eq!((noise.places, noise.dropped), (PLACES_MAX, 7));
        for _ in 0..SEEN_MAX {
            noise.learn(&route, &[]);
        }
        assert_eq!(noise.places, 0);
        assert!(noise.knows("r"));
    }
}
