//! The access log: workers append lines to a batch of their own, one thread writes the batches to the file.
//!
//! A request never waits for the disk: a batch is locked for as long as a line takes to format, and by the writer for as
//! long as two pointers take to swap. What does not fit into a batch is dropped and counted. The lines that may wait are
//! shared out evenly among the workers.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    mem,
    os::unix::fs::OpenOptionsExt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use parking_lot::{Condvar, Mutex};

use super::{
    access_record::Record,
    metrics::Metrics,
    shards::{Counter, Sharded},
};
use crate::config;

/// An open access log. Dropping it writes what is waiting; that is for the control thread.
#[derive(Debug)]
pub struct AccessLog {
    shared: Arc<Shared>,
    writer: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    batches: Sharded<Mutex<Batch>>,
    lines_max: usize,
    bytes_max: usize,
    written: Arc<Counter>,
    dropped: Arc<Counter>,
    failed: Arc<Counter>,
    reopen: AtomicBool,
    closing: AtomicBool,
    /// Times that the writer has emptied all batches.
    passes: Mutex<u64>,
    passed: Condvar,
}

/// Lines that wait for the writer.
#[derive(Debug, Default)]
struct Batch {
    bytes: Vec<u8>,
    lines: usize,
}

/// The writer's side.
struct Writer {
    shared: Arc<Shared>,
    path: String,
    sink: Sink,
    spare: Vec<u8>,
    /// Whether the last write failed, and may have left half a line.
    torn: bool,
}

enum Sink {
    Stdout,
    File(File),
}

impl AccessLog {
    /// Opens the file to append to it, and starts the writer.
    pub fn open(config: &config::AccessLog, metrics: &Metrics) -> io::Result<Self> {
        let counters = ["written", "dropped", "failed"].map(|of| metrics.access_log_lines(of));
        Self::start("access-log", &config.path, config.queue, metrics.workers(), counters)
    }

    /// Opens the audit log of the WAF.
    pub fn open_audit(path: &str, queue: u32, metrics: &Metrics) -> io::Result<Self> {
        let counters = ["written", "dropped", "failed"].map(|of| metrics.waf_audit_records(of));
        Self::start("audit-log", path, queue, metrics.workers(), counters)
    }

    fn start(
        thread: &str,
        path: &str,
        queue: u32,
        workers: usize,
        [written, dropped, failed]: [Arc<Counter>; 3],
    ) -> io::Result<Self> {
        let sink = Sink::open(path)?;
        let workers = workers.max(1);
        let lines_max = (queue as usize / workers).max(1);
        let shared = Arc::new(Shared {
            batches: Sharded::new(workers),
            lines_max,
            bytes_max: (lines_max * TYPICAL_LINE_BYTES).max(BATCH_BYTES),
            written,
            dropped,
            failed,
            reopen: AtomicBool::new(false),
            closing: AtomicBool::new(false),
            passes: Mutex::new(0),
            passed: Condvar::new(),
        });
        let path = path.to_owned();
        let writer =
            Writer { shared: Arc::clone(&shared), path, sink, spare: Vec::new(), torn: false };
        let thread = thread::Builder::new().name(thread.to_owned());
        let writer = thread.spawn(move || writer.run())?;
        Ok(Self { shared, writer: Some(writer) })
    }

    /// Hands a line over, or drops it. Never waits for the disk.
    pub fn write(&self, worker: usize, record: &Record<'_>) {
        self.write_with(worker, |out| record.write(out));
    }

    /// Hands a line over that is written into the batch, its end included.
    pub fn write_with(&self, worker: usize, write: impl FnOnce(&mut Vec<u8>)) {
        let mut batch = self.shared.batches.at(worker).lock();
        if batch.lines >= self.shared.lines_max || batch.bytes.len() >= self.shared.bytes_max {
            self.shared.dropped.inc(worker);
            return;
        }
        write(&mut batch.bytes);
        batch.lines += 1;
        let first = batch.lines == 1;
        drop(batch);
        if first {
            self.wake();
        }
    }

    /// Has the file opened anew, after it was rotated away. Until that succeeds, the old one is written.
    pub fn reopen(&self) {
        self.shared.reopen.store(true, Ordering::Release);
        self.wake();
    }

    /// Waits until all lines that have been handed over are written. Not for workers.
    pub fn flush(&self) {
        let mut passes = self.shared.passes.lock();
        // The pass under way may have passed a batch by already.
        let target = *passes + 2;
        while *passes < target && self.writer.as_ref().is_some_and(|writer| !writer.is_finished()) {
            self.wake();
            self.shared.passed.wait_for(&mut passes, FLUSH_RETRY);
        }
    }

    /// The writer sleeps a while after it woke, so this is a system call for the first line of a batch at most.
    fn wake(&self) {
        if let Some(writer) = &self.writer {
            writer.thread().unpark();
        }
    }
}

impl Drop for AccessLog {
    fn drop(&mut self) {
        self.shared.closing.store(true, Ordering::Release);
        self.wake();
        if let Some(writer) = self.writer.take() {
            // A writer that panicked has said so; there is nothing left to save.
            let _ = writer.join();
        }
    }
}

impl Writer {
    fn run(mut self) {
        loop {
            let closing = self.shared.closing.load(Ordering::Acquire);
            if self.shared.reopen.swap(false, Ordering::AcqRel) {
                self.reopen();
            }
            for worker in 0..self.shared.batches.len() {
                self.empty(worker);
            }
            *self.shared.passes.lock() += 1;
            self.shared.passed.notify_all();
            if closing {
                return;
            }
            thread::park();
            if !self.shared.closing.load(Ordering::Acquire) {
                thread::sleep(GATHER);
            }
        }
    }

