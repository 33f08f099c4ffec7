//! Judging on another thread: a large body takes milliseconds, in which its worker has others to serve.
//!
//! As many run at a time as there are cores; the others wait for their turn, and their workers go on meanwhile. Whoever waits
//! can go away, with the client or at a deadline: then what was to be done at the end is left with the transaction, so that
//! what rules found is counted and recorded all the same.

use std::{mem, sync::Arc, thread};

use foxtrot_waf::{Transaction, Verdict as Judgement, Worker as Engine};
use parking_lot::Mutex;
use tokio::sync::{OnceCell, Semaphore};

use super::transaction::engine;

/// A body of so many bytes is judged aside. Hostile ones take up to about 0.1 us for a byte (docs/benchmarks.md).
pub(super) const FROM: usize = 16 << 10;

/// What is done with a transaction.
pub(super) type Step = fn(&mut Transaction, &mut Engine) -> Judgement;

/// What is done once nobody waits any more.
pub(super) type End = Box<dyn FnOnce(Transaction, &mut Engine) + Send>;

/// A transaction that is away, seen from where it is missing.
#[derive(Clone, Debug, Default)]
pub(super) struct Aside(Arc<Mutex<State>>);

#[derive(Default)]
enum State {
    #[default]
    Running,
    Judged(Box<Transaction>, Judgement),
    /// Nobody waits any more.
    Left(End),
    /// It is back, or at its end.
    Over,
}

impl Aside {
    /// Does a step of a transaction on another thread. It can be left at any time: see [`leave`](Self::leave).
    ///
    /// `None` where the step could not be done.
    pub async fn run(
        &self,
        turn: Turn,
        tx: Transaction,
        step: Step,
    ) -> Option<(Transaction, Judgement)> {
        let aside = self.clone();
        let work = move || {
            let mut tx = tx;
            let mut engine = ENGINES.lock().pop().unwrap_or_else(engine);
            let judgement = step(&mut tx, &mut engine);
            aside.settle(tx, judgement, &mut engine);
            ENGINES.lock().push(engine);
            drop(turn);
        };
        tokio::task::spawn_blocking(work).await.ok()?;
        self.fetch()
    }

    /// Leaves the end to the other thread; does it here, where that is done.
    pub fn leave(&self, here: &mut Engine, end: End) {
        let mut state = self.0.lock();
        match mem::replace(&mut *state, State::Over) {
            State::Running => *state = State::Left(end),
            State::Judged(tx, _) => {
                drop(state);
                end(*tx, here);
            }
            State::Left(_) | State::Over => {}
        }
    }

    fn settle(&self, tx: Transaction, judgement: Judgement, engine: &mut Engine) {
        let mut state = self.0.lock();
        match mem::replace(&mut *state, State::Over) {
            State::Running => *state = State::Judged(Box::new(tx), judgement),
            State::Left(end) => {
                drop(state);
                end(tx, engine);
            }
            State::Judged(..) | State::Over => {}
        }
    }

    fn fetch(&self) -> Option<(Transaction, Judgement)> {
        match mem::replace(&mut *self.0.lock(), State::Over) {
            State::Judged(tx, judgement) => Some((*tx, judgement)),
            _ => None,
        }
    }
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Running => "Running",
            Self::Judged(..) => "Judged",
            Self::Left(_) => "Left",
            Self::Over => "Over",
        })
    }
}

/// The right to use another thread.
pub(super) type Turn = tokio::sync::SemaphorePermit<'static>;

/// Waits for a turn. `None` never comes: turns do not end.
pub(super) async fn turn() -> Option<Turn> {
    let cores = || async { Semaphore::new(thread::available_parallelism().map_or(1, usize::from)) };
    TURNS.get_or_init(cores).await.acquire().await.ok()
}

static TURNS: OnceCell<Semaphore> = OnceCell::const_new();
/// Engines of transactions that are away, warm from those before: at most one for each turn.
static ENGINES: Mutex<Vec<Engine>> = Mutex::new(Vec::new());

#[cfg(test)]
mod tests;
