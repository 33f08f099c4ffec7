//! Markers: requests whose header the WAF logs, so that what it logged of a test stands between two of them.
//!
//! They go over a connection that is kept, unlike those of go-ftw. A marker that does not show is sent again, as there:
//! a log that is buffered moves on with what is written to it.

use std::{
    collections::hash_map::RandomState,
    fmt,
    hash::{BuildHasher, Hasher},
    io, mem,
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use memchr::memmem;
use tokio::{net::TcpStream, time};

use super::{evidence::LogFormat, exchange, tail::Tail};

/// Sends markers, and reads the log up to them.
#[derive(Debug)]
pub(crate) struct Markers {
    server: SocketAddr,
    connection: Option<TcpStream>,
    tail: Tail,
    format: LogFormat,
    /// Lines that are read and that no marker has ended yet.
    window: Vec<Vec<u8>>,
    /// What all markers of this run have in them, and no others.
    run: String,
    count: u32,
}

/// A marker in the log.
struct Marked {
    /// What the log says before it.
    before: Vec<Vec<u8>>,
    line: Vec<u8>,
}

/// Why the log cannot be divided.
#[derive(Debug)]
pub(crate) enum Lost {
    /// No marker can be sent.
    Unanswered(String),
    /// The marker does not show in the log.
    Unseen,
    /// The log cannot be read.
    Unread(io::Error),
    /// There are more stages than addresses to tell them by.
    TooMany,
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unanswered(why) => write!(f, "the target does not answer: {why}"),
            Self::Unseen => f.write_str("a marker does not show in the log"),
            Self::Unread(error) => write!(f, "cannot read the log: {error}"),
            Self::TooMany => f.write_str("there are too many tests to tell them by addresses"),
        }
    }
}

/// Times that a marker is sent before it is given up; go-ftw's default.
const SENDS_MAX: u32 = 20;

/// From a marker's response to its line in the log, before it is sent again.
const WAIT_MAX: Duration = Duration::from_millis(100);

/// Between two looks at the log, doubled from the first to the last.
const PAUSE: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(32));

/// Time without a new line after which nothing more is thought to come, and the most that is waited for that.
const QUIET: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

impl Markers {
    /// Markers for a log that is read from its end. Until [`Markers::probe`] was called its lines are text.
    pub(crate) fn new(server: SocketAddr, tail: Tail) -> Self {
        Self {
            server,
            connection: None,
            tail,
            format: LogFormat::Modsecurity,
            window: Vec::new(),
            run: format!("{:016x}", random()),
            count: 0,
        }
    }

    /// Finds out whether markers show, and what the log is written in unless that is given.
    pub(crate) async fn probe(&mut self, format: Option<LogFormat>) -> Result<(), Lost> {
        self.format = format.unwrap_or(LogFormat::Modsecurity);
        let line = self.mark("localhost").await?.line;
        self.format = format.unwrap_or_else(|| LogFormat::of(&line));
        Ok(())
    }

    /// Whether the log names the address that a request came from, tried with a marker.
    pub(crate) async fn names(&mut self, address: Ipv4Addr) -> Result<bool, Lost> {
        let kept = self.connection.take();
        let connection = exchange::connect(self.server, Some(address)).await;
        self.connection = Some(connection.map_err(|error| Lost::Unanswered(error.to_string()))?);
        let line = self.mark("localhost").await?.line;
        self.connection = kept;
        let name = address.to_string();
        Ok(String::from_utf8_lossy(&line).contains(&name))
    }

    /// What the log is written in.
    pub(crate) fn format(&self) -> LogFormat {
        self.format
    }

    /// Passes over what the log says so far.
    pub(crate) fn discard(&mut self) -> Result<(), Lost> {
        self.window.clear();
        self.tail.lines().map_err(Lost::Unread)?;
        Ok(())
    }

    /// What the log says up to now: the lines before a marker that is sent now.
    pub(crate) async fn lines(&mut self, host: &str) -> Result<Vec<Vec<u8>>, Lost> {
        Ok(self.mark(host).await?.before)
    }

    /// What the log says up to now, with what is late: until no more comes for a while after a marker.
    pub(crate) async fn lines_when_quiet(&mut self) -> Result<Vec<Vec<u8>>, Lost> {
        let mut lines = self.lines("localhost").await?;
        let (quiet, longest) = QUIET;
        let mut waited = Duration::ZERO;
        loop {
            lines.append(&mut self.window);
            time::sleep(quiet).await;
            waited += quiet;
            self.window = self.tail.lines().map_err(Lost::Unread)?;
            if self.window.is_empty() || waited >= longest {
                break;
            }
        }
        lines.append(&mut self.window);
        lines.retain(|line| !self.is_ours(line));
        Ok(lines)
    }

    /// Sends a marker; gives the lines before it, and its own.
    async fn mark(&mut self, host: &str) -> Result<Marked, Lost> {
        self.count += 1;
        let id = format!("{}-{:08x}", self.run, self.count);
        for _ in 0..SENDS_MAX {
            self.send(&id, host).await.map_err(Lost::Unanswered)?;
            let mut pause = PAUSE.0;
            let mut waited = Duration::ZERO;
            loop {
                if let Some(found) = self.find(&id)? {
                    return Ok(found);
                }
                if waited >= WAIT_MAX {
                    break;
                }
                time::sleep(pause).await;
                waited += pause;
                pause = (pause * 2).min(PAUSE.1);
            }
        }
        Err(Lost::Unseen)
    }

    /// Looks for a marker among what the log says by now.
    fn find(&mut self, id: &str) -> Result<Option<Marked>, Lost> {
        let known = self.window.len();
        self.window.append(&mut self.tail.lines().map_err(Lost::Unread)?);
        let mut new = self.window.iter().skip(known);
        let Some(at) = new.position(|line| self.format.marks(line, id)) else { return Ok(None) };
        let rest = self.window.split_off(known + at + 1);
        let mut before = mem::replace(&mut self.window, rest);
        let line = before.pop().unwrap_or_default();
        // A marker that was sent twice may show twice, the second time among the lines of the next test.
        before.retain(|line| !self.is_ours(line));
        Ok(Some(Marked { before, line }))
    }

    fn is_ours(&self, line: &[u8]) -> bool {
        memmem::find(line, self.run.as_bytes()).is_some()
    }

    async fn send(&mut self, id: &str, host: &str) -> Result<(), String> {
        let request = format!(
            "GET /status/200 HTTP/1.1\r\nAccept: */*\r\nUser-Agent: foxctl\r\nHost: {host}\r\nX-CRS-Test: {id}\r\n\r\n"
        );
        // A connection that was kept may have been closed in the meantime.
        if let Some(connection) = self.connection.take()
            && self.send_over(connection, &request).await.is_ok()
        {
            return Ok(());
        }
        let connection = exchange::connect(self.server, None).await;
        self.send_over(connection.map_err(|error| error.to_string())?, &request).await
    }

    async fn send_over(&mut self, mut stream: TcpStream, request: &str) -> Result<(), String> {
        let response = exchange::send(&mut stream, request.as_bytes()).await?;
        self.connection = response.reusable.then_some(stream);
        Ok(())
    }
}

/// Chance, of which the standard library has enough to tell runs apart.
pub(crate) fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}
