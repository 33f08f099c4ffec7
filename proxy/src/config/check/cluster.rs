//! Clusters: endpoints, and keys that need a kind of endpoint or another key.

use super::{Bound, Config, Found, KeyPath, Problem, host, path};
use crate::config::{Cluster, ClusterTimeouts, Health, Outlier, Pool, Resolve, Retry};

pub(super) fn check(config: &Config, found: &mut Found) {
    for (name, cluster) in &config.clusters {
        let at = path!["clusters", name];
        found.name(at.clone(), name);
        endpoints(&at, cluster, found);
        tls(&at.join("tls"), cluster, found);
        pool(&at.join("pool"), &cluster.pool, found);
        if let Some(probe) = &cluster.health {
            health(&at.join("health"), probe, found);
        }
        if let Some(time) = cluster.slow_start {
            found.nonzero(&at, [("slow_start", time)]);
        }
        outlier(&at.join("outlier"), &cluster.outlier, found);
        timeouts(&at.join("timeouts"), &cluster.timeouts, found);
        retry(&at.join("retry"), &cluster.retry, found);
        resolve(&at.join("resolve"), cluster, found);
    }
}

fn endpoints(at: &KeyPath, cluster: &Cluster, found: &mut Found) {
    if cluster.endpoints.is_empty() {
        let problem = Problem::at(at.join("endpoints"), "no endpoints");
        found.push(problem.help("add `endpoints = [\"http://HOST:PORT\"]`"));
    }
    found.duplicates(&at.join("endpoints"), &cluster.endpoints);
}

fn tls(at: &KeyPath, cluster: &Cluster, found: &mut Found) {
    let tls = &cluster.tls;
    let written = [
        ("ca", tls.ca.is_some()),
        ("server_name", tls.server_name.is_some()),
        ("cert", tls.cert.is_some()),
        ("key", tls.key.is_some()),
    ];
    let encrypted = cluster.endpoints.iter().any(|endpoint| endpoint.https);
    for (key, _) in written.iter().filter(|(_, written)| *written && !encrypted) {
        found.idle(at.join(*key), "the cluster has no https endpoint");
    }
    match (&tls.cert, &tls.key) {
        (Some(_), None) => found.value(at.join("cert"), "needs `key` beside it"),
        (None, Some(_)) => found.value(at.join("key"), "needs `cert` beside it"),
        _ => {}
    }
    if let Some(name) = &tls.server_name
        && let Err(why) = host::check_exact(name)
    {
        found.value(at.join("server_name"), why);
    }
}

fn pool(at: &KeyPath, pool: &Pool, found: &mut Found) {
    let default = Pool::default();
    found.nonzero(at, [("idle_timeout", pool.idle_timeout), ("max_age", pool.max_age)]);
    let keeps = pool.idle > 0;
    if !keeps && pool.idle_timeout != default.idle_timeout {
        found.idle(at.join("idle_timeout"), "`idle` is 0, so no connection is kept");
    }
    if !keeps && pool.max_age != default.max_age {
        found.idle(at.join("max_age"), "`idle` is 0, so no connection is used again");
    }
    let idle =
        Bound { key: "idle_timeout", value: pool.idle_timeout, default: default.idle_timeout };
    found.at_most(at, idle, ("max_age", pool.max_age));
}

fn health(at: &KeyPath, health: &Health, found: &mut Found) {
    found.nonzero(at, [("every", health.every), ("timeout", health.timeout)]);
    if let Err(why) = super::route_match::check_target(&health.path) {
        found.value(at.join("path"), why);
    }
    if let Some(name) = &health.host
        && let Err(why) = host::check_authority(name)
    {
        found.value(at.join("host"), why);
    }
    if let Some(status) = health.expect.iter().find(|status| **status < 200) {
        let at = at.join("expect").item(status.to_string());
        found.value(at, format!("{status} is never the last answer to a request"));
    }
}

fn outlier(at: &KeyPath, outlier: &Outlier, found: &mut Found) {
    let default = Outlier::default();
    if outlier.consecutive_5xx > 0 || outlier.consecutive_failures > 0 {
        return found.nonzero(at, [("eject", outlier.eject)]);
    }
    let why = "`consecutive_5xx` and `consecutive_failures` are 0, so nothing is ejected";
    if outlier.eject != default.eject {
        found.idle(at.join("eject"), why);
    }
    if outlier.max_ejected != default.max_ejected {
        found.idle(at.join("max_ejected"), why);
    }
}

fn timeouts(at: &KeyPath, t: &ClusterTimeouts, found: &mut Found) {
    let default = ClusterTimeouts::default();
    found.nonzero(
        at,
        [("connect", t.connect), ("try", t.per_try), ("total", t.total), ("idle", t.idle)],
    );
    let connect = || Bound { key: "connect", value: t.connect, default: default.connect };
    let per_try = Bound { key: "try", value: t.per_try, default: default.per_try };
    if t.connect > t.total {
        found.at_most(at, connect(), ("total", t.total));
    } else {
        found.at_most(at, connect(), ("try", t.per_try));
    }
    found.at_most(at, per_try, ("total", t.total));
}

fn retry(at: &KeyPath, retry: &Retry, found: &mut Found) {
    let default = Retry::default();
    let why = match (retry.max, retry.on.is_empty()) {
        (0, _) => "`max` is 0, so nothing is tried again",
        (_, true) => "`on` is empty, so nothing is tried again",
        _ => return,
    };
    let written = [
        ("on", retry.max == 0 && !retry.on.is_empty() && retry.on != default.on),
        ("max", retry.max != 0 && retry.max != default.max),
        ("budget", retry.budget != default.budget),
        ("body_bytes", retry.body_bytes != default.body_bytes),
    ];
    for (key, _) in written.into_iter().filter(|(_, written)| *written) {
        found.idle(at.join(key), why);
    }
}

fn resolve(at: &KeyPath, cluster: &Cluster, found: &mut Found) {
    let (resolve, default) = (&cluster.resolve, Resolve::default());
    let names = cluster.endpoints.iter().any(|endpoint| endpoint.ip().is_none());
    if !names && !cluster.endpoints.is_empty() && *resolve != default {
        return found.idle(at.clone(), "all endpoints are addresses, no name is resolved");
    }
    found.nonzero(at, [("max_ttl", resolve.max_ttl)]);
    if resolve.min_ttl > resolve.max_ttl {
        let message = format!("longer than `max_ttl`, which is {}", resolve.max_ttl);
        found.value(at.join("min_ttl"), message);
    }
}
