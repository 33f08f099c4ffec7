//! From a checked configuration to a snapshot: reads the files it names, builds what requests are matched with, and takes
//! over from the previous snapshot what has a name in both.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use http::StatusCode;
use rustls::server::ProducesTickets;

use super::{Action, Refusals, Rollout, Route, Snapshot};
use crate::{
    admin::Token,
    config::{
        self, Config, RouteTarget,
        diagnostic::{Problem, Report},
        document::{KeyPath, path},
    },
    filter::{header_edits::HeaderEdits, ip_set::IpSet},
    http::reply,
    key_error::KeyError,
    limit,
    listener::{ConnectionCounters, Listener, ListenerState, tls},
    mirror::{Mirror, MirrorState},
    observe::{access_log::AccessLog, metrics::Metrics},
    overload,
    rollout::{Learned, guard::Policy, plan::Plan},
    route::{ColourChoice, PathRewrite, RedirectTemplate, RouteTable, StickyKeys, split},
    runtime,
    tenant::Tenants,
    upstream::Cluster,
    waf,
};

/// What compilation needs besides the configuration.
///
/// It is owned, because compiling takes time and is done beside the control thread.
pub struct Surroundings {
    /// Number of the snapshot to be.
    pub generation: u64,
    /// The snapshot before it.
    pub previous: Option<Arc<Snapshot>>,
    /// Sockets' state, by listener name.
    pub listeners: BTreeMap<String, Arc<ListenerState>>,
    /// Metrics of the process.
    pub metrics: Arc<Metrics>,
    /// TLS session tickets of the process.
    pub ticketer: Arc<dyn ProducesTickets>,
    /// Number of workers.
    pub workers: usize,
}

/// Compiles a configuration that has passed [`config::check::check`].
///
/// # Errors
/// All that is wrong, at once.
pub fn compile(config: &Config, around: &Surroundings) -> Result<Snapshot, Vec<Problem>> {
    let mut problems = Vec::new();
    let clusters = clusters(config, around, &mut problems);
    let rollouts = rollouts(config, around, &clusters, &mut problems);
    let table = keep(RouteTable::compile(&config.routes), &mut problems, |error| {
        Problem::at(path!["routes", error.route].below(&error.key), error.message)
    });
    let routes = routes(config, &clusters, &rollouts, &mut problems);
    let (listeners, certificates) = listeners(config, around, &mut problems);
    let admin_token = admin_token(config, &mut problems);
    let access_log = access_log(config, around, &mut problems);
    let before = around.previous.as_ref().map(|previous| &previous.waf);
    let tenants = keep(Tenants::compile(config), &mut problems, |problem| problem);
    let waf = tenants.as_ref().and_then(|tenants| {
        let waf = waf::compile(config, tenants, before, &around.metrics);
        keep(waf, &mut problems, |problem| problem)
    });
    let before = around.previous.as_ref().map(|previous| &previous.limits);
    let limits = keep(limit::compile(config, before, &around.metrics), &mut problems, |it| it);
    let before = around.previous.as_ref().map(|previous| &*previous.overload);
    let cores = runtime::cores();
    let overload = overload::Surroundings { before, metrics: &around.metrics, cores };
    let overload = overload::compile(config, &overload);
    let (Some(table), Some(tenants), Some(waf), Some(limits), true) =
        (table, tenants, waf, limits, problems.is_empty())
    else {
        return Err(problems);
    };
    Ok(Snapshot {
        generation: around.generation,
        config: config.clone(),
        listener_ids: config.listeners.keys().map(|name| table.listener(name)).collect(),
        unrouted: listeners.iter().map(|_| Default::default()).collect(),
        listeners,
        certificates,
        clusters: clusters.into_values().collect(),
        rollouts: rollouts.into_values().collect(),
        table,
        routes,
        trusted_proxies: IpSet::new(&config.trusted_proxies),
        lists: around.previous.as_ref().map(|before| Arc::clone(&before.lists)).unwrap_or_default(),
        access_log,
        tenants,
        limits,
        overload: Arc::new(overload),
        waf,
        admin_token,
        metrics: Arc::clone(&around.metrics),
        refusals: Refusals::new(&around.metrics, reply::FLAGS),
    })
}

