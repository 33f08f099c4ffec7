//! The process as a whole: schema version, admin server, log, reload.

use std::collections::BTreeSet;

use super::{Config, Duration, Found, KeyPath, Problem, path};
use crate::config::{Secret, Size};

pub(super) fn check(config: &Config, found: &mut Found) {
    if config.schema != 1 {
        let message = format!("schema {} is not known: this version reads 1", config.schema);
        found.value(path!["schema"], message);
    }
    if config.listeners.is_empty() {
        let help = "add [listeners.NAME] with `listen = \"0.0.0.0:8080\"`";
        found.push(Problem::at(path!["listeners"], "no listener").help(help));
    }
    if config.routes.is_empty() {
        let help = "add [[routes]] with `to = \"cluster:NAME\"`";
        found.push(Problem::at(path!["routes"], "no route").help(help));
    }
    found.duplicates(&path!["trusted_proxies"], &config.trusted_proxies);
    admin(config, found);
    let shortest = Duration::millis(100);
    if config.reload.poll != Duration::default() && config.reload.poll < shortest {
        let message = format!("must be zero, which turns polling off, or at least {shortest}");
        found.value(path!["reload", "poll"], message);
    }
    let shortest = Size(1 << 10);
    if config.state.events.rotate < shortest {
        let message = format!("must be at least {shortest}: a file has room for some events");
        found.value(path!["state", "events", "rotate"], message);
    }
}

fn admin(config: &Config, found: &mut Found) {
    let admin = &config.admin;
    if admin.token.is_none() && !admin.listen.ip().is_loopback() {
        found.push(
            Problem::at(path!["admin", "listen"], "reachable from other hosts without a token")
                .help("set admin.token = { env = \"NAME\" }, or listen on 127.0.0.1"),
        );
    }
    if let Some(token) = &admin.token {
        secret(&path!["admin", "token"], token, found);
    }
}

/// A secret has one source.
pub(super) fn secret(at: &KeyPath, secret: &Secret, found: &mut Found) {
    let sources: BTreeSet<&str> = [("env", secret.env.is_some()), ("file", secret.file.is_some())]
        .into_iter()
        .filter_map(|(key, set)| set.then_some(key))
        .collect();
    match sources.len() {
        0 => found.value(at.clone(), "needs `env` or `file`"),
        1 => {}
        _ => found.value(at.clone(), "has both `env` and `file`, keep one"),
    }
    if let Some(name) = &secret.env
        && (name.is_empty() || name.contains(['=', '\0']))
    {
        found.value(at.join("env"), "not the name of an environment variable");
    }
}
