//! Statements to rules: gathers, changes, compiles, orders, and finds what rules share.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicU64, Ordering},
};

use super::{
    PHASES, RuleSet, Unit,
    draft::Draft,
    groups,
    select::{Masks, Which},
    update::{self, Update},
};
use crate::{
    action::{
        Flow,
        compile::{Choice, Said},
        ctl::Cx,
    },
    bits::Bits,
    error::{Problem, Report},
    macros::Macro,
    operator::{self, Operator, Resources, Wanted},
    rule::{Logs, Meta, Rule, RuleTarget},
    scan,
    seclang::{
        Files, Sources,
        ast::{self, Kind, Modifier, Place, Statement},
        directive,
    },
    settings::Settings,
    state::tx::Names,
    transform::Changing,
    variable::{Scalar, Source, Target},
};

/// Compiles statements.
pub fn build(
    statements: Vec<Statement>,
    sources: Sources,
    files: &dyn Files,
) -> Result<RuleSet, Report> {
    let mut builder = Builder::new(&sources, files);
    for statement in statements {
        builder.take(statement);
    }
    builder.change_drafts();
    let compiled = builder.compile();
    let problems = std::mem::take(&mut builder.problems);
    match (compiled, problems.is_empty()) {
        (Some(parts), true) => Ok(RuleSet { sources, ..parts }),
        _ => Err(Report::new(problems, sources)),
    }
}

/// What the order of statements says: rules and the marks between them.
enum Item {
    Rule(Draft),
    Marker(Vec<u8>),
}

struct Builder<'b> {
    sources: &'b Sources,
    files: &'b dyn Files,
    problems: Vec<Problem>,
    settings: Settings,
    items: Vec<Item>,
    default_actions: Vec<Vec<ast::Action>>,
    defaults: [Option<usize>; PHASES],
    updates: Vec<Update>,
    removals: Vec<Which>,
    names: Names,
    masks: Masks,
    removed_targets: Vec<Target>,
}

impl<'b> Builder<'b> {
    fn new(sources: &'b Sources, files: &'b dyn Files) -> Self {
        Self {
            sources,
            files,
            problems: Vec::new(),
            settings: Settings::default(),
            items: Vec::new(),
            default_actions: Vec::new(),
            defaults: [None; PHASES],
            updates: Vec::new(),
            removals: Vec::new(),
            names: Names::default(),
            masks: Masks::default(),
            removed_targets: Vec::new(),
        }
    }

    fn take(&mut self, statement: Statement) {
        let place = statement.place;
        match statement.kind {
            Kind::Rule { targets, operator, actions } => {
                self.draft(place, targets, Some(operator), actions);
            }
            Kind::Action(actions) => self.draft(place, Vec::new(), None, actions),
            Kind::DefaultAction(actions) => self.default_action(place, actions),
            Kind::Marker(name) => self.items.push(Item::Marker(name.bytes)),
            Kind::UpdateTarget { which, targets, replaced } => {
                self.updates.push(Update::Targets(which, targets, replaced));
            }
            Kind::UpdateAction { id, link, actions } => {
                self.updates.push(Update::Actions(place, id, link, actions));
            }
            Kind::Remove(which) => match Which::compile(&which) {
                Ok(which) => self.removals.push(which),
                Err(problem) => self.problems.push(problem),
            },
            Kind::Directive { name, arguments } => {
                let class = directive::find(name.as_bytes()).map(|directive| directive.class);
                if class == Some(directive::Class::Setting) {
                    let set = self.settings.set(&name, &arguments, self.files, self.sources);
                    self.problems.extend(set.err());
                }
            }
        }
    }

    fn draft(
        &mut self,
        place: Place,
        targets: Vec<ast::Target>,
        operator: Option<ast::Operator>,
        actions: Vec<ast::Action>,
    ) {
        let link = matches!(self.items.last(), Some(Item::Rule(before)) if before.is_chained());
        let defaults = self.defaults;
        self.items.push(Item::Rule(Draft { place, targets, operator, actions, defaults, link }));
    }

    fn default_action(&mut self, place: Place, actions: Vec<ast::Action>) {
        let mut cx = Cx {
            names: &mut self.names,
            masks: &mut self.masks,
            removed_targets: &mut self.removed_targets,
        };
        let said = Said::read(&actions, &mut cx, &mut self.problems);
        let wrong = match (&said.disruptive, said.phase) {
            (_, None) => Some("a default needs a phase"),
            (None, _) => Some("a default needs a disruptive action, as `pass` or `deny`"),
            (Some(Choice::Block), _) => Some("`block` stands for the default and cannot be it"),
            _ if said.id.is_some() || said.chain => Some("a default is no rule: no id, no chain"),
            _ if said.is_of_one_rule() => {
                Some("a default has no actions that are of one rule alone")
            }
            _ => None,
        };
        if let Some(message) = wrong {
            self.problems.push(Problem::new(place, "SecDefaultAction".len(), message));
        }
        if let Some(phase) = said.phase {
            self.default_actions.push(actions);
            self.defaults[usize::from(phase) - 1] = Some(self.default_actions.len() - 1);
        }
    }