    /// Writes the batch of `worker`, which gets an empty one for it.
    fn empty(&mut self, worker: usize) {
        let mut batch = self.shared.batches.at(worker).lock();
        if batch.lines == 0 {
            return;
        }
        let lines = mem::take(&mut batch.lines) as u64;
        mem::swap(&mut batch.bytes, &mut self.spare);
        drop(batch);
        match self.write() {
            Ok(()) => self.shared.written.add(worker, lines),
            Err(error) => {
                self.shared.failed.add(worker, lines);
                if !mem::replace(&mut self.torn, true) {
                    tracing::warn!(path = self.path, %error, "access log cannot be written");
                }
            }
        }
        self.spare.clear();
        self.spare.shrink_to(BATCH_BYTES);
    }

    fn write(&mut self) -> io::Result<()> {
        if self.torn {
            self.sink.write_all(b"\n")?;
        }
        self.sink.write_all(&self.spare)?;
        self.torn = false;
        Ok(())
    }

    fn reopen(&mut self) {
        match Sink::open(&self.path) {
            Ok(sink) => self.sink = sink,
            Err(error) => {
                tracing::warn!(path = self.path, %error, "access log cannot be opened anew; the old file is kept");
            }
        }
    }
}

impl Sink {
    fn open(path: &str) -> io::Result<Self> {
        if path == "-" {
            return Ok(Self::Stdout);
        }
        // Lines hold addresses of persons: not for everybody to read.
        let file = OpenOptions::new().create(true).append(true).mode(0o640).open(path)?;
        Ok(Self::File(file))
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::File(file) => file.write_all(bytes),
            Self::Stdout => {
                let mut stdout = io::stdout().lock();
                stdout.write_all(bytes)?;
                stdout.flush()
            }
        }
    }
}

/// How long lines are gathered after the first one.
const GATHER: Duration = Duration::from_millis(5);
/// Memory that a batch keeps for the next lines.
const BATCH_BYTES: usize = 64 << 10;
/// What a line takes: with the number of lines this bounds the bytes that wait.
const TYPICAL_LINE_BYTES: usize = 512;
/// The writer may go to sleep between a look at it and the wait for it.
const FLUSH_RETRY: Duration = Duration::from_millis(20);

#[cfg(test)]
mod tests {
    use std::{collections::HashSet, fs, path::Path};

    use super::{super::access_record::tests::record, *};

    fn open(path: &Path, queue: u32, metrics: &Metrics) -> AccessLog {
        let config = config::AccessLog { path: path.to_str().unwrap().to_owned(), queue };
        AccessLog::open(&config, metrics).unwrap()
    }

    fn ids(path: &Path) -> Vec<String> {
        let text = fs::read_to_string(path).unwrap();
        let lines =
            text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        lines.map(|line| line["request_id"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn lines_of_all_workers_are_written() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("access.jsonl");
        let metrics = Metrics::new(4);
        let log = open(&path, 40_000, &metrics);
        thread::scope(|scope| {
            for worker in 0..4 {
                let log = &log;
                scope.spawn(move || {
                    for n in 0..1_000 {
                        let id = format!("{worker}-{n}");
                        log.write(worker, &Record { request_id: id.as_bytes(), ..record() });
                    }
                });
            }
        });
        log.flush();
        assert_eq!(ids(&path).into_iter().collect::<HashSet<_>>().len(), 4_000);
        assert_eq!(metrics.access_log_lines("written").value(), 4_000);
        assert_eq!(metrics.access_log_lines("dropped").value(), 0);
    }

    #[test]
    fn dropping_the_log_writes_what_waits() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("access.jsonl");
        let log = open(&path, 10, &Metrics::new(1));
        log.write(0, &record());
        drop(log);
        assert_eq!(ids(&path), ["abc"]);
    }

    #[test]
    fn what_does_not_fit_is_dropped_and_counted() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("access.jsonl");
        let metrics = Metrics::new(1);
        let log = open(&path, 3, &metrics);
        for _ in 0..10_000 {
            log.write(0, &record());
        }
        log.flush();
        let (written, dropped) = (
            metrics.access_log_lines("written").value(),
            metrics.access_log_lines("dropped").value(),
        );
        assert_eq!(written + dropped, 10_000);
        assert!(written >= 3 && dropped > 0, "{written} {dropped}");
        assert_eq!(ids(&path).len() as u64, written);
    }

    #[test]
    fn a_rotated_file_is_opened_anew() {
        let dir = tempfile::tempdir().unwrap();
        let (path, old) = (dir.path().join("access.jsonl"), dir.path().join("old"));
        let log = open(&path, 10, &Metrics::new(1));
        log.write(0, &Record { request_id: b"before", ..record() });
        log.flush();
        fs::rename(&path, &old).unwrap();
        log.reopen();
        log.flush();
        log.write(0, &Record { request_id: b"after", ..record() });
        log.flush();
        assert_eq!((ids(&old), ids(&path)), (vec!["before".to_owned()], vec!["after".to_owned()]));
    }

    #[test]
    fn a_full_disk_is_counted() {
        let metrics = Metrics::new(1);
        let log = open(Path::new("/dev/full"), 10, &metrics);
        log.write(0, &record());
        log.flush();
        assert_eq!(metrics.access_log_lines("failed").value(), 1);
    }

    #[test]
    fn a_path_that_cannot_be_opened_is_an_error() {
        let config = config::AccessLog { path: "/nonexistent/access".to_owned(), queue: 1 };
        assert!(AccessLog::open(&config, &Metrics::new(1)).is_err());
    }
}
