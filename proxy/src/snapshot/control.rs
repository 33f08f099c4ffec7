//! The control thread's hold on the configuration: loads it, puts it in force, keeps what was, and says how that went.
//!
//! One load at a time. A load that fails changes nothing: files are read, sockets bound and names resolved before the first
//! worker hears of it. One that succeeds is put in force whole, worker by worker, each at a point between two requests.

mod rollouts;
mod say;
mod switch;

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::Context as _;
use foxtrot_api::{Cause, LastReload, LocatedError, ReloadOutcome, ReloadResult};
use parking_lot::Mutex;
use rustls::server::ProducesTickets;
use tokio::sync::watch;
use tracing::{info, warn};

use super::{
    Snapshot,
    compile::{self, Surroundings},
    history::History,
    plan::{self, Ours, Plan},
    posture::Runs,
    read::{Read, errors, files_of, read, read_text},
    state::{State, last},
    state_dir::StateDir,
    watch::{Fingerprints, Target, Watch},
};
use crate::{
    admin::TokenSource,
    clock,
    config::{
        Config,
        diagnostic::{Problem, Report},
        document::{KeyPath, path},
        load::Loaded,
    },
    drain::drain,
    event::Events,
    observe::metrics::Metrics,
    overload,
    rollout::{self, drive::Drive},
    runtime::{self, Workers},
    upstream::{self, Cluster},
};

/// The configuration in force, and the way to another.
pub struct Control {
    /// The first file.
    path: PathBuf,
    metrics: Arc<Metrics>,
    ticketer: Arc<dyn ProducesTickets>,
    token: TokenSource,
    workers: Mutex<Option<Workers>>,
    clusters: watch::Sender<Vec<Arc<Cluster>>>,
    watch: Mutex<Option<Watch>>,
    posture: Runs,
    overload: overload::Watch,
    rollouts: Drive,
    events: Arc<Events>,
    /// Ours for as long as the process lives.
    _state_dir: Option<StateDir>,
    /// Held while a configuration is loaded.
    loading: tokio::sync::Mutex<()>,
    state: Mutex<State>,
}

/// Longest time that a load waits for names to resolve and endpoints to be probed. What is not known by then is learned
/// in service.
const WARM_TIME: Duration = Duration::from_secs(3);

impl Control {
    /// Loads the first configuration and starts the workers on it.
    ///
    /// # Errors
    /// What is wrong with the configuration, with its places; or what this machine does not allow.
    pub async fn start(path: PathBuf) -> anyhow::Result<Arc<Self>> {
        let read = read(&path).map_err(|report| anyhow::anyhow!("{report}"))?;
        let ticketer = crate::listener::tls::ticketer()?;
        let config = &read.loaded.config;
        let count = runtime::worker_count(config.runtime, config.workers);
        let metrics = Arc::new(Metrics::new(count));
        let plan = Plan::make(config, &Ours::default(), count)
            .map_err(|problems| located(&read.loaded, problems))?;
        let around = Surroundings {
            generation: 1,
            previous: None,
            listeners: plan.states.clone(),
            metrics: Arc::clone(&metrics),
            ticketer: Arc::clone(&ticketer),
            workers: count,
        };
        // Nobody waits for this thread yet.
        let snapshot = compile::compile(config, &around)
            .map_err(|problems| located(&read.loaded, problems))?;
        let snapshot = Arc::new(snapshot);
        let state_dir = StateDir::open(&config.state)?;
        let dir = state_dir.as_ref().map(StateDir::path);
        let events = Events::start(dir, &config.state.events).context("the event log")?;
        let events = Arc::new(events);
        let rollouts = Drive::start(dir, Arc::clone(&events), Arc::clone(&metrics))
            .context("where rollouts stand")?;
        // Before the first request: a rollout goes on where it was.
        rollouts.adopt(&snapshot.rollouts, rollout::drive::Cause::Restart);
        upstream::control::warm(&snapshot.clusters, WARM_TIME).await;
        let workers = Workers::start(&snapshot)?;
        let state = State::new(Arc::clone(&snapshot), &read);
        let control = Arc::new(Self {
            path,
            metrics,
            ticketer,
            token: TokenSource::default(),
            workers: Mutex::new(Some(workers)),
            clusters: watch::Sender::new(snapshot.clusters.clone()),
            watch: Mutex::new(None),
            posture: Runs::default(),
            overload: overload::Watch::default(),
            rollouts,
            events,
            _state_dir: state_dir,
            loading: tokio::sync::Mutex::new(()),
            state: Mutex::new(state),
        });
        control.listen(plan);
        control.announce(&snapshot);
        control.count("applied");
        control.say_started();
        Ok(control)
    }

