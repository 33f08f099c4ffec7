//! Routes: names, and which keys make sense together.

use std::collections::BTreeMap;

use super::{Config, Found, KeyPath, Problem, headers, path, route_match, route_target};
use crate::config::{ClusterTimeouts, Duration, Route, RouteTarget};

pub(super) fn check(config: &Config, found: &mut Found) {
    names(config, found);
    for (index, route) in config.routes.iter().enumerate() {
        let at = path!["routes", index];
        route_match::check(&at.join("match"), &route.matches, found);
        route_target::check(&at, route, found);
        headers::edits(&at.join("request_headers"), &route.request_headers, found);
        headers::edits(&at.join("response_headers"), &route.response_headers, found);
        timeouts(&at.join("timeouts"), route, config, found);
    }
}

/// Bytes of a route's name.
const NAME_BYTES_MAX: usize = 128;

fn names(config: &Config, found: &mut Found) {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, route) in config.routes.iter().enumerate() {
        let Some(name) = &route.name else { continue };
        let at = path!["routes", index, "name"];
        // It only labels logs and metrics, so that more is allowed than in names that are keys.
        if name.is_empty() || name.len() > NAME_BYTES_MAX || name.chars().any(char::is_control) {
            let message = format!("not a name: write 1 to {NAME_BYTES_MAX} bytes, without control characters");
            found.value(at.clone(), message);
        }
        if let Some(first) = seen.insert(name, index) {
            found.value(at, format!("`{name}` is the name of routes[{first}] already"));
        }
    }
}

fn timeouts(at: &KeyPath, route: &Route, config: &Config, found: &mut Found) {
    let t = &route.timeouts;
    let written = [("try", t.per_try), ("total", t.total), ("request", t.request)];
    found.nonzero(at, written.into_iter().filter_map(|(key, value)| Some((key, value?))));
    let inherited =
        || longest_total(&route.to, config).map(|total| ("the cluster's `total`", total));
    let total = t.total.map(|total| ("`total`", total)).or_else(inherited);
    let pairs =
        [("try", t.per_try, total), ("total", t.total, t.request.map(|r| ("`request`", r)))];
    for (key, short, long) in pairs {
        if let (Some(short), Some((name, long))) = (short, long)
            && short > long
        {
            let problem = Problem::at(at.join(key), format!("longer than {name}, which is {long}"));
            found.push(problem.help("raise the longer one with it"));
        }
    }
}

/// The longest deadline of the clusters that a route leads to.
fn longest_total(to: &RouteTarget, config: &Config) -> Option<Duration> {
    let names = match to {
        RouteTarget::Cluster(name) => vec![name],
        RouteTarget::Rollout(name) => {
            let rollout = config.rollouts.get(name)?;
            vec![&rollout.blue, &rollout.green]
        }
        RouteTarget::Redirect(_) | RouteTarget::Respond(_) => return None,
    };
    let timeouts = names.into_iter().filter_map(|name| config.clusters.get(name));
    timeouts.map(|cluster| &cluster.timeouts).map(|t: &ClusterTimeouts| t.total).max()
}
