//! The end of a log that grows.

use std::{fs::File, io, os::unix::fs::FileExt, path::Path};

/// A log, from where it ended when it was opened.
#[derive(Debug)]
pub(crate) struct Tail {
    file: File,
    offset: u64,
    /// A line of which the end is not written yet.
    begun: Vec<u8>,
}

impl Tail {
    /// Opens a log at its end.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let offset = file.metadata()?.len();
        Ok(Self { file, offset, begun: Vec::new() })
    }

    /// Lines that were completed since the last call, without their ends.
    pub(crate) fn lines(&mut self) -> io::Result<Vec<Vec<u8>>> {
        let mut lines = Vec::new();
        let mut buffer = vec![0; 64 << 10];
        loop {
            let read = self.file.read_at(&mut buffer, self.offset)?;
            let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
            // The size of a read fits.
            self.offset += read as u64;
            for part in bytes.split_inclusive(|&byte| byte == b'\n') {
                match part.strip_suffix(b"\n") {
                    Some(end) => {
                        self.begun.extend_from_slice(end);
                        lines.push(std::mem::take(&mut self.begun));
                    }
                    None => self.begun.extend_from_slice(part),
                }
            }
        }
        if self.file.metadata()?.len() < self.offset {
            return Err(io::Error::other("the log was cut short while it was read"));
        }
        Ok(lines)
    }
}

#[cfg(test)]
mod tests {
    use std::{fs::OpenOptions, io::Write};

    use super::*;

    #[test]
    fn lines_come_once_and_whole() {
        let mut log = tempfile::NamedTempFile::new().unwrap();
        writeln!(log, "before").unwrap();
        let mut tail = Tail::open(log.path()).unwrap();
        assert_eq!(tail.lines().unwrap(), Vec::<Vec<u8>>::new());
        write!(log, "one\n\ntw").unwrap();
        assert_eq!(tail.lines().unwrap(), [b"one".to_vec(), Vec::new()]);
        write!(log, "{}", "o".repeat(200_000)).unwrap();
        assert_eq!(tail.lines().unwrap(), Vec::<Vec<u8>>::new());
        writeln!(log, "!").unwrap();
        assert_eq!(tail.lines().unwrap(), [format!("tw{}!", "o".repeat(200_000)).into_bytes()]);
    }

    #[test]
    fn a_log_that_is_cut_short_is_an_error() {
        let mut log = tempfile::NamedTempFile::new().unwrap();
        writeln!(log, "before").unwrap();
        let mut tail = Tail::open(log.path()).unwrap();
        OpenOptions::new().write(true).open(log.path()).unwrap().set_len(0).unwrap();
        assert!(tail.lines().is_err());
    }
}