    fn change_drafts(&mut self) {
        let updates = std::mem::take(&mut self.updates);
        if updates.is_empty() {
            return;
        }
        let rules = self.items.iter_mut().enumerate().filter_map(|(at, item)| match item {
            Item::Rule(draft) => Some((at, draft.clone())),
            Item::Marker(_) => None,
        });
        let (places, mut drafts): (Vec<usize>, Vec<Draft>) = rules.unzip();
        for update in &updates {
            self.problems.extend(update::apply(update, &mut drafts).err());
        }
        for (at, draft) in places.into_iter().zip(drafts) {
            self.items[at] = Item::Rule(draft);
        }
    }

    fn compile(&mut self) -> Option<RuleSet> {
        let items = std::mem::take(&mut self.items);
        let mut compiled = Compiled::default();
        let mut markers: HashMap<Vec<u8>, usize> = HashMap::new();
        for item in items {
            match item {
                Item::Marker(name) => {
                    self.unfinished_chain(&compiled);
                    markers.insert(name, compiled.rules.len());
                }
                Item::Rule(draft) => self.rule(draft, &mut compiled),
            }
        }
        self.unfinished_chain(&compiled);
        if !self.problems.is_empty() {
            return None;
        }
        Some(self.assemble(compiled, &markers))
    }

    fn unfinished_chain(&mut self, compiled: &Compiled) {
        if let Some(rule) = compiled.rules.last().filter(|rule| rule.chained) {
            let message = "the chain has no further link";
            self.problems.push(Problem::new(rule.meta.place, "SecRule".len(), message));
        }
    }

    /// Compiles one link.
    fn rule(&mut self, draft: Draft, compiled: &mut Compiled) {
        let mut cx = Cx {
            names: &mut self.names,
            masks: &mut self.masks,
            removed_targets: &mut self.removed_targets,
        };
        let said = Said::read(&draft.actions, &mut cx, &mut self.problems);
        let head = draft.link.then(|| compiled.head.clone()).flatten();
        let phase = head.as_ref().map_or(said.phase.unwrap_or(2), |head| head.phase);
        let default = draft.defaults[usize::from(phase) - 1].map(|at| {
            // What is wrong with a default was said where it stands.
            Said::read(&self.default_actions[at], &mut cx, &mut Vec::new())
        });
        let written = Written { draft: &draft, said, default, phase };
        if let Some(problem) = written.misplaced(compiled) {
            self.problems.push(problem);
        }
        match self.link(written, compiled) {
            Ok(rule) => {
                if !draft.link {
                    compiled.head = Some(rule.meta.clone());
                }
                compiled.rules.push(rule);
            }
            Err(problems) => {
                self.problems.extend(problems);
                // The links behind it are still looked at.
                let meta = Meta { phase, place: draft.place, ..Meta::default() };
                if !draft.link {
                    compiled.head = Some(meta);
                }
            }
        }
    }

