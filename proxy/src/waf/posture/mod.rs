//! What attacks would meet: harmless probes of each class through every policy that somebody can come to use, in process,
//! with what is excluded at that time.
//!
//! A run is plain work on the calling thread, which must not be a worker's; when runs happen is for
//! [`crate::snapshot`].

mod cause;
mod probe;
mod probes_data;
pub(super) mod required;
mod subject;

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use foxtrot_api::WafClassState as State;
use parking_lot::Mutex;

use super::{
    Policy,
    rules::RulesLint,
    table::{Names, Uses},
};
use crate::{
    clock,
    config::{AttackClass, Config, WafMode},
    observe::{metrics::Metrics, metrics_data::POSTURE_STATES, shards::Gauge},
};
pub(super) use cause::Cause;
use cause::Root;
use probe::{Bench, Met};
use probes_data::{HARMLESS, PROBES};
pub(super) use subject::Subject;

/// The policies of a snapshot, and what their last run came to.
#[derive(Debug)]
pub struct Posture {
    pub(super) subjects: Vec<Subject>,
    pub(super) names: Names,
    /// Of the rules: it takes as long as a run, and is worked out before the first.
    lint: Arc<RulesLint>,
    last: Mutex<Option<Arc<Run>>>,
    runs: AtomicU64,
    /// What metrics say, for as long as this is there.
    gauges: Mutex<Vec<Arc<Gauge>>>,
    retired: AtomicBool,
}

/// A run of all probes.
#[derive(Debug)]
pub(super) struct Run {
    /// When it began, since the epoch.
    pub at: Duration,
    pub took: Duration,
    /// Requests that were judged.
    pub probes: u64,
    /// By number of the policy; empty of one that nobody uses.
    pub policies: Vec<Found>,
}

/// What a policy's probes met.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The harmless request is blocked too.
    pub blocks_everything: bool,
    pub classes: BTreeMap<AttackClass, Class>,
}

/// What the probes of a class met: the worst of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Class {
    pub state: State,
    /// Where it is open, and why. An empty path stands for all.
    pub openings: Vec<(String, Cause)>,
}

impl Posture {
    pub(super) fn new(
        policies: &[Arc<Policy>],
        uses: Vec<Uses>,
        names: Names,
        config: &Config,
        lint: &Arc<RulesLint>,
    ) -> Self {
        let subjects = policies.iter().zip(uses);
        Self {
            subjects: subjects.map(|(policy, uses)| Subject::new(policy, uses, config)).collect(),
            names,
            lint: Arc::clone(lint),
            last: Mutex::default(),
            runs: AtomicU64::new(0),
            gauges: Mutex::default(),
            retired: AtomicBool::new(false),
        }
    }

    /// The last run.
    pub(super) fn last(&self) -> Option<Arc<Run>> {
        self.last.lock().clone()
    }

    /// Ends a run under way, and all that would follow: another configuration has taken the place.
    pub fn retire(&self) {
        self.retired.store(true, Ordering::Relaxed);
    }

    /// Sends all probes, and tells metrics and, of classes that must be blocked and are not, the log. It takes time.
    pub fn run(&self, metrics: &Metrics) {
        self.lint.work_out();
        let Some(run) = self.probe(clock::since_epoch()) else { return };
        self.tell(&run, metrics);
        *self.last.lock() = Some(Arc::new(run));
        self.runs.fetch_add(1, Ordering::Release);
    }

    /// Runs so far.
    pub fn runs(&self) -> u64 {
        self.runs.load(Ordering::Acquire)
    }

    /// `None` where this is over before the run is.
    fn probe(&self, at: Duration) -> Option<Run> {
        let began = clock::now();
        let mut bench = Bench::at(seconds(at));
        let mut policies = Vec::with_capacity(self.subjects.len());
        for subject in &self.subjects {
            if self.retired.load(Ordering::Relaxed) {
                return None;
            }
            policies.push(match subject.uses.are_none() {
                true => Found::default(),
                false => found(&mut bench, subject, AttackClass::ALL),
            });
        }
        let took = clock::now().saturating_duration_since(began);
        Some(Run { at, took, probes: bench.count, policies })
    }

    fn tell(&self, run: &Run, metrics: &Metrics) {
        let mut gauges = Vec::new();
        let mut open = 0;
        for (subject, found) in self.subjects.iter().zip(&run.policies) {
            let Some(first) = subject.uses.first else { continue };
            let names = &self.names;
            let (listener, tenant) = (names.listener(first.listener), names.tenant(first.tenant));
            let route = names.route(first.route);
            for (state, word) in STATES.into_iter().zip(POSTURE_STATES) {
                let count = found.classes.values().filter(|class| class.state == state).count();
                let gauge = metrics.waf_posture_classes(listener, tenant, route, word);
                gauge.set(count as f64);
                gauges.push(gauge);
            }
            for (class, words) in required::missed(subject, found) {
                open += 1;
                tracing::error!(%class, listener, tenant, route, why = words,
                    "a class of attacks that must be blocked is not");
            }
        }
        metrics.waf_posture_missed().set(f64::from(open));
        *self.gauges.lock() = gauges;
    }
}

/// In the order of [`POSTURE_STATES`].
const STATES: [State; 4] = [State::Blocked, State::Staged, State::Detected, State::Open];

/// Sends the probes of some classes to a policy.
fn found(bench: &mut Bench, subject: &Subject, classes: &[AttackClass]) -> Found {
    let policy = &subject.policy;
    let everywhere = |cause: Cause| {
        let class = Class { state: State::Open, openings: vec![(String::new(), cause)] };
        let classes = classes.iter().map(|name| (*name, class.clone())).collect();
        Found { classes, ..Found::default() }
    };
    if policy.settings.mode == WafMode::Off {
        return everywhere(Cause::ModeOff);
    }
    if policy.shared.lists.allows_everybody() {
        return everywhere(Cause::AllowList);
    }
    let harmless = bench.send(&policy.engine, subject.how(), &HARMLESS, "/");
    let mut found = Found { blocks_everything: harmless != Met::Nothing, ..Found::default() };
    for class in classes {
        found.classes.insert(*class, one_class(bench, subject, *class));
    }
    found
}

fn one_class(bench: &mut Bench, subject: &Subject, name: AttackClass) -> Class {
    let mut class = Class { state: State::Blocked, openings: Vec::new() };
    for probe in PROBES.iter().filter(|probe| probe.class == name) {
        let mut root = None;
        for path in &subject.paths {
            let met = bench.send(&subject.policy.engine, subject.how(), probe, path);
            class.state = class.state.max(state(subject, met));
            let cause = (met == Met::Nothing)
                .then(|| cause::find(bench, subject, probe, path, root.as_ref()));
            if let Some(cause) = &cause {
                // What is so at the root is told once.
                let told = |(on, why): &(String, Cause)| why == cause && (on == "/" || on == path);
                if !class.openings.iter().any(told) {
                    class.openings.push((path.clone(), cause.clone()));
                }
            }
            root.get_or_insert(Root(cause));
        }
    }
    class
}

fn state(subject: &Subject, met: Met) -> State {
    match met {
        Met::Blocked if subject.policy.settings.enforce < 10_000 => State::Staged,
        Met::Blocked => State::Blocked,
        Met::Detected => State::Detected,
        Met::Nothing => State::Open,
    }
}

fn seconds(at: Duration) -> i64 {
    i64::try_from(at.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
