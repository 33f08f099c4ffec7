//! The WAF: what has no effect, and what an exclusion needs.

use super::{Config, Duration, Found, KeyPath, path};
use crate::config::{WafExclusion, WafMode, WafOverlay};

pub(super) fn check(config: &Config, found: &mut Found) {
    let Some(waf) = &config.waf else {
        without(config, found);
        return;
    };
    let at = path!["waf"];
    if waf.budget == Duration::default() {
        found.value(at.join("budget"), "must be longer than zero");
    }
    if waf.request_body.limit.0 == 0 {
        found.value(at.join("request_body").join("limit"), "must be more than zero");
    }
    found.duplicates(&at.join("allow"), &waf.allow);
    found.duplicates(&at.join("deny"), &waf.deny);
    exclusions(&at, &waf.exclude, found);
    overlays(config).for_each(|(at, overlay)| exclusions(&at, &overlay.exclude, found));
    let enforced = |overlay: &WafOverlay| overlay.mode.unwrap_or(waf.mode) == WafMode::Enforce;
    if waf.enforce_percent.basis_points() < 10_000
        && !overlays(config).any(|(_, overlay)| enforced(overlay))
    {
        found.idle(at.join("enforce_percent"), "nothing has `mode = \"enforce\"`");
    }
}

/// What listeners, tenants and routes say of the WAF, and where.
fn overlays(config: &Config) -> impl Iterator<Item = (KeyPath, &WafOverlay)> {
    let listeners = config.listeners.iter();
    let listeners = listeners.map(|(name, it)| (path!["listeners", name, "waf"], &it.waf));
    let tenants = config.tenants.iter();
    let tenants = tenants.map(|(name, it)| (path!["tenants", name, "waf"], &it.waf));
    let routes = config.routes.iter().enumerate();
    let routes = routes.map(|(index, it)| (path!["routes", index, "waf"], &it.waf));
    listeners.chain(tenants).chain(routes)
}

fn exclusions(at: &KeyPath, exclusions: &[WafExclusion], found: &mut Found) {
    for (index, exclusion) in exclusions.iter().enumerate() {
        let at = at.join("exclude").join(index);
        match (&exclusion.rule, &exclusion.tag) {
            (None, None) => found.value(at, "needs `rule` or `tag`: which rules are meant"),
            (Some(_), Some(_)) => found.value(at, "has both `rule` and `tag`"),
            _ if exclusion.reason.trim().is_empty() => {
                found.value(at.join("reason"), "says nothing");
            }
            _ => {}
        }
    }
}

/// Without `[waf]`, nothing that is said of it elsewhere has an effect.
fn without(config: &Config, found: &mut Found) {
    for (at, _) in overlays(config).filter(|(_, overlay)| **overlay != WafOverlay::default()) {
        found.idle(at, "there is no [waf]");
    }
}