    fn link(
        &mut self,
        written: Written<'_>,
        compiled: &mut Compiled,
    ) -> Result<Rule, Vec<Problem>> {
        let Written { draft, said, default, phase } = written;
        let mut problems = Vec::new();
        let mut transformations = Vec::new();
        if !said.transformations_anew {
            transformations
                .extend(default.iter().flat_map(|default| default.transformations.iter().copied()));
        }
        transformations.extend(&said.transformations);
        let (mut targets, mut excluded) = (Vec::new(), Vec::new());
        for target in &draft.targets {
            match Target::compile(target, &mut self.names) {
                Ok(compiled) if target.modifier == Modifier::Exclude => excluded.push(compiled),
                Ok(target_) => {
                    let count = target.modifier == Modifier::Count;
                    let key = unit_key(target, &transformations, said.multi_match);
                    targets.push((RuleTarget { target: target_, count, unit: None }, key));
                }
                Err(problem) => problems.push(problem),
            }
        }
        let mut resources =
            Resources { files: self.files, sources: self.sources, names: &mut self.names };
        let operator = match &draft.operator {
            None => Ok((Operator::Always, Vec::new())),
            Some(operator) => operator::compile(operator, &mut resources),
        };
        let mut text = |text: &Option<ast::Text>| {
            text.as_ref().map(|text| Macro::compile(text, &mut self.names)).transpose()
        };
        let (message, logdata) = (text(&said.message), text(&said.logdata));
        let mut cx = Cx {
            names: &mut self.names,
            masks: &mut self.masks,
            removed_targets: &mut self.removed_targets,
        };
        let disruptive = said.disruptive(default.as_ref(), &mut cx);
        let default_logs = default.as_ref().map_or(LOGS, |default| default.logs(LOGS));
        let (operator, message, logdata, disruptive) =
            match (operator, message, logdata, disruptive) {
                (Ok(operator), Ok(message), Ok(logdata), Ok(disruptive)) if problems.is_empty() => {
                    (operator, message, logdata, disruptive)
                }
                (operator, message, logdata, disruptive) => {
                    problems.extend(operator.err());
                    problems.extend(
                        [message.err(), logdata.err(), disruptive.err()].into_iter().flatten(),
                    );
                    return Err(problems);
                }
            };
        let (operator, clauses) = operator;
        let clauses: Box<[_]> =
            clauses.into_iter().map(|clause| compiled.scan(phase).add(clause)).collect();
        let number = compiled.rules.len() as u32;
        let targets: Box<[RuleTarget]> = targets
            .into_iter()
            .enumerate()
            .map(|(at, (mut target, key))| {
                if !target.target.variable.source.is_volatile() && !target.count {
                    let unit = || Unit {
                        rule: number,
                        target: at as u32,
                        transformations: transformations.clone().into(),
                        changing: Changing::only(&transformations),
                        multi_match: said.multi_match,
                    };
                    target.unit = Some(compiled.unit(key, unit));
                }
                target
            })
            .collect();
        let negated = draft.operator.as_ref().is_some_and(|operator| operator.negated);
        let bundle = if negated { None } else { compiled.bundle(&targets, &clauses) };
        if let Some(label) = &said.skip_after {
            compiled.jumps.push((number as usize, label.clone()));
        }
        let logs = said.logs(default_logs);
        // What a default does, it does once for each chain.
        let mut said = said;
        if let Some(default) = default.filter(|_| !draft.link) {
            said.effects.splice(..0, default.effects);
            said.late_effects.splice(..0, default.late_effects);
            said.tags.splice(..0, default.tags);
        }
        Ok(Rule {
            meta: meta(&said, draft, phase),
            targets,
            excluded: excluded.into(),
            remembers: operator.is_worth_remembering(),
            operator,
            negated,
            transformations: transformations.into(),
            multi_match: said.multi_match,
            wanted: if said.capture { Wanted::Whole } else { Wanted::Verdict },
            clauses,
            bundle,
            effects: said.effects.into(),
            late_effects: said.late_effects.into(),
            chained: said.chain,
            message,
            logdata,
            disruptive,
            flow: said.skip.map_or(Flow::Next, Flow::Skip),
            logs,
        })
    }

    /// Orders the rules by phase and resolves what goes over all of them.
    fn assemble(&mut self, compiled: Compiled, markers: &HashMap<Vec<u8>, usize>) -> RuleSet {
        let Compiled { mut rules, scans, units, bundles, jumps, .. } = compiled;
        groups::decide(&mut rules);
        let removed = self.removals.iter().fold(Bits::default(), |mut removed, which| {
            removed.add(&which.among(&rules));
            removed
        });
        let mut phases: [Vec<u32>; PHASES] = Default::default();
        for (number, rule) in rules.iter().enumerate() {
            if rule.meta.id != 0 && !removed.contains(number) {
                phases[usize::from(rule.meta.phase) - 1].push(number as u32);
            }
        }
        for (number, label) in jumps {
            let phase = &phases[usize::from(rules[number].meta.phase) - 1];
            rules[number].flow = Flow::Jump(jump(number, &label.bytes, markers, &rules, phase));
        }
        let masks = self.masks.resolve(&rules);
        let uses_full_request = rules.iter().any(|rule| {
            groups::names_any(rule, |target| {
                let source = target.variable.source;
                source == Source::Scalar(Scalar::FullRequest)
                    || source == Source::Scalar(Scalar::FullRequestLength)
            })
        });
        let scans = scans.into_iter().enumerate().map(|(kind, scan)| scan.build(kind));
        let scans: Vec<_> = scans.collect();
        let scans: [scan::Scan; 2] = <[_; 2]>::try_from(scans).unwrap_or_default();
        RuleSet {
            number: NUMBERS.fetch_add(1, Ordering::Relaxed),
            settings: std::mem::take(&mut self.settings),
            rules,
            phases,
            names: std::mem::take(&mut self.names),
            units,
            bundles,
            scans,
            masks,
            removed_targets: std::mem::take(&mut self.removed_targets),
            uses_full_request,
            sources: Sources::default(),
        }
    }
}

/// Numbers of rule sets; none has 0.
static NUMBERS: AtomicU64 = AtomicU64::new(1);

/// Where a rule says nothing, and no default does.
const LOGS: Logs = Logs { log: true, audit: true };

