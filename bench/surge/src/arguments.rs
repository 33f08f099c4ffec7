//! The command line, and the scenario that `surge run URL` stands for.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use ipnet::IpNet;
use surge::{
    assertion::Assertion,
    client::request::Request,
    scenario::{
        Class, Conduct, Load, Phase, Protocol, Scenario, Target, Trust,
        load::{CONNECTIONS_MAX, STREAMS_MAX, TIMEOUT, block},
        staged::Stack,
        target::sources,
        units::{Duration, Rate},
    },
    schedule::{Plan, Profile, Spacing},
};

/// A load generator for HTTP that keeps its schedule whatever the server does.
///
/// Exit codes: 0 all is well, 1 an assertion failed, 2 the command line or the scenario cannot be used, 3 the target of
/// `surge run URL` or of a drill takes no connection.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Send requests to a URL, or carry a scenario out, and report.
    Run(Box<Run>),
    /// Test an edge proxy: calm, a burst with attacks and slow clients, a flip in the middle of it, calm again.
    Drill(Box<Drill>),
    /// Say all that is wrong with a scenario, without sending anything.
    Check {
        /// The scenario (TOML).
        file: PathBuf,
        /// Print the problems as JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
pub struct Run {
    /// Where requests go. Only loopback addresses, and those of --allow.
    #[arg(required_unless_present = "config", conflicts_with = "config")]
    url: Option<String>,
    /// A scenario (TOML) instead of a URL.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["Load", "Requests", "Wire"])]
    pub config: Option<PathBuf>,
    #[command(flatten)]
    load: LoadOptions,
    #[command(flatten)]
    requests: RequestOptions,
    #[command(flatten)]
    wire: WireOptions,
    /// What must hold, such as "p99 < 50ms" or no_5xx; may be repeated.
    #[arg(long = "assert", value_name = "ASSERTION", conflicts_with = "config")]
    assertions: Vec<Assertion>,
    /// Write the report, as JSON if the name ends in .json, else as an HTML page; may be repeated.
    #[arg(long = "report", value_name = "FILE")]
    pub reports: Vec<PathBuf>,
    #[command(flatten)]
    pub output: Output,
}

/// Without --config it starts `foxtrot` on free ports of this machine, with two small origins behind it, and ends it afterwards.
#[derive(Debug, Args)]
pub struct Drill {
    /// A scenario (TOML) instead of the one that is built in.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print the scenario that is built in.
    #[arg(long, conflicts_with_all = ["config", "foxtrot", "length", "reports", "json", "quiet"])]
    pub print: bool,
    /// The program to start, in the place of the one that the scenario names [default: `foxtrot` beside surge].
    #[arg(long, value_name = "PATH")]
    pub foxtrot: Option<PathBuf>,
    /// How long it lasts: phases that are not fixed are stretched or shortened.
    #[arg(long = "for", value_name = "DURATION")]
    pub length: Option<Duration>,
    /// Write the report, as JSON if the name ends in .json, else as an HTML page; may be repeated.
    #[arg(long = "report", value_name = "FILE", default_values = ["drill.html", "drill.json"])]
    pub reports: Vec<PathBuf>,
    #[command(flatten)]
    pub output: Output,
}

/// What is shown.
#[derive(Debug, Args)]
pub struct Output {
    /// Print the report as JSON.
    #[arg(long)]
    pub json: bool,
    /// No line per second.
    #[arg(long)]
    pub quiet: bool,
}

#[derive(Debug, Args)]
#[group(id = "Load", multiple = true)]
struct LoadOptions {
    /// Requests per second or minute, 1000/s or 90/m, started on a schedule (open loop).
    #[arg(long, conflicts_with = "connections")]
    rate: Option<Rate>,
    /// Connections that send one request after the other (closed loop) [default: 10].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    connections: Option<u32>,
    /// How long new requests start.
    #[arg(long = "for", value_name = "DURATION", default_value = "10s")]
    length: Duration,
    /// Space requests by chance (a Poisson process) instead of evenly; needs --rate.
    #[arg(long, requires = "rate")]
    poisson: bool,
    /// Connections at most in an open loop; what finds none waits, and is late.
    #[arg(long, value_name = "N", requires = "rate", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    connections_max: Option<u32>,
    /// Threads that send.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_024))]
    threads: Option<u32>,
    /// Seed of what is left to chance.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[derive(Debug, Args)]
#[group(id = "Requests", multiple = true)]
struct RequestOptions {
    /// Method.
    #[arg(long, default_value = "GET")]
    method: String,
    /// A field "name: value"; may be repeated.
    #[arg(long, value_name = "FIELD")]
    header: Vec<String>,
    /// Body, or @FILE for what is in a file.
    #[arg(long)]
    body: Option<String>,
    /// How long an answer may take [default: 10s].
    #[arg(long, value_name = "DURATION")]
    timeout: Option<Duration>,
}

#[derive(Debug, Args)]
#[group(id = "Wire", multiple = true)]
struct WireOptions {
    /// HTTP/2, with prior knowledge or by ALPN.
    #[arg(long)]
    h2: bool,
    /// Streams at a time on an HTTP/2 connection [default: 16].
    #[arg(long, value_name = "N", requires = "h2", value_parser = clap::value_parser!(u32).range(1..=1_000))]
    streams: Option<u32>,
    /// A new connection for every request.
    #[arg(long)]
    no_keepalive: bool,
    /// Addresses to come from, such as 127.0.0.0/8.
    #[arg(long, value_name = "CIDR", value_parser = block)]
    from: Option<IpNet>,
    /// How many of them [default: 1].
    #[arg(long, value_name = "N", requires = "from", value_parser = clap::value_parser!(u32).range(1..=65_536))]
    sources: Option<u32>,
    /// Addresses that may be a target beside loopback; may be repeated.
    #[arg(long, value_name = "CIDR", value_parser = block)]
    allow: Vec<IpNet>,
    /// Trust the authorities in a PEM file.
    #[arg(long, value_name = "FILE", conflicts_with = "insecure")]
    cacert: Option<PathBuf>,
    /// Trust whoever answers.
    #[arg(long)]
    insecure: bool,
}

impl Run {
    /// The scenario that the command line stands for.
    pub fn scenario(&self) -> Result<Scenario, String> {
        let url = self.url.as_deref().unwrap_or_default();
        let phase = self.phase();
        let mut named = self.assertions.iter().filter_map(|assertion| assertion.phase.as_ref());
        if let Some(other) = named.find(|named| **named != phase.name) {
            return Err(format!("there is no phase \"{other}\", only \"{}\"", phase.name));
        }
        Ok(Scenario {
            name: url.to_owned(),
            threads: self.load.threads.map(|n| n as usize),
            seed: self.load.seed,
            classes: vec![self.class(url)?],
            phases: vec![phase],
            assertions: self.assertions.clone(),
            trust: match (&self.wire.cacert, self.wire.insecure) {
                (Some(path), _) => Trust::File(path.clone()),
                (None, true) => Trust::Anyone,
                (None, false) => Trust::System,
            },
            origins: Vec::new(),
            stack: Stack::default(),
            events: Vec::new(),
        })
    }

    fn class(&self, url: &str) -> Result<Class, String> {
        let wire = &self.wire;
        let target = Target::find(url, &wire.allow)
            .map_err(|message| message.replace("`allow_targets`", "--allow"))?;
        let protocol = if wire.h2 { Protocol::Http2 } else { Protocol::Http1 };
        let keepalive = !wire.no_keepalive;
        let request = self.requests.request()?.prepare(&target, protocol, keepalive)?;
        let count = wire.sources.unwrap_or(1) as usize;
        let sources = wire.from.map(|block| sources(block, count)).transpose()?;
        let connections_max = self.load.connections_max.map_or(CONNECTIONS_MAX, |n| n as usize);
        Ok(Class {
            name: "requests".to_owned(),
            target,
            protocol,
            keepalive,
            connections_max,
            streams_max: wire.streams.map_or(STREAMS_MAX, |n| n as usize),
            timeout: self.requests.timeout.map_or(TIMEOUT, |timeout| timeout.0),
            sources: sources.unwrap_or_default(),
            judged: false,
            conduct: Conduct::Requests { weight: 1.0, requests: vec![(request, 1.0)] },
            assertions: Vec::new(),
        })
    }

    fn phase(&self) -> Phase {
        let length = self.load.length.0;
        let load = match self.load.rate {
            Some(rate) => {
                let spacing = if self.load.poisson { Spacing::Poisson } else { Spacing::Uniform };
                let profile = Profile::steady(rate.0, length);
                Load::Open(Plan { profile, burst: None, spacing })
            }
            None => {
                let connections = self.load.connections.unwrap_or(10) as usize;
                Load::Closed { connections, think: std::time::Duration::ZERO }
            }
        };
        Phase {
            name: "run".to_owned(),
            length,
            load,
            classes: vec![0],
            warmup: false,
            fixed: false,
        }
    }
}

impl RequestOptions {
    fn request(&self) -> Result<Request, String> {
        let field = |text: &String| {
            let (name, value) = text
                .split_once(':')
                .ok_or_else(|| format!("expected a field \"name: value\", found \"{text}\""))?;
            Ok::<_, String>((name.trim().to_owned(), value.trim().to_owned()))
        };
        let body = match self.body.as_deref().map(|body| (body, body.strip_prefix('@'))) {
            Some((_, Some(path))) => {
                std::fs::read(path).map_err(|error| format!("{path}: {error}"))?
            }
            Some((body, None)) => body.as_bytes().to_vec(),
            None => Vec::new(),
        };
        Ok(Request {
            method: self.method.clone(),
            path: String::new(),
            headers: self.header.iter().map(field).collect::<Result<_, _>>()?,
            body: body.into(),
        })
    }
}
