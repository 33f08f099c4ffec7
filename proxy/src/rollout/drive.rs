//! Drives rollouts: looks at each every tenth of a second, does what [`super::plan`] says, and says so in the log, the event
//! log, the metrics and the state file. Runs on the control thread.
//!
//! What a rollout consists of is behind [`Subject`]: nothing here knows a snapshot, a guard or a cluster.

mod describe;
mod say;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};

use foxtrot_api::{EventKind, RolloutChange, RolloutRollback, RolloutStatus};
use parking_lot::Mutex;
use serde_json::json;
use tokio::sync::watch;
use tracing::{error, warn};

use super::{
    plan::{self, Action, Command, Observation, Phase, Plan, Refused, State},
    state_file::{About, Found, Saved, SavedRollout, StateFile},
};
use crate::{
    clock::{self, Instant},
    config::Colour,
    event::Events,
    observe::{metrics::Metrics, shards::OneHot},
};

/// What is driven.
pub trait Subject {
    /// Name in the configuration.
    fn name(&self) -> &str;
    /// What the configuration says of its way.
    fn plan(&self) -> &Plan;
    /// What a state of it is about.
    fn about(&self) -> About;
    /// What is seen while traffic moves as this state says.
    fn observe(&self, state: &State, now: Instant) -> Observation;
    /// Requests and tunnels that a colour has in flight.
    fn in_flight(&self, colour: Colour) -> u64;
    /// Does something for a state to hold, at once.
    fn act(&self, action: Action);
}

/// The rollouts of a process.
#[derive(Debug)]
pub struct Drive {
    /// What time counts from.
    born: Instant,
    kept: Mutex<BTreeMap<String, Kept>>,
    /// What the state file said and nobody has asked for yet.
    found: Mutex<Saved>,
    /// Why the state file said nothing.
    warning: Mutex<Option<String>>,
    file: Option<StateFile>,
    events: Arc<Events>,
    metrics: Arc<Metrics>,
}

/// What is kept of a rollout.
#[derive(Debug)]
struct Kept {
    state: State,
    about: About,
    /// What was seen last while it was under way.
    seen: Option<Observation>,
    last_rollback: Option<RolloutRollback>,
    warning: Option<String>,
    phase: Arc<OneHot>,
}

/// Why a rollout moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause<'a> {
    /// Somebody asked the admin server, from this address.
    Admin(&'a str),
    /// It was time.
    Plan,
    /// The new colour is worse, or dead.
    Guard,
    /// The configuration changed.
    Reload,
    /// The process began.
    Restart,
}

/// Why what was asked for was not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unmoved {
    /// There is no such rollout.
    Unknown,
    /// Not now.
    Refused(Refused),
}

/// How often rollouts are looked at.
pub const EVERY: Duration = Duration::from_millis(100);

impl Drive {
    /// Rollouts as the directory says that they stand; without one they are forgotten when the process ends.
    ///
    /// # Errors
    /// The directory cannot be read or written.
    pub fn start(
        dir: Option<&Path>,
        events: Arc<Events>,
        metrics: Arc<Metrics>,
    ) -> std::io::Result<Self> {
        let opened = dir.map(|dir| StateFile::open(dir, clock::since_epoch())).transpose()?;
        let (file, found) = opened.unzip();
        let (found, warning) = match found {
            None => (Saved::new(), None),
            Some(Found::Whole(found)) => (found, None),
            Some(Found::Corrupt(why)) => {
                error!(why, "where rollouts stood is lost: shares are as the configuration says");
                events.record(
                    EventKind::Other("corrupt_state".to_owned()),
                    None,
                    [("why", json!(why))],
                );
                (Saved::new(), Some(why))
            }
        };
        Ok(Self {
            born: clock::now(),
            kept: Mutex::default(),
            found: Mutex::new(found),
            warning: Mutex::new(warning),
            file,
            events,
            metrics,
        })
    }

    /// Takes over the rollouts of a configuration that is put in force. One that is known stays where it is, unless what its
    /// state is about has changed: then what is declared wins.
    pub fn adopt<S: Subject>(&self, subjects: &[Arc<S>], cause: Cause<'_>) {
        let now = self.now();
        let found = std::mem::take(&mut *self.found.lock());
        let mut kept = self.kept.lock();
        kept.retain(|name, _| subjects.iter().any(|subject| subject.name() == name));
        for subject in subjects {
            match kept.get_mut(subject.name()) {
                Some(known) if known.about == subject.about() => {}
                Some(known) => self.redeclare(subject.as_ref(), known, now, cause),
                None => {
                    let mut new = self.fresh(subject.as_ref(), now);
                    if let Some(saved) = found.get(subject.name()) {
                        self.resume(subject.as_ref(), &mut new, saved, now);
                    }
                    kept.insert(subject.name().to_owned(), new);
                }
            }
        }
        self.save(&kept);
    }

