//! The rules of a phase, one after the other: the heart of the engine.

use super::{Transaction, units::Item};
use crate::{
    action::{Allow, Disruptive, Flow, Mode},
    facts::{ValueId, values::CAPTURES},
    injection::Fingerprint,
    number,
    operator::{Context, Operator, Outcome, Wanted},
    pattern::{GROUPS, Groups},
    report::{Action, Interruption, Match, Verdict},
    rule::{Rule, RuleTarget},
    ruleset::RuleSet,
    scan,
    state::Matched,
    variable::{Selector, Source},
    worker::Worker,
};

/// How many rules run between two looks at the budget.
const BUDGET_EVERY: usize = 32;

/// What a rule says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    No,
    Yes,
    /// The rule waits for an answer.
    Wait,
}

impl Said {
    /// What several say together: one that says yes is enough, and the first that waits ends it.
    fn together(all: impl IntoIterator<Item = Self>) -> Self {
        let mut said = Self::No;
        for one in all {
            match one {
                Self::No => {}
                Self::Yes => said = Self::Yes,
                Self::Wait => return Self::Wait,
            }
        }
        said
    }
}

/// A link at work: what stays the same for all its values.
struct Link<'r> {
    rules: &'r RuleSet,
    rule: &'r Rule,
    /// Number of the head of the chain.
    head: u32,
    /// Its own number.
    number: usize,
    /// The operator's argument with its macros replaced.
    argument: &'r [u8],
}

impl Transaction {
    /// Runs the rules of a phase from where it stands.
    pub(super) fn evaluate(&mut self, phase: u8, worker: &mut Worker) -> Verdict {
        let rules = std::sync::Arc::clone(&self.rules);
        let began = worker.time();
        let spent_before = self.spent;
        let order = &rules.phases[usize::from(phase) - 1];
        self.parts.units.begin(rules.units.len(), rules.bundles.len());
        let mut at = std::mem::take(&mut self.position);
        let mut until_check = BUDGET_EVERY;
        let verdict = loop {
            let Some(&head) = order.get(at) else { break Verdict::Pass };
            until_check -= 1;
            if until_check == 0 {
                until_check = BUDGET_EVERY;
                self.look_at_budget(began, spent_before, worker);
                if self.report.budget_spent && phase < 5 {
                    break Verdict::Budget;
                }
            }
            at += 1;
            if self.parts.state.removed.contains(head as usize) {
                continue;
            }
            match self.chain(&rules, head, phase, worker) {
                Said::No => continue,
                Said::Wait => {
                    (self.position, self.waiting) = (at - 1, phase);
                    break self.question.take().map_or(Verdict::Pass, Verdict::Lookup);
                }
                Said::Yes => {}
            }
            match rules.rules[head as usize].flow {
                Flow::Next => {}
                Flow::Skip(count) => at += count,
                Flow::Jump(to) => at = to,
            }
            if self.report.interruption.is_some() && phase < 5 {
                break self.report.interruption.clone().map_or(Verdict::Pass, Verdict::Interrupt);
            }
            if self.parts.state.allowed.is_some() || self.parts.state.mode == Mode::Off {
                break Verdict::Pass;
            }
        };
        self.look_at_budget(began, spent_before, worker);
        if self.parts.state.allowed == Some(Allow::Phase) {
            self.parts.state.allowed = None;
        }
        verdict
    }

    fn look_at_budget(&mut self, began: Option<u64>, spent_before: u64, worker: &Worker) {
        if let (Some(began), Some(now)) = (began, worker.time()) {
            self.spent = spent_before + now.saturating_sub(began);
            self.report.budget_spent |= self.spent > self.budget;
        }
    }

    /// Runs a chain, or a rule of one link.
    fn chain(&mut self, rules: &RuleSet, head: u32, phase: u8, worker: &mut Worker) -> Said {
        self.parts.state.score = 0;
        self.fresh = true;
        let mut link = head as usize;
        loop {
            let Some(rule) = rules.rules.get(link) else { return Said::No };
            match self.link(rules, link, head, worker) {
                Said::Yes => {}
                said => {
                    // As in ModSecurity 3, what matched before is no longer known.
                    self.parts.state.matched = None;
                    self.parts.state.all_matched.clear();
                    return said;
                }
            }
            if !rule.chained {
                break;
            }
            link += 1;
        }
        for rule in rules.rules[head as usize..=link].iter().rev() {
            for effect in &rule.late_effects {
                self.late_effect(effect, head, rules);
            }
        }
        self.full_match(rules, head, phase);
        Said::Yes
    }

