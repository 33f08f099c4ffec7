//! Overload: something says when we are full, and who is refused first then is known.

use std::collections::BTreeMap;

use super::{Config, Found, KeyPath, Problem, headers, path};
use crate::config::{
    Concurrency, Overload, Percent, RouteTarget, overload::MIRROR, schema::suggest::did_you_mean,
};

pub(super) fn check(config: &Config, found: &mut Found) {
    let limited = concurrencies(config, found);
    named(config, found);
    let Some(overload) = &config.overload else { return };
    let at = path!["overload"];
    let watermarks =
        [("memory", overload.memory), ("cpu", overload.cpu), ("files", overload.files)];
    if !limited && watermarks.iter().all(|(_, percent)| percent.is_none()) {
        let message = "needs `concurrency`, `memory`, `cpu` or `files`: when we are full";
        found.value(at.clone(), message);
    }
    for (key, _) in
        watermarks.into_iter().filter(|(_, percent)| *percent == Some(Percent::whole(0)))
    {
        found.value(at.join(key), "at 0 there would always be too much");
    }
    if let Some(queue) = &overload.queue {
        let at = at.join("queue");
        found.nonzero(&at, [("deadline", queue.deadline)]);
        if !limited {
            found.idle(at, "there is no `concurrency` to wait for");
        }
    }
    order(&at.join("shed_order"), overload, found);
    classes(&at.join("classes"), config, overload, found);
}

/// Checks every `concurrency`. Whether there is any.
fn concurrencies(config: &Config, found: &mut Found) -> bool {
    let process = config.overload.as_ref().and_then(|overload| overload.concurrency);
    let process = process.map(|written| (path!["overload", "concurrency"], written, true));
    let clusters = config.clusters.iter().filter_map(|(name, cluster)| {
        Some((path!["clusters", name, "concurrency"], cluster.concurrency?, true))
    });
    let routes = config.routes.iter().enumerate().filter_map(|(index, route)| {
        let asks = matches!(route.to, RouteTarget::Cluster(_) | RouteTarget::Rollout(_));
        Some((path!["routes", index, "concurrency"], route.concurrency?, asks))
    });
    let all: Vec<_> = process.into_iter().chain(clusters).chain(routes).collect();
    for (at, written, asks) in &all {
        concurrency(at, written, *asks, found);
    }
    !all.is_empty()
}

fn concurrency(at: &KeyPath, written: &Concurrency, asks_upstreams: bool, found: &mut Found) {
    let max = written.max;
    match written.min {
        Some(_) if !written.adaptive => {
            found.idle(at.join("min"), "without `adaptive` there are always `max`");
        }
        Some(min) if min > max => {
            found.value(at.join("min"), format!("more than `max`, which is {max}"));
        }
        _ if written.adaptive && written.least() == max => {
            found.idle(at.join("adaptive"), "there cannot be fewer than `max`");
        }
        _ => {}
    }
    if written.adaptive && !asks_upstreams {
        found.idle(at.join("adaptive"), "the route asks no upstream, whose time could be taken");
    }
}

/// Classes that routes and tenants name.
fn named(config: &Config, found: &mut Found) {
    let routes = config.routes.iter().enumerate();
    let routes = routes.map(|(index, route)| (path!["routes", index, "class"], &route.class));
    let tenants = config.tenants.iter();
    let tenants = tenants.map(|(name, tenant)| (path!["tenants", name, "class"], &tenant.class));
    for (at, class) in routes.chain(tenants) {
        let Some(class) = class else { continue };
        match &config.overload {
            None => found.idle(at, "there is no [overload]"),
            Some(overload) => known(at, overload, class, found),
        }
    }
}

fn known(at: KeyPath, overload: &Overload, class: &str, found: &mut Found) {
    if !overload.knows(class) {
        let help = did_you_mean(class, overload.names());
        let message = format!("no class `{}`", class.escape_debug());
        found.push(Problem::at(at, message).maybe_help(help));
    }
}

fn order(at: &KeyPath, overload: &Overload, found: &mut Found) {
    found.duplicates(at, &overload.shed_order);
    for (index, class) in overload.shed_order.iter().enumerate() {
        if class != MIRROR {
            known(at.join(index), overload, class, found);
        }
    }
}

fn classes(at: &KeyPath, config: &Config, overload: &Overload, found: &mut Found) {
    let mut taken: BTreeMap<(String, &str), &str> = BTreeMap::new();
    let routes = config.routes.iter().filter_map(|route| route.class.as_ref());
    let tenants = config.tenants.values().filter_map(|tenant| tenant.class.as_ref());
    let used: Vec<&String> = routes.chain(tenants).collect();
    for (name, class) in &overload.classes {
        let at = at.join(name.as_str());
        found.name(at.clone(), name);
        if name == MIRROR {
            found.value(at, "`mirror` stands for the copies of mirrors");
            continue;
        }
        let Some(header) = &class.header else {
            if !used.contains(&name) {
                found.idle(at, "no route and no tenant names it, and it has no `header`");
            }
            continue;
        };
        let at = at.join("header");
        if let Err(why) = headers::check_name(&header.name) {
            found.value(at.join("name"), why);
        }
        if header.value.is_empty() {
            found.value(at.join("value"), "an empty value asks for nothing");
        } else if let Err(why) = headers::check_value(&header.value) {
            found.value(at.join("value"), why);
        }
        let key = (header.name.to_ascii_lowercase(), header.value.as_str());
        if let Some(other) = taken.insert(key, name) {
            let message = format!("this value of `{}` asks for class `{other}`", header.name);
            found.value(at.join("value"), message);
        }
    }
    if overload.classes.len() > CLASSES_MAX {
        found.value(at.clone(), format!("more than {CLASSES_MAX} classes"));
    }
}

/// Classes, each of whose fields is looked for in each request.
const CLASSES_MAX: usize = 8;
