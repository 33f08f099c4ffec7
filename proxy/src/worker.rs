//! A worker: the state that one core's connections share, and that other cores only look at.

use std::{
    hash::{BuildHasher, RandomState},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use arc_swap::ArcSwap;

use crate::snapshot::Snapshot;

/// One worker. With `runtime = "per_core"` there is one per core, with `"shared"` there is one.
#[derive(Debug)]
pub struct Worker {
    /// Index, dense from 0: shards of counters and pools are addressed by it.
    pub id: usize,
    snapshot: ArcSwap<Held>,
    chance: AtomicU64,
}

/// A worker's own handle on the snapshot.
///
/// Requests count references on this handle, which no other worker touches, and not on the snapshot itself, whose count
/// would travel between cores. The control thread keeps a reference of its own until all handles are gone, so that no
/// worker ever pays for freeing a snapshot.
#[derive(Debug)]
pub struct Held(Arc<Snapshot>);

impl Held {
    /// A handle on `snapshot`.
    pub fn new(snapshot: Arc<Snapshot>) -> Self {
        Self(snapshot)
    }
}

impl Worker {
    /// A worker that serves `snapshot`.
    pub fn new(id: usize, snapshot: Arc<Snapshot>) -> Self {
        let seed = RandomState::new().hash_one(id);
        Self { id, snapshot: ArcSwap::from_pointee(Held(snapshot)), chance: AtomicU64::new(seed) }
    }

    /// The snapshot in force. A request calls this once and keeps what it got to its last byte.
    pub fn snapshot(&self) -> Arc<Held> {
        self.snapshot.load_full()
    }

    /// Chance for choices that nobody may need to guess at: which request to copy, which of two endpoints. SplitMix64
    /// (Steele, Lea, Flood 2014), seeded by the operating system.
    pub fn chance(&self) -> u64 {
        let state = self.chance.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Twice as much.
    pub fn chance_128(&self) -> u128 {
        u128::from(self.chance()) << 64 | u128::from(self.chance())
    }

    /// Puts another snapshot in force. Called by the control thread.
    pub fn publish(&self, snapshot: Arc<Snapshot>) {
        self.snapshot.store(Arc::new(Held(snapshot)));
    }
}

impl std::ops::Deref for Held {
    type Target = Snapshot;

    fn deref(&self) -> &Snapshot {
        &self.0
    }
}