    /// Runs one link over its targets.
    fn link(&mut self, rules: &RuleSet, number: usize, head: u32, worker: &mut Worker) -> Said {
        let rule = &rules.rules[number];
        if rule.targets.is_empty() {
            self.matched(rules, rule, head, None, None);
            return Said::Yes;
        }
        if let Some(bundle) = rule.bundle
            && !scan::all(&rule.clauses, self.bundle_marks(rules, bundle, rule.meta.phase, worker))
        {
            return Said::No;
        }
        let mut buffer = Vec::new();
        let argument = match rule.operator.argument() {
            None => &b""[..],
            Some(text) => match text.literal() {
                Some(literal) => literal,
                None => {
                    self.expand(text, head, &mut buffer);
                    &buffer
                }
            },
        };
        let link = Link { rules, rule, head, number, argument };
        Said::together(rule.targets.iter().map(|target| {
            if target.count {
                self.count(&link, target, worker)
            } else if let Some(unit) = target.unit {
                self.unit(&link, target, unit, worker)
            } else {
                self.volatile(&link, target, worker)
            }
        }))
    }

    /// What the values of a bundle satisfy together; worked out once a phase.
    fn bundle_marks(
        &mut self,
        rules: &RuleSet,
        bundle: u32,
        phase: u8,
        worker: &mut Worker,
    ) -> &[u64] {
        let scan = &rules.scans[scan::kind(phase)];
        let words = scan.words();
        if !self.parts.units.has_bundle(bundle) {
            let units = &rules.bundles[bundle as usize];
            for &unit in units {
                let range = match self.parts.units.range(unit) {
                    Some(range) => range,
                    None => self.work_out(rules, unit, worker),
                };
                if !range.is_empty() && self.parts.units.marks(unit, words).is_none() {
                    super::expand::scan_unit(&mut self.parts, unit, range, scan);
                }
            }
            self.parts.units.put_together(bundle, units, words);
        }
        self.parts.units.bundle_marks(bundle, words)
    }

    /// A target whose values no rule can change: worked out once a phase for all rules that look at it.
    fn unit(
        &mut self,
        link: &Link<'_>,
        target: &RuleTarget,
        unit: u32,
        worker: &mut Worker,
    ) -> Said {
        let range = match self.parts.units.range(unit) {
            Some(range) => range,
            None => self.work_out(link.rules, unit, worker),
        };
        let rule = link.rule;
        if range.is_empty() {
            return Said::No;
        }
        let scan = &link.rules.scans[scan::kind(rule.meta.phase)];
        if !rule.clauses.is_empty() && !rule.negated {
            let words = scan.words();
            let parts = &mut self.parts;
            if parts.units.marks(unit, words).is_none() {
                super::expand::scan_unit(parts, unit, range.clone(), scan);
            }
            let marks = parts.units.marks(unit, words);
            if marks.is_some_and(|marks| !scan::all(&rule.clauses, marks)) {
                return Said::No;
            }
        }
        Said::together(range.filter_map(|at| {
            let item = self.parts.units.item(at)?;
            Some(self.test(link, target, item, worker))
        }))
    }

    /// A target whose values rules change.
    fn volatile(&mut self, link: &Link<'_>, target: &RuleTarget, worker: &mut Worker) -> Said {
        if let Some(said) = self.compare(link, target) {
            return said;
        }
        let mut items = std::mem::take(&mut self.parts.items);
        items.clear();
        self.members(&target.target, link.head, &mut items, worker);
        let said = Said::together(items.iter().map(|item| self.steps(link, target, *item, worker)));
        self.parts.items = items;
        said
    }

    /// A value of a target, and what transformations make of it.
    fn steps(
        &mut self,
        link: &Link<'_>,
        target: &RuleTarget,
        item: Item,
        worker: &mut Worker,
    ) -> Said {
        let rule = link.rule;
        if rule.transformations.is_empty() {
            return self.test(link, target, item, worker);
        }
        let values = self.transform(item.value, &rule.transformations, rule.multi_match);
        let test = |value| self.test(link, target, Item { value, ..item }, worker);
        Said::together(values.into_iter().map(test))
    }

    /// A member of `TX` compared with a number, as hundreds of rules do: without a detour through text.
    fn compare(&mut self, link: &Link<'_>, target: &RuleTarget) -> Option<Said> {
        let (Operator::Numeric(..), Selector::Tx(name)) =
            (&link.rule.operator, &target.target.selector)
        else {
            return None;
        };
        if !link.rule.transformations.is_empty() || !link.rule.excluded.is_empty() {
            return None;
        }
        let Some(value) = self.parts.state.tx.get(*name) else { return Some(Said::No) };
        let number = value.number(&self.parts.facts.values);
        let holds = link.rule.operator.compare(number, number::parse(link.argument))?;
        if holds == link.rule.negated {
            return Some(Said::No);
        }
        if self.has_removed_targets() {
            return None;
        }
        let value = value.text(&mut self.parts.facts.values);
        let key = self.tx_key(target);
        self.matched(link.rules, link.rule, link.head, Some((target, Item { key, value })), None);
        Some(Said::Yes)
    }