/// Says all that is wrong with a configuration file, files that it names included, without binding a socket.
///
/// # Errors
/// All that is wrong, with its places.
pub fn check(path: &std::path::Path) -> Result<(), Report> {
    let loaded = config::load::load(path)?;
    let config = &loaded.config;
    let problems = config::check::check(config);
    let listeners = config
        .listeners
        .iter()
        .map(|(name, written)| (name.clone(), ListenerState::new(name, written.listen)));
    let ticketer = tls::ticketer().map_err(|error| {
        loaded.locate(vec![Problem::at(
            KeyPath::root(),
            format!("no randomness for TLS tickets: {error}"),
        )])
    })?;
    let around = Surroundings {
        generation: 1,
        previous: None,
        listeners: listeners.collect(),
        metrics: Arc::new(Metrics::new(1)),
        ticketer,
        workers: 1,
    };
    // A log file must not be made by looking at the configuration.
    let mut without_log = config.clone();
    without_log.log.access = None;
    let mut audit = None;
    if let Some(waf) = &mut without_log.waf {
        audit = waf::check_audit(waf).err();
        waf.audit = None;
    }
    let compiled = compile(&without_log, &around).map(drop);
    let mut further = compiled.err().unwrap_or_default();
    further.extend(audit.map(|error| Problem::at(path!["waf"].below(&error.key), error.message)));
    let problems = with_further(problems, further);
    if problems.is_empty() { Ok(()) } else { Err(loaded.locate(problems)) }
}

/// Problems of the check, and those of compilation that tell something else: some rules are looked at twice.
fn with_further(mut problems: Vec<Problem>, further: Vec<Problem>) -> Vec<Problem> {
    let leads_to = |a: &Problem, b: &Problem| b.path.segments().starts_with(a.path.segments());
    let known = problems.len();
    for problem in further {
        let told = &problems[..known];
        if !told.iter().any(|other| leads_to(other, &problem) || leads_to(&problem, other)) {
            problems.push(problem);
        }
    }
    problems
}

/// Every file that a configuration names and that a snapshot reads. Its text says no more of them than their names.
pub fn files(config: &Config) -> Vec<std::path::PathBuf> {
    let listeners =
        config.listeners.values().filter_map(|listener| listener.tls.as_ref()).flat_map(tls::files);
    let clusters = config.clusters.values().flat_map(|cluster| {
        [&cluster.tls.ca, &cluster.tls.cert, &cluster.tls.key].into_iter().flatten().cloned()
    });
    let token = config.admin.token.iter().filter_map(|token| token.file.clone());
    let waf = config.waf.iter().flat_map(waf::files);
    listeners.chain(clusters).chain(token).chain(waf).chain(limit::files(config)).collect()
}

type Named<T> = BTreeMap<String, Arc<T>>;

fn clusters(config: &Config, around: &Surroundings, problems: &mut Vec<Problem>) -> Named<Cluster> {
    let mut clusters = Named::new();
    for (name, written) in &config.clusters {
        let previous = around
            .previous
            .as_ref()
            .and_then(|previous| previous.clusters.iter().find(|cluster| *cluster.name == **name));
        let compiled = Cluster::compile(name, written, previous, &around.metrics);
        let at = |(key, message): (String, String)| {
            Problem::at(path!["clusters", name.as_str()].below(&key), message)
        };
        if let Some(cluster) = keep(compiled, problems, at) {
            clusters.insert(name.clone(), cluster);
        }
    }
    clusters
}

/// Where a rollout stands. Only [`Learned::set_green_share`] moves it, once this snapshot is in force.
fn learned(name: &str, written: &config::Rollout, around: &Surroundings) -> Arc<Learned> {
    match before(name, around) {
        Some(before) => Arc::clone(&before.learned),
        None => Learned::new(name, written.weights.green.basis_points(), &around.metrics),
    }
}

