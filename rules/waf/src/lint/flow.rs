//! Where evaluation goes on: marks that are not there, rules that nothing leads to.

use super::{
    Found,
    written::{Link, Written},
};
use crate::{
    action::{Allow, Disruptive, Flow},
    error::{Problem, closest},
    operator::Operator,
    seclang::ast::Text,
};

pub(super) fn look(written: &Written<'_>, found: &mut Found) {
    for link in written.running().filter(|link| link.is_head()) {
        let label = link.action("skipAfter").and_then(|action| action.argument.as_ref());
        if let Some(label) = label {
            marker(written, link, label, found);
        }
    }
    for phase in &written.rules.phases {
        let heads = phase.iter().filter_map(|head| written.links.get(*head as usize));
        unreachable(written, &heads.collect::<Vec<_>>(), found);
    }
}

fn marker(written: &Written<'_>, link: &Link<'_>, label: &Text, found: &mut Found) {
    if landing(written, link, label).is_some() {
        return;
    }
    let name = String::from_utf8_lossy(&label.bytes);
    let end = "evaluation goes on behind the last rule of the phase";
    if let Some((before, _)) = written.markers.iter().find(|(one, _)| one.bytes == label.bytes) {
        let message = format!("marker `{name}` stands before this rule");
        let problem = Problem::with(label, message).note(end);
        let problem = problem.also(before.place, before.bytes.len(), "it is here");
        return found.add("marker-behind", problem);
    }
    let names = written.markers.iter().filter_map(|(one, _)| std::str::from_utf8(&one.bytes).ok());
    let close = closest(&label.bytes, names).map(|name| format!("did you mean `{name}`?"));
    let message = format!("there is no marker `{name}`: {end}");
    found.add("no-such-marker", Problem::with(label, message).maybe_note(close));
}

/// The number of the link behind the mark or the rule that a label means, as the engine finds it.
fn landing(written: &Written<'_>, link: &Link<'_>, label: &Text) -> Option<usize> {
    let marks = written.markers.iter().rev();
    let mark = marks.clone().find(|(one, _)| one.bytes == label.bytes).map(|(_, behind)| *behind);
    let id = || {
        let id: u64 = std::str::from_utf8(&label.bytes).ok()?.trim().parse().ok()?;
        written.links.iter().find(|one| one.rule.meta.id == id).map(|one| one.number + 1)
    };
    mark.or_else(id).filter(|behind| *behind > link.number)
}

/// Rules behind one that always goes elsewhere, up to the next that another rule leads to.
fn unreachable(written: &Written<'_>, heads: &[&Link<'_>], found: &mut Found) {
    // Positions in the phase that rules before lead to.
    let mut landings: Vec<usize> = Vec::new();
    // The rule that leads away, and the position at which evaluation goes on.
    let mut away: Option<(&Link<'_>, usize)> = None;
    for (at, link) in heads.iter().enumerate() {
        if let Some((by, to)) = away {
            if at < to && !landings.contains(&at) {
                let message = format!("{} cannot be reached", link.name());
                let problem = Problem::new(link.place, link.word_len(), message);
                let label = format!("{} always leads elsewhere", by.name());
                found.add("unreachable", problem.also(by.place, by.word_len(), label));
                continue;
            }
            away = None;
        }
        let to = match link.rule.flow {
            Flow::Next => at + 1,
            Flow::Skip(count) => (at + 1).saturating_add(count),
            Flow::Jump(to) => to,
        };
        let (ends, is_certain) = (ends(link), is_certain(written, link));
        if !(ends && is_certain) {
            landings.push(to);
        }
        let to = if ends { heads.len() } else { to };
        if is_certain && to > at + 1 {
            away = Some((link, to));
        }
    }
}

/// Whether the rest of the phase does not run once the rule has matched, where rules may interrupt at all.
fn ends(link: &Link<'_>) -> bool {
    match link.rule.disruptive {
        Disruptive::Pass => false,
        Disruptive::Allow(Allow::All | Allow::Phase | Allow::Request) => true,
        // In the last phase, there is nothing left to interrupt.
        _ => link.rule.meta.phase < 5,
    }
}

/// Whether a rule matches whatever the request is. One with targets does so only where they have a value.
fn is_certain(written: &Written<'_>, link: &Link<'_>) -> bool {
    let chain = written.chain(link);
    let is_taken_away = link.rule.meta.id != 0 && can_be_removed(written, link);
    !is_taken_away
        && chain.iter().all(|link| {
            let always = matches!(link.rule.operator, Operator::Always) && !link.rule.negated;
            always && link.rule.targets.is_empty()
        })
}

/// Whether some `ctl` takes the rule away for a request.
fn can_be_removed(written: &Written<'_>, link: &Link<'_>) -> bool {
    written.rules.masks.iter().any(|mask| mask.contains(link.number))
}
