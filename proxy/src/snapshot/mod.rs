//! The compiled, immutable form of a configuration, and how one takes the place of another.

pub mod compile;
pub mod control;
#[cfg(test)]
mod effects;
pub mod history;
mod plan;
mod posture;
mod read;
mod state;
mod state_dir;
mod steer;
pub mod watch;

use std::{
    borrow::Cow,
    sync::{Arc, OnceLock},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderValue, StatusCode};

use crate::{
    admin::Token,
    clock::Instant,
    config::{self, Colour},
    filter::{header_edits::HeaderEdits, ip_set::IpSet, live_lists::LiveLists},
    limit,
    listener::{Listener, tls::CertificateFacts},
    mirror::Mirror,
    observe::{
        access_log::AccessLog,
        metrics::{Metrics, RequestLabels, RequestMetrics},
        shards::Counter,
    },
    overload::Overload,
    rollout::{Learned, Opinion, drain, guard, outcomes::Class, plan::Plan, prewarm::Order},
    route::{ColourChoice, ListenerId, PathRewrite, RedirectTemplate, RouteTable, StickyKeys},
    tenant::Tenants,
    upstream::Cluster,
    waf,
};

/// A compiled configuration. Requests keep the one that they began with.
#[derive(Debug)]
pub struct Snapshot {
    /// Counts loads since the process started, from 1.
    pub generation: u64,
    /// What this was compiled from.
    pub config: config::Config,
    /// Where requests come in.
    pub listeners: Vec<Arc<Listener>>,
    /// What the route table calls them.
    listener_ids: Vec<ListenerId>,
    /// Certificates of each listener, for status.
    pub certificates: Vec<Vec<CertificateFacts>>,
    /// Where requests go.
    pub clusters: Vec<Arc<Cluster>>,
    /// Blue and green pairs.
    pub rollouts: Vec<Arc<Rollout>>,
    /// From a request to the position of its route.
    pub table: RouteTable,
    /// What to do with the requests of each route.
    pub routes: Vec<Route>,
    /// Peers that are believed.
    pub trusted_proxies: IpSet,
    /// Lists that operators change while the proxy runs.
    pub lists: Arc<LiveLists>,
    /// Access log, if there is one.
    pub access_log: Option<Arc<AccessLog>>,
    /// What callers of the admin server must show.
    pub admin_token: Option<Token>,
    /// Metrics of the process.
    pub metrics: Arc<Metrics>,
    /// Whose requests are whose.
    pub tenants: Tenants,
    /// What one client may have.
    pub limits: limit::Compiled,
    /// What we take on at once.
    pub overload: Arc<Overload>,
    /// What the WAF does with the requests of each route.
    pub waf: waf::Compiled,
    /// Counters of our own answers.
    pub refusals: Refusals,
    /// Metrics of requests that no route took, by listener.
    unrouted: Vec<OnceLock<RequestMetrics>>,
}

/// What to do with the requests of a route.
#[derive(Debug)]
pub struct Route {
    /// Name in logs and metrics.
    pub name: Arc<str>,
    /// Where they go.
    pub action: Action,
    /// Where a rollout counts their outcomes.
    pub class: Option<Arc<Class>>,
    /// Changes to their header fields.
    pub request_headers: HeaderEdits,
    /// Changes to the response's header fields.
    pub response_headers: HeaderEdits,
    /// Change to the path.
    pub rewrite: Option<PathRewrite>,
    /// Host that the upstream sees.
    pub rewrite_host: Option<Bytes>,
    /// Deadlines that replace those of cluster and listener.
    pub timeouts: config::RouteTimeouts,
    /// Bytes of a request body, where the route says so.
    pub body_bytes_max: Option<u64>,
    /// Whether a client may upgrade the connection.
    pub upgrade: bool,
    /// By listener and target: made when first used.
    metrics: Vec<[OnceLock<RequestMetrics>; TARGETS]>,
}

/// Targets that a route's requests are counted by: none, a cluster, blue, green.
const TARGETS: usize = 4;

/// Where a route leads.
#[derive(Debug)]
pub enum Action {
    /// One cluster.
    Cluster(Arc<Cluster>),
    /// A blue and green pair.
    Rollout(Arc<Rollout>),
    /// Another address.
    Redirect(StatusCode, RedirectTemplate),
    /// A fixed response.
    Respond(StatusCode, Bytes),
}

