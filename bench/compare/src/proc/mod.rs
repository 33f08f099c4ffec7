//! What a process and all that it started have used: processor time and memory, read from `/proc` (proc(5)).
//!
//! Told the root of the tree; keeps nothing between two readings.

mod parse;

use std::{fs, io, time::Duration};

use nix::unistd::{SysconfVar, sysconf};
use parse::Stat;

/// Processor time of a process tree, user and system, all threads, with children that have ended and were waited for.
pub fn cpu_time(root: u32) -> io::Result<Duration> {
    let ticks: u64 = tree(root)?.iter().map(|stat| stat.ticks).sum();
    let per_second = sysconf(SysconfVar::CLK_TCK)?.unwrap_or(100);
    Ok(Duration::from_secs_f64(ticks as f64 / per_second as f64))
}

/// Memory of a process tree in bytes: its proportional set size, in which a page that several share is counted once.
pub fn memory(root: u32) -> io::Result<u64> {
    let of = |stat: &Stat| {
        let rollup = fs::read_to_string(format!("/proc/{}/smaps_rollup", stat.id));
        // One that has ended in the meantime holds nothing.
        rollup.ok().and_then(|text| parse::pss(&text)).unwrap_or(0)
    };
    Ok(tree(root)?.iter().map(of).sum())
}

/// The process `root` and its descendants; an error if it has ended.
fn tree(root: u32) -> io::Result<Vec<Stat>> {
    let entries = fs::read_dir("/proc")?.flatten();
    let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let all: Vec<Stat> = ids.filter_map(stat).collect();
    let tree = parse::descendants(root, all);
    if tree.is_empty() { Err(io::ErrorKind::NotFound.into()) } else { Ok(tree) }
}

fn stat(id: u32) -> Option<Stat> {
    parse::stat(id, &fs::read_to_string(format!("/proc/{id}/stat")).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_used_memory_and_no_negative_time() {
        let id = std::process::id();
        assert!(memory(id).unwrap() > 100_000);
        let before = cpu_time(id).unwrap();
        assert!(cpu_time(id).unwrap() >= before);
    }

    #[test]
    fn a_process_that_does_not_exist_is_an_error() {
        assert!(cpu_time(u32::MAX).is_err());
    }
}
