//! What became of the requests of each colour: answered, and how fast, or failed. Per route, because a rollout may be bad for
//! one route alone.
//!
//! Counting is one addition on a cache line of the worker's own. What a number means is for [`super::guard`] to say.

use std::{
    array,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    time::Duration,
};

use http::HeaderMap;
use parking_lot::Mutex;

use crate::{
    clock::{self, Instant},
    config::Colour,
    error::{Error, Fault},
    observe::shards::{Level, Sharded},
    wire::ResponseHead,
};

/// The outcomes of a rollout's requests, route by route.
#[derive(Debug)]
pub struct Outcomes {
    workers: usize,
    classes: Mutex<Vec<Arc<Class>>>,
}

/// Requests that are judged together: those of a route, or of all routes that come after the first `CLASSES_MAX`.
#[derive(Debug)]
pub struct Class {
    /// Name of the route; empty for the rest.
    pub name: Arc<str>,
    colours: [Side; 2],
}

/// One colour's requests.
#[derive(Debug)]
struct Side {
    tallies: Sharded<Tally>,
    in_flight: Level,
    tunnels: Level,
}

/// One worker's count. It wraps around: what is read is the difference of two readings.
#[derive(Debug)]
struct Tally {
    failed: AtomicU32,
    /// By time to the first byte.
    answered: [AtomicU32; BUCKETS],
}

/// Outcomes counted so far, or between two readings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counts {
    /// Requests that failed.
    pub failed: u32,
    /// Requests that were answered, by time to the first byte: see [`bucket`].
    pub answered: [u32; BUCKETS],
}

/// How a request ended, as its colour is judged by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// An answer that is no server's error, after this time; or none so far, from a client that would not wait longer.
    Answered(Duration),
    /// A server's error, or no answer by the upstream's fault.
    Failed,
    /// Nothing that speaks for or against the colour.
    Neither,
}

impl Outcomes {
    /// Nothing counted yet.
    pub fn new(workers: usize) -> Self {
        Self { workers, classes: Mutex::default() }
    }

    /// Where the requests of this route are counted. Called when a snapshot is compiled.
    pub fn class(&self, route: &str) -> Arc<Class> {
        let mut classes = self.classes.lock();
        if let Some(known) = classes.iter().find(|class| *class.name == *route) {
            return Arc::clone(known);
        }
        // Those that no snapshot has any more make room.
        classes.retain(|class| Arc::strong_count(class) > 1);
        let name = if classes.len() < CLASSES_MAX { route } else { "" };
        if let Some(rest) = classes.iter().find(|class| *class.name == *name) {
            return Arc::clone(rest);
        }
        let class = Arc::new(Class::new(name, self.workers));
        classes.push(Arc::clone(&class));
        class
    }

    /// The classes there are.
    pub fn classes(&self) -> Vec<Arc<Class>> {
        self.classes.lock().clone()
    }

    /// Requests of a colour that are under way, tunnels included.
    pub fn in_flight(&self, colour: Colour) -> u64 {
        self.sum(|class| class.side(colour).in_flight.value())
    }

    /// Tunnels of a colour that are open.
    pub fn tunnels(&self, colour: Colour) -> u64 {
        self.sum(|class| class.side(colour).tunnels.value())
    }

    fn sum(&self, of: impl Fn(&Class) -> i64) -> u64 {
        let sum: i64 = self.classes.lock().iter().map(|class| of(class)).sum();
        // Workers add and take away at their own times.
        sum.max(0).cast_unsigned()
    }
}

impl Class {
    fn new(name: &str, workers: usize) -> Self {
        let side = |_| Side {
            tallies: Sharded::new(workers),
            in_flight: Level::new(workers),
            tunnels: Level::new(workers),
        };
        Self { name: name.into(), colours: [Colour::Blue, Colour::Green].map(side) }
    }

    fn side(&self, colour: Colour) -> &Side {
        &self.colours[colour as usize]
    }

    /// Counts how a request ended.
    pub fn count(&self, worker: usize, colour: Colour, outcome: Outcome) {
        let tally = self.side(colour).tallies.at(worker);
        match outcome {
            Outcome::Answered(after) => tally.answered[bucket(after)].fetch_add(1, Relaxed),
            Outcome::Failed => tally.failed.fetch_add(1, Relaxed),
            Outcome::Neither => 0,
        };
    }

