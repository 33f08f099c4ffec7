//! Connections that are opened before there is a request for them.

use std::sync::Arc;

use futures_util::future::join_all;
use tokio::time::timeout;

use super::{
    Cluster,
    connect::{self, Purpose},
    endpoint::{Agreed, Endpoint},
    h1, h2,
};
use crate::clock;

/// Opens up to `count` connections of a worker, spread over the endpoints in rotation, and leaves them in its pools; how many
/// there are. No more are opened than the pools keep and the breaker allows, and one to each endpoint that speaks HTTP/2.
pub async fn open_ahead(cluster: &Arc<Cluster>, worker: usize, count: usize) -> usize {
    let (now, probed) = (clock::now(), cluster.is_probed());
    let endpoints = cluster.endpoints().list.clone();
    let fit: Vec<_> = endpoints.iter().filter(|e| e.in_rotation(probed, now)).collect();
    let shares = fit.iter().enumerate().map(|(at, endpoint)| {
        // Those in front take what cannot be shared evenly.
        let share = (count + fit.len() - 1 - at) / fit.len();
        open_some(cluster, endpoint, worker, share.min(cluster.settings.pool.idle))
    });
    join_all(shares).await.into_iter().sum()
}

async fn open_some(
    cluster: &Arc<Cluster>,
    endpoint: &Arc<Endpoint>,
    worker: usize,
    count: usize,
) -> usize {
    if count == 0 {
        return 0;
    }
    // The first tells which protocol the endpoint speaks.
    let first = usize::from(open(cluster, endpoint, worker).await);
    if first == 0 || endpoint.agreed() == Agreed::Http2 {
        return first;
    }
    let others = join_all((1..count).map(|_| open(cluster, endpoint, worker))).await;
    first + others.into_iter().filter(|opened| *opened).count()
}

async fn open(cluster: &Arc<Cluster>, endpoint: &Arc<Endpoint>, worker: usize) -> bool {
    let connecting = timeout(cluster.settings.timeouts.connect, connect(cluster, endpoint, worker));
    let problem = match connecting.await {
        Ok(Ok(())) => return true,
        Ok(Err(problem)) => problem,
        Err(_) => "timed out".to_owned(),
    };
    let (cluster, endpoint) = (&*cluster.name, &*endpoint.label);
    tracing::debug!(cluster, endpoint, problem, "no connection ahead of requests");
    false
}

async fn connect(
    cluster: &Arc<Cluster>,
    endpoint: &Arc<Endpoint>,
    worker: usize,
) -> Result<(), String> {
    let cap = cluster.settings.breaker.connections;
    let slot = cluster.load.connection(&endpoint.vitals, cap).ok_or("no room for one more")?;
    let transport = &endpoint.transport;
    let stream = connect::open(transport, endpoint.address, Purpose::Requests).await?;
    if connect::speaks_h2(transport, &stream)? {
        endpoint.agree(Agreed::Http2);
        let handle = h2::Handle::start(stream, slot).await?;
        endpoint.share(worker, handle);
    } else {
        endpoint.agree(Agreed::Http1);
        let connection = Box::new(h1::Connection::new(stream, slot));
        endpoint.checkin(worker, cluster.settings.pool, connection);
    }
    Ok(())
}
