//! `foxctl gate`: may a release be promoted? Conditions stand in a table that can be read aloud; what they are about is read
//! from running proxies and from the event log.
//!
//! No data is no pass. Nothing here changes a proxy.

mod judge;
mod path;
mod serve;
mod sources;
mod table;
mod written;

use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

use clap::{Args, Subcommand};

use crate::{
    client::Admin,
    failure::{FINDING, Failure},
    output::{Output, Table},
};
use judge::{State, Verdict};
use table::{Gates, Part};

/// What can be done with gates.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Judge a gate. Exits 1 when a condition does not hold, cannot be told, or calls for going back; 3 when a proxy cannot be
    /// reached.
    Check {
        /// Name of the gate, such as stage.
        gate: String,
        /// Only these of its conditions.
        #[arg(long, value_name = "PART")]
        part: Option<Part>,
        #[command(flatten)]
        sources: Sources,
    },
    /// Answer webhooks and metrics of others, such as Flagger and Argo Rollouts, from the same table.
    Serve {
        /// Address and port. Whoever reaches it can read verdicts and change nothing.
        #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9902")]
        listen: SocketAddr,
        #[command(flatten)]
        sources: Sources,
    },
}

/// Where conditions and facts are.
#[derive(Debug, Args)]
pub(crate) struct Sources {
    /// The table of gates.
    #[arg(long, value_name = "FILE", default_value = "conf/gates.toml")]
    file: PathBuf,
    /// Event log, of which rotated files are given too.
    #[arg(long, value_name = "FILE")]
    events: Vec<PathBuf>,
}

/// Runs a command.
pub(crate) async fn run(
    command: Command,
    fleet: Vec<Admin>,
    out: &mut Output,
) -> Result<ExitCode, Failure> {
    match command {
        Command::Check { gate, part, sources } => {
            let gates = Gates::load(&sources.file)?;
            let parts = gates.parts(&gate, part).map_err(Failure::Usage)?;
            let verdict = judge::judge(&gate, &parts, &fleet, &sources.events).await;
            print(&verdict, out)?;
            Ok(exit(&verdict))
        }
        Command::Serve { listen, sources } => {
            // A table that makes no sense is said now and not to the first caller.
            Gates::load(&sources.file)?;
            serve::run(listen, sources, fleet, out).await
        }
    }
}

fn exit(verdict: &Verdict) -> ExitCode {
    match verdict {
        Verdict { unreachable: true, .. } => ExitCode::from(3),
        Verdict { pass: true, .. } => ExitCode::SUCCESS,
        _ => ExitCode::from(FINDING),
    }
}

fn print(verdict: &Verdict, out: &mut Output) -> Result<(), Failure> {
    if out.json {
        out.line(verdict.json())?;
        return Ok(out.flush()?);
    }
    let mut table = Table::new(["part", "condition", "server", "says", "because"]);
    for result in &verdict.conditions {
        let says = match (result.part, result.state) {
            (Part::Rollback, State::Yes) => "GO BACK",
            (Part::Rollback, State::No) => "ok",
            (_, State::Yes) => "ok",
            (_, State::No) => "FAILS",
            (_, State::Unknown) => "NO DATA",
        };
        let part = result.part.as_str().to_owned();
        let server = result.server.clone().unwrap_or_default();
        table.row([part, result.name.clone(), server, says.to_owned(), result.why.clone()]);
    }
    out.table(&table)?;
    let said = if verdict.pass { "passed" } else { "not passed" };
    let back = if verdict.rollback { ", and it calls for going back" } else { "" };
    out.line(format!("gate {}: {said}{back}", verdict.gate))?;
    Ok(out.flush()?)
}