    /// A request of this colour begins or ends.
    pub fn in_flight(&self, worker: usize, colour: Colour, change: i64) {
        self.side(colour).in_flight.add(worker, change);
    }

    /// A tunnel of this colour begins or ends.
    pub fn tunnels(&self, worker: usize, colour: Colour, change: i64) {
        self.side(colour).tunnels.add(worker, change);
    }

    /// Outcomes so far.
    pub fn read(&self, colour: Colour) -> Counts {
        let mut sum = Counts::default();
        for tally in self.side(colour).tallies.iter() {
            sum.failed = sum.failed.wrapping_add(tally.failed.load(Relaxed));
            for (count, of_worker) in sum.answered.iter_mut().zip(&tally.answered) {
                *count = count.wrapping_add(of_worker.load(Relaxed));
            }
        }
        sum
    }
}

/// A request under way. One that is dropped before it has ended is one that the client would not wait for any longer: it took
/// at least as long as until then.
#[derive(Debug)]
pub struct Attempt<'a> {
    class: &'a Class,
    worker: usize,
    colour: Colour,
    began: Instant,
    ended: bool,
}

impl<'a> Attempt<'a> {
    /// Begins.
    pub fn begin(class: &'a Class, worker: usize, colour: Colour) -> Self {
        Self { class, worker, colour, began: clock::now(), ended: false }
    }

    /// Ends, and is counted.
    pub fn end(mut self, result: Result<&ResponseHead, &Error>) {
        self.ended = true;
        let outcome = Outcome::of(result, clock::now().saturating_duration_since(self.began));
        self.class.count(self.worker, self.colour, outcome);
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if !self.ended {
            let took = clock::now().saturating_duration_since(self.began);
            self.class.count(self.worker, self.colour, Outcome::Answered(took));
        }
    }
}

impl Outcome {
    /// How a call ended that took this long.
    pub fn of(result: Result<&ResponseHead, &Error>, took: Duration) -> Self {
        match result {
            Ok(head) if head.status.is_server_error() || is_grpc_failure(&head.headers) => {
                Self::Failed
            }
            Ok(_) => Self::Answered(took),
            Err(error) if error.fault() == Fault::Upstream => Self::Failed,
            Err(_) => Self::Neither,
        }
    }
}

/// gRPC answers 200 also where it fails. A failure without a message says so in its head, in the codes that OpenTelemetry's
/// conventions for gRPC call a server's error.
fn is_grpc_failure(headers: &HeaderMap) -> bool {
    let code = headers.get("grpc-status").map(http::HeaderValue::as_bytes);
    // Unknown, deadline exceeded, unimplemented, internal, unavailable, data loss.
    matches!(code, Some(b"2" | b"4" | b"12" | b"13" | b"14" | b"15"))
}

impl Counts {
    /// Answered requests.
    pub fn answers(&self) -> u64 {
        self.answered.iter().map(|count| u64::from(*count)).sum()
    }

    /// Requests.
    pub fn requests(&self) -> u64 {
        self.answers() + u64::from(self.failed)
    }

    /// What was counted since `earlier`.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            failed: self.failed.wrapping_sub(earlier.failed),
            answered: array::from_fn(|at| self.answered[at].wrapping_sub(earlier.answered[at])),
        }
    }

    /// Adds what was counted elsewhere.
    pub fn add(&mut self, other: &Self) {
        self.failed = self.failed.wrapping_add(other.failed);
        for (count, more) in self.answered.iter_mut().zip(&other.answered) {
            *count = count.wrapping_add(*more);
        }
    }

    /// The time within which this share of the answers came, as the upper bound of its bucket. `None` without answers.
    pub fn quantile(&self, share: f64) -> Option<Duration> {
        let rank = (self.answers() as f64 * share).ceil().max(1.0) as u64;
        let mut seen = 0;
        let at = self.answered.iter().position(|count| {
            seen += u64::from(*count);
            seen >= rank
        })?;
        Some(Duration::from_micros(upper_us(at)))
    }
}

impl Default for Counts {
    fn default() -> Self {
        Self { failed: 0, answered: [0; BUCKETS] }
    }
}

impl Default for Tally {
    fn default() -> Self {
        Self { failed: AtomicU32::new(0), answered: array::from_fn(|_| AtomicU32::new(0)) }
    }
}

