//! `foxctl waf`: tools of those who tune a WAF. `posture`, and `lint` without files, ask foxtrot's admin server; the others are
//! for any WAF and need its address and its log.

mod backend;
mod lint;
mod posture;
mod test;

use std::process::ExitCode;

use clap::Subcommand;

use crate::{client::Admin, failure::Failure, output::Output};

/// What to do for a WAF.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Whether the WAF is on, for whom, and which classes of attacks it would let through.
    ///
    /// Exits 1 where there is no WAF, or one that enforces lets a class through.
    Posture,
    /// Run a regression suite (the YAML of go-ftw, as OWASP CRS has it) against a WAF over the wire.
    ///
    /// Exits 0 when all tests pass, 1 when one fails or the run cannot be finished, 2 when the suite or an argument is
    /// wrong, and 3 when the WAF cannot be reached or its log shows no marker, before any test was run.
    Test(test::Args),
    /// What looks wrong in the WAF's configuration and rules: those in force, or the rule files that are named.
    ///
    /// Exits 0 without a warning, 1 with one or when the rules do not load, and 2 when an argument is wrong.
    Lint(lint::Args),
    /// Serve as the origin behind a WAF under test: POST /reflect answers as its body asks, all else with 200.
    Backend(backend::Args),
}

/// Does it.
pub(crate) async fn run(
    command: Command,
    admin: &Admin,
    out: &mut Output,
) -> Result<ExitCode, Failure> {
    match command {
        Command::Posture => posture::run(admin, out).await,
        Command::Test(args) => test::run(args, out).await,
        Command::Lint(args) => lint::run(&args, admin, out).await,
        Command::Backend(args) => backend::run(args, out).await,
    }
}
