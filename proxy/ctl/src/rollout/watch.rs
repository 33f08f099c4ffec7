//! Watches a rollout until it is over: a line per change.

use std::{process::ExitCode, time::Duration};

use foxtrot_api::RolloutStatus;
use tokio::time;

use super::{show, unknown};
use crate::{
    client::Admin,
    clock,
    failure::{FINDING, Failure},
    output::Output,
};

/// Between looks.
const EVERY: Duration = Duration::from_millis(200);

/// How long the server may be away, as while it is restarted.
const AWAY_MAX: Duration = Duration::from_secs(30);

/// Prints what changes, until the rollout is over or has gone back.
pub(super) async fn run(name: &str, admin: &Admin, out: &mut Output) -> Result<ExitCode, Failure> {
    let mut last = None;
    let mut seen_at = clock::now();
    loop {
        match look(name, admin).await {
            Ok(rollout) => {
                seen_at = clock::now();
                let line = line(&rollout, out.json)?;
                if last.as_ref() != Some(&line) {
                    out.line(&line)?;
                    out.flush()?;
                    last = Some(line);
                }
                if let Some(code) = end(&rollout) {
                    return Ok(code);
                }
            }
            Err(Failure::Unreachable(why)) if seen_at.elapsed() >= AWAY_MAX => {
                return Err(Failure::Unreachable(why));
            }
            Err(Failure::Unreachable(_)) => {}
            Err(failure) => return Err(failure),
        }
        time::sleep(EVERY).await;
    }
}

async fn look(name: &str, admin: &Admin) -> Result<RolloutStatus, Failure> {
    let rollouts = admin.get::<Vec<RolloutStatus>>("/rollouts").await?.value;
    rollouts.into_iter().find(|rollout| rollout.name == name).ok_or_else(|| unknown(name))
}

fn line(rollout: &RolloutStatus, json: bool) -> Result<String, Failure> {
    if json {
        return serde_json::to_string(rollout).map_err(|error| Failure::Failed(error.to_string()));
    }
    let paused = if rollout.paused { ", paused" } else { "" };
    let held = rollout.held_by.as_ref().map(|why| format!(", held up by {why}"));
    let why = match rollout.phase.as_str() {
        "rollback" | "idle" => format!(", because {}", rollout.why),
        _ => held.unwrap_or_default(),
    };
    let weights = show::shares(rollout.weights);
    Ok(format!("{}: {}{paused}, blue / green {weights}{why}", rollout.name, rollout.phase))
}

/// The exit code, once it is over.
fn end(rollout: &RolloutStatus) -> Option<ExitCode> {
    match rollout.phase.as_str() {
        "done" => Some(ExitCode::SUCCESS),
        "idle" | "rollback" => Some(ExitCode::from(FINDING)),
        _ => None,
    }
}
