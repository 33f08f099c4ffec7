//! All metrics of the process, and the handles that the hot path counts with.
//!
//! A handle is asked for once, when a snapshot is compiled or a listener is opened, and kept: counting is then one addition
//! on a cache line of the worker's own. Counters survive a reload, because they are found again by their labels. A gauge's
//! series lives as long as its handle.

use std::{
    array,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use http::StatusCode;

use super::{
    exposition::Exposition,
    family::Family,
    metrics_data as data,
    process::ProcessStats,
    shards::{Counter, Gauge, Histogram, Level, OneHot, Sharded},
};
use crate::config::Colour;

/// All metrics.
#[derive(Debug)]
pub struct Metrics {
    workers: usize,
    requests: Family<Codes>,
    durations: Family<Histogram>,
    refused: Family<Counter>,
    retries: Family<Counter>,
    mirrors: Family<Counter>,
    mirror_bytes: Level,
    shadow_compared: Family<Counter>,
    shadow_diffs: Family<Counter>,
    limit_requests: Family<Counter>,
    limit_shared: Family<Counter>,
    limit_bytes: Family<Counter>,
    limit_waits: Family<Counter>,
    limit_keys: Family<Gauge>,
    limit_store: Family<Counter>,
    limit_degraded: Family<Gauge>,
    overload_limit: Family<Gauge>,
    overload_in_flight: Family<Gauge>,
    overload_waiting: Family<Gauge>,
    overload_pressure: Family<Gauge>,
    overload_shed: Family<Counter>,
    rollout_weights: Family<Gauge>,
    rollout_phases: Family<OneHot>,
    rescued: Family<Counter>,
    endpoints: Family<OneHot>,
    connections: Family<Level>,
    accepted: Family<Counter>,
    connections_refused: Family<Counter>,
    accept_errors: Family<Counter>,
    h2_floods: Family<Counter>,
    list_entries: Family<Gauge>,
    generation: Gauge,
    reloads: Family<Counter>,
    access_log_lines: Family<Counter>,
    waf_requests: Family<Counter>,
    waf_rule_hits: Family<Counter>,
    waf_audit_records: Family<Counter>,
    waf_posture_classes: Family<Gauge>,
    waf_posture_missed: Gauge,
}

/// The labels of a request. Without a route, cluster or colour they are empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestLabels {
    /// Name of the listener.
    pub listener: String,
    /// Name of the route.
    pub route: String,
    /// Name of the cluster that answered.
    pub cluster: String,
    /// Colour of the rollout.
    pub colour: Option<Colour>,
}

/// What is counted per request.
#[derive(Debug, Clone)]
pub struct RequestMetrics {
    codes: Arc<Codes>,
    duration: Arc<Histogram>,
}

/// Class of a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeClass {
    /// The client left before it got a status.
    None,
    /// 101.
    Informational,
    /// 2xx.
    Success,
    /// 3xx.
    Redirection,
    /// 4xx.
    ClientError,
    /// 5xx.
    ServerError,
}

#[derive(Debug)]
struct Codes(Sharded<[AtomicU64; CLASSES]>);

impl Metrics {
    /// Nothing counted yet.
    pub fn new(workers: usize) -> Self {
        let counters = || Family::new(move || Counter::new(workers));
        Self {
            workers,
            requests: Family::new(move || Codes(Sharded::new(workers))),
            durations: Family::new(move || Histogram::new(workers)),
            refused: counters(),
            retries: counters(),
            mirrors: counters(),
            mirror_bytes: Level::new(workers),
            shadow_compared: counters(),
            shadow_diffs: counters(),
            limit_requests: counters(),
            limit_shared: counters(),
            limit_bytes: counters(),
            limit_waits: counters(),
            limit_keys: Family::new(Gauge::default),
            limit_store: counters(),
            limit_degraded: Family::new(Gauge::default),
            overload_limit: Family::new(Gauge::default),
            overload_in_flight: Family::new(Gauge::default),
            overload_waiting: Family::new(Gauge::default),
            overload_pressure: Family::new(Gauge::default),
            overload_shed: counters(),
            rollout_weights: Family::new(Gauge::default),
            rollout_phases: Family::new(|| OneHot::new(&data::ROLLOUT_PHASES)),
            rescued: counters(),
            endpoints: Family::new(|| OneHot::new(&data::ENDPOINT_STATES)),
            connections: Family::new(move || Level::new(workers)),
            accepted: counters(),
            connections_refused: counters(),
            accept_errors: counters(),
            h2_floods: counters(),
            list_entries: Family::new(Gauge::default),
            generation: Gauge::default(),
            reloads: counters(),
            access_log_lines: counters(),
            waf_requests: counters(),
            waf_rule_hits: counters(),
            waf_audit_records: counters(),
            waf_posture_classes: Family::new(Gauge::default),
            waf_posture_missed: Gauge::default(),
        }
    }

