//! `[limits]`, and who names them, to limits by route and tenant.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use super::{Limit, Limits, state::State, store::Store, verdict::Verdicts};
use crate::{
    clock,
    config::{self, Config, Problem, document::path},
    filter::rate_limit::{Bucket, Key, Span},
    observe::metrics::Metrics,
};

/// The limits of a configuration.
#[derive(Debug, Default)]
pub struct Compiled {
    pub(super) limits: BTreeMap<String, Arc<Limit>>,
    /// By position of the route, with what its requests cost.
    routes: Vec<(Box<[Arc<Limit>]>, u32)>,
    /// By number of the tenant.
    tenants: Vec<Box<[Arc<Limit>]>>,
}

impl Compiled {
    /// Starts what speaks to stores. To be called on the control thread.
    pub fn start(&self) {
        self.limits.values().filter_map(|limit| limit.store.as_ref()).for_each(|it| it.start());
    }

    /// The limits of a route's requests of a tenant; `None` where there are none.
    pub fn of(&self, route: Option<usize>, tenant: Option<usize>) -> Option<Limits<'_>> {
        let (route, cost) = self.routes.get(route?)?;
        let tenant = tenant.and_then(|tenant| self.tenants.get(tenant));
        let tenant = tenant.map_or(&[][..], |limits| &**limits);
        let any = !route.is_empty() || !tenant.is_empty();
        any.then_some(Limits { route, tenant, cost: *cost })
    }
}

/// Files that limits name.
pub fn files(config: &Config) -> impl Iterator<Item = PathBuf> {
    let stores = config.limits.values().filter_map(|limit| limit.store.as_ref());
    stores.filter_map(|store| store.password.as_ref()?.file.clone())
}

/// Compiles `[limits]`. What limits of the same names have learned `before` stays known.
///
/// # Errors
/// Everything that is wrong.
pub fn compile(
    config: &Config,
    before: Option<&Compiled>,
    metrics: &Metrics,
) -> Result<Compiled, Vec<Problem>> {
    let (mut compiled, mut problems) = (Compiled::default(), Vec::new());
    for (name, written) in &config.limits {
        let before = before.and_then(|before| before.limits.get(name));
        match limit(name, written, before, metrics) {
            Ok(limit) => drop(compiled.limits.insert(name.clone(), Arc::new(limit))),
            Err(problem) => problems.push(problem),
        }
    }
    let named = |names: &[String]| -> Box<[Arc<Limit>]> {
        names.iter().filter_map(|name| compiled.limits.get(name).cloned()).collect()
    };
    let routes = config.routes.iter();
    compiled.routes = routes.map(|route| (named(&route.limits), route.limit_cost)).collect();
    compiled.tenants = config.tenants.values().map(|tenant| named(&tenant.limits)).collect();
    if problems.is_empty() { Ok(compiled) } else { Err(problems) }
}

fn limit(
    name: &str,
    written: &config::Limit,
    before: Option<&Arc<Limit>>,
    metrics: &Metrics,
) -> Result<Limit, Problem> {
    let key = Key::compile(&written.key, written.missing);
    let key = key.map_err(|e| Problem::at(path!["limits", name].below(&e.key), e.message))?;
    let rate = written.rate.map(|rate| {
        Bucket::new(rate.count, rate.per.as_nanos() as u64, u64::from(written.burst()))
    });
    let bandwidth = written.bandwidth.map(|bytes| {
        let burst = (bytes.0 / BURSTS_PER_SECOND).max(BURST_BYTES_MIN);
        Bucket::new(bytes.0, NANOSECONDS, burst)
    });
    let state = State::of(written, before.map(|before| &before.state), clock::now());
    let before = before.and_then(|before| before.store.as_ref());
    let store = Store::of(name, written, rate, &state, before, metrics);
    let store = store.map_err(|e| Problem::at(path!["limits", name].below(&e.key), e.message))?;
    Ok(Limit {
        name: name.into(),
        key,
        rate,
        concurrency: written.concurrency,
        bandwidth,
        one: rate.map_or(Span(0), |rate| rate.span(1)),
        dry_run: written.dry_run,
        keys_max: written.max_keys,
        state,
        store,
        verdicts: Verdicts::of(name, metrics),
    })
}

/// Bytes pass in bursts of a tenth of a second.
const BURSTS_PER_SECOND: u64 = 10;

/// Bytes that pass at once, however low the bandwidth: what one frame of HTTP/2 has.
const BURST_BYTES_MIN: u64 = 16 << 10;

const NANOSECONDS: u64 = 1_000_000_000;
