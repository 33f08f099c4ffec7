//! `foxctl clusters`: endpoints and how they do.

use std::process::ExitCode;

use foxtrot_api::ClusterStatus;

use crate::{
    client::Admin,
    failure::Failure,
    output::{Output, Table},
};

/// Prints one row per endpoint.
pub(crate) async fn run(admin: &Admin, out: &mut Output) -> Result<ExitCode, Failure> {
    let answer = admin.get::<Vec<ClusterStatus>>("/clusters").await?;
    if out.json {
        out.text(&answer.body)?;
    } else {
        out.table(&table(&answer.value))?;
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn table(clusters: &[ClusterStatus]) -> Table {
    let mut table = Table::new(["cluster", "endpoint", "state"]);
    for cluster in clusters {
        for endpoint in &cluster.endpoints {
            table.row([cluster.name.clone(), endpoint.address.clone(), endpoint.state.clone()]);
        }
    }
    table
}
