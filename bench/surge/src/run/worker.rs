//! One thread of a run: its share of every phase, on a runtime of its own.

use std::{
    cell::RefCell,
    io,
    rc::Rc,
    sync::{Arc, atomic::AtomicBool, mpsc::Sender},
    time::Duration,
};

use tokio::{runtime, task};

use super::timer::Timer;
use crate::{
    client::{Context, Crew, Job, Round, connect::Endpoint, flood, h1, h2, share, slow},
    clock::{self, Instant},
    mix::Mix,
    record::{Recorder, Second, Tally},
    scenario::{Conduct, FloodKind, Load, Phase, Protocol, Scenario, SlowPart},
    schedule::{Lane, Plan},
};

/// What a thread is given.
pub(super) struct Assignment {
    pub(super) scenario: Arc<Scenario>,
    /// By class.
    pub(super) endpoints: Vec<Endpoint>,
    /// This thread, and how many there are.
    pub(super) lane: (usize, usize),
    pub(super) start: Instant,
    pub(super) past: Sender<Second>,
    pub(super) stop: Arc<AtomicBool>,
}

/// Does a thread's share of a run; its totals, by class, then by phase.
pub(super) fn work(assignment: Assignment) -> io::Result<Vec<Vec<Tally>>> {
    // Sockets are looked at after every 61st task as a rule, which costs a system call each time and brings nothing here.
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .event_interval(EVENT_INTERVAL)
        .build_local(runtime::LocalOptions::default())?;
    runtime.block_on(async {
        let worker = Worker::new(assignment)?;
        worker.run().await?;
        let totals = worker.context.recorder.borrow_mut().finish(clock::now());
        Ok(totals)
    })
}

struct Worker {
    assignment: Assignment,
    context: Rc<Context>,
    /// By class.
    crews: Vec<Rc<Crew>>,
    pools: Vec<Pool>,
    timer: Timer,
}

enum Pool {
    Http1(Rc<h1::Pool>),
    Http2(Rc<h2::Pool>),
}

impl Worker {
    fn new(assignment: Assignment) -> io::Result<Self> {
        let scenario = &assignment.scenario;
        let shape = (scenario.classes.len(), scenario.phases.len());
        let past = assignment.past.clone();
        let recorder = Recorder::new(shape, assignment.lane.0, assignment.start, past);
        let context = Rc::new(Context {
            recorder: RefCell::new(recorder),
            scratch: RefCell::new(vec![0; SCRATCH_BYTES].into()),
            stop: Arc::clone(&assignment.stop),
        });
        let classes = scenario.classes.iter().cloned().zip(assignment.endpoints.iter().cloned());
        let crew = |(index, (class, endpoint))| {
            Rc::new(Crew::new((index, class), endpoint, Rc::clone(&context), assignment.lane))
        };
        let crews: Vec<Rc<Crew>> = classes.enumerate().map(crew).collect();
        let pools = crews.iter().map(Pool::new).collect();
        Ok(Self { context, crews, pools, timer: Timer::new()?, assignment })
    }

    async fn run(&self) -> io::Result<()> {
        self.timer.until(self.assignment.start).await?;
        let beat = task::spawn_local(beat(Rc::clone(&self.context)));
        self.hold();
        let mut start = self.assignment.start;
        for (index, phase) in self.assignment.scenario.phases.iter().enumerate() {
            self.phase(index, phase, start).await?;
            start += phase.length;
        }
        self.drain().await;
        beat.abort();
        Ok(())
    }

    /// Starts the clients that are slow or flood, each for as long as its class takes part.
    fn hold(&self) {
        let (scenario, start) = (&self.assignment.scenario, self.assignment.start);
        for crew in &self.crews {
            let connections = match &crew.class.conduct {
                Conduct::Requests { .. } => continue,
                Conduct::Slow(slow) => slow.connections,
                Conduct::Flood(flood) => flood.connections,
            };
            for (from, until) in scenario.presence(crew.index) {
                for _ in 0..share(connections, self.assignment.lane) {
                    let (crew, scenario) = (Rc::clone(crew), Arc::clone(scenario));
                    task::spawn_local(async move {
                        tokio::time::sleep_until((start + from).into()).await;
                        let phase = |now: Instant| scenario.phase_at(now - start);
                        match &crew.class.conduct {
                            Conduct::Flood(_) => flood::flood(crew, start + until, phase).await,
                            _ => slow::hold(crew, start + until, phase).await,
                        }
                    });
                }
            }
        }
    }

    async fn phase(&self, index: usize, phase: &Phase, start: Instant) -> io::Result<()> {
        let weights = phase.classes.iter().filter_map(|class| {
            match self.crews.get(*class).map(|crew| &crew.class.conduct) {
                Some(Conduct::Requests { weight, .. }) => Some((*class, *weight)),
                _ => None,
            }
        });
        let end = start + phase.length;
        if let Some(mix) = Mix::new(weights) {
            match &phase.load {
                Load::Open(plan) => self.open(plan, &mix, index, start).await?,
                Load::Closed { connections, think } => {
                    let round = Round { phase: index, until: end, think: *think };
                    self.closed(*connections, &mix, round);
                }
            }
        }
        while clock::now() + SLACK < end && !self.context.stopped() {
            self.timer.until(end).await?;
        }
        Ok(())
    }

