//! How a rollout moves: a function of where it stands, the time, what is seen, and what an operator asks.
//!
//! Time comes in as what has passed since the process began, and never goes backwards there; where it does, nothing happens
//! early. Nothing here moves traffic, writes a file or logs: [`super::drive`] does what [`actions`] says. Only shares are
//! remembered, not numbers of steps, so that steps may change while a rollout is under way.

mod command;

use std::time::Duration;

use super::Opinion;
use crate::{
    config::{self, Colour},
    observe::metrics_data::ROLLOUT_PHASES,
    route::split::BUCKETS,
};

pub use command::{Command, Refused, command};

/// What the configuration says of a rollout's way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Shares of the colour that traffic moves to, rising, in hundredths of a percent; all of it comes after them.
    pub steps: Vec<u16>,
    /// How long a step lasts at least.
    pub step_every: Duration,
    /// How long the colour that was left stands by.
    pub soak: Duration,
    /// Longest time without a move or a word of an operator.
    pub deadline: Duration,
    /// Longest time that the colour that was left drains.
    pub drain: Duration,
    /// A rollback that takes longer is late.
    pub rollback_max: Duration,
}

/// Where a rollout is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Nothing is under way.
    Idle,
    /// Copies of requests go where traffic is to move.
    Mirror,
    /// Their answers are compared.
    Compare,
    /// Connections are opened, and recorded requests replayed.
    Prewarm,
    /// A part of the traffic has moved.
    Steps,
    /// All traffic has moved; what it left drains.
    Full,
    /// What it left stands by.
    Soak,
    /// It is over.
    Done,
    /// Traffic is back; what it left drains.
    Rollback,
}

/// Where a rollout stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// The phase.
    pub phase: Phase,
    /// The colour that traffic moves to, or last moved to.
    pub to: Colour,
    /// Its share, in hundredths of a percent.
    pub share: u16,
    /// When the phase, or the step in it, began.
    pub entered: Duration,
    /// When it last moved, or an operator last asked for something.
    pub alive: Duration,
    /// It moves on only when an operator says so.
    pub held: bool,
    /// Why it is where it is.
    pub why: String,
}

/// What is seen of a rollout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// What the guard says of the colour that traffic moves to; `None` where there is no guard.
    pub guard: Option<Opinion>,
    /// What the comparison of copies says; `None` where that colour's copies are not compared.
    pub compare: Option<Opinion>,
    /// What pre-warming says; `None` where there is none.
    pub prewarm: Option<Opinion>,
    /// Whether that colour gets copies.
    pub mirrored: bool,
    /// Whether it has an endpoint that may be used.
    pub to_healthy: bool,
    /// Whether the other has.
    pub from_healthy: bool,
    /// Whether the colour that traffic has left has nothing in flight.
    pub drained: bool,
}

/// What has to be done for a state to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Forget what earlier rollouts have taught: another one begins, towards this colour.
    Begin(Colour),
    /// Give green this share, in hundredths of a percent.
    SetShare(u16),
    /// Begin to pre-warm a colour.
    Prewarm(Colour),
    /// That is over, one way or the other.
    EndPrewarm,
    /// End what this colour has in flight.
    Drain(Colour),
}

impl Plan {
    /// The plan of a rollout as configured.
    pub fn compile(written: &config::Rollout) -> Self {
        let shares = written.steps.iter().map(|share| share.basis_points());
        Self {
            steps: shares.filter(|share| *share < BUCKETS).collect(),
            step_every: written.step_every.0,
            soak: written.soak.0,
            deadline: written.deadline.0,
            drain: written.rollback.drain.0,
            rollback_max: written.rollback.max_duration.0,
        }
    }

    /// How long a phase lasts at least, if it does not wait for something else.
    pub fn lasts(&self, phase: Phase) -> Duration {
        match phase {
            Phase::Mirror | Phase::Steps => self.step_every,
            Phase::Full | Phase::Rollback => self.drain,
            Phase::Soak => self.soak,
            Phase::Idle | Phase::Compare | Phase::Prewarm | Phase::Done => Duration::ZERO,
        }
    }

    /// The share after this one.
    fn share_after(&self, share: u16) -> u16 {
        self.steps.iter().copied().find(|step| *step > share).unwrap_or(BUCKETS)
    }
}

impl Phase {
    /// All of them, as metrics and the API call them.
    pub const NAMES: [&str; 9] = ROLLOUT_PHASES;

    /// The word in metrics, logs, the API and the state file.
    pub fn as_str(self) -> &'static str {
        // In the order of the variants.
        Self::NAMES.get(self as usize).copied().unwrap_or_default()
    }

    /// The phase of a word.
    pub fn parse(word: &str) -> Option<Self> {
        use Phase::*;
        [Idle, Mirror, Compare, Prewarm, Steps, Full, Soak, Done, Rollback]
            .into_iter()
            .find(|phase| phase.as_str() == word)
    }

    /// Whether the rollout is on its way.
    pub fn is_under_way(self) -> bool {
        !matches!(self, Self::Idle | Self::Done | Self::Rollback)
    }
}

impl State {
    /// A rollout at rest, with this share of green in force.
    pub fn at_rest(green_share: u16, now: Duration, why: &str) -> Self {
        Self {
            phase: Phase::Idle,
            to: Colour::Green,
            share: green_share.min(BUCKETS),
            entered: now,
            alive: now,
            held: false,
            why: why.to_owned(),
        }
    }

    /// Green's share, in hundredths of a percent.
    pub fn green_share(&self) -> u16 {
        match self.to {
            Colour::Green => self.share,
            Colour::Blue => BUCKETS - self.share.min(BUCKETS),
        }
    }

