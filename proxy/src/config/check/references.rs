//! Names that must lead somewhere, and things that nothing leads to.

use std::collections::{BTreeMap, BTreeSet};

use super::{Config, Found, KeyPath, Problem, path};
use crate::config::{
    RouteTarget,
    schema::suggest::{closest, did_you_mean},
};

pub(super) fn check(config: &Config, found: &mut Found) {
    let mut used = Used::default();
    for (name, rollout) in &config.rollouts {
        let at = path!["rollouts", name];
        used.cluster(config, &at.join("blue"), &rollout.blue, found);
        used.cluster(config, &at.join("green"), &rollout.green, found);
        if let Some(mirror) = &rollout.mirror {
            used.cluster(config, &at.join("mirror").join("to"), &mirror.to, found);
        }
    }
    for (index, route) in config.routes.iter().enumerate() {
        let at = path!["routes", index];
        match &route.to {
            RouteTarget::Cluster(name) => used.cluster_route(config, &at.join("to"), name, found),
            RouteTarget::Rollout(name) => used.rollout(config, &at.join("to"), name, found),
            RouteTarget::Redirect(_) | RouteTarget::Respond(_) => {}
        }
        for name in &route.listeners {
            used.listener(config, &at.join("listeners").item(name), name, found);
        }
        used.all_listeners |= route.listeners.is_empty();
    }
    used.report_rest(config, found);
}

/// What something leads to.
#[derive(Default)]
struct Used<'c> {
    clusters: BTreeSet<&'c str>,
    rollouts: BTreeSet<&'c str>,
    listeners: BTreeSet<&'c str>,
    all_listeners: bool,
}

impl<'c> Used<'c> {
    fn cluster(&mut self, config: &'c Config, at: &KeyPath, name: &'c str, found: &mut Found) {
        refer(at, ("cluster", name), &config.clusters, None, found);
        self.clusters.extend(meant(name, &config.clusters));
    }

    /// Like [`Self::cluster`]; but here the name could have been meant for a rollout.
    fn cluster_route(
        &mut self,
        config: &'c Config,
        at: &KeyPath,
        name: &'c str,
        found: &mut Found,
    ) {
        let other = !config.clusters.contains_key(name) && config.rollouts.contains_key(name);
        let hint = other.then(|| format!("rollout:{name}"));
        self.rollouts.extend(hint.is_some().then_some(name));
        refer(at, ("cluster", name), &config.clusters, hint, found);
        self.clusters.extend(meant(name, &config.clusters));
    }

    fn rollout(&mut self, config: &'c Config, at: &KeyPath, name: &'c str, found: &mut Found) {
        let other = !config.rollouts.contains_key(name) && config.clusters.contains_key(name);
        let hint = other.then(|| format!("cluster:{name}"));
        self.clusters.extend(hint.is_some().then_some(name));
        refer(at, ("rollout", name), &config.rollouts, hint, found);
        self.rollouts.extend(meant(name, &config.rollouts));
    }

    fn listener(&mut self, config: &'c Config, at: &KeyPath, name: &'c str, found: &mut Found) {
        refer(at, ("listener", name), &config.listeners, None, found);
        self.listeners.extend(meant(name, &config.listeners));
    }

    fn report_rest(&self, config: &Config, found: &mut Found) {
        unused("clusters", &config.clusters, &self.clusters, found);
        unused("rollouts", &config.rollouts, &self.rollouts, found);
        if !self.all_listeners && !config.routes.is_empty() {
            unused("listeners", &config.listeners, &self.listeners, found);
        }
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

/// The entry that a name leads to, or would lead to if it were not misspelt.
fn meant<'c, T>(name: &str, known: &'c BTreeMap<String, T>) -> Option<&'c str> {
    closest(name, known.keys().map(String::as_str))
}

fn unused<T>(table: &str, known: &BTreeMap<String, T>, used: &BTreeSet<&str>, found: &mut Found) {
    for name in known.keys().filter(|name| !used.contains(name.as_str())) {
        let (message, help) = match table {
            "clusters" => ("no route and no rollout leads here", "use it, or remove it"),
            "rollouts" => ("no route leads here", "add a route with `to = \"rollout:NAME\"`"),
            _ => ("no route serves this listener", "name it in a route, or remove it"),
        };
        found.push(Problem::at_key(path![table, name], message).help(help));
    }
}
