//! `foxctl status`: the process at a glance.

use std::{io, process::ExitCode};

use foxtrot_api::{
    LimitStatus, LimitStoreState, LimitStoreStatus, LimiterStatus, ListenerStatus, PressureStatus,
    ReloadOutcome, RolloutStatus, ShedStatus, Status,
};

use crate::{
    client::Admin,
    config,
    failure::{FINDING, Failure},
    output::{self, Output, Table},
    rollout,
};

/// Prints the status; a finding where the process is not ready or its last reload was refused.
pub(crate) async fn run(admin: &Admin, out: &mut Output) -> Result<ExitCode, Failure> {
    let answer = admin.get::<Status>("/status").await?;
    if out.json {
        out.text(&answer.body)?;
    } else {
        print(out, &answer.value)?;
        let rollouts = admin.get::<Vec<RolloutStatus>>("/rollouts").await?.value;
        if !rollouts.is_empty() {
            out.line("")?;
            out.table(&rollout::table(&rollouts))?;
        }
    }
    out.flush()?;
    let well = answer.value.ready && answer.value.last_reload.result != ReloadOutcome::Refused;
    Ok(ExitCode::from(if well { 0 } else { FINDING }))
}

fn print(out: &mut Output, status: &Status) -> io::Result<()> {
    let up = output::span(status.uptime_s);
    out.line(format_args!("foxtrot {}, process {}, up {up}", status.version, status.pid))?;
    let state = match (status.draining, status.ready) {
        (true, _) => "draining",
        (false, true) => "ready",
        (false, false) => "not ready",
    };
    out.line(format_args!("state          {state}, {} workers", status.workers))?;
    out.line(format_args!(
        "configuration  generation {}, {}",
        status.generation, status.config_hash
    ))?;
    let last = &status.last_reload;
    let at = output::time(last.at);
    out.line(format_args!("last reload    {} at {at}, cause: {}", last.result, last.cause))?;
    if let Some(log) = status.access_log {
        let (written, dropped) = (log.written, log.dropped);
        out.line(format_args!("access log     {written} lines written, {dropped} dropped"))?;
    }
    for error in &last.errors {
        out.text(config::located(error).as_bytes())?;
    }
    out.line("")?;
    out.table(&listeners(&status.listeners))?;
    if !status.limits.is_empty() {
        out.line("")?;
        out.table(&limits(&status.limits))?;
    }
    let Some(overload) = &status.overload else { return Ok(()) };
    out.line("")?;
    out.table(&limiters(&overload.limiters))?;
    if !overload.pressure.is_empty() {
        out.line("")?;
        out.table(&pressure(&overload.pressure))?;
    }
    Ok(())
}

fn listeners(listeners: &[ListenerStatus]) -> Table {
    let mut table = Table::new(["listener", "address", "connections", "tls"]);
    for listener in listeners {
        table.row([
            listener.name.clone(),
            listener.address.clone(),
            listener.connections.to_string(),
            certificates(listener),
        ]);
    }
    table
}

fn limits(limits: &[LimitStatus]) -> Table {
    let names = ["limit", "keys", "passed", "refused", "would refuse", "shared", "store"];
    let mut table = Table::new(names);
    for limit in limits {
        table.row([
            limit.name.clone(),
            format!("{} of {}", limit.keys, limit.keys_max),
            limit.passed.to_string(),
            limit.refused.to_string(),
            limit.would_refuse.to_string(),
            limit.shared.to_string(),
            limit.store.as_ref().map_or_else(|| "none".to_owned(), store),
        ]);
    }
    table
}

fn limiters(limiters: &[LimiterStatus]) -> Table {
    let mut table = Table::new(["concurrency", "in flight", "limit", "waiting", "shed"]);
    for limiter in limiters {
        let limit = match (limiter.limit, limiter.max) {
            (Some(limit), Some(max)) if limit != max => format!("{limit} of {max}"),
            (Some(limit), _) => limit.to_string(),
            (None, _) => "none".to_owned(),
        };
        let shed = |one: &ShedStatus| format!("{} {} {}", one.requests, one.class, one.reason);
        let shed: Vec<String> = limiter.shed.iter().map(shed).collect();
        table.row([
            limiter.name.clone(),
            limiter.in_flight.to_string(),
            limit,
            limiter.waiting.to_string(),
            if shed.is_empty() { "0".to_owned() } else { shed.join(", ") },
        ]);
    }
    table
}

fn pressure(resources: &[PressureStatus]) -> Table {
    let mut table = Table::new(["resource", "used", "watermark", "sheds"]);
    for resource in resources {
        table.row([
            resource.resource.clone(),
            format!("{:.1} %", resource.used),
            format!("{} %", resource.watermark),
            if resource.shed.is_empty() { "nobody".to_owned() } else { resource.shed.join(", ") },
        ]);
    }
    table
}

fn store(store: &LimitStoreStatus) -> String {
    match (store.state, store.error.as_str()) {
        (LimitStoreState::Connecting, _) => "connecting".to_owned(),
        (LimitStoreState::Connected, _) => "connected".to_owned(),
        (LimitStoreState::Degraded, error) => format!("degraded: {error}"),
    }
}

fn certificates(listener: &ListenerStatus) -> String {
    let Some(tls) = &listener.tls else { return "none".to_owned() };
    let cert = |cert: &foxtrot_api::CertificateStatus| {
        format!("{} until {}", cert.names.join(","), output::date(cert.not_after))
    };
    tls.certs.iter().map(cert).collect::<Vec<_>>().join("; ")
}
