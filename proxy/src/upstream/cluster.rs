//! `[clusters.NAME]` compiled: settings, endpoints, and the load that they share.

use std::{
    collections::HashSet,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use arc_swap::{ArcSwap, Guard};
use parking_lot::Mutex;
use tokio::sync::watch;
use xxhash_rust::xxh3::xxh3_64;

use super::{
    balance::{self, Fitness},
    breaker::{Admission, Load, Traffic},
    endpoint::{Endpoint, Held},
    health, maglev,
    outlier::Seen,
    settings::{Balance, Problem, Settings},
    source::{self, Source},
};
use crate::{
    clock::{self, Instant},
    config,
    error::Error,
    observe::{metrics::Metrics, shards::Counter},
    route::StickyKeys,
    wire::RequestHead,
};

/// A set of endpoints that serve the same thing, and how we treat them.
///
/// The settings are one configuration's. What was learned (health, ejection, idle connections, counters) passes on to the
/// cluster of the same name in the next.
#[derive(Debug)]
pub struct Cluster {
    /// The name in the configuration.
    pub name: Arc<str>,
    key: Option<StickyKeys>,
    pub(super) settings: Settings,
    pub(super) sources: Box<[Source]>,
    pub(super) load: Arc<Load>,
    endpoints: ArcSwap<Endpoints>,
    /// Tells the control thread of another set of endpoints.
    changed: watch::Sender<()>,
    lanes: Box<[Lane]>,
    /// Further tries.
    pub(super) retries: Arc<Counter>,
    made_from: source::MadeFrom,
    /// Ejections are counted against their share one at a time.
    ejecting: Mutex<()>,
}

/// The endpoints at one time.
#[derive(Debug, Default)]
pub struct Endpoints {
    /// All of them, in the order of the configuration.
    pub list: Vec<Arc<Endpoint>>,
    table: Option<maglev::Table>,
}

/// One worker's turn and chance, on a cache line of its own.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Lane {
    turn: AtomicUsize,
    chance: AtomicU64,
}

impl Cluster {
    /// Compiles `config`. What `previous`, the cluster of the same name, has learned is kept: endpoints of the same origin,
    /// address, protocol and TLS are kept with their connections, others of the same origin and address with their health.
    ///
    /// # Errors
    /// Every problem with its key, relative to the cluster.
    pub fn compile(
        name: &str,
        config: &config::Cluster,
        previous: Option<&Arc<Self>>,
        metrics: &Metrics,
    ) -> Result<Arc<Self>, Vec<Problem>> {
        let key = key(&config.balance)?;
        if let Some(health) = &config.health {
            health::check(health)?;
        }
        let previous = previous.map(AsRef::as_ref);
        let made_from = source::MadeFrom::read(config)?;
        let known = previous.filter(|previous| previous.made_from == made_from);
        let known = known.map_or(&[][..], |previous| &previous.sources);
        let sources = source::compile(config, &made_from, known)?;
        let cluster = Self {
            name: name.into(),
            key,
            settings: Settings::new(config),
            sources: sources.into(),
            load: previous.map(|previous| previous.load.clone()).unwrap_or_default(),
            endpoints: ArcSwap::default(),
            changed: watch::Sender::new(()),
            lanes: lanes(metrics.workers().max(1)),
            retries: metrics.retries(name),
            made_from,
            ejecting: Mutex::default(),
        };
        cluster.adopt(previous);
        Ok(Arc::new(cluster))
    }

    /// What was compiled, as text: settings and origins, without what is learned or left to chance.
    #[cfg(test)]
    pub(crate) fn compiled(&self) -> String {
        let origins = self.sources.iter().map(|source| (&source.origin, source.transport.protocol));
        format!("{:?} {:?} {:?}", self.key, self.settings, origins.collect::<Vec<_>>())
    }

    /// Hash of the key that requests are balanced by, where `balance` names one.
    pub fn balance_key(&self, head: &RequestHead, client: IpAddr) -> Option<u64> {
        let key = self.key.as_ref()?;
        Some(xxh3_64(key.value(head, client).as_bytes()))
    }

