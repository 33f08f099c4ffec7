//! Requests that wait for a place, in the order in which they get it; pure.
//!
//! The highest class goes first. Within a class tenants take turns, so that one that sends much waits behind itself and not in
//! front of others. Of one tenant's the oldest goes first as long as the queue is a burst that drains; one that has stood for
//! longer than a request may wait is served newest first, since whoever has waited longest is the most likely to have given up
//! (adaptive LIFO: Maurer, "Fail at Scale", ACM Queue 13, 8).

use std::{
    collections::BTreeMap,
    ops::Bound::{Excluded, Unbounded},
};

/// What waits, of which each holds a `T`.
#[derive(Debug)]
pub struct Queue<T> {
    /// By rank.
    classes: BTreeMap<u8, Class<T>>,
    len: usize,
    next: u64,
}

/// Where something waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket {
    rank: u8,
    tenant: u64,
    number: u64,
}

/// Whose turn it is within a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Of who came first.
    Oldest,
    /// Of who came last.
    Newest,
}

#[derive(Debug)]
struct Class<T> {
    /// By tenant, and then in the order in which they came.
    tenants: BTreeMap<u64, BTreeMap<u64, T>>,
    /// The tenant that had the last turn.
    last: u64,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self { classes: BTreeMap::new(), len: 0, next: 0 }
    }
}

impl<T> Queue<T> {
    /// How many wait.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Lets one wait, unless `max` do already. Then one has to go: the newest of the lowest class below this one, or in the
    /// same class of the tenant with the most, if this tenant has fewer. What had to go comes back.
    ///
    /// # Errors
    /// None has to go for this one.
    pub fn push(
        &mut self,
        rank: u8,
        tenant: u64,
        one: T,
        max: usize,
    ) -> Result<(Ticket, Option<T>), T> {
        let gone = if self.len < max {
            None
        } else {
            match self.give_way(rank, tenant) {
                Some(ticket) => self.remove(ticket),
                None => return Err(one),
            }
        };
        let number = self.next;
        self.next += 1;
        let class = self.classes.entry(rank).or_insert(Class { tenants: BTreeMap::new(), last: 0 });
        class.tenants.entry(tenant).or_default().insert(number, one);
        self.len += 1;
        Ok((Ticket { rank, tenant, number }, gone))
    }

    /// The highest rank of which somebody waits and that fits.
    pub fn highest(&self, mut fits: impl FnMut(u8) -> bool) -> Option<u8> {
        self.classes.keys().rev().copied().find(|rank| fits(*rank))
    }

    /// Takes the next of a rank.
    pub fn pop(&mut self, rank: u8, turn: Turn) -> Option<T> {
        let class = self.classes.get(&rank)?;
        let behind = class.tenants.range((Excluded(class.last), Unbounded)).next();
        let (tenant, waiting) = behind.or_else(|| class.tenants.iter().next())?;
        let number = match turn {
            Turn::Oldest => waiting.keys().next(),
            Turn::Newest => waiting.keys().next_back(),
        };
        let ticket = Ticket { rank, tenant: *tenant, number: *number? };
        if let Some(class) = self.classes.get_mut(&rank) {
            class.last = ticket.tenant;
        }
        self.remove(ticket)
    }

    /// Takes one out who waits no longer; `None` if it does not anyway.
    pub fn remove(&mut self, ticket: Ticket) -> Option<T> {
        let class = self.classes.get_mut(&ticket.rank)?;
        let waiting = class.tenants.get_mut(&ticket.tenant)?;
        let one = waiting.remove(&ticket.number)?;
        self.len -= 1;
        if waiting.is_empty() {
            class.tenants.remove(&ticket.tenant);
            if class.tenants.is_empty() {
                self.classes.remove(&ticket.rank);
            }
        }
        Some(one)
    }

