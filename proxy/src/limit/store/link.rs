//! The task that speaks to the store, beside the control thread's other work: gathers what has been taken, charges it in one call,
//! and connects again where that fails. It ends with its store.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, atomic::Ordering::Relaxed},
    time::Duration,
};

use redis::{
    AsyncConnectionConfig, Client, ConnectionInfo, IntoConnectionInfo as _, RedisError, Script,
    aio::MultiplexedConnection,
};
use tokio::{
    sync::mpsc::Receiver,
    time::{error::Elapsed, timeout},
};
use tracing::{info, warn};

use super::{CONNECTED, DEGRADED, ID_BYTES, Link, Report};
use crate::{
    clock,
    filter::rate_limit::{Span, bucket::At},
};

/// Why there is no store.
#[derive(Debug, thiserror::Error)]
enum StoreError {
    #[error(transparent)]
    Redis(#[from] RedisError),
    #[error("silent for longer than its timeout")]
    Silent(#[from] Elapsed),
    #[error("answers otherwise than asked")]
    Answer,
}

/// What some requests of one key took, until it is told.
struct Charge {
    id: [u8; ID_BYTES],
    span: u64,
    reports: Vec<Report>,
}

/// Speaks to the store until nobody reports any more.
pub(super) async fn run(link: Arc<Link>, mut reports: Receiver<Report>) {
    let mut pause = PAUSE_MIN;
    loop {
        let error = match connect(&link).await {
            Ok(mut connection) => {
                pause = PAUSE_MIN;
                link.connected();
                match serve(&link, &mut connection, &mut reports).await {
                    Ok(()) => return,
                    Err(error) => error,
                }
            }
            Err(error) => error,
        };
        link.degraded(&error);
        // What was taken before is owed in our own buckets, and would be told too late.
        let again = clock::now() + pause;
        loop {
            match tokio::time::timeout_at(again, reports.recv()).await {
                Ok(Some(_)) => {}
                Ok(None) => return,
                Err(_) => break,
            }
        }
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

async fn connect(link: &Link) -> Result<MultiplexedConnection, StoreError> {
    let info: ConnectionInfo = link.url.as_str().into_connection_info()?;
    let mut settings = info.redis_settings().clone();
    if let Some(user) = &link.user_password.0 {
        settings = settings.set_username(user);
    }
    if let Some(password) = &link.user_password.1 {
        settings = settings.set_password(password);
    }
    let client = Client::open(info.set_redis_settings(settings))?;
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(CONNECT_MAX))
        .set_response_timeout(Some(link.timeout));
    let mut connection =
        timeout(CONNECT_MAX, client.get_multiplexed_async_connection_with_config(&config))
            .await??;
    // It must also answer.
    let () = timeout(link.timeout, redis::cmd("PING").query_async(&mut connection)).await??;
    Ok(connection)
}

/// `Ok` where nobody reports any more.
async fn serve(
    link: &Link,
    connection: &mut MultiplexedConnection,
    reports: &mut Receiver<Report>,
) -> Result<(), StoreError> {
    loop {
        let first = match timeout(PING_EVERY, reports.recv()).await {
            Ok(Some(report)) => report,
            Ok(None) => return Ok(()),
            Err(_) => {
                let () =
                    timeout(link.timeout, redis::cmd("PING").query_async(connection)).await??;
                continue;
            }
        };
        let charges = gather(first, reports);
        let count = charges.values().map(|charge| charge.reports.len() as u64).sum();
        match charge(link, connection, &charges).await {
            Ok(owed) => {
                link.reported.add(0, count);
                let hashes = charges.keys();
                hashes.zip(owed).for_each(|(hash, owed)| link.owes(*hash, owed));
            }
            Err(error) => {
                link.failed.add(0, count);
                return Err(error);
            }
        }
    }
}

/// What is there to be told, by key.
fn gather(first: Report, reports: &mut Receiver<Report>) -> HashMap<u64, Charge> {
    let mut charges = HashMap::new();
    let mut next = Some(first);
    while let Some(report) = next {
        let fresh = || Charge { id: report.id, span: 0, reports: Vec::new() };
        let charge = charges.entry(report.hash).or_insert_with(fresh);
        charge.span = charge.span.saturating_add(report.span.0);
        charge.reports.push(report);
        next = if charges.len() < KEYS_MAX { reports.try_recv().ok() } else { None };
    }
    charges
}

/// Charges all of them; what they owe then.
async fn charge(
    link: &Link,
    connection: &mut MultiplexedConnection,
    charges: &HashMap<u64, Charge>,
) -> Result<Vec<Span>, StoreError> {
    let mut call = SCRIPT.prepare_invoke();
    for charge in charges.values() {
        let id = u128::from_be_bytes(charge.id);
        call.key(format!("foxtrot:limit:{}:{id:032x}", link.limit));
        call.arg(charge.span as f64 / 1_000.0);
    }
    let owed: Vec<u64> = timeout(link.timeout, call.invoke_async(connection)).await??;
    if owed.len() != charges.len() {
        return Err(StoreError::Answer);
    }
    Ok(owed.into_iter().map(|us| Span(us.saturating_mul(1_000))).collect())
}

impl Link {
    /// Raises our own bucket to what a key owes over all replicas.
    fn owes(&self, hash: u64, owed: Span) {
        let Some(table) = &self.state.rates else { return };
        let now = self.state.time(clock::now());
        self.bucket.raise(&table.place(hash, &At(now)), now, owed);
    }

    fn connected(&self) {
        if self.condition.swap(CONNECTED, Relaxed) == DEGRADED {
            info!(limit = %self.limit, "store is back, the limit is shared again");
        }
        self.degraded.set(0.0);
        self.error.lock().clear();
    }

    fn degraded(&self, error: &StoreError) {
        let text = error.to_string();
        if self.condition.swap(DEGRADED, Relaxed) != DEGRADED {
            warn!(limit = %self.limit, error = %text, "store is gone, the limit holds for this replica alone");
        }
        self.degraded.set(1.0);
        *self.error.lock() = text;
    }
}

static SCRIPT: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("script.lua")));

/// Until a connection is there and has said who it is.
const CONNECT_MAX: Duration = Duration::from_secs(1);

/// Between attempts to connect.
const PAUSE_MIN: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(2);

/// A store that nobody needs is asked whether it is there.
const PING_EVERY: Duration = Duration::from_secs(1);

/// Keys of one call.
const KEYS_MAX: usize = 256;
