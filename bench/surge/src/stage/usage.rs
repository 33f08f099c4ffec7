//! What the stack takes of the machine: what the kernel says of a process, or what the stack says of itself.

use std::{
    fs,
    io::{self, Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use crate::scenario::{Target, staged::Memory};

/// What a process takes.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Usage {
    /// Resident bytes.
    pub memory: Option<u64>,
    /// Seconds of processor time, user and system, since it began.
    pub cpu: Option<f64>,
}

/// Reads what a process takes.
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

    /// What it takes now, as far as that can be read.
    pub(super) fn read(&self) -> Usage {
        match self {
            Self::None => Usage::default(),
            Self::Process(id) => {
                let read = |file: &str| fs::read_to_string(format!("/proc/{id}/{file}"));
                let memory = read("status").ok().and_then(|status| number_after(&status, "VmRSS:"));
                let memory = memory.map(|kibibytes| kibibytes as u64 * 1024);
                Usage { memory, cpu: read("stat").ok().and_then(|stat| cpu_seconds(&stat)) }
            }
            Self::Metrics(target) => {
                let page = fetch(target).unwrap_or_default();
                let memory = number_after(&page, "process_resident_memory_bytes ");
                let cpu = number_after(&page, "process_cpu_seconds_total ");
                Usage { memory: memory.map(|bytes| bytes as u64), cpu }
            }
        }
    }
}

/// User and system time of `/proc/PID/stat` (proc(5)): the name in parentheses may hold anything, these included.
fn cpu_seconds(stat: &str) -> Option<f64> {
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_ascii_whitespace().collect();
    // Fields 14 and 15; the first behind the name is the third.
    let ticks = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
    Some((ticks(14)? + ticks(15)?) as f64 / TICKS_PER_SECOND)
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

/// USER_HZ, which is 100 wherever Linux runs on what Rust runs on.
const TICKS_PER_SECOND: f64 = 100.0;
const PATIENCE: Duration = Duration::from_secs(1);
const LONGEST: u64 = 16 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_takes_memory() {
        let usage = Gauge::Process(std::process::id()).read();
        assert!(usage.memory.unwrap() > 100_000 && usage.cpu.is_some(), "{usage:?}");
        assert_eq!(Gauge::Process(u32::MAX).read(), Usage::default());
    }

    #[test]
    fn processor_time_stands_behind_the_name() {
        let stat = "7 (a) b) (c) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0 20";
        assert_eq!(cpu_seconds(stat), Some(2.0));
        assert_eq!(cpu_seconds("7 (a) S 1"), None);
    }

    #[test]
    fn numbers_are_those_of_their_line() {
        let page = "# TYPE process_resident_memory_bytes gauge\nx 1\nprocess_resident_memory_bytes 1.5e+07\n";
        assert_eq!(number_after(page, "process_resident_memory_bytes "), Some(1.5e7));
        assert_eq!(number_after("VmRSS:\t  2048 kB", "VmRSS:"), Some(2048.0));
        assert_eq!(number_after("VmRSS:\tmany", "VmRSS:"), None);
    }
}
