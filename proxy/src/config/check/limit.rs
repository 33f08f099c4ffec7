//! Limits: they limit something, by something, for somebody.

use super::{Config, Found, KeyPath, path, process};
use crate::config::{Limit, LimitKey, LimitStore};

pub(super) fn check(config: &Config, found: &mut Found) {
    for (name, limit) in &config.limits {
        let at = path!["limits", name];
        found.name(at.clone(), name);
        if limit.rate.is_none() && limit.concurrency.is_none() && limit.bandwidth.is_none() {
            let message = "needs `rate`, `concurrency` or `bandwidth`: what is limited";
            found.value(at.clone(), message);
        }
        if limit.bandwidth.is_some_and(|rate| rate.0 < BANDWIDTH_MIN) {
            let message = format!("below {BANDWIDTH_MIN}B/s, nothing would ever end");
            found.value(at.join("bandwidth"), message);
        }
        if limit.rate.is_none() && limit.burst.is_some() {
            found.idle(at.join("burst"), "there is no `rate`");
        }
        if let Some(written) = &limit.store {
            store(&at.join("store"), limit, written, found);
        }
        key(&at, limit, config, found);
        if !named(config).any(|known| known == name) {
            found.idle(at, "no route and no tenant names it in its `limits`");
        }
    }
    costs(config, found);
}

fn store(at: &KeyPath, limit: &Limit, store: &LimitStore, found: &mut Found) {
    if limit.rate.is_none() {
        found.idle(at.clone(), "there is no `rate`, the rest is counted by each replica");
    }
    found.nonzero(at, [("timeout", store.timeout)]);
    if let Some(password) = &store.password {
        process::secret(&at.join("password"), password, found);
    } else if store.user.is_some() {
        found.idle(at.join("user"), "there is no `password`");
    }
}

fn key(at: &KeyPath, limit: &Limit, config: &Config, found: &mut Found) {
    found.duplicates(&at.join("key"), &limit.key);
    for (index, key) in limit.key.iter().enumerate() {
        let at = at.join("key").join(index);
        if *key == LimitKey::Constant && limit.key.len() > 1 {
            found.idle(at, "the other parts of the key differ");
        } else if *key == LimitKey::Tenant && config.tenants.is_empty() {
            found.idle(at, "there are no tenants");
        }
    }
    let may_lack = |key: &LimitKey| {
        matches!(key, LimitKey::Cookie(_) | LimitKey::Header(_) | LimitKey::Tenant)
    };
    if limit.missing != Limit::default().missing && !limit.key.iter().any(may_lack) {
        found.idle(at.join("missing"), "every request has these parts of the key");
    }
}

fn named(config: &Config) -> impl Iterator<Item = &String> {
    let routes = config.routes.iter().flat_map(|route| &route.limits);
    routes.chain(config.tenants.values().flat_map(|tenant| &tenant.limits))
}

/// A request that costs more than a bucket holds would never pass.
fn costs(config: &Config, found: &mut Found) {
    let of_tenants = config.tenants.values().any(|tenant| !tenant.limits.is_empty());
    for (index, route) in config.routes.iter().enumerate() {
        let at = path!["routes", index, "limit_cost"];
        if route.limit_cost != 1 && route.limits.is_empty() && !of_tenants {
            found.idle(at.clone(), "the route has no `limits`, nor has a tenant");
        }
        let tenants = config.tenants.values().flat_map(|tenant| &tenant.limits);
        for name in route.limits.iter().chain(tenants) {
            let Some(limit) = config.limits.get(name).filter(|limit| limit.rate.is_some()) else {
                continue;
            };
            if route.limit_cost > limit.burst() {
                let burst = limit.burst();
                let message = format!("never passes limit `{name}`, whose burst is {burst}");
                found.value(at.clone(), message);
            }
        }
    }
}

/// Bytes per second. A body that comes more slowly is at the mercy of every deadline.
const BANDWIDTH_MIN: u64 = 1_000;
