//! Allow and deny lists that operators change while the proxy runs, through the admin server: each entry for a time of its own.
//!
//! They hold for every listener, route and tenant, with or without a WAF, and outlive reloads but not the process. What must
//! outlive that belongs into `waf.allow` and `waf.deny`. Nothing here reads a clock: entries end when [`LiveLists::expire`] is
//! told that their time has come, which the control thread does twice a second.

use std::{
    net::IpAddr,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use arc_swap::ArcSwap;
use parking_lot::Mutex;

use super::ip_set::IpSet;
use crate::config::Cidr;

/// One of the two lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum List {
    /// Clients that no deny list turns away, and that no rule of the WAF looks at.
    Allow,
    /// Clients that are answered 403.
    Deny,
}

/// A block on a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Which list.
    pub list: List,
    /// Whom it is about.
    pub block: Cidr,
    /// When it was put there, since the epoch.
    pub since: Duration,
    /// When it ends, since the epoch.
    pub until: Duration,
    /// Why, as the operator says.
    pub reason: String,
}

/// Why an entry is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unlisted {
    /// The lists are as long as they may be.
    #[error("the lists hold {0} entries, as many as `admin.list_entries` allows; remove some")]
    Full(usize),
    /// It would leave nobody to tell from the others.
    #[error("{0} is every address of its family; a list is for some clients")]
    Everybody(Cidr),
}

/// Both lists.
#[derive(Debug, Default)]
pub struct LiveLists {
    /// Whether there is any entry: all that a request looks at while there is none.
    occupied: AtomicBool,
    compiled: ArcSwap<Compiled>,
    entries: Mutex<Vec<Entry>>,
}

#[derive(Debug, Default)]
struct Compiled {
    allow: IpSet,
    deny: IpSet,
}

impl LiveLists {
    /// The list that a client is on. `allow` goes before `deny`.
    pub fn find(&self, client: IpAddr) -> Option<List> {
        if !self.occupied.load(Ordering::Relaxed) {
            return None;
        }
        let compiled = self.compiled.load();
        if compiled.allow.contains(client) {
            Some(List::Allow)
        } else if compiled.deny.contains(client) {
            Some(List::Deny)
        } else {
            None
        }
    }

    /// Puts an entry on its list, in the place of one for the same block.
    ///
    /// # Errors
    /// The block is everybody; or there are `entries_max` others.
    pub fn add(&self, entry: Entry, entries_max: usize) -> Result<(), Unlisted> {
        if IpSet::new(&[entry.block]).has_whole_family() {
            return Err(Unlisted::Everybody(entry.block));
        }
        let mut entries = self.entries.lock();
        let count = entries.len();
        match entries.iter_mut().find(|other| other.is(entry.list, entry.block)) {
            Some(other) => *other = entry,
            None if count >= entries_max => return Err(Unlisted::Full(count)),
            None => entries.push(entry),
        }
        self.compile(&entries);
        Ok(())
    }

    /// Takes an entry off its list; none if it is not there.
    pub fn remove(&self, list: List, block: Cidr) -> Option<Entry> {
        let mut entries = self.entries.lock();
        let at = entries.iter().position(|entry| entry.is(list, block))?;
        let removed = entries.remove(at);
        self.compile(&entries);
        Some(removed)
    }

    /// Takes off what has come to its end.
    pub fn expire(&self, now: Duration) -> Vec<Entry> {
        if !self.occupied.load(Ordering::Relaxed) {
            return Vec::new();
        }
        let mut entries = self.entries.lock();
        let ended: Vec<Entry> = entries.extract_if(.., |entry| entry.until <= now).collect();
        if !ended.is_empty() {
            self.compile(&entries);
        }
        ended
    }

    /// All entries, in the order in which they came.
    pub fn entries(&self) -> Vec<Entry> {
        self.entries.lock().clone()
    }

