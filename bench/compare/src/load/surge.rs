//! Load that surge makes: closed loops, with connections kept or not, and open ones.

use surge::{
    report::Report,
    run,
    scenario::{Class, Conduct, Load as How, Phase, Scenario, Trust, staged::Stack},
    schedule::{Plan, Profile, Spacing},
    stage::Stage,
};

use super::{Clients, Load, Outcome, TIMEOUT, sources};

pub(super) fn run(clients: &Clients, loaded: &mut dyn FnMut()) -> anyhow::Result<Outcome> {
    let report = run::run(scenario(clients)?, &Stage::default(), clients.stop, |tick| {
        // The first second, which comes at the end if there is no whole one.
        if tick.second == 0 {
            loaded();
        }
    })?;
    Ok(outcome(&report, clients.scenario.status))
}

fn scenario(clients: &Clients) -> anyhow::Result<Scenario> {
    let length = clients.length;
    let load = match clients.load {
        Load::Open { rate } => {
            let profile = Profile::steady(rate, length);
            How::Open(Plan { profile, burst: None, spacing: Spacing::Uniform })
        }
        Load::Closed { connections, .. }
        | Load::Reconnect { connections }
        | Load::Handshakes { connections }
        | Load::Idle { connections } => {
            How::Closed { connections, think: std::time::Duration::ZERO }
        }
    };
    let (name, classes) = ("run".to_owned(), vec![0]);
    let phase = Phase { name, length, load, classes, warmup: false, fixed: false };
    Ok(Scenario {
        name: clients.scenario.name.to_owned(),
        // One core is all they have.
        threads: Some(1),
        seed: 1,
        classes: vec![class(clients)?],
        phases: vec![phase],
        assertions: Vec::new(),
        trust: Trust::Anyone,
        origins: Vec::new(),
        stack: Stack::default(),
        events: Vec::new(),
    })
}

fn class(clients: &Clients) -> anyhow::Result<Class> {
    let (keepalive, streams) = match clients.load {
        Load::Reconnect { .. } => (false, 1),
        Load::Closed { streams, .. } => (true, streams),
        _ => (true, 1),
    };
    let requests = clients.prepared(keepalive)?.into_iter().map(|request| (request, 1.0)).collect();
    Ok(Class {
        name: clients.scenario.name.to_owned(),
        target: clients.target(),
        protocol: clients.scenario.protocol,
        keepalive,
        connections_max: 256,
        streams_max: streams,
        timeout: TIMEOUT,
        sources: if keepalive { Vec::new() } else { sources()? },
        conduct: Conduct::Requests { weight: 1.0, requests },
        judged: false,
        assertions: Vec::new(),
    })
}

fn outcome(report: &Report, status: u16) -> Outcome {
    let total = &report.total;
    let answers = total.statuses.get(&status).copied().unwrap_or(0);
    let failed = total.causes.iter().next().map(|(kind, cause)| format!("{kind}: {cause}"));
    let wrong = || total.statuses.keys().find(|other| **other != status);
    Outcome {
        answers,
        errors: total.requests.saturating_sub(answers),
        cause: failed.or_else(|| wrong().map(|status| format!("answered {status}"))),
        seconds: report.seconds,
        latency: [total.latency.p50, total.latency.p99, total.latency.p99_9],
    }
}
