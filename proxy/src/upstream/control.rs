//! What happens beside requests, on the control thread: probes and names.

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;
use tokio::{
    sync::watch,
    task::{AbortHandle, JoinSet},
};

use super::{Cluster, endpoint::Endpoint, health, resolve};

/// Probes endpoints and refreshes names of the clusters in force until the sender is gone. Starts and stops with each
/// cluster and endpoint.
pub async fn run(mut clusters: watch::Receiver<Vec<Arc<Cluster>>>) {
    let mut tasks = JoinSet::new();
    let mut running: Vec<(Arc<Cluster>, AbortHandle)> = Vec::new();
    loop {
        let wanted = clusters.borrow_and_update().clone();
        running.retain(|(cluster, task)| {
            let stays = wanted.iter().any(|other| Arc::ptr_eq(other, cluster));
            if !stays {
                task.abort();
            }
            stays
        });
        for cluster in wanted {
            if !running.iter().any(|(other, _)| Arc::ptr_eq(other, &cluster)) {
                let task = tasks.spawn(supervise(cluster.clone()));
                running.push((cluster, task));
            }
        }
        // Ended tasks give back their memory only when they are joined.
        while tasks.try_join_next().is_some() {}
        if clusters.changed().await.is_err() {
            return;
        }
    }
}

/// Resolves names that have no addresses yet and probes endpoints for the first time, so that a configuration goes into
/// force knowing where to send. What is not done `within` that time goes on in [`run`].
pub async fn warm(clusters: &[Arc<Cluster>], within: Duration) {
    let all = join_all(clusters.iter().map(warm_one));
    if tokio::time::timeout(within, all).await.is_err() {
        tracing::warn!("some endpoints are not resolved or probed yet");
    }
}

async fn warm_one(cluster: &Arc<Cluster>) {
    let unresolved = (0..cluster.sources.len()).filter(|source| !cluster.has_addresses(*source));
    join_all(unresolved.map(|source| async move {
        if let Err(problem) = resolve::refresh(cluster, source).await {
            let host = &*cluster.sources[source].origin.host;
            tracing::warn!(cluster = &*cluster.name, host, problem, "name not resolved");
        }
    }))
    .await;
    let Some(health) = &cluster.settings.health else { return };
    let endpoints = cluster.endpoints().list.clone();
    let unprobed = endpoints.iter().filter(|endpoint| endpoint.is_unprobed());
    join_all(unprobed.map(|endpoint| health::probe(cluster, health, endpoint))).await;
}

/// Runs a cluster's names and probes; ends never.
async fn supervise(cluster: Arc<Cluster>) {
    let mut names = JoinSet::new();
    for source in 0..cluster.sources.len() {
        names.spawn(resolve::watch(cluster.clone(), source));
    }
    let mut probes = JoinSet::new();
    let mut running: Vec<(Arc<Endpoint>, AbortHandle)> = Vec::new();
    let mut changes = cluster.changes();
    loop {
        changes.borrow_and_update();
        let wanted = cluster.endpoints().list.clone();
        running.retain(|(endpoint, task)| {
            let stays = wanted.iter().any(|other| Arc::ptr_eq(other, endpoint));
            if !stays {
                task.abort();
            }
            stays
        });
        for endpoint in wanted {
            if cluster.is_probed()
                && !running.iter().any(|(other, _)| Arc::ptr_eq(other, &endpoint))
            {
                let task = probes.spawn(health::watch(cluster.clone(), endpoint.clone()));
                running.push((endpoint, task));
            }
        }
        while probes.try_join_next().is_some() {}
        if changes.changed().await.is_err() {
            return;
        }
    }
}
