//! `GET /clusters`: clusters, their endpoints and their load.

use serde::{Deserialize, Serialize};

/// A cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterStatus {
    /// Name in the configuration.
    pub name: String,
    /// Its endpoints, in the order of the configuration; none while its names are not resolved.
    pub endpoints: Vec<EndpointStatus>,
    /// Requests in flight.
    pub in_flight: u32,
    /// Cap on them, `breaker.requests`.
    pub requests_max: u32,
    /// Connections open or being made.
    pub connections: u32,
    /// Cap on them, `breaker.connections`.
    pub connections_max: u32,
    /// Requests that wait for a connection.
    pub pending: u32,
    /// Cap on them, `breaker.pending`.
    pub pending_max: u32,
    /// Requests on their second or a later try.
    pub retries: u32,
}

/// An endpoint of a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointStatus {
    /// Address and port.
    pub address: String,
    /// Origin in the configuration that the address came from.
    pub origin: String,
    /// Whether requests are sent there.
    pub state: EndpointState,
    /// Requests under way.
    pub active: u32,
    /// Connections open or being made.
    pub connections: u32,
    /// Connections without a request.
    pub idle: u32,
    /// Longest idle time of a connection as learned from the endpoint, in milliseconds.
    pub learned_idle_ms: Option<u64>,
    /// Tries since the process knows the endpoint.
    pub requests: u64,
    /// Tries that ended without an answer.
    pub failures: u64,
    /// Answers of 500 and above.
    pub server_errors: u64,
    /// Times ejected.
    pub ejections: u64,
}

/// Whether requests are sent to an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndpointState {
    /// Yes.
    Healthy,
    /// Not while others are left: its probes fail.
    Unhealthy,
    /// Not for a while: it failed in a row.
    Ejected,
    /// Not yet: its first probe is still out.
    Unprobed,
}
