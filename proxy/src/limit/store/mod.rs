//! Quotas that several replicas share, over a Redis that no request waits for.
//!
//! A replica decides by its own buckets, at once, as it does without a store. What it lets pass it reports in the background, and
//! is told what the key owes over all replicas, which its own bucket is then raised to. Until a report is answered, a key may be
//! ahead of the store by a bounded amount ([`ahead`]); beyond that it is refused. So over all replicas a key has what it is due,
//! and for a moment at most that much more for each further replica, which it then pays for.
//!
//! A store that is gone or silent leaves each replica to itself: its buckets go on, at its share of the rate.

mod link;

use std::{
    env, fs,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering::Relaxed},
    },
    time::Duration,
};

use aws_lc_rs::hmac;
use foxtrot_api::{LimitStoreState, LimitStoreStatus};
use parking_lot::Mutex;
use tokio::sync::mpsc;

use super::{permit::Permit, state::State};
use crate::{
    config::{self, LimitStore, Secret},
    filter::rate_limit::{Bucket, Facts, Key, Span, Table},
    key_error::KeyError,
    observe::{
        metrics::Metrics,
        shards::{Counter, Gauge},
    },
};

/// A limit's way to its store.
#[derive(Debug)]
pub struct Store {
    /// What it was made from; a limit that says the same keeps it.
    made_from: (config::Limit, Option<String>),
    link: Arc<Link>,
    reports: mpsc::Sender<Report>,
    /// For the task, which is started when the configuration is put in force.
    waiting: Mutex<Option<mpsc::Receiver<Report>>>,
    id_key: hmac::Key,
    /// By key: what is reported and not answered yet.
    ahead: Arc<Table>,
    ahead_max: u64,
    /// The bucket of a replica that is on its own.
    pub alone: Bucket,
    lost: Arc<Counter>,
}

/// What requests and the task both know.
#[derive(Debug)]
struct Link {
    limit: Arc<str>,
    url: String,
    user_password: (Option<String>, Option<String>),
    timeout: Duration,
    bucket: Bucket,
    state: Arc<State>,
    condition: AtomicU8,
    error: Mutex<String>,
    degraded: Arc<Gauge>,
    reported: Arc<Counter>,
    failed: Arc<Counter>,
}

/// What a request took.
#[derive(Debug)]
struct Report {
    hash: u64,
    id: [u8; ID_BYTES],
    span: Span,
    _ahead: Permit,
}

/// How a request that is to be reported stands.
#[derive(Debug)]
pub enum Standing {
    /// It is reported.
    Reported,
    /// Its key is too far ahead of the store.
    TooFarAhead,
}

const CONNECTING: u8 = 0;
const CONNECTED: u8 = 1;
const DEGRADED: u8 = 2;

impl Store {
    /// The store of a limit: the one before it, if that says the same.
    ///
    /// # Errors
    /// Its password cannot be read.
    pub fn of(
        name: &str,
        written: &config::Limit,
        bucket: Option<Bucket>,
        state: &Arc<State>,
        before: Option<&Arc<Self>>,
        metrics: &Metrics,
    ) -> Result<Option<Arc<Self>>, KeyError> {
        let (Some(store), Some(bucket), Some(rate)) = (&written.store, bucket, written.rate) else {
            return Ok(None);
        };
        let password = store.password.as_ref().map(read).transpose()?;
        let made_from = (config::Limit { dry_run: false, ..written.clone() }, password.clone());
        if let Some(before) = before.filter(|before| before.made_from == made_from) {
            return Ok(Some(Arc::clone(before)));
        }
        let replicas = u64::from(store.replicas);
        let (reports, waiting) = mpsc::channel(REPORTS_MAX);
        let outcome = |outcome| metrics.limit_store(name, outcome);
        let secret = password.as_deref().unwrap_or_default().as_bytes();
        Ok(Some(Arc::new(Self {
            id_key: hmac::Key::new(hmac::HMAC_SHA256, secret),
            link: Arc::new(Link {
                limit: name.into(),
                url: store.redis.to_string(),
                user_password: (store.user.clone(), password),
                timeout: store.timeout.0,
                bucket,
                state: Arc::clone(state),
                condition: AtomicU8::new(CONNECTING),
                error: Mutex::default(),
                degraded: metrics.limit_degraded(name),
                reported: outcome("reported"),
                failed: outcome("failed"),
            }),
            made_from,
            reports,
            waiting: Mutex::new(Some(waiting)),
            ahead: Arc::new(Table::new(AHEAD_KEYS)),
            ahead_max: ahead(store, rate, bucket.burst()),
            alone: Bucket::new(
                rate.count,
                (rate.per.as_nanos() as u64).saturating_mul(replicas),
                (bucket.burst() / replicas).max(1),
            ),
            lost: outcome("lost"),
        })))
    }

