//! Ties: pairs of routes that could satisfy the same request with equal precedence.

use std::collections::HashMap;

use super::{RouteError, conditions::Rank, host::HostPattern, matcher::Entry, path::PathPattern};
use crate::config;

/// What two routes must have in common to be of equal precedence.
type Key<'a> = (&'a HostPattern, u8, &'a [u8], Rank);

/// One error for each route that ties with an earlier one.
pub(super) fn check(routes: &[config::Route], entries: &[Entry]) -> Vec<RouteError> {
    let mut groups: HashMap<Key<'_>, Vec<usize>> = HashMap::new();
    let mut errors = Vec::new();
    for (route, entry) in entries.iter().enumerate() {
        let group = groups.entry(key(entry)).or_default();
        if let Some(&earlier) = group.iter().find(|&&earlier| ties(&entries[earlier], entry)) {
            errors.push(RouteError {
                route,
                key: "match".to_owned(),
                message: message(routes, earlier, route),
            });
        }
        group.push(route);
    }
    errors
}

fn key(entry: &Entry) -> Key<'_> {
    let (kind, path) = match &entry.path {
        PathPattern::Exact(path) => (0, &**path),
        PathPattern::Prefix(path) => (1, &**path),
        PathPattern::Regex { source, .. } => (2, source.as_bytes()),
        PathPattern::Any => (3, &[][..]),
    };
    (&entry.host, kind, path, entry.conditions.rank())
}

fn ties(left: &Entry, right: &Entry) -> bool {
    let shared = left.listeners.is_empty()
        || right.listeners.is_empty()
        || left.listeners.iter().any(|listener| right.listeners.contains(listener));
    shared && !left.conditions.disjoint(&right.conditions)
}

fn message(routes: &[config::Route], earlier: usize, route: usize) -> String {
    format!(
        "{} and {} can match the same request and neither is more specific; give one of them a condition that the other contradicts, or another listener",
        describe(routes, earlier),
        describe(routes, route)
    )
}

fn describe(routes: &[config::Route], route: usize) -> String {
    match routes.get(route).and_then(|written| written.name.as_deref()) {
        Some(name) => format!("routes[{route}] (\"{name}\")"),
        None => format!("routes[{route}]"),
    }
}
