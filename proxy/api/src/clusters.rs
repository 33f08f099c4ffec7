//! `/clusters`: endpoints and how they do.

use serde::{Deserialize, Serialize};

/// One cluster.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
pub struct ClusterStatus {
    /// Its name in the configuration.
    pub name: String,
    /// Its endpoints.
    pub endpoints: Vec<EndpointStatus>,
}

/// One endpoint.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
pub struct EndpointStatus {
    /// Address and port.
    pub address: String,
    /// What it is to us, such as `healthy`.
    pub state: String,
}