    /// Looks at all rollouts, and moves those whose time has come.
    pub fn tick<S: Subject>(&self, subjects: &[Arc<S>]) {
        let now = self.now();
        let mut kept = self.kept.lock();
        let mut moved = false;
        for subject in subjects {
            let Some(known) = kept.get_mut(subject.name()) else { continue };
            if matches!(known.state.phase, Phase::Idle | Phase::Done) {
                continue;
            }
            let seen = subject.observe(&known.state, clock::now());
            self.heard(subject.name(), known.seen.as_ref(), &seen);
            if let Some(next) = plan::step(subject.plan(), &known.state, now, &seen) {
                let stopped = plan::stops(&known.state, &seen).is_some();
                let cause = if stopped && next.phase == Phase::Rollback {
                    Cause::Guard
                } else {
                    Cause::Plan
                };
                self.go(subject.as_ref(), known, next, cause);
                moved = true;
            }
            known.seen = Some(seen);
        }
        if moved {
            self.save(&kept);
        }
    }

    /// Does what an operator asks for. When this returns the shares are in force; the second part says when that is on disk.
    ///
    /// # Errors
    /// Why nothing was moved.
    pub fn command<S: Subject>(
        &self,
        subject: &S,
        asked: Command,
        caller: &str,
    ) -> Result<(RolloutChange, Option<Written>), Unmoved> {
        let begun = clock::now();
        let now = self.now();
        let mut kept = self.kept.lock();
        let known = kept.get_mut(subject.name()).ok_or(Unmoved::Unknown)?;
        let about = State { to: asked.candidate(&known.state), ..known.state.clone() };
        let seen = subject.observe(&about, begun);
        let before = self.status(subject, known);
        let next = plan::command(subject.plan(), &known.state, now, &seen, asked);
        let next = next.map_err(|refused| {
            let (asked, rollout) = (asked.as_str(), subject.name());
            warn!(rollout, asked, caller, %refused, "what was asked of a rollout is refused");
            Unmoved::Refused(refused)
        })?;
        known.warning = None;
        let changed = next.phase != known.state.phase || next.share != known.state.share;
        let held = next.held != known.state.held;
        self.go(subject, known, next, Cause::Admin(caller));
        if held && !changed {
            self.say_held(subject.name(), known, caller);
        }
        let under_way = known.state.phase.is_under_way();
        if under_way {
            self.heard(subject.name(), known.seen.as_ref(), &seen);
        }
        known.seen = under_way.then_some(seen);
        let after = self.status(subject, known);
        let written = self.save(&kept);
        drop(kept);
        self.warning.lock().take();
        let change = RolloutChange {
            before,
            after,
            took_ms: clock::now().saturating_duration_since(begun).as_secs_f64() * 1e3,
            note: self.note(changed || held, asked),
        };
        Ok((change, written))
    }

    /// How a rollout stands.
    pub fn describe<S: Subject>(&self, subject: &S) -> RolloutStatus {
        match self.kept.lock().get(subject.name()) {
            Some(known) => self.status(subject, known),
            // It came with a configuration that is just being put in force.
            None => RolloutStatus { name: subject.name().to_owned(), ..RolloutStatus::default() },
        }
    }

    /// Writes what waits.
    pub fn close(&self) {
        if let Some(file) = &self.file {
            file.close();
        }
    }

    fn now(&self) -> Duration {
        clock::now().saturating_duration_since(self.born)
    }

    fn fresh(&self, subject: &impl Subject, now: Duration) -> Kept {
        let about = subject.about();
        let kept = Kept {
            state: State::at_rest(about.declared_share, now, "declared"),
            about,
            seen: None,
            last_rollback: None,
            warning: self.warning.lock().clone(),
            phase: self.metrics.rollout_phase(subject.name()),
        };
        kept.phase.set(kept.state.phase.as_str());
        kept
    }

