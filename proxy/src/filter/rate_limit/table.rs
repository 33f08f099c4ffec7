//! Words by key, in a table that never grows and that nobody can empty.
//!
//! A key has a slot in one of two sets of sixteen (a choice of two keeps them evenly full: Azar et al. 1994), for as long as
//! its word means something. A new key takes a slot whose word means nothing, first of those that were seen once and last of
//! those that have come back, of which three quarters of a set are safe as long as the rest of it is in use: whoever sprays
//! keys pushes other sprayed keys out. Where neither set has a slot to give, the key shares two words, one of each set, with
//! others in its position, and never has less on them than it owes. So no key is ever forgotten while it owes, and none that
//! has a slot pays for others.
//!
//! Keys are known by a hash of 64 bits that is secret to the process. Two keys are one where the places of their sets and
//! 32 further bits agree: of ten million keys that pass by a table with a million, that is expected to hit one in thirty
//! times.
//!
//! There are no locks. Threads that bring the same new key at the same instant may give it two slots, of which one is never
//! found again; a key that comes back at the very instant in which its slot is given away may lose what it took in it. Both
//! are worth a request.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

/// The table.
pub struct Table {
    sets: Box<[Set]>,
    /// By set: the word of those that found no slot.
    shared: Box<[AtomicU64]>,
}

/// Where a key's word is.
#[derive(Debug, Clone, Copy)]
pub enum Place<'t> {
    /// In a slot of its own.
    Own {
        /// The word.
        word: &'t AtomicU64,
        /// Which one it is, for [`Table::word`].
        index: usize,
        /// Whether the key has only now got it.
        fresh: bool,
    },
    /// Among others.
    Shared([&'t AtomicU64; 2]),
}

/// What the words of a table mean.
pub trait Meaning {
    /// Whether a word may be given to another key.
    fn reuse(&self, word: u64) -> Reuse;

    /// What a key has on its own word that had none before and may owe what a word says that it shared.
    fn inherit(&self, shared: u64) -> Option<u64>;
}

/// Whether a word may be given to another key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reuse {
    /// It means something.
    Never,
    /// It means nothing, but its key has come back before and may again.
    Last,
    /// It means nothing.
    Now,
}

/// One line of tags and two of words.
#[repr(align(64))]
#[derive(Default)]
struct Set {
    tags: [AtomicU32; WAYS],
    words: [AtomicU64; WAYS],
}

/// What a set could give to a new key.
struct Offer {
    room: usize,
    slot: usize,
    tag: u32,
}

impl Table {
    /// A table for `keys` keys that mean something at once: twice as many slots.
    pub fn new(keys: usize) -> Self {
        let sets = keys.saturating_mul(2).div_ceil(WAYS).max(SETS_MIN);
        Self {
            sets: (0..sets).map(|_| Set::default()).collect(),
            shared: (0..sets).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    /// Bytes that it takes, however many keys there are.
    pub fn bytes(&self) -> usize {
        self.sets.len() * (size_of::<Set>() + size_of::<AtomicU64>())
    }

    /// Where the word of a key is, which is given a slot if it has none.
    pub fn place(&self, hash: u64, meaning: &impl Meaning) -> Place<'_> {
        let (at, tag) = (self.sets_of(hash), tag(hash));
        let shared = self.shared(hash);
        for _ in 0..CLAIMS_MAX {
            if let Some(place) = self.find(hash) {
                return place;
            }
            let offers = at.map(|index| Some((index, self.sets[index].offer(meaning)?)));
            // Of equals the first, so that threads that bring the same key meet.
            let best = offers.into_iter().flatten();
            let best = best.reduce(|a, b| if b.1.room > a.1.room { b } else { a });
            let Some((index, offer)) = best else { break };
            let set = &self.sets[index];
            if set.claim(&offer, tag) {
                let owed = shared[0].load(Relaxed).min(shared[1].load(Relaxed));
                let (word, index) = (&set.words[offer.slot], index * WAYS + offer.slot);
                if let Some(owed) = meaning.inherit(owed) {
                    word.fetch_max(owed, Relaxed);
                }
                return Place::Own { word, index, fresh: true };
            }
        }
        Place::Shared(shared)
    }

    /// Where the word of a key is, if it has a slot.
    pub fn find(&self, hash: u64) -> Option<Place<'_>> {
        let tag = tag(hash);
        self.sets_of(hash).into_iter().find_map(|index| {
            let set = &self.sets[index];
            let slot = set.tags.iter().position(|known| known.load(Relaxed) == tag)?;
            let (word, index) = (&set.words[slot], index * WAYS + slot);
            Some(Place::Own { word, index, fresh: false })
        })
    }

