//! What rules change when they match: `setvar`, `ctl`, `initcol` and their like.

use std::net::IpAddr;

use super::Transaction;
use crate::{
    action::{
        Ctl, Effect, SetVar,
        setvar::{Change, Destination},
    },
    facts::ValueId,
    macros::Macro,
    number,
    operator::parse_address,
    ruleset::RuleSet,
    state::tx::Value,
    variable::{Selector, Set, Source},
};

impl Transaction {
    /// What is done at each match of a link.
    pub(super) fn effect(&mut self, effect: &Effect, head: u32, rules: &RuleSet) {
        match effect {
            Effect::SetVar(setvar) => self.set_variable(setvar, head),
            other => self.late_effect(other, head, rules),
        }
    }

    /// What is done once a whole chain has matched.
    pub(super) fn late_effect(&mut self, effect: &Effect, head: u32, rules: &RuleSet) {
        match effect {
            Effect::SetVar(setvar) => self.set_variable(setvar, head),
            Effect::Ctl(ctl) => self.control(ctl, rules),
            Effect::Open(kind, key) => {
                let mut name = rules.settings.web_app_id.clone();
                name.push(0);
                self.expand(key, head, &mut name);
                self.parts.state.open[*kind as usize] = Some(name.into());
            }
            Effect::SetEnv(name, value) => {
                let (name, value) = (self.text(name, head), self.text(value, head));
                self.set_env(name, Some(value));
            }
            Effect::Expire(destination, seconds) => {
                let seconds = number::parse(&self.text(seconds, head));
                if let Destination::Persistent(kind, name) = destination {
                    let name = self.text(name, head);
                    if let Some(at) = self.at(*kind) {
                        self.store.expire(&at, &name, seconds);
                    }
                }
            }
            Effect::Deprecate(destination, amount, seconds) => {
                if let Destination::Persistent(kind, name) = destination {
                    let name = self.text(name, head);
                    if let Some(at) = self.at(*kind) {
                        self.store.deprecate(&at, &name, *amount, *seconds);
                    }
                }
            }
            Effect::Sanitise(what, name) => {
                self.parts.state.sanitised.push((*what, name.to_vec()));
            }
            Effect::SanitiseMatched => self.sanitise_matched(),
        }
    }

    fn text(&mut self, text: &Macro, head: u32) -> Vec<u8> {
        let mut out = Vec::new();
        self.expand(text, head, &mut out);
        out
    }

    fn set_variable(&mut self, setvar: &SetVar, head: u32) {
        match &setvar.destination {
            Destination::Tx(name) => {
                let before = self.parts.state.tx.get(*name);
                let value = self.changed(before, setvar, head);
                let value = value.map(|value| self.as_capture(*name, value));
                self.parts.state.tx.set(*name, value);
            }
            Destination::MadeTx(name) => {
                let lower = self.text(name, head).to_ascii_lowercase();
                self.set_made(&lower, setvar, head);
            }
            Destination::Persistent(kind, name) => {
                let name = self.text(name, head);
                match &setvar.change {
                    Change::Add(sign, amount) => {
                        let amount = number::parse(&self.text(amount, head));
                        if let Some(at) = self.at(*kind) {
                            self.store.add(&at, &name, amount.saturating_mul(*sign));
                        }
                    }
                    change => {
                        let value = self.new_text(change, head);
                        if let Some(at) = self.at(*kind) {
                            self.store.set(&at, &name, value.as_deref());
                        }
                    }
                }
            }
            Destination::Env(name) => {
                let name = self.text(name, head);
                let value = self.new_text(&setvar.change, head);
                self.set_env(name, value);
            }
        }
    }

    /// What captures took is text.
    fn as_capture(&mut self, name: crate::state::tx::Name, value: Value) -> Value {
        match name {
            crate::state::tx::Name::Capture(_) => {
                Value::Text(value.text(&mut self.parts.facts.values))
            }
            crate::state::tx::Name::Slot(_) => value,
        }
    }

    /// Sets a member of `TX` whose name was made; one that rules write out too has its slot.
    fn set_made(&mut self, lower: &[u8], setvar: &SetVar, head: u32) {
        if let Some(name) = self.rules.names.find(lower) {
            let before = self.parts.state.tx.get(name);
            let value = self.changed(before, setvar, head);
            let value = value.map(|value| self.as_capture(name, value));
            return self.parts.state.tx.set(name, value);
        }
        let id = self.parts.facts.values.add(lower);
        let before = self.parts.state.tx.get_made(id);
        let value = self.changed(before, setvar, head);
        self.parts.state.tx.set_made(id, value);
    }

    /// The new value of a member of `TX`.
    fn changed(&mut self, before: Option<Value>, setvar: &SetVar, head: u32) -> Option<Value> {
        match &setvar.change {
            Change::Unset => None,
            Change::SetNumber(number) => Some(Value::Number(*number)),
            Change::Set(text) => {
                let text = self.text(text, head);
                Some(Value::Text(self.parts.facts.values.add(&text)))
            }
            Change::Add(sign, amount) => {
                let amount = self.amount(amount, head).saturating_mul(*sign);
                if setvar.scores {
                    self.parts.state.score = self.parts.state.score.max(amount);
                }
                let values = &self.parts.facts.values;
                let before = before.map_or(0, |value| value.number(values));
                Some(Value::Number(before.saturating_add(amount)))
            }
        }
    }

