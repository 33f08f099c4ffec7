//! `foxctl rollout`: moves traffic between blue and green, shows where that stands, and in what the colours differ.

mod diff;
mod parity;
mod show;
mod watch;

use std::process::ExitCode;

use clap::{Args, Subcommand};
use foxtrot_api::{RolloutChange, RolloutStatus};

pub(crate) use show::table;

use crate::{
    client::Admin,
    failure::{FINDING, Failure},
    output::Output,
};

/// What to do with a rollout.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Begin to move traffic to the colour that does not serve, or go on after a pause.
    Start {
        #[command(flatten)]
        which: Which,
        /// Wait for `step` before each move.
        #[arg(long)]
        hold: bool,
        /// Print what happens until it is over. Exits 1 when traffic goes back.
        #[arg(long)]
        watch: bool,
    },
    /// Move on to the next phase or step now.
    Step {
        #[command(flatten)]
        which: Which,
        /// Whatever guard, comparison and pre-warming say.
        #[arg(long)]
        force: bool,
    },
    /// Stay, until `start` goes on or the deadline of the rollout passes.
    Pause(Which),
    /// Move all traffic now.
    Promote {
        #[command(flatten)]
        which: Which,
        /// Whatever guard, comparison and pre-warming say.
        #[arg(long)]
        force: bool,
    },
    /// Move all traffic back now.
    Rollback(Which),
    /// Print where rollouts stand. Exits 1 when one has a warning or went back last.
    Status {
        /// The rollout; without it all.
        #[arg(value_parser = name)]
        name: Option<String>,
        /// Print what happens until it is over. Exits 1 when traffic goes back.
        #[arg(long, requires = "name")]
        watch: bool,
    },
    /// In what the shadow's answers differ from those that clients see, with a curl command for each difference.
    ///
    /// Exits 1 where more differs than may.
    Diff(diff::Args),
    /// Whether green is set up as blue is: settings, healthy endpoints, and a document that both serve.
    ///
    /// Exits 1 where they differ.
    Parity(parity::Args),
}

/// Which rollout.
#[derive(Debug, Args)]
pub(crate) struct Which {
    /// Name in the configuration.
    #[arg(value_parser = name)]
    name: String,
}

/// Does it.
pub(crate) async fn run(
    command: Command,
    admin: &Admin,
    out: &mut Output,
) -> Result<ExitCode, Failure> {
    let (name, asked, follow) = match command {
        Command::Start { which, hold, watch } => (which.name, format!("start?hold={hold}"), watch),
        Command::Step { which, force } => (which.name, format!("step?force={force}"), false),
        Command::Pause(which) => (which.name, "pause".to_owned(), false),
        Command::Promote { which, force } => (which.name, format!("promote?force={force}"), false),
        Command::Rollback(which) => (which.name, "rollback".to_owned(), false),
        Command::Status { name: Some(name), watch: true } => {
            return watch::run(&name, admin, out).await;
        }
        Command::Status { name, .. } => return status(name.as_deref(), admin, out).await,
        Command::Diff(args) => return diff::run(&args, admin, out).await,
        Command::Parity(args) => return parity::run(&args, admin, out).await,
    };
    let answer = admin.post::<RolloutChange>(&format!("/rollouts/{name}/{asked}")).await?;
    if out.json {
        out.text(&answer.body)?;
    } else {
        show::change(out, &answer.value)?;
    }
    out.flush()?;
    if follow { watch::run(&name, admin, out).await } else { Ok(ExitCode::SUCCESS) }
}

async fn status(name: Option<&str>, admin: &Admin, out: &mut Output) -> Result<ExitCode, Failure> {
    let answer = admin.get::<Vec<RolloutStatus>>("/rollouts").await?;
    let mut rollouts = answer.value;
    if let Some(name) = name {
        rollouts.retain(|rollout| rollout.name == name);
        if rollouts.is_empty() {
            return Err(unknown(name));
        }
    }
    if out.json {
        let text = serde_json::to_vec(&rollouts);
        out.text(&text.map_err(|error| Failure::Failed(error.to_string()))?)?;
    } else {
        show::all(out, &rollouts)?;
    }
    out.flush()?;
    let well = rollouts.iter().all(is_well);
    Ok(ExitCode::from(if well { 0 } else { FINDING }))
}

/// A rollout that went back stays a finding until the next one has begun.
fn is_well(rollout: &RolloutStatus) -> bool {
    let went_back =
        rollout.last_rollback.is_some() && matches!(rollout.phase.as_str(), "idle" | "rollback");
    rollout.warning.is_none() && !went_back
}

fn unknown(name: &str) -> Failure {
    Failure::Failed(format!(
        "no rollout `{name}`; `foxctl rollout status` shows those that there are"
    ))
}

/// The server knows the names; here is only seen that one can stand in a path.
fn name(text: &str) -> Result<String, String> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if !text.is_empty() && text.bytes().all(fits) && !matches!(text, "." | "..") {
        Ok(text.to_owned())
    } else {
        Err("expected the name of a rollout".to_owned())
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
    fn a_name_can_stand_in_a_path() {
        for text in ["gateway", "a-b_c.d", "7"] {
            assert_eq!(name(text).as_deref(), Ok(text));
        }
        for text in ["", ".", "..", "a/b", "a?force=true", "a b"] {
            assert!(name(text).is_err(), "{text}");
        }
    }
}
