//! `[overload]`, and every `concurrency`, to limiters by route.

use std::{collections::BTreeMap, sync::Arc};

use http::HeaderName;
use xxhash_rust::xxh3::xxh3_64;

use super::{
    Class, OfRoute, Overload, Pressure,
    gradient::Bounds,
    limiter::{Limiter, Share, State},
    pressure::Machine,
};
use crate::{
    config::{
        self, Concurrency, Config, RouteTarget,
        overload::{DEFAULT, MIRROR},
    },
    error::Shed,
    observe::metrics::Metrics,
};

/// What compilation needs besides the configuration.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings<'a> {
    /// Overload of the configuration before.
    pub before: Option<&'a Overload>,
    /// Metrics of the process.
    pub metrics: &'a Metrics,
    /// Threads that can run at once.
    pub cores: usize,
}

/// Compiles overload. Limiters of the same name keep what they have learned, and who is in them.
pub fn compile(config: &Config, around: &Surroundings<'_>) -> Overload {
    let default = config::Overload::default();
    let written = config.overload.as_ref().unwrap_or(&default);
    let (classes, top) = ranks(config, written);
    let number = |name: &String| classes.iter().position(|class| *class.name == **name);
    let mut making = Making { config, written, classes: &classes, top, around, made: Vec::new() };
    let process = config.overload.as_ref().map(|overload| {
        let bounds = overload.concurrency.map_or(UNBOUNDED, bounds);
        making.limiter("process".to_owned(), bounds)
    });
    let clusters: BTreeMap<&str, Arc<Limiter>> = config
        .clusters
        .iter()
        .filter_map(|(name, cluster)| {
            let bounds = bounds(cluster.concurrency?);
            Some((name.as_str(), making.limiter(format!("cluster:{name}"), bounds)))
        })
        .collect();
    let cluster = |name: &String| clusters.get(name.as_str()).cloned();
    let routes = config.routes.iter().map(|route| OfRoute {
        class: route.class.as_ref().and_then(number),
        own: route
            .concurrency
            .map(|written| making.limiter(format!("route:{}", route.name()), bounds(written))),
        clusters: match &route.to {
            RouteTarget::Cluster(name) => [cluster(name), None],
            RouteTarget::Rollout(name) => config
                .rollouts
                .get(name)
                .map_or([None, None], |both| [cluster(&both.blue), cluster(&both.green)]),
            RouteTarget::Redirect(_) | RouteTarget::Respond(_) => [None, None],
        },
    });
    let routes = routes.collect();
    let tenants = config.tenants.values();
    let tenants = tenants.map(|tenant| tenant.class.as_ref().and_then(number)).collect();
    let fields = written.classes.iter().filter_map(|(name, class)| {
        let header = class.header.as_ref()?;
        let field = HeaderName::try_from(&header.name).ok()?;
        Some((field, header.value.as_bytes().into(), number(name)?))
    });
    let limiters = making.made;
    Overload {
        process,
        routes,
        tenants,
        fields: fields.collect(),
        top,
        mirror: written.shed_order.iter().position(|name| name == MIRROR).map(|rank| rank as u8),
        watermarks: [written.memory, written.cpu, written.files]
            .map(|percent| percent.map(|percent| f64::from(percent.basis_points()) / 100.0)),
        pressure: around.before.map_or_else(|| pressure(around), |b| Arc::clone(&b.pressure)),
        limiters,
        classes,
    }
}

fn pressure(around: &Surroundings<'_>) -> Arc<Pressure> {
    let pressure = Pressure::default();
    *pressure.machine.lock() = Some(Machine::new(around.cores));
    Arc::new(pressure)
}

/// Classes with their ranks, `default` first, and the highest rank. Those that are not listed share one above the others.
fn ranks(config: &Config, written: &config::Overload) -> (Vec<Class>, u8) {
    let listed = &written.shed_order;
    let rank = |name: &str| listed.iter().position(|other| other == name);
    let routes = config.routes.iter().filter_map(|route| route.class.as_deref());
    let tenants = config.tenants.values().filter_map(|tenant| tenant.class.as_deref());
    let used: Vec<&str> = routes.chain(tenants).collect();
    let is_used =
        |name: &str| name == DEFAULT || written.classes.contains_key(name) || used.contains(&name);
    let above = written.names().any(|name| is_used(name) && rank(name).is_none());
    // The check holds the number of classes low.
    let top = (listed.len() + usize::from(above)).saturating_sub(1) as u8;
    let class =
        |name: &str| Class { name: name.into(), rank: rank(name).map_or(top, |rank| rank as u8) };
    (written.names().map(class).collect(), top)
}

fn bounds(written: Concurrency) -> Bounds {
    Bounds { min: written.least(), max: written.max }
}

/// Where only resources are watched.
const UNBOUNDED: Bounds = Bounds { min: u32::MAX, max: u32::MAX };

struct Making<'a> {
    config: &'a Config,
    written: &'a config::Overload,
    classes: &'a [Class],
    top: u8,
    around: &'a Surroundings<'a>,
    made: Vec<Arc<Limiter>>,
}

impl Making<'_> {
    fn limiter(&mut self, name: String, bounds: Bounds) -> Arc<Limiter> {
        let Surroundings { before, metrics, .. } = *self.around;
        let before = before.and_then(|before| before.limiters.iter().find(|l| *l.name == *name));
        let counter = |class: &Class| {
            Shed::ALL.map(|why| metrics.overload_shed(&name, &class.name, why.as_str()))
        };
        let limiter = Arc::new(Limiter {
            bounds,
            queue: self.written.queue,
            top: self.top,
            shares: self.shares(before),
            shed: self.classes.iter().map(counter).collect(),
            state: before
                .map_or_else(|| State::new(metrics.workers()), |before| Arc::clone(&before.state)),
            name: name.into(),
        });
        self.made.push(Arc::clone(&limiter));
        limiter
    }

    /// Tenants are known over reloads by a hash of their name; nobody's requests are 0.
    fn shares(&self, before: Option<&Arc<Limiter>>) -> Box<[Arc<Share>]> {
        let ids = self.config.tenants.keys().map(|name| xxh3_64(name.as_bytes()));
        let known = |id: u64| {
            let before = before.and_then(|b| b.shares.iter().find(|share| share.id == id));
            before.map_or_else(|| Share::new(id), Arc::clone)
        };
        ids.chain([0]).map(known).collect()
    }
}
