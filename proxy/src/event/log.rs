//! The files of the event log: `events-NUMBER.jsonl`, NUMBER being that of the first line, so that their names sort as they
//! follow each other. The chain goes through all of them.
//!
//! A line is either in the file whole or cut off again. What a crash has left of one is kept aside when the log is opened.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    time::Duration,
};

use foxtrot_api::{Chain, EventKind, Stamp};
use serde_json::{Map, Value};

use crate::config;

/// The log, where the next line goes.
#[derive(Debug)]
pub(super) struct Log {
    chain: Chain,
    disk: Option<Disk>,
    /// What was wrong with the files, and what became of it.
    repair: Option<String>,
}

#[derive(Debug)]
struct Disk {
    dir: PathBuf,
    rotate: u64,
    keep: usize,
    file: Option<File>,
    /// Bytes of whole lines in it.
    length: u64,
}

/// The end of a file in which the last whole line is looked for: many times the longest.
const TAIL_BYTES: u64 = 1 << 20;

impl Log {
    /// A log that is kept nowhere.
    pub(super) fn in_memory() -> Self {
        Self { chain: Chain::new(), disk: None, repair: None }
    }

    /// The log of a directory, to go on where it ended.
    pub(super) fn open(dir: &Path, written: &config::EventLog, now: Duration) -> io::Result<Self> {
        let mut disk = Disk {
            dir: dir.to_owned(),
            rotate: written.rotate.0,
            keep: written.keep as usize,
            file: None,
            length: 0,
        };
        let mut repairs = Vec::new();
        for path in files(dir)?.into_iter().rev() {
            let end = End::read(&path)?;
            if let Some(tail) = end.cut(&path, now)? {
                repairs.push(tail);
            }
            if let Some(chain) = end.chain {
                let mut file = OpenOptions::new().append(true).open(&path)?;
                disk.length = file.seek(SeekFrom::End(0))?;
                disk.file = Some(file);
                let repair = (!repairs.is_empty()).then(|| repairs.join("; "));
                return Ok(Self { chain, disk: Some(disk), repair });
            }
            // Nothing in it was whole, and all of it is kept aside.
            fs::remove_file(&path)?;
        }
        let repair = (!repairs.is_empty()).then(|| repairs.join("; "));
        Ok(Self { chain: Chain::new(), disk: Some(disk), repair })
    }

    /// What was wrong when the log was opened.
    pub(super) fn take_repair(&mut self) -> Option<String> {
        self.repair.take()
    }

    /// Writes the next line; its number, and the line.
    pub(super) fn append(
        &mut self,
        at: Stamp,
        kind: EventKind,
        rollout: Option<&str>,
        fields: Map<String, Value>,
    ) -> io::Result<(u64, Vec<u8>)> {
        let mut chain = self.chain;
        let line = chain.append(at, kind, rollout, fields)?;
        let seq = chain.seq().unwrap_or_default();
        if let Some(disk) = &mut self.disk {
            disk.write(seq, &line)?;
        }
        self.chain = chain;
        Ok((seq, line))
    }

    /// Waits for the disk.
    pub(super) fn sync(&self) -> io::Result<()> {
        match self.disk.as_ref().and_then(|disk| disk.file.as_ref()) {
            Some(file) => file.sync_data(),
            None => Ok(()),
        }
    }
}

impl Disk {
    fn write(&mut self, seq: u64, line: &[u8]) -> io::Result<()> {
        if self.file.is_none() || self.length >= self.rotate {
            self.turn(seq)?;
        }
        let Some(file) = &mut self.file else { return Ok(()) };
        if let Err(error) = file.write_all(line) {
            // What is there of the line would break the next one.
            file.set_len(self.length)?;
            return Err(error);
        }
        self.length += line.len() as u64;
        Ok(())
    }

    /// Begins a new file, and forgets the oldest where there are too many.
    fn turn(&mut self, seq: u64) -> io::Result<()> {
        if let Some(file) = &self.file {
            file.sync_data()?;
        }
        let path = self.dir.join(format!("{PREFIX}{seq:012}{SUFFIX}"));
        self.file = Some(OpenOptions::new().create_new(true).append(true).open(path)?);
        self.length = 0;
        // The name is on disk when its directory is.
        File::open(&self.dir)?.sync_all()?;
        let files = files(&self.dir)?;
        let over = files.len().saturating_sub(self.keep);
        files.iter().take(over).try_for_each(fs::remove_file)
    }
}

const PREFIX: &str = "events-";
const SUFFIX: &str = ".jsonl";

/// The files of a log, in their order.
fn files(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let number = name.and_then(|name| name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX));
        if number.is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit())) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// How a file ends.
struct End {
    /// The chain after the last whole line; `None` where there is none.
    chain: Option<Chain>,
    /// Bytes up to its end.
    whole: u64,
    /// Bytes after it.
    rest: Vec<u8>,
}