    /// Deadline of all tries, `timeouts.total`.
    pub fn total_timeout(&self) -> Duration {
        self.settings.timeouts.total
    }

    /// Bytes of a request body that are kept for another try, `retry.body_bytes`.
    pub fn kept_body_bytes(&self) -> u64 {
        self.settings.retry.body_bytes
    }

    /// Whether any endpoint is in rotation.
    pub fn is_fit(&self) -> bool {
        let now = clock::now();
        self.endpoints().list.iter().any(|endpoint| endpoint.in_rotation(self.is_probed(), now))
    }

    /// The endpoints as they are.
    pub fn endpoints(&self) -> Guard<Arc<Endpoints>> {
        self.endpoints.load()
    }

    /// Changes of the set of endpoints.
    pub(super) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// Whether a source has any endpoint.
    pub(super) fn has_addresses(&self, source: usize) -> bool {
        let origin = self.sources.get(source).map(|source| &source.origin);
        self.endpoints.load().list.iter().any(|endpoint| Some(&endpoint.origin) == origin)
    }

    /// Whether endpoints are probed.
    pub fn is_probed(&self) -> bool {
        self.settings.health.is_some()
    }

    /// Admits a request.
    ///
    /// # Errors
    /// Too many are in flight.
    pub(super) fn admit(&self) -> Result<Admission, Error> {
        self.load
            .admit(self.settings.breaker.requests)
            .ok_or(Error::Overflow { cap: "requests", retry_after: RETRY_AFTER })
    }

    /// An endpoint for a try; `tried` are those that this request has failed on.
    pub(super) fn pick(
        &self,
        worker: usize,
        hash: Option<u64>,
        traffic: Traffic,
        tried: &[Arc<Endpoint>],
    ) -> Option<Arc<Endpoint>> {
        let now = clock::now();
        let endpoints = self.endpoints.load();
        let list = &endpoints.list;
        // One draw for the whole pick. Of a key's it is the key's own, so that it moves to an endpoint once and stays.
        let draw = match (self.settings.slow_start, hash) {
            (None, _) => 0,
            (Some(_), Some(hash)) => hash,
            (Some(_), None) => self.chance(worker),
        };
        let fitness = |index: usize| {
            let fitness = self.fitness(&list[index], tried, now);
            let starts = fitness == Fitness::Fresh && !self.takes(&list[index], index, draw, now);
            if starts { Fitness::Starting } else { fitness }
        };
        // A further try takes nobody's turn: with it, two endpoints of which one fails would have every request start at
        // that one.
        // Nor does a copy: of two endpoints, one would get all copies and the other all that is live.
        let turn = |lane: &Lane| match (traffic, tried) {
            (Traffic::Copy, _) => self.chance(worker) as usize,
            (Traffic::Live, []) => lane.turn.fetch_add(1, Ordering::Relaxed),
            (Traffic::Live, _) => lane.turn.load(Ordering::Relaxed),
        };
        let lane = self.lanes.get(worker).or(self.lanes.first())?;
        let index = match (self.settings.balance, hash, &endpoints.table) {
            (Balance::Hash, Some(hash), Some(table)) => by_hash(table, hash, list.len(), fitness),
            (Balance::LeastRequest, ..) => {
                let busy = |index: usize| list[index].vitals.active.load(Ordering::Relaxed);
                balance::less_busy(list.len(), self.chance(worker), fitness, busy)
            }
            _ => {
                let turn = turn(lane);
                let starts = turn.checked_rem(list.len()).map(fitness) == Some(Fitness::Starting);
                // What one cannot take yet is for all others, and not for the next in turn alone.
                let start = if starts { draw as usize } else { turn };
                balance::in_turn(list.len(), start, fitness)
            }
        };
        index.and_then(|index| list.get(index).cloned())
    }

    /// Whether an endpoint that may have just begun to serve takes a try.
    fn takes(&self, endpoint: &Endpoint, index: usize, draw: u64, now: Instant) -> bool {
        let Some(window) = self.settings.slow_start else { return true };
        let share = endpoint.vitals.share(window, now);
        share >= 1.0 || balance::takes(share, balance::mix(draw ^ balance::mix(index as u64)))
    }

