//! foxctl: the operator's command line. It speaks to the admin server of a running foxtrot, or to a WAF under test, and keeps
//! nothing itself.
//!
//! Exit codes: 0 ok, 1 a finding or a failure, 2 usage, 3 the server cannot be reached.

mod client;
mod clock;
mod clusters;
mod config;
mod failure;
mod list;
mod output;
mod rollout;
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
    /// URL of the admin server.
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "FOXTROT_ADMIN",
        default_value = "http://127.0.0.1:9901"
    )]
    admin: Address,
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
    let admin = Admin::new(args.admin, token);
    let mut out = Output::new(args.json);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Failed(format!("cannot start: {error}")))?;
    runtime.block_on(async {
        match args.command {
            Command::Status => status::run(&admin, &mut out).await,
            Command::Config(command) => config::run(command, &admin, &mut out).await,
            Command::Clusters => clusters::run(&admin, &mut out).await,
            Command::Rollout(command) => rollout::run(command, &admin, &mut out).await,
            Command::List(command) => list::run(command, &admin, &mut out).await,
            Command::Waf(command) => waf::run(command, &admin, &mut out).await,
        }
    })
}