    fn resume(&self, subject: &impl Subject, new: &mut Kept, saved: &SavedRollout, now: Duration) {
        let rollout = subject.name();
        let Some(state) = saved.resume(now) else { return };
        if saved.about != new.about {
            let why = "weights or clusters were changed while the process was down";
            warn!(
                rollout,
                why, "where the rollout stood counts no more, its weights are as declared"
            );
            new.warning = Some(format!("{why}: shares are as declared"));
            self.say_phase(rollout, saved.phase(), new, Cause::Restart, why);
            return;
        }
        self.go(subject, new, state, Cause::Restart);
    }

    /// What is declared wins over where the rollout was.
    fn redeclare(&self, subject: &impl Subject, known: &mut Kept, now: Duration, cause: Cause<'_>) {
        known.about = subject.about();
        let why = "the configuration declares other weights or clusters";
        let next = State::at_rest(known.about.declared_share, now, why);
        known.seen = None;
        // The cluster may be another one behind the same share.
        subject.act(Action::SetShare(next.green_share()));
        self.go(subject, known, next, cause);
    }

    /// Puts a state in force and says so.
    fn go(&self, subject: &impl Subject, known: &mut Kept, next: State, cause: Cause<'_>) {
        let before = std::mem::replace(&mut known.state, next);
        for action in plan::actions(&before, &known.state) {
            subject.act(action);
        }
        known.phase.set(known.state.phase.as_str());
        let why = known.state.why.clone();
        let rollout = subject.name();
        if before.green_share() != known.state.green_share() {
            let (from, to) = (before.green_share(), known.state.green_share());
            self.say_weights(rollout, from, to, cause, &why);
        }
        if before.phase != known.state.phase {
            self.say_phase(rollout, before.phase.as_str(), known, cause, &why);
            self.time_rollback(subject, &before, known);
        }
    }

    /// Notes when a rollback began, and how long it took.
    fn time_rollback(&self, subject: &impl Subject, before: &State, known: &mut Kept) {
        if known.state.phase == Phase::Rollback {
            let (at, why) = (describe::ms(clock::since_epoch()), known.state.why.clone());
            known.last_rollback = Some(RolloutRollback { at, why, took_ms: None, late: false });
            return;
        }
        if before.phase != Phase::Rollback {
            return;
        }
        let took = self.now().saturating_sub(before.entered);
        let late = took > subject.plan().rollback_max;
        let rollout = subject.name();
        if late {
            error!(rollout, took_ms = took.as_millis(), "the rollback took longer than it may");
        }
        if let Some(last) = &mut known.last_rollback {
            last.took_ms = Some(describe::ms(took));
            last.late = late;
        }
        let fields = [("took_ms", json!(describe::ms(took))), ("late", json!(late))];
        self.events.record(EventKind::Other("rolled_back".to_owned()), Some(rollout), fields);
    }

    fn save(&self, kept: &BTreeMap<String, Kept>) -> Option<Written> {
        let file = self.file.as_ref()?;
        let now = clock::since_epoch();
        let saved = |known: &Kept| SavedRollout::new(known.about.clone(), &known.state, now);
        let saved = kept.iter().map(|(name, known)| (name.clone(), saved(known))).collect();
        Some(Written { version: file.save(saved), written: file.written() })
    }

    fn note(&self, changed: bool, asked: Command) -> String {
        if !changed {
            return "nothing to do".to_owned();
        }
        let begins = matches!(asked, Command::Start { .. } | Command::Promote { .. });
        if begins && self.file.is_none() {
            warn!("a rollout begins and there is no state directory: a restart would forget it");
            return "there is no state directory: a restart of the process forgets this rollout"
                .to_owned();
        }
        String::new()
    }
}

/// When a state is on disk.
#[derive(Debug)]
pub struct Written {
    version: u64,
    written: watch::Receiver<u64>,
}

impl Written {
    /// Waits until it is, but not for long: a disk that hangs must not hide that the shares are in force.
    pub async fn wait(mut self) {
        let version = self.version;
        let written = self.written.wait_for(|written| *written >= version);
        if tokio::time::timeout_at(clock::now() + DISK_TIME_MAX, written).await.is_err() {
            warn!("where rollouts stand is in force, but not yet on disk");
        }
    }
}

/// For the disk, before an operator is answered.
const DISK_TIME_MAX: Duration = Duration::from_millis(500);

impl<'a> Cause<'a> {
    fn as_str(self) -> &'static str {
        match self {
            Self::Admin(_) => "admin",
            Self::Plan => "plan",
            Self::Guard => "guard",
            Self::Reload => "reload",
            Self::Restart => "restart",
        }
    }

    fn caller(self) -> Option<&'a str> {
        match self {
            Self::Admin(caller) => Some(caller),
            _ => None,
        }
    }
}
