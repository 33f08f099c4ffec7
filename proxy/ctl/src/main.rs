//! foxctl: the operator's command line. It speaks to the admin server of a running foxtrot, or to a WAF under test, and keeps
//! nothing itself.
//!
//! Exit codes: 0 ok, 1 a finding or a failure, 2 usage, 3 the server cannot be reached.

mod client;
mod clock;
mod clusters;
mod config;
mod evidence;
mod failure;
mod fleet;
mod gate;
mod list;
mod output;
mod rollout;
mod samples;
mod status;
mod waf;

use std::{io, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

use client::{Address, Admin};
use failure::Failure;
use output::Output;

/// Looks at a running foxtrot and steers it, and tests WAFs.
///
/// Exit codes: 0 ok, 1 a finding or a failure, 2 usage, 3 the server cannot be reached.
#[derive(Debug, Parser)]
#[command(name = "foxctl", version, propagate_version = true)]
struct Args {
    /// URL of the admin server. `fleet` and `gate` take several, repeated or with commas.
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "FOXTROT_ADMIN",
        value_delimiter = ',',
        default_value = "http://127.0.0.1:9901"
    )]
    admin: Vec<Address>,
    /// File that holds the admin token; without it the environment variable FOXTROT_ADMIN_TOKEN does.
    #[arg(long, global = true, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Print JSON: of commands that ask the admin server, what it answers.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The process at a glance. Exits 1 when it is not ready or its last reload was refused.
    Status,
    /// The configuration in force, its history, and how to change it.
    #[command(subcommand)]
    Config(config::Command),
    /// Clusters and their endpoints.
    Clusters,
    /// Move traffic between blue and green, step by step, at once, or back.
    #[command(subcommand)]
    Rollout(rollout::Command),
    /// Allow and deny lists that are changed while the proxy runs.
    #[command(subcommand)]
    List(list::Command),
    /// One rollout on many proxies: all move or none.
    #[command(subcommand)]
    Fleet(fleet::Command),
    /// Conditions of a promotion, read from running proxies and their event log.
    #[command(subcommand)]
    Gate(gate::Command),
    /// Proof that an event log is whole.
    #[command(subcommand)]
    Evidence(evidence::Command),
    /// Tools of those who tune a WAF.
    #[command(subcommand)]
    Waf(waf::Command),
}

fn main() -> ExitCode {
    let args = Args::parse();
    match run(args) {
        Ok(code) => code,
        Err(failure) => failure.report(&mut io::stderr().lock()),
    }
}

fn run(args: Args) -> Result<ExitCode, Failure> {
    let token = client::token(args.token_file.as_deref())?;
    let fleet = args.admin.into_iter().map(|at| Admin::new(at, token.clone())).collect::<Vec<_>>();
    let mut out = Output::new(args.json);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Failed(format!("cannot start: {error}")))?;
    runtime.block_on(async {
        match args.command {
            Command::Status => status::run(only(&fleet)?, &mut out).await,
            Command::Config(command) => config::run(command, only(&fleet)?, &mut out).await,
            Command::Clusters => clusters::run(only(&fleet)?, &mut out).await,
            Command::Rollout(command) => rollout::run(command, only(&fleet)?, &mut out).await,
            Command::List(command) => list::run(command, only(&fleet)?, &mut out).await,
            Command::Fleet(command) => fleet::run(command, &fleet, &mut out).await,
            Command::Gate(command) => gate::run(command, fleet, &mut out).await,
            Command::Evidence(command) => evidence::run(command, &mut out),
            Command::Waf(command) => waf::run(command, only(&fleet)?, &mut out).await,
        }
    })
}

/// The server of a command that asks one.
fn only(fleet: &[Admin]) -> Result<&Admin, Failure> {
    match fleet {
        [admin] => Ok(admin),
        _ => Err(Failure::Usage("--admin: this command asks one server".to_owned())),
    }
}
