//! Names to addresses, by the system's configuration, for as long as the answer's time to live says.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use super::{Cluster, source::Source};
use crate::dns;

/// Keeps the addresses of one of a cluster's names up to date.
pub(super) async fn watch(cluster: Arc<Cluster>, source: usize) {
    let Some(name) = cluster.sources.get(source) else { return };
    if name.origin.ip().is_some() {
        return;
    }
    let mut failures = 0;
    loop {
        let pause = match refresh(&cluster, source).await {
            Ok(ttl) => {
                failures = 0;
                ttl
            }
            Err(problem) => {
                failures += 1;
                let host = &*name.origin.host;
                tracing::warn!(cluster = &*cluster.name, host, problem, "name not resolved");
                backoff(failures, cluster.settings.ttl)
            }
        };
        tokio::time::sleep(pause).await;
    }
}

/// Resolves a name once and puts its addresses into use; for how long they are good. The old ones stay where that fails.
pub(super) async fn refresh(cluster: &Cluster, source: usize) -> Result<Duration, String> {
    let Some(Source { origin, .. }) = cluster.sources.get(source) else {
        return Err("no such name".into());
    };
    let (addresses, ttl) = dns::lookup(&origin.host).await?;
    let mut addresses: Vec<_> = usable(addresses, origin.port);
    // Answers rotate; endpoints should not.
    addresses.sort_unstable();
    addresses.dedup();
    cluster.set_addresses(source, &addresses);
    let (min, max) = cluster.settings.ttl;
    Ok(ttl.min(max).max(min))
}

/// Leaves out addresses of a family that this host has no route for, unless that leaves none.
fn usable(addresses: Vec<IpAddr>, port: u16) -> Vec<SocketAddr> {
    let all: Vec<_> = addresses.into_iter().map(|ip| SocketAddr::new(ip, port)).collect();
    let routed: Vec<_> = all.iter().copied().filter(has_route).collect();
    if routed.is_empty() { all } else { routed }
}

/// Connecting a datagram socket sends nothing and asks the routing table.
fn has_route(address: &SocketAddr) -> bool {
    let local: SocketAddr = match address {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (std::net::Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    std::net::UdpSocket::bind(local).and_then(|socket| socket.connect(address)).is_ok()
}

/// Doubling from half a second, within the bounds of the cluster's `resolve` but never above thirty seconds.
fn backoff(failures: u32, (_, max_ttl): (Duration, Duration)) -> Duration {
    let doubled = BACKOFF * 2u32.saturating_pow(failures.saturating_sub(1).min(10));
    doubled.min(BACKOFF_MAX).min(max_ttl.max(BACKOFF))
}

const BACKOFF: Duration = Duration::from_millis(500);
const BACKOFF_MAX: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_routed_and_nothing_is_better_than_no_address() {
        let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
        assert_eq!(usable(vec![loopback], 80), ["127.0.0.1:80".parse().unwrap()]);
        assert_eq!(usable(vec![], 80), []);
    }

    #[test]
    fn failures_are_asked_again_ever_later() {
        let ttl = (Duration::from_secs(1), Duration::from_secs(300));
        let pauses: Vec<_> = (1..9).map(|n| backoff(n, ttl).as_millis()).collect();
        assert_eq!(pauses, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
    }
}
