//! Which policy holds for a route, a tenant and a listener: a table over the distinct overlays of each, and who can come to
//! use which policy.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use super::{
    exclusion::{Layer, Layers},
    settings::Settings,
};
use crate::{
    config::{Config, document::path},
    tenant::Tenants,
};

/// Numbers of policies, by the overlays of listener, tenant and route.
#[derive(Debug, Default)]
pub(super) struct Table {
    listeners: Vec<usize>,
    /// The first is nobody's.
    tenants: Vec<usize>,
    routes: Vec<usize>,
    /// Distinct overlays of tenants, and of routes.
    width: (usize, usize),
    cells: Vec<usize>,
}

/// Who can come to use a policy, by number.
#[derive(Debug, Default)]
pub(super) struct Uses {
    /// The first of all.
    pub first: Option<Use>,
    pub listeners: BTreeSet<usize>,
    /// `None`: requests of nobody.
    pub tenants: BTreeSet<Option<usize>>,
    pub routes: BTreeSet<usize>,
}

/// A route on a listener, and whose requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Use {
    pub listener: usize,
    pub tenant: Option<usize>,
    pub route: usize,
}

/// The overlays of a configuration.
#[derive(Debug)]
pub(super) struct Overlays<'c> {
    pub listeners: Layers<'c>,
    pub tenants: Layers<'c>,
    pub routes: Layers<'c>,
}

/// Routes that are alike: those of one overlay, on the same listeners, for the same host.
struct Group {
    first: usize,
    routes: Vec<usize>,
    listeners: Vec<usize>,
    tenants: Vec<Option<usize>>,
}

impl<'c> Overlays<'c> {
    /// Numbers all overlays. `nobody` is what requests of no tenant have: nothing.
    pub fn of(config: &'c Config, nobody: &'c crate::config::WafOverlay) -> Self {
        let listeners = config.listeners.iter();
        let tenants = config.tenants.iter();
        let tenants = tenants.map(|(name, it)| (path!["tenants", name, "waf"], &it.waf));
        let routes = config.routes.iter().enumerate();
        Self {
            listeners: Layers::number(
                listeners.map(|(name, it)| (path!["listeners", name, "waf"], &it.waf)),
            ),
            tenants: Layers::number([(path!["tenants"], nobody)].into_iter().chain(tenants)),
            routes: Layers::number(
                routes.map(|(index, it)| (path!["routes", index, "waf"], &it.waf)),
            ),
        }
    }

    /// All distinct ones.
    pub fn all(&mut self) -> impl Iterator<Item = &mut Layer<'c>> {
        let Self { listeners, tenants, routes } = self;
        [listeners, tenants, routes].into_iter().flat_map(|layers| &mut layers.distinct)
    }
}

impl Table {
    /// Works out what holds where. Gives the distinct settings too, by number.
    pub fn build(base: &Settings, overlays: &Overlays<'_>) -> (Self, Vec<Settings>) {
        let (mut known, mut settings, mut cells) = (HashMap::new(), Vec::new(), Vec::new());
        for listener in &overlays.listeners.distinct {
            let base = base.with(listener);
            for tenant in &overlays.tenants.distinct {
                let base = base.with(tenant);
                for route in &overlays.routes.distinct {
                    let one = base.with(route).essential();
                    cells.push(*known.entry(one).or_insert_with_key(|one: &Settings| {
                        settings.push(one.clone());
                        settings.len() - 1
                    }));
                }
            }
        }
        let table = Self {
            listeners: overlays.listeners.of.clone(),
            tenants: overlays.tenants.of.clone(),
            routes: overlays.routes.of.clone(),
            width: (overlays.tenants.distinct.len(), overlays.routes.distinct.len()),
            cells,
        };
        (table, settings)
    }

    /// The policy of a route for a tenant's requests on a listener.
    pub fn find(&self, one: Use) -> Option<usize> {
        let listener = self.listeners.get(one.listener)?;
        let tenant = self.tenants.get(one.tenant.map_or(0, |tenant| tenant + 1))?;
        let route = self.routes.get(one.route)?;
        let (tenants, routes) = self.width;
        self.cells.get((listener * tenants + tenant) * routes + route).copied()
    }

    /// Who can come to use which policy.
    pub fn uses(&self, config: &Config, tenants: &Tenants, policies: usize) -> Vec<Uses> {
        let mut uses: Vec<Uses> = std::iter::repeat_with(Uses::default).take(policies).collect();
        for group in self.groups(config, tenants) {
            let route = group.first;
            for &listener in &group.listeners {
                for &tenant in &group.tenants {
                    let one = Use { listener, tenant, route };
                    let used = self.find(one).and_then(|number| uses.get_mut(number));
                    let Some(used) = used else { continue };
                    if used.first.is_none_or(|first| one.route < first.route) {
                        used.first = Some(one);
                    }
                    used.listeners.insert(listener);
                    used.tenants.insert(tenant);
                    used.routes.extend(&group.routes);
                }
            }
        }
        uses
    }

    fn groups(&self, config: &Config, tenants: &Tenants) -> Vec<Group> {
        let mut known: HashMap<_, usize> = HashMap::new();
        let mut groups: Vec<Group> = Vec::new();
        for (number, route) in config.routes.iter().enumerate() {
            let key = (self.routes.get(number), &route.listeners, &route.matches.host);
            let at = *known.entry(key).or_insert(groups.len());
            if let Some(group) = groups.get_mut(at) {
                group.routes.push(number);
                continue;
            }
            let serves =
                |name: &String| route.listeners.is_empty() || route.listeners.contains(name);
            let names = config.listeners.keys().enumerate();
            groups.push(Group {
                first: number,
                routes: vec![number],
                listeners: names.filter(|(_, name)| serves(name)).map(|(at, _)| at).collect(),
                tenants: tenants.met_by(route.matches.host.as_deref()),
            });
        }
        groups
    }
}

impl Uses {
    /// Whether nobody ever comes to use the policy.
    pub fn are_none(&self) -> bool {
        self.first.is_none()
    }
}

/// Names of what uses policies, for people, metrics and the admin server.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub listeners: Vec<Arc<str>>,
    pub tenants: Vec<Arc<str>>,
    pub routes: Vec<Arc<str>>,
}

impl Names {
    /// The tenant's name; empty of nobody.
    pub fn tenant(&self, tenant: Option<usize>) -> &str {
        tenant.and_then(|tenant| self.tenants.get(tenant)).map_or("", |name| name)
    }

    /// The listener's name.
    pub fn listener(&self, listener: usize) -> &str {
        self.listeners.get(listener).map_or("", |name| name)
    }

    /// The route's name.
    pub fn route(&self, route: usize) -> &str {
        self.routes.get(route).map_or("", |name| name)
    }
}
