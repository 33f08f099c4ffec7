//! What looks wrong in what the configuration says of the WAF: nothing that a load has to refuse, and all that somebody
//! should look at.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use foxtrot_api::{WafFinding, WafSeverity as Severity};
use foxtrot_waf::RuleSet;

use super::{
    Policy, Shared,
    exclusion::{Entry, Layer},
    settings::Settings,
    table::{Overlays, Uses},
};
use crate::config::{
    Config, KeyPath, OverLimit, WafExclusion, WafMode, WafOverlay, document::path,
};

/// Findings that time does not change.
#[derive(Debug, Default)]
pub(super) struct Findings(Vec<WafFinding>);

/// Seconds before its end from which on an exclusion is told.
const SOON: i64 = 30 * 86_400;

impl Findings {
    /// All findings, at a time in seconds since the epoch.
    pub fn at(&self, now: i64, shared: &Shared) -> impl Iterator<Item = WafFinding> {
        let ends = shared.exclusions.0.iter().filter_map(move |entry| end(entry, now));
        self.0.iter().cloned().chain(ends)
    }

    fn add(&mut self, severity: Severity, at: &KeyPath, words: impl Into<String>) {
        let finding = WafFinding {
            source: "config".to_owned(),
            severity,
            at: at.to_string(),
            words: words.into(),
        };
        if !self.0.contains(&finding) {
            self.0.push(finding);
        }
    }
}

/// Looks at a configuration that compiles.
pub(super) fn look(
    config: &Config,
    base: &Settings,
    overlays: &Overlays<'_>,
    uses: &[Uses],
    policies: &[Arc<Policy>],
    shared: &Shared,
) -> Findings {
    let mut found = Findings::default();
    let waf = path!["waf"];
    if shared.lists.allows_everybody() {
        found.add(
            Severity::Warning,
            &waf.join("allow"),
            "holds every client: no rule looks at anybody",
        );
    }
    for entry in &shared.exclusions.0 {
        if entry.written.target.is_none() && entry.written.path.is_none() {
            let words = "switches whole rules off everywhere: give it a `target` or a `path`";
            found.add(Severity::Warning, &entry.at, words);
        }
    }
    for policy in policies {
        duplicates(&policy.settings, &shared.exclusions.0, &mut found);
    }
    thresholds(&waf, base.inbound_threshold, &shared.rules, &mut found);
    let layers = [&overlays.listeners, &overlays.tenants, &overlays.routes];
    for layer in layers.into_iter().flat_map(|layers| &layers.distinct) {
        thresholds(&layer.at, layer.overlay.inbound_threshold, &shared.rules, &mut found);
    }
    partial(config, base, overlays, &mut found);
    unused(config, base, overlays, uses, &mut found);
    found
}

/// What a time says of an exclusion.
fn end(entry: &Entry, now: i64) -> Option<WafFinding> {
    let until = entry.until?;
    let day = entry.written.expires.as_deref().unwrap_or_default();
    let words = match until.checked_sub(now)? {
        ..=0 => format!("has expired on {day}: remove it"),
        1..=SOON => {
            format!("expires on {day}, within 30 days: what it leaves out counts from then on")
        }
        _ => return None,
    };
    Some(WafFinding {
        source: "config".to_owned(),
        severity: Severity::Warning,
        at: entry.at.to_string(),
        words,
    })
}

/// Exclusions of one policy that say the same.
fn duplicates(settings: &Settings, exclusions: &[Entry], found: &mut Findings) {
    let mut known: HashMap<_, &KeyPath> = HashMap::new();
    for entry in settings.exclusions.iter().filter_map(|number| exclusions.get(*number)) {
        let WafExclusion { rule, tag, target, path, .. } = &entry.written;
        if let Some(first) = known.insert((rule, tag, target, path), &entry.at) {
            let words = format!("leaves out what `{first}` leaves out already");
            found.add(Severity::Warning, &entry.at, words);
        }
    }
}

