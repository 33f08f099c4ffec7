//! The PROXY protocol, versions 1 and 2 (HAProxy's proxy-protocol.txt): who the client of a load balancer in front of us is.
//!
//! [`parse`] is pure. [`read()`] takes exactly the header off a socket and leaves what follows to TLS or HTTP. Who may send a
//! header at all is the listener's to decide.

mod read;
mod v1;
mod v2;

use std::net::SocketAddr;

pub use read::{ReadError, read};

/// What bytes from the start of a connection amount to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parsed {
    /// A whole header.
    Complete {
        /// Who connected to the sender; `None` where it speaks for itself or cannot tell, so that the socket's own peer
        /// counts.
        source: Option<SocketAddr>,
        /// What was connected to.
        destination: Option<SocketAddr>,
        /// Bytes of the header.
        len: usize,
    },
    /// The beginning of a header.
    Partial {
        /// Further bytes that belong to the header for certain, at least 1.
        need: usize,
    },
}

/// Why bytes are no header. The connection must be closed: its peer is not who the configuration takes it for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Neither version begins like this.
    #[error("no PROXY header where the configuration demands one")]
    Signature,
    /// A version 1 line that is not as the specification has it.
    #[error("malformed PROXY v1 line: {0}")]
    Line(&'static str),
    /// A version 2 header that is not as the specification has it.
    #[error("malformed PROXY v2 header: {0}")]
    Binary(&'static str),
    /// A version 2 header of more than [`LEN_MAX`] bytes.
    #[error("PROXY v2 header of {0} bytes is too long")]
    TooLong(usize),
    /// The checksum that a version 2 header carries is not its own.
    #[error("checksum of the PROXY v2 header is wrong")]
    Checksum,
}

/// Bytes of the longest header that is taken: room for addresses, and for extensions up to a client certificate.
pub const LEN_MAX: usize = 4096;

/// Reads a header at the start of `bytes`; what follows it is not looked at.
///
/// # Errors
/// As soon as no continuation could make a header of `bytes`.
pub fn parse(bytes: &[u8]) -> Result<Parsed, Error> {
    if is_prefix(bytes, v2::SIGNATURE) {
        v2::parse(bytes)
    } else if is_prefix(bytes, v1::SIGNATURE) {
        v1::parse(bytes)
    } else {
        Err(Error::Signature)
    }
}

/// Whether one of the two is the beginning of the other.
fn is_prefix(bytes: &[u8], signature: &[u8]) -> bool {
    bytes.iter().zip(signature).all(|(a, b)| a == b)
}

/// One form per address, as lists and limits know it: an IPv4 address mapped into IPv6 is an IPv4 address.
fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

#[cfg(test)]
mod tests;
