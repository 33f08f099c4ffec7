//! Persistent collections: what rules remember of an address, a session, a user from one transaction to the next.
//!
//! In memory and bounded: of each kind so many records, of which the longest unused gives way, with so many members each.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::{number, variable::Persistent};

/// All records. Shared by the transactions of all workers.
#[derive(Debug)]
pub struct Store {
    kinds: [Mutex<HashMap<Box<[u8]>, Record>>; Persistent::COUNT],
    records_max: usize,
}

#[derive(Debug, Default)]
struct Record {
    members: HashMap<Box<[u8]>, Member>,
    /// Seconds since the epoch after which it is gone.
    until: i64,
}

#[derive(Debug)]
struct Member {
    value: Vec<u8>,
    until: i64,
    /// When `deprecatevar` last acted.
    lowered: i64,
}

/// How many members a record may have.
const MEMBERS_MAX: usize = 64;
/// How long a value may be, in bytes.
const VALUE_MAX: usize = 4096;

/// A member and the time at which it is meant.
#[derive(Clone, Copy, Debug)]
pub struct At<'a> {
    /// Which collection.
    pub kind: Persistent,
    /// Which record of it.
    pub key: &'a [u8],
    /// Seconds since the epoch.
    pub now: i64,
    /// Seconds for which a record is kept after its last use.
    pub timeout: i64,
}

impl Store {
    /// An empty store that keeps at most so many records of each kind.
    pub fn new(records_max: usize) -> Self {
        Self { kinds: std::array::from_fn(|_| Mutex::default()), records_max }
    }

    fn kind(&self, kind: Persistent) -> MutexGuard<'_, HashMap<Box<[u8]>, Record>> {
        // What a panic has left is still a map; and nothing here panics.
        self.kinds[kind as usize].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All members of a record, by name in lower case.
    pub fn members(&self, at: &At<'_>) -> Vec<(Vec<u8>, Vec<u8>)> {
        let records = self.kind(at.kind);
        let Some(record) = records.get(at.key).filter(|record| record.until > at.now) else {
            return Vec::new();
        };
        let alive = record.members.iter().filter(|(_, member)| member.until > at.now);
        let mut members: Vec<_> =
            alive.map(|(name, member)| (name.to_vec(), member.value.clone())).collect();
        members.sort();
        members
    }

    /// Sets or removes a member.
    pub fn set(&self, at: &At<'_>, name: &[u8], value: Option<&[u8]>) {
        self.change(at, name, |_| value.map(<[u8]>::to_vec));
    }

    /// Adds to a member.
    pub fn add(&self, at: &At<'_>, name: &[u8], amount: i64) {
        self.change(at, name, |value| {
            let sum = number::parse(value).saturating_add(amount);
            Some(number::Decimal::from(sum).as_bytes().to_vec())
        });
    }

    /// Lets a member end in so many seconds.
    pub fn expire(&self, at: &At<'_>, name: &[u8], seconds: i64) {
        self.member(at, name, |member| member.until = at.now.saturating_add(seconds));
    }

    /// Lowers a counter by an amount for each period that has passed.
    pub fn deprecate(&self, at: &At<'_>, name: &[u8], amount: i64, seconds: i64) {
        self.member(at, name, |member| {
            let periods = at.now.saturating_sub(member.lowered) / seconds.max(1);
            let value = number::parse(&member.value);
            let lower = value.saturating_sub(periods.saturating_mul(amount)).max(0);
            member.value = number::Decimal::from(lower).as_bytes().to_vec();
            member.lowered = member.lowered.saturating_add(periods.saturating_mul(seconds));
        });
    }

    fn member(&self, at: &At<'_>, name: &[u8], change: impl FnOnce(&mut Member)) {
        let mut records = self.kind(at.kind);
        let record = records.get_mut(at.key).filter(|record| record.until > at.now);
        if let Some(member) =
            record.and_then(|record| record.members.get_mut(lower(name).as_slice()))
        {
            change(member);
        }
    }

    fn change(&self, at: &At<'_>, name: &[u8], value: impl FnOnce(&[u8]) -> Option<Vec<u8>>) {
        let mut records = self.kind(at.kind);
        if !records.contains_key(at.key) && records.len() >= self.records_max {
            make_room(&mut records, at.now);
        }
        let record = records.entry(at.key.into()).or_default();
        if record.until <= at.now {
            record.members.clear();
        }
        record.until = at.now.saturating_add(at.timeout);
        let name = lower(name).into_boxed_slice();
        let before = record.members.get(&name).filter(|member| member.until > at.now);
        match value(before.map_or(b"", |member| &member.value)) {
            None => drop(record.members.remove(&name)),
            Some(mut value) => {
                value.truncate(VALUE_MAX);
                if record.members.len() < MEMBERS_MAX || record.members.contains_key(&name) {
                    let fresh = Member { value: Vec::new(), until: i64::MAX, lowered: at.now };
                    let member = record.members.entry(name).or_insert(fresh);
                    if member.until <= at.now {
                        (member.until, member.lowered) = (i64::MAX, at.now);
                    }
                    member.value = value;
                }
            }
        }
    }
}

/// Drops records whose time is over, or else the eighth that ends first: so that this is rare.
fn make_room(records: &mut HashMap<Box<[u8]>, Record>, now: i64) {
    let before = records.len();
    records.retain(|_, record| record.until > now);
    if records.len() == before {
        let mut ends: Vec<i64> = records.values().map(|record| record.until).collect();
        ends.sort_unstable();
        let last = ends.get(before / 8).copied().unwrap_or(i64::MAX);
        let mut left = before / 8 + 1;
        records.retain(|_, record| {
            let goes = record.until <= last && left > 0;
            left -= usize::from(goes);
            !goes
        });
    }
}

fn lower(name: &[u8]) -> Vec<u8> {
    name.to_ascii_lowercase()
}

#[cfg(test)]
mod tests;