    /// The same state, seen from the colour that has the larger share: that is where the next rollout starts from.
    fn facing(&self) -> Self {
        if self.share > BUCKETS / 2 {
            Self { to: self.to.other(), share: BUCKETS - self.share.min(BUCKETS), ..self.clone() }
        } else {
            self.clone()
        }
    }

    /// Whether the colour that traffic moves to gets any: only then can a guard know something of it.
    fn exposed(&self) -> bool {
        self.share > 0
    }

    fn moved(&self, phase: Phase, share: u16, now: Duration, why: &str) -> Self {
        Self { phase, share, entered: now, alive: now, why: why.to_owned(), ..self.clone() }
    }

    fn back(&self, now: Duration, why: &str) -> Self {
        Self { held: false, ..self.moved(Phase::Rollback, 0, now, why) }
    }
}

/// What becomes of a rollout now. `None`: nothing.
pub fn step(plan: &Plan, state: &State, now: Duration, seen: &Observation) -> Option<State> {
    let lasted = now.saturating_sub(state.entered);
    match state.phase {
        Phase::Idle | Phase::Done => return None,
        Phase::Rollback if seen.drained => {
            return Some(State { phase: Phase::Idle, entered: now, ..state.clone() });
        }
        Phase::Rollback => {
            let over = lasted >= plan.drain;
            return over.then(|| State { phase: Phase::Idle, entered: now, ..state.clone() });
        }
        _ => {}
    }
    if let Some(why) = stops(state, seen) {
        return Some(state.back(now, &why));
    }
    if now.saturating_sub(state.alive) >= plan.deadline {
        return Some(state.back(now, "deadline: nothing moved, and nobody asked for anything"));
    }
    if state.held || holds(state, seen).is_some() {
        return None;
    }
    let over = lasted >= plan.lasts(state.phase) || (state.phase == Phase::Full && seen.drained);
    over.then(|| onward(plan, state, now, seen, "plan"))
}

/// Why a rollout must go back.
pub fn stops(state: &State, seen: &Observation) -> Option<String> {
    if state.exposed() && !seen.to_healthy && seen.from_healthy {
        return Some(format!("{} has no healthy endpoint", state.to));
    }
    // Answers that differ need not be waited for, whatever the phase waits for.
    let compare = seen.compare.as_ref().filter(|_| state.phase <= Phase::Steps);
    let compare = compare.map(|opinion| ("compare", opinion));
    asked(state, seen).chain(compare).find_map(|(who, opinion)| match opinion {
        Opinion::Stop(why) => Some(format!("{who}: {why}")),
        _ => None,
    })
}

/// Why a rollout may not move on. Where all traffic has moved there is nothing left to hold.
pub fn holds(state: &State, seen: &Observation) -> Option<String> {
    if matches!(state.phase, Phase::Full | Phase::Soak) {
        return None;
    }
    if !seen.to_healthy {
        return Some(format!("{} has no healthy endpoint", state.to));
    }
    asked(state, seen).find_map(|(who, opinion)| match opinion {
        Opinion::Hold(why) => Some(format!("{who}: {why}")),
        _ => None,
    })
}

/// Who has a say in a phase. No data must hold, but where there can be none it must not hold for ever.
fn asked<'s>(
    state: &State,
    seen: &'s Observation,
) -> impl Iterator<Item = (&'static str, &'s Opinion)> {
    let guard = seen.guard.as_ref().filter(|_| state.exposed());
    let compare = seen.compare.as_ref().filter(|_| state.phase == Phase::Compare);
    let prewarm = seen.prewarm.as_ref().filter(|_| state.phase == Phase::Prewarm);
    [("guard", guard), ("compare", compare), ("prewarm", prewarm)]
        .into_iter()
        .filter_map(|(who, opinion)| Some((who, opinion?)))
}

/// The next phase or step. Phases whose feature is not configured are passed over.
fn onward(plan: &Plan, state: &State, now: Duration, seen: &Observation, why: &str) -> State {
    let phases = [
        (Phase::Mirror, seen.mirrored),
        (Phase::Compare, seen.compare.is_some()),
        (Phase::Prewarm, seen.prewarm.is_some()),
    ];
    let before_steps = state.phase < Phase::Steps || state.phase == Phase::Done;
    let passed = if state.phase == Phase::Done { Phase::Idle } else { state.phase };
    if before_steps
        && let Some((phase, _)) =
            phases.into_iter().find(|(phase, configured)| *configured && *phase > passed)
    {
        return state.moved(phase, state.share, now, why);
    }
    match state.phase {
        Phase::Full => state.moved(Phase::Soak, BUCKETS, now, why),
        Phase::Soak => State { held: false, ..state.moved(Phase::Done, BUCKETS, now, why) },
        _ => match plan.share_after(state.share) {
            BUCKETS => state.moved(Phase::Full, BUCKETS, now, why),
            share => state.moved(Phase::Steps, share, now, why),
        },
    }
}

/// What has to be done on the way from one state to the next.
pub fn actions(before: &State, after: &State) -> Vec<Action> {
    let mut actions = Vec::new();
    if after.phase.is_under_way() && !before.phase.is_under_way() {
        actions.push(Action::Begin(after.to));
    }
    if before.green_share() != after.green_share() {
        actions.push(Action::SetShare(after.green_share()));
    }
    if before.phase != after.phase {
        if before.phase == Phase::Prewarm {
            actions.push(Action::EndPrewarm);
        }
        match after.phase {
            Phase::Prewarm => actions.push(Action::Prewarm(after.to)),
            Phase::Full => actions.push(Action::Drain(after.to.other())),
            Phase::Rollback => actions.push(Action::Drain(after.to)),
            _ => {}
        }
    }
    actions
}

#[cfg(test)]
mod tests;
