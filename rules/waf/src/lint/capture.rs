//! Captures: taken and never read, read and never taken.

use super::{
    Found,
    written::{Link, Written, macros},
};
use crate::{
    error::Problem,
    operator::{Operator, Wanted},
    seclang::ast::{self, Modifier, Place, Text},
    state::tx::{Name, Names},
    variable::{Selector, Source, Target},
};

/// A read of a capture: its number, and where.
struct Read {
    group: u8,
    place: Place,
    len: usize,
}

pub(super) fn look(written: &Written<'_>, found: &mut Found) {
    let mut stranger_reads = false;
    let mut takers = Vec::new();
    for head in written.running().filter(|link| link.is_head()) {
        let chain = written.chain(head);
        let reads: Vec<Read> = chain.iter().flat_map(reads).collect();
        let all_read = chain.iter().any(reads_all);
        let taken: Vec<&Link<'_>> = chain.iter().filter(|link| takes(link)).collect();
        chain.iter().for_each(|link| in_vain(link, found));
        stranger_reads |= all_read || taken.is_empty() && !reads.is_empty();
        if taken.is_empty() {
            reads.iter().for_each(|read| never_taken(written, head, read, found));
        } else if reads.is_empty() && !all_read {
            takers.extend(taken);
        }
    }
    // A rule that reads what others have captured may mean any of them.
    if !stranger_reads {
        for link in takers {
            if let Some(action) = link.action("capture") {
                let message = "nothing reads what this captures";
                found.at("capture-unread", action.place, action.name.len(), message);
            }
        }
    }
}

/// Whether a match of this link leaves captures.
fn takes(link: &Link<'_>) -> bool {
    link.rule.wanted != Wanted::Verdict && !link.rule.negated && captures(&link.rule.operator)
}

fn captures(operator: &Operator) -> bool {
    matches!(
        operator,
        Operator::Rx(_)
            | Operator::Phrases(_)
            | Operator::Text(..)
            | Operator::Sqli
            | Operator::Xss
            | Operator::Verify(..)
    )
}

fn in_vain(link: &Link<'_>, found: &mut Found) {
    let Some(action) = link.action("capture").filter(|_| !takes(link)) else { return };
    let message = match (link.operator, link.rule.negated) {
        (None, _) => "nothing is captured where there is no operator".to_owned(),
        (_, true) => "nothing is captured: what does not match has no parts".to_owned(),
        (Some(operator), _) => format!("@{} captures nothing", operator.name),
    };
    found.at("capture-nothing", action.place, action.name.len(), message);
}

fn never_taken(written: &Written<'_>, head: &Link<'_>, read: &Read, found: &mut Found) {
    let order = |link: &Link<'_>| (link.rule.meta.phase, link.head);
    let earlier = |link: &Link<'_>| takes(link) && order(link) < order(head);
    if !written.running().any(earlier) {
        let group = read.group;
        let message = format!("TX:{group} is read, and neither this rule nor one before captures");
        let problem = Problem::new(read.place, read.len, message);
        found.add("no-capture", problem.note("add `capture` to the rule whose match is meant"));
    }
}

/// The captures that a link reads.
fn reads(link: &Link<'_>) -> Vec<Read> {
    let mut reads = Vec::new();
    for target in link.targets.iter().filter(|target| target.modifier != Modifier::Exclude) {
        if let Ok(compiled) = Target::compile(target, &mut Names::default()) {
            reads.extend(read(&compiled, target.place, target.name.len()));
        }
    }
    let arguments = link.actions.iter().filter_map(|action| action.argument.as_ref());
    let texts = arguments.chain(link.operator.map(|operator| &operator.argument));
    for text in texts {
        let Text { place, bytes } = text;
        reads.extend(macros(text).iter().filter_map(|target| read(target, *place, bytes.len())));
    }
    reads
}

fn read(target: &Target, place: Place, len: usize) -> Option<Read> {
    match target.selector {
        Selector::Tx(Name::Capture(group)) => Some(Read { group, place, len }),
        _ => None,
    }
}

/// Whether a link reads all of `TX`, or a part of it that captures may belong to.
fn reads_all(link: &Link<'_>) -> bool {
    link.targets.iter().any(|target| {
        let is_tx = Target::compile(target, &mut Names::default())
            .is_ok_and(|target| target.variable.source == Source::Tx);
        is_tx && !matches!(target.selector, Some(ast::Selector::Name(_)))
    })
}