    /// Runs what a configuration needs beside its workers: the watch on its files, probes and resolution of its clusters,
    /// and the freeing of snapshots. Ends with the process.
    pub async fn run(self: Arc<Self>) -> anyhow::Result<()> {
        let clusters = self.clusters.subscribe();
        tokio::spawn(upstream::control::run(clusters));
        tokio::spawn(Arc::clone(&self).drive_rollouts());
        let mut free = tokio::time::interval(FREE_EVERY);
        let (watch, mut causes) = Watch::start(self.target())?;
        *self.watch.lock() = Some(watch);
        loop {
            tokio::select! {
                Some(cause) = causes.recv() => drop(self.reload(cause).await),
                _ = free.tick() => {
                    self.free_retired();
                    self.expire_lists();
                }
            }
        }
    }

    /// Loads the configuration again. Who asks gets what the file says; a change that was only noticed must have changed
    /// that, or what is in force stays in force.
    pub async fn reload(&self, cause: Cause) -> ReloadResult {
        let _one = self.loading.lock().await;
        // Log rotation asks for nothing else, and must get it whatever stands in the file.
        if let Some(log) = &self.snapshot().access_log {
            log.reopen();
        }
        self.snapshot().waf.reopen();
        let path = self.path.clone();
        let read = match blocking(move || read(&path)).await {
            Some(read) => self.or_in_force(read, cause).await,
            None => None,
        };
        match read {
            Some(Ok(read)) => self.apply(read, cause).await,
            Some(Err(report)) => {
                let errors = errors(&report);
                self.look_also_at(Fingerprints::read(files_of(&errors)));
                self.refused(cause, errors)
            }
            None => self.refused(cause, vec![plain("loading failed")]),
        }
    }

    /// Puts an earlier generation in force again. The file stays as it is: the next change of it wins.
    pub async fn rollback(&self, generation: u64) -> ReloadResult {
        let _one = self.loading.lock().await;
        let text = self.state.lock().history.find(generation).map(|entry| Arc::clone(&entry.text));
        let Some(text) = text else {
            let message = format!(
                "generation {generation} is not among the last {}",
                super::history::KEPT_MAX
            );
            return self.refused(Cause::Rollback, vec![plain(&message)]);
        };
        match self.read_text(generation, text).await {
            Some(Ok(read)) => self.apply(read, Cause::Rollback).await,
            Some(Err(report)) => self.refused(Cause::Rollback, errors(&report)),
            None => self.refused(Cause::Rollback, vec![plain("loading failed")]),
        }
    }

    /// After a rollback, a file that says nothing new is not what to load, but what is in force with its certificates and
    /// tokens as they are now.
    async fn or_in_force(
        &self,
        read: Result<Read, Report>,
        cause: Cause,
    ) -> Option<Result<Read, Report>> {
        let Ok(file) = &read else { return Some(read) };
        let in_force = {
            let mut state = self.state.lock();
            let rolled_back = state.hash != state.said.hash;
            let noticed = matches!(cause, Cause::File | Cause::Poll);
            if noticed && rolled_back && file.loaded.hash == state.said.hash {
                state.heard(file);
                state.history.latest().map(|entry| (entry.facts.generation, entry.text.clone()))
            } else {
                None
            }
        };
        match in_force {
            Some((generation, text)) => self.read_text(generation, text).await,
            None => Some(read),
        }
    }

