//! Rules that match the same: one of them says nothing new, or its pattern was to be another.
//!
//! Rules that steer, by jumps, by `ctl` or by variables, are left alone: several may hang on one condition.

use std::collections::BTreeMap;

use super::{
    Found,
    written::{Link, Written},
};
use crate::{
    action::{Effect, Flow, SetVar},
    error::Problem,
    seclang::ast::{Modifier, Selector, Target},
};

pub(super) fn look(written: &Written<'_>, found: &mut Found) {
    let mut first: BTreeMap<String, &Link<'_>> = BTreeMap::new();
    for head in written.running().filter(|link| link.is_head() && link.operator.is_some()) {
        let chain = written.chain(head);
        if chain.iter().any(steers) {
            continue;
        }
        let parts: Vec<String> = chain.iter().map(condition).collect();
        let key = format!("{} {}", head.rule.meta.phase, parts.join("\n"));
        if let Some(other) = first.get(key.as_str()) {
            let message = format!("{} matches what {} matches", head.name(), other.name());
            let problem = Problem::new(head.place, head.word_len(), message);
            found.add("twin", problem.also(other.place, other.word_len(), "the other is here"));
        } else {
            first.insert(key, head);
        }
    }
}

/// Whether a match changes what other rules do, except by a score.
fn steers(link: &Link<'_>) -> bool {
    let effects = link.rule.effects.iter().chain(&link.rule.late_effects);
    let is_score = |effect: &Effect| matches!(effect, Effect::SetVar(SetVar { scores: true, .. }));
    link.rule.flow != Flow::Next || effects.into_iter().any(|effect| !is_score(effect))
}

/// What a link asks, whatever the order of its targets.
fn condition(link: &Link<'_>) -> String {
    let mut targets: Vec<String> = link.targets.iter().map(spelled).collect();
    targets.sort();
    targets.dedup();
    let Some(operator) = link.operator else { return String::new() };
    let name = operator.name.to_ascii_lowercase();
    let transformations = &link.rule.transformations;
    format!(
        "{targets:?} {}@{name} {:?} {transformations:?} {}",
        operator.negated, operator.argument.bytes, link.rule.multi_match
    )
}

fn spelled(target: &Target) -> String {
    let modifier = match target.modifier {
        Modifier::Values => "",
        Modifier::Count => "&",
        Modifier::Exclude => "!",
    };
    let selector = match &target.selector {
        None => String::new(),
        Some(Selector::Name(name)) => format!(":{:?}", name.bytes.to_ascii_lowercase()),
        Some(Selector::Pattern(pattern)) => format!(":/{:?}/", pattern.bytes),
    };
    format!("{modifier}{}{selector}", target.name.to_ascii_uppercase())
}
