//! The load of a cluster over all workers, and its caps: connections, pending, requests.
//!
//! What exceeds a cap is refused ([`crate::error::Error::Overflow`], which is 429): being full is never the upstream's fault.
//! The counters outlive a reload; the caps are the configuration's and are passed in.
//!
//! Copies of requests ([`Traffic::Copy`]) find room only where live requests leave some, and a connection that one uses is not
//! counted against those: whoever mirrors to a cluster that also serves must not have its clients refused for it.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU32, Ordering, fence},
};

use tokio::sync::{Notify, futures::Notified};

use super::endpoint::Vitals;

/// Whose a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Traffic {
    /// A client's.
    Live,
    /// A mirror's.
    Copy,
}

/// What a cluster has under way.
#[derive(Debug, Default)]
pub struct Load {
    requests: AtomicU32,
    connections: AtomicU32,
    /// Connections in the hands of copies, beside the others.
    copies: AtomicU32,
    pending: AtomicU32,
    retries: AtomicU32,
    freed: Notify,
    /// Connections close with their exchange.
    winding_down: AtomicBool,
}

/// A request in flight.
#[derive(Debug)]
pub struct Admission(Arc<Load>);

/// An open connection, or one being made.
#[derive(Debug)]
pub struct Slot {
    load: Arc<Load>,
    vitals: Arc<Vitals>,
    holder: Traffic,
}

/// A request that waits for a connection.
#[derive(Debug)]
pub struct Waiting<'a>(&'a Load);

/// A further try under way.
#[derive(Debug)]
pub struct Retrying<'a>(&'a Load);

impl Load {
    /// Admits a request unless `cap` are in flight.
    pub fn admit(self: &Arc<Self>, cap: u32) -> Option<Admission> {
        take(&self.requests, cap).then(|| Admission(self.clone()))
    }

    /// Counts a request that had been admitted and whose admission ended with an answer that was not passed on.
    pub fn readmit(self: &Arc<Self>) -> Admission {
        self.requests.fetch_add(1, Ordering::Relaxed);
        Admission(self.clone())
    }

    /// Room for one more connection to the endpoint of `vitals`, unless `cap` are open.
    pub fn connection(self: &Arc<Self>, vitals: &Arc<Vitals>, cap: u32) -> Option<Slot> {
        take(&self.connections, cap).then(|| {
            vitals.connections.fetch_add(1, Ordering::Relaxed);
            Slot { load: self.clone(), vitals: vitals.clone(), holder: Traffic::Live }
        })
    }

    /// The same for a copy, unless `cap` are open over all.
    pub fn connection_for_copy(self: &Arc<Self>, vitals: &Arc<Vitals>, cap: u32) -> Option<Slot> {
        let room = cap.saturating_sub(self.connections.load(Ordering::Relaxed));
        take(&self.copies, room).then(|| {
            vitals.connections.fetch_add(1, Ordering::Relaxed);
            Slot { load: self.clone(), vitals: vitals.clone(), holder: Traffic::Copy }
        })
    }

    /// A place among those that wait for a connection, unless `cap` wait already.
    pub fn wait(&self, cap: u32) -> Option<Waiting<'_>> {
        let place = take(&self.pending, cap).then(|| Waiting(self));
        // Pairs with the fence in `freed`: either we see what was freed, or whoever freed it sees us waiting.
        fence(Ordering::SeqCst);
        place
    }

    /// Counts a further try.
    pub fn retrying(&self) -> Retrying<'_> {
        self.retries.fetch_add(1, Ordering::Relaxed);
        Retrying(self)
    }

    /// Tells one who waits that a connection was closed or is idle.
    pub fn freed(&self) {
        fence(Ordering::SeqCst);
        if self.pending.load(Ordering::Relaxed) > 0 {
            self.freed.notify_one();
        }
    }

    /// Says whether connections are to close with their exchange.
    pub fn set_winding_down(&self, winding_down: bool) {
        self.winding_down.store(winding_down, Ordering::Release);
    }

    /// Whether connections close with their exchange.
    pub fn is_winding_down(&self) -> bool {
        self.winding_down.load(Ordering::Acquire)
    }

    /// Requests in flight.
    pub fn requests(&self) -> u32 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Connections open or being made.
    pub fn connections(&self) -> u32 {
        self.connections.load(Ordering::Relaxed) + self.copies.load(Ordering::Relaxed)
    }

    /// Requests that wait for a connection.
    pub fn pending(&self) -> u32 {
        self.pending.load(Ordering::Relaxed)
    }

    /// Further tries under way.
    pub fn retries(&self) -> u32 {
        self.retries.load(Ordering::Relaxed)
    }
}

