//! Overlays of listeners, tenants and routes, each distinct one once, and the exclusions that they and `[waf]` bring along.

use std::sync::Arc;

use foxtrot_waf::{Excluded, Exclusion, RuleSet};

use crate::config::{Problem, WafExclusion, WafOverlay, document::KeyPath};

/// An exclusion, and where it is written.
#[derive(Debug)]
pub(super) struct Entry {
    pub at: KeyPath,
    pub written: WafExclusion,
    /// Seconds since the epoch from which on it does not hold.
    pub until: Option<i64>,
    pub compiled: Arc<Excluded>,
}

/// All exclusions, by number.
#[derive(Debug, Default)]
pub(super) struct Exclusions(pub Vec<Entry>);

impl Exclusions {
    /// Compiles the exclusions of one table, and gives their numbers.
    pub fn add(
        &mut self,
        at: &KeyPath,
        written: &[WafExclusion],
        rules: &RuleSet,
        problems: &mut Vec<Problem>,
    ) -> Vec<usize> {
        let first = self.0.len();
        for (index, written) in written.iter().enumerate() {
            let at = at.join("exclude").join(index);
            match entry(at.clone(), written, rules) {
                Ok(entry) => self.0.push(entry),
                Err((key, message)) => problems.push(Problem::at(at.join(key), message)),
            }
        }
        (first..self.0.len()).collect()
    }

    /// Those of these numbers that hold for a path at a time.
    pub fn holding(&self, numbers: &[usize], path: &[u8], now: i64) -> Vec<usize> {
        let holds = |number: &usize| {
            self.0.get(*number).is_some_and(|entry| entry.compiled.holds(path, now))
        };
        numbers.iter().copied().filter(holds).collect()
    }
}

/// An overlay that some listeners, tenants or routes have.
#[derive(Debug)]
pub(super) struct Layer<'c> {
    /// The first who has it.
    pub at: KeyPath,
    pub overlay: &'c WafOverlay,
    pub exclusions: Vec<usize>,
}

/// The distinct overlays of all listeners, of all tenants or of all routes.
#[derive(Debug)]
pub(super) struct Layers<'c> {
    pub distinct: Vec<Layer<'c>>,
    /// For each listener, tenant or route, the number of its own.
    pub of: Vec<usize>,
}

impl<'c> Layers<'c> {
    /// Numbers overlays.
    pub fn number(written: impl Iterator<Item = (KeyPath, &'c WafOverlay)>) -> Self {
        let mut layers = Self { distinct: Vec::new(), of: Vec::new() };
        for (at, overlay) in written {
            let known = layers.distinct.iter().position(|layer| layer.overlay == overlay);
            layers.of.push(known.unwrap_or(layers.distinct.len()));
            if known.is_none() {
                layers.distinct.push(Layer { at, overlay, exclusions: Vec::new() });
            }
        }
        layers
    }
}

fn entry(
    at: KeyPath,
    written: &WafExclusion,
    rules: &RuleSet,
) -> Result<Entry, (&'static str, String)> {
    let until = written.expires.as_deref().map(day).transpose();
    let until = until.map_err(|message| ("expires", message))?;
    let exclusion = Exclusion {
        ids: written.rule.map(|id| (id, id)).into_iter().collect(),
        tag: written.tag.clone(),
        message: None,
        target: written.target.clone(),
        path: written.path.clone(),
        until,
    };
    let key = if written.rule.is_some() { "rule" } else { "tag" };
    match Excluded::compile(&exclusion, rules) {
        Ok(compiled) if compiled.is_empty() => {
            Err((key, "without effect: there is no such rule".to_owned()))
        }
        Ok(compiled) => {
            Ok(Entry { at, written: written.clone(), until, compiled: Arc::new(compiled) })
        }
        Err(problem) => {
            let key = if written.target.is_some() { "target" } else { key };
            Err((key, problem.message))
        }
    }
}

/// The beginning of a day, `"2027-03-31"`, in seconds since the epoch.
fn day(text: &str) -> Result<i64, String> {
    let bad = || format!("`{text}` is no day, as in 2027-03-31");
    let mut parts = text.splitn(3, '-').map(str::parse::<i64>);
    let mut next = || parts.next().and_then(Result::ok);
    let (Some(year), Some(month), Some(day)) = (next(), next(), next()) else { return Err(bad()) };
    if text.len() != 10 || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return Err(bad());
    }
    // Days since the epoch, with years that begin in March (Howard Hinnant, "days_from_civil").
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, year) = (year.div_euclid(400), year.rem_euclid(400));
    let days = year * 365 + year / 4 - year / 100 + (153 * month + 2) / 5 + day - 1;
    Ok((era * 146_097 + days - 719_468) * 86_400)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_from_the_epoch() {
        assert_eq!(day("1970-01-01"), Ok(0));
        assert_eq!(day("2000-02-29"), Ok(951_782_400));
        assert_eq!(day("2027-03-31"), Ok(1_806_451_200));
        for bad in ["2027-3-31", "2027-13-01", "2027-01-32", "tomorrow", ""] {
            assert!(day(bad).is_err(), "{bad}");
        }
    }
}
