//! A concurrency limit: places, who has them, and who waits for one.
//!
//! A request that finds a place takes it with one compare and swap on a word that all workers share, and gives it back with
//! one subtraction. Only where there is none, a lock is taken: for the queue, in which whoever comes waits behind those who
//! were there before, whatever becomes free in the meantime.

use std::sync::{
    Arc,
    atomic::{AtomicU32, AtomicU64, Ordering::Relaxed, Ordering::SeqCst, fence},
};

use parking_lot::Mutex;
use smallvec::SmallVec;
use tokio::{sync::oneshot, time::timeout_at};

use super::{
    gradient::{Bounds, Gradient, Window},
    queue::{Queue, Ticket, Turn},
    ramp::{self, Ramp},
};
use crate::{
    clock::{self, Instant},
    config::OverloadQueue,
    error::{Error, Shed},
    filter::shed,
    observe::shards::{Counter, Sharded},
};

/// A concurrency limit as configured, and what it has learned.
#[derive(Debug)]
pub struct Limiter {
    /// What it limits, as configuration and metrics name it: `process`, `cluster:NAME` or `route:NAME`.
    pub name: Box<str>,
    /// Between what it may be.
    pub bounds: Bounds,
    /// Who may wait.
    pub queue: Option<OverloadQueue>,
    /// The highest rank.
    pub top: u8,
    /// Each tenant's places, by number; behind them those of requests that are nobody's.
    pub(super) shares: Box<[Arc<Share>]>,
    /// Requests that were shed, by class and reason.
    pub(super) shed: Box<[[Arc<Counter>; Shed::ALL.len()]]>,
    pub(super) state: Arc<State>,
}

/// What outlives a reload.
#[derive(Debug)]
pub struct State {
    in_flight: Line<AtomicU32>,
    /// Requests in the queue. Those who leave look here first.
    waiting: AtomicU32,
    /// What `adaptive` has come to.
    learned: AtomicU32,
    /// What a tenant may have while there is too little for all.
    fair_share: AtomicU32,
    spread_ms: AtomicU32,
    /// How much longer the spread is for each one that is refused.
    us_each: AtomicU32,
    tallies: Sharded<Tally>,
    queue: Mutex<Waiting>,
    learner: Mutex<Learner>,
}

/// Alone on its cache lines.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Line<T>(T);

/// A tenant's places.
#[derive(Debug, Default)]
pub(super) struct Share {
    /// Tells tenants apart in the queue, over reloads.
    pub(super) id: u64,
    in_flight: AtomicU32,
    refused: AtomicU32,
    /// What it wanted of late.
    wanted: AtomicU32,
}

/// What a worker has seen since the last look.
#[derive(Debug, Default)]
struct Tally {
    served: AtomicU64,
    refused: AtomicU64,
    answers: AtomicU64,
    /// In 1,024ths.
    log2_us: AtomicU64,
}

#[derive(Debug, Default)]
struct Waiting {
    queue: Queue<oneshot::Sender<Result<Permit, Shed>>>,
    /// Since when there is always somebody.
    since: Option<Instant>,
}

#[derive(Debug, Default)]
struct Learner {
    gradient: Gradient,
    window: Window,
    ramp: Ramp,
}

/// Who asks for a place.
#[derive(Debug, Clone, Copy)]
pub struct Asking {
    /// Number of the class.
    pub class: usize,
    /// Rank of the class.
    pub rank: u8,
    /// Number of the tenant.
    pub tenant: Option<usize>,
    /// Who counts it.
    pub worker: usize,
    /// A random number.
    pub chance: u64,
}

/// A place. It is given back when this goes.
#[derive(Debug)]
pub struct Permit {
    limiter: Arc<Limiter>,
    share: Option<Arc<Share>>,
    worker: usize,
}

impl State {
    /// Nothing learned yet.
    pub(super) fn new(workers: usize) -> Arc<Self> {
        Arc::new(Self {
            in_flight: Line::default(),
            waiting: AtomicU32::new(0),
            learned: AtomicU32::new(u32::MAX),
            fair_share: AtomicU32::new(u32::MAX),
            spread_ms: AtomicU32::new(0),
            us_each: AtomicU32::new(ramp::EACH_UNKNOWN_US),
            tallies: Sharded::new(workers),
            queue: Mutex::default(),
            learner: Mutex::default(),
        })
    }
}

impl Limiter {
    /// A place, at once or after a wait.
    ///
    /// # Errors
    /// There is none ([`Error::Shed`]).
    pub async fn enter(self: &Arc<Self>, asking: &Asking) -> Result<Permit, Error> {
        let got = match self.enter_at_once(asking) {
            Err(Shed::Concurrency) if self.queue.is_some() => self.wait(asking).await,
            got => got,
        };
        got.map_err(|why| self.refuse(asking, why))
    }

