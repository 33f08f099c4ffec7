//! `foxctl fleet`: one rollout on many proxies, as if they were one.
//!
//! All are ready or none is touched; then all move at once; then all are seen to have moved, or all go back. What was done is
//! proven by times: of each proxy and of the whole, on this machine's monotonic clock. Only fixed interfaces are used: the
//! changes of `/rollouts/NAME`, and the metric that says which share is in force.

mod proof;
mod proxy;

use std::{process::ExitCode, time::Duration};

use clap::{Args, Subcommand};
use futures_util::future::join_all;
use tokio::time;

use crate::{
    client::Admin,
    clock,
    failure::{FINDING, Failure},
    output::Output,
};
use proof::{Outcome, Proof, Server};
use proxy::{Colour, Move, State};

/// What can be done with a fleet: `--admin`, repeated or with commas, says which proxies are in it.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show the share that is in force on each. Exits 1 when they differ or one is not ready to move; 3 when one cannot be
    /// reached.
    Status {
        /// Name of the rollout.
        rollout: String,
        /// The colour that they are to be ready for.
        #[arg(long, value_name = "COLOUR", default_value = "green")]
        to: Colour,
    },
    /// Move all to a colour, or none. Exits 1 when none or not all have moved; 3 when one cannot be reached.
    Cutover {
        #[command(flatten)]
        timed: Timed,
        /// The colour that all are to have.
        #[arg(long, value_name = "COLOUR", default_value = "green")]
        to: Colour,
        /// Move against what a rollout's guard and comparison say.
        #[arg(long)]
        force: bool,
    },
    /// Move all back, whatever stands in the way of a cutover. Exits 1 when one has not moved, or not in time.
    Rollback {
        #[command(flatten)]
        timed: Timed,
        /// The colour that all are to have again.
        #[arg(long, value_name = "COLOUR", default_value = "blue")]
        to: Colour,
    },
}

/// Which rollout, and how long it may take.
#[derive(Debug, Args)]
pub(crate) struct Timed {
    /// Name of the rollout.
    rollout: String,
    /// Seconds from the beginning to the last proxy that is seen to have moved.
    #[arg(long, value_name = "SECONDS", default_value_t = 120, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    max_duration: u64,
}

/// Between two looks at a proxy that was told to move.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Runs a command.
pub(crate) async fn run(
    command: Command,
    fleet: &[Admin],
    out: &mut Output,
) -> Result<ExitCode, Failure> {
    let proof = match command {
        Command::Status { rollout, to } => status(&rollout, to, fleet).await,
        Command::Cutover { timed, to, force } => {
            cutover(&timed, Move::Promote { to, force }, fleet).await
        }
        Command::Rollback { timed, to } => rollback(&timed, Move::Back { to }, fleet).await,
    };
    proof.print(out)?;
    out.flush()?;
    Ok(match proof.outcome {
        Outcome::Ready | Outcome::Moved => ExitCode::SUCCESS,
        Outcome::Unreachable => ExitCode::from(3),
        Outcome::NotReady | Outcome::Reverted | Outcome::Failed => ExitCode::from(FINDING),
    })
}

async fn status(rollout: &str, to: Colour, fleet: &[Admin]) -> Proof {
    let mut proof = Proof::new("status", rollout, to);
    prepare(rollout, fleet, &mut proof).await;
    proof
}

async fn cutover(timed: &Timed, there: Move, fleet: &[Admin]) -> Proof {
    let mut proof = Proof::new("cutover", &timed.rollout, there.to()).within(timed.limit());
    if !prepare(&timed.rollout, fleet, &mut proof).await {
        return proof;
    }
    if change(there, fleet, &mut proof).await {
        proof.outcome = Outcome::Moved;
        return proof;
    }
    // Some may have moved and not said so: all are told.
    let back = Move::Back { to: there.to().other() };
    let mut reverting = rollback(timed, back, fleet).await;
    proof.outcome = match reverting.outcome {
        Outcome::Moved => Outcome::Reverted,
        _ => Outcome::Failed,
    };
    for (server, back) in proof.servers.iter_mut().zip(reverting.servers.drain(..)) {
        server.after = back.after.map(|share| 100.0 - share);
        let problems = back.problems.into_iter();
        server.problems.extend(problems.map(|problem| format!("going back: {problem}")));
    }
    proof
}

async fn rollback(timed: &Timed, back: Move, fleet: &[Admin]) -> Proof {
    let mut proof = Proof::new("rollback", &timed.rollout, back.to()).within(timed.limit());
    proof.servers = fleet.iter().map(|admin| Server::new(admin.address())).collect();
    // Nothing is asked first: what stands in the way of a cutover must not stand in the way of its end.
    if change(back, fleet, &mut proof).await {
        proof.outcome = Outcome::Moved;
    }
    proof
}

/// Looks at all; whether all are ready to move.
async fn prepare(rollout: &str, fleet: &[Admin], proof: &mut Proof) -> bool {
    let looks = fleet.iter().map(|admin| async {
        let began = clock::now();
        (State::look(admin, rollout, proof.to).await, began.elapsed())
    });
    let looks = join_all(looks).await;
    let first = looks.iter().find_map(|(state, _)| state.as_ref().ok()).cloned();
    proof.outcome = Outcome::Ready;
    for (admin, (state, took)) in fleet.iter().zip(looks) {
        let mut server = Server::new(admin.address());
        server.looked_ms = Some(milliseconds(took));
        match state {
            Ok(state) => {
                server.before = state.share;
                server.problems = state.problems(proof.to);
                server.problems.extend(first.as_ref().and_then(|first| state.differs(first)));
            }
            Err(failure) => {
                proof.outcome = proof.outcome.max(proxy::outcome(&failure));
                server.problems.push(failure.to_string());
            }
        }
        if !server.problems.is_empty() {
            proof.outcome = proof.outcome.max(Outcome::NotReady);
        }
        proof.servers.push(server);
    }
    proof.outcome == Outcome::Ready
}

/// Tells all to move and sees that they have; whether all have, in time.
async fn change(there: Move, fleet: &[Admin], proof: &mut Proof) -> bool {
    let began = clock::now();
    let until = began + proof.limit.unwrap_or_default();
    let rollout = &proof.rollout;
    let moves = fleet.iter().map(|admin| async move {
        let moved = time::timeout_at(until, arrive(there, rollout, admin)).await;
        (moved.unwrap_or_else(|_| Err("has not moved in time".to_owned())), began.elapsed())
    });
    let moves = join_all(moves).await;
    proof.took_ms = Some(milliseconds(began.elapsed()));
    let mut all = true;
    for (server, (moved, took)) in proof.servers.iter_mut().zip(moves) {
        server.moved_ms = Some(milliseconds(took));
        match moved {
            Ok(share) => server.after = Some(share),
            Err(problem) => {
                all = false;
                server.problems.push(problem);
            }
        }
    }
    all
}

/// Tells one to move, and looks until it has.
async fn arrive(there: Move, rollout: &str, admin: &Admin) -> Result<f64, String> {
    there.tell(admin, rollout).await?;
    loop {
        let share = proxy::share(admin, rollout, there.to()).await;
        match share.map_err(|failure| failure.to_string())? {
            Some(share) if share >= 100.0 => return Ok(share),
            Some(_) => time::sleep(LOOK_AGAIN).await,
            None => return Err(format!("has no rollout {rollout}")),
        }
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

impl Timed {
    fn limit(&self) -> Duration {
        Duration::from_secs(self.max_duration)
    }
}