    /// Workers that were reckoned with; indices run from 0 to one less.
    pub fn workers(&self) -> usize {
        self.workers
    }

    /// What is counted per request with these labels.
    pub fn request(&self, labels: &RequestLabels) -> RequestMetrics {
        let RequestLabels { listener, route, cluster, colour } = labels;
        let colour = colour.map_or("", Colour::as_str);
        RequestMetrics {
            codes: self.requests.with(&[listener, route, cluster, colour]),
            duration: self.durations.with(&[route, cluster]),
        }
    }

    /// Requests that were refused for `reason`.
    pub fn refused(&self, reason: &'static str) -> Arc<Counter> {
        self.refused.with(&[reason])
    }

    /// Retries to `cluster`.
    pub fn retries(&self, cluster: &str) -> Arc<Counter> {
        self.retries.with(&[cluster])
    }

    /// Requests about which a limit came to `verdict`.
    pub fn limit_requests(&self, limit: &str, verdict: &'static str) -> Arc<Counter> {
        self.limit_requests.with(&[limit, verdict])
    }

    /// Requests that a limit counted together with those of other keys.
    pub fn limit_shared(&self, limit: &str) -> Arc<Counter> {
        self.limit_shared.with(&[limit])
    }

    /// Bytes of bodies that a limit has counted.
    pub fn limit_bytes(&self, limit: &str) -> Arc<Counter> {
        self.limit_bytes.with(&[limit])
    }

    /// Times that a body had to wait for a limit.
    pub fn limit_waits(&self, limit: &str) -> Arc<Counter> {
        self.limit_waits.with(&[limit])
    }

    /// Keys of a limit that owe something. The series lives as long as the handle.
    pub fn limit_keys(&self, limit: &str) -> Arc<Gauge> {
        self.limit_keys.with(&[limit])
    }

    /// Requests whose report to a limit's store came to `outcome`.
    pub fn limit_store(&self, limit: &str, outcome: &'static str) -> Arc<Counter> {
        self.limit_store.with(&[limit, outcome])
    }

    /// Whether a limit's store is gone. The series lives as long as the handle.
    pub fn limit_degraded(&self, limit: &str) -> Arc<Gauge> {
        self.limit_degraded.with(&[limit])
    }

    /// State of an endpoint, one of [`data::ENDPOINT_STATES`]. The series lives as long as the handle.
    pub fn endpoint_state(&self, cluster: &str, endpoint: &str) -> Arc<OneHot> {
        self.endpoints.with(&[cluster, endpoint])
    }

    /// Open connections of a listener. The series lives as long as the handle.
    pub fn connections(&self, listener: &str) -> Arc<Level> {
        self.connections.with(&[listener])
    }

    /// Accepted connections of a listener.
    pub fn connections_total(&self, listener: &str) -> Arc<Counter> {
        self.accepted.with(&[listener])
    }

    /// Connections of a listener that were refused for `reason`.
    pub fn connections_refused(&self, listener: &str, reason: &'static str) -> Arc<Counter> {
        self.connections_refused.with(&[listener, reason])
    }

    /// Times that a listener could not accept.
    pub fn accept_errors(&self, listener: &str) -> Arc<Counter> {
        self.accept_errors.with(&[listener])
    }

    /// HTTP/2 connections of a listener that were ended because of `glitch`.
    pub fn h2_floods(&self, listener: &str, glitch: &'static str) -> Arc<Counter> {
        self.h2_floods.with(&[listener, glitch])
    }

    /// Blocks on a list of the admin server.
    pub fn list_entries(&self, list: &'static str) -> Arc<Gauge> {
        self.list_entries.with(&[list])
    }

    /// Number of the configuration in force.
    pub fn config_generation(&self) -> &Gauge {
        &self.generation
    }

    /// Attempts to load a configuration that came to `result`.
    pub fn config_reloads(&self, result: &'static str) -> Arc<Counter> {
        self.reloads.with(&[result])
    }

