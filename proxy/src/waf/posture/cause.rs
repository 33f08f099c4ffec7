//! Why a class is open: what would have to be otherwise for it to be found.

use std::sync::Arc;

use foxtrot_waf::Policy as EnginePolicy;

use super::{
    probe::{Bench, Met, Probe},
    subject::{Subject, meant},
};
use crate::waf::{compile::engine, exclusion::Entry};

/// Why a class is open.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::waf) enum Cause {
    /// No rule runs.
    ModeOff,
    /// Every client is on the list of those at whom no rule looks.
    AllowList,
    /// Each of these exclusions, by number: without it, the class is found.
    Exclusion(Vec<usize>),
    /// All of these exclusions together: without one of them alone, it is not found yet.
    Exclusions(Vec<usize>),
    /// The level or a threshold of the configuration.
    Settings,
    /// The rules find it on other paths.
    Path,
    /// No rule finds it.
    NoRule,
}

/// Why a probe met nothing at the root; `None` if it was found there.
#[derive(Debug)]
pub(super) struct Root(pub Option<Cause>);

/// Why a probe met nothing on a path. What is known of the root spares most of the work: `None` for the root itself.
pub(super) fn find(
    bench: &mut Bench,
    subject: &Subject,
    probe: &Probe,
    path: &str,
    root: Option<&Root>,
) -> Cause {
    let (settings, shared) = (&subject.policy.settings, &subject.policy.shared);
    let now = bench.now;
    let holding = |path: &str| shared.exclusions.holding(&settings.exclusions, &meant(path), now);
    let same = root.is_some() && holding(path) == holding("/");
    match root {
        // More exclusions than at the root do not make it found.
        Some(Root(Some(cause @ (Cause::Settings | Cause::NoRule)))) => return cause.clone(),
        Some(Root(Some(cause))) if same => return cause.clone(),
        Some(Root(None)) if same => return Cause::Path,
        _ => {}
    }
    let holding = holding(path);
    let mut finds = |engine: EnginePolicy| {
        bench.send(&Arc::new(engine), subject.how(), probe, path) != Met::Nothing
    };
    let with = |exclusions: &[usize]| engine(settings, exclusions, shared);
    if finds(with(&[])) {
        let without = |one: usize| -> Vec<usize> {
            holding.iter().copied().filter(|other| *other != one).collect()
        };
        let alone: Vec<usize> =
            holding.iter().copied().filter(|one| finds(with(&without(*one)))).collect();
        if !alone.is_empty() {
            return Cause::Exclusion(alone);
        }
        let mut harmless = Vec::new();
        let mut to_blame = Vec::new();
        for one in holding {
            harmless.push(one);
            if !finds(with(&harmless)) {
                harmless.pop();
                to_blame.push(one);
            }
        }
        return Cause::Exclusions(to_blame);
    }
    if finds(EnginePolicy::new(Arc::clone(&shared.rules))) {
        return Cause::Settings;
    }
    // The root, where other exclusions hold, has it found by rules that this path keeps from it.
    if root.is_some_and(|root| root.0.is_none()) { Cause::Path } else { Cause::NoRule }
}

impl Cause {
    /// The exclusions that it names.
    pub fn exclusions(&self) -> &[usize] {
        match self {
            Self::Exclusion(numbers) | Self::Exclusions(numbers) => numbers,
            _ => &[],
        }
    }

    /// For people, behind "open, because".
    pub fn words(&self, exclusions: &[Entry]) -> String {
        let named = |numbers: &[usize], and: &str| {
            let entries = numbers.iter().filter_map(|number| exclusions.get(*number));
            entries.map(describe).collect::<Vec<_>>().join(and)
        };
        match self {
            Self::ModeOff => "the mode is off".to_owned(),
            Self::AllowList => "`waf.allow` holds every client".to_owned(),
            Self::Exclusion(numbers) => format!("excluded by {}", named(numbers, ", or by ")),
            Self::Exclusions(numbers) => {
                format!("excluded by {} together", named(numbers, " and "))
            }
            Self::Settings => {
                "the paranoia level or threshold of the configuration lets it pass".to_owned()
            }
            Self::Path => "the rule files let it pass on this path".to_owned(),
            Self::NoRule => "no rule finds it".to_owned(),
        }
    }
}

/// An exclusion in words: its place, what it leaves out, why.
fn describe(entry: &Entry) -> String {
    let written = &entry.written;
    let what = match (&written.rule, &written.tag) {
        (Some(rule), _) => format!("rule {rule}"),
        (None, Some(tag)) => format!("tag {tag}"),
        (None, None) => String::new(),
    };
    let target = written.target.as_ref().map_or(String::new(), |target| format!(", {target}"));
    let path = written.path.as_ref().map_or(String::new(), |path| format!(", path {path}"));
    format!("{} ({what}{target}{path}: {})", entry.at, written.reason)
}
