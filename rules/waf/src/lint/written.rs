//! Rules as written beside the same rules compiled, under the same numbers.

use crate::{
    action::Disruptive,
    macros::Macro,
    rule::Rule,
    ruleset::RuleSet,
    seclang::ast::{self, Action, Kind, Place, Statement, Text},
    state::tx::Names,
    variable::Target,
};

/// All that stands in the files.
pub(super) struct Written<'w> {
    pub rules: &'w RuleSet,
    pub links: Vec<Link<'w>>,
    /// Marks, each with the number of the link behind it.
    pub markers: Vec<(&'w Text, usize)>,
    /// All other statements that are about rules.
    pub changes: Vec<&'w Statement>,
}

/// A link of a chain, or a rule of one link.
pub(super) struct Link<'w> {
    pub number: usize,
    /// Number of the first link of its chain.
    pub head: usize,
    pub place: Place,
    pub targets: &'w [ast::Target],
    /// None of `SecAction`.
    pub operator: Option<&'w ast::Operator>,
    pub actions: &'w [Action],
    pub rule: &'w Rule,
    /// Whether its chain is among the rules that run: no directive takes it away.
    pub runs: bool,
}

impl<'w> Written<'w> {
    pub fn of(statements: &'w [Statement], rules: &'w RuleSet) -> Self {
        let mut written =
            Self { rules, links: Vec::new(), markers: Vec::new(), changes: Vec::new() };
        for statement in statements {
            match &statement.kind {
                Kind::Rule { targets, operator, actions } => {
                    written.link(statement.place, targets, Some(operator), actions);
                }
                Kind::Action(actions) => written.link(statement.place, &[], None, actions),
                Kind::Marker(name) => written.markers.push((name, written.links.len())),
                _ => written.changes.push(statement),
            }
        }
        written
    }

    fn link(
        &mut self,
        place: Place,
        targets: &'w [ast::Target],
        operator: Option<&'w ast::Operator>,
        actions: &'w [Action],
    ) {
        let number = self.links.len();
        let Some(rule) = self.rules.rules.get(number) else { return };
        let before = self.links.last().filter(|before| before.rule.chained);
        let head = before.map_or(number, |before| before.head);
        let phase = self.rules.phases.get(usize::from(rule.meta.phase).saturating_sub(1));
        let runs = phase.is_some_and(|phase| phase.binary_search(&(head as u32)).is_ok());
        self.links.push(Link { number, head, place, targets, operator, actions, rule, runs });
    }

    /// The links of rules that run.
    pub fn running(&self) -> impl Iterator<Item = &Link<'w>> {
        self.links.iter().filter(|link| link.runs)
    }

    /// The links of a chain, given any of them.
    pub fn chain(&self, link: &Link<'w>) -> &[Link<'w>] {
        let behind = self.links.iter().skip(link.head).position(|link| !link.rule.chained);
        let end = behind.map_or(self.links.len(), |behind| link.head + behind + 1);
        self.links.get(link.head..end).unwrap_or_default()
    }

    /// Actions of rules that run, and those that directives add to rules.
    pub fn actions(&self) -> impl Iterator<Item = &'w Action> {
        let added = self.changes.iter().filter_map(|statement| match &statement.kind {
            Kind::UpdateAction { actions, .. } | Kind::DefaultAction(actions) => Some(actions),
            _ => None,
        });
        self.running().flat_map(|link| link.actions).chain(added.flatten())
    }
}

impl<'w> Link<'w> {
    /// The first action of this name, as written.
    pub fn action(&self, name: &str) -> Option<&'w Action> {
        self.actions.iter().find(|action| action.name.eq_ignore_ascii_case(name))
    }

    /// Whether it is the first of its chain.
    pub fn is_head(&self) -> bool {
        self.number == self.head
    }

    /// Whether its rule ends a transaction, or would but for the default of `block`.
    pub fn blocks(&self) -> bool {
        let ends = !matches!(self.rule.disruptive, Disruptive::Pass | Disruptive::Allow(_));
        self.is_head() && (ends || self.action("block").is_some())
    }

    /// How long the word is that begins it.
    pub fn word_len(&self) -> usize {
        if self.operator.is_some() { "SecRule".len() } else { "SecAction".len() }
    }

    /// `rule 942100`
    pub fn name(&self) -> String {
        format!("rule {}", self.rule.meta.id)
    }
}

/// The variables that macros in a text name.
pub(super) fn macros(text: &Text) -> Vec<Target> {
    // The texts of some actions are none with macros, and what looks like one there is none.
    let Ok(compiled) = Macro::compile(text, &mut Names::default()) else { return Vec::new() };
    compiled.into_targets()
}

/// Name and value of an argument as `ctl` and `setvar` have it: what stands before and behind the first `=` outside of macros.
pub(super) fn halves(bytes: &[u8]) -> (&[u8], Option<&[u8]>) {
    let mut depth = 0_u32;
    let equals = bytes.iter().position(|byte| {
        match byte {
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        *byte == b'=' && depth == 0
    });
    match equals.and_then(|at| bytes.split_at_checked(at)) {
        Some((name, value)) => (name, value.get(1..)),
        None => (bytes, None),
    }
}
