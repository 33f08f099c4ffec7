//! The life of a downstream connection, from accept to close.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use bytes::BytesMut;
use tokio::{net::TcpStream, sync::watch, time::timeout_at};
use tokio_rustls::TlsAcceptor;
use tracing::debug;

use super::{h1, h2};
use crate::{
    clock::{self, Instant},
    config::Protocol,
    listener::{Full, Listener, Permit, Phase, proxy_protocol, reached},
    wire::Stream,
    worker::{Held, Worker},
};

/// What the exchanges of a connection have in common.
#[derive(Debug)]
pub struct Connection {
    /// The worker that serves it.
    pub worker: Arc<Worker>,
    /// The listener that took it, as it was then.
    pub listener: Arc<Listener>,
    /// The other end: of the socket, or what the PROXY header says it was.
    pub peer: SocketAddr,
    /// Version of TLS that the client speaks; none in the clear.
    pub tls: Option<&'static str>,
    _permit: Permit,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.listener.counters.open.add(self.worker.id, -1);
    }
}

/// The first bytes of an HTTP/2 connection (RFC 9113, 3.4).
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

impl Connection {
    /// The snapshot for the next request: the one in force, or the last one that had this listener.
    pub fn snapshot(&self) -> Arc<Held> {
        // In this order: a snapshot without the listener is put in force behind its retirement.
        let in_force = self.worker.snapshot();
        self.listener.state.retired().unwrap_or(in_force)
    }

    /// The listener's phase, to be watched.
    pub fn phase(&self) -> watch::Receiver<Phase> {
        self.listener.state.phase()
    }

    /// Whether the listener offers `protocol`.
    pub fn offers(&self, protocol: Protocol) -> bool {
        self.listener.config.protocols.contains(&protocol)
    }
}

/// A connection that has been accepted, and nothing read from it.
#[derive(Debug)]
pub struct Arrival {
    /// The worker that serves it.
    pub worker: Arc<Worker>,
    /// The listener that took it.
    pub listener: Arc<Listener>,
    /// The other end of the socket.
    pub peer: SocketAddr,
    /// Counted; for its client as well, unless a PROXY header is to name it.
    pub permit: Permit,
}

/// Serves a connection to its end.
pub async fn serve(mut arrival: Arrival, tcp: TcpStream) {
    let (listener, peer) = (Arc::clone(&arrival.listener), arrival.peer);
    let mut phase = listener.state.phase();
    let deadline = clock::now() + listener.config.timeouts.handshake.0;
    let opened = timeout_at(deadline, open(&mut arrival, tcp, deadline));
    let opened = tokio::select! {
        opened = opened => opened,
        () = reached(&mut phase, Phase::Cut) => return,
    };
    let stream = match opened {
        Ok(Ok(stream)) => stream,
        Ok(Err(NotOpened::Full(full))) => {
            return listener.turn_away(arrival.worker.id, arrival.peer, full);
        }
        Ok(Err(NotOpened::Handshake(error))) => {
            return debug!(%peer, listener = %listener.state.name, error, "handshake failed");
        }
        Err(_) => return debug!(%peer, listener = %listener.state.name, "handshake timed out"),
    };
    let Arrival { worker, peer, permit, .. } = arrival;
    listener.counters.open.add(worker.id, 1);
    let connection =
        Arc::new(Connection { worker, peer, tls: stream.tls_version(), listener, _permit: permit });
    match stream.alpn() {
        Some(b"h2") => h2::serve(connection, stream, BytesMut::new()).await,
        _ => h1::serve(connection, stream).await,
    }
}

enum NotOpened {
    Full(Full),
    Handshake(String),
}

/// PROXY header, then TLS.
async fn open(
    arrival: &mut Arrival,
    tcp: TcpStream,
    deadline: Instant,
) -> Result<Stream, NotOpened> {
    let failed = |error: &dyn std::fmt::Display| NotOpened::Handshake(error.to_string());
    // A response is written whole: waiting for more would only delay it.
    tcp.set_nodelay(true).map_err(|error| failed(&error))?;
    let listener = &arrival.listener;
    if listener.expects_proxy_header(arrival.peer.ip()) {
        let told = proxy_protocol::read(&tcp, deadline).await.map_err(|error| failed(&error))?;
        arrival.peer = told.unwrap_or(arrival.peer);
        let claimed = arrival.permit.claim(arrival.peer.ip(), &listener.config.limits);
        claimed.map_err(NotOpened::Full)?;
    }
    let Some(tls) = &listener.tls else { return Ok(Stream::Tcp(tcp)) };
    let handshake = listener.state.handshakes.begin(listener.config.limits.handshakes as usize);
    tokio::select! {
        stream = TlsAcceptor::from(Arc::clone(tls)).accept(tcp) => {
            Ok(Stream::Tls(Box::new(stream.map_err(|error| failed(&error))?.into())))
        }
        () = handshake.displaced() => Err(NotOpened::Full(Full::Handshakes)),
    }
}

/// How long a closing connection is still read from, so that the client gets to read our last words before a reset
/// (RFC 9112, 9.6).
pub const LINGER: Duration = Duration::from_secs(2);

/// How long an idle connection of a draining listener is kept for a request that may be on its way.
pub const DRAIN_GRACE: Duration = Duration::from_secs(1);
