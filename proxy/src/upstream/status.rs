//! Clusters as the admin server shows them.

use std::sync::atomic::Ordering;

use foxtrot_api::clusters::{ClusterStatus, EndpointState, EndpointStatus};

use super::{
    Cluster,
    endpoint::{Endpoint, Probed},
};
use crate::clock::{self, Instant};

impl Cluster {
    /// Endpoints, load and learned state.
    pub fn describe(&self) -> ClusterStatus {
        let now = clock::now();
        let endpoints = self.endpoints();
        let caps = &self.settings.breaker;
        ClusterStatus {
            name: self.name.to_string(),
            endpoints: endpoints
                .list
                .iter()
                .map(|endpoint| self.describe_endpoint(endpoint, now))
                .collect(),
            in_flight: self.load.requests(),
            requests_max: caps.requests,
            connections: self.load.connections(),
            connections_max: caps.connections,
            pending: self.load.pending(),
            pending_max: caps.pending,
            retries: self.load.retries(),
        }
    }

    fn describe_endpoint(&self, endpoint: &Endpoint, now: Instant) -> EndpointStatus {
        let vitals = &endpoint.vitals;
        let census = endpoint.census();
        let state = match vitals.probed() {
            _ if vitals.is_ejected(now) => EndpointState::Ejected,
            Probed::Unhealthy if self.is_probed() => EndpointState::Unhealthy,
            Probed::Unprobed if self.is_probed() => EndpointState::Unprobed,
            _ => EndpointState::Healthy,
        };
        EndpointStatus {
            address: endpoint.label.to_string(),
            origin: endpoint.origin.to_string(),
            state,
            active: vitals.active.load(Ordering::Relaxed),
            connections: vitals.connections.load(Ordering::Relaxed),
            idle: u32::try_from(census.idle).unwrap_or(u32::MAX),
            learned_idle_ms: vitals.idle_limit().map(|limit| limit.as_millis() as u64),
            requests: vitals.requests.load(Ordering::Relaxed),
            failures: vitals.failures.load(Ordering::Relaxed),
            server_errors: vitals.server_errors.load(Ordering::Relaxed),
            ejections: vitals.ejections.load(Ordering::Relaxed),
        }
    }
}
