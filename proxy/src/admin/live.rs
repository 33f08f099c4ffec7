//! The admin server's view of the running process.

use std::{collections::HashMap, sync::Arc, time::Duration};

use foxtrot_api::{
    AccessLogStatus, CertificateStatus, ClusterStatus, ConfigText, EndpointState, EndpointStatus,
    Generation, LimitStatus, ListenerStatus, Parity, ReloadResult, RolloutChange, RolloutStatus,
    ShadowDiff, Status, TlsStatus, WafStatus,
};
use parking_lot::Mutex;

use super::Operations;
use crate::{
    clock,
    config::{self, Cidr},
    filter::live_lists::{Entry, List, Unlisted},
    mirror::{compare::Ignore, pairing::Comparison, parity},
    observe::shards::{Gauge, OneHot},
    rollout::{drive::Unmoved, plan::Command},
    server::Life,
    snapshot::{Snapshot, control::Control, history},
    upstream::{self, Cluster},
};

/// The running process.
pub struct Live {
    control: Arc<Control>,
    life: Arc<Life>,
    /// Endpoints come and go with names that resolve anew: their series live from one scrape to the next.
    endpoints: Mutex<Vec<Arc<OneHot>>>,
    limits: Mutex<Vec<Arc<Gauge>>>,
    overload: Mutex<Vec<Arc<Gauge>>>,
}

impl Live {
    /// A view of the process that `control` steers.
    pub fn new(control: Arc<Control>, life: Arc<Life>) -> Self {
        let (endpoints, limits, overload) = Default::default();
        Self { control, life, endpoints, limits, overload }
    }

    fn gauge_endpoints(&self, snapshot: &Snapshot) {
        let metrics = self.control.metrics();
        let mut series = Vec::new();
        for cluster in &snapshot.clusters {
            let cluster = cluster.describe();
            for (endpoint, label) in cluster.endpoints.iter().zip(labels(&cluster.endpoints)) {
                let one = metrics.endpoint_state(&cluster.name, &label);
                one.set(state(endpoint.state));
                series.push(one);
            }
        }
        *self.endpoints.lock() = series;
    }

    fn gauge_limits(&self, snapshot: &Snapshot) {
        let keys = |limit: LimitStatus| {
            let gauge = self.control.metrics().limit_keys(&limit.name);
            gauge.set(limit.keys as f64);
            gauge
        };
        *self.limits.lock() =
            snapshot.limits.describe(clock::now()).into_iter().map(keys).collect();
    }

    fn gauge_overload(&self, snapshot: &Snapshot) {
        let metrics = self.control.metrics();
        let mut series = Vec::new();
        let mut add = |gauge: Arc<Gauge>, value: f64| {
            gauge.set(value);
            series.push(gauge);
        };
        let overload = snapshot.overload.describe();
        for limiter in overload.iter().flat_map(|overload| &overload.limiters) {
            let [limit, in_flight, waiting] = metrics.overload(&limiter.name);
            add(limit, limiter.limit.map_or(f64::INFINITY, f64::from));
            add(in_flight, f64::from(limiter.in_flight));
            add(waiting, f64::from(limiter.waiting));
        }
        for resource in overload.iter().flat_map(|overload| &overload.pressure) {
            add(metrics.overload_pressure(&resource.resource), resource.used);
        }
        *self.overload.lock() = series;
    }
}

impl Operations for Live {
    fn ready(&self) -> bool {
        !self.life.is_ending()
    }

    async fn status(&self) -> Status {
        let snapshot = self.control.snapshot();
        Status {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
            // Milliseconds fit for half a billion years.
            started_at: self.life.started_at.as_millis() as u64,
            uptime_s: clock::now().saturating_duration_since(self.life.started).as_secs(),
            generation: snapshot.generation,
            config_hash: self.control.with_history(|history| {
                history.latest().map(|entry| entry.facts.hash.clone()).unwrap_or_default()
            }),
            last_reload: self.control.last(),
            ready: self.ready(),
            draining: self.life.is_ending(),
            workers: self.control.thread_count(),
            listeners: listeners(&snapshot),
            limits: snapshot.limits.describe(clock::now()),
            overload: snapshot.overload.describe(),
            access_log: snapshot.access_log.is_some().then(|| {
                let metrics = self.control.metrics();
                AccessLogStatus {
                    written: metrics.access_log_lines("written").value(),
                    dropped: metrics.access_log_lines("dropped").value(),
                }
            }),
        }
    }