    fn compile(&self, entries: &[Entry]) {
        let set = |list| {
            let blocks = entries.iter().filter(|entry| entry.list == list);
            IpSet::new(&blocks.map(|entry| entry.block).collect::<Vec<_>>())
        };
        let (allow, deny) = (set(List::Allow), set(List::Deny));
        self.compiled.store(Compiled { allow, deny }.into());
        self.occupied.store(!entries.is_empty(), Ordering::Relaxed);
    }
}

impl Entry {
    fn is(&self, list: List, block: Cidr) -> bool {
        self.list == list && self.block == block
    }
}

impl List {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Allow, Self::Deny];

    /// The word in metrics, logs and the admin API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(list: List, block: &str, until: u64) -> Entry {
        Entry {
            list,
            block: block.parse().unwrap(),
            since: Duration::ZERO,
            until: Duration::from_secs(until),
            reason: String::new(),
        }
    }

    fn found(lists: &LiveLists, client: &str) -> Option<List> {
        lists.find(client.parse().unwrap())
    }

    #[test]
    fn allow_goes_before_deny() {
        let lists = LiveLists::default();
        assert_eq!(found(&lists, "192.0.2.1"), None);
        lists.add(entry(List::Deny, "192.0.2.0/24", 60), 10).unwrap();
        lists.add(entry(List::Allow, "192.0.2.1", 60), 10).unwrap();
        lists.add(entry(List::Deny, "192.0.2.1", 60), 10).unwrap();
        assert_eq!(found(&lists, "192.0.2.1"), Some(List::Allow));
        assert_eq!(found(&lists, "192.0.2.2"), Some(List::Deny));
        assert_eq!(found(&lists, "::ffff:192.0.2.2"), Some(List::Deny));
        assert_eq!(found(&lists, "192.0.3.1"), None);
    }

    #[test]
    fn entries_end_in_their_time() {
        let lists = LiveLists::default();
        lists.add(entry(List::Deny, "192.0.2.0/24", 60), 10).unwrap();
        lists.add(entry(List::Deny, "192.0.2.7", 120), 10).unwrap();
        assert_eq!(lists.expire(Duration::from_secs(59)), []);
        assert_eq!(lists.expire(Duration::from_secs(60)), [entry(List::Deny, "192.0.2.0/24", 60)]);
        assert_eq!(found(&lists, "192.0.2.1"), None);
        assert_eq!(found(&lists, "192.0.2.7"), Some(List::Deny));
        lists.add(entry(List::Deny, "192.0.2.7", 240), 10).unwrap();
        assert_eq!(lists.expire(Duration::from_secs(200)), []);
        assert_eq!(lists.expire(Duration::from_secs(240)).len(), 1);
        assert!(!lists.occupied.load(Ordering::Relaxed));
    }

    #[test]
    fn entries_are_replaced_removed_and_bounded() {
        let lists = LiveLists::default();
        lists.add(entry(List::Deny, "192.0.2.1", 60), 2).unwrap();
        lists.add(entry(List::Deny, "192.0.2.2", 60), 2).unwrap();
        assert_eq!(lists.add(entry(List::Deny, "192.0.2.3", 60), 2), Err(Unlisted::Full(2)));
        lists.add(entry(List::Deny, "192.0.2.2", 90), 2).unwrap();
        assert_eq!(lists.entries()[1].until, Duration::from_secs(90));
        let block = "192.0.2.1".parse().unwrap();
        assert_eq!(lists.remove(List::Allow, block), None);
        assert!(lists.remove(List::Deny, block).is_some());
        assert_eq!(found(&lists, "192.0.2.1"), None);
        assert_eq!(found(&lists, "192.0.2.2"), Some(List::Deny));
    }

    #[test]
    fn nobody_lists_everybody() {
        let lists = LiveLists::default();
        for block in ["0.0.0.0/0", "::/0"] {
            let refused = lists.add(entry(List::Allow, block, 60), 2);
            assert_eq!(refused, Err(Unlisted::Everybody(block.parse().unwrap())));
        }
        // Halves may be listed, but not by accident.
        lists.add(entry(List::Deny, "0.0.0.0/1", 60), 2).unwrap();
    }
}