    /// A random number, as good as jitter and balance need.
    pub(super) fn chance(&self, worker: usize) -> u64 {
        let Some(lane) = self.lanes.get(worker).or(self.lanes.first()) else { return 0 };
        balance::mix(lane.chance.fetch_add(1, Ordering::Relaxed))
    }

    /// Closes an idle connection of any endpoint; true if that made room at once.
    pub(super) fn evict(&self, chance: u64) -> bool {
        let endpoints = self.endpoints.load();
        let count = endpoints.list.len();
        let start = chance as usize % count.max(1);
        (0..count).any(|step| endpoints.list[(start + step) % count].evict())
    }

    /// Closes idle connections, and those in use with their exchange, until [`Self::wind_up`]. Requests are still served.
    pub fn wind_down(&self) {
        self.load.set_winding_down(true);
        self.endpoints.load().list.iter().for_each(|endpoint| endpoint.clear());
    }

    /// Keeps connections again.
    pub fn wind_up(&self) {
        self.load.set_winding_down(false);
    }

    /// Whether connections close with their exchange.
    pub fn is_winding_down(&self) -> bool {
        self.load.is_winding_down()
    }

    /// Puts the addresses of a source into use, in place of those that it had.
    pub(super) fn set_addresses(&self, source: usize, addresses: &[SocketAddr]) {
        let Some(own) = self.sources.get(source) else { return };
        let current = self.endpoints.load_full();
        let mut list = Vec::with_capacity(current.list.len() + addresses.len());
        for other in &self.sources {
            if !Arc::ptr_eq(&other.origin, &own.origin) {
                list.extend(current.list.iter().filter(|e| e.origin == other.origin).cloned());
                continue;
            }
            for address in addresses {
                let known = |e: &&Arc<Endpoint>| e.origin == own.origin && e.address == *address;
                list.push(match current.list.iter().find(known) {
                    Some(known) if !known.is_retired() => known.clone(),
                    known => {
                        let new = self.endpoint(own, *address, known.map(AsRef::as_ref));
                        if known.is_none() && !current.list.is_empty() {
                            new.vitals.begin(clock::now());
                        }
                        Arc::new(new)
                    }
                });
            }
        }
        let gone: Vec<_> = current
            .list
            .iter()
            .filter(|old| !list.iter().any(|new| Arc::ptr_eq(old, new)))
            .collect();
        self.publish(list);
        gone.into_iter().for_each(|endpoint| endpoint.retire());
    }

    fn fitness(&self, endpoint: &Arc<Endpoint>, tried: &[Arc<Endpoint>], now: Instant) -> Fitness {
        let tried = tried.iter().any(|other| Arc::ptr_eq(other, endpoint));
        match (endpoint.in_rotation(self.is_probed(), now), tried) {
            (true, false) => Fitness::Fresh,
            (true, true) => Fitness::Tried,
            (false, false) => Fitness::Doubtful,
            (false, true) => Fitness::Hopeless,
        }
    }

    fn endpoint(&self, source: &Source, address: SocketAddr, old: Option<&Endpoint>) -> Endpoint {
        let transport = source.transport.clone();
        let mut new = Endpoint::new(source.origin.clone(), address, transport, self.lanes.len());
        if let Some(old) = old {
            new.vitals = old.vitals.clone();
        }
        new
    }

    /// The first endpoints: written addresses, and what the previous configuration had resolved.
    fn adopt(&self, previous: Option<&Self>) {
        let old = previous.map(|previous| previous.endpoints.load_full()).unwrap_or_default();
        let mut list = Vec::new();
        for source in &self.sources {
            let of_source = || old.list.iter().filter(|old| old.origin == source.origin);
            let addresses: Vec<SocketAddr> = match source.origin.ip() {
                Some(ip) => vec![SocketAddr::new(ip, source.origin.port)],
                None => of_source().map(|old| old.address).collect(),
            };
            for address in addresses {
                let same = of_source().find(|old| old.address == address);
                let kept = same.filter(|old| {
                    Arc::ptr_eq(&old.transport, &source.transport)
                        && old.pools.len() == self.lanes.len()
                        && !old.is_retired()
                });
                list.push(match kept {
                    Some(kept) => kept.clone(),
                    None => {
                        let new = self.endpoint(source, address, same.map(AsRef::as_ref));
                        if same.is_none() && !old.list.is_empty() {
                            new.vitals.begin(clock::now());
                        }
                        Arc::new(new)
                    }
                });
            }
        }
        self.publish(list);
    }

