//! Values of targets after their transformations, worked out at most once a phase.

use std::ops::Range;

use crate::facts::ValueId;

/// A value and the name it is found under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item {
    /// Of a collection, the name of the member.
    pub key: Option<ValueId>,
    /// The value.
    pub value: ValueId,
}

/// What is known of each unit in the phase at hand.
#[derive(Debug, Default)]
pub struct Units {
    states: Vec<Unit>,
    bundles: Vec<Bundle>,
    items: Vec<Item>,
    marks: Vec<u64>,
    phase: u32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Unit {
    phase: u32,
    begin: u32,
    end: u32,
    /// Where the clauses of all its values together begin, once they are scanned.
    marks: Option<u32>,
}

/// Units that rules look at together.
#[derive(Clone, Copy, Debug, Default)]
struct Bundle {
    phase: u32,
    /// Where what its values satisfy together begins.
    marks: u32,
}

impl Units {
    /// Begins a phase: what was known of the last one is forgotten.
    pub fn begin(&mut self, units: usize, bundles: usize) {
        self.phase += 1;
        self.states.resize(units, Unit::default());
        self.bundles.resize(bundles, Bundle::default());
        self.items.clear();
        self.marks.clear();
    }

    /// Forgets everything and gives back what is more than so many bytes.
    pub fn clear(&mut self, bytes_kept_max: usize) {
        self.items.clear();
        self.marks.clear();
        self.items.shrink_to(bytes_kept_max / size_of::<Item>());
        self.marks.shrink_to(bytes_kept_max / size_of::<u64>());
        if self.phase > u32::MAX / 2 {
            self.phase = 0;
            self.states.clear();
            self.bundles.clear();
        }
    }

    /// The values of a unit, if they are worked out: a range of items.
    pub fn range(&self, unit: u32) -> Option<Range<usize>> {
        let state = self.states.get(unit as usize)?;
        (state.phase == self.phase).then_some(state.begin as usize..state.end as usize)
    }

    /// Where the items of the next unit will begin.
    pub fn begin_items(&self) -> usize {
        self.items.len()
    }

    /// Adds an item to the unit that is being worked out.
    pub fn push(&mut self, item: Item) {
        self.items.push(item);
    }

    /// Ends the working out of a unit.
    pub fn end_items(&mut self, unit: u32, begin: usize) -> Range<usize> {
        let range = begin..self.items.len();
        if let Some(state) = self.states.get_mut(unit as usize) {
            let (begin, end) = (begin as u32, range.end as u32);
            *state = Unit { phase: self.phase, begin, end, marks: None };
        }
        range
    }

    /// An item.
    pub fn item(&self, at: usize) -> Option<Item> {
        self.items.get(at).copied()
    }

    /// The clauses of a unit's values together, if they are scanned.
    pub fn marks(&self, unit: u32, words: usize) -> Option<&[u64]> {
        let begin = self.states.get(unit as usize)?.marks? as usize;
        self.marks.get(begin..begin + words)
    }

    /// Makes room for the clauses of a unit's values: none yet.
    pub fn new_marks(&mut self, unit: u32, words: usize) {
        let begin = self.marks.len();
        self.marks.resize(begin + words, 0);
        if let Some(state) = self.states.get_mut(unit as usize) {
            state.marks = Some(begin as u32);
        }
    }

    /// Adds the clauses of one of a unit's values.
    pub fn add_marks(&mut self, unit: u32, marks: &[u64]) {
        let begin = self.states.get(unit as usize).and_then(|state| state.marks);
        let Some(begin) = begin.map(|begin| begin as usize) else { return };
        if let Some(all) = self.marks.get_mut(begin..begin + marks.len()) {
            all.iter_mut().zip(marks).for_each(|(word, more)| *word |= more);
        }
    }

    /// Whether it is known in this phase what a bundle's values satisfy.
    pub fn has_bundle(&self, bundle: u32) -> bool {
        self.bundles.get(bundle as usize).is_some_and(|state| state.phase == self.phase)
    }

    /// Puts together what the values of these units satisfy.
    pub fn put_together(&mut self, bundle: u32, units: &[u32], words: usize) {
        let begin = self.marks.len();
        self.marks.resize(begin + words, 0);
        let (known, all) = self.marks.split_at_mut(begin);
        for unit in units {
            let from = self.states.get(*unit as usize).and_then(|state| state.marks);
            let Some(from) = from.map(|from| from as usize) else { continue };
            let marks = known.get(from..from + words).unwrap_or_default();
            all.iter_mut().zip(marks).for_each(|(word, more)| *word |= more);
        }
        if let Some(state) = self.bundles.get_mut(bundle as usize) {
            *state = Bundle { phase: self.phase, marks: begin as u32 };
        }
    }

    /// What the values of a bundle satisfy together.
    pub fn bundle_marks(&self, bundle: u32, words: usize) -> &[u64] {
        let begin = self.bundles.get(bundle as usize).map_or(0, |state| state.marks as usize);
        self.marks.get(begin..begin + words).unwrap_or_default()
    }
}
