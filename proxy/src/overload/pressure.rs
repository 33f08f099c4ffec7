//! How much of memory, processor time and file descriptors is in use, in percent: read by the control thread, looked at by
//! workers as one number.
//!
//! In a container the limits of its control group count, of version 2 or 1, whichever of those above it is nearest to its own.
//! Without one, memory is the machine's. What the kernel could drop at once (`inactive_file`) is not in use: a log that is
//! written must not look like a leak.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::error::Shed;

/// What may run short.
pub const RESOURCES: [(&str, Shed); 3] =
    [("memory", Shed::Memory), ("cpu", Shed::Cpu), ("files", Shed::Files)];

/// Where the kernel says it: `/` but for tests.
#[derive(Debug)]
pub struct Machine {
    root: PathBuf,
    /// Threads that can run at once, without a control group.
    cores: f64,
    cpu: Option<f64>,
    /// Processor time of the process at the last look, in seconds.
    spent: Option<f64>,
}

impl Machine {
    /// This one.
    pub fn new(cores: usize) -> Self {
        Self::below(Path::new("/"), cores)
    }

    fn below(root: &Path, cores: usize) -> Self {
        Self { root: root.to_owned(), cores: cores.max(1) as f64, cpu: None, spent: None }
    }

    /// Percent of each of [`RESOURCES`] in use, `seconds` after the last look. `None`: this machine does not say.
    pub fn look(&mut self, seconds: f64) -> [Option<f64>; RESOURCES.len()] {
        [self.memory(), self.cpu(seconds), self.files()]
    }

    fn memory(&self) -> Option<f64> {
        let groups = self.groups("memory");
        let shares = groups.iter().filter_map(|group| {
            let v1 =
                || (self.number(&group.join("memory.limit_in_bytes")), "memory.usage_in_bytes");
            let (limit, usage) = match self.number(&group.join("memory.max")) {
                Some(limit) => (Some(limit), "memory.current"),
                None => v1(),
            };
            // Version 1 says "no limit" with a number close to 2^63.
            let limit = limit.filter(|limit| *limit > 0.0 && *limit < 1e18)?;
            let usage = self.number(&group.join(usage))?;
            let stat = self.text(&group.join("memory.stat")).unwrap_or_default();
            let idle = after(&stat, "total_inactive_file").or(after(&stat, "inactive_file"));
            Some((usage - idle.unwrap_or(0.0)).max(0.0) / limit * 100.0)
        });
        shares.reduce(f64::max).or_else(|| self.machine_memory())
    }

    fn machine_memory(&self) -> Option<f64> {
        let text = self.text(Path::new("proc/meminfo"))?;
        let (total, free) = (after(&text, "MemTotal:")?, after(&text, "MemAvailable:")?);
        (total > 0.0).then(|| (total - free) / total * 100.0)
    }

    /// Averaged over a second or so, as work comes in bursts.
    fn cpu(&mut self, seconds: f64) -> Option<f64> {
        let stat = self.text(Path::new("proc/self/stat"))?;
        let spent = crate::observe::process::cpu_seconds(&stat)?;
        let before = self.spent.replace(spent)?;
        if seconds <= 0.0 {
            return self.cpu;
        }
        let now = (spent - before).max(0.0) / seconds / self.cores_allowed() * 100.0;
        let weight = 1.0 - (-seconds / CPU_MEMORY_SECONDS).exp();
        let average = self.cpu.map_or(now * weight, |average| average + (now - average) * weight);
        self.cpu = Some(average);
        self.cpu
    }

    /// A group may have a part of a core.
    fn cores_allowed(&self) -> f64 {
        let quotas = self.groups("cpu").into_iter().filter_map(|group| {
            if let Some(text) = self.text(&group.join("cpu.max")) {
                let (quota, period) = text.trim().split_once(' ')?;
                return Some(quota.parse::<f64>().ok()? / period.parse::<f64>().ok()?);
            }
            let quota =
                self.number(&group.join("cpu.cfs_quota_us")).filter(|quota| *quota > 0.0)?;
            Some(quota / self.number(&group.join("cpu.cfs_period_us"))?)
        });
        let quotas = quotas.filter(|quota| quota.is_finite() && *quota > 0.0);
        quotas.fold(self.cores, f64::min)
    }

    fn files(&self) -> Option<f64> {
        let limits = self.text(Path::new("proc/self/limits"))?;
        let most = after(&limits, "Max open files")?;
        let folder = self.root.join("proc/self/fd");
        // Since Linux 6.2 the size of the folder is how many there are; before, they have to be counted.
        let known = fs::metadata(&folder).ok()?.len();
        let open =
            if known > 0 { known as f64 } else { fs::read_dir(&folder).ok()?.count() as f64 };
        (most > 0.0).then(|| open / most * 100.0)
    }

