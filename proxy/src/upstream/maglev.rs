//! Maglev hashing (Eisenbud et al., NSDI 2016, section 3.4): a table from hash to endpoint that gives each an even share
//! and moves few keys when one comes or goes.

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// A lookup table.
#[derive(Debug, Default)]
pub struct Table {
    slots: Box<[u32]>,
}

impl Table {
    /// A table over `names`. Equal names in any order give each name the same keys.
    pub fn new<'a>(names: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut order: Vec<(u32, &[u8])> = (0u32..).zip(names).collect();
        if order.is_empty() {
            return Self::default();
        }
        order.sort_by_key(|(_, name)| *name);
        let size = size_for(order.len());
        Self { slots: populate(&order, size).into() }
    }

    /// The walk of preference for `hash`: the endpoint that it belongs to, then those of the slots behind. It visits every
    /// slot once, so that an endpoint may come more than once.
    pub fn walk(&self, hash: u64) -> impl Iterator<Item = usize> {
        let len = self.slots.len();
        // No endpoint, no walk: the modulus is never 0 where it is used.
        let start = (hash % len.max(1) as u64) as usize;
        (0..len).map(move |step| self.slots[(start + step) % len] as usize)
    }
}

/// Fills the slots: the names take turns, each taking the next free slot of its own permutation.
fn populate(order: &[(u32, &[u8])], size: usize) -> Vec<u32> {
    const FREE: u32 = u32::MAX;
    let mut slots = vec![FREE; size];
    let mut cursors: Vec<(usize, usize)> =
        order.iter().map(|(_, name)| start(name, size)).collect();
    let mut filled = 0;
    while filled < size {
        for ((index, _), (at, skip)) in order.iter().zip(&mut cursors) {
            while slots[*at] != FREE {
                *at = (*at + *skip) % size;
            }
            slots[*at] = *index;
            filled += 1;
            if filled == size {
                break;
            }
        }
    }
    slots
}

/// Offset and skip of a name's permutation of the slots; any skip below a prime size visits them all.
fn start(name: &[u8], size: usize) -> (usize, usize) {
    let (offset, skip) = (xxh3_64_with_seed(name, 1), xxh3_64_with_seed(name, 2));
    ((offset % size as u64) as usize, (skip % (size as u64 - 1)) as usize + 1)
}

/// The paper wants a prime well above a hundred times the number of endpoints; small clusters need no large table.
fn size_for(endpoints: usize) -> usize {
    const PRIMES: [usize; 5] = [251, 1_021, 4_093, 16_381, 65_537];
    PRIMES.into_iter().find(|prime| *prime >= endpoints * 100).unwrap_or(65_537)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn table(names: &[String]) -> Table {
        Table::new(names.iter().map(String::as_bytes))
    }

    fn names(count: usize) -> Vec<String> {
        (0..count).map(|n| format!("10.0.{}.{}:8080", n / 256, n % 256)).collect()
    }

    #[test]
    fn no_endpoints_no_walk() {
        assert_eq!(table(&[]).walk(7).count(), 0);
        assert_eq!(table(&names(1)).walk(7).next(), Some(0));
    }

    #[test]
    fn shares_are_even() {
        for count in [2, 3, 10, 100] {
            let table = table(&names(count));
            let mut hits = vec![0usize; count];
            table.slots.iter().for_each(|slot| hits[*slot as usize] += 1);
            let (min, max) = (hits.iter().min().unwrap(), hits.iter().max().unwrap());
            assert!(max - min <= 1 + max / 50, "{count}: {min}..{max}");
        }
    }

    #[test]
    fn a_lost_endpoint_moves_few_keys_of_the_others() {
        let before = names(10);
        let after: Vec<String> =
            before.iter().filter(|name| !name.ends_with(".4:8080")).cloned().collect();
        let (old, new) = (table(&before), table(&after));
        let mut moved = 0;
        let mut kept = 0;
        for key in 0..20_000u64 {
            let hash = key.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let was = &before[old.walk(hash).next().unwrap()];
            let is = &after[new.walk(hash).next().unwrap()];
            if was.ends_with(".4:8080") {
                continue;
            }
            kept += u32::from(was == is);
            moved += u32::from(was != is);
        }
        assert!(moved * 20 < kept, "{moved} of {} moved", moved + kept);
    }

    proptest! {
        #[test]
        fn order_of_names_does_not_matter(count in 1usize..30, turn in 0usize..30, hash: u64) {
            let straight = names(count);
            let mut turned = straight.clone();
            turned.rotate_left(turn % count);
            let a = table(&straight).walk(hash).next().map(|index| straight[index].clone());
            let b = table(&turned).walk(hash).next().map(|index| turned[index].clone());
            prop_assert_eq!(a, b);
        }

        #[test]
        fn a_walk_meets_every_endpoint(count in 1usize..30, hash: u64) {
            let met: std::collections::BTreeSet<usize> = table(&names(count)).walk(hash).collect();
            prop_assert_eq!(met.len(), count);
        }
    }
}