    fn publish(&self, list: Vec<Arc<Endpoint>>) {
        let names = list.iter().map(|endpoint| endpoint.label.as_bytes());
        let table = (self.settings.balance == Balance::Hash).then(|| maglev::Table::new(names));
        self.endpoints.store(Arc::new(Endpoints { list, table }));
        self.changed.send_replace(());
    }

    /// Ejects an endpoint, unless too many are ejected already.
    fn eject(&self, endpoint: &Endpoint) {
        let now = clock::now();
        let _one_at_a_time = self.ejecting.lock();
        let endpoints = self.endpoints.load();
        let ejected = endpoints.list.iter().filter(|other| other.vitals.is_ejected(now)).count();
        let policy = &self.settings.outlier;
        if !endpoint.vitals.is_ejected(now) && policy.has_room(endpoints.list.len(), ejected) {
            endpoint.vitals.eject(policy, now);
            tracing::warn!(cluster = &*self.name, endpoint = &*endpoint.label, "endpoint ejected");
        }
    }
}

/// Takes endpoints out of use that were in clusters `before` and are in none `after`: their idle connections close at once,
/// so that they hold no room under caps that outlive them, and those under way with their exchange.
pub fn replaced(before: &[Arc<Cluster>], after: &[Arc<Cluster>]) {
    let lists = |clusters: &[Arc<Cluster>]| -> Vec<Arc<Endpoint>> {
        clusters.iter().flat_map(|cluster| cluster.endpoints().list.clone()).collect()
    };
    let kept = lists(after);
    let kept: HashSet<_> = kept.iter().map(Arc::as_ptr).collect();
    let gone = lists(before).into_iter().filter(|endpoint| !kept.contains(&Arc::as_ptr(endpoint)));
    gone.for_each(|endpoint| endpoint.retire());
}

impl Held {
    /// Takes note of how the try ended.
    pub(super) fn see(&self, seen: Seen) {
        if self.traffic == Traffic::Live
            && self.endpoint.vitals.see(seen, &self.cluster.settings.outlier)
        {
            self.cluster.eject(&self.endpoint);
        }
    }
}

/// Follows the table for a few steps; what stands further on is as good as the next in turn.
fn by_hash(
    table: &maglev::Table,
    hash: u64,
    count: usize,
    fitness: impl Fn(usize) -> Fitness,
) -> Option<usize> {
    let near = balance::best(table.walk(hash).take(WALK_MAX), &fitness)?;
    if fitness(near) == Fitness::Fresh {
        return Some(near);
    }
    balance::in_turn(count, hash as usize, fitness)
}

fn key(balance: &config::Balance) -> Result<Option<StickyKeys>, Vec<Problem>> {
    let config::Balance::Hash(key) = balance else { return Ok(None) };
    let compiled = StickyKeys::compile(std::slice::from_ref(key));
    compiled.map(Some).map_err(|error| vec![("balance.hash".into(), error.message)])
}

fn lanes(workers: usize) -> Box<[Lane]> {
    let seed = clock::since_epoch().as_nanos() as u64;
    let lane = |worker: usize| Lane {
        // Workers start at different endpoints, so that they do not meet at the same one.
        turn: AtomicUsize::new(worker),
        chance: AtomicU64::new(balance::mix(seed.wrapping_add(worker as u64))),
    };
    (0..workers).map(lane).collect()
}

/// When to come back after an overflow: caps are reached in bursts, and a second is the shortest that the field can say.
pub(super) const RETRY_AFTER: Duration = Duration::from_secs(1);
/// Slots of a Maglev table looked at for an endpoint in rotation.
const WALK_MAX: usize = 64;
