//! `[waf]` and what listeners and routes have otherwise, to policies.

use std::sync::Arc;

use foxtrot_waf::{Exclusion, Pinned, RuleSet, Store};

use super::{
    Counters, Policy, Settings, Shared,
    audit::Audit,
    lists,
    lists::Lists,
    redact::Redaction,
    rules::{self, Sources},
};
use crate::{
    config::{self, Config, WafExclusion, WafMode, WafOverlay},
    key_error::KeyError,
    observe::metrics::Metrics,
};

/// The policies of a snapshot.
#[derive(Debug, Default)]
pub struct Compiled {
    /// What they share; `None` where no rule ever runs.
    shared: Option<Arc<Shared>>,
    /// By route and listener.
    policies: Vec<Vec<Option<Arc<Policy>>>>,
    sources: Sources,
}

/// How many records of each kind rules may remember of clients.
const RECORDS_MAX: usize = 100_000;

impl Compiled {
    /// What holds for a route on a listener; `None` where no rule runs.
    pub fn policy(&self, route: usize, listener: usize) -> Option<&Arc<Policy>> {
        self.policies.get(route)?.get(listener)?.as_ref()
    }

    /// The rules.
    pub fn rules(&self) -> Option<&Arc<RuleSet>> {
        self.shared.as_ref().map(|shared| &shared.rules)
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

/// Compiles `[waf]`, for each route on each listener.
///
/// # Errors
/// Everything that is wrong, by key below `waf`.
pub fn compile(
    config: &Config,
    before: Option<&Compiled>,
    metrics: &Arc<Metrics>,
) -> Result<Compiled, Vec<KeyError>> {
    let Some(written) = &config.waf else { return Ok(Compiled::default()) };
    let (shared, sources) = shared(written, before, metrics)?;
    let shared = Arc::new(shared);
    let mut known: Vec<(Settings, Arc<Policy>)> = Vec::new();
    let mut policies = Vec::new();
    for route in &config.routes {
        let mut of_route = Vec::new();
        for listener in config.listeners.values() {
            let settings = Settings::of(written).with(&listener.waf).with(&route.waf);
            if settings.mode == WafMode::Off {
                of_route.push(None);
                continue;
            }
            let policy = match known.iter().find(|(other, _)| *other == settings) {
                Some((_, policy)) => Arc::clone(policy),
                None => {
                    let policy = Arc::new(policy(&settings, &shared, &written.exclude)?);
                    known.push((settings, Arc::clone(&policy)));
                    policy
                }
            };
            of_route.push(Some(policy));
        }
        policies.push(of_route);
    }
    Ok(Compiled { shared: Some(shared), policies, sources })
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
        rules,
        store,
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

impl Settings {
    fn of(written: &config::Waf) -> Self {
        Self {
            mode: written.mode,
            enforce: written.enforce_percent.basis_points(),
            paranoia: written.paranoia,
            inbound_threshold: written.inbound_threshold,
            outbound_threshold: written.outbound_threshold,
            early_blocking: written.early_blocking,
            responses: written.responses,
            over_budget: written.over_budget,
            over_limit: written.request_body.over,
        }
    }

    fn with(self, overlay: &WafOverlay) -> Self {
        Self {
            mode: overlay.mode.unwrap_or(self.mode),
            enforce: overlay.enforce_percent.map_or(self.enforce, |share| share.basis_points()),
            paranoia: overlay.paranoia.or(self.paranoia),
            inbound_threshold: overlay.inbound_threshold.or(self.inbound_threshold),
            outbound_threshold: overlay.outbound_threshold.or(self.outbound_threshold),
            early_blocking: overlay.early_blocking.or(self.early_blocking),
            responses: overlay.responses.unwrap_or(self.responses),
            over_budget: overlay.over_budget.unwrap_or(self.over_budget),
            over_limit: overlay.over_limit.unwrap_or(self.over_limit),
        }
    }
}

fn policy(
    settings: &Settings,
    shared: &Arc<Shared>,
    exclusions: &[WafExclusion],
) -> Result<Policy, Vec<KeyError>> {
    let mut engine = foxtrot_waf::Policy::new(Arc::clone(&shared.rules));
    let mut errors = Vec::new();
    let mut pin = |key: &str, names: &[&str], value: i64| {
        let mut known = false;
        for name in names {
            known |= engine.pin(name, Pinned::Number(value));
        }
        if !known {
            errors.push(KeyError::new(key, "without effect: no rule asks for it"));
        }
    };
    if let Some(level) = settings.paranoia {
        let names = ["blocking_paranoia_level", "detection_paranoia_level", "paranoia_level"];
        pin("paranoia", &names, i64::from(level));
    }
    if let Some(score) = settings.inbound_threshold {
        pin("inbound_threshold", &["inbound_anomaly_score_threshold"], i64::from(score));
    }
    if let Some(score) = settings.outbound_threshold {
        pin("outbound_threshold", &["outbound_anomaly_score_threshold"], i64::from(score));
    }
    if let Some(early) = settings.early_blocking {
        pin("early_blocking", &["early_blocking"], i64::from(early));
    }
    for (index, written) in exclusions.iter().enumerate() {
        if let Err(error) = exclude(&mut engine, written) {
            errors.push(KeyError::new(format!("exclude[{index}].{}", error.0), error.1));
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    Ok(Policy { engine: Arc::new(engine), settings: settings.clone(), shared: Arc::clone(shared) })
}

fn exclude(
    engine: &mut foxtrot_waf::Policy,
    written: &WafExclusion,
) -> Result<(), (&'static str, String)> {
    let until = written.expires.as_deref().map(day).transpose();
    let exclusion = Exclusion {
        ids: written.rule.map(|id| (id, id)).into_iter().collect(),
        tag: written.tag.clone(),
        message: None,
        target: written.target.clone(),
        path: written.path.clone(),
        until: until.map_err(|message| ("expires", message))?,
    };
    let key = if written.rule.is_some() { "rule" } else { "tag" };
    match engine.exclude(&exclusion) {
        Ok(0) => Err((key, "without effect: there is no such rule".to_owned())),
        Ok(_) => Ok(()),
        Err(problem) => {
            let key = if written.target.is_some() { "target" } else { key };
            Err((key, problem.message))
        }
    }
}

/// The beginning of a day, `"2027-03-31"`, in seconds since the epoch.
fn day(text: &str) -> Result<i64, String> {
    let bad = || format!("`{text}` is no day, as in 2027-03-31");
    let mut parts = text.splitn(3, '-').map(str::parse::<i64>);
    let mut next = || parts.next().and_then(Result::ok);
    let (Some(year), Some(month), Some(day)) = (next(), next(), next()) else { return Err(bad()) };
    if text.len() != 10 || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return Err(bad());
    }
    // Days since the epoch, with years that begin in March (Howard Hinnant, "days_from_civil").
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, year) = (year.div_euclid(400), year.rem_euclid(400));
    let days = year * 365 + year / 4 - year / 100 + (153 * month + 2) / 5 + day - 1;
    Ok((era * 146_097 + days - 719_468) * 86_400)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_from_the_epoch() {
        assert_eq!(day("1970-01-01"), Ok(0));
        assert_eq!(day("2000-02-29"), Ok(951_782_400));
        assert_eq!(day("2027-03-31"), Ok(1_806_451_200));
        for bad in ["2027-3-31", "2027-13-01", "2027-01-32", "tomorrow", ""] {
            assert!(day(bad).is_err(), "{bad}");
        }
    }
}
