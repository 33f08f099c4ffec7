//! HTTP/2, on the `h2` crate: streams side by side on a few connections.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    rc::Rc,
};

use bytes::Bytes;
use h2::client::SendRequest;
use tokio::sync::OnceCell;

use super::{Broken, Crew, Job, Round, request::Prepared};
use crate::{
    clock::{self, Instant},
    record::{Answer, Failure},
};

/// The connections of a class on one thread, for an open loop.
pub struct Pool {
    crew: Rc<Crew>,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    lines: Vec<Rc<Line>>,
    /// Jobs that wait for a stream.
    queue: VecDeque<Job>,
    busy: usize,
}

/// A connection, or one that is being opened by whoever needs it first.
#[derive(Default)]
struct Line {
    source: usize,
    sender: OnceCell<SendRequest<Bytes>>,
    streams: Cell<usize>,
    /// Whether it has ended, or is about to.
    gone: Rc<Cell<bool>>,
}

impl Pool {
    /// A pool without connections.
    pub fn new(crew: Rc<Crew>) -> Rc<Self> {
        Rc::new(Self { crew, state: RefCell::default() })
    }

    /// Hands a due job to a connection.
    pub fn dispatch(self: &Rc<Self>, job: Job) {
        let source = self.crew.next_source();
        let mut state = self.state.borrow_mut();
        let Some(line) = state.line(source, &self.crew) else {
            return state.queue.push_back(job);
        };
        state.busy += 1;
        line.streams.set(line.streams.get() + 1);
        tokio::task::spawn_local(Rc::clone(self).stream(line, job));
    }

    /// Jobs that are waiting or being served.
    pub fn pending(&self) -> usize {
        let state = self.state.borrow();
        state.queue.len() + state.busy
    }

    /// Gives up on the jobs that wait.
    pub fn abandon(&self) {
        let jobs = std::mem::take(&mut self.state.borrow_mut().queue);
        self.crew.unsent(jobs, "no stream was free in time");
    }

    async fn stream(self: Rc<Self>, line: Rc<Line>, first: Job) {
        let (mut job, mut late) = (first, false);
        loop {
            let now = clock::now();
            let moment = self.crew.started(&job, now);
            if late {
                self.crew.context.recorder.borrow_mut().late(&moment);
            }
            let outcome = line.serve(&self.crew, &job, now).await;
            self.crew.ended(&moment, outcome);
            let next = self.state.borrow_mut().next(line.gone.get());
            match next {
                Some(next) => (job, late) = (next, true),
                None => break,
            }
        }
        line.streams.set(line.streams.get() - 1);
        // What waited for a stream of a connection that is gone may open another.
        if line.gone.get() {
            let waiting = self.state.borrow_mut().queue.pop_front();
            if let Some(job) = waiting {
                self.dispatch(job);
            }
        }
    }
}

impl State {
    /// A connection with a stream to spare, the least busy of this source; or a new one; or none.
    fn line(&mut self, source: usize, crew: &Crew) -> Option<Rc<Line>> {
        self.lines.retain(|line| !line.gone.get());
        let most = crew.class.streams_max;
        let free = self.lines.iter().filter(|l| l.source == source && l.streams.get() < most);
        if let Some(line) = free.min_by_key(|line| line.streams.get()) {
            return Some(Rc::clone(line));
        }
        if self.lines.len() >= crew.connections_max {
            // Of another source, if one of those is idle: it makes room.
            let idle = self.lines.iter().position(|line| line.streams.get() == 0)?;
            self.lines.swap_remove(idle);
        }
        let line = Rc::new(Line { source, ..Line::default() });
        self.lines.push(Rc::clone(&line));
        Some(line)
    }

    /// A job is done: takes one that waits, unless its connection is gone.
    fn next(&mut self, gone: bool) -> Option<Job> {
        let job = if gone { None } else { self.queue.pop_front() };
        if job.is_none() {
            self.busy -= 1;
        }
        job
    }
}

impl Line {
    async fn serve(&self, crew: &Crew, job: &Job, now: Instant) -> Result<Answer, Broken> {
        let Some(request) = crew.request(job.request) else {
            return Err(Broken::new(Failure::Protocol, "there is no such request"));
        };
        let deadline = now + crew.class.timeout;
        let exchange = Box::pin(self.exchange(crew, request));
        let outcome = tokio::time::timeout_at(deadline.into(), exchange).await;
        let outcome = outcome.unwrap_or_else(|_| Err(Broken::timeout()));
        let stream_only = |broken: &Broken| broken.failure == Failure::Timeout;
        if !crew.class.keepalive || outcome.as_ref().is_err_and(|broken| !stream_only(broken)) {
            self.gone.set(true);
        }
        outcome
    }

    async fn exchange(&self, crew: &Crew, request: &Prepared) -> Result<Answer, Broken> {
        let sender = self.sender.get_or_try_init(|| self.connect(crew)).await?;
        let mut sender = sender.clone().ready().await.map_err(broken)?;
        let body = request.body();
        let sent = sender.send_request(request.head.clone(), body.is_empty()).map_err(broken)?;
        let (answer, mut stream) = sent;
        if !body.is_empty() {
            stream.send_data(body, true).map_err(broken)?;
        }
        let answer = answer.await.map_err(broken)?;
        let status = answer.status().as_u16();
        let mut body = answer.into_body();
        let mut bytes = 0;
        while let Some(piece) = body.data().await {
            let piece = piece.map_err(broken)?;
            bytes += piece.len() as u64;
            body.flow_control().release_capacity(piece.len()).map_err(broken)?;
        }
        Ok(Answer { status, bytes })
    }

    async fn connect(&self, crew: &Crew) -> Result<SendRequest<Bytes>, Broken> {
        let stream = crew.endpoint.connect(crew.source(self.source)).await?;
        let handshake = h2::client::Builder::new()
            .initial_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .enable_push(false)
            .handshake(stream);
        let (sender, connection) = handshake.await.map_err(broken)?;
        let gone = Rc::clone(&self.gone);
        tokio::task::spawn_local(async move {
            // Those whose streams it carried learn of its end from them.
            let _ = connection.await;
            gone.set(true);
        });
        Ok(sender)
    }
}

/// A connection of a closed loop, that several streams share and any of them replaces when it is gone.
pub struct Shared {
    crew: Rc<Crew>,
    line: RefCell<Rc<Line>>,
}

impl Shared {
    /// A connection that is opened when it is first used.
    pub fn new(crew: Rc<Crew>) -> Rc<Self> {
        let line = Rc::new(Line { source: crew.next_source(), ..Line::default() });
        Rc::new(Self { crew, line: RefCell::new(line) })
    }

    /// Sends one request after the other on a stream each until a time.
    pub async fn close_loop(self: Rc<Self>, round: Round) {
        let serve = async |job: &Job, now| self.line().serve(&self.crew, job, now).await;
        self.crew.close_loop(round, serve).await;
    }

    fn line(&self) -> Rc<Line> {
        let mut line = self.line.borrow_mut();
        if line.gone.get() {
            *line = Rc::new(Line { source: line.source, ..Line::default() });
        }
        Rc::clone(&line)
    }
}

fn broken(error: h2::Error) -> Broken {
    let closed = error.is_io() || error.is_go_away() || error.is_reset();
    Broken::new(if closed { Failure::Closed } else { Failure::Protocol }, error)
}

/// Large enough that the server, not the window, sets the pace.
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 16 << 20;
