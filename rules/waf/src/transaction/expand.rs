//! Variables to values, macros to text.

use std::ops::Range;

use super::{Parts, Transaction, units::Item};
use crate::{
    facts::{Entry, ValueId},
    macros::{Macro, Piece},
    number::Decimal,
    pattern::Caches,
    ruleset::RuleSet,
    scan::Scan,
    state::{Matched, store, tx::Name},
    transform::Transformation,
    variable::{Persistent, Scalar, Selector, Set, Source, Target, TxPattern},
    worker::Worker,
};

/// How long a text becomes whose macros are replaced, in bytes: without a bound, rules could double one at each match.
const EXPANDED_MAX: usize = 64 << 10;

impl Transaction {
    /// Works out a unit: the values of its target after its transformations.
    pub(super) fn work_out(
        &mut self,
        rules: &RuleSet,
        number: u32,
        worker: &mut Worker,
    ) -> Range<usize> {
        let unit = &rules.units[number as usize];
        let target = &rules.rules[unit.rule as usize].targets[unit.target as usize].target;
        let begin = self.parts.units.begin_items();
        let parts = &mut self.parts;
        let unicode = rules.settings.unicode.as_ref();
        let mut push = |parts: &mut Parts, item: Item| {
            let mut value = item.value;
            if !parts.facts.values.changing(value).meets(unit.changing) {
                return parts.units.push(item);
            }
            if unit.multi_match {
                parts.units.push(item);
            }
            for transformation in &unit.transformations {
                let next = parts.facts.values.derive(value, *transformation, unicode);
                if unit.multi_match && next != value {
                    parts.units.push(Item { value: next, ..item });
                }
                value = next;
            }
            if !unit.multi_match {
                parts.units.push(Item { value, ..item });
            }
        };
        fixed(parts, target, &mut worker.caches, &mut push);
        self.parts.units.end_items(number, begin)
    }

    /// The values that an operator looks at: the last, or each step that changed something.
    pub(super) fn transform(
        &mut self,
        value: ValueId,
        transformations: &[Transformation],
        multi_match: bool,
    ) -> Vec<ValueId> {
        let unicode = self.rules.settings.unicode.as_ref();
        let mut steps = vec![value];
        for transformation in transformations {
            let last = steps.last().copied().unwrap_or(value);
            let next = self.parts.facts.values.derive(last, *transformation, unicode);
            if next != last && multi_match {
                steps.push(next);
            } else if let Some(step) = steps.last_mut() {
                *step = next;
            }
        }
        steps
    }

    /// The values of a target, before any transformation.
    pub(super) fn members(
        &mut self,
        target: &Target,
        head: u32,
        out: &mut Vec<Item>,
        worker: &mut Worker,
    ) {
        if !target.variable.source.is_volatile() {
            let mut push = |_: &mut Parts, item: Item| out.push(item);
            return fixed(&mut self.parts, target, &mut worker.caches, &mut push);
        }
        if let Selector::TxPattern(pattern) = &target.selector {
            return self.tx_members(pattern, out, worker);
        }
        let mut members = Vec::new();
        self.volatile_members(target, head, &mut members);
        for (key, value) in members {
            let name = self.parts.facts.values.get(key);
            let taken = match &target.selector {
                Selector::Tx(_) => true,
                selector => selector.takes(name, &mut worker.caches),
            };
            if taken {
                let key = target.variable.source.is_collection().then_some(key);
                out.push(Item { key, value });
            }
        }
    }

    /// The members of `TX` that a pattern takes, in no particular order of meaning: written out names first.
    fn tx_members(&mut self, pattern: &TxPattern, out: &mut Vec<Item>, worker: &mut Worker) {
        let (tx, values) = (&self.parts.state.tx, &mut self.parts.facts.values);
        let names = &self.rules.names;
        for &name in pattern.known(names, &mut worker.caches) {
            if let Some(value) = tx.get(name) {
                let key = Some(values.add(&names.text(name)));
                out.push(Item { key, value: value.text(values) });
            }
        }
        for (name, value) in tx.made() {
            if pattern.takes(values.get(name), &mut worker.caches) {
                out.push(Item { key: Some(name), value: value.text(values) });
            }
        }
    }

