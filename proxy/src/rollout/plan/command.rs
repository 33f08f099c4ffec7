//! What an operator may ask of a rollout, and when not.

use std::time::Duration;

use super::{Observation, Phase, Plan, State, holds, onward, stops};
use crate::{config::Colour, route::split::BUCKETS};

/// What an operator asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Begin, or go on after a pause.
    Start {
        /// Wait for `Step` before each move.
        hold: bool,
    },
    /// Move on now.
    Step {
        /// Whatever guard, comparison and pre-warming say.
        force: bool,
    },
    /// Stay, until somebody says otherwise or the deadline passes.
    Pause,
    /// Move all traffic now.
    Promote {
        /// Whatever guard, comparison and pre-warming say.
        force: bool,
    },
    /// Move all traffic back now.
    Rollback,
}

/// Why nothing was moved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It runs.
    #[error("it is under way, in phase {}", .0.as_str())]
    UnderWay(Phase),
    /// It does not.
    #[error("it is not under way; start it")]
    AtRest,
    /// Traffic has just gone back.
    #[error("it has gone back, and {0} still drains")]
    Draining(Colour),
    /// There is nothing to move traffic to.
    #[error("{0} has no healthy endpoint")]
    Unhealthy(Colour),
    /// Guard, comparison or pre-warming speaks against it.
    #[error("{0}; `force` goes on all the same")]
    Against(String),
}

impl Command {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Start { .. } => "start",
            Self::Step { .. } => "step",
            Self::Pause => "pause",
            Self::Promote { .. } => "promote",
            Self::Rollback => "rollback",
        }
    }

    /// The colour that traffic is to move to if this is asked of a rollout in this state: what is to be observed.
    pub fn candidate(self, state: &State) -> Colour {
        let begins = matches!(self, Self::Start { .. } | Self::Promote { .. });
        if begins && is_at_rest(state) { state.facing().to } else { state.to }
    }
}

/// What becomes of a rollout of which an operator asks this. `seen` is about [`Command::candidate`].
///
/// # Errors
/// Why nothing is moved.
pub fn command(
    plan: &Plan,
    state: &State,
    now: Duration,
    seen: &Observation,
    command: Command,
) -> Result<State, Refused> {
    match command {
        Command::Start { hold } => start(plan, state, now, seen, hold),
        Command::Step { force } => step(plan, state, now, seen, force),
        Command::Pause => {
            under_way(state)?;
            Ok(State { held: true, alive: now, ..state.clone() })
        }
        Command::Promote { force } => promote(state, now, seen, force),
        Command::Rollback => Ok(rollback(state, now)),
    }
}

fn start(
    plan: &Plan,
    state: &State,
    now: Duration,
    seen: &Observation,
    hold: bool,
) -> Result<State, Refused> {
    if state.phase.is_under_way() {
        return match state.held {
            true => Ok(State { held: hold, alive: now, ..state.clone() }),
            false => Err(Refused::UnderWay(state.phase)),
        };
    }
    settled(state)?;
    let from = state.facing();
    healthy(&from, seen)?;
    Ok(State { held: hold, ..onward(plan, &from, now, seen, "started") })
}

fn step(
    plan: &Plan,
    state: &State,
    now: Duration,
    seen: &Observation,
    force: bool,
) -> Result<State, Refused> {
    under_way(state)?;
    healthy(state, seen)?;
    allowed(state, seen, force)?;
    Ok(onward(plan, state, now, seen, "stepped on by hand"))
}

fn promote(
    state: &State,
    now: Duration,
    seen: &Observation,
    force: bool,
) -> Result<State, Refused> {
    settled(state)?;
    let from = if is_at_rest(state) { state.facing() } else { state.clone() };
    healthy(&from, seen)?;
    allowed(&from, seen, force)?;
    if matches!(state.phase, Phase::Full | Phase::Soak) {
        return Ok(State { alive: now, ..from });
    }
    Ok(State { held: false, ..from.moved(Phase::Full, BUCKETS, now, "promoted by hand") })
}

/// What is at rest at a share in between goes back as well: in need nobody asks who moved it there.
fn rollback(state: &State, now: Duration) -> State {
    let from = if state.phase == Phase::Idle { state.facing() } else { state.clone() };
    let nothing_to_do =
        state.phase == Phase::Rollback || (state.phase == Phase::Idle && !from.exposed());
    if nothing_to_do {
        return State { alive: now, ..state.clone() };
    }
    from.back(now, "rolled back by hand")
}

fn is_at_rest(state: &State) -> bool {
    matches!(state.phase, Phase::Idle | Phase::Done)
}

fn under_way(state: &State) -> Result<(), Refused> {
    settled(state)?;
    if state.phase.is_under_way() { Ok(()) } else { Err(Refused::AtRest) }
}

fn settled(state: &State) -> Result<(), Refused> {
    match state.phase {
        Phase::Rollback => Err(Refused::Draining(state.to)),
        _ => Ok(()),
    }
}

fn healthy(state: &State, seen: &Observation) -> Result<(), Refused> {
    if seen.to_healthy { Ok(()) } else { Err(Refused::Unhealthy(state.to)) }
}

fn allowed(state: &State, seen: &Observation, force: bool) -> Result<(), Refused> {
    match stops(state, seen).or_else(|| holds(state, seen)) {
        Some(why) if !force => Err(Refused::Against(why)),
        _ => Ok(()),
    }
}
