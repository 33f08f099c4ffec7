//! What is known of a request and its response: variables that no rule can change.

mod recurring;
pub mod values;

pub use values::{ValueId, Values};

use crate::variable::{Scalar, Set};

/// A named value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Name as the client wrote it.
    pub name: ValueId,
    /// Value.
    pub value: ValueId,
}

/// The variables of one transaction.
#[derive(Debug)]
pub struct Facts {
    /// Their contents.
    pub values: Values,
    sets: [Vec<Entry>; Set::COUNT],
    scalars: [Option<ValueId>; Scalar::COUNT],
}

impl Default for Facts {
    fn default() -> Self {
        Self {
            values: Values::default(),
            sets: std::array::from_fn(|_| Vec::new()),
            scalars: [None; Scalar::COUNT],
        }
    }
}

impl Facts {
    /// Forgets everything but keeps memory, up to a bound for each part, for the next transaction.
    pub fn clear(&mut self, bytes_kept_max: usize) {
        self.values.clear(bytes_kept_max);
        for set in &mut self.sets {
            set.clear();
            set.shrink_to(bytes_kept_max / size_of::<Entry>());
        }
        self.scalars = [None; Scalar::COUNT];
    }

    /// Adds a member to a set.
    pub fn push(&mut self, set: Set, name: &[u8], value: &[u8]) {
        let entry = Entry { name: self.values.add(name), value: self.values.add(value) };
        self.sets[set as usize].push(entry);
    }

    /// The members of a set, in the order in which they came.
    pub fn set(&self, set: Set) -> &[Entry] {
        &self.sets[set as usize]
    }

    /// Removes the members of a set.
    pub fn clear_set(&mut self, set: Set) {
        self.sets[set as usize].clear();
    }

    /// Gives a variable its value.
    pub fn put(&mut self, scalar: Scalar, value: &[u8]) {
        self.scalars[scalar as usize] = Some(self.values.add(value));
    }

    /// Gives a variable a number as its value.
    pub fn put_number(&mut self, scalar: Scalar, value: u64) {
        self.put(scalar, crate::number::Decimal::from(value as i64).as_bytes());
    }

    /// A variable's value, if it has one.
    pub fn scalar(&self, scalar: Scalar) -> Option<ValueId> {
        self.scalars[scalar as usize]
    }

    /// The bytes of a variable's value; none if it has no value.
    pub fn bytes(&self, scalar: Scalar) -> &[u8] {
        self.scalar(scalar).map_or(b"", |id| self.values.get(id))
    }

    /// The first value of a set under this name, compared without case.
    pub fn first(&self, set: Set, name: &[u8]) -> Option<&[u8]> {
        let found = self.set(set).iter();
        let mut found = found.filter(|e| self.values.get(e.name).eq_ignore_ascii_case(name));
        found.next().map(|entry| self.values.get(entry.value))
    }
}
