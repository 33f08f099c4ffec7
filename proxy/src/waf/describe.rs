//! The WAF as `GET /waf` shows it.

use std::time::Duration;

use foxtrot_api::{
    WafAuditStatus, WafCause, WafClass, WafExclusionStatus, WafFinding, WafLists, WafOpening,
    WafPolicy, WafPosture, WafRules, WafStatus,
};

use super::{
    Compiled, Shared,
    audit::Audit,
    posture::{Cause, Found, Posture, Subject},
    rules::Sources,
};
use crate::{config::WafMode, observe::metrics::Metrics};

impl Compiled {
    /// What is in force, at a time since the epoch.
    pub fn describe(&self, generation: u64, now: Duration, metrics: &Metrics) -> WafStatus {
        let (Some(shared), Some(posture)) = (&self.shared, &self.posture) else {
            return WafStatus { generation, ..WafStatus::default() };
        };
        let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        let last = posture.last();
        let found = |number: usize| last.as_ref().and_then(|run| run.policies.get(number));
        let used = posture.subjects.iter().enumerate();
        let used = used.filter(|(_, subject)| !subject.uses.are_none());
        let [allow, deny] = shared.lists.blocks.map(|count| count as u64);
        WafStatus {
            generation,
            rules: Some(rules(shared, &self.sources)),
            policies: used
                .map(|(number, subject)| policy(posture, subject, found(number), now))
                .collect(),
            lists: WafLists { allow, deny },
            audit: shared.audit.as_ref().map(|audit| audit_status(audit, metrics)),
            posture: last.as_ref().map(|run| WafPosture {
                at: millis(run.at),
                took_us: u64::try_from(run.took.as_micros()).unwrap_or(u64::MAX),
                probes: run.probes,
            }),
            lint: self.lint(now, shared),
        }
    }
}

impl Compiled {
    fn lint(&self, now: i64, shared: &Shared) -> Vec<WafFinding> {
        let of_rules = self.sources.lint.findings().iter().cloned();
        self.findings.at(now, shared).chain(of_rules).collect()
    }
}

fn rules(shared: &Shared, sources: &Sources) -> WafRules {
    let files = shared.rules.sources().iter();
    WafRules {
        origin: sources.origin(),
        files: files.map(|source| source.path().display().to_string()).collect(),
        rules: shared.rules.rules().count() as u64,
        loaded_at: millis(shared.rules_loaded),
    }
}

fn policy(posture: &Posture, subject: &Subject, found: Option<&Found>, now: i64) -> WafPolicy {
    let (settings, names, uses) = (&subject.policy.settings, &posture.names, &subject.uses);
    let exclusions = settings.exclusions.iter();
    WafPolicy {
        listeners: uses.listeners.iter().map(|at| names.listener(*at).to_owned()).collect(),
        tenants: uses.tenants.iter().map(|at| names.tenant(*at).to_owned()).collect(),
        routes: uses.routes.iter().map(|at| names.route(*at).to_owned()).collect(),
        mode: mode(settings.mode).to_owned(),
        enforce_percent: f64::from(settings.enforce) / 100.0,
        paranoia: settings.paranoia,
        inbound_threshold: settings.inbound_threshold,
        outbound_threshold: settings.outbound_threshold,
        require_classes: settings.required.iter().map(ToString::to_string).collect(),
        exclusions: exclusions.filter_map(|at| exclusion(subject, *at, now)).collect(),
        paths: subject.paths.clone(),
        paths_left_out: subject.left_out as u64,
        blocks_everything: found.is_some_and(|found| found.blocks_everything),
        classes: found.map(|found| classes(subject, found)).unwrap_or_default(),
    }
}

fn exclusion(subject: &Subject, number: usize, now: i64) -> Option<WafExclusionStatus> {
    let entry = subject.policy.shared.exclusions.0.get(number)?;
    let written = entry.written.clone();
    Some(WafExclusionStatus {
        at: entry.at.to_string(),
        rule: written.rule,
        tag: written.tag,
        target: written.target,
        path: written.path,
        reason: written.reason,
        expires: written.expires,
        expired: entry.until.is_some_and(|until| until <= now),
        rules: entry.compiled.len() as u64,
    })
}

fn classes(subject: &Subject, found: &Found) -> Vec<WafClass> {
    let exclusions = &subject.policy.shared.exclusions.0;
    let opening = |(path, why): &(String, Cause)| WafOpening {
        path: path.clone(),
        cause: match why {
            Cause::ModeOff => WafCause::ModeOff,
            Cause::AllowList => WafCause::AllowList,
            Cause::Exclusion(_) | Cause::Exclusions(_) => WafCause::Exclusions,
            Cause::Settings => WafCause::Settings,
            Cause::Path => WafCause::Path,
            Cause::NoRule => WafCause::NoRule,
        },
        exclusions: {
            let named = why.exclusions().iter().filter_map(|number| exclusions.get(*number));
            named.map(|entry| entry.at.to_string()).collect()
        },
        words: why.words(exclusions),
    };
    let classes = found.classes.iter();
    classes
        .map(|(name, class)| WafClass {
            class: name.to_string(),
            state: class.state,
            openings: class.openings.iter().map(opening).collect(),
        })
        .collect()
}

fn audit_status(audit: &Audit, metrics: &Metrics) -> WafAuditStatus {
    WafAuditStatus {
        path: audit.written.path.clone(),
        written: metrics.waf_audit_records("written").value(),
        dropped: metrics.waf_audit_records("dropped").value(),
    }
}

fn mode(mode: WafMode) -> &'static str {
    match mode {
        WafMode::Off => "off",
        WafMode::Detect => "detect",
        WafMode::Enforce => "enforce",
    }
}

fn millis(at: Duration) -> u64 {
    u64::try_from(at.as_millis()).unwrap_or(u64::MAX)
}
