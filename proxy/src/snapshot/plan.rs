//! Which listeners a configuration keeps, and sockets for those that it adds.
//!
//! Nothing is listened on here: a plan that is dropped changes nothing.

use std::{
    collections::BTreeMap,
    net::{SocketAddr, TcpListener},
    sync::Arc,
};

use super::Snapshot;
use crate::{
    config::{Config, diagnostic::Problem, document::path},
    listener::{ListenerState, socket},
};

/// Listeners to be: their state, and sockets for those that are new.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) states: BTreeMap<String, Arc<ListenerState>>,
    pub(super) sockets: Vec<(Arc<ListenerState>, Vec<TcpListener>)>,
}

impl Plan {
    /// Keeps the listeners whose name and address stay, and binds the others. `closing` are removed ones whose sockets may
    /// still be open.
    pub(super) fn make(
        config: &Config,
        before: Option<&Arc<Snapshot>>,
        closing: &[Arc<ListenerState>],
        workers: usize,
    ) -> Result<Self, Vec<Problem>> {
        let (mut plan, mut problems) = (Self::default(), Vec::new());
        let old = before.map(|before| before.listeners.as_slice()).unwrap_or_default();
        for (name, written) in &config.listeners {
            let same_address = old.iter().find(|old| old.config.listen == written.listen);
            if let Some(kept) = same_address.filter(|old| *old.state.name == **name) {
                plan.states.insert(name.clone(), Arc::clone(&kept.state));
                continue;
            }
            let ours = same_address.is_some()
                || closing.iter().any(|state| state.address == written.listen);
            let bound = if ours && written.listen.port() != 0 {
                socket::take_over(written.listen, workers)
            } else {
                socket::bind(written.listen, workers)
            };
            match bound {
                Ok(sockets) => plan.add(name, written.listen, sockets),
                Err(error) => {
                    problems.push(Problem::at(
                        path!["listeners", name.as_str(), "listen"],
                        error.to_string(),
                    ));
                }
            }
        }
        if problems.is_empty() { Ok(plan) } else { Err(problems) }
    }

    fn add(&mut self, name: &str, asked: SocketAddr, sockets: Vec<TcpListener>) {
        let address = sockets.first().and_then(|socket| socket.local_addr().ok()).unwrap_or(asked);
        let state = ListenerState::new(name, address);
        self.states.insert(name.to_owned(), Arc::clone(&state));
        self.sockets.push((state, sockets));
    }
}