    async fn read_text(&self, generation: u64, text: Arc<str>) -> Option<Result<Read, Report>> {
        blocking(move || read_text(&format!("generation {generation}"), &text)).await
    }

    /// The snapshot in force.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.state.lock().current)
    }

    /// What callers of the admin server must show, as it changes.
    pub fn token(&self) -> TokenSource {
        self.token.clone()
    }

    /// The metrics of the process.
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// Threads that serve requests.
    pub fn thread_count(&self) -> usize {
        self.workers.lock().as_ref().map_or(0, |workers| workers.thread_count)
    }

    /// Threads' worth of shards.
    fn worker_count(&self) -> usize {
        self.workers.lock().as_ref().map_or(0, |workers| workers.workers.len())
    }

    /// How the last load went.
    pub fn last(&self) -> LastReload {
        self.state.lock().last.clone()
    }

    /// Works on the generations that are kept.
    pub fn with_history<T>(&self, work: impl FnOnce(&History) -> T) -> T {
        work(&self.state.lock().history)
    }

    /// Ends all listeners, then the workers, then the logs.
    pub async fn stop(&self) {
        let snapshot = self.snapshot();
        let mut listeners = self.state.lock().draining.clone();
        listeners.extend(snapshot.listeners.iter().map(|listener| Arc::clone(&listener.state)));
        self.posture.turn_to(None, &self.metrics);
        drain(listeners, snapshot.config.drain.deadline.0).await;
        let workers = self.workers.lock().take();
        // Joining blocks, and the workers need nobody to end.
        let _ = tokio::task::spawn_blocking(|| workers.map(Workers::stop)).await;
        if let Some(log) = &snapshot.access_log {
            log.flush();
        }
        snapshot.waf.flush();
        self.say_stopped();
        self.rollouts.close();
        self.events.close();
    }

    async fn apply(&self, read: Read, cause: Cause) -> ReloadResult {
        // Loads may follow each other faster than the clock ticks, and what is freed now makes room for the next.
        self.free_retired();
        let before = self.snapshot();
        let unchanged = {
            let state = self.state.lock();
            state.hash == read.loaded.hash && state.named.same_contents(&read.named)
        };
        if unchanged {
            return self.unchanged(&read, cause, &before);
        }
        let fixed = fixed_at_start(&before.config, &read.loaded.config);
        if !fixed.is_empty() {
            self.look_also_at(read.files());
            return self.refused(cause, errors(&read.loaded.locate(fixed)));
        }
        let built = self.build(&read.loaded.config, &before).await;
        let (snapshot, plan) = match built {
            Ok(built) => built,
            Err(problems) => {
                self.look_also_at(read.files());
                return self.refused(cause, errors(&read.loaded.locate(problems)));
            }
        };
        upstream::control::warm(&snapshot.clusters, WARM_TIME).await;
        self.put_in_force(&before, snapshot, plan, &read, cause)
    }

    /// Compiles beside this thread, which has probes and the admin server to serve.
    async fn build(
        &self,
        config: &Config,
        before: &Arc<Snapshot>,
    ) -> Result<(Arc<Snapshot>, Plan), Vec<Problem>> {
        let count = self.worker_count();
        let draining = self.state.lock().draining.clone();
        plan::silenced(config, &draining).await;
        let ours = Ours { serving: &before.listeners, draining: &draining };
        let plan = Plan::make(config, &ours, count)?;
        let around = Surroundings {
            generation: before.generation + 1,
            previous: Some(Arc::clone(before)),
            listeners: plan.states.clone(),
            metrics: Arc::clone(&self.metrics),
            ticketer: Arc::clone(&self.ticketer),
            workers: count,
        };
        let config = config.clone();
        let compiled = blocking(move || compile::compile(&config, &around)).await;
        let panicked = || vec![Problem::at(KeyPath::root(), "compiling failed")];
        let snapshot = compiled.ok_or_else(panicked)??;
        Ok((Arc::new(snapshot), plan))
    }

    fn unchanged(&self, read: &Read, cause: Cause, current: &Arc<Snapshot>) -> ReloadResult {
        self.count("unchanged");
        {
            let mut state = self.state.lock();
            state.heard(read);
            state.last = last(ReloadOutcome::Unchanged, cause, Vec::new());
        }
        self.look_at_files();
        self.say_reload("unchanged", cause, current.generation, &[]);
        ReloadResult {
            result: ReloadOutcome::Unchanged,
            generation: current.generation,
            errors: Vec::new(),
        }
    }

    fn refused(&self, cause: Cause, errors: Vec<LocatedError>) -> ReloadResult {
        for error in &errors {
            warn!(%cause, file = error.file, line = error.line, column = error.column, path = error.path,
                error = error.message, "configuration refused, the one in force stays");
        }
        self.count("refused");
        let generation = {
            let mut state = self.state.lock();
            state.last = last(ReloadOutcome::Refused, cause, errors.clone());
            state.current.generation
        };
        self.say_reload("refused", cause, generation, &errors);
        ReloadResult { result: ReloadOutcome::Refused, generation, errors }
    }

    fn count(&self, result: &'static str) {
        self.metrics.config_reloads(result).inc(0);
    }

    fn target(&self) -> Target {
        let state = self.state.lock();
        let reload = &state.current.config.reload;
        let mut files = state.named.clone();
        files.extend(state.said.sources.clone());
        Target { files, watch: reload.watch, poll: reload.poll.0 }
    }

    fn look_at_files(&self) {
        if let Some(watch) = &*self.watch.lock() {
            watch.replace(self.target());
        }
    }

    /// Files of a configuration that was refused: their repair is to be noticed, though none of them is in force.
    fn look_also_at(&self, files: Fingerprints) {
        let mut target = self.target();
        target.files.extend(files);
        if let Some(watch) = &*self.watch.lock() {
            watch.replace(target);
        }
    }

    fn expire_lists(&self) {
        for entry in self.snapshot().lists.expire(clock::since_epoch()) {
            let (list, block) = (entry.list.as_str(), entry.block);
            info!(list, %block, "list entry has ended");
            self.say_list("ended", list, &block.to_string(), None);
        }
    }

    fn free_retired(&self) {
        let unheld = self.state.lock().unheld();
        drop(unheld);
    }
}

/// How often snapshots that nobody holds any more are freed, and list entries that have ended taken off.
const FREE_EVERY: Duration = Duration::from_millis(500);

/// What a running process cannot change.
fn fixed_at_start(before: &Config, after: &Config) -> Vec<Problem> {
    let rows = [
        (before.runtime != after.runtime, path!["runtime"]),
        (before.workers != after.workers, path!["workers"]),
        (before.admin.listen != after.admin.listen, path!["admin", "listen"]),
        (before.log.format != after.log.format, path!["log", "format"]),
        (before.state != after.state, path!["state"]),
    ];
    let changed = rows.into_iter().filter(|(changed, _)| *changed);
    changed
        .map(|(_, path)| {
            Problem::at(path, "takes effect at start only")
                .help("restart the process, or take the change back")
        })
        .collect()
}

/// Runs what blocks elsewhere; `None` if it panicked.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    tokio::task::spawn_blocking(work).await.ok()
}

fn located(loaded: &Loaded, problems: Vec<Problem>) -> anyhow::Error {
    anyhow::anyhow!("{}", loaded.locate(problems))
}

fn plain(message: &str) -> LocatedError {
    LocatedError { message: message.to_owned(), ..LocatedError::default() }
}