    /// How many values a target has.
    fn count(&mut self, link: &Link<'_>, target: &RuleTarget, worker: &mut Worker) -> Said {
        let mut items = std::mem::take(&mut self.parts.items);
        items.clear();
        self.members(&target.target, link.head, &mut items, worker);
        items.retain(|item| !self.is_excluded(link.rule, link.head, target, *item, worker));
        let count = items.len() as i64;
        self.parts.items = items;
        // Most often it is compared with a number, and differs: without a detour through text.
        let holds = link.rule.operator.compare(count, number::parse(link.argument));
        if holds == Some(link.rule.negated) {
            return Said::No;
        }
        let value = self.parts.facts.values.add(number::Decimal::from(count).as_bytes());
        self.test_value(link, target, Item { key: None, value }, worker)
    }

    /// One value of a target.
    fn test(
        &mut self,
        link: &Link<'_>,
        target: &RuleTarget,
        item: Item,
        worker: &mut Worker,
    ) -> Said {
        let rule = link.rule;
        if !rule.clauses.is_empty() {
            let scan = &link.rules.scans[scan::kind(rule.meta.phase)];
            let marks = scan.marks(&mut self.parts.facts.values, item.value);
            if !scan::all(&rule.clauses, marks) {
                // The operator cannot match, and need not be asked.
                if !rule.negated || self.is_excluded(rule, link.head, target, item, worker) {
                    return Said::No;
                }
                self.matched(link.rules, rule, link.head, Some((target, item)), None);
                return Said::Yes;
            }
        }
        if self.is_excluded(rule, link.head, target, item, worker) {
            return Said::No;
        }
        self.test_value(link, target, item, worker)
    }

    /// Asks the operator.
    fn test_value(
        &mut self,
        link: &Link<'_>,
        target: &RuleTarget,
        item: Item,
        worker: &mut Worker,
    ) -> Said {
        let rule = link.rule;
        let known = rule.remembers && self.parts.facts.values.is_miss(item.value, link.number);
        if known && !rule.negated {
            return Said::No;
        }
        let mut groups: Groups = [None; GROUPS];
        let mut captured = None;
        let outcome = match &rule.operator {
            _ if known => Outcome::No,
            Operator::Rbl(_) => match self.listed(link.argument, item.value) {
                Some(listed) => listed.into(),
                None => return Said::Wait,
            },
            Operator::Geo => self.place(item.value).into(),
            operator => {
                let mut cx = Context {
                    caches: &mut worker.caches,
                    argument: link.argument,
                    wanted: if rule.negated { Wanted::Verdict } else { rule.wanted },
                    steps_max: link.rules.settings.steps_max,
                    groups: &mut groups,
                    captured: &mut captured,
                };
                operator.evaluate(self.parts.facts.values.get(item.value), &mut cx)
            }
        };
        if rule.remembers && outcome == Outcome::No {
            self.parts.facts.values.miss(item.value, link.number);
        }
        let matches = match outcome {
            Outcome::Limit => {
                self.limit_reached(link.rules);
                return Said::No;
            }
            outcome => (outcome == Outcome::Yes) != rule.negated,
        };
        if !matches {
            return Said::No;
        }
        let found = (rule.wanted != Wanted::Verdict && !rule.negated).then_some((groups, captured));
        self.matched(link.rules, rule, link.head, Some((target, item)), found);
        Said::Yes
    }

    /// A pattern has reached its bound: rules can ask for it, as in ModSecurity.
    fn limit_reached(&mut self, rules: &RuleSet) {
        self.report.limits_reached += 1;
        if let Some(name) = rules.names.find(b"msc_pcre_limits_exceeded") {
            self.parts.state.tx.set(name, Some(crate::state::tx::Value::Number(1)));
        }
    }

    /// A value has matched: remembers it, and does what the link does at each match.
    fn matched(
        &mut self,
        rules: &RuleSet,
        rule: &Rule,
        head: u32,
        found: Option<(&RuleTarget, Item)>,
        captured: Option<(Groups, Option<Fingerprint>)>,
    ) {
        if let Some((target, item)) = found {
            let variable = target.target.variable.name;
            let matched = Matched { variable, key: item.key, value: item.value };
            let state = &mut self.parts.state;
            if std::mem::take(&mut self.fresh) {
                state.all_matched.clear();
            }
            state.matched = Some(matched);
            state.all_matched.push(matched);
            if let Some((groups, text)) = captured {
                self.capture(item.value, &groups, text);
            }
        }
        for effect in &rule.effects {
            self.effect(effect, head, rules);
        }
    }

