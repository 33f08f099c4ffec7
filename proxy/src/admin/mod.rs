//! The admin server: health, metrics, status and configuration over HTTP/1.1, for people, `foxctl`, Prometheus and probes.
//!
//! What it can do is [`Operations`]; which path is which is `router`; who may call is `guard`. It is no part of the data
//! path, and the one place where requests pass through tower's layers.

mod config;
mod dashboard;
mod guard;
mod lists;
pub mod live;
mod operations;
mod rollouts;
mod router;
mod shadow;
mod status;
mod token;

use std::{collections::VecDeque, io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::{AbortHandle, JoinSet},
    time,
};

pub use operations::Operations;
pub use token::{Token, TokenError, TokenSource};

/// Serves until `shutdown`, then lets calls in flight end, but not for long.
///
/// `token` may change while this runs; without one the server must be on loopback, which the check of the configuration sees
/// to.
pub async fn serve(
    listener: TcpListener,
    ops: Arc<impl Operations>,
    token: TokenSource,
    shutdown: impl Future<Output = ()>,
) {
    let mut server = Server::new(router::router(ops, token));
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            (stream, peer) = accept(&listener) => server.spawn(stream, peer),
            Some(_) = server.connections.join_next() => {}
        }
    }
    drop(listener);
    server.drain().await;
}

/// Open connections. Past it the oldest gives way to the newest: whoever holds connections open must not keep probes out,
/// which need one for a moment only.
const CONNECTIONS_MAX: usize = 256;

/// From connect, or the last answer, to the end of a request head.
const HEAD_TIME_MAX: Duration = Duration::from_secs(10);

/// For calls in flight when the server ends.
const DRAIN_TIME_MAX: Duration = Duration::from_secs(2);

/// Between tries to accept when the process has no descriptor left.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

struct Server {
    router: Router,
    connections: JoinSet<()>,
    /// The same, oldest first.
    by_age: VecDeque<AbortHandle>,
    draining: watch::Sender<bool>,
}

impl Server {
    fn new(router: Router) -> Self {
        Self {
            router,
            connections: JoinSet::new(),
            by_age: VecDeque::new(),
            draining: watch::Sender::new(false),
        }
    }

    fn spawn(&mut self, stream: TcpStream, peer: SocketAddr) {
        self.make_room();
        let service = TowerToHyperService::new(self.router.clone().layer(Extension(Peer(peer))));
        let mut draining = self.draining.subscribe();
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIME_MAX)
            .serve_connection(TokioIo::new(stream), service);
        let handle = self.connections.spawn(async move {
            let mut connection = std::pin::pin!(connection);
            let ended = tokio::select! {
                ended = connection.as_mut() => ended,
                _ = draining.changed() => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            };
            if let Err(error) = ended {
                tracing::debug!(%error, "admin connection failed");
            }
        });
        self.by_age.push_back(handle);
    }

    fn make_room(&mut self) {
        self.by_age.retain(|connection| !connection.is_finished());
        if self.by_age.len() >= CONNECTIONS_MAX
            && let Some(oldest) = self.by_age.pop_front()
        {
            tracing::debug!("admin connections are many, the oldest is closed");
            oldest.abort();
        }
    }

    async fn drain(mut self) {
        self.draining.send_replace(true);
        let all = async { while self.connections.join_next().await.is_some() {} };
        if time::timeout(DRAIN_TIME_MAX, all).await.is_err() {
            tracing::debug!("admin connections were cut");
        }
    }
}

/// The other end of a connection.
#[derive(Debug, Clone, Copy)]
struct Peer(SocketAddr);

async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) => after_failed_accept(&error).await,
        }
    }
}

async fn after_failed_accept(error: &io::Error) {
    tracing::warn!(%error, "admin server cannot accept");
    time::sleep(ACCEPT_AGAIN).await;
}

#[cfg(test)]
mod tests;
