//! Variables of `TX`: set and never read, read and never set.
//!
//! Names with macros in them are taken for all names that they can become, and a target that selects by pattern, or all of
//! `TX`, for a reader of all that it can mean.

use std::collections::BTreeMap;

use super::{
    Found,
    written::{Written, halves, macros},
};
use crate::{
    action::setvar::part,
    error::{Problem, closest},
    pattern::Caches,
    seclang::ast::{self, Action, Modifier, Text},
    state::tx::Names,
    variable::{Selector, Source, Target},
};

/// Where a name is written first.
type Uses = BTreeMap<Vec<u8>, Text>;

#[derive(Default)]
struct Variables {
    set: Uses,
    read: Uses,
    /// Only whether it is there, or how often, was asked.
    counted: Uses,
    /// The literal parts before and behind the macros of names that are made.
    made: Vec<(Vec<u8>, Vec<u8>)>,
    /// Names of targets that select by pattern.
    patterns: Vec<Target>,
    /// Something reads all of them.
    all_read: bool,
}

pub(super) fn look(written: &Written<'_>, found: &mut Found) {
    let mut variables = Variables::default();
    for link in written.running() {
        link.targets.iter().for_each(|target| variables.target(target));
        if let Some(operator) = link.operator {
            variables.text(&operator.argument);
        }
    }
    for statement in &written.changes {
        if let ast::Kind::UpdateTarget { targets, .. } = &statement.kind {
            targets.iter().for_each(|target| variables.target(target));
        }
    }
    written.actions().for_each(|action| variables.action(action));
    variables.tell(found);
}

impl Variables {
    fn target(&mut self, target: &ast::Target) {
        if !target.name.eq_ignore_ascii_case("TX") || target.modifier == Modifier::Exclude {
            return;
        }
        match &target.selector {
            None => self.all_read = true,
            Some(ast::Selector::Name(name)) if target.modifier == Modifier::Count => {
                use_of(&mut self.counted, &name.bytes, name);
            }
            Some(ast::Selector::Name(name)) => use_of(&mut self.read, &name.bytes, name),
            Some(ast::Selector::Pattern(_)) => {
                self.patterns.extend(Target::compile(target, &mut Names::default()).ok());
            }
        }
    }

    /// Reads by the macros of a text.
    fn text(&mut self, text: &Text) {
        for target in macros(text) {
            match (target.variable.source, &target.selector) {
                (Source::Tx, Selector::Tx(_)) => use_of(&mut self.read, &target.tx_name, text),
                (Source::Tx, _) => self.all_read = true,
                _ => {}
            }
        }
    }

    fn action(&mut self, action: &Action) {
        let Some(argument) = &action.argument else { return };
        if action.name.eq_ignore_ascii_case("setvar") {
            self.setvar(argument);
        } else {
            self.text(argument);
        }
    }

    fn setvar(&mut self, argument: &Text) {
        let unset = argument.bytes.starts_with(b"!");
        let text = part(argument, usize::from(unset), argument.bytes.len());
        self.text(&text);
        let (name, _) = halves(&text.bytes);
        let Some((collection, member)) = name.split_at_checked(3) else { return };
        if unset
            || !(collection.eq_ignore_ascii_case(b"tx.") || collection.eq_ignore_ascii_case(b"tx:"))
        {
            return;
        }
        let begin = memchr::memmem::find(member, b"%{");
        let end = memchr::memrchr(b'}', member);
        match begin.zip(end).filter(|(begin, end)| begin < end) {
            Some((begin, end)) => self.made.push((
                member.get(..begin).unwrap_or_default().to_ascii_lowercase(),
                member.get(end + 1..).unwrap_or_default().to_ascii_lowercase(),
            )),
            None => use_of(&mut self.set, member, &part(&text, 3, name.len())),
        }
    }

    fn tell(&self, found: &mut Found) {
        for (name, text) in &self.read {
            let is_set = self.set.contains_key(name) || self.can_be_made(name);
            // Where a rule asks whether it is there, it is for the configuration to set.
            if !is_set && !self.counted.contains_key(name) && !is_of_the_engine(name) {
                let shown = String::from_utf8_lossy(name);
                let known = self.set.keys().filter_map(|known| std::str::from_utf8(known).ok());
                let close = closest(name, known).map(|known| format!("did you mean `{known}`?"));
                let message = format!("TX:{shown} is read and no rule sets it");
                found.add("tx-never-set", Problem::with(text, message).maybe_note(close));
            }
        }
        if self.all_read {
            return;
        }
        let mut caches = Caches::new(1 << 20);
        for (name, text) in &self.set {
            let by_pattern = self.patterns.iter().any(|one| one.selector.takes(name, &mut caches));
            let known = self.read.contains_key(name) || self.counted.contains_key(name);
            if !known && !by_pattern && !is_of_the_engine(name) {
                let shown = String::from_utf8_lossy(name);
                let message = format!("TX:{shown} is set and no rule reads it");
                found.add("tx-never-read", Problem::with(text, message));
            }
        }
    }

    fn can_be_made(&self, name: &[u8]) -> bool {
        self.made.iter().any(|(begin, end)| {
            name.len() >= begin.len() + end.len() && name.starts_with(begin) && name.ends_with(end)
        })
    }
}

fn use_of(uses: &mut Uses, name: &[u8], text: &Text) {
    uses.entry(name.to_ascii_lowercase()).or_insert_with(|| text.clone());
}

/// What is set or read without a rule: captures, what the engine says of patterns, and what the audit log tells.
fn is_of_the_engine(name: &[u8]) -> bool {
    matches!(name, [b'0'..=b'9'])
        || matches!(
            name,
            b"msc_pcre_limits_exceeded"
                | b"blocking_inbound_anomaly_score"
                | b"blocking_outbound_anomaly_score"
        )
}
