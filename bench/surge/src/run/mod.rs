//! Carries a scenario out: threads, their start, the seconds that they hand over, and the report at the end.

mod reach;
mod timer;
mod worker;

use std::{
    collections::BTreeMap,
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver, RecvTimeoutError},
    },
    thread::{self, JoinHandle, available_parallelism},
    time::Duration,
};

use nix::sys::resource::{Resource, UsageWho, getrlimit, getrusage, setrlimit};

use self::worker::Assignment;
use crate::{
    client::connect::Endpoint,
    clock::{self, Instant},
    record::{Second, Slice, Tally},
    report::{Measured, Report},
    scenario::Scenario,
    stage::{self, Stage, Watched},
};

pub use reach::unreachable;

/// A second of a run, all threads together.
#[derive(Debug, Clone)]
pub struct Tick {
    /// From the start, from 0.
    pub second: u64,
    /// By class.
    pub slices: Vec<Slice>,
}

/// Why a run could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A certificate, a thread or a runtime.
    #[error("cannot start: {0}")]
    Start(#[from] io::Error),
    /// A thread ended for a reason that is our fault.
    #[error("a thread of the run panicked")]
    Panicked,
}

/// Carries a scenario out on a stage that was set for it, and reports. Each second is shown to `watch` when it is past; setting
/// `stop` ends the run early.
///
/// Blocks. Sends to the targets of the scenario alone, which were checked when they were made.
pub fn run(
    scenario: Scenario,
    stage: &Stage,
    stop: &Arc<AtomicBool>,
    watch: impl FnMut(&Tick),
) -> Result<Report, Error> {
    raise_open_files();
    let endpoints = (0..scenario.classes.len()).map(|class| worker::endpoint(&scenario, class));
    let endpoints = endpoints.collect::<io::Result<Vec<_>>>()?;
    let scenario = Arc::new(scenario);
    let measured = thread::scope(|scope| {
        let start = clock::now() + LEAD;
        let beside = stage::watch(scope, stage, &scenario, start)?;
        let sent = send(&scenario, endpoints, (start, stop), watch);
        let watched = beside.end().ok_or(Error::Panicked)?;
        Ok::<_, Error>(Measured { watched, ..sent? })
    })?;
    Ok(Report::new(&scenario, measured))
}

/// Sends what the scenario asks for.
fn send(
    scenario: &Arc<Scenario>,
    endpoints: Vec<Endpoint>,
    (start, stop): (Instant, &Arc<AtomicBool>),
    mut watch: impl FnMut(&Tick),
) -> Result<Measured, Error> {
    let threads = scenario.threads(available_parallelism().map_or(1, usize::from));
    let (started_at, cpu_before) = (clock::since_epoch(), cpu_time());
    let (past, seconds) = mpsc::channel();
    let spawn = |lane| {
        let assignment = Assignment {
            scenario: Arc::clone(scenario),
            endpoints: endpoints.clone(),
            lane: (lane, threads),
            start,
            past: past.clone(),
            stop: Arc::clone(stop),
        };
        thread::Builder::new().name(format!("surge-{lane}")).spawn(|| worker::work(assignment))
    };
    let handles = (0..threads).map(spawn).collect::<io::Result<Vec<_>>>();
    drop(past);
    let handles = handles.inspect_err(|_| stop.store(true, Ordering::Relaxed))?;
    let ticks = gather(&seconds, threads, &handles, &mut watch);
    let tallies = join(handles)?;
    Ok(Measured {
        started_at,
        start,
        end: clock::now(),
        threads,
        cpu: cpu_time().saturating_sub(cpu_before),
        interrupted: stop.load(Ordering::Relaxed),
        tallies,
        ticks,
        watched: Watched::default(),
    })
}

/// Puts the seconds of all threads together, until all of them are done.
fn gather(
    seconds: &Receiver<Second>,
    threads: usize,
    handles: &[JoinHandle<io::Result<Vec<Vec<Tally>>>>],
    watch: &mut impl FnMut(&Tick),
) -> Vec<Tick> {
    let mut unfinished: BTreeMap<u64, (usize, Vec<Slice>)> = BTreeMap::new();
    let mut ticks: Vec<Tick> = Vec::new();
    let mut add = |second: u64, slices| {
        let tick = Tick { second, slices };
        watch(&tick);
        ticks.push(tick);
    };
    loop {
        match seconds.recv_timeout(LEAD) {
            Ok(Second { second, slices, .. }) => {
                let (count, sum) = unfinished.entry(second).or_default();
                *count += 1;
                merge(sum, slices);
            }
            Err(RecvTimeoutError::Timeout) if handles.iter().all(JoinHandle::is_finished) => break,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        while let Some(first) = unfinished.first_entry() {
            if first.get().0 < threads {
                break;
            }
            let (second, (_, slices)) = first.remove_entry();
            add(second, slices);
        }
    }
    // The last seconds, of which threads that were done before know nothing.
    unfinished.into_iter().for_each(|(second, (_, slices))| add(second, slices));
    ticks
}

fn merge(sum: &mut Vec<Slice>, slices: Vec<Slice>) {
    if sum.is_empty() {
        *sum = slices;
        return;
    }
    sum.iter_mut().zip(&slices).for_each(|(sum, slice)| sum.merge(slice));
}

/// Waits for the threads; their totals put together, by class, then by phase.
fn join(handles: Vec<JoinHandle<io::Result<Vec<Vec<Tally>>>>>) -> Result<Vec<Vec<Tally>>, Error> {
    let mut all: Vec<Vec<Tally>> = Vec::new();
    for handle in handles {
        let tallies = handle.join().map_err(|_| Error::Panicked)??;
        if all.is_empty() {
            all = tallies;
            continue;
        }
        for (ours, theirs) in all.iter_mut().flatten().zip(tallies.iter().flatten()) {
            ours.merge(theirs);
        }
    }
    Ok(all)
}

/// Connections are files: as many as the system allows. If it does not, connecting says so.
fn raise_open_files() {
    if let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE)
        && soft < hard
    {
        let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
    }
}

/// Processor time of this process, user and system.
fn cpu_time() -> Duration {
    let Ok(usage) = getrusage(UsageWho::RUSAGE_SELF) else { return Duration::ZERO };
    let micros = |time: nix::sys::time::TimeVal| {
        u64::try_from(time.tv_sec() * 1_000_000 + time.tv_usec()).unwrap_or(0)
    };
    Duration::from_micros(micros(usage.user_time()) + micros(usage.system_time()))
}

/// Threads are made before the start, and the last seconds come in after the end.
const LEAD: Duration = Duration::from_millis(50);
