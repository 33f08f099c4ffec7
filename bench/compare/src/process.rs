//! A contender's process: started, awaited, and ended with all that it has started.

use std::{
    fs::{self, File},
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use anyhow::{bail, ensure};
use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use surge::clock;

/// A running process, the leader of a process group.
#[derive(Debug)]
pub struct Process {
    child: Child,
    said: PathBuf,
}

impl Process {
    /// Starts a command that leads a process group; what it says goes to files in `folder`.
    pub fn start(mut command: Command, folder: &Path) -> anyhow::Result<Self> {
        let said = folder.join("stderr");
        command.stdout(File::create(folder.join("stdout"))?).stderr(File::create(&said)?);
        let child = command.stdin(Stdio::null()).spawn()?;
        Ok(Self { child, said })
    }

    /// Its id, and that of its group.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it takes connections there; what it said if it does not.
    pub fn await_listening(&mut self, at: SocketAddr, stop: &AtomicBool) -> anyhow::Result<()> {
        let patience = clock::now() + START;
        while TcpStream::connect(at).is_err() {
            self.still_runs()?;
            ensure!(!stop.load(Ordering::Relaxed), "interrupted");
            ensure!(clock::now() < patience, "it does not listen on {at}{}", self.said());
            thread::sleep(STEP);
        }
        Ok(())
    }

    /// An error with what it said if it has ended.
    pub fn still_runs(&mut self) -> anyhow::Result<()> {
        if let Some(status) = self.child.try_wait()? {
            bail!("it has ended, {status}{}", self.said());
        }
        Ok(())
    }

    /// The end of what it said on standard error.
    pub fn said(&self) -> String {
        let text = fs::read(&self.said).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.trim().lines().collect();
        let last = lines.get(lines.len().saturating_sub(LINES)..).unwrap_or_default();
        last.iter().map(|line| format!("\n    {line}")).collect()
    }

    fn signal(&self, signal: Signal) {
        // If none of the group is left there is nobody to tell.
        let _ = i32::try_from(self.child.id()).map(|id| killpg(Pid::from_raw(id), signal));
    }

    fn ends_within(&mut self, patience: Duration) -> io::Result<bool> {
        let until = clock::now() + patience;
        while self.child.try_wait()?.is_none() {
            if clock::now() >= until {
                return Ok(false);
            }
            thread::sleep(STEP);
        }
        Ok(true)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.signal(Signal::SIGTERM);
        let ended = self.ends_within(END);
        // What outlives its leader, or the question.
        self.signal(Signal::SIGKILL);
        if !matches!(ended, Ok(true)) {
            let _ = self.child.wait();
        }
    }
}

/// The first line that a program says about itself when asked with these arguments; `None` if it is not there.
pub fn first_line(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().ok()?;
    let said = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&said).into_owned();
    let line = text.lines().map(str::trim).find(|line| !line.is_empty());
    Some(line.unwrap_or("unknown").to_owned())
}

/// A port that nobody listens on just now: most proxies cannot say which one they were given.
pub fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// Rules of a WAF are compiled before a proxy listens, in a debug build for half a minute.
const START: Duration = Duration::from_secs(90);
const END: Duration = Duration::from_secs(3);
const STEP: Duration = Duration::from_millis(10);
const LINES: usize = 12;
