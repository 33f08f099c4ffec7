//! Which rules read more of a match than that there was one.
//!
//! A search that tells groups costs several times one that does not, and of some 260 rules with `capture` in the CRS, 16 have
//! a reader of `TX:1` and beyond.

use crate::{
    action::{
        Disruptive, Effect,
        setvar::{Change, Destination},
    },
    macros::Macro,
    operator::Wanted,
    rule::Rule,
    state::tx::Name,
    variable::{Selector, Target},
};

/// Says of each rule what of a match it has to keep.
pub fn decide(rules: &mut [Rule]) {
    let mut begin = 0;
    let mut strangers_read = false;
    while begin < rules.len() {
        let end = begin + rules[begin..].iter().take_while(|rule| rule.chained).count() + 1;
        let end = end.min(rules.len());
        let chain = &mut rules[begin..end];
        let read = chain.iter().any(reads_groups);
        let captures = chain.iter().any(|rule| rule.wanted != Wanted::Verdict);
        if read && captures {
            want_groups(chain);
        }
        strangers_read |= read && !captures;
        begin = end;
    }
    if strangers_read {
        // Some rule reads what another has captured: which one, only a run can tell.
        want_groups(rules);
    }
}

fn want_groups(rules: &mut [Rule]) {
    for rule in rules.iter_mut().filter(|rule| rule.wanted == Wanted::Whole) {
        rule.wanted = Wanted::Groups;
    }
}

fn reads_groups(rule: &Rule) -> bool {
    names_any(rule, is_group)
}

/// Whether a rule names a variable for which this holds, among its targets or in a macro.
pub fn names_any(rule: &Rule, holds: impl Fn(&Target) -> bool) -> bool {
    let targets = rule.targets.iter().map(|target| &target.target);
    targets.chain(macros(rule).into_iter().flat_map(Macro::targets)).any(holds)
}

fn is_group(target: &Target) -> bool {
    matches!(target.selector, Selector::Tx(Name::Capture(1..)))
}

fn macros(rule: &Rule) -> Vec<&Macro> {
    let mut macros = Vec::new();
    macros.extend(rule.operator.argument());
    macros.extend(&rule.message);
    macros.extend(&rule.logdata);
    if let Disruptive::Redirect(_, to) = &rule.disruptive {
        macros.push(to);
    }
    for effect in rule.effects.iter().chain(&rule.late_effects) {
        match effect {
            Effect::SetVar(setvar) => {
                macros.extend(name(&setvar.destination));
                if let Change::Set(value) | Change::Add(_, value) = &setvar.change {
                    macros.push(value);
                }
            }
            Effect::Open(_, key) => macros.push(key),
            Effect::SetEnv(name, value) => macros.extend([name, value]),
            Effect::Expire(destination, seconds) => {
                macros.extend(name(destination));
                macros.push(seconds);
            }
            Effect::Deprecate(destination, ..) => macros.extend(name(destination)),
            Effect::Ctl(_) | Effect::Sanitise(..) | Effect::SanitiseMatched => {}
        }
    }
    macros
}

fn name(destination: &Destination) -> Option<&Macro> {
    match destination {
        Destination::Tx(_) => None,
        Destination::MadeTx(name) | Destination::Persistent(_, name) | Destination::Env(name) => {
            Some(name)
        }
    }
}
