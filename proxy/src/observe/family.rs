//! Series of one metric by the values of their labels.

use std::{collections::BTreeMap, fmt, sync::Arc};

use parking_lot::RwLock;

/// Series of one metric.
///
/// Counters are kept over reloads, so that they never go backwards. Their number is bounded: at the cap, those go that
/// nobody counts with any more, and if none does, what is new shares one series whose labels all say [`OVERFLOW`].
pub(super) struct Family<T> {
    series: RwLock<BTreeMap<Vec<String>, Arc<T>>>,
    /// Makes a series without observations.
    make: Box<dyn Fn() -> T + Send + Sync>,
    series_max: usize,
}

impl<T: fmt::Debug> fmt::Debug for Family<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Family").field(&*self.series.read()).finish()
    }
}

impl<T> Family<T> {
    /// No series yet.
    pub(super) fn new(make: impl Fn() -> T + Send + Sync + 'static) -> Self {
        Self { series: RwLock::default(), make: Box::new(make), series_max: SERIES_MAX }
    }

    /// The series of these label values. To be asked once, not per request.
    pub(super) fn with(&self, labels: &[&str]) -> Arc<T> {
        let key: Vec<String> = labels.iter().map(|&label| label.to_owned()).collect();
        if let Some(known) = self.series.read().get(&key) {
            return Arc::clone(known);
        }
        let mut series = self.series.write();
        if series.len() >= self.series_max && !series.contains_key(&key) {
            series.retain(|_, series| is_held(series));
        }
        let full = series.len() >= self.series_max && !series.contains_key(&key);
        let key = if full { vec![OVERFLOW.to_owned(); labels.len()] } else { key };
        Arc::clone(series.entry(key).or_insert_with(|| Arc::new((self.make)())))
    }

    /// All series, in the order of their labels.
    pub(super) fn all(&self) -> Vec<(Vec<String>, Arc<T>)> {
        let series = self.series.read();
        series.iter().map(|(labels, series)| (labels.clone(), Arc::clone(series))).collect()
    }

    /// The series that somebody holds; the others are forgotten. For gauges, which say what is and not what was.
    pub(super) fn held(&self) -> Vec<(Vec<String>, Arc<T>)> {
        self.series.write().retain(|_, series| is_held(series));
        self.all()
    }
}

fn is_held<T>(series: &Arc<T>) -> bool {
    Arc::strong_count(series) > 1
}

/// Series of one metric. Twice what ten thousand routes with two colours need.
const SERIES_MAX: usize = 40_000;

/// The value of every label of the series that is shared when there are too many.
pub(super) const OVERFLOW: &str = "_overflow";

#[cfg(test)]
mod tests {
    use super::{super::shards::Counter, *};

    #[test]
    fn series_are_kept_by_their_labels() {
        let family = Family::new(|| Counter::new(1));
        family.with(&["a", "b"]).inc(0);
        family.with(&["a", "b"]).inc(0);
        family.with(&["a", "c"]).inc(0);
        let all = family.all();
        let values: Vec<_> = all.iter().map(|(_, counter)| counter.value()).collect();
        assert_eq!(values, [2, 1]);
    }

    #[test]
    fn at_the_cap_unused_series_go_first() {
        let mut family = Family::new(|| Counter::new(1));
        family.series_max = 2;
        let held = family.with(&["held"]);
        family.with(&["unused"]);
        let new = family.with(&["new"]);
        let names = |family: &Family<Counter>| {
            family.all().into_iter().flat_map(|(labels, _)| labels).collect::<Vec<_>>()
        };
        assert_eq!(names(&family), ["held", "new"]);
        let one_more = family.with(&["one more"]);
        one_more.inc(0);
        assert_eq!(family.with(&[OVERFLOW]).value(), 1);
        drop((held, new));
    }

    #[test]
    fn gauges_live_as_long_as_their_handles() {
        let family = Family::new(|| Counter::new(1));
        let handle = family.with(&["a"]);
        family.with(&["b"]);
        assert_eq!(family.held().len(), 1);
        drop(handle);
        assert_eq!(family.held().len(), 0);
    }
}
