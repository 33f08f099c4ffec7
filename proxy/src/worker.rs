//! A worker: the state that one core's connections share, and that other cores only look at.

use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::snapshot::Snapshot;

/// One worker. With `runtime = "per_core"` there is one per core, with `"shared"` there is one.
#[derive(Debug)]
pub struct Worker {
    /// Index, dense from 0: shards of counters and pools are addressed by it.
    pub id: usize,
    snapshot: ArcSwap<Held>,
}

/// A worker's own handle on the snapshot.
///
/// Requests count references on this handle, which no other worker touches, and not on the snapshot itself, whose count
/// would travel between cores. The control thread keeps a reference of its own until all handles are gone, so that no
/// worker ever pays for freeing a snapshot.
#[derive(Debug)]
pub struct Held(Arc<Snapshot>);

impl Worker {
    /// A worker that serves `snapshot`.
    pub fn new(id: usize, snapshot: Arc<Snapshot>) -> Self {
        Self { id, snapshot: ArcSwap::from_pointee(Held(snapshot)) }
    }

    /// The snapshot in force. A request calls this once and keeps what it got to its last byte.
    pub fn snapshot(&self) -> Arc<Held> {
        self.snapshot.load_full()
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
