//! The clients: a thread with all of a scenario's connections.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use anyhow::{Context as _, anyhow};
use futures_util::future::try_join_all;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject as _};
use tokio::{net::TcpStream, sync::oneshot};
use tokio_rustls::TlsConnector;

use crate::{
    contender::Certificate,
    http1, http2,
    scenario::{HOST, Protocol, Scenario},
};

/// Connections of HTTP/1.1.
const HTTP1_CONNECTIONS: usize = 64;
/// Connections of HTTP/2, and streams on each.
const HTTP2_CONNECTIONS: usize = 16;
const HTTP2_STREAMS: usize = 8;

/// Makes clients.
pub struct Load {
    tls: Arc<ClientConfig>,
}

/// Clients at work.
pub struct Running {
    answers: Arc<AtomicU64>,
    stop: oneshot::Sender<()>,
    thread: thread::JoinHandle<anyhow::Result<()>>,
}

impl Load {
    /// Clients that trust `certificate`.
    pub fn new(certificate: &Certificate) -> anyhow::Result<Self> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(&certificate.cert)?)?;
        let tls = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        Ok(Self { tls: Arc::new(tls) })
    }

    /// Starts the scenario's clients.
    pub fn start(&self, scenario: &'static Scenario, to: SocketAddr) -> anyhow::Result<Running> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (stop, stopped) = oneshot::channel();
        let answers = Arc::new(AtomicU64::new(0));
        let (tls, count) = (Arc::clone(&self.tls), Arc::clone(&answers));
        let clients = async move {
            tokio::select! {
                ended = run(scenario, to, tls, &count) => ended,
                _ = stopped => Ok(()),
            }
        };
        let thread = thread::Builder::new().name("clients".into());
        let thread = thread.spawn(move || runtime.block_on(clients))?;
        Ok(Running { answers, stop, thread })
    }
}

impl Running {
    /// Answers so far.
    pub fn answers(&self) -> u64 {
        self.answers.load(Ordering::Relaxed)
    }

    /// Ends the clients; an error is what went wrong for one of them.
    pub fn stop(self) -> anyhow::Result<()> {
        // Clients that have failed hear nothing any more, and their error is what counts.
        let _ = self.stop.send(());
        self.thread.join().map_err(|_| anyhow!("the clients panicked"))?
    }
}

async fn run(
    scenario: &'static Scenario,
    to: SocketAddr,
    tls: Arc<ClientConfig>,
    answers: &AtomicU64,
) -> anyhow::Result<()> {
    let connections = match scenario.protocol {
        Protocol::Http2 => HTTP2_CONNECTIONS,
        Protocol::Http1 | Protocol::Http1Tls => HTTP1_CONNECTIONS,
    };
    let clients = (0..connections).map(|_| client(scenario, to, &tls, answers));
    try_join_all(clients).await.map(drop)
}

async fn client(
    scenario: &'static Scenario,
    to: SocketAddr,
    tls: &Arc<ClientConfig>,
    answers: &AtomicU64,
) -> anyhow::Result<()> {
    let stream = TcpStream::connect(to).await.with_context(|| format!("cannot connect to {to}"))?;
    stream.set_nodelay(true)?;
    match scenario.protocol {
        Protocol::Http1 => http1::repeat(stream, scenario.request(), answers).await,
        Protocol::Http2 => http2::repeat(stream, scenario, HTTP2_STREAMS, answers).await,
        Protocol::Http1Tls => {
            let connector = TlsConnector::from(Arc::clone(tls));
            let stream = connector.connect(ServerName::try_from(HOST)?, stream).await?;
            http1::repeat(stream, scenario.request(), answers).await
        }
    }
}
