//! Notices that the configuration, or a file that it names, has changed.
//!
//! Directories are watched and never files: a file that is replaced by a rename, or that a Kubernetes `..data` link leads to,
//! takes its watch with it (envoyproxy/envoy#3928, linkerd/linkerd2#1061). An event only says "look": what counts is whether
//! contents differ from those last seen. A slow poll finds what network and overlay file systems do not tell.
//!
//! Nothing is loaded here.

mod directories;
mod fingerprint;

use std::{io, sync::Arc, time::Duration};

use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::{Notify, mpsc, watch},
    time,
};

pub use fingerprint::Fingerprints;
pub use foxtrot_api::Cause;

use crate::clock::{self, Instant};
use directories::Directories;

/// What to look at, and how.
#[derive(Debug, Clone)]
pub struct Target {
    /// The files, with the contents that the snapshot in force was made of.
    pub files: Fingerprints,
    /// Whether the file system is asked to tell of changes. SIGHUP is always heard, and `poll` is apart from this.
    pub watch: bool,
    /// Compare contents this often without being told; zero never.
    pub poll: Duration,
}

/// A running watch; it ends when this or the receiver of its causes is dropped.
#[derive(Debug)]
pub struct Watch {
    target: watch::Sender<Target>,
}

impl Watch {
    /// Starts to watch, on the runtime of the caller. Each cause that is received asks for one load; causes that come while
    /// earlier ones wait are dropped, because the loads to come will see what they saw.
    ///
    /// # Errors
    /// SIGHUP cannot be taken.
    pub fn start(target: Target) -> io::Result<(Self, mpsc::Receiver<Cause>)> {
        let hangup = signal(SignalKind::hangup())?;
        let dirty = Arc::new(Notify::new());
        let directories = Directories::new(Arc::clone(&dirty));
        let (causes, received) = mpsc::channel(WAITING_MAX);
        let (sender, targets) = watch::channel(target);
        let task = Task::new(targets, directories, causes);
        tokio::spawn(task.run(hangup, dirty));
        Ok((Self { target: sender }, received))
    }

    /// Looks at other files from now on. To be called after every load that came into force, and after a failed one with the
    /// files that it got to, so that their repair is seen.
    ///
    /// Take the fingerprints *before* the files are read for the load, or [note](Fingerprints::note) the very bytes: a change
    /// in between is then a change, and not missed.
    pub fn replace(&self, target: Target) {
        self.target.send_replace(target);
    }
}

/// Causes that may wait for the loader.
const WAITING_MAX: usize = 4;

/// How long a directory must be quiet before files are read: a save is 7 to 12 events, and a copy is not atomic.
const QUIET: Duration = Duration::from_millis(200);

/// How long a directory that is never quiet is waited for.
const QUIET_MAX: Duration = Duration::from_secs(2);

struct Task {
    targets: watch::Receiver<Target>,
    directories: Directories,
    causes: mpsc::Sender<Cause>,
    /// Contents as last seen.
    files: Fingerprints,
    /// `None`: no poll.
    next_poll: Option<Instant>,
}

impl Task {
    fn new(
        mut targets: watch::Receiver<Target>,
        directories: Directories,
        causes: mpsc::Sender<Cause>,
    ) -> Self {
        targets.mark_changed();
        Self { targets, directories, causes, files: Fingerprints::default(), next_poll: None }
    }

    async fn run(mut self, mut hangup: Signal, dirty: Arc<Notify>) {
        let causes = self.causes.clone();
        loop {
            let cause = tokio::select! {
                changed = self.targets.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    self.targets.mark_changed();
                    Cause::File
                }
                Some(()) = hangup.recv() => Cause::Signal,
                () = dirty.notified() => {
                    quiet(&dirty).await;
                    Cause::File
                }
                () = at(self.next_poll) => Cause::Poll,
                () = causes.closed() => return,
            };
            self.look(cause).await;
        }
    }

    /// Compares contents and tells of a difference.
    async fn look(&mut self, cause: Cause) {
        self.retarget();
        if cause == Cause::File && !self.targets.borrow().watch {
            // Nobody asked to be told at once: a poll compares with what was loaded, and so does a signal.
            return;
        }
        if cause == Cause::Poll {
            // A directory that was removed and made again has lost its watch.
            self.watch_again();
        }
        let known = self.files.clone();
        let Ok(seen) = tokio::task::spawn_blocking(move || known.read_again()).await else {
            // Only when the runtime shuts down.
            return;
        };
        let changed = !seen.same_contents(&self.files);
        self.files = seen;
        self.schedule_poll();
        if changed {
            self.watch_directories();
        }
        if changed || cause == Cause::Signal {
            tracing::debug!(%cause, "configuration is to be loaded");
            // Full: see `Watch::start`. Closed: `run` ends.
            let _ = self.causes.try_send(cause);
        }
    }

    /// Takes over what [`Watch::replace`] left, if anything.
    fn retarget(&mut self) {
        let target = {
            let target = self.targets.borrow_and_update();
            if !target.has_changed() {
                return;
            }
            target.clone()
        };
        self.files = target.files.or_newer(&self.files);
        self.watch_directories();
        self.schedule_poll();
    }

    fn watch_again(&mut self) {
        if self.targets.borrow().watch {
            self.directories.watch_again(&self.files);
        }
    }

    fn watch_directories(&mut self) {
        let watch = self.targets.borrow().watch;
        let nothing = Fingerprints::default();
        self.directories.watch(if watch { &self.files } else { &nothing });
    }

    fn schedule_poll(&mut self) {
        let poll = self.targets.borrow().poll;
        self.next_poll = (!poll.is_zero()).then(|| clock::now() + poll);
    }
}

/// Waits until nothing has happened for a while, but not for ever.
async fn quiet(dirty: &Notify) {
    let latest = clock::now() + QUIET_MAX;
    loop {
        let now = clock::now();
        if now >= latest
            || time::timeout_at(latest.min(now + QUIET), dirty.notified()).await.is_err()
        {
            return;
        }
    }
}

async fn at(instant: Option<Instant>) {
    match instant {
        Some(instant) => time::sleep_until(instant).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