impl Slot {
    /// The load that it is part of.
    pub fn load(&self) -> &Arc<Load> {
        &self.load
    }

    /// Leaves its room to live requests while a copy has the connection.
    pub fn lend(&mut self) {
        if self.holder == Traffic::Live {
            self.holder = Traffic::Copy;
            self.load.copies.fetch_add(1, Ordering::Relaxed);
            self.load.connections.fetch_sub(1, Ordering::Relaxed);
            self.load.freed();
        }
    }

    /// Takes room again, as a connection must have that is to serve live requests. False where `cap` do by now.
    pub fn take_back(&mut self, cap: u32) -> bool {
        if self.holder == Traffic::Copy && take(&self.load.connections, cap) {
            self.holder = Traffic::Live;
            self.load.copies.fetch_sub(1, Ordering::Relaxed);
        }
        self.holder == Traffic::Live
    }
}

impl Waiting<'_> {
    /// Ends when a connection has been freed; take it before looking for one, so that none is missed.
    pub fn freed(&self) -> Notified<'_> {
        self.0.freed.notified()
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        self.0.requests.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.vitals.connections.fetch_sub(1, Ordering::Relaxed);
        match self.holder {
            Traffic::Live => self.load.connections.fetch_sub(1, Ordering::Relaxed),
            Traffic::Copy => self.load.copies.fetch_sub(1, Ordering::Relaxed),
        };
        self.load.freed();
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.pending.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for Retrying<'_> {
    fn drop(&mut self) {
        self.0.retries.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Counts one more, unless `cap` is reached. Adds first, because that is one instruction where a check before it would be a
/// loop; the counter may therefore stand above the cap for a moment, but never do more than `cap` hold a place.
fn take(counter: &AtomicU32, cap: u32) -> bool {
    if counter.fetch_add(1, Ordering::Relaxed) < cap {
        return true;
    }
    counter.fetch_sub(1, Ordering::Relaxed);
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caps_hold_and_places_return() {
        let load = Arc::new(Load::default());
        let first = load.admit(2).unwrap();
        let _second = load.admit(2).unwrap();
        assert!(load.admit(2).is_none());
        assert_eq!(load.requests(), 2);
        drop(first);
        assert!(load.admit(2).is_some());

        let vitals = Arc::new(Vitals::default());
        let slot = load.connection(&vitals, 1).unwrap();
        assert!(load.connection(&vitals, 1).is_none());
        assert_eq!(vitals.connections.load(Ordering::Relaxed), 1);
        drop(slot);
        assert_eq!((load.connections(), vitals.connections.load(Ordering::Relaxed)), (0, 0));
        assert!(load.wait(0).is_none());
    }

    #[test]
    fn copies_take_what_is_left_and_no_room_from_others() {
        let load = Arc::new(Load::default());
        let vitals = Arc::new(Vitals::default());
        let live = load.connection(&vitals, 2).unwrap();
        let mut copy = load.connection_for_copy(&vitals, 2).unwrap();
        assert!(load.connection_for_copy(&vitals, 2).is_none());
        let mut other = load.connection(&vitals, 2).unwrap();
        assert_eq!(load.connections(), 3);
        assert!(!copy.take_back(2), "two live ones are open");
        drop(live);
        assert!(copy.take_back(2) && load.connection(&vitals, 2).is_none());
        other.lend();
        assert!(load.connection(&vitals, 2).is_some());
        assert_eq!(load.connections(), 2);
        drop((copy, other));
        assert_eq!((load.connections(), vitals.connections.load(Ordering::Relaxed)), (0, 0));
    }

    #[tokio::test]
    async fn who_waits_hears_of_a_freed_connection() {
        let load = Arc::new(Load::default());
        let vitals = Arc::new(Vitals::default());
        let slot = load.connection(&vitals, 1).unwrap();
        let waiting = load.wait(1).unwrap();
        let freed = waiting.freed();
        drop(slot);
        freed.await;
        assert_eq!(load.pending(), 1);
        drop(waiting);
        assert_eq!(load.pending(), 0);
    }
}
