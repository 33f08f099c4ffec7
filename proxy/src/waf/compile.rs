//! `[waf]` and what listeners, tenants and routes have otherwise, to policies.

use std::sync::Arc;

use foxtrot_waf::{Pinned, RuleSet, Store};

use super::{
    Counters, Policy, Shared,
    audit::Audit,
    exclusion::Exclusions,
    lint,
    lists::{self, Lists},
    posture::{Posture, required},
    redact::Redaction,
    rules::{self, Sources},
    settings::Settings,
    table::{Names, Overlays, Table, Use},
};
use crate::{
    clock,
    config::{self, Config, Problem, WafMode, WafOverlay, document::path},
    key_error::KeyError,
    observe::metrics::Metrics,
    tenant::Tenants,
};

/// The policies of a snapshot.
#[derive(Debug, Default)]
pub struct Compiled {
    /// What they share; `None` where no rule ever runs.
    pub(super) shared: Option<Arc<Shared>>,
    table: Table,
    pub(super) policies: Vec<Arc<Policy>>,
    pub(super) sources: Sources,
    /// What attacks would meet.
    pub(super) posture: Option<Arc<Posture>>,
    pub(super) findings: lint::Findings,
}

/// How many records of each kind rules may remember of clients.
const RECORDS_MAX: usize = 100_000;

impl Compiled {
    /// What holds for a tenant's requests of a route on a listener; `None` where no rule runs.
    pub fn policy(
        &self,
        route: usize,
        tenant: Option<usize>,
        listener: usize,
    ) -> Option<&Arc<Policy>> {
        let policy = self.policies.get(self.table.find(Use { listener, tenant, route })?)?;
        (policy.settings.mode != WafMode::Off).then_some(policy)
    }

    /// The rules.
    pub fn rules(&self) -> Option<&Arc<RuleSet>> {
        self.shared.as_ref().map(|shared| &shared.rules)
    }

    /// What attacks would meet; `None` without `[waf]`.
    pub fn posture(&self) -> Option<&Arc<Posture>> {
        self.posture.as_ref()
    }

    /// Has the audit log opened anew, after it was rotated away.
    pub fn reopen(&self) {
        if let Some(audit) = self.audit() {
            audit.log.reopen();
        }
    }

    /// Waits until all records are written. Not for workers.
    pub fn flush(&self) {
        if let Some(audit) = self.audit() {
            audit.log.flush();
        }
    }

    fn audit(&self) -> Option<&Audit> {
        self.shared.as_ref()?.audit.as_ref()
    }
}

