//! `foxctl waf lint`: what looks wrong in the WAF's configuration and rules, those in force or those in files.

mod files;
mod live;

use std::process::ExitCode;

use crate::{client::Admin, failure::Failure, output::Output};

/// Which rules.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Rule files, in the order of `waf.rules`; wildcards are the proxy's too. Without any, what the proxy has in force.
    #[arg(value_name = "FILE")]
    files: Vec<String>,
}

/// Does it.
pub(crate) async fn run(args: &Args, admin: &Admin, out: &mut Output) -> Result<ExitCode, Failure> {
    match args.files.as_slice() {
        [] => live::run(admin, out).await,
        named => files::run(named, out),
    }
}
