//! Takes connections off a socket and gives each a task.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use futures_util::FutureExt as _;
use tokio::net::{TcpListener, TcpStream};
use tracing::{debug, warn};

use super::{ListenerState, Phase, reached};
use crate::{clock, http::connection, worker::Worker};

/// Serves one socket of a listener until the listener drains.
pub async fn accept(worker: Arc<Worker>, state: Arc<ListenerState>, socket: TcpListener) {
    let mut phase = state.phase();
    loop {
        tokio::select! {
            biased;
            () = reached(&mut phase, Phase::Draining) => break,
            accepted = socket.accept() => match accepted {
                Ok((tcp, peer)) => take(&worker, &state, tcp, peer),
                Err(error) => back_off(&state, &error).await,
            },
        }
    }
    // Connections in the queue are made, as their clients see it: closing the socket now would reset them.
    while let Some(Ok((tcp, peer))) = socket.accept().now_or_never() {
        take(&worker, &state, tcp, peer);
    }
}

fn take(worker: &Arc<Worker>, state: &Arc<ListenerState>, tcp: TcpStream, peer: SocketAddr) {
    let snapshot = state.retired().unwrap_or_else(|| worker.snapshot());
    let Some(listener) =
        snapshot.listeners.iter().find(|listener| Arc::ptr_eq(&listener.state, state))
    else {
        return debug!(listener = %state.name, "connection to a listener that is gone");
    };
    match state.admit(peer.ip(), &listener.config.limits) {
        Ok(permit) => {
            listener.counters.accepted.inc(worker.id);
            tokio::spawn(connection::serve(
                Arc::clone(worker),
                Arc::clone(listener),
                tcp,
                peer,
                permit,
            ));
        }
        Err(full) => {
            listener.counters.refused(full).inc(worker.id);
            debug!(listener = %state.name, %peer, cap = full.as_str(), "connection refused");
        }
    }
}

/// Out of file descriptors or memory, trying again at once would only burn the core that has to free them.
async fn back_off(state: &ListenerState, error: &io::Error) {
    const PAUSE: Duration = Duration::from_millis(20);
    if matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset) {
        return;
    }
    warn!(listener = %state.name, %error, "cannot accept connections");
    tokio::time::sleep_until(clock::now() + PAUSE).await;
}
