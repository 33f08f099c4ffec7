//! What the kernel says about this process (proc(5)). Read at a scrape, on the control thread.

use std::{fs, io};

use super::{exposition::Exposition, metrics_data as data};

/// Resources of the process.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ProcessStats {
    /// Processor time in user and system mode, in seconds.
    pub cpu_seconds: f64,
    /// Memory in RAM.
    pub resident_bytes: u64,
    /// Address space.
    pub virtual_bytes: u64,
    /// Threads.
    pub threads: u64,
    /// Open file descriptors.
    pub open_fds: u64,
    /// Most file descriptors that may be open; none without a limit.
    pub max_fds: Option<u64>,
    /// Start, in seconds since 1970.
    pub start_seconds: f64,
}

impl ProcessStats {
    /// Reads `/proc`; fails where there is none.
    pub fn read() -> io::Result<Self> {
        let stat = fs::read_to_string("/proc/self/stat")?;
        let status = fs::read_to_string("/proc/self/status")?;
        let (cpu_ticks, start_ticks) = parse_stat(&stat).unwrap_or_default();
        let boot = fs::read_to_string("/proc/stat")?;
        let boot_seconds = number_after(&boot, "btime").unwrap_or(0);
        Ok(Self {
            cpu_seconds: cpu_ticks as f64 / TICKS_PER_SECOND,
            resident_bytes: number_after(&status, "VmRSS:").unwrap_or(0) * 1024,
            virtual_bytes: number_after(&status, "VmSize:").unwrap_or(0) * 1024,
            threads: number_after(&status, "Threads:").unwrap_or(0),
            open_fds: fs::read_dir("/proc/self/fd")?.count() as u64,
            max_fds: number_after(&fs::read_to_string("/proc/self/limits")?, "Max open files"),
            start_seconds: boot_seconds as f64 + start_ticks as f64 / TICKS_PER_SECOND,
        })
    }

    /// Adds what was read to a scrape.
    pub(super) fn render(&self, to: &mut Exposition) {
        to.one(&data::PROCESS_CPU_SECONDS_TOTAL, self.cpu_seconds);
        to.one(&data::PROCESS_RESIDENT_MEMORY_BYTES, self.resident_bytes as f64);
        to.one(&data::PROCESS_VIRTUAL_MEMORY_BYTES, self.virtual_bytes as f64);
        to.one(&data::PROCESS_OPEN_FDS, self.open_fds as f64);
        to.one(&data::PROCESS_MAX_FDS, self.max_fds.map_or(-1.0, |max| max as f64));
        to.one(&data::PROCESS_THREADS, self.threads as f64);
        to.one(&data::PROCESS_START_TIME_SECONDS, self.start_seconds);
    }
}

/// Processor time that a process has had, in seconds, from what its `stat` says.
pub fn cpu_seconds(stat: &str) -> Option<f64> {
    parse_stat(stat).map(|(ticks, _)| ticks as f64 / TICKS_PER_SECOND)
}

/// Processor time and start, in ticks. The command's name stands in parentheses and may hold anything, these included.
fn parse_stat(stat: &str) -> Option<(u64, u64)> {
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_ascii_whitespace().collect();
    // Counted from field 3, which is the first behind the name.
    let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
    Some((field(14)? + field(15)?, field(22)?))
}

/// The number that follows `name` at the start of a line.
fn number_after(text: &str, name: &str) -> Option<u64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
    rest.split_ascii_whitespace().next()?.parse().ok()
}

/// USER_HZ: what the kernel tells programs, whatever it ticks with itself. 100 on all that Rust runs on.
const TICKS_PER_SECOND: f64 = 100.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_counted_from_behind_the_name() {
        let stat = "7 (a ) b) S 1 2 3 4 5 6 7 8 9 10 150 50 13 14 15 16 17 18 4711 20";
        assert_eq!(parse_stat(stat), Some((200, 4711)));
        assert_eq!(parse_stat("7 (a) S"), None);
        assert_eq!(parse_stat(""), None);
    }

    #[test]
    fn limits_may_be_absent() {
        assert_eq!(number_after("Max open files  1024  4096  files", "Max open files"), Some(1024));
        assert_eq!(number_after("Max open files  unlimited  x", "Max open files"), None);
    }

    #[test]
    fn this_process_has_resources() {
        let stats = ProcessStats::read().unwrap();
        assert!(stats.resident_bytes > 0 && stats.open_fds > 0 && stats.threads > 0);
        assert!(stats.start_seconds > 1e9);
    }
}
