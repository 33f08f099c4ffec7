//! Names that must lead somewhere.
//!
//! A cluster, rollout or listener that nothing leads to is no error: it is how one is prepared, or kept, for a change. A limit
//! that nothing names is one: whoever wrote it believes that it limits.

use std::collections::BTreeMap;

use super::{Config, Found, KeyPath, Problem, path};
use crate::config::{RouteTarget, schema::suggest::did_you_mean};

pub(super) fn check(config: &Config, found: &mut Found) {
    for (name, rollout) in &config.rollouts {
        let at = path!["rollouts", name];
        cluster(config, &at.join("blue"), &rollout.blue, found);
        cluster(config, &at.join("green"), &rollout.green, found);
        if let Some(mirror) = &rollout.mirror {
            cluster(config, &at.join("mirror").join("to"), &mirror.to, found);
        }
    }
    for (index, route) in config.routes.iter().enumerate() {
        let at = path!["routes", index];
        target(config, &at.join("to"), &route.to, found);
        for name in &route.listeners {
            let at = at.join("listeners").item(name);
            refer(&at, ("listener", name), &config.listeners, None, found);
        }
        limits(config, &at, &route.limits, found);
    }
    for (name, tenant) in &config.tenants {
        limits(config, &path!["tenants", name], &tenant.limits, found);
    }
}

fn limits(config: &Config, at: &KeyPath, names: &[String], found: &mut Found) {
    for (index, name) in names.iter().enumerate() {
        let at = at.join("limits").join(index);
        refer(&at, ("limit", name), &config.limits, None, found);
    }
    found.duplicates(&at.join("limits"), names);
}

fn cluster(config: &Config, at: &KeyPath, name: &str, found: &mut Found) {
    refer(at, ("cluster", name), &config.clusters, None, found);
}

/// The name may exist among things of the other kind: that is then what was meant.
fn target(config: &Config, at: &KeyPath, target: &RouteTarget, found: &mut Found) {
    match target {
        RouteTarget::Cluster(name) => {
            let hint = config.rollouts.contains_key(name).then(|| format!("rollout:{name}"));
            refer(at, ("cluster", name), &config.clusters, hint, found);
        }
        RouteTarget::Rollout(name) => {
            let hint = config.clusters.contains_key(name).then(|| format!("cluster:{name}"));
            refer(at, ("rollout", name), &config.rollouts, hint, found);
        }
        RouteTarget::Redirect(_) | RouteTarget::Respond(_) => {}
    }
}

/// Checks that a name is there. `hint` is what the name would be of another kind.
fn refer<T>(
    at: &KeyPath,
    (kind, name): (&str, &str),
    known: &BTreeMap<String, T>,
    hint: Option<String>,
    found: &mut Found,
) {
    if known.contains_key(name) {
        return;
    }
    let help = did_you_mean(name, known.keys().map(String::as_str));
    let help = hint.map(|target| format!("did you mean \"{target}\"?")).or(help);
    let message = format!("no {kind} `{}`", name.escape_debug());
    found.push(Problem::at(at.clone(), message).maybe_help(help));
}
