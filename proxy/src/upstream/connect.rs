//! Opening a connection: TCP, then TLS where the origin has it. The seam between the pools and the network.

use std::{io, net::SocketAddr, time::Duration};

use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::tls::Transport;
use crate::{config::UpstreamProtocol, error::with_causes, wire::Stream};

/// What a connection is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Requests, in whatever protocol the endpoint and the cluster agree on.
    Requests,
    /// An upgrade, which only HTTP/1.1 has.
    Upgrade,
}

/// Opens a connection. Has no deadline of its own.
///
/// # Errors
/// Why there is none, in words for the log.
pub(super) async fn open(
    transport: &Transport,
    address: SocketAddr,
    purpose: Purpose,
) -> Result<Stream, String> {
    let tcp = TcpStream::connect(address).await.map_err(|error| with_causes(&error))?;
    tune(&tcp).map_err(|error| with_causes(&error))?;
    let Some(tls) = &transport.tls else { return Ok(Stream::Tcp(tcp)) };
    let config = match purpose {
        Purpose::Requests => &tls.config,
        Purpose::Upgrade => &tls.http1,
    };
    let stream = TlsConnector::from(config.clone())
        .connect(tls.server_name.clone(), tcp)
        .await
        .map_err(|error| format!("tls: {}", with_causes(&error)))?;
    Ok(Stream::Tls(Box::new(stream.into())))
}

/// Whether HTTP/2 is spoken on a connection just opened.
///
/// # Errors
/// The cluster insists on HTTP/2 and the endpoint did not agree to it.
pub(super) fn speaks_h2(transport: &Transport, stream: &Stream) -> Result<bool, String> {
    let agreed = stream.alpn() == Some(b"h2");
    match transport.protocol {
        UpstreamProtocol::H2 if stream.tls_version().is_some() && !agreed => {
            Err("the endpoint does not offer h2 by ALPN".into())
        }
        UpstreamProtocol::H2 => Ok(true),
        UpstreamProtocol::Auto | UpstreamProtocol::Http1 => Ok(agreed),
    }
}

/// No delay: heads and bodies are written whole. Keep-alive finds peers that vanished without a word while idle.
fn tune(tcp: &TcpStream) -> io::Result<()> {
    tcp.set_nodelay(true)?;
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE_TIME).with_interval(KEEPALIVE_INTERVAL);
    SockRef::from(tcp).set_tcp_keepalive(&keepalive)
}

const KEEPALIVE_TIME: Duration = Duration::from_secs(60);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(15);