impl End {
    fn read(path: &Path) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        let from = length.saturating_sub(TAIL_BYTES);
        file.seek(SeekFrom::Start(from))?;
        let mut tail = Vec::new();
        file.take(TAIL_BYTES).read_to_end(&mut tail)?;
        let (chain, at) = last_whole(&tail);
        let rest = tail.get(at..).unwrap_or_default().to_vec();
        // What is before the tail is kept in any case.
        let whole = from + at as u64;
        Ok(Self { chain, whole, rest })
    }

    /// Takes off what comes after the last whole line, and keeps it aside; what that was.
    fn cut(&self, path: &Path, now: Duration) -> io::Result<Option<String>> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let aside = path.with_extension(format!("jsonl.torn-{}", now.as_millis()));
        if self.chain.is_some() {
            fs::write(&aside, &self.rest)?;
            OpenOptions::new().write(true).open(path)?.set_len(self.whole)?;
        } else {
            fs::copy(path, &aside)?;
        }
        let (bytes, path, aside) = (self.rest.len(), path.display(), aside.display());
        Ok(Some(format!(
            "{bytes} bytes at the end of {path} are no events and are kept as {aside}"
        )))
    }
}

/// The chain after the last line that is as it was written, and where that ends.
fn last_whole(tail: &[u8]) -> (Option<Chain>, usize) {
    let mut end = tail.len();
    while end > 0 {
        let before = tail.get(..end).unwrap_or_default();
        let Some(close) = memchr::memrchr(b'\n', before) else { break };
        let open = memchr::memrchr(b'\n', before.get(..close).unwrap_or_default());
        let open = open.map_or(0, |at| at + 1);
        let mut chain = Chain::from_the_middle();
        if chain.follow(tail.get(open..close).unwrap_or_default()).is_ok() {
            return (Some(chain), close + 1);
        }
        end = close;
    }
    (None, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_millis(9);

    fn open(dir: &Path, rotate: u64, keep: u32) -> Log {
        Log::open(dir, &config::EventLog { rotate: config::Size(rotate), keep }, NOW).unwrap()
    }

    fn write(log: &mut Log, count: usize) {
        for _ in 0..count {
            log.append(Stamp(1), EventKind::List, None, Map::new()).unwrap();
        }
    }

    /// Lines of all files, which must follow each other.
    fn followed(dir: &Path) -> usize {
        let mut chain = Chain::from_the_middle();
        let mut count = 0;
        for path in files(dir).unwrap() {
            for line in fs::read_to_string(path).unwrap().lines() {
                chain.follow(line.as_bytes()).unwrap();
                count += 1;
            }
        }
        count
    }

    #[test]
    fn the_chain_goes_on_over_rotation_and_restart() {
        let dir = tempfile::tempdir().unwrap();
        let mut log = open(dir.path(), 1_000, 100);
        write(&mut log, 20);
        drop(log);
        let mut log = open(dir.path(), 1_000, 100);
        assert_eq!(log.take_repair(), None);
        write(&mut log, 20);
        assert_eq!(followed(dir.path()), 40);
        assert!(files(dir.path()).unwrap().len() > 3);
        assert_eq!(log.chain.seq(), Some(40));
    }

    #[test]
    fn the_oldest_files_are_forgotten() {
        let dir = tempfile::tempdir().unwrap();
        let mut log = open(dir.path(), 500, 2);
        write(&mut log, 40);
        assert_eq!(files(dir.path()).unwrap().len(), 2);
        assert!(followed(dir.path()) < 40);
    }

    #[test]
    fn what_a_crash_left_is_kept_aside() {
        for torn in ["{\"seq\":4,\"at\"", "{\"seq\":4}\nmore\n", "\n"] {
            let dir = tempfile::tempdir().unwrap();
            let mut log = open(dir.path(), 1 << 20, 2);
            write(&mut log, 3);
            drop(log);
            let path = files(dir.path()).unwrap().remove(0);
            let mut file = OpenOptions::new().append(true).open(&path).unwrap();
            file.write_all(torn.as_bytes()).unwrap();
            let mut log = open(dir.path(), 1 << 20, 2);
            assert!(log.take_repair().is_some(), "{torn}");
            write(&mut log, 2);
            assert_eq!(followed(dir.path()), 5);
            let aside = path.with_extension("jsonl.torn-9");
            assert_eq!(fs::read_to_string(aside).unwrap(), torn);
        }
    }

    #[test]
    fn a_log_of_which_nothing_is_whole_begins_anew() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("events-000000000001.jsonl"), "no events").unwrap();
        let mut log = open(dir.path(), 1 << 20, 2);
        assert!(log.take_repair().is_some());
        write(&mut log, 2);
        assert_eq!(followed(dir.path()), 2);
        assert!(dir.path().join("events-000000000001.jsonl.torn-9").exists());
    }
}