    /// Folders of the control groups that hold this process for a controller, from its own upwards.
    fn groups(&self, controller: &str) -> Vec<PathBuf> {
        let text = self.text(Path::new("proc/self/cgroup")).unwrap_or_default();
        let mut folders = Vec::new();
        for line in text.lines() {
            let mut parts = line.splitn(3, ':').skip(1);
            let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else { continue };
            let base = match controllers {
                "" => PathBuf::from("sys/fs/cgroup"),
                _ if controllers.split(',').any(|name| name == controller) => {
                    Path::new("sys/fs/cgroup").join(controllers)
                }
                _ => continue,
            };
            // With a namespace of its own the group is mounted as the root, whatever its path says.
            let own = Path::new(path.trim_start_matches('/'));
            folders.extend(own.ancestors().take(DEPTH_MAX).map(|path| base.join(path)));
        }
        folders
    }

    fn number(&self, path: &Path) -> Option<f64> {
        self.text(path)?.trim().parse().ok()
    }

    fn text(&self, path: &Path) -> Option<String> {
        fs::read_to_string(self.root.join(path)).ok()
    }
}

/// The number behind a name at the start of a line.
fn after(text: &str, name: &str) -> Option<f64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
    rest.split_ascii_whitespace().next()?.parse().ok()
}

/// Groups within groups that are looked at.
const DEPTH_MAX: usize = 16;

/// Over how long processor time is averaged.
const CPU_MEMORY_SECONDS: f64 = 1.0;

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(files: &[(&str, &str)]) -> (tempfile::TempDir, Machine) {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let machine = Machine::below(folder.path(), 4);
        (folder, machine)
    }

    #[test]
    fn memory_is_the_nearest_to_its_limit_of_all_groups_above() {
        let (_folder, machine) = machine(&[
            ("proc/self/cgroup", "0::/pod/app\n"),
            ("sys/fs/cgroup/pod/app/memory.max", "max\n"),
            ("sys/fs/cgroup/pod/app/memory.current", "1000\n"),
            ("sys/fs/cgroup/pod/memory.max", "2000\n"),
            ("sys/fs/cgroup/pod/memory.current", "1700\n"),
            ("sys/fs/cgroup/pod/memory.stat", "anon 1\nactive_file 9\ninactive_file 200\n"),
        ]);
        assert_eq!(machine.memory(), Some(75.0));
    }

    #[test]
    fn memory_of_version_one_and_of_the_machine() {
        let (_folder, one) = machine(&[
            ("proc/self/cgroup", "4:cpu,cpuacct:/x\n3:memory:/docker/1\n"),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "4000\n"),
            ("sys/fs/cgroup/memory/memory.usage_in_bytes", "3000\n"),
            ("sys/fs/cgroup/memory/memory.stat", "inactive_file 5\ntotal_inactive_file 1000\n"),
            ("sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_quota_us", "50000\n"),
            ("sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_period_us", "100000\n"),
        ]);
        assert_eq!(one.memory(), Some(50.0));
        assert_eq!(one.cores_allowed(), 0.5);
        let (_folder, none) = machine(&[(
            "proc/meminfo",
            "MemTotal: 1000 kB\nMemFree: 1 kB\nMemAvailable: 400 kB\n",
        )]);
        assert_eq!(none.memory(), Some(60.0));
        assert_eq!(none.cores_allowed(), 4.0);
    }

    #[test]
    fn processor_time_is_a_share_of_what_the_group_may_have() {
        let stat =
            |ticks: u32| format!("1 (a b) S 1 2 3 4 5 6 7 8 9 10 {ticks} 0 0 0 0 0 0 0 0 0\n");
        let (folder, mut machine) = machine(&[
            ("proc/self/cgroup", "0::/\n"),
            ("sys/fs/cgroup/cpu.max", "150000 100000\n"),
            ("proc/self/stat", &stat(0)),
        ]);
        assert_eq!(machine.cpu(0.25), None, "nothing to compare with");
        for tick in 1..40 {
            // 75 hundredths of a second in each.
            fs::write(folder.path().join("proc/self/stat"), stat(tick * 75)).unwrap();
            machine.cpu(1.0);
        }
        assert!((machine.cpu.unwrap() - 50.0).abs() < 0.1, "{machine:?}");
    }

    #[test]
    fn this_machine_says_it_all() {
        let mut machine = Machine::new(2);
        machine.look(0.25);
        for used in machine.look(0.25) {
            assert!(used.is_some_and(|used| (0.0..=101.0).contains(&used)), "{used:?}");
        }
        let (_folder, mut nothing) = self::machine(&[]);
        assert_eq!(nothing.look(0.25), [None; 3]);
    }
}