    /// Starts what speaks to the store, once. To be called on the control thread.
    pub fn start(&self) {
        if let Some(reports) = self.waiting.lock().take() {
            tokio::spawn(link::run(Arc::clone(&self.link), reports));
        }
    }

    /// Whether this replica is on its own.
    pub fn is_degraded(&self) -> bool {
        self.link.condition.load(Relaxed) == DEGRADED
    }

    /// Reports what a request took.
    pub fn report(&self, asked: &Asked<'_>, worker: usize) -> Standing {
        let cost = u64::from(asked.cost);
        // A request may cost more than a key may be ahead by; it may be if it is alone.
        let max = self.ahead_max.max(cost);
        let Some(ahead) = Permit::enter(&self.ahead, asked.hash, cost, max) else {
            return Standing::TooFarAhead;
        };
        let id = self.id(asked.key, asked.facts);
        let report = Report { hash: asked.hash, id, span: asked.span, _ahead: ahead };
        if self.reports.try_send(report).is_err() {
            self.lost.inc(worker);
        }
        Standing::Reported
    }

    /// What the store calls a key: the same for every replica, and nothing that could be read back.
    fn id(&self, key: &Key, facts: &Facts<'_>) -> [u8; ID_BYTES] {
        let mut context = hmac::Context::with_key(&self.id_key);
        key.feed(facts, |bytes| context.update(bytes));
        let mut id = [0; ID_BYTES];
        id.iter_mut().zip(context.sign().as_ref()).for_each(|(to, from)| *to = *from);
        id
    }

    /// As `GET /status` shows it.
    pub fn describe(&self) -> LimitStoreStatus {
        let state = match self.link.condition.load(Relaxed) {
            CONNECTING => LimitStoreState::Connecting,
            CONNECTED => LimitStoreState::Connected,
            _ => LimitStoreState::Degraded,
        };
        LimitStoreStatus { state, error: self.link.error.lock().clone() }
    }
}

/// A request that passed.
#[derive(Debug)]
pub struct Asked<'a> {
    /// What it is counted by.
    pub key: &'a Key,
    /// What that is made of.
    pub facts: &'a Facts<'a>,
    /// The hash of both.
    pub hash: u64,
    /// What it cost.
    pub cost: u32,
    /// As time.
    pub span: Span,
}

/// What a key may be ahead of the store by: a tenth of its burst, and no less than what comes while a report may be under way.
fn ahead(store: &LimitStore, rate: config::Rate, burst: u64) -> u64 {
    let per_call = u128::from(rate.count) * store.timeout.0.as_nanos() / rate.per.as_nanos().max(1);
    let per_call = u64::try_from(per_call).unwrap_or(u64::MAX);
    (burst / 10).max(per_call).clamp(1, burst.max(1))
}

fn read(secret: &Secret) -> Result<String, KeyError> {
    let text = match (&secret.env, &secret.file) {
        (Some(name), None) => env::var(name).map_err(|error| format!("{name}: {error}")),
        (None, Some(path)) => {
            fs::read_to_string(path).map_err(|e| format!("cannot read {}: {e}", path.display()))
        }
        _ => Err("a secret needs exactly one of `env` and `file`".to_owned()),
    };
    match text {
        Ok(text) => Ok(text.trim().to_owned()),
        Err(message) => Err(KeyError::new("store.password", message)),
    }
}

const ID_BYTES: usize = 16;

/// Reports that may wait. What does not fit is not reported.
const REPORTS_MAX: usize = 65_536;

/// Keys that may have reports under way and be told apart.
const AHEAD_KEYS: usize = 16_384;
