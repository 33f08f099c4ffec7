//! Takes connections off a socket and gives each a task.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use tokio::net::{TcpListener, TcpStream};
use tracing::{debug, warn};

use super::{Full, Listener, ListenerState, Listening, Permit, Phase, reached};
use crate::{
    clock,
    http::connection::{self, Arrival},
    worker::Worker,
};

/// Serves one socket of a listener until the listener drains.
pub async fn accept(worker: Arc<Worker>, listening: Listening, socket: TcpListener) {
    let state = &listening.state;
    let mut phase = state.phase();
    loop {
        tokio::select! {
            biased;
            () = reached(&mut phase, Phase::Draining) => break,
            accepted = socket.accept() => match accepted {
                Ok((tcp, peer)) => take(&worker, state, tcp, peer),
                Err(error) => back_off(state, &error).await,
            },
        }
    }
    empty(&worker, state, socket);
}

/// Connections in the queue are made, as their clients see it: closing the socket now would reset them. The kernel is asked,
/// since the reactor may not have heard of the last of them yet.
fn empty(worker: &Arc<Worker>, state: &Arc<ListenerState>, socket: TcpListener) {
    let Ok(socket) = socket.into_std() else { return };
    while let Ok((tcp, peer)) = socket.accept() {
        let tcp = tcp.set_nonblocking(true).and_then(|()| TcpStream::from_std(tcp));
        match tcp {
            Ok(tcp) => take(worker, state, tcp, peer),
            Err(error) => debug!(listener = %state.name, %error, "cannot take a connection"),
        }
    }
}

fn take(worker: &Arc<Worker>, state: &Arc<ListenerState>, tcp: TcpStream, peer: SocketAddr) {
    // In this order: a snapshot without the listener is put in force behind its retirement.
    let in_force = worker.snapshot();
    let snapshot = state.retired().unwrap_or(in_force);
    let Some(listener) =
        snapshot.listeners.iter().find(|listener| Arc::ptr_eq(&listener.state, state))
    else {
        return debug!(listener = %state.name, "connection to a listener that is gone");
    };
    match admit(listener, peer) {
        Ok(permit) => {
            listener.counters.accepted.inc(worker.id);
            let (worker, listener) = (Arc::clone(worker), Arc::clone(listener));
            tokio::spawn(connection::serve(Arrival { worker, listener, peer, permit }, tcp));
        }
        Err(full) => listener.turn_away(worker.id, peer, full),
    }
}

/// A peer that speaks for others is not their address: they are counted once it has told theirs.
fn admit(listener: &Listener, peer: SocketAddr) -> Result<Permit, Full> {
    let limits = &listener.config.limits;
    let mut permit = listener.state.admit(limits)?;
    if !listener.expects_proxy_header(peer.ip()) {
        permit.claim(peer.ip(), limits)?;
    }
    Ok(permit)
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
