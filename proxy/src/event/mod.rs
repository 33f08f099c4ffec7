//! The event log: what happened to the process and its rollouts, each line bound to the one before by its hash
//! ([`foxtrot_api::events`]).
//!
//! [`Events::record`] hands an event to a thread of its own, which numbers, binds and writes it (`log`); it is called on the
//! control thread, never on a worker. What finds no room is counted, and the log says so: the chain is whole all the same. The
//! last events are kept in memory for `GET /events`, and without a directory that is all there is.

mod log;

use std::{
    collections::VecDeque,
    io,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use foxtrot_api::{EventKind, Stamp};
use parking_lot::Mutex;
use serde_json::{Map, Value};

use crate::{clock, config};
use log::Log;

/// The event log. Dropping it writes what waits.
#[derive(Debug)]
pub struct Events {
    to_writer: Mutex<Option<SyncSender<Message>>>,
    lost: Arc<AtomicU64>,
    recent: Arc<Mutex<Recent>>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

/// The last lines, oldest first.
#[derive(Debug, Default)]
struct Recent(VecDeque<(u64, Arc<[u8]>)>);

#[derive(Debug)]
struct Draft {
    at: Duration,
    kind: EventKind,
    rollout: Option<String>,
    fields: Map<String, Value>,
}

#[derive(Debug)]
enum Message {
    Event(Draft),
    /// Answer once all before it is written.
    Flush(SyncSender<()>),
}

/// Events that may wait for the disk.
const WAITING_MAX: usize = 1024;

/// Lines that `GET /events` can give.
pub const RECENT_MAX: usize = 1000;

impl Events {
    /// The log in a directory, or in memory alone.
    ///
    /// # Errors
    /// The directory or a file in it cannot be written, or there is no thread.
    pub fn start(dir: Option<&Path>, written: &config::EventLog) -> io::Result<Self> {
        let recent = Arc::new(Mutex::new(Recent::default()));
        let lost = Arc::new(AtomicU64::new(0));
        let mut log = match dir {
            Some(dir) => Log::open(dir, written, clock::since_epoch())?,
            None => Log::in_memory(),
        };
        if let Some(what) = log.take_repair() {
            tracing::warn!(what, "the event log was damaged and goes on");
            let fields = Map::from_iter([("what".to_owned(), what.into())]);
            let draft = Draft {
                at: clock::since_epoch(),
                kind: EventKind::Other("repair".to_owned()),
                rollout: None,
                fields,
            };
            keep(&mut log, draft, &recent)?;
        }
        let (to_writer, from_control) = sync_channel(WAITING_MAX);
        let writer = Writer { log, lost: Arc::clone(&lost), recent: Arc::clone(&recent) };
        let writer = thread::Builder::new()
            .name("events".to_owned())
            .spawn(move || writer.run(&from_control))?;
        Ok(Self {
            to_writer: Mutex::new(Some(to_writer)),
            lost,
            recent,
            writer: Mutex::new(Some(writer)),
        })
    }

    /// Has an event written. Waits for nothing.
    pub fn record<const N: usize>(
        &self,
        kind: EventKind,
        rollout: Option<&str>,
        fields: [(&str, Value); N],
    ) {
        let fields = fields.into_iter().filter(|(_, value)| !value.is_null());
        let fields = fields.map(|(name, value)| (name.to_owned(), value)).collect();
        let at = clock::since_epoch();
        let draft = Draft { at, kind, rollout: rollout.map(str::to_owned), fields };
        let sent = match &*self.to_writer.lock() {
            Some(to_writer) => to_writer.try_send(Message::Event(draft)).is_ok(),
            None => false,
        };
        if !sent {
            self.lost.fetch_add(1, Relaxed);
        }
    }

    /// Lines with a number above `after`, at most `limit` of them, oldest first; those before the last [`RECENT_MAX`] are on
    /// disk alone.
    pub fn after(&self, after: u64, limit: usize) -> Vec<u8> {
        let recent = self.recent.lock();
        let lines = recent.0.iter().filter(|(seq, _)| *seq > after).take(limit);
        lines.flat_map(|(_, line)| line.iter().copied()).collect()
    }

    /// Waits until everything so far is written. Blocks.
    pub fn flush(&self) {
        let (done, written) = sync_channel(1);
        let sent = match &*self.to_writer.lock() {
            Some(to_writer) => to_writer.send(Message::Flush(done)).is_ok(),
            None => false,
        };
        if sent {
            // A writer that panicked has said so.
            let _ = written.recv();
        }
    }

    /// Writes what waits, and ends the thread.
    pub fn close(&self) {
        drop(self.to_writer.lock().take());
        if let Some(writer) = self.writer.lock().take() {
            let _ = writer.join();
        }
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        self.close();
    }
}

struct Writer {
    log: Log,
    lost: Arc<AtomicU64>,
    recent: Arc<Mutex<Recent>>,
}

impl Writer {
    fn run(mut self, from_control: &Receiver<Message>) {
        while let Ok(message) = from_control.recv() {
            match message {
                Message::Event(draft) => {
                    self.own_up(draft.at);
                    self.write(draft);
                }
                Message::Flush(done) => drop(done.send(())),
            }
        }
        self.own_up(clock::since_epoch());
    }

    fn write(&mut self, draft: Draft) {
        if let Err(error) = keep(&mut self.log, draft, &self.recent) {
            tracing::error!(%error, "an event cannot be written, its log will say that one is missing");
            self.lost.fetch_add(1, Relaxed);
        }
    }

    /// Says how many events are missing, where some are.
    fn own_up(&mut self, at: Duration) {
        let lost = self.lost.swap(0, Relaxed);
        if lost == 0 {
            return;
        }
        let fields = Map::from_iter([("events".to_owned(), lost.into())]);
        let kind = EventKind::Other("lost".to_owned());
        let draft = Draft { at, kind, rollout: None, fields };
        if keep(&mut self.log, draft, &self.recent).is_err() {
            self.lost.fetch_add(lost, Relaxed);
        }
    }
}

fn keep(log: &mut Log, draft: Draft, recent: &Mutex<Recent>) -> io::Result<()> {
    let durable = !matches!(draft.kind, EventKind::List | EventKind::Reload);
    // Milliseconds fit for half a billion years.
    let at = Stamp(draft.at.as_millis() as u64);
    let (seq, line) = log.append(at, draft.kind, draft.rollout.as_deref(), draft.fields)?;
    if durable {
        log.sync()?;
    }
    let mut recent = recent.lock();
    if recent.0.len() == RECENT_MAX {
        recent.0.pop_front();
    }
    recent.0.push_back((seq, line.into()));
    Ok(())
}
