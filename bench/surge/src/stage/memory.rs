//! How much memory the stack takes: what the kernel says of a process, or what the stack says of itself.

use std::{
    fs,
    io::{self, Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use crate::scenario::{Target, staged::Memory};

/// Reads resident memory.
pub(super) enum Gauge {
    /// Of nothing.
    None,
    /// Of a process, from `/proc`.
    Process(u32),
    /// From a page of metrics.
    Metrics(Box<Target>),
}

impl Gauge {
    /// What a scenario asks for; `own` is the process that surge has started.
    pub(super) fn new(memory: &Memory, own: Option<u32>) -> Self {
        match memory {
            Memory::Own => own.map_or(Self::None, Self::Process),
            Memory::Process(id) => Self::Process(*id),
            Memory::Metrics(target) => Self::Metrics(target.clone()),
        }
    }

    /// Resident bytes; `None` where they cannot be read now.
    pub(super) fn read(&self) -> Option<u64> {
        match self {
            Self::None => None,
            Self::Process(id) => {
                let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
                Some(number_after(&status, "VmRSS:")? as u64 * 1024)
            }
            Self::Metrics(target) => {
                let page = fetch(target).ok()?;
                Some(number_after(&page, "process_resident_memory_bytes ")? as u64)
            }
        }
    }
}

/// The number that follows `name` at the start of a line.
fn number_after(text: &str, name: &str) -> Option<f64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
    rest.split_ascii_whitespace().next()?.parse().ok().filter(|number: &f64| *number >= 0.0)
}

/// A page over HTTP/1.0: it ends with the connection.
fn fetch(target: &Target) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&target.address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let (path, host) = (&target.path, &target.authority);
    write!(stream, "GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n")?;
    let mut page = Vec::new();
    stream.take(LONGEST).read_to_end(&mut page)?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}

const PATIENCE: Duration = Duration::from_secs(1);
const LONGEST: u64 = 16 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_takes_memory() {
        assert!(Gauge::Process(std::process::id()).read().unwrap() > 100_000);
        assert_eq!(Gauge::Process(u32::MAX).read(), None);
    }

    #[test]
    fn numbers_are_those_of_their_line() {
        let page = "# TYPE process_resident_memory_bytes gauge\nx 1\nprocess_resident_memory_bytes 1.5e+07\n";
        assert_eq!(number_after(page, "process_resident_memory_bytes "), Some(1.5e7));
        assert_eq!(number_after("VmRSS:\t  2048 kB", "VmRSS:"), Some(2048.0));
        assert_eq!(number_after("VmRSS:\tmany", "VmRSS:"), None);
    }
}
