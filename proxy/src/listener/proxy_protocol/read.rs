//! Taking a header off a socket, to the byte.

use std::{io, net::SocketAddr};

use tokio::{net::TcpStream, time};

use super::{Error, LEN_MAX, Parsed, parse};
use crate::clock::Instant;

/// Why no header was read. The connection must be closed.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// What was sent is no header.
    #[error(transparent)]
    Invalid(#[from] Error),
    /// The header did not come in time.
    #[error("PROXY header did not come in time")]
    Timeout,
    /// The peer closed the connection before the end of the header, as health checks do.
    #[error("connection closed before the end of the PROXY header")]
    Closed,
    /// The socket failed.
    #[error("reading the PROXY header failed: {0}")]
    Io(#[from] io::Error),
}

/// Reads a header and nothing behind it. The address is the client's; `None` is the socket's own peer.
///
/// Only as many bytes are asked for as the header must still have, so that there is nothing to give back, and no peeking that
/// would have to be repeated until enough has come.
///
/// # Errors
/// No header, or none before `deadline`.
pub async fn read(stream: &TcpStream, deadline: Instant) -> Result<Option<SocketAddr>, ReadError> {
    time::timeout_at(deadline, read_header(stream)).await.map_err(|_| ReadError::Timeout)?
}

async fn read_header(stream: &TcpStream) -> Result<Option<SocketAddr>, ReadError> {
    let mut header = Vec::new();
    loop {
        let need = match parse(&header)? {
            Parsed::Complete { source, .. } => return Ok(source),
            Parsed::Partial { need } => need,
        };
        debug_assert!(header.len() + need <= LEN_MAX, "the parser bounds what it asks for");
        read_some(stream, &mut header, need).await?;
    }
}

/// Appends at least one and at most `max` bytes.
async fn read_some(stream: &TcpStream, header: &mut Vec<u8>, max: usize) -> Result<(), ReadError> {
    let start = header.len();
    header.resize(start + max, 0);
    loop {
        stream.readable().await?;
        match stream.try_read(header.get_mut(start..).unwrap_or_default()) {
            Ok(0) => return Err(ReadError::Closed),
            Ok(n) => {
                header.truncate(start + n);
                return Ok(());
            }
            // Readiness was stale; it is cleared now, so that the wait above is a wait.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error.into()),
        }
    }
}