fn before<'a>(name: &str, around: &'a Surroundings) -> Option<&'a Arc<Rollout>> {
    let previous = around.previous.as_ref()?;
    previous.rollouts.iter().find(|rollout| *rollout.name == *name)
}

fn rollouts(
    config: &Config,
    around: &Surroundings,
    clusters: &Named<Cluster>,
    problems: &mut Vec<Problem>,
) -> Named<Rollout> {
    let mut rollouts = Named::new();
    for (name, written) in &config.rollouts {
        // A cluster that is not there has its own problem reported.
        let (Some(blue), Some(green)) = (clusters.get(&written.blue), clusters.get(&written.green))
        else {
            continue;
        };
        let at = |key: &str| path!["rollouts", name.as_str()].below(key);
        let one = |error: KeyError| vec![error];
        let problem = |error: KeyError| Problem::at(at(&error.key), error.message);
        let sticky = keep(StickyKeys::compile(&written.sticky).map_err(one), problems, problem);
        let choice = written.override_by.as_ref().map(|by| ColourChoice::compile(by).map_err(one));
        let choice = choice.map(|choice| keep(choice, problems, problem));
        let (Some(sticky), None | Some(Some(_))) = (sticky, &choice) else { continue };
        let rollout = Rollout {
            name: name.as_str().into(),
            id: split::rollout_id(name),
            blue: Arc::clone(blue),
            green: Arc::clone(green),
            declared_share: written.weights.green.basis_points(),
            plan: Plan::compile(written),
            learned: learned(name, written, around),
            sticky,
            choice: choice.flatten(),
            mirror: mirror(name, written, around, clusters),
            rescue: written.rescue,
            guard: written.guard.as_ref().map(guard),
            prewarm: written.prewarm.clone(),
        };
        rollouts.insert(name.clone(), Arc::new(rollout));
    }
    rollouts
}

fn guard(written: &config::Guard) -> Policy {
    Policy {
        error_rise: f64::from(written.error_rise.basis_points()) / 10_000.0,
        p95_ratio: written.p95_ratio,
        min_requests: written.min_requests,
    }
}

fn mirror(
    name: &str,
    rollout: &config::Rollout,
    around: &Surroundings,
    clusters: &Named<Cluster>,
) -> Option<Arc<Mirror>> {
    let written = rollout.mirror.as_ref()?;
    let to = clusters.get(&written.to)?;
    let state = match before(name, around).and_then(|before| before.mirror.as_ref()) {
        Some(mirror) => Arc::clone(&mirror.state),
        None => MirrorState::new(&around.metrics),
    };
    Mirror::compile(name, rollout, Arc::clone(to), state).map(Arc::new)
}

fn routes(
    config: &Config,
    clusters: &Named<Cluster>,
    rollouts: &Named<Rollout>,
    problems: &mut Vec<Problem>,
) -> Vec<Route> {
    let listeners = config.listeners.len();
    let compiled = config.routes.iter().enumerate().filter_map(|(index, written)| {
        match route(written, clusters, rollouts, listeners) {
            Ok(route) => route,
            Err(errors) => {
                let at = |error: KeyError| {
                    Problem::at(path!["routes", index].below(&error.key), error.message)
                };
                problems.extend(errors.into_iter().map(at));
                None
            }
        }
    });
    compiled.collect()
}