    /// Counts a request that is shed, and says when it may come back.
    pub fn refuse(&self, asking: &Asking, why: Shed) -> Error {
        if let Some(counter) = self.shed.get(asking.class).map(|reasons| &reasons[why as usize]) {
            counter.inc(asking.worker);
        }
        let state = &self.state;
        let refused = state.tallies.at(asking.worker).refused.fetch_add(1, Relaxed);
        if let Some(share) = self.share(asking.tenant) {
            share.refused.fetch_add(1, Relaxed);
        }
        // Since the last look, of all workers if they are alike: a wave must not be told one and the same second.
        let fresh = refused.saturating_mul(state.tallies.len() as u64);
        let fresh_ms = fresh.saturating_mul(state.us_each.load(Relaxed).into()) / 1_000;
        let spread_ms = fresh_ms.saturating_add(state.spread_ms.load(Relaxed).into());
        let wait_ms = ramp::wait_ms(spread_ms, asking.chance);
        Error::Shed { why, retry_after: std::time::Duration::from_millis(wait_ms) }
    }

    fn enter_at_once(self: &Arc<Self>, asking: &Asking) -> Result<Permit, Shed> {
        if self.state.waiting.load(Relaxed) > 0 {
            return Err(Shed::Concurrency);
        }
        let share = self.share(asking.tenant);
        // Who waits, waits in turn with other tenants; without a queue, it must leave places to them.
        if self.queue.is_none()
            && let Some(share) = share
            && share.in_flight.load(Relaxed) >= self.state.fair_share.load(Relaxed)
        {
            return Err(Shed::FairShare);
        }
        if !self.take(asking.rank) {
            return Err(Shed::Concurrency);
        }
        Ok(self.permit(share.cloned(), asking.worker))
    }

    /// Takes a place that this rank may have.
    fn take(&self, rank: u8) -> bool {
        let room = shed::room(self.limit(), rank, self.top);
        let one_more = |now: u32| (now < room).then(|| now + 1);
        self.state.in_flight.0.fetch_update(Relaxed, Relaxed, one_more).is_ok()
    }

    fn permit(self: &Arc<Self>, share: Option<Arc<Share>>, worker: usize) -> Permit {
        if let Some(share) = &share {
            share.in_flight.fetch_add(1, Relaxed);
        }
        Permit { limiter: Arc::clone(self), share, worker }
    }

    async fn wait(self: &Arc<Self>, asking: &Asking) -> Result<Permit, Shed> {
        let Some(queue) = self.queue else { return Err(Shed::Concurrency) };
        let (sender, receiver) = oneshot::channel();
        let share = self.share(asking.tenant);
        let tenant = share.map_or(0, |share| share.id);
        let now = clock::now();
        let (ticket, gone) = {
            let mut waiting = self.state.queue.lock();
            let pushed = waiting.queue.push(asking.rank, tenant, sender, queue.max as usize);
            let pushed = pushed.map_err(|_| Shed::QueueFull)?;
            waiting.since.get_or_insert(now);
            self.state.waiting.store(waiting.queue.len() as u32, Relaxed);
            pushed
        };
        if let Some(gone) = gone {
            // It may have left of its own accord.
            let _ = gone.send(Err(Shed::QueueFull));
        }
        let leaving = Leaving { limiter: self, ticket };
        // Pairs with the fence in `leave`: either we see what was given back, or whoever gave it back sees us waiting.
        fence(SeqCst);
        self.settle();
        let answer = timeout_at(now + queue.deadline.0, receiver).await;
        drop(leaving);
        let mut permit = match answer {
            Ok(Ok(permit)) => permit?,
            _ => return Err(Shed::QueueDeadline),
        };
        permit.worker = asking.worker;
        if let Some(share) = share {
            share.in_flight.fetch_add(1, Relaxed);
            permit.share = Some(Arc::clone(share));
        }
        Ok(permit)
    }

    /// Gives what is free to those who wait.
    pub(super) fn settle(self: &Arc<Self>) {
        if self.state.waiting.load(Relaxed) == 0 {
            return;
        }
        let mut given: SmallVec<[_; 4]> = SmallVec::new();
        {
            let mut waiting = self.state.queue.lock();
            while let Some(rank) = waiting.queue.highest(|rank| self.take(rank)) {
                let permit = self.permit(None, 0);
                let turn = waiting.turn(self.queue);
                match waiting.queue.pop(rank, turn) {
                    Some(sender) => given.push((sender, permit)),
                    // Goes back behind the lock.
                    None => break,
                }
            }
            self.note_length(&mut waiting);
        }
        for (sender, permit) in given {
            // A place that comes back because nobody waits for it any more is given on.
            drop(sender.send(Ok(permit)));
        }
    }

    fn note_length(&self, waiting: &mut Waiting) {
        self.state.waiting.store(waiting.queue.len() as u32, Relaxed);
        if waiting.queue.len() == 0 {
            waiting.since = None;
        }
    }

