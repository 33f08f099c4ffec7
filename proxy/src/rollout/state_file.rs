//! Where rollouts stand, on disk: written whole to a file of another name that takes the place of the old one, so that what is
//! read is what was written once. What cannot be read is kept aside, never believed in part.
//!
//! A thread of its own writes; of several states that wait, the last.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
    thread::{self, JoinHandle},
    time::Duration,
};

use parking_lot::{Condvar, Mutex};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::plan::{Phase, State};
use crate::{config::Colour, route::split::BUCKETS};

/// What is kept of all rollouts, by name.
pub type Saved = BTreeMap<String, SavedRollout>;

/// What is kept of a rollout.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SavedRollout {
    /// What the state is about: of another configuration it says nothing.
    pub about: About,
    phase: String,
    to: Colour,
    share: u16,
    held: bool,
    why: String,
    /// When it was written, in milliseconds since 1970-01-01T00:00:00Z. For people.
    saved_at: u64,
}

/// What a state is about.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// Green's share as configured, in hundredths of a percent.
    pub declared_share: u16,
    /// Cluster of the blue colour.
    pub blue: String,
    /// Cluster of the green colour.
    pub green: String,
}

/// What was found at the start.
#[derive(Debug)]
pub enum Found {
    /// A file that could be read, or none.
    Whole(Saved),
    /// One that could not, and what became of it.
    Corrupt(String),
}

/// The file, and the thread that writes it.
#[derive(Debug)]
pub struct StateFile {
    waiting: Arc<Waiting>,
    written: watch::Receiver<u64>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug, Default)]
struct Waiting {
    slot: Mutex<Slot>,
    filled: Condvar,
}

#[derive(Debug, Default)]
struct Slot {
    next: Option<Saved>,
    /// Counts what was to be written.
    version: u64,
    closing: bool,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: u32,
    rollouts: Saved,
}

/// The only form so far.
const VERSION: u32 = 1;

const NAME: &str = "rollouts.json";

impl SavedRollout {
    /// What is to be kept of a state.
    pub fn new(about: About, state: &State, saved_at: Duration) -> Self {
        Self {
            about,
            phase: state.phase.as_str().to_owned(),
            to: state.to,
            share: state.share,
            held: state.held,
            why: state.why.clone(),
            // Milliseconds fit for half a billion years.
            saved_at: saved_at.as_millis() as u64,
        }
    }

    /// The phase that it was in.
    pub fn phase(&self) -> &str {
        &self.phase
    }

    /// The state, as it goes on now: what had passed of its phase when the process ended does not count.
    pub fn resume(&self, now: Duration) -> Option<State> {
        let phase = Phase::parse(&self.phase)?;
        let share_fits = match phase {
            Phase::Full | Phase::Soak | Phase::Done => self.share == BUCKETS,
            Phase::Rollback => self.share == 0,
            _ => self.share <= BUCKETS,
        };
        share_fits.then(|| State {
            phase,
            to: self.to,
            share: self.share,
            entered: now,
            alive: now,
            held: self.held,
            why: self.why.clone(),
        })
    }
}

impl StateFile {
    /// Reads the file of a directory, and starts what writes it.
    ///
    /// # Errors
    /// The file is there and cannot be opened, or could not be put aside, or there is no thread.
    pub fn open(dir: &Path, now: Duration) -> io::Result<(Self, Found)> {
        let path = dir.join(NAME);
        let found = read(&path, now)?;
        let waiting = Arc::new(Waiting::default());
        let (done, written) = watch::channel(0);
        let for_writer = Arc::clone(&waiting);
        let writer = thread::Builder::new()
            .name("rollout-state".to_owned())
            .spawn(move || write_all(&path, &for_writer, &done))?;
        Ok((Self { waiting, written, writer: Mutex::new(Some(writer)) }, found))
    }

    /// Has this written, and gives the number to wait for with [`Self::written`].
    pub fn save(&self, saved: Saved) -> u64 {
        let mut slot = self.waiting.slot.lock();
        slot.version += 1;
        slot.next = Some(saved);
        self.waiting.filled.notify_one();
        slot.version
    }

    /// What has been written, by number.
    pub fn written(&self) -> watch::Receiver<u64> {
        self.written.clone()
    }

    /// Writes what waits, and ends the thread.
    pub fn close(&self) {
        self.waiting.slot.lock().closing = true;
        self.waiting.filled.notify_one();
        if let Some(writer) = self.writer.lock().take() {
            // One that panicked has said so.
            let _ = writer.join();
        }
    }
}

