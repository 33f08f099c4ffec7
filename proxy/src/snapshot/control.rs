//! The control thread's hold on the configuration: loads it, puts it in force, keeps what was, and says how that went.
//!
//! One load at a time. A load that fails changes nothing: files are read, sockets bound and names resolved before the first
//! worker hears of it. One that succeeds is put in force whole, worker by worker, each at a point between two requests.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

use foxtrot_api::{Cause, LastReload, LocatedError, ReloadOutcome, ReloadResult};
use parking_lot::Mutex;
use rustls::server::ProducesTickets;
use tokio::sync::watch;
use tracing::{info, warn};

use super::{
    Snapshot,
    compile::{self, Surroundings},
    history::History,
    watch::{Fingerprints, Target, Watch},
};
use crate::{
    admin::TokenSource,
    clock,
    config::{
        self, Config,
        diagnostic::{Problem, Report},
        document::path,
        load::Loaded,
    },
    drain::drain,
    listener::{ListenerState, socket},
    observe::metrics::Metrics,
    runtime::{self, Workers},
    upstream::{self, Cluster},
    worker::Held,
};

/// Where the configuration comes from.
#[derive(Debug, Clone)]
pub enum Source {
    /// A file, and what it includes.
    File(PathBuf),
    /// A text that never changes.
    Text(&'static str),
}

/// The configuration in force, and the way to another.
pub struct Control {
    source: Source,
    metrics: Arc<Metrics>,
    ticketer: Arc<dyn ProducesTickets>,
    token: TokenSource,
    workers: Mutex<Option<Workers>>,
    clusters: watch::Sender<Vec<Arc<Cluster>>>,
    watch: Mutex<Option<Watch>>,
    /// Held while a configuration is loaded.
    loading: tokio::sync::Mutex<()>,
    state: Mutex<State>,
}

struct State {
    current: Arc<Snapshot>,
    hash: u64,
    files: Fingerprints,
    history: History,
    last: LastReload,
    /// Snapshots that exchanges may still hold. The last reference is dropped here, so that no worker pays for it.
    retired: Vec<Arc<Snapshot>>,
}

/// A configuration that has been read, and the contents of the files that it came from.
struct Read {
    loaded: Loaded,
    files: Fingerprints,
}

/// Listeners to be: their state, and sockets for those that are new.
#[derive(Default)]
struct Plan {
    states: BTreeMap<String, Arc<ListenerState>>,
    sockets: Vec<(Arc<ListenerState>, Vec<std::net::TcpListener>)>,
}

/// Longest time that a load waits for names to resolve and endpoints to be probed. What is not known by then is learned
/// in service.
const WARM_TIME: Duration = Duration::from_secs(3);

impl Control {
    /// Loads the first configuration and starts the workers on it.
    ///
    /// # Errors
    /// What is wrong with the configuration, with its places; or what this machine does not allow.
    pub async fn start(source: Source) -> anyhow::Result<Arc<Self>> {
        let read = read(&source).map_err(|report| anyhow::anyhow!("{report}"))?;
        let ticketer = crate::listener::tls::ticketer()?;
        let config = &read.loaded.config;
        let count = runtime::worker_count(config.runtime, config.workers);
        let metrics = Arc::new(Metrics::new(count));
        let plan =
            Plan::make(config, None, count).map_err(|problems| located(&read.loaded, problems))?;
        let around = Surroundings {
            generation: 1,
            previous: None,
            listeners: &plan.states,
            metrics: &metrics,
            ticketer: &ticketer,
            workers: count,
        };
        let snapshot = compile::compile(config, &around)
            .map_err(|problems| located(&read.loaded, problems))?;
        let snapshot = Arc::new(snapshot);
        upstream::control::warm(&snapshot.clusters, WARM_TIME).await;
        let workers = Workers::start(&snapshot)?;
        let state = State::new(Arc::clone(&snapshot), &read);
        let control = Arc::new(Self {
            source,
            metrics,
            ticketer,
            token: TokenSource::default(),
            workers: Mutex::new(Some(workers)),
            clusters: watch::Sender::new(snapshot.clusters.clone()),
            watch: Mutex::new(None),
            loading: tokio::sync::Mutex::new(()),
            state: Mutex::new(state),
        });
        control.listen(plan);
        control.announce(&snapshot);
        control.count("applied");
        Ok(control)
    }

