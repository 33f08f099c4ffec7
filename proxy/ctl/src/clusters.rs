//! `foxctl clusters`: endpoints, how they do, and how near clusters are to their caps.

use std::{io, process::ExitCode};

use foxtrot_api::{ClusterStatus, EndpointState, EndpointStatus};

use crate::{
    client::Admin,
    failure::{FINDING, Failure},
    output::{Output, Table},
};

/// Prints all clusters; a finding where one of them has no endpoint that requests are sent to.
pub(crate) async fn run(admin: &Admin, out: &mut Output) -> Result<ExitCode, Failure> {
    let answer = admin.get::<Vec<ClusterStatus>>("/clusters").await?;
    if out.json {
        out.text(&answer.body)?;
    } else {
        print(out, &answer.value)?;
    }
    out.flush()?;
    let well = answer.value.iter().all(has_healthy);
    Ok(ExitCode::from(if well { 0 } else { FINDING }))
}

fn has_healthy(cluster: &ClusterStatus) -> bool {
    cluster.endpoints.iter().any(|endpoint| endpoint.state == EndpointState::Healthy)
}

fn print(out: &mut Output, clusters: &[ClusterStatus]) -> io::Result<()> {
    out.table(&caps(clusters))?;
    out.line("")?;
    let mut table = Table::new([
        "cluster",
        "endpoint",
        "state",
        "active",
        "connections",
        "requests",
        "failures",
        "5xx",
        "ejections",
    ]);
    for cluster in clusters {
        for endpoint in &cluster.endpoints {
            table.row(endpoint_row(cluster, endpoint));
        }
    }
    out.table(&table)
}

/// Each count beside its cap.
fn caps(clusters: &[ClusterStatus]) -> Table {
    let mut table = Table::new(["cluster", "healthy", "requests", "connections", "waiting"]);
    for cluster in clusters {
        let healthy = |endpoint: &&EndpointStatus| endpoint.state == EndpointState::Healthy;
        let healthy = cluster.endpoints.iter().filter(healthy).count();
        table.row([
            cluster.name.clone(),
            format!("{healthy}/{}", cluster.endpoints.len()),
            format!("{}/{}", cluster.in_flight, cluster.requests_max),
            format!("{}/{}", cluster.connections, cluster.connections_max),
            format!("{}/{}", cluster.pending, cluster.pending_max),
        ]);
    }
    table
}

fn endpoint_row(cluster: &ClusterStatus, endpoint: &EndpointStatus) -> [String; 9] {
    [
        cluster.name.clone(),
        endpoint.address.clone(),
        state(endpoint.state).to_owned(),
        endpoint.active.to_string(),
        endpoint.connections.to_string(),
        endpoint.requests.to_string(),
        endpoint.failures.to_string(),
        endpoint.server_errors.to_string(),
        endpoint.ejections.to_string(),
    ]
}

fn state(state: EndpointState) -> &'static str {
    match state {
        EndpointState::Healthy => "healthy",
        EndpointState::Unhealthy => "unhealthy",
        EndpointState::Ejected => "ejected",
        EndpointState::Unprobed => "unprobed",
    }
}