    /// All members of a variable that rules change, except that of `TX` one by name is found at once.
    fn volatile_members(&mut self, target: &Target, head: u32, out: &mut Vec<(ValueId, ValueId)>) {
        let parts = &mut self.parts;
        let values = &mut parts.facts.values;
        match target.variable.source {
            Source::Tx => match target.selector {
                Selector::Tx(name) => {
                    if let Some(value) = self.tx_value(target, name) {
                        out.push(value);
                    }
                }
                _ => self.all_of_tx(out),
            },
            Source::Persistent(kind) => {
                for (name, value) in self.persistent(kind) {
                    let values = &mut self.parts.facts.values;
                    out.push((values.add(&name), values.add(&value)));
                }
            }
            Source::MatchedVar => {
                out.extend(parts.state.matched.map(|one| (ValueId::EMPTY, one.value)));
            }
            Source::MatchedVarName => {
                if let Some(matched) = parts.state.matched {
                    out.push((ValueId::EMPTY, self.name(&matched)));
                }
            }
            Source::MatchedVars => {
                for matched in parts.state.all_matched.clone() {
                    out.push((self.name(&matched), matched.value));
                }
            }
            Source::MatchedVarsNames => {
                for matched in parts.state.all_matched.clone() {
                    let name = self.name(&matched);
                    out.push((name, name));
                }
            }
            Source::Rule => self.rule_members(head, out),
            Source::Env => {
                for (name, value) in &parts.state.env {
                    out.push((values.add(name), values.add(value)));
                }
            }
            Source::Values(set) => {
                out.extend(parts.facts.set(set).iter().map(|entry| (entry.name, entry.value)));
            }
            Source::Names(set) => {
                out.extend(parts.facts.set(set).iter().map(|entry| (entry.name, entry.name)));
            }
            Source::Duration => {
                let elapsed = Decimal::from(parts.state.elapsed as i64);
                out.push((ValueId::EMPTY, values.add(elapsed.as_bytes())));
            }
            Source::HighestSeverity => {
                let severity = i64::from(parts.state.highest_severity.unwrap_or(u8::MAX));
                out.push((ValueId::EMPTY, values.add(Decimal::from(severity).as_bytes())));
            }
            _ => {}
        }
    }

    fn all_of_tx(&mut self, out: &mut Vec<(ValueId, ValueId)>) {
        let (tx, values) = (&self.parts.state.tx, &mut self.parts.facts.values);
        let names = &self.rules.names;
        for name in names.all() {
            if let Some(value) = tx.get(name) {
                out.push((values.add(&names.text(name)), value.text(values)));
            }
        }
        out.extend(tx.made().map(|(name, value)| (name, value.text(values))));
    }

    /// The name of a member of `TX` that a target names, for a match.
    pub(super) fn tx_key(&mut self, target: &crate::rule::RuleTarget) -> Option<ValueId> {
        Some(self.parts.facts.values.add(&target.target.tx_name))
    }

    fn tx_value(&mut self, target: &Target, name: Name) -> Option<(ValueId, ValueId)> {
        let parts = &mut self.parts;
        let key = parts.facts.values.add(&target.tx_name);
        // A name that rules write out, and make as well, is found in its slot: `set_tx` sees to that.
        let value = parts.state.tx.get(name)?;
        Some((key, value.text(&mut parts.facts.values)))
    }

    fn rule_members(&mut self, head: u32, out: &mut Vec<(ValueId, ValueId)>) {
        let rules = std::sync::Arc::clone(&self.rules);
        let rule = &rules.rules[head as usize];
        let (mut message, mut data) = (Vec::new(), Vec::new());
        if let Some(text) = &rule.message {
            self.expand_within(text, head, &mut message, false);
        }
        if let Some(text) = &rule.logdata {
            self.expand_within(text, head, &mut data, false);
        }
        let severity = rule.meta.severity.map_or(String::new(), |severity| severity.to_string());
        let id = rule.meta.id.to_string();
        let values = &mut self.parts.facts.values;
        let members: [(&[u8], &[u8]); 6] = [
            (b"id", id.as_bytes()),
            (b"rev", rule.meta.revision.as_bytes()),
            (b"ver", rule.meta.version.as_bytes()),
            (b"severity", severity.as_bytes()),
            (b"msg", &message),
            (b"logdata", &data),
        ];
        for (name, value) in members {
            out.push((values.add(name), values.add(value)));
        }
    }

    fn persistent(&self, kind: Persistent) -> Vec<(Vec<u8>, Vec<u8>)> {
        self.at(kind).map_or_else(Vec::new, |at| self.store.members(&at))
    }

