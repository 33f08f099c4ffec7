//! Which core runs what. Pinning is left to `taskset`: without it, nothing is pinned.

use std::process::{Command, Stdio};

use crate::report::Report;

/// Keeps this process, origin and clients, off the core of the proxy.
pub fn leave_first_core(report: &mut Report) {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    if cores < 2 {
        return report.note("one core for proxy, origin and clients: nothing is pinned");
    }
    let rest = format!("1-{}", cores - 1);
    let own = std::process::id().to_string();
    let pinned = taskset().args(["-a", "-p", "-c", &rest, &own]).status();
    if !pinned.is_ok_and(|status| status.success()) {
        report.note("taskset does not work here: nothing is pinned");
    }
}

/// A command that runs `program` on the first core, if that can be done.
pub fn on_first_core(program: &str) -> Command {
    let works = taskset().args(["-c", "0", "true"]).status();
    if !works.is_ok_and(|status| status.success()) {
        return Command::new(program);
    }
    let mut command = taskset();
    command.args(["-c", "0", program]);
    command
}

fn taskset() -> Command {
    let mut command = Command::new("taskset");
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}
