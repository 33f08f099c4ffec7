use std::{fs, os::unix::fs::symlink, path::Path, process::Command};

use super::*;

/// Long enough for any machine; what is waited for is the event.
const PATIENCE: Duration = Duration::from_secs(20);

fn target(files: &[&Path]) -> Target {
    let files = Fingerprints::read(files.iter().map(|file| file.to_path_buf()));
    Target { files, watch: true, poll: Duration::ZERO }
}

/// The next cause but a signal, which the test of signals sends to the whole process.
async fn next(causes: &mut mpsc::Receiver<Cause>) -> Cause {
    loop {
        let cause = time::timeout(PATIENCE, causes.recv()).await.expect("a cause").unwrap();
        if cause != Cause::Signal {
            return cause;
        }
    }
}

/// A task that is driven by hand.
fn task(target: Target, directories: Directories) -> (Watch, Task, mpsc::Receiver<Cause>) {
    let (causes, received) = mpsc::channel(WAITING_MAX);
    let (sender, targets) = watch::channel(target);
    (Watch { target: sender }, Task::new(targets, directories, causes), received)
}

#[tokio::test]
async fn a_save_in_place_and_one_by_rename_are_seen_again_and_again() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("foxtrot.toml");
    fs::write(&file, "0").unwrap();
    let (_watch, mut causes) = Watch::start(target(&[&file])).unwrap();
    for round in 1..=2 {
        fs::write(&file, format!("in place {round}")).unwrap();
        assert_eq!(next(&mut causes).await, Cause::File);
        let temporary = dir.path().join(".foxtrot.toml.swp");
        fs::write(&temporary, format!("by rename {round}")).unwrap();
        fs::rename(&temporary, &file).unwrap();
        assert_eq!(next(&mut causes).await, Cause::File);
    }
}

/// What the kubelet does to a ConfigMap volume (pkg/volume/util/atomic_writer.go).
fn swap_data(volume: &Path, version: u32) {
    let fresh = volume.join(format!("..2026_{version}"));
    fs::create_dir(&fresh).unwrap();
    fs::write(fresh.join("foxtrot.toml"), format!("version {version}")).unwrap();
    let old = fs::read_link(volume.join("..data")).ok();
    symlink(fresh.file_name().unwrap(), volume.join("..data_tmp")).unwrap();
    fs::rename(volume.join("..data_tmp"), volume.join("..data")).unwrap();
    if let Some(old) = old {
        fs::remove_dir_all(volume.join(old)).unwrap();
    }
}

#[tokio::test]
async fn swaps_of_the_kubernetes_data_link_are_seen_again_and_again() {
    let dir = tempfile::tempdir().unwrap();
    swap_data(dir.path(), 0);
    let file = dir.path().join("foxtrot.toml");
    symlink("..data/foxtrot.toml", &file).unwrap();
    let (_watch, mut causes) = Watch::start(target(&[&file])).unwrap();
    for version in 1..=3 {
        swap_data(dir.path(), version);
        assert_eq!(next(&mut causes).await, Cause::File);
    }
}

#[tokio::test]
async fn a_link_in_the_middle_of_the_path_is_seen() {
    let dir = tempfile::tempdir().unwrap();
    for version in ["1", "2"] {
        fs::create_dir(dir.path().join(version)).unwrap();
        fs::write(dir.path().join(version).join("foxtrot.toml"), version).unwrap();
    }
    symlink("1", dir.path().join("current")).unwrap();
    let file = dir.path().join("current/foxtrot.toml");
    let (_watch, mut causes) = Watch::start(target(&[&file])).unwrap();
    symlink("2", dir.path().join("next")).unwrap();
    fs::rename(dir.path().join("next"), dir.path().join("current")).unwrap();
    assert_eq!(next(&mut causes).await, Cause::File);
}

#[tokio::test]
async fn other_files_are_seen_after_replace_and_the_former_are_not() {
    let dir = tempfile::tempdir().unwrap();
    let (old, new) = (dir.path().join("old"), dir.path().join("elsewhere/new"));
    fs::create_dir(dir.path().join("elsewhere")).unwrap();
    fs::write(&old, "0").unwrap();
    fs::write(&new, "0").unwrap();
    let (watch, mut task, mut causes) =
        task(target(&[&old]), Directories::new(Arc::new(Notify::new())));
    watch.replace(target(&[&new]));
    fs::write(&old, "1").unwrap();
    task.look(Cause::File).await;
    assert!(causes.try_recv().is_err());
    fs::write(&new, "1").unwrap();
    task.look(Cause::File).await;
    assert_eq!(causes.try_recv(), Ok(Cause::File));
}

