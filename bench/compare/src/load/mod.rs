//! Clients: what a scenario's load is made of, and what came of it.

mod exchange;
mod handshakes;
mod idle;
mod surge;

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use ::surge::{
    client::request::Prepared,
    record::Latency,
    scenario::{Target, target},
};
use anyhow::{Context as _, anyhow, ensure};

use crate::{
    contender::Certificate,
    scenario::{Front, Load, Scenario},
};

/// Clients that are to come.
pub struct Clients<'c> {
    /// What they do.
    pub scenario: &'c Scenario,
    /// How: that of the scenario, or less of it.
    pub load: Load,
    /// Where to.
    pub address: SocketAddr,
    /// For how long.
    pub length: Duration,
    /// Whether to end early.
    pub stop: &'c Arc<AtomicBool>,
}

/// What came of it.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// Right answers.
    pub answers: u64,
    /// Wrong answers, and requests without one.
    pub errors: u64,
    /// What the first error was, as far as is known.
    pub cause: Option<String>,
    /// From the first request to the last answer.
    pub seconds: f64,
    /// Milliseconds that 50 %, 99 % and 99.9 % of the requests did not exceed.
    pub latency: [Option<f64>; 3],
}

impl Clients<'_> {
    /// Carries the load out. `loaded` is called once while the proxy bears it.
    pub fn run(&self, loaded: &mut dyn FnMut()) -> anyhow::Result<Outcome> {
        let outcome = match self.load {
            Load::Handshakes { connections } => handshakes::run(self, connections, loaded),
            Load::Idle { connections } => idle::run(self, connections, loaded),
            _ => surge::run(self, loaded),
        }?;
        ensure!(!self.stopped(), "interrupted");
        Ok(outcome)
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn target(&self) -> Target {
        Target {
            tls: self.scenario.front == Front::Tls,
            host: Certificate::NAME.to_owned(),
            authority: Certificate::NAME.to_owned(),
            path: "/".to_owned(),
            address: self.address,
        }
    }

    fn prepared(&self, keepalive: bool) -> anyhow::Result<Vec<Prepared>> {
        let requests = (self.scenario.requests)();
        let ready = requests
            .iter()
            .map(|request| request.prepare(&self.target(), self.scenario.protocol, keepalive));
        ready.collect::<Result<_, _>>().map_err(|error| anyhow!("{error}"))
    }

    /// The one request of a scenario whose connections carry one each.
    fn only_request(&self, keepalive: bool) -> anyhow::Result<Prepared> {
        self.prepared(keepalive)?.into_iter().next().context("the scenario has no request")
    }
}

impl Outcome {
    /// Counts the end of a request.
    fn count(&mut self, wanted: u16, ended: Result<u16, String>) {
        match ended {
            Ok(status) if status == wanted => self.answers += 1,
            Ok(status) => self.fail(format!("answered {status}")),
            Err(cause) => self.fail(cause),
        }
    }

    fn fail(&mut self, cause: String) {
        self.errors += 1;
        self.cause.get_or_insert(cause);
    }
}

fn quantiles(latency: &Latency) -> [Option<f64>; 3] {
    [50.0, 99.0, 99.9].map(|percent| Some(latency.percentile(percent)?.as_secs_f64() * 1e3))
}

/// Loopback addresses to come from, so that short connections do not run out of ports.
fn sources() -> anyhow::Result<Vec<std::net::IpAddr>> {
    target::sources("127.0.0.0/8".parse()?, 16).map_err(|error| anyhow!("{error}"))
}

/// How long an answer may take: a peer's WAF needs seconds for a large body.
const TIMEOUT: Duration = Duration::from_secs(60);
