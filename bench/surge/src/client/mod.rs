//! Clients: what sends requests and reads answers, as tasks of one thread.
//!
//! [`h1`] is written by hand for speed, [`h2`] stands on the crate of that name, [`slow`] holds connections, [`flood`] wears
//! them out. When a request is
//! due is decided elsewhere ([`crate::run`]); what becomes of it is counted in [`Context::recorder`].

pub mod attack;
mod attack_data;
pub mod connect;
pub mod flood;
pub mod h1;
pub mod h2;
pub mod request;
pub mod slow;
pub mod text;

use std::{
    cell::{Cell, RefCell},
    io,
    net::IpAddr,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use self::{connect::Endpoint, request::Prepared};
use crate::{
    clock::{self, Instant},
    mix::Mix,
    record::{Answer, Failure, Moment, Recorder},
    scenario::{Class, Conduct},
};

/// What the clients of a thread share.
pub struct Context {
    /// Counters.
    pub recorder: RefCell<Recorder>,
    /// Where reads go: what a parser needs of it, it keeps.
    pub scratch: RefCell<Box<[u8]>>,
    /// Whether the run is to end now.
    pub stop: Arc<AtomicBool>,
}

/// A class of clients on one thread.
pub struct Crew {
    /// Which class.
    pub index: usize,
    /// The class.
    pub class: Class,
    /// Where its connections go.
    pub endpoint: Endpoint,
    /// What the thread shares.
    pub context: Rc<Context>,
    /// Connections at most on this thread.
    pub connections_max: usize,
    mix: Option<Mix>,
    requests: Cell<u64>,
    connections: Cell<usize>,
    /// This thread and their number: counters step so that threads together count each number once.
    lane: (u64, u64),
}

/// A request that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Job {
    /// When it was due.
    pub due: Instant,
    /// In which phase.
    pub phase: usize,
    /// Which of the class's requests.
    pub request: usize,
}

/// A closed loop.
#[derive(Debug, Clone, Copy)]
pub struct Round {
    /// In which phase.
    pub phase: usize,
    /// When it ends.
    pub until: Instant,
    /// Pause between an answer and the next request.
    pub think: Duration,
}

/// A request without an answer, and why.
#[derive(Debug)]
pub struct Broken {
    /// In which way.
    pub failure: Failure,
    /// What the system said.
    pub cause: io::Error,
}

impl Broken {
    /// A failure for a reason that is no error of the system.
    pub fn new(
        failure: Failure,
        cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self { failure, cause: io::Error::other(cause) }
    }

    /// Nothing came in time.
    pub fn timeout() -> Self {
        Self { failure: Failure::Timeout, cause: io::ErrorKind::TimedOut.into() }
    }
}

impl Context {
    /// Whether the run is to end now.
    pub fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

impl Crew {
    /// The part of a class that works on one of several threads.
    pub fn new(
        (index, class): (usize, Class),
        endpoint: Endpoint,
        context: Rc<Context>,
        (lane, lanes): (usize, usize),
    ) -> Self {
        let mix = match &class.conduct {
            Conduct::Requests { requests, .. } => {
                Mix::new(requests.iter().map(|(_, weight)| *weight).enumerate())
            }
            Conduct::Slow(_) | Conduct::Flood(_) => None,
        };
        let connections_max = share(class.connections_max, (lane, lanes)).max(1);
        let lane = (lane as u64, lanes as u64);
        let (requests, connections) = (Cell::new(0), Cell::new(0));
        Self { index, class, endpoint, context, connections_max, mix, requests, connections, lane }
    }

    /// Which request is next in the class's mix.
    pub fn next_request(&self) -> usize {
        let n = self.requests.replace(self.requests.get() + 1);
        self.mix.as_ref().map_or(0, |mix| mix.pick(n * self.lane.1 + self.lane.0))
    }

    /// A request of the class.
    pub fn request(&self, which: usize) -> Option<&Prepared> {
        match &self.class.conduct {
            Conduct::Requests { requests, .. } => requests.get(which).map(|(request, _)| request),
            Conduct::Slow(slow) => Some(&slow.request),
            Conduct::Flood(flood) => Some(&flood.request),
        }
    }

    /// Which of the class's source addresses is next; 0 where there are none.
    pub fn next_source(&self) -> usize {
        let n = self.connections.replace(self.connections.get() + 1);
        let (lane, lanes) = self.lane;
        (n * lanes as usize + lane as usize) % self.class.sources.len().max(1)
    }

    /// A source address.
    pub fn source(&self, which: usize) -> Option<IpAddr> {
        self.class.sources.get(which).copied()
    }

    /// Counts the start of a job.
    pub fn started(&self, job: &Job, sent: Instant) -> Moment {
        let moment = self.moment(job, sent);
        self.context.recorder.borrow_mut().started(&moment);
        moment
    }

    /// Counts the end of a job; the time of it.
    pub fn ended(&self, moment: &Moment, outcome: Result<Answer, Broken>) -> Instant {
        let now = clock::now();
        let mut recorder = self.context.recorder.borrow_mut();
        match outcome {
            Ok(answer) => recorder.answered(moment, now, answer),
            Err(broken) => recorder.failed(moment, now, broken.failure, &broken.cause),
        }
        now
    }

    fn moment(&self, job: &Job, sent: Instant) -> Moment {
        let request = self.class.judged.then_some(job.request);
        Moment { class: self.index, phase: job.phase, due: job.due, sent, request }
    }

    /// Has one request after the other served until a time.
    pub async fn close_loop(
        &self,
        round: Round,
        mut serve: impl AsyncFnMut(&Job, Instant) -> Result<Answer, Broken>,
    ) {
        let mut now = clock::now();
        while now < round.until && !self.context.stopped() {
            let job = Job { due: now, phase: round.phase, request: self.next_request() };
            let moment = self.started(&job, now);
            let outcome = serve(&job, now).await;
            let pause = if outcome.is_err() { round.think.max(AFTER_FAILURE) } else { round.think };
            now = self.ended(&moment, outcome);
            if !pause.is_zero() {
                tokio::time::sleep(pause).await;
                now = clock::now();
            }
        }
    }

    /// Counts jobs that were given up before anything of them was sent.
    pub fn unsent(&self, jobs: impl IntoIterator<Item = Job>, cause: &str) {
        let sent = clock::now();
        let mut recorder = self.context.recorder.borrow_mut();
        for job in jobs {
            let moment = self.moment(&job, sent);
            recorder.failed(&moment, sent, Failure::Unsent, &cause);
        }
    }
}

/// A server that refuses is not asked again at once: the loop would spin.
pub const AFTER_FAILURE: Duration = Duration::from_millis(10);

/// One lane's share of a number, so that all shares add up to it.
pub fn share(total: usize, (lane, lanes): (usize, usize)) -> usize {
    total / lanes.max(1) + usize::from(lane < total % lanes.max(1))
}
