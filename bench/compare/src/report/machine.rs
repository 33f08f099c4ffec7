//! Where figures come from: they mean nothing without it.

use std::fs;

use serde::Serialize;
use surge::clock;

use crate::launch::Cores;

/// A machine, and how it was shared out.
#[derive(Debug, Serialize)]
pub struct Machine {
    /// Model of the processor.
    pub cpu: String,
    /// Cores that this process may use.
    pub cores: usize,
    /// Version of the kernel.
    pub kernel: String,
    /// Processes that ran or wanted to in the minute before.
    pub load: f64,
    /// Whether the proxy has a core of its own.
    pub pinned: bool,
    /// Seconds since 1970.
    pub taken_at: u64,
}

impl Machine {
    /// This one.
    pub fn find(cores: Cores) -> Self {
        let load = text("/proc/loadavg");
        Self {
            cpu: model(&text("/proc/cpuinfo")).unwrap_or("unknown").to_owned(),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            kernel: text("/proc/sys/kernel/osrelease").trim().to_owned(),
            load: load.split(' ').next().and_then(|load| load.parse().ok()).unwrap_or(f64::NAN),
            pinned: cores != Cores::Shared,
            taken_at: clock::since_epoch().as_secs(),
        }
    }

    /// In one line.
    pub fn line(&self) -> String {
        let Self { cpu, cores, kernel, load, .. } = self;
        let pinned = match self.pinned {
            true => "the proxy on one, origin and load on another",
            false => "nothing is pinned",
        };
        format!("{cpu}, {cores} cores ({pinned}), Linux {kernel}, load average before {load}")
    }
}

fn text(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

fn model(cpuinfo: &str) -> Option<&str> {
    let line = cpuinfo.lines().find(|line| line.starts_with("model name"))?;
    line.split_once(':').map(|(_, model)| model.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_is_found() {
        let text = "processor\t: 0\nmodel name\t: AMD EPYC 7B13\nmodel name\t: other\n";
        assert_eq!(model(text), Some("AMD EPYC 7B13"));
        assert_eq!(model("processor: 0"), None);
    }
}
