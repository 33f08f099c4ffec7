//! What [`super::RouteTable`] must answer, said in the plainest way: sort all routes by precedence, take the first that
//! holds. Also the requests and routes that tests are made of.

use std::collections::BTreeSet;

use bytes::Bytes;
use http::{HeaderMap, Method, Version};

use super::{host::HostPattern, path::PathPattern};
use crate::{
    config,
    route::{conditions::Conditions, host::normal},
    wire::{RequestHead, Target},
};

/// Routes in order of precedence, with all that must hold.
pub(crate) struct Reference(Vec<Rule>);

struct Rule {
    index: usize,
    host: HostPattern,
    path: PathPattern,
    conditions: Conditions,
    listeners: BTreeSet<String>,
}

impl Reference {
    pub(crate) fn new(routes: &[config::Route]) -> Self {
        let mut rules: Vec<_> = routes.iter().enumerate().map(Rule::new).collect();
        rules.sort_by_key(|rule| rule.precedence(routes));
        Self(rules)
    }

    /// The index of the route that serves the request.
    pub(crate) fn find(&self, listener: &str, head: &RequestHead, host: &[u8]) -> Option<usize> {
        let rule = self.0.iter().find(|rule| {
            rule.host.holds(&normal(host))
                && rule.path.holds(head.target.path())
                && (rule.listeners.is_empty() || rule.listeners.contains(listener))
                && rule.conditions.hold(head)
        });
        rule.map(|rule| rule.index)
    }
}

impl Rule {
    fn new((index, route): (usize, &config::Route)) -> Self {
        let host = route.matches.host.as_deref();
        Self {
            index,
            host: host.map_or(HostPattern::Any, |host| HostPattern::parse(host).unwrap()),
            path: PathPattern::compile(&route.matches).unwrap(),
            conditions: Conditions::compile(&route.matches).unwrap(),
            listeners: route.listeners.clone(),
        }
    }

    /// Smaller goes first.
    fn precedence(&self, routes: &[config::Route]) -> impl Ord + use<> {
        let matches = &routes[self.index].matches;
        let host = match &self.host {
            HostPattern::Exact(_) => (0, 0),
            HostPattern::Below(name) => (1, -(name.len() as i64)),
            HostPattern::Any => (2, 0),
        };
        let path = match &self.path {
            PathPattern::Exact(_) => (0, 0, 0),
            PathPattern::Prefix(path) => (1, -(path.len() as i64), 0),
            PathPattern::Regex { source, .. } => {
                let same = |route: &config::Route| {
                    route.matches.host == matches.host
                        && route.matches.path_regex == matches.path_regex
                };
                (2, -(source.len() as i64), routes.iter().position(same).unwrap())
            }
            PathPattern::Any => (3, 0, 0),
        };
        let conditions = (
            matches.method.is_empty(),
            -(matches.headers.len() as i64),
            -(matches.query.len() as i64),
        );
        (host, path, conditions, self.index)
    }
}

/// A request without header fields.
pub(crate) fn request(method: &str, target: &str) -> RequestHead {
    RequestHead {
        method: Method::from_bytes(method.as_bytes()).unwrap(),
        target: Target::new(Bytes::copy_from_slice(target.as_bytes())),
        authority: Bytes::new(),
        version: Version::HTTP_11,
        headers: HeaderMap::new(),
        upgrade: None,
        written: Default::default(),
    }
}

/// Routes as the file has them: the text of `[[routes]]` tables.
pub(crate) fn routes(text: &str) -> Vec<config::Route> {
    #[derive(serde::Deserialize)]
    struct File {
        routes: Vec<config::Route>,
    }
    toml::from_str::<File>(text).unwrap().routes
}
