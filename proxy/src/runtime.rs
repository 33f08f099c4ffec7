//! Threads: how many there are, and what each runs. Nothing else knows.

use std::{io, sync::Arc, thread, time::Duration};

use tokio::{net::TcpListener, runtime::Builder, sync::mpsc};

use crate::{
    config::Runtime,
    listener::{ListenerState, Listening, accept::accept},
    snapshot::Snapshot,
    upstream,
    worker::Worker,
};

/// The workers of the process, and the way to reach them.
#[derive(Debug)]
pub struct Workers {
    /// One per shard of counters and pools.
    pub workers: Vec<Arc<Worker>>,
    /// Threads that serve requests: one per worker, or those that a shared one has.
    pub thread_count: usize,
    commands: Vec<mpsc::UnboundedSender<Command>>,
    threads: Vec<thread::JoinHandle<()>>,
}

/// What the control thread asks of a worker.
enum Command {
    Listen(Listening, std::net::TcpListener),
}

/// How often a worker looks after its idle upstream connections.
const SWEEP_EVERY: Duration = Duration::from_secs(1);

/// How many workers a configuration asks for.
pub fn worker_count(runtime: Runtime, workers: u32) -> usize {
    match runtime {
        Runtime::Shared => 1,
        Runtime::PerCore => threads(workers),
    }
}

impl Workers {
    /// Starts the workers on `snapshot`.
    ///
    /// # Errors
    /// A thread or its runtime cannot be made.
    pub fn start(snapshot: &Arc<Snapshot>) -> io::Result<Self> {
        let config = &snapshot.config;
        let count = worker_count(config.runtime, config.workers);
        let thread_count = threads(config.workers);
        let mut started =
            Self { workers: Vec::new(), thread_count, commands: Vec::new(), threads: Vec::new() };
        for id in 0..count {
            let worker = Arc::new(Worker::new(id, Arc::clone(snapshot)));
            let (commands, receiver) = mpsc::unbounded_channel();
            let runtime = match config.runtime {
                Runtime::PerCore => Builder::new_current_thread().enable_all().build()?,
                Runtime::Shared => {
                    Builder::new_multi_thread().worker_threads(thread_count).enable_all().build()?
                }
            };
            let main = run(Arc::clone(&worker), receiver);
            let thread = thread::Builder::new().name(format!("worker-{id}"));
            started.threads.push(thread.spawn(move || runtime.block_on(main))?);
            started.workers.push(worker);
            started.commands.push(commands);
        }
        Ok(started)
    }

    /// Gives each worker its socket of a listener.
    pub fn listen(&self, state: &Arc<ListenerState>, sockets: Vec<std::net::TcpListener>) {
        for (commands, socket) in self.commands.iter().zip(sockets) {
            // A worker that is gone has taken the process with it.
            let _ = commands.send(Command::Listen(state.listening(), socket));
        }
    }

    /// Puts a snapshot in force on every worker.
    pub fn publish(&self, snapshot: &Arc<Snapshot>) {
        for worker in &self.workers {
            worker.publish(Arc::clone(snapshot));
        }
    }

    /// Ends the workers with whatever they still have in hand.
    pub fn stop(self) {
        drop(self.commands);
        for thread in self.threads {
            // A worker that panicked has said so already.
            let _ = thread.join();
        }
    }
}

/// A worker's life.
async fn run(worker: Arc<Worker>, mut commands: mpsc::UnboundedReceiver<Command>) {
    let mut sweep = tokio::time::interval(SWEEP_EVERY);
    sweep.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            command = commands.recv() => match command {
                Some(Command::Listen(listening, socket)) => listen(&worker, listening, socket),
                None => return,
            },
            _ = sweep.tick() => {
                let snapshot = worker.snapshot();
                upstream::sweep(worker.id, &snapshot.clusters);
                for rollout in &snapshot.rollouts {
                    rollout.learned.prewarm.look(worker.id);
                }
            }
        }
    }
}

fn listen(worker: &Arc<Worker>, listening: Listening, socket: std::net::TcpListener) {
    match TcpListener::from_std(socket) {
        Ok(socket) => drop(tokio::spawn(accept(Arc::clone(worker), listening, socket))),
        Err(error) => tracing::error!(listener = %listening.state.name, %error, "cannot listen"),
    }
}

fn threads(asked: u32) -> usize {
    match asked {
        0 => cores(),
        asked => asked as usize,
    }
}

/// Threads that can run at once.
pub fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}
