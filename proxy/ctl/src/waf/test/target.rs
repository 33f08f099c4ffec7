//! Finding the WAF under test and its log before anything is run, so that a set-up that is not there is told from one that fails.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::Path,
};

use tokio::net;

use crate::{client::Address, failure::Failure};

use super::{
    evidence::LogFormat,
    exchange,
    marker::{self, Lost, Markers},
    play::Log,
    source::Sources,
    tail::Tail,
};

/// The address of a target; of several the first.
pub(crate) async fn resolve(target: &Address) -> Result<SocketAddr, Failure> {
    let unknown = |why: String| Failure::Unreachable(format!("target {target}: {why}"));
    let mut found = net::lookup_host((target.host(), target.port()))
        .await
        .map_err(|error| unknown(error.to_string()))?;
    found.next().ok_or_else(|| unknown("its name has no address".to_owned()))
}

/// Without a log: is there somebody?
pub(crate) async fn reach(server: SocketAddr) -> Result<Log, Failure> {
    match exchange::connect(server, None).await {
        Ok(_) => Ok(Log::None),
        Err(error) => Err(Failure::Unreachable(format!("target at {server}: {error}"))),
    }
}

/// Makes sure that markers show in the log, and that its lines can be told apart.
pub(crate) async fn open_log(
    server: SocketAddr,
    path: &Path,
    format: Option<LogFormat>,
    jobs: usize,
) -> Result<Log, Failure> {
    let tail = Tail::open(path).map_err(|error| {
        Failure::Usage(format!("--log: cannot read {}: {error}", path.display()))
    })?;
    let mut markers = Markers::new(server, tail);
    markers.probe(format).await.map_err(unreachable)?;
    if jobs == 1 {
        return Ok(Log::ByOrder(markers));
    }
    if !matches!(server.ip(), IpAddr::V4(ip) if ip.is_loopback()) {
        return Err(Failure::Usage(
            "--jobs: more than one is for a target on this machine, at an address of 127.0.0.0/8"
                .to_owned(),
        ));
    }
    let names = match sample() {
        Some(address) => markers.names(address).await.map_err(unreachable)?,
        None => false,
    };
    if names {
        Ok(Log::ByAddress(markers))
    } else {
        Err(Failure::Usage(
            "--jobs: more than one needs a log that names clients' addresses, and this one does not".to_owned(),
        ))
    }
}

/// One of the addresses that stages' requests may come from.
fn sample() -> Option<Ipv4Addr> {
    Sources::new(1, marker::random()).and_then(|sources| sources.address(0))
}

fn unreachable(lost: Lost) -> Failure {
    let hint = match lost {
        Lost::Unseen => {
            "; is it the log of this WAF, and is the marker rule of docs/waf-test.md the first of its rules?"
        }
        _ => "",
    };
    Failure::Unreachable(format!("{lost}{hint}"))
}
