//! Which listeners a configuration keeps, and sockets for those that it adds.
//!
//! Nothing is listened on here: a plan that is dropped changes nothing.

use std::{
    collections::BTreeMap,
    net::{SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};

use futures_util::future::join_all;

use crate::{
    clock,
    config::{Config, diagnostic::Problem, document::path},
    listener::{Listener, ListenerState, socket},
};

/// Listeners to be: their state, and sockets for those that are new.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) states: BTreeMap<String, Arc<ListenerState>>,
    pub(super) sockets: Vec<(Arc<ListenerState>, Vec<TcpListener>)>,
}

/// The listeners whose sockets are ours.
#[derive(Debug, Default)]
pub(super) struct Ours<'a> {
    pub(super) serving: &'a [Arc<Listener>],
    pub(super) draining: &'a [Arc<ListenerState>],
}

impl Plan {
    /// Keeps the listeners whose name and address stay, and binds the others.
    pub(super) fn make(
        config: &Config,
        ours: &Ours<'_>,
        workers: usize,
    ) -> Result<Self, Vec<Problem>> {
        let (mut plan, mut problems) = (Self::default(), Vec::new());
        for (name, written) in &config.listeners {
            let same = |old: &&Arc<Listener>| {
                *old.state.name == **name && old.config.listen == written.listen
            };
            if let Some(kept) = ours.serving.iter().find(same) {
                plan.states.insert(name.clone(), Arc::clone(&kept.state));
                continue;
            }
            let bound = if ours.hold(written.listen) {
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

impl Ours<'_> {
    /// Whether one of our own sockets may be on `address`, which then is no reason to think it taken. Workers close those of
    /// a listener that drains each in its own time.
    fn hold(&self, address: SocketAddr) -> bool {
        let serving = self.serving.iter().map(|listener| listener.state.address);
        let draining = self.draining.iter().map(|state| state.address);
        address.port() != 0 && serving.chain(draining).any(|held| held == address)
    }
}

/// Waits for the sockets of listeners that drain, where another is to listen on their address: the kernel would give some of
/// the new connections to them, and what comes in the moment that they close is reset.
pub(super) async fn silenced(config: &Config, draining: &[Arc<ListenerState>]) {
    let wanted = |state: &&Arc<ListenerState>| {
        config.listeners.values().any(|listener| listener.listen == state.address)
    };
    let closed = join_all(draining.iter().filter(wanted).map(|state| state.silent()));
    // A worker that is stuck is no reason to refuse a configuration.
    let _ = tokio::time::timeout_at(clock::now() + SILENCE_TIME, closed).await;
}

/// How long workers have to close their sockets.
const SILENCE_TIME: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{listener::ConnectionCounters, observe::metrics::Metrics};

    fn config(listeners: &[&str]) -> Config {
        let mut config = Config::default();
        for name in listeners {
            config.listeners.insert((*name).to_owned(), written());
        }
        config
    }

    fn written() -> crate::config::Listener {
        toml::from_str("listen = \"127.0.0.1:0\"").unwrap()
    }

    fn serving(plan: &Plan) -> Vec<Arc<Listener>> {
        let metrics = Arc::new(Metrics::new(1));
        let listener = |(index, state): (usize, &Arc<ListenerState>)| {
            Arc::new(Listener {
                index,
                config: written(),
                tls: None,
                proxy_sources: None,
                counters: ConnectionCounters::new(&metrics, &state.name),
                state: Arc::clone(state),
            })
        };
        plan.states.values().enumerate().map(listener).collect()
    }

    #[test]
    fn listeners_on_any_port_are_told_apart_by_name() {
        let first = Plan::make(&config(&["a", "b"]), &Ours::default(), 1).unwrap();
        let serving = serving(&first);
        let ours = Ours { serving: &serving, draining: &[] };
        let second = Plan::make(&config(&["a", "b", "c"]), &ours, 1).unwrap();
        for name in ["a", "b"] {
            assert!(Arc::ptr_eq(&first.states[name], &second.states[name]), "{name}");
        }
        assert_eq!(second.sockets.len(), 1);
    }

    #[test]
    fn the_address_of_one_that_drains_is_not_taken() {
        let plan = Plan::make(&config(&["a"]), &Ours::default(), 1).unwrap();
        let state = Arc::clone(&plan.states["a"]);
        let mut config = config(&["b"]);
        config.listeners.get_mut("b").unwrap().listen = state.address;
        assert!(Plan::make(&config, &Ours::default(), 1).is_err());
        let ours = Ours { serving: &[], draining: &[state] };
        assert!(Plan::make(&config, &ours, 1).is_ok());
    }
}