    /// Lines of the access log that came to `result`.
    pub fn access_log_lines(&self, result: &'static str) -> Arc<Counter> {
        self.access_log_lines.with(&[result])
    }

    /// Requests that the WAF came to `verdict` about.
    pub fn waf_requests(&self, verdict: &'static str) -> Arc<Counter> {
        self.waf_requests.with(&[verdict])
    }

    /// Matches of a rule that came to `action`.
    pub fn waf_rule_hits(&self, rule: &str, action: &'static str) -> Arc<Counter> {
        self.waf_rule_hits.with(&[rule, action])
    }

    /// Records of the audit log that came to `result`.
    pub fn waf_audit_records(&self, result: &'static str) -> Arc<Counter> {
        self.waf_audit_records.with(&[result])
    }

    /// Classes of attacks whose probes came to `state`. The series lives as long as the handle.
    pub fn waf_posture_classes(
        &self,
        listener: &str,
        tenant: &str,
        route: &str,
        state: &'static str,
    ) -> Arc<Gauge> {
        self.waf_posture_classes.with(&[listener, tenant, route, state])
    }

    /// Classes that must be blocked and whose probes were not.
    pub fn waf_posture_missed(&self) -> &Gauge {
        &self.waf_posture_missed
    }

    /// All metrics in the text format of Prometheus (`text/plain; version=0.0.4`).
    pub fn render(&self) -> prometheus::Result<String> {
        let mut to = Exposition::default();
        self.render_requests(&mut to);
        to.numbers(&data::REFUSED_TOTAL, counts(&self.refused));
        to.numbers(&data::RETRIES_TOTAL, counts(&self.retries));
        to.numbers(&data::MIRROR_TOTAL, counts(&self.mirrors));
        to.numbers(&data::RESCUED_TOTAL, counts(&self.rescued));
        to.one(&data::MIRROR_BYTES, self.mirror_bytes.value() as f64);
        to.numbers(&data::SHADOW_COMPARED_TOTAL, counts(&self.shadow_compared));
        to.numbers(&data::SHADOW_DIFF_TOTAL, counts(&self.shadow_diffs));
        to.numbers(&data::LIMIT_REQUESTS_TOTAL, counts(&self.limit_requests));
        to.numbers(&data::LIMIT_SHARED_TOTAL, counts(&self.limit_shared));
        to.numbers(&data::LIMIT_BYTES_TOTAL, counts(&self.limit_bytes));
        to.numbers(&data::LIMIT_WAITS_TOTAL, counts(&self.limit_waits));
        to.numbers(&data::LIMIT_STORE_TOTAL, counts(&self.limit_store));
        self.render_gauges(&mut to);
        self.render_overload(&mut to);
        to.numbers(&data::CONNECTIONS_TOTAL, counts(&self.accepted));
        to.numbers(&data::CONNECTIONS_REFUSED_TOTAL, counts(&self.connections_refused));
        to.numbers(&data::ACCEPT_ERRORS_TOTAL, counts(&self.accept_errors));
        to.numbers(&data::H2_FLOODS_TOTAL, counts(&self.h2_floods));
        let lists = self.list_entries.all().into_iter();
        to.numbers(&data::LIST_ENTRIES, lists.map(|(labels, count)| (labels, count.value())));
        to.one(&data::CONFIG_GENERATION, self.generation.value());
        to.numbers(&data::CONFIG_RELOAD_TOTAL, counts(&self.reloads));
        to.numbers(&data::ACCESS_LOG_LINES_TOTAL, counts(&self.access_log_lines));
        to.numbers(&data::WAF_REQUESTS_TOTAL, counts(&self.waf_requests));
        to.numbers(&data::WAF_RULE_HITS_TOTAL, counts(&self.waf_rule_hits));
        to.numbers(&data::WAF_AUDIT_RECORDS_TOTAL, counts(&self.waf_audit_records));
        let classes = self.waf_posture_classes.held().into_iter();
        let classes = classes.map(|(labels, count)| (labels, count.value()));
        to.numbers(&data::WAF_POSTURE_CLASSES, classes);
        to.one(&data::WAF_POSTURE_MISSED, self.waf_posture_missed.value());
        to.numbers(&data::BUILD_INFO, [(vec![env!("CARGO_PKG_VERSION")], 1.0)]);
        if let Ok(stats) = ProcessStats::read() {
            stats.render(&mut to);
        }
        to.encode()
    }