    fn capture(&mut self, value: ValueId, groups: &Groups, text: Option<Fingerprint>) {
        let values = &mut self.parts.facts.values;
        let mut captures = [None; CAPTURES];
        if let Some(text) = text {
            captures[0] = Some(values.add(&text));
        } else {
            for (capture, group) in captures.iter_mut().zip(groups) {
                *capture = group.map(|(begin, end)| values.part(value, begin, end));
            }
        }
        self.parts.state.tx.capture(captures);
    }

    /// A whole chain has matched.
    fn full_match(&mut self, rules: &RuleSet, head: u32, phase: u8) {
        let rule = &rules.rules[head as usize];
        self.late_logs(rules, head, phase);
        let Some(action) = self.disruption(rule, head) else { return };
        let interruption = Interruption { rule: rule.meta.id, phase, action };
        if self.parts.state.mode == Mode::On && phase < 5 {
            self.report.interruption.get_or_insert(interruption);
        } else if phase < 5 {
            self.report.would_interrupt.get_or_insert(interruption);
        }
    }

    fn late_logs(&mut self, rules: &RuleSet, head: u32, phase: u8) {
        let rule = &rules.rules[head as usize];
        let state = &mut self.parts.state;
        if let Some(severity) = rule.meta.severity {
            let severest = state.highest_severity.unwrap_or(u8::MAX);
            state.highest_severity = Some(severest.min(severity));
        }
        if !rule.logs.log && !rule.logs.audit {
            return;
        }
        let score = state.score;
        let (mut message, mut data, mut variable) = (Vec::new(), Vec::new(), Vec::new());
        if let Some(text) = &rule.message {
            self.expand(text, head, &mut message);
        }
        if let Some(text) = &rule.logdata {
            self.expand(text, head, &mut data);
        }
        if let Some(matched) = self.parts.state.matched {
            self.write_name(&matched, &mut variable);
        }
        self.report.matches.push(Match {
            rule: head,
            phase,
            message,
            data,
            variable,
            score,
            log: rule.logs.log,
            audit: rule.logs.audit,
            disrupts: !matches!(rule.disruptive, Disruptive::Pass | Disruptive::Allow(_)),
        });
    }

    fn disruption(&mut self, rule: &Rule, head: u32) -> Option<Action> {
        match &rule.disruptive {
            Disruptive::Pass => None,
            Disruptive::Allow(allow) => {
                if self.parts.state.mode == Mode::On {
                    self.parts.state.allowed = Some(*allow);
                }
                None
            }
            Disruptive::Deny(status) => Some(Action::Deny(*status)),
            Disruptive::Drop => Some(Action::Drop),
            Disruptive::Redirect(status, to) => {
                let mut location = Vec::new();
                self.expand(to, head, &mut location);
                Some(Action::Redirect(*status, location))
            }
        }
    }

    /// Whether a value is one that the rule does not look at.
    #[inline]
    fn is_excluded(
        &mut self,
        rule: &Rule,
        head: u32,
        target: &RuleTarget,
        item: Item,
        worker: &mut Worker,
    ) -> bool {
        (!rule.excluded.is_empty() || self.has_removed_targets())
            && self.has_exclusion(rule, head, target, item, worker)
    }

    #[inline(never)]
    fn has_exclusion(
        &self,
        rule: &Rule,
        head: u32,
        target: &RuleTarget,
        item: Item,
        worker: &mut Worker,
    ) -> bool {
        let key = item.key.unwrap_or(ValueId::EMPTY);
        let source = target.target.variable.source;
        let parts = &self.parts;
        let key = parts.facts.values.get(key);
        let mut takes = |excluded: &crate::variable::Target| {
            excluded.variable.source == source && selects(excluded, key, worker)
        };
        rule.excluded.iter().any(&mut takes)
            || parts.state.removed_targets.iter().any(|(mask, target)| {
                self.rules.masks[*mask].contains(head as usize)
                    && takes(&self.rules.removed_targets[*target])
            })
            || self.active_exclusions.iter().any(|at| {
                let exclusion = &self.policy.exclusions[*at];
                exclusion.rules.contains(head as usize)
                    && exclusion.target.as_ref().is_some_and(&mut takes)
            })
    }

    fn has_removed_targets(&self) -> bool {
        !self.parts.state.removed_targets.is_empty() || !self.active_exclusions.is_empty()
    }
}

/// Whether an exclusion takes a member of this name.
fn selects(excluded: &crate::variable::Target, key: &[u8], worker: &mut Worker) -> bool {
    match (&excluded.selector, excluded.variable.source) {
        // A name that is written out and one that is made are the same to an exclusion.
        (Selector::Tx(_), Source::Tx) => excluded.tx_name.eq_ignore_ascii_case(key),
        (selector, _) => selector.takes(key, &mut worker.caches),
    }
}