    /// The open record of a persistent collection.
    pub(super) fn at(&self, kind: Persistent) -> Option<store::At<'_>> {
        let state = &self.parts.state;
        let key = state.open[kind as usize].as_deref()?;
        let timeout = self.rules.settings.collection_timeout;
        Some(store::At { kind, key, now: state.now, timeout })
    }

    /// Replaces the macros of a text.
    pub(super) fn expand(&mut self, text: &Macro, head: u32, out: &mut Vec<u8>) {
        self.expand_within(text, head, out, true);
    }

    /// `RULE` within a text of `RULE` would never end: there it is nothing.
    fn expand_within(&mut self, text: &Macro, head: u32, out: &mut Vec<u8>, rule: bool) {
        for piece in text.pieces() {
            match piece {
                Piece::Bytes(bytes) => out.extend_from_slice(bytes),
                Piece::Value(target) if target.variable.source == Source::Rule && !rule => {}
                Piece::Value(target) => self.write_value(target, head, out),
            }
            if out.len() > EXPANDED_MAX {
                out.truncate(EXPANDED_MAX);
                return;
            }
        }
    }

    /// Writes the first value of a variable.
    fn write_value(&mut self, target: &Target, head: u32, out: &mut Vec<u8>) {
        if let (Source::Tx, Selector::Tx(name)) = (target.variable.source, &target.selector) {
            if let Some(value) = self.parts.state.tx.get(*name) {
                value.write(&self.parts.facts.values, out);
            }
            return;
        }
        let mut first = None;
        if target.variable.source.is_volatile() {
            let mut members = Vec::new();
            self.volatile_members(target, head, &mut members);
            let values = &self.parts.facts.values;
            let mut chosen = members.into_iter().filter(|(key, _)| match &target.selector {
                Selector::Name(name) => values.get(*key).eq_ignore_ascii_case(name),
                _ => true,
            });
            first = chosen.next().map(|(_, value)| value);
        } else {
            // A macro has no pattern, so no cache is needed.
            let mut push = |_: &mut Parts, item: Item| {
                first.get_or_insert(item.value);
            };
            fixed(&mut self.parts, target, &mut Caches::new(0), &mut push);
        }
        if let Some(value) = first {
            out.extend_from_slice(self.parts.facts.values.get(value));
        }
    }

    /// `MATCHED_VAR_NAME`, as a value.
    fn name(&mut self, matched: &Matched) -> ValueId {
        let mut name = std::mem::take(&mut self.parts.scratch);
        name.clear();
        self.write_name(matched, &mut name);
        let id = self.parts.facts.values.add(&name);
        self.parts.scratch = name;
        id
    }

    /// `ARGS:name`
    pub(super) fn write_name(&self, matched: &Matched, out: &mut Vec<u8>) {
        out.extend_from_slice(matched.variable.as_bytes());
        if let Some(key) = matched.key {
            out.push(b':');
            out.extend_from_slice(self.parts.facts.values.get(key));
        }
    }
}

/// Gives each value of a variable that no rule changes.
fn fixed(
    parts: &mut Parts,
    target: &Target,
    caches: &mut Caches,
    push: &mut dyn FnMut(&mut Parts, Item),
) {
    match target.variable.source {
        Source::Scalar(scalar) => {
            let value = parts.facts.scalar(scalar);
            // Without a document there is no text; everything else is empty where it is not known.
            let empty = (scalar != Scalar::XmlText).then_some(ValueId::EMPTY);
            if let Some(value) = value.or(empty) {
                push(parts, Item { key: None, value });
            }
        }
        Source::Values(set) => members(parts, set, target, caches, Part::Values, push),
        Source::Names(set) => members(parts, set, target, caches, Part::Names, push),
        Source::Args => {
            members(parts, Set::ArgsGet, target, caches, Part::Values, push);
            members(parts, Set::ArgsPost, target, caches, Part::Values, push);
        }
        Source::ArgsNames => {
            members(parts, Set::ArgsGet, target, caches, Part::Names, push);
            members(parts, Set::ArgsPost, target, caches, Part::Names, push);
        }
        _ => {}
    }
}

/// What of a set's members is looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Names,
    Values,
}

fn members(
    parts: &mut Parts,
    set: Set,
    target: &Target,
    caches: &mut Caches,
    part: Part,
    push: &mut dyn FnMut(&mut Parts, Item),
) {
    for at in 0..parts.facts.set(set).len() {
        let Some(&Entry { name, value }) = parts.facts.set(set).get(at) else { return };
        if target.selector.takes(parts.facts.values.get(name), caches) {
            let value = if part == Part::Names { name } else { value };
            push(parts, Item { key: Some(name), value });
        }
    }
}

/// Scans the values of a unit, and puts together what they satisfy.
pub(super) fn scan_unit(parts: &mut Parts, unit: u32, range: Range<usize>, scan: &Scan) {
    parts.units.new_marks(unit, scan.words());
    for at in range {
        let Some(item) = parts.units.item(at) else { continue };
        let marks = scan.marks(&mut parts.facts.values, item.value);
        parts.units.add_marks(unit, marks);
    }
}
