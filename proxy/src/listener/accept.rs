//! Takes connections off a socket and gives each a task.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use tokio::net::{TcpListener, TcpStream};
use tracing::{debug, warn};

use super::{Full, Listener, ListenerState, Listening, Permit, Phase, reached};
use crate::{
    clock,
    http::connection::{self, Arrival},
    worker::{Held, Worker},
};

/// Serves one socket of a listener until the listener drains.
pub async fn accept(worker: Arc<Worker>, listening: Listening, socket: TcpListener) {
    let state = &listening.state;
    let mut phase = state.phase();
    let mut failures = 0;
    loop {
        tokio::select! {
            biased;
            () = reached(&mut phase, Phase::Draining) => break,
            accepted = socket.accept() => match accepted {
                Ok((tcp, peer)) => {
                    failures = 0;
                    take(&worker, state, tcp, peer);
                }
                Err(error) if is_the_peers(&error) => {}
                Err(error) => {
                    failures += 1;
                    back_off(&worker, state, &error, failures).await;
                }
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
    let Some(listener) = find(&snapshot, state) else {
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

fn find<'s>(snapshot: &'s Held, state: &Arc<ListenerState>) -> Option<&'s Arc<Listener>> {
    snapshot.listeners.iter().find(|listener| Arc::ptr_eq(&listener.state, state))
}

/// The connection is gone, and the next may be as good as any.
fn is_the_peers(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset)
}

/// Out of file descriptors (EMFILE, ENFILE) or memory, trying again at once would only burn the core that has to free them. What
/// waits in the kernel's queue is taken when there is room. The first of `failures` in a row is logged, and each counted.
async fn back_off(worker: &Worker, state: &Arc<ListenerState>, error: &io::Error, failures: u32) {
    if let Some(listener) = find(&worker.snapshot(), state) {
        listener.counters.accept_errors.inc(worker.id);
    }
    if failures == 1 {
        warn!(listener = %state.name, %error, "cannot accept connections, trying again");
    }
    tokio::time::sleep_until(clock::now() + pause(failures)).await;
}

/// From 5 to 320 ms, twice as long each time.
fn pause(failures: u32) -> Duration {
    Duration::from_millis(5 << failures.saturating_sub(1).min(6))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_third_of_a_second() {
        let ms = [0, 1, 2, 3, 7, 8, u32::MAX].map(|failures| pause(failures).as_millis());
        assert_eq!(ms, [5, 5, 10, 20, 320, 320, 320]);
    }
}
