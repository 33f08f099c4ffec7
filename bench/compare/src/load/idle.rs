//! Connections that are held open after one request each. They come one after the other, so that all of them need one
//! upstream connection.

use surge::{clock, record::Latency};

use super::{Clients, Outcome, exchange, quantiles, sources};

pub(super) fn run(
    clients: &Clients,
    connections: usize,
    loaded: &mut dyn FnMut(),
) -> anyhow::Result<Outcome> {
    let (request, sources) = (clients.only_request(true)?, sources()?);
    let (mut outcome, mut latency) = (Outcome::default(), Latency::default());
    let mut held = Vec::with_capacity(connections);
    let begun = clock::now();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        for from in sources.into_iter().cycle().take(connections) {
            if clients.stopped() {
                break;
            }
            let since = clock::now();
            let ended = exchange::once(clients, from, &request).await;
            latency.record(clock::now() - since);
            let ended = ended.map(|(stream, status)| {
                held.push(stream);
                status
            });
            outcome.count(clients.scenario.status, ended);
        }
    });
    outcome.seconds = (clock::now() - begun).as_secs_f64();
    outcome.latency = quantiles(&latency);
    loaded();
    drop(held);
    Ok(outcome)
}
