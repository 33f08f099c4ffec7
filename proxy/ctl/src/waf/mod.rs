//! `foxctl waf`: tools of those who tune a WAF. Of any WAF: they need its address and its log, not its admin server.

mod backend;

use std::process::ExitCode;

use clap::Subcommand;

use crate::{failure::Failure, output::Output};

/// What to do for a WAF.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve as the origin behind a WAF under test: POST /reflect answers as its body asks, all else with 200.
    Backend(backend::Args),
}

/// Does it.
pub(crate) async fn run(command: Command, out: &mut Output) -> Result<ExitCode, Failure> {
    match command {
        Command::Backend(args) => backend::run(args, out).await,
    }
}