/// A blue and green pair.
#[derive(Debug)]
pub struct Rollout {
    /// Name in the configuration.
    pub name: Arc<str>,
    /// Seed of the split: replicas agree on it, rollouts differ.
    pub id: u64,
    /// The colour that serves today.
    pub blue: Arc<Cluster>,
    /// The colour that is to serve.
    pub green: Arc<Cluster>,
    /// Green's share as the configuration declares it, in hundredths of a percent. [`Learned`] has the one in force.
    pub declared_share: u16,
    /// How it moves.
    pub plan: Plan,
    /// Where it stands.
    pub learned: Arc<Learned>,
    /// What keeps a client on its colour.
    pub sticky: StickyKeys,
    /// Choice of colour by hand.
    pub choice: Option<ColourChoice>,
    /// Shadow.
    pub mirror: Option<Arc<Mirror>>,
    /// Whether the trusted colour answers what the other one fails.
    pub rescue: bool,
    /// Limits that a candidate is held to.
    pub guard: Option<guard::Policy>,
    /// What a candidate must have done before it is sent its first user.
    pub prewarm: Option<config::Prewarm>,
}

impl Snapshot {
    /// The listener of this name.
    pub fn listener(&self, name: &str) -> Option<&Arc<Listener>> {
        self.listeners.iter().find(|listener| &*listener.state.name == name)
    }

    /// What the route table calls a listener, which may be one of an earlier snapshot.
    pub fn listener_id(&self, listener: &Listener) -> ListenerId {
        match self.position(listener).and_then(|at| self.listener_ids.get(at)) {
            Some(id) => *id,
            None => self.table.listener(&listener.state.name),
        }
    }

    /// Listeners keep their position from one load to the next unless others come or go. `None`: this snapshot does not have
    /// it.
    pub fn position(&self, listener: &Listener) -> Option<usize> {
        let same = |other: &Arc<Listener>| Arc::ptr_eq(&other.state, &listener.state);
        match self.listeners.get(listener.index) {
            Some(other) if same(other) => Some(listener.index),
            _ => self.listeners.iter().position(same),
        }
    }

    /// Where an exchange is counted.
    pub fn request_metrics(
        &self,
        listener: &Listener,
        route: Option<usize>,
        cluster: Option<&str>,
        colour: Option<Colour>,
    ) -> Cow<'_, RequestMetrics> {
        let target = match (cluster, colour) {
            (None, _) => 0,
            (_, None) => 1,
            (_, Some(Colour::Blue)) => 2,
            (_, Some(Colour::Green)) => 3,
        };
        let route = route.and_then(|route| self.routes.get(route));
        let resolve = || {
            self.metrics.request(&RequestLabels {
                listener: listener.state.name.to_string(),
                route: route.map_or("", |route| &route.name).to_owned(),
                cluster: cluster.unwrap_or_default().to_owned(),
                colour,
            })
        };
        let cell = self.position(listener).and_then(|at| match route {
            Some(route) => route.metrics.get(at)?.get(target),
            None => self.unrouted.get(at),
        });
        match cell {
            Some(cell) => Cow::Borrowed(cell.get_or_init(resolve)),
            // A listener that went while the request was on its way.
            None => Cow::Owned(resolve()),
        }
    }
}

impl Rollout {
    /// The cluster of a colour.
    pub fn cluster(&self, colour: Colour) -> &Arc<Cluster> {
        match colour {
            Colour::Blue => &self.blue,
            Colour::Green => &self.green,
        }
    }

    /// What outcomes say of the colour that traffic moves to. Without `guard`, nothing.
    pub fn opinion(&self, candidate: Colour, now: Instant) -> Option<Opinion> {
        Some(self.learned.guard(candidate, self.guard.as_ref()?, now))
    }

