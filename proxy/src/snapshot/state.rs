//! What the control thread remembers between loads.

use std::sync::Arc;

use foxtrot_api::{Cause, LastReload, LocatedError, ReloadOutcome};

use super::{
    Snapshot,
    history::History,
    read::{Origin, Read},
    watch::Fingerprints,
};
use crate::{clock, listener::ListenerState};

/// What is in force, what was, and how the last load went.
pub(super) struct State {
    pub(super) current: Arc<Snapshot>,
    /// Of the text in force.
    pub(super) hash: u64,
    /// Contents of the files that it names.
    pub(super) named: Fingerprints,
    pub(super) said: Said,
    pub(super) history: History,
    pub(super) last: LastReload,
    /// Snapshots that exchanges may still hold. The last reference is dropped here, so that no worker pays for it.
    pub(super) retired: Vec<Arc<Snapshot>>,
    /// Listeners that were removed, until the last connection and the last socket of them is closed.
    pub(super) draining: Vec<Arc<ListenerState>>,
}

/// What the file said when it was last read and could be used. After a rollback something else is in force, which lasts until
/// the file says something new.
pub(super) struct Said {
    pub(super) hash: u64,
    /// Contents of the file and those that it includes.
    pub(super) sources: Fingerprints,
}

impl State {
    pub(super) fn new(current: Arc<Snapshot>, read: &Read) -> Self {
        let mut history = History::default();
        history.push(1, clock::since_epoch(), Cause::Start, read.loaded.text.as_str().into());
        let mut state = Self {
            current,
            hash: read.loaded.hash,
            named: read.named.clone(),
            said: Said { hash: read.loaded.hash, sources: Fingerprints::default() },
            history,
            last: last(ReloadOutcome::Applied, Cause::Start, Vec::new()),
            retired: Vec::new(),
            draining: Vec::new(),
        };
        state.heard(read);
        state
    }

    /// Takes out what nobody else holds, to be dropped outside of the lock.
    pub(super) fn unheld(&mut self) -> (Vec<Arc<Snapshot>>, Vec<Arc<ListenerState>>) {
        let snapshots =
            self.retired.extract_if(.., |snapshot| Arc::strong_count(snapshot) == 1).collect();
        let listeners =
            self.draining.extract_if(.., |state| Arc::strong_count(state) == 1).collect();
        (snapshots, listeners)
    }

    /// Remembers what the file says, if this is from it.
    pub(super) fn heard(&mut self, read: &Read) {
        if let Origin::File(sources) = &read.origin {
            self.said = Said { hash: read.loaded.hash, sources: sources.clone() };
        }
    }
}

/// How a load went, now.
pub(super) fn last(result: ReloadOutcome, cause: Cause, errors: Vec<LocatedError>) -> LastReload {
    // Milliseconds fit for half a billion years.
    LastReload { result, cause, at: clock::since_epoch().as_millis() as u64, errors }
}
