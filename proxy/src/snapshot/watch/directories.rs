//! The directories whose events may mean that a file has changed.

use std::{
    collections::BTreeSet,
    fs, path,
    path::{Path, PathBuf},
    sync::Arc,
};

use notify::{
    Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher,
    event::{AccessKind, AccessMode},
};
use tokio::sync::Notify;

use super::Fingerprints;

/// Watched directories. Without a watcher, which a host at its limit of inotify instances may refuse, all calls do nothing and
/// the poll has to do.
pub(super) struct Directories {
    watcher: Option<RecommendedWatcher>,
    watched: BTreeSet<PathBuf>,
}

impl Directories {
    /// None yet. `dirty` is notified of each event.
    pub(super) fn new(dirty: Arc<Notify>) -> Self {
        let handler = move |event: notify::Result<Event>| {
            if may_change_contents(&event) {
                dirty.notify_one();
            }
        };
        let watcher = notify::recommended_watcher(handler)
            .inspect_err(|error| tracing::warn!(%error, "files are not watched, only polled"));
        Self { watcher: watcher.ok(), watched: BTreeSet::new() }
    }

    /// Never any.
    #[cfg(test)]
    pub(super) fn without_watcher() -> Self {
        Self { watcher: None, watched: BTreeSet::new() }
    }

    /// Watches the directories through which `files` are reached, and no others.
    pub(super) fn watch(&mut self, files: &Fingerprints) {
        let wanted: BTreeSet<PathBuf> = files.paths().flat_map(directories_of).collect();
        let Some(watcher) = &mut self.watcher else { return };
        for directory in self.watched.difference(&wanted) {
            // Fails where the directory is gone, and its watch with it.
            let _ = watcher.unwatch(directory);
        }
        self.watched.retain(|directory| wanted.contains(directory));
        for directory in wanted {
            if self.watched.contains(&directory) {
                continue;
            }
            match watcher.watch(&directory, RecursiveMode::NonRecursive) {
                Ok(()) => {
                    self.watched.insert(directory);
                }
                Err(error) => {
                    tracing::warn!(directory = %directory.display(), %error, "directory is not watched, only polled");
                }
            }
        }
    }

    /// As [`watch`](Self::watch), and renews the watches that there are.
    pub(super) fn watch_again(&mut self, files: &Fingerprints) {
        self.watched.clear();
        self.watch(files);
    }
}

/// Reading is an event too; taken for a change, our own reading would never end.
fn may_change_contents(event: &notify::Result<Event>) -> bool {
    match event {
        Ok(Event { kind: EventKind::Access(access), .. }) => {
            *access == AccessKind::Close(AccessMode::Write)
        }
        // An error is an overflow of the queue more often than not: something happened.
        Ok(_) | Err(_) => true,
    }
}

/// The directory of a file, and those of all links on the way to it: replacing any of them replaces the file.
fn directories_of(file: &Path) -> BTreeSet<PathBuf> {
    let mut directories = BTreeSet::new();
    let mut pending: Vec<PathBuf> = path::absolute(file).into_iter().collect();
    let mut links = 0;
    while let Some(path) = pending.pop() {
        let link = path.ancestors().find_map(|prefix| Some((prefix, fs::read_link(prefix).ok()?)));
        if let Some((prefix, target)) = link
            && links < LINKS_MAX
        {
            links += 1;
            let parent = prefix.parent().unwrap_or(prefix);
            directories.insert(parent.to_owned());
            let rest = path.strip_prefix(prefix).unwrap_or(Path::new(""));
            // `join` with an empty rest would add a slash, behind which a link is followed and not read.
            let target = parent.join(target);
            pending.push(if rest.as_os_str().is_empty() { target } else { target.join(rest) });
        } else if path.is_dir() {
            directories.insert(path);
        } else {
            directories.extend(path.parent().map(Path::to_owned));
        }
    }
    directories
}

/// As many links as Linux follows (path_resolution(7)).
const LINKS_MAX: usize = 40;

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn every_link_on_the_way_counts() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        for name in ["releases/1", "etc"] {
            fs::create_dir_all(root.join(name)).unwrap();
        }
        fs::write(root.join("releases/1/a.toml"), "").unwrap();
        symlink("releases/1", root.join("current")).unwrap();
        symlink("../current/a.toml", root.join("etc/a.toml")).unwrap();
        let found: BTreeSet<PathBuf> = directories_of(&root.join("etc/a.toml"))
            .iter()
            .map(|directory| directory.canonicalize().unwrap())
            .collect();
        let expected = [root.join("etc"), root.clone(), root.join("releases/1")];
        assert_eq!(found, BTreeSet::from(expected));
    }

    #[test]
    fn a_plain_file_has_one_and_a_circle_of_links_ends() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        assert_eq!(directories_of(&root.join("missing")), BTreeSet::from([root.clone()]));
        assert_eq!(directories_of(&root), BTreeSet::from([root.clone()]));
        symlink("b", root.join("a")).unwrap();
        symlink("a", root.join("b")).unwrap();
        assert_eq!(directories_of(&root.join("a")), BTreeSet::from([root]));
    }
}