impl Drop for StateFile {
    fn drop(&mut self) {
        self.close();
    }
}

fn write_all(path: &Path, waiting: &Waiting, done: &watch::Sender<u64>) {
    loop {
        let (saved, version) = {
            let mut slot = waiting.slot.lock();
            while slot.next.is_none() && !slot.closing {
                waiting.filled.wait(&mut slot);
            }
            match slot.next.take() {
                Some(saved) => (saved, slot.version),
                None => return,
            }
        };
        match write(path, saved) {
            Ok(()) => drop(done.send_replace(version)),
            Err(error) => tracing::error!(
                %error, path = %path.display(),
                "where rollouts stand cannot be written: a restart would not find it"
            ),
        }
    }
}

fn write(path: &Path, rollouts: Saved) -> io::Result<()> {
    let mut text = serde_json::to_vec_pretty(&Document { version: VERSION, rollouts })?;
    text.push(b'\n');
    let beside = path.with_extension("json.new");
    let mut file = File::create(&beside)?;
    file.write_all(&text)?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    // The name is on disk when its directory is.
    path.parent().map_or(Ok(()), |dir| File::open(dir)?.sync_all())
}

fn read(path: &Path, now: Duration) -> io::Result<Found> {
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(Found::Whole(Saved::new()));
        }
        Err(error) => return Err(error),
    };
    let why = match parse(&text) {
        Ok(saved) => return Ok(Found::Whole(saved)),
        Err(why) => why,
    };
    let aside = aside(path, now);
    fs::rename(path, &aside)?;
    let (path, aside) = (path.display(), aside.display());
    Ok(Found::Corrupt(format!("{path} cannot be read ({why}) and is kept as {aside}")))
}

fn aside(path: &Path, now: Duration) -> PathBuf {
    path.with_extension(format!("json.corrupt-{}", now.as_millis()))
}

fn parse(text: &[u8]) -> Result<Saved, String> {
    let document: Document = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    if document.version != VERSION {
        return Err(format!("version {}, this one reads {VERSION}", document.version));
    }
    let wrong = document.rollouts.iter().find(|(_, saved)| saved.resume(Duration::ZERO).is_none());
    match wrong {
        Some((name, _)) => Err(format!("rollout {name}: phase and share do not go together")),
        None => Ok(document.rollouts),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn saved(phase: Phase, share: u16) -> Saved {
        let about = About { declared_share: 0, blue: "a".into(), green: "b".into() };
        let state = State { phase, share, ..State::at_rest(0, Duration::ZERO, "plan") };
        let saved = SavedRollout::new(about, &state, Duration::from_millis(5));
        Saved::from([("gateway".to_owned(), saved)])
    }

    fn open(dir: &Path) -> (StateFile, Found) {
        StateFile::open(dir, Duration::from_millis(7)).unwrap()
    }

    #[test]
    fn what_is_saved_is_found() {
        let dir = tempfile::tempdir().unwrap();
        let (file, found) = open(dir.path());
        assert!(matches!(found, Found::Whole(saved) if saved.is_empty()));
        file.save(saved(Phase::Mirror, 0));
        file.save(saved(Phase::Steps, 2_500));
        file.close();
        let Found::Whole(found) = open(dir.path()).1 else { panic!("corrupt") };
        assert_eq!(found, saved(Phase::Steps, 2_500));
        let state = found["gateway"].resume(Duration::from_secs(3)).unwrap();
        assert_eq!((state.phase, state.share), (Phase::Steps, 2_500));
        assert_eq!(state.entered, Duration::from_secs(3), "a restart does not advance");
    }

    #[test]
    fn what_cannot_be_read_is_kept_aside() {
        let whole =
            serde_json::to_string(&Document { version: 1, rollouts: saved(Phase::Done, 0) });
        let wrong_share = whole.unwrap();
        let other_version = r#"{"version":2,"rollouts":{}}"#.to_owned();
        for text in [String::new(), "{".to_owned(), "[]".to_owned(), other_version, wrong_share] {
            let dir = tempfile::tempdir().unwrap();
            fs::write(dir.path().join(NAME), &text).unwrap();
            assert!(matches!(open(dir.path()).1, Found::Corrupt(_)), "{text}");
            let aside = dir.path().join("rollouts.json.corrupt-7");
            assert_eq!(fs::read_to_string(aside).unwrap(), text);
            assert!(matches!(open(dir.path()).1, Found::Whole(saved) if saved.is_empty()));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_borne(text in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&text);
        }
    }
}
