//! Active probes: GET on a connection of their own, and what their results mean.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Version, header::USER_AGENT, uri::Scheme};
use tokio::time::timeout;

use super::{
    Cluster,
    attempt::Answer,
    breaker::{Load, Traffic},
    connect::{self, Purpose},
    deadline::Deadline,
    endpoint::{Endpoint, Probed},
    exchange::Ask,
    h1, h2,
    settings::Problem,
};
use crate::{
    clock, config,
    wire::{Body, RequestHead, Target, parse},
};

/// Results in a row.
#[derive(Debug, Clone, Default)]
pub struct Streak {
    healthy: Option<bool>,
    against: u32,
}

impl Streak {
    /// Takes note of a probe; whether the endpoint is healthy now. The first probe decides alone, later ones need `rise` or
    /// `fall` in a row.
    pub fn note(&mut self, success: bool, rise: u32, fall: u32) -> bool {
        let Some(healthy) = self.healthy else {
            self.healthy = Some(success);
            return success;
        };
        if success == healthy {
            self.against = 0;
            return healthy;
        }
        self.against += 1;
        if self.against >= if success { rise } else { fall } {
            self.healthy = Some(success);
            self.against = 0;
            return success;
        }
        healthy
    }
}

/// Finds what could not be sent.
pub(super) fn check(health: &config::Health) -> Result<(), Vec<Problem>> {
    let mut problems = Vec::new();
    if health.path.bytes().any(|byte| byte <= b' ' || byte == 0x7f) {
        let what = "holds a space or a control character; write it with a percent sign";
        problems.push(("health.path".into(), what.into()));
    }
    if let Some(host) = &health.host
        && !parse::is_authority(host.as_bytes())
    {
        problems.push(("health.host".into(), format!("\"{host}\" is no host")));
    }
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

/// Probes an endpoint for as long as it belongs to the cluster.
pub(super) async fn watch(cluster: Arc<Cluster>, endpoint: Arc<Endpoint>) {
    let Some(health) = cluster.settings.health.clone() else { return };
    let jitter = || jittered(health.every.0, cluster.chance(0));
    if endpoint.vitals.probed() != Probed::Unprobed {
        // A reload starts us anew: the endpoint was probed a moment ago.
        tokio::time::sleep(jitter() / 2).await;
    }
    loop {
        probe(&cluster, &health, &endpoint).await;
        tokio::time::sleep(jitter()).await;
    }
}

/// Probes an endpoint once and takes note of the result.
pub(super) async fn probe(cluster: &Cluster, health: &config::Health, endpoint: &Arc<Endpoint>) {
    let authority = match &health.host {
        Some(host) => Bytes::copy_from_slice(host.as_bytes()),
        None => endpoint.authority.clone(),
    };
    let head = head(&health.path, authority, "foxtrot-health-probe");
    let result = match timeout(health.timeout.0, ask(endpoint, head, health.timeout.0)).await {
        Ok(Ok(answer)) if health.expect.contains(&answer.status().as_u16()) => Ok(()),
        Ok(Ok(answer)) => Err(format!("status {}", answer.status().as_u16())),
        Ok(Err(problem)) => Err(problem),
        Err(_) => Err("timed out".into()),
    };
    let vitals = &endpoint.vitals;
    let before = vitals.probed();
    let healthy = vitals.probes.lock().note(result.is_ok(), health.rise, health.fall);
    if healthy && before == Probed::Unhealthy {
        vitals.begin(clock::now());
    }
    vitals.set_probed(healthy);
    let (cluster, address) = (&*cluster.name, &*endpoint.label);
    match (before, result) {
        (Probed::Healthy, Err(problem)) if !healthy => {
            tracing::warn!(cluster, endpoint = address, problem, "endpoint unhealthy");
        }
        (Probed::Unprobed, Err(problem)) => {
            tracing::warn!(cluster, endpoint = address, problem, "endpoint unhealthy");
        }
        (Probed::Unhealthy, _) if healthy => {
            tracing::info!(cluster, endpoint = address, "endpoint healthy");
        }
        _ => {}
    }
}

/// What the endpoint answers. The connection is our own: it shows that new ones can be made, and takes no room from
/// requests.
pub(super) async fn ask(
    endpoint: &Arc<Endpoint>,
    head: RequestHead,
    within: Duration,
) -> Result<Answer, String> {
    let transport = &endpoint.transport;
    let stream = connect::open(transport, endpoint.address, Purpose::Requests).await?;
    let ask = Ask {
        head: &head,
        body: Body::Empty,
        deadline: Deadline::new(within, within, clock::now()),
        informational: None,
    };
    let slot =
        Arc::new(Load::default()).connection(&Arc::default(), 1).ok_or("no room for a probe")?;
    if connect::speaks_h2(transport, &stream)? {
        let handle = h2::Handle::start(stream, slot).await?;
        let lease = handle.lease(Traffic::Live).ok_or("the endpoint allows no streams")?;
        let scheme = if transport.tls.is_some() { Scheme::HTTPS } else { Scheme::HTTP };
        let answer = h2::exchange(lease, ask, scheme).await.map_err(|f| f.error.to_string())?;
        return Ok(Answer::Http2(answer));
    }
    let connection = Box::new(h1::Connection::new(stream, slot));
    let answer = h1::exchange(connection, ask).await.map_err(|f| f.error.to_string())?;
    Ok(Answer::Http1(answer))
}

/// The head of a request of our own.
pub(super) fn head(path: &str, authority: Bytes, agent: &'static str) -> RequestHead {
    RequestHead {
        method: Method::GET,
        target: Target::new(Bytes::copy_from_slice(path.as_bytes())),
        authority,
        version: Version::HTTP_11,
        headers: HeaderMap::from_iter([(USER_AGENT, HeaderValue::from_static(agent))]),
        upgrade: None,
        written: Default::default(),
    }
}

/// Nine to eleven tenths of `every`.
fn jittered(every: Duration, chance: u64) -> Duration {
    every * 9 / 10 + every / 5 * u32::try_from(chance % 1_000).unwrap_or(0) / 1_000
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_first_probe_decides_alone() {
        assert!(Streak::default().note(true, 3, 3));
        assert!(!Streak::default().note(false, 3, 3));
    }

    #[test]
    fn later_probes_need_a_row() {
        let mut streak = Streak::default();
        let mut states = String::new();
        for result in "+--+---+-++".chars() {
            let healthy = streak.note(result == '+', 2, 3);
            states.push(if healthy { '+' } else { '-' });
        }
        assert_eq!(states, "++++++----+");
    }

    proptest! {
        #[test]
        fn jitter_is_a_tenth(ms in 1u64..10_000_000, chance: u64) {
            let every = Duration::from_millis(ms);
            let wait = jittered(every, chance);
            prop_assert!(wait >= every * 9 / 10 && wait <= every * 11 / 10);
        }
    }
}