    /// Who has to go for one of this class and tenant. Looks at each tenant that waits in one class.
    fn give_way(&self, rank: u8, tenant: u64) -> Option<Ticket> {
        let (lowest, class) = self.classes.iter().next()?;
        let (most, waiting) = class.tenants.iter().max_by_key(|(_, waiting)| waiting.len())?;
        let own = class.tenants.get(&tenant).map_or(0, BTreeMap::len);
        let gives_way = *lowest < rank || *lowest == rank && own + 1 < waiting.len();
        let number = *waiting.keys().next_back()?;
        gives_way.then_some(Ticket { rank: *lowest, tenant: *most, number })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn drain(queue: &mut Queue<&'static str>, turn: Turn) -> Vec<&'static str> {
        let mut all = Vec::new();
        while let Some(rank) = queue.highest(|_| true) {
            all.extend(queue.pop(rank, turn));
        }
        all
    }

    fn filled(ones: &[(u8, u64, &'static str)]) -> Queue<&'static str> {
        let mut queue = Queue::default();
        for (rank, tenant, one) in ones {
            queue.push(*rank, *tenant, *one, 100).unwrap();
        }
        queue
    }

    #[test]
    fn classes_go_in_order_and_tenants_take_turns() {
        let ones =
            [(1, 7, "a1"), (1, 7, "a2"), (1, 7, "a3"), (2, 7, "top"), (1, 9, "b1"), (0, 1, "low")];
        assert_eq!(drain(&mut filled(&ones), Turn::Oldest), ["top", "a1", "b1", "a2", "a3", "low"]);
        assert_eq!(drain(&mut filled(&ones), Turn::Newest), ["top", "a3", "b1", "a2", "a1", "low"]);
    }

    #[test]
    fn a_full_queue_lets_the_lowest_class_go_and_then_the_greediest_tenant() {
        let mut queue = filled(&[(0, 1, "low"), (1, 1, "a1"), (1, 1, "a2"), (1, 1, "a3")]);
        assert_eq!(queue.push(0, 2, "no", 4), Err("no"));
        assert_eq!(queue.push(1, 1, "a4", 4).unwrap().1, Some("low"));
        assert_eq!(queue.push(1, 1, "no", 4), Err("no"));
        assert_eq!(queue.push(1, 2, "b1", 4).unwrap().1, Some("a4"));
        assert_eq!(queue.push(1, 2, "b2", 4).unwrap().1, Some("a3"));
        // Two each is fair.
        assert_eq!(queue.push(1, 2, "no", 4), Err("no"));
        assert_eq!(queue.push(2, 2, "top", 4).unwrap().1, Some("b2"));
    }

    #[test]
    fn who_leaves_is_gone() {
        let mut queue = Queue::default();
        let (ticket, _) = queue.push(1, 1, "a", 1).unwrap();
        assert_eq!((queue.remove(ticket), queue.remove(ticket)), (Some("a"), None));
        assert_eq!((queue.len(), queue.highest(|_| true)), (0, None));
    }

    proptest! {
        #[test]
        fn each_is_served_refused_or_removed_once(steps in prop::collection::vec((0_u8..4, 0_u64..5, 0_u8..4), 0..300)) {
            let mut queue = Queue::default();
            let (mut tickets, mut seen, mut given) = (Vec::new(), Vec::new(), 0_u32);
            for (rank, tenant, action) in steps {
                match action {
                    0 => seen.extend(queue.highest(|_| true).and_then(|rank| queue.pop(rank, Turn::Newest))),
                    1 => seen.extend(tickets.pop().and_then(|ticket| queue.remove(ticket))),
                    _ => {
                        given += 1;
                        match queue.push(rank, tenant, given, 8) {
                            Ok((ticket, gone)) => {
                                tickets.push(ticket);
                                seen.extend(gone);
                            }
                            Err(one) => seen.push(one),
                        }
                    }
                }
                prop_assert!(queue.len() <= 8);
            }
            while let Some(rank) = queue.highest(|_| true) {
                seen.extend(queue.pop(rank, Turn::Oldest));
            }
            seen.sort_unstable();
            prop_assert_eq!(seen, (1..=given).collect::<Vec<_>>());
            prop_assert_eq!(queue.len(), 0);
        }
    }
}
