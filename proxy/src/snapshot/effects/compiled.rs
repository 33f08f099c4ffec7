//! A small configuration with one key set, and the compiled parts of it as text.

use std::{collections::BTreeMap, sync::Arc};

use super::Part;
use crate::{
    config::{self, document::KeyPath},
    listener::{ListenerState, tls},
    observe::metrics::Metrics,
    snapshot::{
        Action, Route, Snapshot,
        compile::{Surroundings, compile},
    },
};

/// The configuration with `lines` in the table that holds `key`. A line that the table has anyway gives way to them.
pub(super) fn document(key: &str, lines: &str) -> String {
    let table = key.split(['.', '[']).next().unwrap_or_default();
    let mut text = String::new();
    for (holds, header, own) in TABLES {
        let added = if holds == table || !is_table(table) && holds.is_empty() { lines } else { "" };
        let set = |line: &str| {
            let name = line.split(' ').next().unwrap_or_default();
            added.lines().any(|added| added.split(' ').next() == Some(name))
        };
        text += header;
        own.lines().filter(|line| !set(line)).for_each(|line| text += &format!("{line}\n"));
        text += &format!("{added}\n");
    }
    text
}

/// A compiled part of a configuration, as text that says all that requests are served with and nothing else.
pub(super) fn part(text: &str, part: Part) -> Result<String, String> {
    let loaded = config::load::parse("test.toml", text).map_err(|report| report.to_string())?;
    let problems = config::check::check(&loaded.config);
    if !problems.is_empty() {
        return Err(loaded.locate(problems).to_string());
    }
    let snapshot = snapshot(&loaded.config).map_err(|p| loaded.locate(p).to_string())?;
    Ok(match part {
        Part::Cluster => cluster(&snapshot),
        Part::Rollout => rollout(&snapshot),
        Part::Route => route(&snapshot.routes[0]),
        Part::Table => format!("{:?}", snapshot.table),
        Part::Listener => {
            let listener = snapshot.listener("http").expect("it is in the text");
            format!("{:?} {:?}", listener.proxy_sources, listener.state.address)
        }
        Part::Trusted => format!("{:?}", snapshot.trusted_proxies),
    })
}

/// A whole configuration.
pub(in crate::snapshot) fn snapshot(
    config: &config::Config,
) -> Result<Snapshot, Vec<config::Problem>> {
    let listeners: BTreeMap<_, _> = config
        .listeners
        .iter()
        .map(|(name, written)| (name.clone(), ListenerState::new(name, written.listen)))
        .collect();
    let ticketer = tls::ticketer()
        .map_err(|error| vec![config::Problem::at(KeyPath::root(), error.to_string())])?;
    let metrics = Arc::new(Metrics::new(1));
    let around =
        Surroundings { generation: 1, previous: None, listeners, metrics, ticketer, workers: 1 };
    compile(config, &around)
}

fn cluster(snapshot: &Snapshot) -> String {
    let app = snapshot.clusters.iter().find(|cluster| &*cluster.name == "app");
    app.expect("it is in the text").compiled()
}

fn rollout(snapshot: &Snapshot) -> String {
    let rollout = &snapshot.rollouts[0];
    let shadow = rollout.mirror.as_ref().map(|mirror| &mirror.to.name);
    let (blue, green) = (&rollout.blue.name, &rollout.green.name);
    let share = rollout.learned.green_share();
    let plan = &rollout.plan;
    let safety = (rollout.rescue, &rollout.guard, &rollout.prewarm);
    format!(
        "{blue} {green} {share} {plan:?} {:?} {:?} {shadow:?} {safety:?}",
        rollout.sticky, rollout.choice
    )
}

fn route(route: &Route) -> String {
    let action = match &route.action {
        Action::Cluster(cluster) => format!("cluster {}", cluster.name),
        Action::Rollout(rollout) => format!("rollout {}", rollout.name),
        Action::Redirect(status, template) => format!("redirect {status} {template:?}"),
        Action::Respond(status, body) => format!("respond {status} {body:?}"),
    };
    let edits = (&route.request_headers, &route.response_headers);
    let rewrites = (&route.rewrite, &route.rewrite_host);
    let limits = (&route.timeouts, route.body_bytes_max, route.upgrade);
    format!("{} {action} {edits:?} {rewrites:?} {limits:?}", route.name)
}

fn is_table(name: &str) -> bool {
    TABLES.iter().any(|(holds, ..)| *holds == name)
}

/// Tables of the small configuration: what they hold, how they begin, what they have anyway.
const TABLES: [(&str, &str, &str); 5] = [
    ("", "", ""),
    ("listeners", "[listeners.http]\n", "listen = \"127.0.0.1:0\"\n"),
    ("clusters", "[clusters.app]\n", "endpoints = [\"http://127.0.0.1:1\"]\n"),
    (
        "rollouts",
        "[clusters.next]\nendpoints = [\"http://127.0.0.1:2\"]\n\
         [clusters.other]\nendpoints = [\"http://127.0.0.1:3\"]\n[rollouts.app]\n",
        "blue = \"app\"\ngreen = \"next\"\n",
    ),
    (
        "routes",
        "[listeners.inner]\nlisten = \"127.0.0.1:0\"\n[[routes]]\n",
        "to = \"rollout:app\"\n",
    ),
];
