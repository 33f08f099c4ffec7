//! `require_classes`: classes that must be blocked, at each load and at each run.

use std::collections::BTreeMap;

use foxtrot_api::WafClassState as State;

use super::{Bench, Found, Posture, Subject, found, seconds};
use crate::{
    clock,
    config::{AttackClass, Config, KeyPath, Problem, WafMode, WafOverlay, document::path},
    waf::table::Use,
};

/// Problems of a load that are told; the others are of the same kind.
const PROBLEMS_MAX: usize = 20;

/// What would be let through that must not be.
pub(in crate::waf) fn check(posture: &Posture, config: &Config) -> Vec<Problem> {
    let mut bench = Bench::at(seconds(clock::since_epoch()));
    let mut problems = Vec::new();
    for subject in &posture.subjects {
        let required = &subject.policy.settings.required;
        let Some(first) = subject.uses.first.filter(|_| !required.is_empty()) else { continue };
        let classes: Vec<_> = required.iter().copied().collect();
        let found = found(&mut bench, subject, &classes);
        let mut why: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (class, words) in missed(subject, &found) {
            why.entry(words).or_default().push(format!("`{class}`"));
        }
        let (at, whom) = (place(config, first), whom(posture, subject, first));
        let problem = |(words, classes): (String, Vec<String>)| {
            let message = format!("{} not blocked {whom}: {words}", classes.join(", "));
            Problem::at(at.clone(), message)
        };
        problems.extend(why.into_iter().map(problem));
        if problems.len() >= PROBLEMS_MAX {
            problems.truncate(PROBLEMS_MAX);
            break;
        }
    }
    problems
}

/// Required classes that are let through, and why.
pub(super) fn missed(subject: &Subject, found: &Found) -> Vec<(AttackClass, String)> {
    let settings = &subject.policy.settings;
    let exclusions = &subject.policy.shared.exclusions.0;
    let required =
        settings.required.iter().filter_map(|name| Some((name, found.classes.get(name)?)));
    let missed = required.filter_map(|(name, class)| {
        let words = match class.state {
            State::Blocked => return None,
            State::Staged if settings.enforce > 0 => return None,
            State::Staged => "`enforce_percent` is 0".to_owned(),
            State::Detected if settings.mode == WafMode::Detect => "the mode is detect".to_owned(),
            State::Detected => "the rule files detect it and block nothing".to_owned(),
            State::Open => {
                let openings = class.openings.iter().map(|(path, cause)| {
                    let words = cause.words(exclusions);
                    if path.is_empty() { words } else { format!("on {path}: {words}") }
                });
                openings.collect::<Vec<_>>().join("; ")
            }
        };
        Some((*name, words))
    });
    missed.collect()
}

/// The key that requires something there.
fn place(config: &Config, one: Use) -> KeyPath {
    let says = |overlay: &WafOverlay| overlay.require_classes.is_some();
    if config.routes.get(one.route).is_some_and(|route| says(&route.waf)) {
        return path!["routes", one.route, "waf", "require_classes"];
    }
    let tenant = one.tenant.and_then(|tenant| config.tenants.iter().nth(tenant));
    if let Some((name, _)) = tenant.filter(|(_, tenant)| says(&tenant.waf)) {
        return path!["tenants", name, "waf", "require_classes"];
    }
    let listener = config.listeners.iter().nth(one.listener);
    match listener.filter(|(_, listener)| says(&listener.waf)) {
        Some((name, _)) => path!["listeners", name, "waf", "require_classes"],
        None => path!["waf", "require_classes"],
    }
}

/// Whose requests of which route; how many more have the same policy.
fn whom(posture: &Posture, subject: &Subject, first: Use) -> String {
    let names = &posture.names;
    let route = names.route(first.route);
    let tenant = match first.tenant {
        None => String::new(),
        Some(_) => format!(", tenant `{}`", names.tenant(first.tenant)),
    };
    let listener = match names.listeners.len() {
        1 => String::new(),
        _ => format!(", listener `{}`", names.listener(first.listener)),
    };
    let uses = &subject.uses;
    let others = [(uses.routes.len(), "routes"), (uses.tenants.len(), "tenants")];
    let others: String = others
        .iter()
        .filter(|(count, _)| *count > 1)
        .map(|(count, what)| format!(" and {} more {what}", count - 1))
        .collect();
    format!("for route `{route}`{tenant}{listener}{others}")
}