    fn render_requests(&self, to: &mut Exposition) {
        let requests = self.requests.all().into_iter().flat_map(|(labels, codes)| {
            codes.shown().map(move |(class, count)| {
                let mut labels = labels.clone();
                labels.push(class.to_owned());
                (labels, count as f64)
            })
        });
        to.numbers(&data::REQUESTS_TOTAL, requests);
        let durations = self.durations.all().into_iter();
        let durations = durations.map(|(labels, duration)| (labels, duration.snapshot()));
        to.histograms(&data::REQUEST_DURATION_SECONDS, durations);
    }

    fn render_overload(&self, to: &mut Exposition) {
        for (definition, family) in [
            (&data::OVERLOAD_LIMIT, &self.overload_limit),
            (&data::OVERLOAD_IN_FLIGHT, &self.overload_in_flight),
            (&data::OVERLOAD_WAITING, &self.overload_waiting),
            (&data::OVERLOAD_PRESSURE_PERCENT, &self.overload_pressure),
        ] {
            let series = family.held().into_iter();
            to.numbers(definition, series.map(|(labels, gauge)| (labels, gauge.value())));
        }
        to.numbers(&data::OVERLOAD_SHED_TOTAL, counts(&self.overload_shed));
    }

    fn render_gauges(&self, to: &mut Exposition) {
        let weights = self.rollout_weights.held().into_iter();
        let weights = weights.map(|(labels, weight)| (labels, weight.value()));
        to.numbers(&data::ROLLOUT_WEIGHT, weights);
        let keys = self.limit_keys.held().into_iter();
        to.numbers(&data::LIMIT_KEYS, keys.map(|(labels, keys)| (labels, keys.value())));
        let degraded = self.limit_degraded.held().into_iter();
        let degraded = degraded.map(|(labels, degraded)| (labels, degraded.value()));
        to.numbers(&data::LIMIT_DEGRADED, degraded);
        to.numbers(&data::ROLLOUT_PHASE, one_hot(&self.rollout_phases));
        to.numbers(&data::UPSTREAM_ENDPOINT_STATE, one_hot(&self.endpoints));
        let connections = self.connections.held().into_iter();
        let connections = connections.map(|(labels, open)| (labels, open.value() as f64));
        to.numbers(&data::CONNECTIONS, connections);
    }
}

/// A sample per state of each series.
fn one_hot(family: &Family<OneHot>) -> impl Iterator<Item = (Vec<String>, f64)> {
    family.held().into_iter().flat_map(|(labels, one)| {
        let states: Vec<_> = one.states().collect();
        states.into_iter().map(move |(state, in_force)| {
            let mut labels = labels.clone();
            labels.push(state.to_owned());
            (labels, f64::from(u8::from(in_force)))
        })
    })
}

impl RequestMetrics {
    /// Counts a request that took `duration`.
    pub fn record(&self, worker: usize, class: CodeClass, duration: Duration) {
        self.codes.0.at(worker)[class as usize].fetch_add(1, Relaxed);
        self.duration.observe(worker, duration);
    }
}

impl CodeClass {
    /// The class of `status`.
    pub fn of(status: StatusCode) -> Self {
        match status.as_u16() {
            ..200 => Self::Informational,
            200..300 => Self::Success,
            300..400 => Self::Redirection,
            400..500 => Self::ClientError,
            _ => Self::ServerError,
        }
    }
}

impl Codes {
    /// Classes and their counts. The common ones are shown from zero on, so that their first increase is one.
    fn shown(&self) -> impl Iterator<Item = (&'static str, u64)> + use<> {
        let counts: [u64; CLASSES] = array::from_fn(|class| {
            self.0.iter().map(|shard| shard[class].load(Relaxed)).fold(0, u64::wrapping_add)
        });
        CLASS_NAMES
            .into_iter()
            .zip(counts)
            .filter(|&(name, count)| count > 0 || matches!(name, "2xx" | "4xx" | "5xx"))
    }
}

fn counts(family: &Family<Counter>) -> impl Iterator<Item = (Vec<String>, f64)> {
    family.all().into_iter().map(|(labels, counter)| (labels, counter.value() as f64))
}

const CLASSES: usize = 6;

/// In the order of [`CodeClass`].
const CLASS_NAMES: [&str; CLASSES] = ["none", "1xx", "2xx", "3xx", "4xx", "5xx"];

mod overload;
mod rollout;
#[cfg(test)]
mod tests;