    /// The word of a slot.
    pub fn word(&self, index: usize) -> &AtomicU64 {
        &self.sets[index / WAYS].words[index % WAYS]
    }

    /// The words that a key without a slot shares.
    pub fn shared(&self, hash: u64) -> [&AtomicU64; 2] {
        self.sets_of(hash).map(|index| &self.shared[index])
    }

    /// How many words mean something, from a sample of the sets where there are many.
    pub fn in_use(&self, meaning: &impl Meaning) -> usize {
        let step = self.sets.len().div_ceil(SAMPLE_MAX);
        let seen = self.sets.iter().step_by(step);
        let in_use = |set: &Set| {
            let never = |word: &&AtomicU64| meaning.reuse(word.load(Relaxed)) == Reuse::Never;
            set.words.iter().filter(never).count()
        };
        let count: usize = seen.clone().map(in_use).sum();
        count * self.sets.len() / seen.count().max(1)
    }

    /// The two sets of a key.
    fn sets_of(&self, hash: u64) -> [usize; 2] {
        // Of the second, other bits decide than of the first and of the tag.
        let second = (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        [hash, second].map(|hash| (((hash >> 32) * self.sets.len() as u64) >> 32) as usize)
    }
}

impl Set {
    /// The slot that a new key may have, if there is one.
    fn offer(&self, meaning: &impl Meaning) -> Option<Offer> {
        let (mut free, mut first, mut idle, mut oldest) = (0, None, 0, None);
        for (slot, (tag, word)) in self.tags.iter().zip(&self.words).enumerate() {
            let (tag, word) = (tag.load(Relaxed), word.load(Relaxed));
            match meaning.reuse(word) {
                Reuse::Never => {}
                Reuse::Now => {
                    free += 1;
                    first = first.or(Some((slot, tag)));
                }
                Reuse::Last => {
                    idle += 1;
                    if oldest.is_none_or(|(_, _, other)| word < other) {
                        oldest = Some((slot, tag, word));
                    }
                }
            }
        }
        let spare = usize::saturating_sub(idle, SAFE);
        let oldest = oldest.filter(|_| spare > 0).map(|(slot, tag, _)| (slot, tag));
        let (slot, tag) = first.or(oldest)?;
        Some(Offer { room: free + spare, slot, tag })
    }

    fn claim(&self, offer: &Offer, tag: u32) -> bool {
        self.tags[offer.slot].compare_exchange(offer.tag, tag, Relaxed, Relaxed).is_ok()
    }
}

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Table").field("sets", &self.sets.len()).finish_non_exhaustive()
    }
}

/// Zero is an empty slot's.
fn tag(hash: u64) -> u32 {
    (hash as u32).max(1)
}

/// Slots of a set.
const WAYS: usize = 16;

/// Keys of a set that have come back and are not pushed out while the rest of the set is in use.
const SAFE: usize = WAYS * 3 / 4;

/// So that the two sets of a key are seldom one.
const SETS_MIN: usize = 8;

/// A slot that is taken before our eyes is looked for again; whoever never gets one shares.
const CLAIMS_MAX: usize = 4;

/// Sets that are looked at to know how many keys there are.
const SAMPLE_MAX: usize = 16_384;

#[cfg(test)]
mod tests;
