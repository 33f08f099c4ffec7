//! How many of a key's requests are under way, as one word.
//!
//! A word that counts none is as good as one that was never used. In its place among others ([`Place::Shared`]) a key counts
//! with those that it shares its two words with.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::table::{Meaning, Place, Reuse};

/// Counts one more, unless `max` are there.
pub fn enter(place: &Place<'_>, amount: u64, max: u64) -> bool {
    match place {
        Place::Own { word, .. } => add(word, amount, max),
        // One of them must have room, both count.
        Place::Shared([a, b]) => {
            let (lesser, other) = if a.load(Relaxed) <= b.load(Relaxed) { (a, b) } else { (b, a) };
            let room = add(lesser, amount, max);
            if room {
                other.fetch_add(amount, Relaxed);
            }
            room
        }
    }
}

/// Takes back what [`enter`] counted at the same place.
pub fn leave(place: &Place<'_>, amount: u64) {
    match place {
        Place::Own { word, .. } => drop(word.fetch_sub(amount, Relaxed)),
        Place::Shared(words) => words.iter().for_each(|word| {
            word.fetch_sub(amount, Relaxed);
        }),
    }
}

/// The words of counts.
#[derive(Debug, Clone, Copy)]
pub struct Counts;

impl Meaning for Counts {
    fn reuse(&self, word: u64) -> Reuse {
        if word == 0 { Reuse::Now } else { Reuse::Never }
    }

    fn inherit(&self, _: u64) -> Option<u64> {
        // What is counted there is taken back there.
        None
    }
}

fn add(word: &AtomicU64, amount: u64, max: u64) -> bool {
    word.fetch_update(Relaxed, Relaxed, |old| Some(old + amount).filter(|new| *new <= max)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_than_the_most_are_under_way() {
        let word = AtomicU64::new(0);
        let place = Place::Own { word: &word, index: 0, fresh: false };
        assert!(enter(&place, 1, 2) && enter(&place, 1, 2) && !enter(&place, 1, 2));
        leave(&place, 1);
        assert!(enter(&place, 1, 2));
    }

    #[test]
    fn a_key_among_others_has_room_where_one_of_its_words_has() {
        let words: [AtomicU64; 3] = Default::default();
        let [a, b, c] = &words;
        assert!(enter(&Place::Shared([a, b]), 1, 1));
        assert!(enter(&Place::Shared([b, c]), 1, 1));
        assert!(!enter(&Place::Shared([a, b]), 1, 1));
        leave(&Place::Shared([a, b]), 1);
        leave(&Place::Shared([b, c]), 1);
        assert!(words.iter().all(|word| word.load(Relaxed) == 0));
    }
}