    /// A number, without a detour through text where it is one member of `TX`.
    fn amount(&mut self, text: &Macro, head: u32) -> i64 {
        if let Some(literal) = text.literal() {
            return number::parse(literal);
        }
        let mut targets = text.targets();
        if let (Some(target), None, 1) = (targets.next(), targets.next(), text.pieces().len())
            && let (Source::Tx, Selector::Tx(name)) = (target.variable.source, &target.selector)
        {
            let value = self.parts.state.tx.get(*name);
            return value.map_or(0, |value| value.number(&self.parts.facts.values));
        }
        number::parse(&self.text(text, head))
    }

    fn new_text(&mut self, change: &Change, head: u32) -> Option<Vec<u8>> {
        match change {
            Change::Unset => None,
            Change::SetNumber(number) => Some(number::Decimal::from(*number).as_bytes().to_vec()),
            Change::Set(text) | Change::Add(_, text) => Some(self.text(text, head)),
        }
    }

    fn set_env(&mut self, name: Vec<u8>, value: Option<Vec<u8>>) {
        let env = &mut self.parts.state.env;
        env.retain(|(known, _)| *known != name);
        env.extend(value.map(|value| (name, value)));
    }

    fn control(&mut self, ctl: &Ctl, rules: &RuleSet) {
        let state = &mut self.parts.state;
        match ctl {
            Ctl::Engine(mode) => state.mode = *mode,
            Ctl::RemoveRules(mask) => state.removed.add(&rules.masks[*mask]),
            Ctl::RemoveTarget(mask, target) => self.remove_target(rules, *mask, *target),
            Ctl::Processor(processor) => {
                state.processor = Some(*processor);
                self.put_processor();
            }
            Ctl::ForceRequestBody(force) => state.control.force_request_body = *force,
            Ctl::RequestBodyAccess(access) => state.control.request_body = *access,
            Ctl::RequestBodyLimit(max) => state.control.request_body_max = *max,
            Ctl::ResponseBodyAccess(access) => state.control.response_body = *access,
            Ctl::ResponseBodyLimit(max) => state.control.response_body_max = *max,
            Ctl::Audit(engine) => state.control.audit = *engine,
            Ctl::AuditParts => {}
            Ctl::XmlIntoArgs(into_args) => state.control.xml_into_args = *into_args,
        }
    }

    fn remove_target(&mut self, rules: &RuleSet, mask: usize, target: usize) {
        let removed = &mut self.parts.state.removed_targets;
        // The same rule may match for each of a thousand arguments.
        if !removed.contains(&(mask, target)) && mask < rules.masks.len() {
            removed.push((mask, target));
        }
    }

    fn sanitise_matched(&mut self) {
        let Some(matched) = self.parts.state.matched else { return };
        let Some(key) = matched.key else { return };
        let name = self.parts.facts.values.get(key).to_vec();
        let what = match matched.variable {
            "REQUEST_HEADERS" => crate::action::Sanitise::RequestHeader,
            "RESPONSE_HEADERS" => crate::action::Sanitise::ResponseHeader,
            _ => crate::action::Sanitise::Argument,
        };
        self.parts.state.sanitised.push((what, name));
    }

    /// Whether an address is on a list of the DNS; `None`, and the name is remembered, until that has been asked.
    pub(super) fn listed(&mut self, list: &[u8], value: ValueId) -> Option<bool> {
        let Some(name) = self.list_name(list, value) else { return Some(false) };
        let answer = self.answers.iter().find(|(known, _)| *known == name);
        let listed = answer.map(|(_, address)| address.as_ref().is_some_and(is_listing));
        if listed.is_none() {
            self.question = Some(name);
        }
        listed
    }

    /// The name under which a list of the DNS has an address or a host (RFC 5782).
    fn list_name(&self, list: &[u8], value: ValueId) -> Option<Vec<u8>> {
        let value = self.parts.facts.values.get(value);
        let host = match parse_address(value) {
            Some(IpAddr::V4(address)) => {
                let [a, b, c, d] = address.octets();
                format!("{d}.{c}.{b}.{a}").into_bytes()
            }
            Some(IpAddr::V6(address)) => {
                let octets = address.octets();
                let nibbles = octets.iter().rev().flat_map(|octet| [octet & 15, octet >> 4]);
                let nibbles: Vec<String> = nibbles.map(|nibble| format!("{nibble:x}")).collect();
                nibbles.join(".").into_bytes()
            }
            None => value.to_vec(),
        };
        let is_name = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
        if host.is_empty() || !host.iter().all(is_name) {
            return None;
        }
        let mut name = host;
        if let Some(key) = self.rules.settings.http_bl_key.as_ref()
            && list.eq_ignore_ascii_case(b"dnsbl.httpbl.org")
        {
            name = [key, &b"."[..], &name].concat();
        }
        Some([&name[..], b".", list].concat())
    }

    /// Whether it is known where an address is. If so, `GEO` says where.
    pub(super) fn place(&mut self, value: ValueId) -> bool {
        let facts = &mut self.parts.facts;
        let address = parse_address(facts.values.get(value));
        let places = self.rules.settings.places.as_ref();
        let Some(members) = places.zip(address).and_then(|(places, at)| places.find(at)) else {
            return false;
        };
        facts.clear_set(Set::Geo);
        for (name, value) in members {
            facts.push(Set::Geo, name.as_bytes(), value.as_bytes());
        }
        true
    }
}

/// Lists answer with an address of 127.0.0.0/8 (RFC 5782, 2.1).
fn is_listing(address: &IpAddr) -> bool {
    address.is_loopback()
}
