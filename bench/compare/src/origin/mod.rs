//! The origin: fixed bodies, connections kept alive, and as little else as possible, in a process of its own (`compare origin`).
//!
//! The last part of a request's path is the length of the answer, 128 bytes where it is no number. Requests have a
//! Content-Length or no body; they are not pipelined.

mod answer;
mod http1;
mod http2;

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::atomic::AtomicBool,
};

use answer::Answers;
use clap::Args;
use tempfile::TempDir;
use tokio::{
    net::{TcpSocket, TcpStream},
    runtime, task,
};

use crate::{
    launch,
    process::{Process, free_port},
};

/// The ports of an origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Args)]
pub struct Ports {
    /// HTTP/1.1, on all its addresses.
    #[arg(long)]
    http1: u16,
    /// HTTP/2 by prior knowledge.
    #[arg(long)]
    http2: u16,
    /// HTTP/1.1, for copies of requests.
    #[arg(long)]
    shadow: u16,
}

/// An origin at work, until it is dropped.
pub struct Origin {
    /// Where it listens.
    pub ports: Ports,
    _process: Process,
    _home: TempDir,
}

impl Ports {
    /// An endpoint of HTTP/1.1: the same port on another loopback address each, up to [`ENDPOINTS`].
    pub fn http1(self, index: usize) -> SocketAddr {
        let part = |number: usize| u8::try_from(number).unwrap_or(u8::MAX);
        let address = Ipv4Addr::new(127, 0, part(index / 250), part(index % 250 + 1));
        SocketAddr::from((address, self.http1))
    }

    /// The endpoint of HTTP/2.
    pub fn http2(self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.http2))
    }

    /// The endpoint for copies.
    pub fn shadow(self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.shadow))
    }
}

impl Origin {
    /// Starts one on a core and waits until it answers.
    pub fn start(core: Option<usize>, stop: &AtomicBool) -> anyhow::Result<Self> {
        let home = tempfile::tempdir()?;
        let ports = Ports { http1: free_port()?, http2: free_port()?, shadow: free_port()? };
        let mut command = launch::command(core, std::env::current_exe()?.into())?;
        command.arg("origin");
        for (name, port) in
            [("http1", ports.http1), ("http2", ports.http2), ("shadow", ports.shadow)]
        {
            command.args([&format!("--{name}"), &port.to_string()]);
        }
        let mut process = Process::start(command, home.path())?;
        process.await_listening(ports.shadow(), stop)?;
        Ok(Self { ports, _process: process, _home: home })
    }
}

/// Serves until the process is ended.
pub fn serve(ports: Ports) -> io::Result<()> {
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build_local(runtime::LocalOptions::default())?;
    runtime.block_on(async {
        let answers = Answers::default();
        let http1 = (0..ENDPOINTS).map(|index| ports.http1(index));
        for address in http1 {
            let answers = answers.clone();
            accept(address, move |stream| {
                drop(task::spawn_local(http1::serve(stream, answers.clone())))
            })
            .await?;
        }
        let h2 = answers.clone();
        accept(ports.http2(), move |stream| {
            drop(task::spawn_local(http2::serve(stream, h2.clone())))
        })
        .await?;
        // Last, as it is this one that is waited for.
        accept(ports.shadow(), move |stream| {
            drop(task::spawn_local(http1::serve(stream, answers.clone())));
        })
        .await?;
        std::future::pending().await
    })
}

/// Listens, and hands connections over.
async fn accept(address: SocketAddr, hand_over: impl Fn(TcpStream) + 'static) -> io::Result<()> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    let listener = socket.listen(BACKLOG)?;
    task::spawn_local(async move {
        loop {
            // One that is gone before it was taken is no reason to stop.
            if let Ok((stream, _)) = listener.accept().await
                && stream.set_nodelay(true).is_ok()
            {
                hand_over(stream);
            }
        }
    });
    Ok(())
}

/// How many endpoints of HTTP/1.1 there are.
pub const ENDPOINTS: usize = 1_000;
/// A burst of connections is not to wait for a retransmission.
const BACKLOG: u32 = 4_096;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn endpoints_are_different_loopback_addresses() {
        let ports = Ports { http1: 1, http2: 2, shadow: 3 };
        let all: BTreeSet<SocketAddr> = (0..ENDPOINTS).map(|i| ports.http1(i)).collect();
        assert_eq!(all.len(), ENDPOINTS);
        assert!(all.iter().all(|address| address.ip().is_loopback()));
        assert_eq!(ports.http1(0).to_string(), "127.0.0.1:1");
        assert_eq!(ports.http1(999).to_string(), "127.0.3.250:1");
    }
}
