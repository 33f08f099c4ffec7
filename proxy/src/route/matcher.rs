//! The route table: from a request to the most specific route that it satisfies.
//!
//! The order of precedence, from the first to the last criterion:
//!
//! 1. host: exact, then the longest wildcard, then routes without host;
//! 2. path: exact, then the longest prefix by whole segments, then expressions (the longest one first, among equally long
//!    ones the one that stands first in the file), then any path. The prefix `/` says nothing about the path, so it counts
//!    as any path: a catch-all must not put the expressions beside it out of effect;
//! 3. conditions: a method, then the number of header fields, then the number of query parameters.
//!
//! The first route in this order whose conditions all hold is the one: where the most specific host or path has no such
//! route, less specific ones are tried. Two routes that could satisfy the same request with equal precedence are a load
//! error. The order of routes in the file decides nothing, but for expressions of the same length.
//!
//! Not here: what a route does with the request.

use std::collections::HashMap;

use super::{
    RouteError,
    candidates::Candidates,
    conditions::Conditions,
    host::{HostIndex, HostPattern, normal},
    overlap,
    path::{PathIndex, PathPattern},
};
use crate::{config, key_error::KeyError, wire::RequestHead};

/// All routes of a configuration, ready to be asked.
#[derive(Debug)]
pub struct RouteTable {
    entries: Box<[Entry]>,
    hosts: HostIndex<PathIndex<Candidates>>,
    listeners: HashMap<String, ListenerId>,
}

/// A listener, as the route table knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ListenerId(usize);

/// The route of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// Index of the route in the configuration.
    pub route: usize,
}

/// One route.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) host: HostPattern,
    pub(super) path: PathPattern,
    pub(super) conditions: Conditions,
    /// Listeners that it serves; empty means all.
    pub(super) listeners: Vec<ListenerId>,
}

impl RouteTable {
    /// Compiles `routes`, or says all that is wrong with them.
    pub fn compile(routes: &[config::Route]) -> Result<Self, Vec<RouteError>> {
        let listeners = number_listeners(routes);
        let mut errors = Vec::new();
        let mut entries = Vec::with_capacity(routes.len());
        for (route, written) in routes.iter().enumerate() {
            match Entry::compile(written, &listeners) {
                Ok(entry) => entries.push(entry),
                Err(found) => {
                    errors.extend(found.into_iter().map(|error| RouteError::new(route, error)));
                }
            }
        }
        if errors.is_empty() {
            errors = overlap::check(routes, &entries);
        }
        if errors.is_empty() { Ok(Self::index(entries, listeners)) } else { Err(errors) }
    }

    /// The number of a listener, to be resolved once per listener.
    pub fn listener(&self, name: &str) -> ListenerId {
        self.listeners.get(name).copied().unwrap_or(ListenerId(self.listeners.len()))
    }

    /// The most specific route that `head` satisfies on `listener`. `host` is the authority without port, in lower case;
    /// empty if the request has none.
    pub fn find(&self, listener: ListenerId, head: &RequestHead, host: &[u8]) -> Option<Found> {
        let serves = |entry: &Entry| entry.serves(listener, head);
        self.hosts
            .find(&normal(host), |paths| {
                paths.find(head.target.path(), |routes| routes.find(&self.entries, head, serves))
            })
            .map(|route| Found { route })
    }

    fn index(entries: Vec<Entry>, listeners: HashMap<String, ListenerId>) -> Self {
        let mut hosts = HostIndex::<PathIndex<Candidates>>::default();
        for (route, entry) in entries.iter().enumerate() {
            hosts.entry(&entry.host).entry(&entry.path).push(route, entry);
        }
        hosts.values_mut().flat_map(PathIndex::values_mut).for_each(|found| found.sort(&entries));
        Self { entries: entries.into(), hosts, listeners }
    }
}

impl Entry {
    fn compile(
        route: &config::Route,
        listeners: &HashMap<String, ListenerId>,
    ) -> Result<Self, Vec<KeyError>> {
        let host = match &route.matches.host {
            None => Ok(HostPattern::Any),
            Some(host) => HostPattern::parse(host).map_err(|m| KeyError::new("match.host", m)),
        };
        let path = PathPattern::compile(&route.matches);
        let conditions = Conditions::compile(&route.matches);
        match (host, path, conditions) {
            (Ok(host), Ok(path), Ok(conditions)) => {
                let listeners = route.listeners.iter().filter_map(|name| listeners.get(name));
                Ok(Self { host, path, conditions, listeners: listeners.copied().collect() })
            }
            (host, path, conditions) => {
                let mut errors: Vec<_> = host.err().into_iter().chain(path.err()).collect();
                errors.extend(conditions.err().unwrap_or_default());
                Err(errors)
            }
        }
    }

    /// Whether all holds that host and path do not say.
    pub(super) fn serves(&self, listener: ListenerId, head: &RequestHead) -> bool {
        (self.listeners.is_empty() || self.listeners.contains(&listener))
            && self.conditions.hold(head)
    }
}

impl RouteError {
    fn new(route: usize, error: KeyError) -> Self {
        Self { route, key: error.key, message: error.message }
    }
}

fn number_listeners(routes: &[config::Route]) -> HashMap<String, ListenerId> {
    let mut listeners = HashMap::new();
    for name in routes.iter().flat_map(|route| &route.listeners) {
        let next = ListenerId(listeners.len());
        listeners.entry(name.clone()).or_insert(next);
    }
    listeners
}

#[cfg(test)]
mod tests;