/// A threshold that is out of reach.
fn thresholds(at: &KeyPath, threshold: Option<u32>, rules: &RuleSet, found: &mut Findings) {
    let Some(threshold) = threshold else { return };
    let scores =
        rules.rules().filter(|meta| meta.phase <= 2).filter_map(|meta| score(meta.severity?));
    let (most, all) = scores.fold((0, 0_u32), |(most, all), score| (score.max(most), all + score));
    let at = at.join("inbound_threshold");
    if most > 0 && threshold > all {
        let words = format!("no request reaches it: all rules together, each once, score {all}");
        found.add(Severity::Warning, &at, words);
    } else if most > 0 && threshold > most {
        let words = format!("no single rule reaches it: the gravest scores {most}");
        found.add(Severity::Note, &at, words);
    }
}

/// What a rule of a severity scores, as the CRS and the managed rules count by default.
fn score(severity: u8) -> Option<u32> {
    match severity {
        ..=2 => Some(5),
        3 => Some(4),
        4 => Some(3),
        5 => Some(2),
        _ => None,
    }
}

/// Where something enforces and the end of a long body passes unseen.
fn partial(config: &Config, base: &Settings, overlays: &Overlays<'_>, found: &mut Findings) {
    let passes = |settings: &Settings| {
        settings.mode == WafMode::Enforce && settings.over_limit == OverLimit::ProcessPartial
    };
    let words = "what of a body is behind the limit passes unseen where `mode` is \"enforce\"";
    let says = |overlay: &WafOverlay| overlay.mode.is_some() || overlay.over_limit.is_some();
    if passes(base) && !config.routes.is_empty() {
        let at = path!["waf", "request_body", "over"];
        found.add(Severity::Warning, &at, format!("{words}: \"reject\" answers 413"));
        return;
    }
    let layers = [&overlays.listeners, &overlays.tenants, &overlays.routes];
    for layer in layers.into_iter().flat_map(|layers| &layers.distinct) {
        if says(layer.overlay) && passes(&base.with(layer)) {
            let at = layer.at.join("over_limit");
            found.add(Severity::Warning, &at, format!("{words}: \"reject\" answers 413"));
        }
    }
}

/// Overlays that nobody comes to use.
fn unused(
    config: &Config,
    base: &Settings,
    overlays: &Overlays<'_>,
    uses: &[Uses],
    found: &mut Findings,
) {
    let bare = WafOverlay::default();
    let used: BTreeSet<usize> = uses.iter().flat_map(|uses| uses.listeners.clone()).collect();
    for (number, (name, listener)) in config.listeners.iter().enumerate() {
        if listener.waf != bare && !used.contains(&number) {
            let at = path!["listeners", name, "waf"];
            found.add(Severity::Warning, &at, "nothing uses it: no route serves this listener");
        }
    }
    let used: BTreeSet<usize> =
        uses.iter().flat_map(|uses| uses.tenants.iter().flatten().copied()).collect();
    for (number, (name, tenant)) in config.tenants.iter().enumerate() {
        if tenant.waf != bare && !used.contains(&number) {
            let at = path!["tenants", name, "waf"];
            found.add(
                Severity::Warning,
                &at,
                "nothing uses it: no route takes requests of this tenant",
            );
        }
    }
    overridden(base, overlays, found);
}

/// Overlays of which nothing holds anywhere.
fn overridden(base: &Settings, overlays: &Overlays<'_>, found: &mut Findings) {
    let (listeners, tenants) = (&overlays.listeners.distinct, &overlays.tenants.distinct);
    let bare = Layer { at: path![], overlay: &WafOverlay::default(), exclusions: Vec::new() };
    let words = "nothing uses it: what it says is said otherwise wherever it could hold";
    let ends = |settings: &Settings| -> Vec<Settings> {
        overlays.routes.distinct.iter().map(|route| settings.with(route)).collect()
    };
    for layer in written(listeners) {
        let of =
            |layer| tenants.iter().flat_map(move |tenant| ends(&base.with(layer).with(tenant)));
        if of(layer).eq(of(&bare)) {
            found.add(Severity::Warning, &layer.at, words);
        }
    }
    for layer in written(tenants) {
        let of = |layer| {
            listeners.iter().flat_map(move |listener| ends(&base.with(listener).with(layer)))
        };
        if of(layer).eq(of(&bare)) {
            found.add(Severity::Warning, &layer.at, words);
        }
    }
}

/// Overlays that say something.
fn written<'l, 'c>(layers: &'l [Layer<'c>]) -> impl Iterator<Item = &'l Layer<'c>> {
    layers.iter().filter(|layer| *layer.overlay != WafOverlay::default())
}
