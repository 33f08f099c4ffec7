//! `foxctl rollout`: rollouts and their shadows.

mod diff;
mod parity;

use std::process::ExitCode;

use clap::Subcommand;

use crate::{client::Admin, failure::Failure, output::Output};

/// What to do with a rollout.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// In what the shadow's answers differ from those that clients see, with a curl command for each difference.
    ///
    /// Exits 1 where more differs than may.
    Diff(diff::Args),
    /// Whether green is set up as blue is: settings, healthy endpoints, and a document that both serve.
    ///
    /// Exits 1 where they differ.
    Parity(parity::Args),
}

/// Does it.
pub(crate) async fn run(
    command: Command,
    admin: &Admin,
    out: &mut Output,
) -> Result<ExitCode, Failure> {
    match command {
        Command::Diff(args) => diff::run(&args, admin, out).await,
        Command::Parity(args) => parity::run(&args, admin, out).await,
    }
}

/// The name of a rollout, as it can stand in a path.
fn name(text: &str) -> Result<String, String> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    if !text.is_empty() && text.bytes().all(plain) {
        Ok(text.to_owned())
    } else {
        Err("expected the name of a rollout: a-z, 0-9, `-` and `_`".to_owned())
    }
}

/// The same text without control characters.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_one_segment_of_a_path() {
        assert_eq!(name("gateway-2"), Ok("gateway-2".to_owned()));
        for text in ["", "a/b", "a?b", "..", "A", "a b"] {
            assert!(name(text).is_err(), "{text}");
        }
    }
}
