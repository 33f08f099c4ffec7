//! The WAF: what has no effect, and what an exclusion needs.

use super::{Config, Duration, Found, path};
use crate::config::{Waf, WafMode, WafOverlay};

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
    exclusions(waf, found);
    let enforced = |overlay: &WafOverlay| overlay.mode.unwrap_or(waf.mode) == WafMode::Enforce;
    let listeners = config.listeners.values().map(|listener| &listener.waf);
    let routes = config.routes.iter().map(|route| &route.waf);
    if waf.enforce_percent.basis_points() < 10_000 && !listeners.chain(routes).any(enforced) {
        found.idle(at.join("enforce_percent"), "nothing has `mode = \"enforce\"`");
    }
}

fn exclusions(waf: &Waf, found: &mut Found) {
    for (index, exclusion) in waf.exclude.iter().enumerate() {
        let at = path!["waf", "exclude", index];
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

/// Without `[waf]`, nothing that listeners and routes say of it has an effect.
fn without(config: &Config, found: &mut Found) {
    let none = WafOverlay::default();
    for (name, listener) in &config.listeners {
        if listener.waf != none {
            found.idle(path!["listeners", name.as_str(), "waf"], "there is no [waf]");
        }
    }
    for (index, route) in config.routes.iter().enumerate() {
        if route.waf != none {
            found.idle(path!["routes", index, "waf"], "there is no [waf]");
        }
    }
}