    async fn metrics_text(&self) -> String {
        let snapshot = self.control.snapshot();
        self.gauge_endpoints(&snapshot);
        self.gauge_limits(&snapshot);
        self.gauge_overload(&snapshot);
        let entries = snapshot.lists.entries();
        for list in List::ALL {
            let count = entries.iter().filter(|entry| entry.list == list).count();
            self.control.metrics().list_entries(list.as_str()).set(count as f64);
        }
        match self.control.metrics().render() {
            Ok(text) => text,
            Err(error) => {
                tracing::error!(%error, "metrics cannot be rendered");
                String::new()
            }
        }
    }

    async fn config_text(&self) -> ConfigText {
        self.control.with_history(|history| match history.latest() {
            Some(entry) => ConfigText {
                generation: entry.facts.generation,
                hash: entry.facts.hash.clone(),
                text: entry.text.to_string(),
            },
            // There is always one: the process began with it.
            None => ConfigText { generation: 0, hash: history::hash(""), text: String::new() },
        })
    }

    async fn history(&self) -> Vec<Generation> {
        self.control.with_history(history::History::list)
    }

    async fn diff(&self, from: u64, to: u64) -> Option<String> {
        self.control.with_history(|history| history.diff(from, to))
    }

    async fn clusters(&self) -> Vec<ClusterStatus> {
        self.control.snapshot().clusters.iter().map(|cluster| cluster.describe()).collect()
    }

    async fn waf(&self) -> WafStatus {
        let snapshot = self.control.snapshot();
        let metrics = self.control.metrics();
        snapshot.waf.describe(snapshot.generation, clock::since_epoch(), metrics)
    }

    async fn rollouts(&self) -> Vec<RolloutStatus> {
        let rollouts = self.control.rollouts();
        let snapshot = self.control.snapshot();
        snapshot.rollouts.iter().map(|rollout| rollouts.describe(&**rollout)).collect()
    }

    async fn move_rollout(
        &self,
        name: &str,
        asked: Command,
        caller: String,
    ) -> Result<RolloutChange, Unmoved> {
        let snapshot = self.control.snapshot();
        let rollout = snapshot.rollouts.iter().find(|rollout| *rollout.name == *name);
        let rollout = rollout.ok_or(Unmoved::Unknown)?;
        let (change, written) = self.control.rollouts().command(&**rollout, asked, &caller)?;
        if let Some(written) = written {
            written.wait().await;
        }
        Ok(change)
    }

    async fn events(&self, after: u64, limit: usize) -> Vec<u8> {
        self.control.events().after(after, limit)
    }

    async fn shadow_diff(&self, name: &str) -> Option<ShadowDiff> {
        Some(comparison(&self.control.snapshot(), name)?.describe(name))
    }

    async fn forget_shadow_diff(&self, name: &str) -> Option<ShadowDiff> {
        let snapshot = self.control.snapshot();
        let comparison = comparison(&snapshot, name)?;
        let diff = comparison.describe(name);
        comparison.reset();
        tracing::info!(rollout = name, "differences of the shadow are forgotten");
        Some(diff)
    }

    async fn parity(&self, name: &str) -> Option<Parity> {
        let snapshot = self.control.snapshot();
        let rollout = snapshot.rollouts.iter().find(|rollout| *rollout.name == *name)?;
        let document = snapshot.config.rollouts.get(name)?.parity.as_ref();
        let (blue, green) = tokio::join!(
            side(&snapshot.config, &rollout.blue, document),
            side(&snapshot.config, &rollout.green, document)
        );
        let ignore = Ignore::new(document.into_iter().flat_map(|document| &document.ignore));
        Some(Parity {
            rollout: name.to_owned(),
            blue: rollout.blue.name.to_string(),
            green: rollout.green.name.to_string(),
            differences: parity::compare(&blue?, &green?, &ignore),
        })
    }

    async fn lists(&self) -> Vec<Entry> {
        self.control.snapshot().lists.entries()
    }