/// Compiles `[waf]` and all that is said of it elsewhere.
///
/// # Errors
/// Everything that is wrong, classes that must be blocked and are not included.
pub fn compile(
    config: &Config,
    tenants: &Tenants,
    before: Option<&Compiled>,
    metrics: &Arc<Metrics>,
) -> Result<Compiled, Vec<Problem>> {
    let Some(written) = &config.waf else { return Ok(Compiled::default()) };
    let at = path!["waf"];
    let (mut shared, sources) = shared(written, before, metrics).map_err(|errors| {
        errors.into_iter().map(|e| Problem::at(at.below(&e.key), e.message)).collect::<Vec<_>>()
    })?;
    let (mut problems, nobody) = (Vec::new(), WafOverlay::default());
    let mut exclusions = Exclusions::default();
    let own = exclusions.add(&at, &written.exclude, &shared.rules, &mut problems);
    let base = Settings::of(written, own);
    unknown_pins(&at, &base, &shared.rules, &mut problems);
    let mut overlays = Overlays::of(config, &nobody);
    for layer in overlays.all() {
        let (at, written) = (layer.at.clone(), &layer.overlay.exclude);
        layer.exclusions = exclusions.add(&at, written, &shared.rules, &mut problems);
        let alone = Settings::of(&config::Waf::default(), Vec::new()).with(layer);
        unknown_pins(&at, &alone, &shared.rules, &mut problems);
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let (table, settings) = Table::build(&base, &overlays);
    shared.exclusions = exclusions;
    let shared = Arc::new(shared);
    let policies: Vec<_> = settings.into_iter().map(|one| policy(one, &shared)).collect();
    let uses = table.uses(config, tenants, policies.len());
    let findings = lint::look(config, &base, &overlays, &uses, &policies, &shared);
    let names = names(config, tenants);
    let posture = Posture::new(&policies, uses, names, config, &sources.lint);
    let open = required::check(&posture, config);
    if !open.is_empty() {
        return Err(open);
    }
    let posture = Some(Arc::new(posture));
    Ok(Compiled { shared: Some(shared), table, policies, sources, posture, findings })
}

/// What is wrong with the audit log, without opening it.
///
/// # Errors
/// What is wrong, by key below `waf`.
pub fn check_audit(written: &config::Waf) -> Result<(), KeyError> {
    let audit = written.audit.as_ref();
    audit.map_or(Ok(()), |audit| Redaction::parse(&audit.redact).map(drop))
}

fn shared(
    written: &config::Waf,
    before: Option<&Compiled>,
    metrics: &Arc<Metrics>,
) -> Result<(Shared, Sources), Vec<KeyError>> {
    let previous = before.and_then(|before| Some((before.shared.as_ref()?, &before.sources)));
    let known = previous.map(|(shared, sources)| (&shared.rules, sources));
    let (rules, sources) =
        rules::load(&written.rules, known).map_err(|error| vec![KeyError::new("rules", error)])?;
    let same = previous.filter(|(shared, _)| Arc::ptr_eq(&shared.rules, &rules));
    let store = previous
        .map_or_else(|| Arc::new(Store::new(RECORDS_MAX)), |(shared, _)| Arc::clone(&shared.store));
    let audit = match &written.audit {
        None => None,
        Some(audit) => {
            let before = previous.and_then(|(shared, _)| shared.audit.as_ref());
            Some(Audit::open(audit, before, metrics).map_err(|error| vec![error])?)
        }
    };
    let shared = Shared {
        counters: Counters::new(metrics, rules.len()),
        rules_loaded: same.map_or_else(clock::since_epoch, |(shared, _)| shared.rules_loaded),
        rules,
        store,
        exclusions: Exclusions::default(),
        lists: Lists::compile(&written.allow, &written.deny)?,
        audit,
        request_body_max: usize::try_from(written.request_body.limit.0).unwrap_or(usize::MAX),
        budget: u64::try_from(written.budget.0.as_nanos()).unwrap_or(u64::MAX),
    };
    Ok((shared, sources))
}

/// Files that `[waf]` names and that a snapshot reads: lists, rules, and what rules name in turn.
pub fn files(written: &config::Waf) -> Vec<std::path::PathBuf> {
    let entries = written.allow.iter().chain(&written.deny);
    let lists = entries.filter_map(|entry| lists::file(entry)).map(Into::into);
    lists.chain(rules::files(&written.rules)).collect()
}

fn names(config: &Config, tenants: &Tenants) -> Names {
    let names = (0..tenants.len()).filter_map(|number| tenants.name(number));
    Names {
        listeners: config.listeners.keys().map(|name| name.as_str().into()).collect(),
        tenants: names.cloned().collect(),
        routes: config.routes.iter().map(|route| route.name().into()).collect(),
    }
}

/// Keys that no rule asks for.
fn unknown_pins(
    at: &config::KeyPath,
    settings: &Settings,
    rules: &Arc<RuleSet>,
    problems: &mut Vec<Problem>,
) {
    let mut engine = foxtrot_waf::Policy::new(Arc::clone(rules));
    for (key, names, value) in settings.pins() {
        if !names.iter().any(|name| engine.pin(name, Pinned::Number(value))) {
            problems.push(Problem::at(at.join(key), "without effect: no rule asks for it"));
        }
    }
}

fn policy(settings: Settings, shared: &Arc<Shared>) -> Arc<Policy> {
    let engine = Arc::new(engine(&settings, &settings.exclusions, shared));
    Arc::new(Policy { engine, settings, shared: Arc::clone(shared) })
}

/// The engine's policy of these settings, with these of the exclusions.
pub(super) fn engine(
    settings: &Settings,
    exclusions: &[usize],
    shared: &Shared,
) -> foxtrot_waf::Policy {
    let mut engine = foxtrot_waf::Policy::new(Arc::clone(&shared.rules));
    for (_, names, value) in settings.pins() {
        for name in names {
            engine.pin(name, Pinned::Number(value));
        }
    }
    for entry in exclusions.iter().filter_map(|number| shared.exclusions.0.get(*number)) {
        engine.leave_out(&entry.compiled);
    }
    engine
}
