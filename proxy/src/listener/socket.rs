//! Listening sockets: one per worker on the same address, between which the kernel spreads connections.
//!
//! Accepting is not done here.

use std::{
    io,
    net::{SocketAddr, TcpListener},
};

use socket2::{Domain, Protocol, Socket, Type};

/// Why an address could not be listened on.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Somebody else listens there.
    #[error("cannot listen on {0}: another process or listener does already")]
    InUse(SocketAddr),
    /// The port is one for the privileged.
    #[error(
        "cannot listen on {0}: not permitted; ports below 1024 need the capability CAP_NET_BIND_SERVICE"
    )]
    NotPermitted(SocketAddr),
    /// The host has no such address.
    #[error("cannot listen on {0}: this host does not have that address")]
    NoSuchAddress(SocketAddr),
    /// Anything else.
    #[error("cannot listen on {address}: {source}")]
    Other {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
}

/// Connections that may wait to be accepted; the kernel lowers it to `net.core.somaxconn`.
const BACKLOG: i32 = 4096;

/// Opens `count` nonblocking sockets that listen on `address`. With port 0 the first takes a free port and the others share
/// it. The caller must not hold sockets on `address` already: they would count as somebody else's.
///
/// # Errors
/// The address is taken, not ours or not permitted.
pub fn bind(address: SocketAddr, count: usize) -> Result<Vec<TcpListener>, BindError> {
    probe(address).and_then(|()| open(address, count)).map_err(|source| error(address, source))
}

/// As [`bind`], for an address that another of our own listeners gives up: the kernel lets both hold it for a while, so that
/// no client finds it closed.
///
/// # Errors
/// As [`bind`].
pub fn take_over(address: SocketAddr, count: usize) -> Result<Vec<TcpListener>, BindError> {
    open(address, count).map_err(|source| error(address, source))
}

fn error(address: SocketAddr, source: io::Error) -> BindError {
    match source.kind() {
        io::ErrorKind::AddrInUse => BindError::InUse(address),
        io::ErrorKind::PermissionDenied => BindError::NotPermitted(address),
        io::ErrorKind::AddrNotAvailable => BindError::NoSuchAddress(address),
        _ => BindError::Other { address, source },
    }
}

/// SO_REUSEPORT would share the port with any process of our user that set it too, and each would get a part of the
/// connections. A socket without it finds out.
fn probe(address: SocketAddr) -> io::Result<()> {
    if address.port() == 0 { Ok(()) } else { bound(address, Sharing::Exclusive).map(drop) }
}

fn open(mut address: SocketAddr, count: usize) -> io::Result<Vec<TcpListener>> {
    let mut listeners = Vec::with_capacity(count);
    for _ in 0..count {
        let socket = if address.port() == 0 {
            // Looking for a free port for a socket that shares, the kernel takes one that others of our user share already.
            let socket = bound(address, Sharing::Exclusive)?;
            socket.set_reuse_port(true)?;
            socket
        } else {
            bound(address, Sharing::BetweenWorkers)?
        };
        socket.listen(BACKLOG)?;
        let listener = TcpListener::from(socket);
        address = listener.local_addr()?;
        listeners.push(listener);
    }
    Ok(listeners)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sharing {
    Exclusive,
    BetweenWorkers,
}

fn bound(address: SocketAddr, sharing: Sharing) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // Connections of a former process in TIME_WAIT must not keep us from starting.
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(sharing == Sharing::BetweenWorkers)?;
    if address.is_ipv6() {
        // Else [::] would take IPv4 as well, under mapped addresses, and 0.0.0.0 could not be listened on beside it.
        socket.set_only_v6(true)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;

    use super::*;

    const ANY_PORT: SocketAddr =
        SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

    #[test]
    fn all_sockets_share_the_port_that_the_first_chose() {
        let sockets = bind(ANY_PORT, 3).unwrap();
        let address = sockets[0].local_addr().unwrap();
        assert_ne!(address.port(), 0);
        for socket in &sockets {
            assert_eq!(socket.local_addr().unwrap(), address);
            // Nonblocking.
            assert_eq!(socket.accept().unwrap_err().kind(), io::ErrorKind::WouldBlock);
        }
        TcpStream::connect(address).unwrap();
    }

    #[test]
    fn a_port_in_use_is_an_error_even_if_its_owner_would_share() {
        let owner = bind(ANY_PORT, 2).unwrap();
        let address = owner[0].local_addr().unwrap();
        assert!(matches!(bind(address, 1), Err(BindError::InUse(taken)) if taken == address));
        drop(owner);
        assert_eq!(bind(address, 2).unwrap().len(), 2);
    }

    #[test]
    fn an_address_of_another_host_is_an_error() {
        let elsewhere = "192.0.2.1:0".parse().unwrap();
        assert!(matches!(bind(elsewhere, 1), Err(BindError::NoSuchAddress(_))));
    }

    #[test]
    fn ipv6_leaves_ipv4_alone() {
        let Ok(six) = bind("[::]:0".parse().unwrap(), 1) else {
            // No IPv6 on this host.
            return;
        };
        let port = six[0].local_addr().unwrap().port();
        bind(SocketAddr::from(([0, 0, 0, 0], port)), 1).unwrap();
    }
}