    /// Runs what a configuration needs beside its workers: the watch on its files, probes and resolution of its clusters,
    /// and the freeing of snapshots. Ends with the process.
    pub async fn run(self: Arc<Self>) -> anyhow::Result<()> {
        let clusters = self.clusters.subscribe();
        tokio::spawn(upstream::control::run(clusters));
        let mut free = tokio::time::interval(FREE_EVERY);
        let Source::File(_) = self.source else {
            loop {
                free.tick().await;
                self.free_retired();
            }
        };
        let (watch, mut causes) = Watch::start(self.target())?;
        *self.watch.lock() = Some(watch);
        loop {
            tokio::select! {
                Some(cause) = causes.recv() => drop(self.reload(cause).await),
                _ = free.tick() => self.free_retired(),
            }
        }
    }

    /// Loads the configuration again.
    pub async fn reload(&self, cause: Cause) -> ReloadResult {
        let _one = self.loading.lock().await;
        let source = self.source.clone();
        let read = tokio::task::spawn_blocking(move || read(&source)).await;
        match read {
            Ok(Ok(read)) => self.apply(read, cause).await,
            Ok(Err(report)) => {
                let errors = errors(&report);
                self.look_also_at(Fingerprints::read(files_of(&errors)));
                self.refused(cause, errors)
            }
            Err(_) => self.refused(cause, vec![plain("loading failed")]),
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
        let files = self.state.lock().files.clone();
        match config::load::parse(&format!("generation {generation}"), &text) {
            Ok(loaded) => self.apply(Read { loaded, files }, Cause::Rollback).await,
            Err(report) => self.refused(Cause::Rollback, errors(&report)),
        }
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

    /// Threads' worth of shards.
    pub fn worker_count(&self) -> usize {
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
        let listeners =
            snapshot.listeners.iter().map(|listener| Arc::clone(&listener.state)).collect();
        drain(listeners, snapshot.config.drain.deadline.0).await;
        let workers = self.workers.lock().take();
        // Joining blocks, and the workers need nobody to end.
        let _ = tokio::task::spawn_blocking(|| workers.map(Workers::stop)).await;
        if let Some(log) = &snapshot.access_log {
            log.flush();
        }
    }

    async fn apply(&self, read: Read, cause: Cause) -> ReloadResult {
        let before = self.snapshot();
        let unchanged = {
            let state = self.state.lock();
            state.hash == read.loaded.hash && state.files.same_contents(&read.files)
        };
        if unchanged {
            return self.unchanged(cause, &before);
        }
        let fixed = fixed_at_start(&before.config, &read.loaded.config);
        if !fixed.is_empty() {
            self.look_also_at(read.files);
            return self.refused(cause, errors(&read.loaded.locate(fixed)));
        }
        let built = self.build(&read.loaded.config, &before);
        let (snapshot, plan) = match built {
            Ok(built) => built,
            Err(problems) => {
                self.look_also_at(read.files);
                return self.refused(cause, errors(&read.loaded.locate(problems)));
            }
        };
        upstream::control::warm(&snapshot.clusters, WARM_TIME).await;
        self.put_in_force(&before, snapshot, plan, &read, cause)
    }

    fn build(
        &self,
        config: &Config,
        before: &Arc<Snapshot>,
    ) -> Result<(Arc<Snapshot>, Plan), Vec<Problem>> {
        let count = self.worker_count();
        let plan = Plan::make(config, Some(before), count)?;
        let around = Surroundings {
            generation: before.generation + 1,
            previous: Some(before),
            listeners: &plan.states,
            metrics: &self.metrics,
            ticketer: &self.ticketer,
            workers: count,
        };
        let snapshot = compile::compile(config, &around)?;
        Ok((Arc::new(snapshot), plan))
    }

    fn put_in_force(
        &self,
        before: &Arc<Snapshot>,
        snapshot: Arc<Snapshot>,
        plan: Plan,
        read: &Read,
        cause: Cause,
    ) -> ReloadResult {
        let generation = snapshot.generation;
        if let Some(workers) = &*self.workers.lock() {
            workers.publish(&snapshot);
        }
        upstream::replaced(&before.clusters, &snapshot.clusters);
        self.retire_listeners(before, &plan);
        self.listen(plan);
        // Those who watch have ended only if the process has.
        self.clusters.send_replace(snapshot.clusters.clone());
        if let Some(log) = &snapshot.access_log {
            log.reopen();
        }
        self.announce(&snapshot);
        self.count("applied");
        {
            let mut state = self.state.lock();
            let old = std::mem::replace(&mut state.current, snapshot);
            state.retired.push(old);
            state.hash = read.loaded.hash;
            state.files = read.files.clone();
            state.history.push(
                generation,
                clock::since_epoch(),
                cause,
                read.loaded.text.as_str().into(),
            );
            state.last = last(ReloadOutcome::Applied, cause, Vec::new());
        }
        self.look_at_files();
        info!(generation, %cause, "configuration applied");
        ReloadResult { result: ReloadOutcome::Applied, generation, errors: Vec::new() }
    }

    fn unchanged(&self, cause: Cause, current: &Arc<Snapshot>) -> ReloadResult {
        // Log rotation asks for nothing else.
        if let Some(log) = &current.access_log {
            log.reopen();
        }
        self.count("unchanged");
        self.state.lock().last = last(ReloadOutcome::Unchanged, cause, Vec::new());
        self.look_at_files();
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
        ReloadResult { result: ReloadOutcome::Refused, generation, errors }
    }

    /// Listeners that are no longer there end in order; what is on its way to them is served as they were.
    fn retire_listeners(&self, before: &Arc<Snapshot>, plan: &Plan) {
        let gone: Vec<_> = before
            .listeners
            .iter()
            .map(|listener| &listener.state)
            .filter(|state| !plan.states.values().any(|kept| Arc::ptr_eq(kept, state)))
            .cloned()
            .collect();
        if gone.is_empty() {
            return;
        }
        let held = Arc::new(Held::new(Arc::clone(before)));
        for state in &gone {
            state.retire(Arc::clone(&held));
        }
        tokio::spawn(drain(gone, before.config.drain.deadline.0));
    }

    fn listen(&self, plan: Plan) {
        if let Some(workers) = &*self.workers.lock() {
            for (state, sockets) in plan.sockets {
                info!(listener = %state.name, address = %state.address, "listening");
                workers.listen(&state, sockets);
            }
        }
    }

    /// Tells those who are not workers.
    fn announce(&self, snapshot: &Snapshot) {
        crate::observe::logging::set_level(snapshot.config.log.level);
        self.token.set(snapshot.admin_token.clone());
        self.metrics.config_generation().set(snapshot.generation as f64);
    }

    fn count(&self, result: &'static str) {
        self.metrics.config_reloads(result).inc(0);
    }

    fn target(&self) -> Target {
        let state = self.state.lock();
        let reload = &state.current.config.reload;
        Target { files: state.files.clone(), watch: reload.watch, poll: reload.poll.0 }
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

    fn free_retired(&self) {
        let free: Vec<_> = {
            let mut state = self.state.lock();
            state.retired.extract_if(.., |snapshot| Arc::strong_count(snapshot) == 1).collect()
        };
        drop(free);
    }
}

/// How often snapshots that nobody holds any more are freed.
const FREE_EVERY: Duration = Duration::from_millis(500);

impl State {
    fn new(current: Arc<Snapshot>, read: &Read) -> Self {
        let mut history = History::default();
        history.push(1, clock::since_epoch(), Cause::Start, read.loaded.text.as_str().into());
        Self {
            current,
            hash: read.loaded.hash,
            files: read.files.clone(),
            history,
            last: last(ReloadOutcome::Applied, Cause::Start, Vec::new()),
            retired: Vec::new(),
        }
    }
}

impl Plan {
    /// Keeps the listeners whose name and address stay, and binds the others.
    fn make(
        config: &Config,
        before: Option<&Arc<Snapshot>>,
        workers: usize,
    ) -> Result<Self, Vec<Problem>> {
        let (mut plan, mut problems) = (Self::default(), Vec::new());
        let old = before.map(|before| before.listeners.as_slice()).unwrap_or_default();
        for (name, written) in &config.listeners {
            let same_address = old.iter().find(|old| old.config.listen == written.listen);
            if let Some(kept) = same_address.filter(|old| *old.state.name == **name) {
                plan.states.insert(name.clone(), Arc::clone(&kept.state));
                continue;
            }
            let fixed_port = written.listen.port() != 0;
            let bound = match same_address {
                Some(_) if fixed_port => socket::take_over(written.listen, workers),
                _ => socket::bind(written.listen, workers),
            };
            match bound {
                Ok(sockets) => plan.add(name, written.listen, sockets),
                Err(error) => {
                    problems.push(Problem::at(
                        path!["listeners", name.as_str(), "listen"],
                        error.to_string(),
                    ));
                }
            }
        }
        if problems.is_empty() { Ok(plan) } else { Err(problems) }
    }

    fn add(
        &mut self,
        name: &str,
        asked: std::net::SocketAddr,
        sockets: Vec<std::net::TcpListener>,
    ) {
        let address = sockets.first().and_then(|socket| socket.local_addr().ok()).unwrap_or(asked);
        let state = ListenerState::new(name, address);
        self.states.insert(name.to_owned(), Arc::clone(&state));
        self.sockets.push((state, sockets));
    }
}

/// Reads and checks. The fingerprints are taken first: a file that changes while it is read differs from them.
fn read(source: &Source) -> Result<Read, Report> {
    let (before, loaded) = match source {
        Source::Text(text) => (Fingerprints::default(), config::load::parse("built-in", text)?),
        Source::File(path) => {
            let first = config::load::load(path)?;
            let named = compile::files(&first).into_iter().chain(first.watch);
            let files = Fingerprints::read(named);
            // Read again behind the fingerprints; the first reading told which files there are.
            (files, config::load::load(path)?)
        }
    };
    let problems = config::check::check(&loaded.config);
    if problems.is_empty() {
        Ok(Read { loaded, files: before })
    } else {
        Err(loaded.locate(problems))
    }
}

/// What a running process cannot change.
fn fixed_at_start(before: &Config, after: &Config) -> Vec<Problem> {
    let rows = [
        (before.runtime != after.runtime, path!["runtime"]),
        (before.workers != after.workers, path!["workers"]),
        (before.admin.listen != after.admin.listen, path!["admin", "listen"]),
        (before.log.format != after.log.format, path!["log", "format"]),
    ];
    let changed = rows.into_iter().filter(|(changed, _)| *changed);
    changed
        .map(|(_, path)| {
            Problem::at(path, "takes effect at start only")
                .help("restart the process, or take the change back")
        })
        .collect()
}

fn last(result: ReloadOutcome, cause: Cause, errors: Vec<LocatedError>) -> LastReload {
    // Milliseconds fit for half a billion years.
    LastReload { result, cause, at: clock::since_epoch().as_millis() as u64, errors }
}

fn located(loaded: &Loaded, problems: Vec<Problem>) -> anyhow::Error {
    anyhow::anyhow!("{}", loaded.locate(problems))
}

/// A report as the admin server tells it.
pub fn errors(report: &Report) -> Vec<LocatedError> {
    let entries = report.entries().into_iter();
    entries
        .map(|entry| LocatedError {
            file: entry.file,
            line: entry.line,
            column: entry.column,
            path: entry.path,
            message: entry.message,
            help: entry.help,
        })
        .collect()
}

fn files_of(errors: &[LocatedError]) -> Vec<PathBuf> {
    errors
        .iter()
        .map(|error| PathBuf::from(&error.file))
        .filter(|file| file.is_absolute())
        .collect()
}

fn plain(message: &str) -> LocatedError {
    LocatedError { message: message.to_owned(), ..LocatedError::default() }
}