/// The bucket of a duration: thirty-two to each doubling, so that a quantile is known to 3 %.
pub fn bucket(duration: Duration) -> usize {
    let us = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX).max(FIRST_US);
    let doublings = us.ilog2() - FIRST_US.ilog2();
    let step = (us >> (us.ilog2() - STEPS.ilog2())) as usize - STEPS;
    (doublings as usize * STEPS + step).min(BUCKETS - 1)
}

/// The first microsecond that is above a bucket.
pub fn upper_us(bucket: usize) -> u64 {
    let next = bucket + 1;
    let (doublings, step) = (next / STEPS, next % STEPS);
    ((STEPS + step) as u64) << (doublings + FIRST_US.ilog2() as usize - STEPS.ilog2() as usize)
}

/// Routes of a rollout that are judged on their own.
const CLASSES_MAX: usize = 16;
/// What is faster falls into the first bucket.
const FIRST_US: u64 = 64;
/// Buckets to a doubling.
const STEPS: usize = 32;
/// Buckets, from 64 us to 67 s.
pub const BUCKETS: usize = 20 * STEPS;

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue, StatusCode, Version};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn outcomes_are_summed_over_workers_and_read_as_differences() {
        let outcomes = Outcomes::new(2);
        let class = outcomes.class("web");
        let before = class.read(Colour::Green);
        for worker in 0..2 {
            class.count(worker, Colour::Green, Outcome::Answered(Duration::from_millis(10)));
            class.count(worker, Colour::Green, Outcome::Failed);
            class.count(worker, Colour::Green, Outcome::Neither);
        }
        let counts = class.read(Colour::Green).since(&before);
        assert_eq!((counts.requests(), counts.failed, counts.answers()), (4, 2, 2));
        assert_eq!(class.read(Colour::Blue).requests(), 0);
        let p95 = counts.quantile(0.95).unwrap();
        assert!(p95 > Duration::from_millis(10) && p95 < Duration::from_micros(10_500), "{p95:?}");
    }

    #[test]
    fn classes_are_bounded_and_those_that_are_gone_make_room() {
        let outcomes = Outcomes::new(1);
        let held: Vec<_> = (0..40).map(|n| outcomes.class(&format!("r{n}"))).collect();
        assert_eq!(outcomes.classes().len(), CLASSES_MAX + 1);
        assert!(Arc::ptr_eq(&held[38], &held[39]) && held[39].name.is_empty());
        assert!(Arc::ptr_eq(&held[0], &outcomes.class("r0")));
        drop(held);
        assert_eq!(&*outcomes.class("new").name, "new");
        assert_eq!(outcomes.classes().len(), 1);
    }

    #[test]
    fn what_counts_as_a_failure() {
        let head = |status: u16, grpc: Option<&'static str>| ResponseHead {
            status: StatusCode::from_u16(status).unwrap(),
            version: Version::HTTP_11,
            headers: grpc
                .map(|code| {
                    HeaderMap::from_iter([(
                        http::HeaderName::from_static("grpc-status"),
                        HeaderValue::from_static(code),
                    )])
                })
                .unwrap_or_default(),
        };
        let took = Duration::from_millis(1);
        for (status, grpc, failed) in [
            (200, None, false),
            (404, None, false),
            (429, None, false),
            (500, None, true),
            (200, Some("0"), false),
            (200, Some("5"), false),
            (200, Some("14"), true),
        ] {
            let outcome = Outcome::of(Ok(&head(status, grpc)), took);
            let expected = if failed { Outcome::Failed } else { Outcome::Answered(took) };
            assert_eq!(outcome, expected, "{status} {grpc:?}");
        }
        let overflow = Error::Overflow { cap: "requests", retry_after: took };
        for (error, outcome) in [
            (Error::Connect("refused".into()), Outcome::Failed),
            (Error::TryTimeout, Outcome::Failed),
            (Error::ClientGone, Outcome::Neither),
            (overflow, Outcome::Neither),
        ] {
            assert_eq!(Outcome::of(Err(&error), took), outcome, "{error}");
        }
    }

    proptest! {
        #[test]
        fn a_duration_is_below_the_bound_of_its_bucket(us in 0u64..100_000_000) {
            let at = bucket(Duration::from_micros(us));
            prop_assert!(us < upper_us(at) || at == BUCKETS - 1);
            prop_assert!(at == 0 || us >= upper_us(at - 1));
        }
    }
}
