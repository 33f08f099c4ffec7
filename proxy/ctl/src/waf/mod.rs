//! `foxctl waf`: tools of those who tune a WAF. Of any WAF: they need its address and its log, not its admin server.

mod backend;
mod lint;
mod test;

use std::process::ExitCode;

use clap::Subcommand;

use crate::{failure::Failure, output::Output};

/// What to do for a WAF.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a regression suite (the YAML of go-ftw, as OWASP CRS has it) against a WAF over the wire.
    ///
    /// Exits 0 when all tests pass, 1 when one fails or the run cannot be finished, 2 when the suite or an argument is
    /// wrong, and 3 when the WAF cannot be reached or its log shows no marker, before any test was run.
    Test(test::Args),
    /// Look over rule files: what has no effect in them, what cannot be meant, what costs.
    ///
    /// Exits 0 without a warning, 1 with one or when the rules do not load, and 2 when an argument is wrong.
    Lint(lint::Args),
    /// Serve as the origin behind a WAF under test: POST /reflect answers as its body asks, all else with 200.
    Backend(backend::Args),
}

/// Does it.
pub(crate) async fn run(command: Command, out: &mut Output) -> Result<ExitCode, Failure> {
    match command {
        Command::Test(args) => test::run(args, out).await,
        Command::Lint(args) => lint::run(&args, out),
        Command::Backend(args) => backend::run(args, out).await,
    }
}
