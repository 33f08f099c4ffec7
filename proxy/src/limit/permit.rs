//! A request's place among those that are under way.

use std::sync::{Arc, atomic::AtomicU64};

use crate::filter::rate_limit::{Place, Table, count, count::Counts};

/// A place that is given back when this goes: with the last byte of the answer, for the exchange holds it.
#[derive(Debug)]
pub struct Permit {
    table: Arc<Table>,
    at: At,
    amount: u64,
}

/// Where it is counted. A key's slot is its own as long as it counts something.
#[derive(Debug, Clone, Copy)]
enum At {
    Slot(usize),
    /// With those of other keys: its hash.
    Shared(u64),
}

impl Permit {
    /// So many places among those of the key with this hash, unless more than `max` would be taken.
    pub fn enter(table: &Arc<Table>, hash: u64, amount: u64, max: u64) -> Option<Self> {
        let place = table.place(hash, &Counts);
        let at = match place {
            Place::Own { index, .. } => At::Slot(index),
            Place::Shared(_) => At::Shared(hash),
        };
        count::enter(&place, amount, max).then(|| Self { table: Arc::clone(table), at, amount })
    }

    /// Whether it counts together with those of other keys.
    pub fn is_shared(&self) -> bool {
        matches!(self.at, At::Shared(_))
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        match self.at {
            At::Slot(index) => {
                let word: &AtomicU64 = self.table.word(index);
                count::leave(&Place::Own { word, index, fresh: false }, self.amount);
            }
            At::Shared(hash) => count::leave(&Place::Shared(self.table.shared(hash)), self.amount),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_return_when_they_are_dropped() {
        let table = Arc::new(Table::new(1));
        let keys = 1_000u64;
        let hash = |key: u64| key.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        // Far more keys than slots.
        let held: Vec<_> =
            (0..keys).filter_map(|key| Permit::enter(&table, hash(key), 1, 2)).collect();
        assert!(held.iter().any(Permit::is_shared) && held.len() > 100);
        drop(held);
        assert_eq!(table.in_use(&Counts), 0);
        for key in 0..keys {
            let both =
                (Permit::enter(&table, hash(key), 1, 2), Permit::enter(&table, hash(key), 1, 2));
            assert!(both.0.is_some() && both.1.is_some(), "{key}");
            assert!(Permit::enter(&table, hash(key), 1, 2).is_none(), "{key}");
        }
    }
}
