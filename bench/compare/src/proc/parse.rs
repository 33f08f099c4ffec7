//! The text of `/proc/PID/stat` and `/proc/PID/smaps_rollup`.

/// What is known of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stat {
    /// The process.
    pub id: u32,
    /// Who started it.
    pub parent: u32,
    /// User and system time, its own and that of children it has waited for.
    pub ticks: u64,
}

/// Reads `/proc/PID/stat`: fields are separated by spaces, and the second is a name in parentheses that may hold anything.
pub fn stat(id: u32, text: &str) -> Option<Stat> {
    let (_, behind_name) = text.rsplit_once(')')?;
    let mut fields = behind_name.split_whitespace();
    // Counted from 1 in proc_pid_stat(5): 4 is ppid, 14 to 17 are utime, stime, cutime, cstime.
    let parent = fields.nth(1)?.parse().ok()?;
    let times = fields.skip(9).take(4).map(str::parse::<u64>);
    let times = times.collect::<Result<Vec<_>, _>>().ok()?;
    (times.len() == 4).then(|| Stat { id, parent, ticks: times.iter().sum() })
}

/// Reads the bytes of `Pss` from `/proc/PID/smaps_rollup`.
pub fn pss(text: &str) -> Option<u64> {
    let value = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    let kib: u64 = value.trim().strip_suffix("kB")?.trim_end().parse().ok()?;
    Some(kib * 1024)
}

/// Of all processes, `root` and those that it started, or that were started by these, and so on.
pub fn descendants(root: u32, all: Vec<Stat>) -> Vec<Stat> {
    let (mut found, mut rest): (Vec<_>, Vec<_>) = all.into_iter().partition(|s| s.id == root);
    let mut looked_at = 0;
    while let Some(parent) = found.get(looked_at).map(|stat| stat.id) {
        let (children, others) = rest.into_iter().partition(|stat| stat.parent == parent);
        let children: Vec<Stat> = children;
        found.extend(children);
        rest = others;
        looked_at += 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_found_behind_any_name() {
        let text = "812 (a) b (c 1) S 810 812 812 0 -1 4194304 1 2 3 4 150 25 7 3 20 0 9 0 77 1 2";
        assert_eq!(stat(812, text), Some(Stat { id: 812, parent: 810, ticks: 185 }));
        assert_eq!(stat(1, "1 (x) S 0 1 1 0 -1 0 0 0 0 0 1 2 3"), None);
        assert_eq!(stat(1, "nothing"), None);
    }

    #[test]
    fn pss_is_in_bytes() {
        let text = "55d0-7ffd ---p 00000000 00:00 0 [rollup]\nRss:  900 kB\nPss:     612 kB\nPss_Dirty: 9 kB\n";
        assert_eq!(pss(text), Some(612 * 1024));
        assert_eq!(pss("Rss: 1 kB"), None);
    }

    #[test]
    fn a_tree_has_grandchildren_and_no_strangers() {
        let process = |id, parent| Stat { id, parent, ticks: 0 };
        let all = vec![process(4, 3), process(1, 0), process(9, 1), process(3, 2), process(2, 1)];
        let ids = |root| {
            let mut ids: Vec<u32> = descendants(root, all.clone()).iter().map(|s| s.id).collect();
            ids.sort_unstable();
            ids
        };
        assert_eq!(ids(2), [2, 3, 4]);
        assert_eq!(ids(7), [0; 0]);
    }
}
