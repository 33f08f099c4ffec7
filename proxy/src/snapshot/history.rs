//! The last generations of the configuration, to look back at and to go back to.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use foxtrot_api::{Cause, Generation};
use similar::TextDiff;
use xxhash_rust::xxh3::xxh3_128;

/// Generations that are kept.
pub const KEPT_MAX: usize = 20;

/// The last [`KEPT_MAX`] generations, oldest first.
#[derive(Debug, Clone, Default)]
pub struct History {
    entries: VecDeque<Entry>,
}

/// One generation.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Which, when, why.
    pub facts: Generation,
    /// Canonical TOML.
    pub text: Arc<str>,
}

impl History {
    /// Adds a generation that came into force `loaded_at` after 1970-01-01T00:00:00Z, and forgets the oldest when there are too
    /// many. Generations are added in their order.
    pub fn push(&mut self, generation: u64, loaded_at: Duration, cause: Cause, text: Arc<str>) {
        debug_assert!(self.latest().is_none_or(|latest| latest.facts.generation < generation));
        // A clock that is 500 million years ahead may be off a little.
        let loaded_at = u64::try_from(loaded_at.as_millis()).unwrap_or(u64::MAX);
        let facts = Generation { generation, loaded_at, cause, hash: hash(&text) };
        if self.entries.len() == KEPT_MAX {
            self.entries.pop_front();
        }
        self.entries.push_back(Entry { facts, text });
    }

    /// The generation in force.
    pub fn latest(&self) -> Option<&Entry> {
        self.entries.back()
    }

    /// A generation, if it is kept.
    pub fn find(&self, generation: u64) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.facts.generation == generation)
    }

    /// All that are kept, oldest first.
    pub fn list(&self) -> Vec<Generation> {
        self.entries.iter().map(|entry| entry.facts.clone()).collect()
    }

    /// What changed between two generations, as a unified diff; empty where nothing did. `None` where one is not kept.
    pub fn diff(&self, from: u64, to: u64) -> Option<String> {
        let (from, to) = (self.find(from)?, self.find(to)?);
        Some(unified_diff(from, to))
    }
}

/// Identifies a text; not a signature.
pub fn hash(text: &str) -> String {
    format!("{:032x}", xxh3_128(text.as_bytes()))
}

fn unified_diff(from: &Entry, to: &Entry) -> String {
    let name = |entry: &Entry| format!("generation {}", entry.facts.generation);
    TextDiff::configure()
        // Past it the diff is larger than it could be, not wrong.
        .timeout(DIFF_TIME_MAX)
        .diff_lines(&*from.text, &*to.text)
        .unified_diff()
        .header(&name(from), &name(to))
        .to_string()
}

/// Diffing two unlike texts takes time that grows with the square of their length.
const DIFF_TIME_MAX: Duration = Duration::from_millis(250);

#[cfg(test)]
mod tests {
    use super::*;

    fn history(texts: &[&str]) -> History {
        let mut history = History::default();
        for (generation, text) in (1..).zip(texts) {
            history.push(generation, Duration::from_millis(5), Cause::File, Arc::from(*text));
        }
        history
    }

    #[test]
    fn the_oldest_is_forgotten() {
        let history = history(&["text"; KEPT_MAX + 2]);
        let generations: Vec<u64> = history.list().iter().map(|facts| facts.generation).collect();
        assert_eq!(generations, (3..=22).collect::<Vec<u64>>());
        assert!(history.find(2).is_none());
        assert_eq!(history.latest().map(|entry| entry.facts.generation), Some(22));
    }

    #[test]
    fn a_diff_shows_the_change_with_its_surroundings() {
        let history = history(&["a = 1\nb = 2\n", "a = 1\nb = 3\n"]);
        assert_eq!(
            history.diff(1, 2).as_deref(),
            Some("--- generation 1\n+++ generation 2\n@@ -1,2 +1,2 @@\n a = 1\n-b = 2\n+b = 3\n")
        );
        assert_eq!(history.diff(1, 1).as_deref(), Some(""));
        assert_eq!(history.diff(1, 3), None);
    }

    #[test]
    fn one_text_has_one_hash() {
        let list = history(&["a = 1\n", "a = 2\n", "a = 1\n"]).list();
        assert_eq!(list[0].hash, list[2].hash);
        assert_ne!(list[0].hash, list[1].hash);
        assert_eq!(list[0].hash.len(), 32);
        assert_eq!((list[0].loaded_at, list[0].cause), (5, Cause::File));
    }
}