    /// Starts requests when they are due.
    async fn open(&self, plan: &Plan, mix: &Mix, phase: usize, start: Instant) -> io::Result<()> {
        let (index, of) = self.assignment.lane;
        let lane = Lane { index: index as u64, of: of as u64 };
        let seed = self.assignment.scenario.seed.wrapping_add(phase as u64);
        let mut in_a_row = 0;
        for arrival in plan.arrivals(lane, seed) {
            let due = start + arrival.at;
            while clock::now() + SLACK < due && !self.context.stopped() {
                in_a_row = 0;
                self.timer.until(due).await?;
            }
            if self.context.stopped() {
                break;
            }
            // Connections that have something to do get their turn, however many requests are due.
            in_a_row += 1;
            if in_a_row % TURN == 0 {
                task::yield_now().await;
            }
            let class = mix.pick(arrival.index);
            if let (Some(crew), Some(pool)) = (self.crews.get(class), self.pools.get(class)) {
                pool.dispatch(Job { due, phase, request: crew.next_request() });
            }
        }
        Ok(())
    }

    /// Starts connections that send on their own until the phase ends.
    fn closed(&self, connections: usize, mix: &Mix, round: Round) {
        let (lane, lanes) = self.assignment.lane;
        for connection in (lane..connections).step_by(lanes) {
            let Some(crew) = self.crews.get(mix.pick(connection as u64)) else { continue };
            match crew.class.protocol {
                Protocol::Http1 => {
                    task::spawn_local(h1::close_loop(Rc::clone(crew), round));
                }
                Protocol::Http2 => {
                    let shared = h2::Shared::new(Rc::clone(crew));
                    for _ in 0..crew.class.streams_max {
                        let shared = Rc::clone(&shared);
                        task::spawn_local(Box::pin(shared.close_loop(round)));
                    }
                }
            }
        }
    }

    /// Waits for what is under way; what still has no connection after the longest timeout never will.
    async fn drain(&self) {
        let timeout = self.crews.iter().map(|crew| crew.class.timeout).max().unwrap_or_default();
        let patience = clock::now() + timeout;
        while self.waiting() > 0 && clock::now() < patience && !self.context.stopped() {
            tokio::time::sleep(STEP).await;
        }
        self.pools.iter().for_each(Pool::abandon);
        // Each of these ends by its own timeout.
        while self.waiting() > 0 || self.context.recorder.borrow().open() > 0 {
            tokio::time::sleep(STEP).await;
        }
    }

    fn waiting(&self) -> usize {
        self.pools.iter().map(Pool::pending).sum()
    }
}

impl Pool {
    fn new(crew: &Rc<Crew>) -> Self {
        match crew.class.protocol {
            Protocol::Http1 => Self::Http1(h1::Pool::new(Rc::clone(crew))),
            Protocol::Http2 => Self::Http2(h2::Pool::new(Rc::clone(crew))),
        }
    }

    fn dispatch(&self, job: Job) {
        match self {
            Self::Http1(pool) => pool.dispatch(job),
            Self::Http2(pool) => pool.dispatch(job),
        }
    }

    fn pending(&self) -> usize {
        match self {
            Self::Http1(pool) => pool.pending(),
            Self::Http2(pool) => pool.pending(),
        }
    }

    fn abandon(&self) {
        match self {
            Self::Http1(pool) => pool.abandon(),
            Self::Http2(pool) => pool.abandon(),
        }
    }
}

/// The endpoint of a class, with what its conduct asks for.
pub(super) fn endpoint(scenario: &Scenario, class: usize) -> io::Result<Endpoint> {
    let class = scenario.classes.get(class).ok_or_else(|| io::Error::other("no such class"))?;
    let endpoint = Endpoint::new(&class.target, class.protocol, &scenario.trust)?;
    Ok(match &class.conduct {
        Conduct::Slow(slow) if slow.part == SlowPart::Reader => endpoint.with_receive_buffer(4_096),
        Conduct::Flood(flood) if flood.kind == FloodKind::Handshake => {
            endpoint.without_resumption()
        }
        _ => endpoint,
    })
}

/// Hands seconds over in time, even if nothing happens in them.
async fn beat(context: Rc<Context>) {
    loop {
        tokio::time::sleep(BEAT).await;
        context.recorder.borrow_mut().roll(clock::now());
    }
}

const SCRATCH_BYTES: usize = 64 * 1024;
const EVENT_INTERVAL: u32 = 256;
const TURN: u32 = 32;
const SLACK: Duration = Duration::from_micros(10);
const BEAT: Duration = Duration::from_millis(100);
const STEP: Duration = Duration::from_millis(2);