    /// Begins to warm a candidate, where the configuration wants that.
    pub fn begin_prewarm(&self, candidate: Colour, now: Instant) {
        let Some(policy) = &self.prewarm else { return };
        let requests = self.learned.recorder.requests();
        if requests.is_empty() {
            let rollout = &*self.name;
            tracing::warn!(rollout, "no request is recorded: only connections are opened ahead");
        }
        self.learned.prewarm.begin(Order {
            rollout: HeaderValue::from_str(&self.name).unwrap_or(HeaderValue::from_static("1")),
            candidate,
            cluster: Arc::clone(self.cluster(candidate)),
            policy: policy.clone(),
            requests,
            other_p95: self.learned.p95(candidate.other()),
            began: now,
        });
    }

    /// Whether the candidate is warm; `None` where the configuration does not ask for it.
    pub fn prewarm_opinion(&self, now: Instant) -> Option<Opinion> {
        self.prewarm.as_ref()?;
        let begun = self.learned.prewarm.opinion(now);
        Some(begun.unwrap_or_else(|| Opinion::Hold("warming has not begun".to_owned())))
    }

    /// Drains a colour that has lost its share. It ends at `until`, or when the colour is given a share again.
    pub fn drain(&self, colour: Colour, until: Instant) {
        self.learned.drains.begin(colour, until, self.cluster(colour));
    }

    /// How far the drain of a colour is, while there is one.
    pub fn drain_status(&self, colour: Colour, now: Instant) -> Option<drain::Status> {
        self.learned.drains.status(colour, &self.learned.outcomes, now)
    }

    /// The colour that may answer what `colour` fails: the trusted one, while it can.
    pub fn rescuer(&self, colour: Colour) -> Option<Colour> {
        let trusted = self.learned.trusted();
        let rescues = self.rescue && trusted == colour.other();
        (rescues && self.cluster(trusted).is_fit()).then_some(trusted)
    }
}

impl Route {
    /// Whether requests of this route leave for an upstream.
    pub fn forwards(&self) -> bool {
        matches!(self.action, Action::Cluster(_) | Action::Rollout(_))
    }

    /// Deadline of a whole exchange.
    pub fn exchange_timeout(&self, listener: &Listener) -> Duration {
        self.timeouts.request.unwrap_or(listener.config.timeouts.request).0
    }
}

/// Counters of our own answers, by the flag of each: resolved once, found by a short walk.
#[derive(Debug)]
pub struct Refusals(Vec<(&'static str, Arc<Counter>)>);

impl Refusals {
    /// Counters of these flags.
    pub fn new(metrics: &Metrics, flags: impl IntoIterator<Item = &'static str>) -> Self {
        Self(flags.into_iter().map(|flag| (flag, metrics.refused(flag))).collect())
    }

    /// Counts one.
    pub fn count(&self, worker: usize, flag: &'static str) {
        if let Some((_, counter)) = self.0.iter().find(|(known, _)| *known == flag) {
            counter.inc(worker);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{effects::compiled, *};
    use crate::{listener::ListenerState, observe::metrics::CodeClass};

    const TEXT: &str = "
        [listeners.a]
        listen = \"127.0.0.1:0\"
        [listeners.b]
        listen = \"127.0.0.1:0\"
        [[routes]]
        listeners = [\"a\"]
        to = \"respond:200\"
        [[routes]]
        match = { path = \"/b\" }
        listeners = [\"b\"]
        to = \"respond:200\"
    ";

    #[test]
    fn a_listener_of_another_snapshot_is_not_taken_for_one_of_this() {
        let snapshot =
            || compiled::snapshot(&config::load::parse("test.toml", TEXT).unwrap().config).unwrap();
        let (before, now) = (snapshot(), snapshot());
        // Of one name, but not the same.
        let b = before.listener("b").unwrap();
        assert_eq!(now.position(b), None);
        assert_eq!(now.listener_id(b), now.table.listener("b"));
        now.request_metrics(b, Some(0), None, None).record(0, CodeClass::Success, Duration::ZERO);
        assert!(now.metrics.render().unwrap().contains("listener=\"b\""));
        assert!(!now.metrics.render().unwrap().contains("listener=\"a\",route=\"*/\""));
        let gone = Arc::new(Listener {
            index: 0,
            config: b.config.clone(),
            tls: None,
            proxy_sources: None,
            counters: crate::listener::ConnectionCounters::new(&now.metrics, "gone"),
            state: ListenerState::new("gone", b.state.address),
        });
        let id = now.listener_id(&gone);
        assert!(id != now.table.listener("a") && id != now.table.listener("b"));
    }
}
