//! Rules that are taken away or changed: whether there are any, and whether it is in time.

use super::{
    Found,
    written::{Link, Written, halves},
};
use crate::{
    action::setvar::part,
    error::Problem,
    ruleset::select::Which,
    seclang::ast::{self, Kind, Text},
};

pub(super) fn look(written: &Written<'_>, found: &mut Found) {
    for statement in &written.changes {
        match &statement.kind {
            Kind::UpdateTarget { which, .. } => {
                directive(written, statement, "SecRuleUpdateTargetBy", which, found);
            }
            Kind::Remove(which) => {
                directive(written, statement, "SecRuleRemoveBy", which, found);
            }
            Kind::UpdateAction { id, .. } if !has_id(written, *id, *id) => {
                let message = format!("there is no rule {id} to be changed");
                let len = "SecRuleUpdateActionById".len();
                found.at("no-such-rule", statement.place, len, message);
            }
            _ => {}
        }
    }
    for link in written.running() {
        for action in link.actions.iter().filter(|one| one.name.eq_ignore_ascii_case("ctl")) {
            if let Some(argument) = &action.argument {
                control(written, link, argument, found);
            }
        }
    }
}

fn directive(
    written: &Written<'_>,
    statement: &ast::Statement,
    word: &str,
    which: &ast::Which,
    found: &mut Found,
) {
    match which {
        ast::Which::Ids(ranges) => {
            let len = word.len() + "Id".len();
            for (first, last) in ranges.iter().filter(|(a, b)| !has_id(written, *a, *b)) {
                let message = no_ids(*first, *last);
                found.at("no-such-rule", statement.place, len, message);
            }
        }
        ast::Which::Tag(text) | ast::Which::Message(text) => {
            let selection = Which::compile(which);
            if selection.is_ok_and(|which| which.among(&written.rules.rules).len() == 0) {
                found.add("no-such-rule", no_pattern(matches!(which, ast::Which::Tag(_)), text));
            }
        }
    }
}

fn has_id(written: &Written<'_>, first: u64, last: u64) -> bool {
    let mut ids = written.rules.rules().map(|meta| meta.id);
    ids.any(|id| (first.max(1)..=last).contains(&id))
}

fn no_ids(first: u64, last: u64) -> String {
    match first == last {
        true => format!("there is no rule {first}"),
        false => format!("there is no rule with an id from {first} to {last}"),
    }
}

fn no_pattern(by_tag: bool, text: &Text) -> Problem {
    let what = if by_tag { "tag" } else { "message" };
    Problem::with(text, format!("there is no rule with a {what} that matches this"))
}

/// `ctl:ruleRemove*`
fn control(written: &Written<'_>, link: &Link<'_>, argument: &Text, found: &mut Found) {
    let (name, value) = halves(&argument.bytes);
    let word = String::from_utf8_lossy(name).trim().to_ascii_lowercase();
    let begin = argument.bytes.len() - value.map_or(0, <[u8]>::len);
    let value = part(argument, begin, argument.bytes.len());
    let Some(kind) = word.strip_prefix("ruleremove") else {
        return in_time(link, argument, &word, found);
    };
    let rules = match kind.strip_prefix("target") {
        Some(_) => value.bytes.split(|byte| *byte == b';').next().map_or(0, <[u8]>::len),
        None => value.bytes.len(),
    };
    let rules = part(&value, 0, rules);
    let kind = kind.strip_prefix("target").unwrap_or(kind);
    let which = match kind {
        "byid" => Which::ids(&rules),
        "bytag" => Which::tag(&rules),
        _ => Which::message(&rules),
    };
    let Ok(which) = which else { return };
    let among = which.among(&written.rules.rules);
    match &which {
        Which::Ids(ranges) => {
            for (first, last) in ranges.iter().filter(|(a, b)| !has_id(written, *a, *b)) {
                found.add("no-such-rule", Problem::with(&rules, no_ids(*first, *last)));
            }
        }
        _ if among.len() == 0 => found.add("no-such-rule", no_pattern(kind == "bytag", &rules)),
        _ => {}
    }
    let mut meant = written.running().filter(|one| among.contains(one.number)).peekable();
    let has_run = |one: &Link<'_>| order(one) <= order(link);
    if meant.peek().is_some() && meant.all(has_run) {
        let message = "what this takes away has run when it is taken away";
        let note = "put this rule before them, in their phase or an earlier one";
        found.add("removed-too-late", Problem::with(&rules, message).note(note));
    }
}

/// When a chain runs.
fn order(link: &Link<'_>) -> (u8, usize) {
    (link.rule.meta.phase, link.head)
}

/// What is settled before a phase begins cannot be changed from within it.
fn in_time(link: &Link<'_>, argument: &Text, word: &str, found: &mut Found) {
    let last = match word {
        "requestbodyaccess"
        | "requestbodylimit"
        | "requestbodyprocessor"
        | "parsexmlintoargs"
        | "forcerequestbodyvariable" => 1,
        "responsebodyaccess" | "responsebodylimit" => 3,
        _ => return,
    };
    if link.rule.meta.phase > last {
        let message =
            format!("this has no effect behind phase {last}: by then, the body has been read");
        found.add("ctl-too-late", Problem::with(argument, message));
    }
}
