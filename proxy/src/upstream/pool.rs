//! Idle connections of one worker to one endpoint: kept last in first out, so that a pool shrinks to what is in use.
//!
//! The worker's own tasks are the only ones to come by often; others look in to make room or to clear, and never wait for
//! the lock in a request's way. Nothing is closed while the lock is held.

use std::{
    collections::VecDeque,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use super::{Cluster, breaker::Traffic, endpoint::Endpoint, h1, h2, settings};
use crate::clock::{self, Instant};

/// Idle connections of one worker to one endpoint.
#[derive(Debug, Default)]
pub(super) struct Pool {
    /// HTTP/1.1, the last used at the back.
    idle: VecDeque<Box<h1::Connection>>,
    /// HTTP/2, idle or not.
    shared: Vec<h2::Handle>,
}

/// How the connections of a worker to an endpoint stand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Census {
    /// Connections without a request.
    pub(super) idle: usize,
    /// HTTP/2 connections.
    pub(super) shared: usize,
}

impl Endpoint {
    /// An idle HTTP/1.1 connection that is still open and has been idle for no longer than `idle_max`.
    pub(super) fn checkout(
        &self,
        worker: usize,
        settings: settings::Pool,
        idle_max: Duration,
    ) -> Option<Box<h1::Connection>> {
        let now = clock::now();
        let limit = self.idle_limit(settings).min(idle_max);
        loop {
            let mut connection = self.pools.get(worker)?.lock().idle.pop_back()?;
            if now - connection.idle_since > limit {
                // Those in front have been idle for longer, but they may do for a request that is less particular.
                return self.put_back(worker, connection);
            }
            if now - connection.born >= settings.max_age {
                continue;
            }
            if connection.is_clean() {
                return Some(connection);
            }
            self.learn_from(&connection, now);
        }
    }

    /// Keeps a connection whose exchange is over.
    pub(super) fn checkin(
        &self,
        worker: usize,
        settings: settings::Pool,
        mut connection: Box<h1::Connection>,
    ) {
        let now = clock::now();
        if settings.idle == 0 || now - connection.born >= settings.max_age {
            return;
        }
        connection.idle_since = now;
        connection.seen_open = now;
        connection.used = true;
        let load = connection.slot.load().clone();
        let surplus = {
            let Some(pool) = self.pools.get(worker) else { return };
            let mut pool = pool.lock();
            // Read under the lock: whoever retires the endpoint clears the pool under it afterwards.
            if self.is_retired() || load.is_winding_down() {
                Some(connection)
            } else {
                pool.idle.push_back(connection);
                (pool.idle.len() > settings.idle).then(|| pool.idle.pop_front()).flatten()
            }
        };
        drop(surplus);
        load.freed();
    }

    /// A stream on an HTTP/2 connection that has room for one more.
    pub(super) fn checkout_shared(
        &self,
        worker: usize,
        settings: settings::Pool,
        traffic: Traffic,
    ) -> Option<h2::Lease> {
        let now = clock::now();
        let pool = self.pools.get(worker)?.lock();
        pool.shared
            .iter()
            .filter(|handle| now - handle.born() < settings.max_age)
            .find_map(|handle| handle.lease(traffic))
    }

    /// Shares an HTTP/2 connection.
    pub(super) fn share(&self, worker: usize, handle: h2::Handle) {
        let Some(pool) = self.pools.get(worker) else { return };
        let mut pool = pool.lock();
        if !self.is_retired() && !handle.is_winding_down() {
            pool.shared.retain(h2::Handle::is_open);
            pool.shared.push(handle);
        }
    }

    /// Closes an idle connection, the one that has been idle longest; true if there was one.
    pub(super) fn evict(&self) -> bool {
        self.pools.iter().any(|pool| {
            let Some(mut pool) = pool.try_lock() else { return false };
            if let Some(connection) = pool.idle.pop_front() {
                drop(pool);
                drop(connection);
                return true;
            }
            // An HTTP/2 connection closes when its driver notices, so that it makes room only a moment later.
            let Some(at) = pool.shared.iter().position(h2::Handle::is_idle) else { return false };
            let handle = pool.shared.swap_remove(at);
            drop(pool);
            drop(handle);
            false
        })
    }

    /// Takes the endpoint out of use: closes what is idle and keeps nothing more.
    pub(super) fn retire(&self) {
        self.retired.store(true, Ordering::Release);
        self.clear();
    }

    /// Closes what is idle, and HTTP/2 connections with their last stream.
    pub(super) fn clear(&self) {
        for pool in &self.pools {
            let cleared = std::mem::take(&mut *pool.lock());
            drop(cleared);
        }
    }

    /// Idle and shared connections, over all workers.
    pub(super) fn census(&self) -> Census {
        self.pools.iter().fold(Census::default(), |sum, pool| {
            let pool = pool.lock();
            let idle_shared = pool.shared.iter().filter(|handle| handle.is_idle()).count();
            Census {
                idle: sum.idle + pool.idle.len() + idle_shared,
                shared: sum.shared + pool.shared.len(),
            }
        })
    }

    /// Closes what has expired or was closed by the endpoint, and learns from the latter.
    fn sweep(&self, worker: usize, settings: settings::Pool, now: Instant) {
        let limit = self.idle_limit(settings);
        let Some(pool) = self.pools.get(worker) else { return };
        let mut expired = Vec::new();
        let mut closed = Vec::new();
        let mut guard = pool.lock();
        for mut connection in std::mem::take(&mut guard.idle) {
            if now - connection.idle_since > limit || now - connection.born >= settings.max_age {
                expired.push(connection);
            } else if connection.is_clean() {
                connection.seen_open = now;
                guard.idle.push_back(connection);
            } else {
                closed.push(connection);
            }
        }
        let too_old = |handle: &mut h2::Handle| {
            !handle.is_open()
                || now - handle.born() >= settings.max_age
                || handle.idle_for(now).is_some_and(|idle| idle > settings.idle_timeout)
        };
        let dropped: Vec<_> = guard.shared.extract_if(.., too_old).collect();
        drop(guard);
        drop((expired, dropped));
        closed.iter().for_each(|connection| self.learn_from(connection, now));
        self.vitals.refresh_learned(now);
    }

    /// How long a connection may be idle: what is configured, or less where the endpoint hangs up earlier.
    pub(super) fn idle_limit(&self, settings: settings::Pool) -> Duration {
        self.vitals.idle_limit().map_or(settings.idle_timeout, |own| own.min(settings.idle_timeout))
    }

    fn learn_from(&self, closed: &h1::Connection, now: Instant) {
        let alive = closed.seen_open - closed.idle_since;
        self.vitals.learn_closed(alive, now - closed.idle_since, now);
    }

    fn put_back(
        &self,
        worker: usize,
        connection: Box<h1::Connection>,
    ) -> Option<Box<h1::Connection>> {
        self.pools.get(worker)?.lock().idle.push_back(connection);
        None
    }
}

/// Closes idle connections that have expired or that their endpoints closed. Call it about once a second on the worker's
/// own thread.
pub fn sweep(worker: usize, clusters: &[Arc<Cluster>]) {
    let now = clock::now();
    for cluster in clusters {
        for endpoint in &cluster.endpoints().list {
            endpoint.sweep(worker, cluster.settings.pool, now);
        }
    }
}