#[tokio::test]
async fn a_change_between_reading_and_replace_is_not_missed() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("foxtrot.toml");
    fs::write(&file, "read by the load").unwrap();
    let loaded = target(&[&file]);
    fs::write(&file, "written during the load").unwrap();
    let (watch, mut causes) = Watch::start(target(&[])).unwrap();
    watch.replace(loaded);
    assert_eq!(next(&mut causes).await, Cause::File);
}

#[tokio::test]
async fn the_same_contents_are_no_change_and_a_loaded_change_is_none_either() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("foxtrot.toml");
    fs::write(&file, "a").unwrap();
    let (watch, mut task, mut causes) =
        task(target(&[&file]), Directories::new(Arc::new(Notify::new())));
    fs::write(&file, "a").unwrap();
    task.look(Cause::File).await;
    assert!(causes.try_recv().is_err());
    // Loaded by hand before the event is looked at.
    fs::write(&file, "b").unwrap();
    watch.replace(target(&[&file]));
    task.look(Cause::File).await;
    assert!(causes.try_recv().is_err());
}

#[tokio::test]
async fn the_poll_finds_what_no_event_tells() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("foxtrot.toml");
    fs::write(&file, "0").unwrap();
    let mut target = target(&[&file]);
    target.poll = Duration::from_millis(1);
    let (_watch, task, mut causes) = task(target, Directories::without_watcher());
    // Of the task alone: no other test's signal wakes it.
    let never = signal(SignalKind::user_defined2()).unwrap();
    tokio::spawn(task.run(never, Arc::new(Notify::new())));
    fs::write(&file, "1").unwrap();
    // The first look is after the target and may come late enough to see it.
    assert!(matches!(next(&mut causes).await, Cause::Poll | Cause::File));
    fs::write(&file, "2").unwrap();
    assert_eq!(next(&mut causes).await, Cause::Poll);
}

#[tokio::test]
async fn a_directory_that_was_made_again_is_watched_again_after_a_poll() {
    let dir = tempfile::tempdir().unwrap();
    let directory = dir.path().join("etc");
    let file = directory.join("foxtrot.toml");
    fs::create_dir(&directory).unwrap();
    fs::write(&file, "0").unwrap();
    let dirty = Arc::new(Notify::new());
    let (_watch, mut task, _causes) = task(target(&[&file]), Directories::new(Arc::clone(&dirty)));
    task.look(Cause::File).await;
    fs::remove_dir_all(&directory).unwrap();
    fs::create_dir(&directory).unwrap();
    task.look(Cause::Poll).await;
    quiet(&dirty).await;
    fs::write(&file, "1").unwrap();
    time::timeout(PATIENCE, dirty.notified()).await.expect("an event");
}

#[tokio::test]
async fn without_watch_only_a_signal_counts() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("foxtrot.toml");
    fs::write(&file, "0").unwrap();
    let off = Target { watch: false, poll: Duration::from_millis(1), ..target(&[&file]) };
    let (_watch, mut task, mut causes) = task(off, Directories::new(Arc::new(Notify::new())));
    fs::write(&file, "1").unwrap();
    task.look(Cause::File).await;
    assert!(causes.try_recv().is_err() && task.next_poll.is_none());
    task.look(Cause::Signal).await;
    assert_eq!(causes.try_recv(), Ok(Cause::Signal));
}

#[tokio::test]
async fn a_hangup_asks_for_a_load_without_any_change() {
    let (_watch, mut causes) = Watch::start(target(&[])).unwrap();
    let kill = format!("kill -HUP {}", std::process::id());
    assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    let cause = time::timeout(PATIENCE, causes.recv()).await.unwrap();
    assert_eq!(cause, Some(Cause::Signal));
}

#[tokio::test]
async fn the_task_ends_with_its_watch() {
    let (watch, mut causes) = Watch::start(target(&[])).unwrap();
    drop(watch);
    while time::timeout(PATIENCE, causes.recv()).await.unwrap().is_some() {}
}