    async fn list(
        &self,
        list: List,
        block: Cidr,
        lasts: Duration,
        reason: String,
    ) -> Result<Entry, Unlisted> {
        let since = clock::since_epoch();
        let entry = Entry { list, block, since, until: since + lasts, reason };
        let snapshot = self.control.snapshot();
        snapshot.lists.add(entry.clone(), snapshot.config.admin.list_entries as usize)?;
        let (list, reason) = (list.as_str(), &entry.reason);
        tracing::info!(list, %block, seconds = lasts.as_secs(), reason, "listed");
        self.control.say_list("added", list, &block.to_string(), Some(reason));
        Ok(entry)
    }

    async fn unlist(&self, list: List, block: Cidr) -> Option<Entry> {
        let entry = self.control.snapshot().lists.remove(list, block)?;
        tracing::info!(list = list.as_str(), %block, "taken off its list");
        self.control.say_list("removed", list.as_str(), &block.to_string(), None);
        Some(entry)
    }

    async fn reload(&self) -> ReloadResult {
        let control = Arc::clone(&self.control);
        in_task(async move { control.reload(foxtrot_api::Cause::Admin).await }).await
    }

    async fn rollback(&self, generation: u64) -> Option<ReloadResult> {
        self.control.with_history(|history| history.find(generation).map(drop))?;
        let control = Arc::clone(&self.control);
        Some(in_task(async move { control.rollback(generation).await }).await)
    }
}

/// A caller that leaves must not stop a load half way.
async fn in_task(load: impl Future<Output = ReloadResult> + Send + 'static) -> ReloadResult {
    tokio::spawn(load).await.unwrap_or_else(|_| ReloadResult {
        result: foxtrot_api::ReloadOutcome::Refused,
        generation: 0,
        errors: vec![foxtrot_api::LocatedError {
            message: "loading failed".to_owned(),
            ..foxtrot_api::LocatedError::default()
        }],
    })
}

fn listeners(snapshot: &Snapshot) -> Vec<ListenerStatus> {
    let rows = snapshot.listeners.iter().zip(&snapshot.certificates);
    rows.map(|(listener, certificates)| ListenerStatus {
        name: listener.state.name.to_string(),
        address: listener.state.address.to_string(),
        connections: listener.state.open() as u64,
        tls: listener.tls.as_ref().map(|_| TlsStatus {
            certs: certificates
                .iter()
                .map(|facts| CertificateStatus {
                    names: facts.names.clone(),
                    not_after: facts.not_after,
                })
                .collect(),
        }),
    })
    .collect()
}

/// What is known of a cluster, its document asked for.
async fn side<'c>(
    config: &'c config::Config,
    cluster: &Arc<Cluster>,
    document: Option<&config::Parity>,
) -> Option<parity::Side<'c>> {
    let endpoints = cluster.describe().endpoints;
    let healthy = endpoints.iter().filter(|endpoint| endpoint.state == EndpointState::Healthy);
    let (endpoints, healthy) = (endpoints.len(), healthy.count());
    let document = match document {
        None => None,
        Some(document) => Some(upstream::fetch(cluster, &document.path, DOCUMENT_TIME_MAX).await),
    };
    let settings = config.clusters.get(&*cluster.name)?;
    Some(parity::Side { settings, endpoints, healthy, document })
}

/// For a document that says what a colour is.
const DOCUMENT_TIME_MAX: Duration = Duration::from_secs(5);

fn comparison<'s>(snapshot: &'s Snapshot, name: &str) -> Option<&'s Arc<Comparison>> {
    let rollout = snapshot.rollouts.iter().find(|rollout| *rollout.name == *name)?;
    rollout.mirror.as_ref()?.comparison.as_ref()
}

/// What metrics call endpoints: their address, behind their origin where another origin of the cluster has it as well.
fn labels(endpoints: &[EndpointStatus]) -> Vec<String> {
    let mut counts = HashMap::<_, u32>::new();
    for endpoint in endpoints {
        *counts.entry(endpoint.address.as_str()).or_default() += 1;
    }
    let label = |endpoint: &EndpointStatus| match counts.get(endpoint.address.as_str()) {
        Some(2..) => format!("{} {}", endpoint.origin, endpoint.address),
        _ => endpoint.address.clone(),
    };
    endpoints.iter().map(label).collect()
}

fn state(state: EndpointState) -> &'static str {
    match state {
        EndpointState::Healthy => "healthy",
        EndpointState::Unhealthy => "unhealthy",
        EndpointState::Ejected => "ejected",
        EndpointState::Unprobed => "unprobed",
    }
}
