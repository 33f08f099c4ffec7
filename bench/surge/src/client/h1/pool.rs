//! Connections of a class for an open loop: a due request takes an idle one, or opens one, or waits and is late.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    future::poll_fn,
    rc::Rc,
    task::{Poll, Waker},
};

use super::{Link, link};
use crate::{
    client::{Crew, Job},
    clock,
};

/// The connections of a class on one thread.
pub struct Pool {
    crew: Rc<Crew>,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    /// Idle connections by source address; the one used last is used next, so that no more stay than are needed.
    idle: Vec<Vec<Rc<Seat>>>,
    open: usize,
    /// Jobs that wait for a connection.
    queue: VecDeque<Job>,
    /// Jobs that are being served.
    busy: usize,
}

/// Where an idle connection waits for a job.
#[derive(Default)]
struct Seat {
    source: usize,
    job: Cell<Option<Job>>,
    waker: Cell<Option<Waker>>,
    /// Whether the connection counts as closed already.
    gone: Cell<bool>,
}

impl Pool {
    /// A pool without connections.
    pub fn new(crew: Rc<Crew>) -> Rc<Self> {
        let idle = (0..crew.class.sources.len().max(1)).map(|_| Vec::new()).collect();
        let state = State { idle, ..State::default() };
        Rc::new(Self { crew, state: RefCell::new(state) })
    }

    /// Hands a due job to a connection.
    pub fn dispatch(self: &Rc<Self>, job: Job) {
        let source = self.crew.next_source();
        let mut state = self.state.borrow_mut();
        if let Some(seat) = state.idle.get_mut(source).and_then(Vec::pop) {
            state.busy += 1;
            return seat.wake(|seat| seat.job.set(Some(job)));
        }
        if state.open >= self.crew.connections_max && !state.dismiss_one() {
            return state.queue.push_back(job);
        }
        state.open += 1;
        state.busy += 1;
        tokio::task::spawn_local(Rc::clone(self).connection(source, job));
    }

    /// Jobs that are waiting or being served.
    pub fn pending(&self) -> usize {
        let state = self.state.borrow();
        state.queue.len() + state.busy
    }

    /// Gives up on the jobs that wait.
    pub fn abandon(&self) {
        let jobs = std::mem::take(&mut self.state.borrow_mut().queue);
        self.crew.unsent(jobs, "no connection was free in time");
    }

    async fn connection(self: Rc<Self>, source: usize, first: Job) {
        let seat = Rc::new(Seat { source, ..Seat::default() });
        let (mut link, mut job, mut late) = (None, first, false);
        loop {
            self.serve(&mut link, source, &job, late).await;
            let waiting = self.state.borrow_mut().next();
            late = waiting.is_some();
            job = match (waiting, &mut link) {
                (Some(job), _) => job,
                (None, Some(link)) => match self.idle(&seat, link).await {
                    Some(job) => job,
                    None => return,
                },
                (None, None) => break,
            };
        }
        self.state.borrow_mut().open -= 1;
    }

    async fn serve(&self, link: &mut Option<Link>, source: usize, job: &Job, late: bool) {
        let crew = &self.crew;
        let now = clock::now();
        let moment = crew.started(job, now);
        if late {
            crew.context.recorder.borrow_mut().late(&moment);
        }
        let outcome = link::serve(link, crew, crew.source(source), job, now).await;
        crew.ended(&moment, outcome);
    }

    /// Waits for a job; `None` if the connection is to end, and counts as closed.
    async fn idle(&self, seat: &Rc<Seat>, link: &mut Link) -> Option<Job> {
        if let Some(idle) = self.state.borrow_mut().idle.get_mut(seat.source) {
            idle.push(Rc::clone(seat));
        }
        poll_fn(|cx| {
            if let Some(job) = seat.job.take() {
                return Poll::Ready(Some(job));
            }
            if seat.gone.get() {
                return Poll::Ready(None);
            }
            if link.poll_gone(cx, &self.crew.context).is_ready() {
                self.state.borrow_mut().forget(seat);
                return Poll::Ready(None);
            }
            seat.waker.set(Some(cx.waker().clone()));
            Poll::Pending
        })
        .await
    }
}

impl State {
    /// A job is done: takes one that waits.
    fn next(&mut self) -> Option<Job> {
        let job = self.queue.pop_front();
        if job.is_none() {
            self.busy -= 1;
        }
        job
    }

    /// Closes an idle connection of some other source, to make room for one of the source whose turn it is.
    fn dismiss_one(&mut self) -> bool {
        let Some(seat) = self.idle.iter_mut().find_map(Vec::pop) else { return false };
        self.open -= 1;
        seat.wake(|seat| seat.gone.set(true));
        true
    }

    fn forget(&mut self, gone: &Rc<Seat>) {
        if let Some(idle) = self.idle.get_mut(gone.source) {
            idle.retain(|seat| !Rc::ptr_eq(seat, gone));
        }
        self.open -= 1;
    }
}

impl Seat {
    fn wake(&self, change: impl FnOnce(&Self)) {
        change(self);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}
