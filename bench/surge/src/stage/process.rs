//! The stack as a process: started, asked where it listens, ended.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{BufRead as _, BufReader, Read as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Mutex, MutexGuard, PoisonError,
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde::Deserialize;

use super::Error;
use crate::clock;

/// A running stack. It is ended when this is dropped.
pub(super) struct Process {
    child: Mutex<Child>,
    log: PathBuf,
    /// Addresses of its listeners by name, the one for operators as `admin`.
    pub(super) listens: BTreeMap<String, String>,
}

/// The line that says that it serves.
#[derive(Deserialize)]
struct Ready {
    admin: Option<String>,
    listeners: BTreeMap<String, String>,
}

impl Process {
    /// Starts a program, with standard error to a file, and waits for its first line: JSON that says where it listens.
    pub(super) fn start(program: &Path, arguments: &[String], log: &Path) -> Result<Self, Error> {
        let name = program.display().to_string();
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(log)?)
            .spawn()
            .map_err(|cause| Error::Program { program: name.clone(), cause })?;
        let stdout = child.stdout.take();
        let (child, log) = (Mutex::new(child), log.to_owned());
        let mut process = Self { child, log, listens: BTreeMap::new() };
        let (said, lines) = mpsc::channel();
        thread::Builder::new().name("stack".to_owned()).spawn(move || {
            let Some(mut stdout) = stdout.map(BufReader::new) else { return };
            let mut line = String::new();
            let _ = stdout.by_ref().take(LINE_MAX).read_line(&mut line);
            let _ = said.send(line);
            // What else it says is read, so that it can go on, and forgotten.
            let _ = std::io::copy(&mut stdout, &mut std::io::sink());
        })?;
        let ready = match lines.recv_timeout(PATIENCE) {
            Ok(line) if line.is_empty() => Err("it says nothing".to_owned()),
            Ok(line) => serde_json::from_str::<Ready>(&line)
                .map_err(|_| format!("its first line is not JSON with `listeners`: {line:?}")),
            Err(RecvTimeoutError::Timeout) => Err(format!("no line within {PATIENCE:?}")),
            Err(RecvTimeoutError::Disconnected) => Err("it says nothing".to_owned()),
        };
        let ready = ready.map_err(|reason| {
            let log = tail(&process.log, TAIL);
            Error::Silent { program: name, reason, log }
        })?;
        process.listens = ready.listeners;
        process.listens.extend(ready.admin.map(|admin| ("admin".to_owned(), admin)));
        Ok(process)
    }

    /// Its number.
    pub(super) fn id(&self) -> u32 {
        self.child().id()
    }

    /// How it ended, if it did, and what it said last.
    pub(super) fn ended(&self) -> Option<String> {
        let status = self.child().try_wait().ok().flatten()?;
        Some(format!("it ended with {status}: {}", tail(&self.log, 1)))
    }

    fn child(&self) -> MutexGuard<'_, Child> {
        // Whoever panicked with it in hand has not changed it.
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Process {
    /// Asks it to end, and ends it if it does not in time.
    fn drop(&mut self) {
        let mut child = self.child();
        // Once it has been waited for, its number may be another's.
        if let (Ok(None), Ok(id)) = (child.try_wait(), i32::try_from(child.id())) {
            let _ = kill(Pid::from_raw(id), Signal::SIGTERM);
        }
        let patience = clock::now() + PATIENCE;
        while matches!(child.try_wait(), Ok(None)) {
            if clock::now() > patience {
                let _ = child.kill();
                let _ = child.wait();
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
    }
}

/// The end of a log.
fn tail(log: &Path, count: usize) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    lines.get(lines.len().saturating_sub(count)..).unwrap_or_default().join("\n")
}

/// A debug build compiles its rules for seconds.
const PATIENCE: Duration = Duration::from_secs(30);
const LINE_MAX: u64 = 64 * 1024;
const TAIL: usize = 20;