    fn leave(self: &Arc<Self>) {
        self.state.in_flight.0.fetch_sub(1, Relaxed);
        fence(SeqCst);
        self.settle();
    }

    /// Notes how long an upstream took to answer.
    pub fn answered(&self, worker: usize, after: std::time::Duration) {
        let tally = self.state.tallies.at(worker);
        let log2_us = (after.as_micros().max(1) as f64).log2();
        tally.answers.fetch_add(1, Relaxed);
        tally.log2_us.fetch_add((log2_us * FRACTIONS) as u64, Relaxed);
    }

    /// Learns from what has happened in so many seconds, since the last time. Called by one task.
    pub(super) fn learn(self: &Arc<Self>, seconds: f64) {
        let state = &self.state;
        let take = |of: fn(&Tally) -> &AtomicU64| -> u64 {
            state.tallies.iter().map(|tally| of(tally).swap(0, Relaxed)).sum()
        };
        let (served, refused) = (take(|tally| &tally.served), take(|tally| &tally.refused));
        let answers = take(|tally| &tally.answers);
        let log2_us = take(|tally| &tally.log2_us) as f64 / FRACTIONS;
        let binding = refused > 0 || state.waiting.load(Relaxed) > 0;
        let mut learner = state.learner.lock();
        let window = Window { answers, log2_us, seconds, in_flight: self.in_flight(), binding };
        learner.window.extend(&window);
        let window = learner.window;
        if self.bounds.min < self.bounds.max {
            state.learned.store(learner.gradient.step(&window, self.bounds), Relaxed);
        }
        if window.is_telling() {
            learner.window = Window::default();
        }
        let (spread, each) = learner.ramp.step(served, refused, seconds);
        drop(learner);
        // Less than a minute each.
        state.spread_ms.store((spread * 1e3) as u32, Relaxed);
        state.us_each.store((each * 1e6) as u32, Relaxed);
        self.share_out();
        self.settle();
    }

    /// What a tenant may have while they want more than there is.
    fn share_out(&self) {
        if self.shares.len() < 2 {
            return;
        }
        let wants = |share: &Arc<Share>| {
            let now = share.in_flight.load(Relaxed) + share.refused.swap(0, Relaxed);
            // What it no longer wants it keeps a right to for a while.
            let wanted = now.max(share.wanted.load(Relaxed) / 8 * 7);
            share.wanted.store(wanted, Relaxed);
            wanted
        };
        let mut wanted: Vec<u32> = self.shares.iter().map(wants).filter(|w| *w > 0).collect();
        let share = shed::fair_share(self.limit(), &mut wanted);
        self.state.fair_share.store(share.unwrap_or(u32::MAX), Relaxed);
    }

    /// How many may be under way now.
    pub fn limit(&self) -> u32 {
        self.state.learned.load(Relaxed).clamp(self.bounds.min, self.bounds.max)
    }

    /// How many are.
    pub fn in_flight(&self) -> u32 {
        self.state.in_flight.0.load(Relaxed)
    }

    /// How many wait.
    pub fn waiting(&self) -> u32 {
        self.state.waiting.load(Relaxed)
    }

    fn share(&self, tenant: Option<usize>) -> Option<&Arc<Share>> {
        match self.shares.len() {
            // Without tenants there is nobody to share with.
            0 | 1 => None,
            count => self.shares.get(tenant.unwrap_or(count - 1)),
        }
    }
}

impl Permit {
    /// Where it is a place.
    pub fn limiter(&self) -> &Limiter {
        &self.limiter
    }
}

impl Share {
    pub(super) fn new(id: u64) -> Arc<Self> {
        Arc::new(Self { id, ..Self::default() })
    }
}

impl Waiting {
    fn turn(&self, queue: Option<OverloadQueue>) -> Turn {
        let stands = self.since.zip(queue).is_some_and(|(since, queue)| {
            clock::now().saturating_duration_since(since) > queue.deadline.0
        });
        if stands { Turn::Newest } else { Turn::Oldest }
    }
}

/// One who waits. However that ends, it is in the queue no longer.
struct Leaving<'l> {
    limiter: &'l Arc<Limiter>,
    ticket: Ticket,
}

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        let gone = {
            let mut waiting = self.limiter.state.queue.lock();
            let gone = waiting.queue.remove(self.ticket);
            self.limiter.note_length(&mut waiting);
            gone
        };
        drop(gone);
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(share) = &self.share {
            share.in_flight.fetch_sub(1, Relaxed);
        }
        self.limiter.state.tallies.at(self.worker).served.fetch_add(1, Relaxed);
        self.limiter.leave();
    }
}

/// Of a logarithm.
const FRACTIONS: f64 = 1_024.0;

#[cfg(test)]
mod tests;