/// What has been compiled so far.
#[derive(Default)]
struct Compiled {
    rules: Vec<Rule>,
    /// What the head of the chain at hand says about itself.
    head: Option<Meta>,
    ids: HashMap<u64, Place>,
    scans: [scan::Builder; 2],
    units: Vec<Unit>,
    unit_numbers: HashMap<String, u32>,
    bundles: Vec<Box<[u32]>>,
    bundle_numbers: HashMap<Box<[u32]>, u32>,
    jumps: Vec<(usize, ast::Text)>,
}

impl Compiled {
    fn scan(&mut self, phase: u8) -> &mut scan::Builder {
        &mut self.scans[scan::kind(phase)]
    }

    fn unit(&mut self, key: String, unit: impl FnOnce() -> Unit) -> u32 {
        let units = &mut self.units;
        *self.unit_numbers.entry(key).or_insert_with(|| {
            units.push(unit());
            units.len() as u32 - 1
        })
    }

    /// The bundle of a rule's targets, if it can say that the rule does not match.
    fn bundle(&mut self, targets: &[RuleTarget], clauses: &[scan::ClauseId]) -> Option<u32> {
        if targets.len() < 2 || clauses.is_empty() {
            return None;
        }
        let units: Option<Box<[u32]>> = targets.iter().map(|target| target.unit).collect();
        let bundles = &mut self.bundles;
        Some(*self.bundle_numbers.entry(units?).or_insert_with_key(|units| {
            bundles.push(units.clone());
            bundles.len() as u32 - 1
        }))
    }
}

/// A link as written, with what is said of it elsewhere.
struct Written<'w> {
    draft: &'w Draft,
    said: Said,
    default: Option<Said>,
    phase: u8,
}

impl Written<'_> {
    /// What stands where it must not, or is missing.
    fn misplaced(&self, compiled: &mut Compiled) -> Option<Problem> {
        let (draft, said) = (self.draft, &self.said);
        let directive = if draft.operator.is_some() { "SecRule" } else { "SecAction" };
        let problem = |message: &str| Some(Problem::new(draft.place, directive.len(), message));
        if draft.link {
            return match said {
                Said { id: Some((_, place)), .. } => {
                    Some(Problem::new(*place, 0, "only the first rule of a chain has an id"))
                }
                Said { phase: Some(phase), .. } if *phase != self.phase => {
                    problem("a chain has one phase, that of its first rule")
                }
                Said { disruptive: Some(_), .. } => {
                    problem("only the first rule of a chain has a disruptive action")
                }
                Said { skip: Some(_), .. } | Said { skip_after: Some(_), .. } => {
                    problem("only the first rule of a chain skips rules")
                }
                _ => None,
            };
        }
        let Some((id, place)) = said.id else {
            return problem("the rule has no id")
                .map(|p| p.note("add `id:` and a number of its own"));
        };
        let digits = id.to_string().len();
        let first = compiled.ids.insert(id, place)?;
        Some(Problem::new(place, digits, format!("id {id} is taken")).also(
            first,
            digits,
            "by this rule",
        ))
    }
}

fn meta(said: &Said, draft: &Draft, phase: u8) -> Meta {
    let message =
        said.message.as_ref().map(|text| String::from_utf8_lossy(&text.bytes).into_owned());
    Meta {
        id: said.id.map_or(0, |(id, _)| id),
        phase,
        place: draft.place,
        tags: said.tags.clone().into(),
        severity: said.severity,
        version: said.version.clone(),
        revision: said.revision.clone(),
        maturity: said.maturity,
        accuracy: said.accuracy,
        message: message.unwrap_or_default().into(),
    }
}

/// What is the same for targets that share their transformed values.
fn unit_key(target: &ast::Target, transformations: &[impl std::fmt::Debug], multi: bool) -> String {
    let selector = match &target.selector {
        None => String::new(),
        Some(ast::Selector::Name(text)) => format!("={:?}", text.bytes.to_ascii_lowercase()),
        Some(ast::Selector::Pattern(text)) => format!("/{:?}", text.bytes),
    };
    format!("{}{selector} {transformations:?} {multi}", target.name.to_ascii_uppercase())
}

/// The position in a phase behind a marker or a rule; its end where there is none, as in ModSecurity.
fn jump(
    from: usize,
    label: &[u8],
    markers: &HashMap<Vec<u8>, usize>,
    rules: &[Rule],
    phase: &[u32],
) -> usize {
    let by_id = || {
        let id: u64 = std::str::from_utf8(label).ok()?.trim().parse().ok()?;
        rules.iter().position(|rule| rule.meta.id == id).map(|rule| rule + 1)
    };
    let found = markers.get(label).copied().or_else(by_id).filter(|behind| *behind > from);
    found.map_or(phase.len(), |behind| phase.partition_point(|rule| (*rule as usize) < behind))
}
