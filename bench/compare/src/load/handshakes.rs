//! Connections with one request each, every one with a full TLS handshake.

use std::{cell::RefCell, net::IpAddr};

use futures_util::future::join_all;
use surge::{
    client::request::Prepared,
    clock::{self, Instant},
    record::Latency,
};

use super::{Clients, Outcome, exchange, quantiles, sources};

pub(super) fn run(
    clients: &Clients,
    connections: usize,
    loaded: &mut dyn FnMut(),
) -> anyhow::Result<Outcome> {
    let (request, sources) = (clients.only_request(false)?, sources()?);
    let begun = clock::now();
    let until = begun + clients.length;
    let counted = RefCell::new((Outcome::default(), Latency::default()));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let from = sources.into_iter().cycle().take(connections);
    let loops = from.map(|from| repeat(clients, from, &request, until, &counted));
    runtime.block_on(join_all(loops));
    let (mut outcome, latency) = counted.into_inner();
    outcome.seconds = (clock::now() - begun).as_secs_f64();
    outcome.latency = quantiles(&latency);
    loaded();
    Ok(outcome)
}

async fn repeat(
    clients: &Clients<'_>,
    from: IpAddr,
    request: &Prepared,
    until: Instant,
    counted: &RefCell<(Outcome, Latency)>,
) {
    while clock::now() < until && !clients.stopped() {
        let begun = clock::now();
        let ended = exchange::once(clients, from, request).await;
        let (outcome, latency) = &mut *counted.borrow_mut();
        latency.record(clock::now() - begun);
        outcome.count(clients.scenario.status, ended.map(|(_, status)| status));
    }
}
