//! `TX`: what rules have set in this transaction, and what the last capture took.

use std::{borrow::Cow, collections::HashMap};

use foldhash::fast::RandomState;

use crate::{
    facts::{ValueId, Values},
    number::{self, Decimal},
};

/// Names that rules write out, so that a transaction finds their members without a look-up. One per rule set.
#[derive(Clone, Debug, Default)]
pub struct Names {
    names: Vec<Box<[u8]>>,
    index: HashMap<Box<[u8]>, u32>,
}

/// How many captures there are.
const CAPTURES: u8 = 10;

/// A member of `TX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Name {
    /// One that a rule writes out.
    Slot(u32),
    /// What the last capture took: `TX:0` to `TX:9`.
    Capture(u8),
}

impl Names {
    /// The member of this name, compared without case.
    pub fn name(&mut self, name: &[u8]) -> Name {
        if let [digit @ b'0'..=b'9'] = name {
            return Name::Capture(digit - b'0');
        }
        let lower: Box<[u8]> = name.to_ascii_lowercase().into();
        let next = self.names.len() as u32;
        let names = &mut self.names;
        Name::Slot(*self.index.entry(lower).or_insert_with_key(|lower| {
            names.push(lower.clone());
            next
        }))
    }

    /// The member of this name in lower case, if a rule writes it out.
    pub fn find(&self, lower: &[u8]) -> Option<Name> {
        match lower {
            [digit @ b'0'..=b'9'] => Some(Name::Capture(digit - b'0')),
            _ => self.index.get(lower).copied().map(Name::Slot),
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// All names, those of captures last.
    pub fn all(&self) -> impl Iterator<Item = Name> {
        (0..self.names.len() as u32).map(Name::Slot).chain((0..CAPTURES).map(Name::Capture))
    }

    /// The name as text.
    pub fn text(&self, name: Name) -> Cow<'_, [u8]> {
        match name {
            Name::Slot(slot) => {
                Cow::Borrowed(self.names.get(slot as usize).map_or(b"", |name| name))
            }
            Name::Capture(group) => Cow::Owned(vec![b'0' + group]),
        }
    }
}

/// The value of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// A number, as counters are.
    Number(i64),
    /// Any bytes.
    Text(ValueId),
}

impl Value {
    /// The value as a number, as `atoi` reads it.
    pub fn number(self, values: &Values) -> i64 {
        match self {
            Self::Number(number) => number,
            Self::Text(id) => number::parse(values.get(id)),
        }
    }

    /// The value as bytes.
    pub fn text(self, values: &mut Values) -> ValueId {
        match self {
            Self::Number(number) => values.add(Decimal::from(number).as_bytes()),
            Self::Text(id) => id,
        }
    }

    /// Writes the value as bytes.
    pub fn write(self, values: &Values, out: &mut Vec<u8>) {
        match self {
            Self::Number(number) => out.extend_from_slice(Decimal::from(number).as_bytes()),
            Self::Text(id) => out.extend_from_slice(values.get(id)),
        }
    }
}

/// The members of one transaction.
#[derive(Debug, Default)]
pub struct Tx {
    slots: Vec<Option<Value>>,
    /// Slots that were set, for the next transaction to clear; some twice.
    touched: Vec<u32>,
    /// Members whose names were made while rules ran, by name in lower case.
    made: Vec<(ValueId, Option<Value>)>,
    index: HashMap<ValueId, u32, RandomState>,
    captures: [Option<ValueId>; 10],
    /// Slots that the embedding configuration has set, and rules cannot change.
    pinned: Vec<u32>,
}

impl Tx {
    /// Forgets everything, and makes room for the names of a rule set.
    pub fn clear(&mut self, names: &Names) {
        for slot in self.touched.drain(..) {
            if let Some(value) = self.slots.get_mut(slot as usize) {
                *value = None;
            }
        }
        self.slots.resize(names.len(), None);
        self.made.clear();
        self.index.clear();
        self.captures = [None; 10];
        self.pinned.clear();
    }

    /// Sets a member for good: rules that set it later have no effect.
    pub fn pin(&mut self, name: Name, value: Value) {
        self.set(name, Some(value));
        if let Name::Slot(slot) = name {
            self.pinned.push(slot);
        }
    }

    /// The value of a member.
    pub fn get(&self, name: Name) -> Option<Value> {
        match name {
            Name::Slot(slot) => self.slots.get(slot as usize).copied().flatten(),
            Name::Capture(group) => {
                self.captures.get(usize::from(group)).copied().flatten().map(Value::Text)
            }
        }
    }

    /// Sets or removes a member.
    pub fn set(&mut self, name: Name, value: Option<Value>) {
        match name {
            Name::Slot(slot) if self.pinned.contains(&slot) => {}
            Name::Slot(slot) => {
                if let Some(place) = self.slots.get_mut(slot as usize) {
                    *place = value;
                    self.touched.push(slot);
                }
            }
            Name::Capture(group) => {
                if let (Some(place), None | Some(Value::Text(_))) =
                    (self.captures.get_mut(usize::from(group)), value)
                {
                    *place = value.map(|value| match value {
                        Value::Text(id) => id,
                        Value::Number(_) => ValueId::EMPTY,
                    });
                }
            }
        }
    }

    /// The value of a member whose name was made while rules ran: by the id of the name in lower case.
    pub fn get_made(&self, lower: ValueId) -> Option<Value> {
        let index = *self.index.get(&lower)?;
        self.made.get(index as usize)?.1
    }

    /// Sets or removes a member whose name was made while rules ran.
    pub fn set_made(&mut self, lower: ValueId, value: Option<Value>) {
        let next = self.made.len() as u32;
        let index = *self.index.entry(lower).or_insert(next);
        match self.made.get_mut(index as usize) {
            Some((_, place)) => *place = value,
            None => self.made.push((lower, value)),
        }
    }

    /// Replaces what the last capture took.
    pub fn capture(&mut self, captures: [Option<ValueId>; 10]) {
        self.captures = captures;
    }

    /// Those whose names were made while rules ran.
    pub fn made(&self) -> impl Iterator<Item = (ValueId, Value)> {
        self.made.iter().filter_map(|(name, value)| Some((*name, (*value)?)))
    }
}