/// `None` where the route leads to something that has its own problem reported.
fn route(
    written: &config::Route,
    clusters: &Named<Cluster>,
    rollouts: &Named<Rollout>,
    listeners: usize,
) -> Result<Option<Route>, Vec<KeyError>> {
    let request_headers = HeaderEdits::compile(&written.request_headers, "request_headers")?;
    let response_headers = HeaderEdits::compile(&written.response_headers, "response_headers")?;
    let rewrite = PathRewrite::compile(written).map_err(|error| vec![error])?;
    let action = match &written.to {
        RouteTarget::Cluster(name) => clusters.get(name).cloned().map(Action::Cluster),
        RouteTarget::Rollout(name) => {
            rollouts.get(name).map(|rollout| Action::Rollout(Arc::clone(rollout)))
        }
        RouteTarget::Redirect(url) => Some(redirect(written, url).map_err(|error| vec![error])?),
        RouteTarget::Respond(status) => Some(respond(*status, written.body.as_deref())),
    };
    let class = match &action {
        Some(Action::Rollout(rollout)) => Some(rollout.learned.outcomes.class(&written.name())),
        _ => None,
    };
    Ok(action.map(|action| Route {
        name: written.name().into(),
        action,
        class,
        request_headers,
        response_headers,
        rewrite,
        rewrite_host: written.rewrite.host.clone().map(Bytes::from),
        timeouts: written.timeouts.clone(),
        body_bytes_max: written.max_body.map(|size| size.0),
        upgrade: written.upgrade,
        metrics: std::iter::repeat_with(Default::default).take(listeners).collect(),
    }))
}

fn redirect(written: &config::Route, url: &str) -> Result<Action, KeyError> {
    let template =
        RedirectTemplate::compile(url).map_err(|message| KeyError::new("to", message))?;
    let status = written.redirect_status.and_then(|status| StatusCode::from_u16(status).ok());
    Ok(Action::Redirect(status.unwrap_or(StatusCode::FOUND), template))
}

fn respond(status: u16, body: Option<&str>) -> Action {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    Action::Respond(status, Bytes::from(body.unwrap_or_default().to_owned()))
}

fn listeners(
    config: &Config,
    around: &Surroundings,
    problems: &mut Vec<Problem>,
) -> (Vec<Arc<Listener>>, Vec<Vec<tls::CertificateFacts>>) {
    let mut listeners = Vec::with_capacity(config.listeners.len());
    let mut certificates = Vec::with_capacity(config.listeners.len());
    for (index, (name, written)) in config.listeners.iter().enumerate() {
        let at = |(key, message): (String, String)| {
            Problem::at(path!["listeners", name.as_str(), "tls"].below(&key), message)
        };
        let tls =
            written.tls.as_ref().map(|tls| tls::compile(tls, &written.protocols, &around.ticketer));
        let tls = tls.map(|tls| keep(tls, problems, at));
        let (Some(state), None | Some(Some(_))) = (around.listeners.get(name), &tls) else {
            continue;
        };
        let tls = tls.flatten();
        certificates.push(tls.as_ref().map(|tls| tls.certs.clone()).unwrap_or_default());
        listeners.push(Arc::new(Listener {
            index,
            config: written.clone(),
            tls: tls.map(|tls| tls.config),
            counters: ConnectionCounters::new(&around.metrics, name),
            proxy_sources: written.proxy_protocol.as_ref().map(|proxy| IpSet::new(&proxy.from)),
            state: Arc::clone(state),
        }));
    }
    (listeners, certificates)
}

fn admin_token(config: &Config, problems: &mut Vec<Problem>) -> Option<Token> {
    let token = Token::read(config.admin.token.as_ref()?).map_err(|error| vec![error]);
    keep(token, problems, |error| Problem::at(path!["admin", "token"], error.to_string()))
}

/// The access log; the one before it, where it is written to the same place.
fn access_log(
    config: &Config,
    around: &Surroundings,
    problems: &mut Vec<Problem>,
) -> Option<Arc<AccessLog>> {
    let written = config.log.access.as_ref()?;
    if let Some(previous) = &around.previous
        && previous.config.log.access.as_ref() == Some(written)
    {
        return previous.access_log.clone();
    }
    match AccessLog::open(written, &around.metrics) {
        Ok(log) => Some(Arc::new(log)),
        Err(error) => {
            problems
                .push(Problem::at(path!["log", "access", "path"], format!("cannot open: {error}")));
            None
        }
    }
}

/// The value, or its errors among the problems.
fn keep<T, E>(
    result: Result<T, Vec<E>>,
    problems: &mut Vec<Problem>,
    at: impl Fn(E) -> Problem,
) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(errors) => {
            problems.extend(errors.into_iter().map(at));
            None
        }
    }
}
