use std::sync::atomic::{AtomicU16, AtomicU64, Ordering::Relaxed};

use foxtrot_api::Shares;

use super::*;
use crate::{config, rollout::Opinion};

/// A rollout that does as it is told.
struct Fake {
    plan: Plan,
    about: About,
    seen: Mutex<Observation>,
    green: AtomicU16,
    in_flight: AtomicU64,
}

impl Fake {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            plan: Plan {
                steps: vec![500, 5_000],
                step_every: Duration::from_secs(10),
                soak: Duration::from_secs(10),
                deadline: Duration::from_secs(3_600),
                drain: Duration::from_secs(60),
                rollback_max: Duration::from_secs(20),
            },
            about: About { declared_share: 0, blue: "a".into(), green: "b".into() },
            seen: Mutex::new(Observation {
                guard: Some(Opinion::Go),
                compare: None,
                prewarm: None,
                mirrored: false,
                to_healthy: true,
                from_healthy: true,
                drained: false,
            }),
            green: AtomicU16::new(0),
            in_flight: AtomicU64::new(3),
        })
    }

    fn guard_says(&self, opinion: Opinion) {
        self.seen.lock().guard = Some(opinion);
    }
}

impl Subject for Fake {
    fn name(&self) -> &str {
        "app"
    }

    fn plan(&self) -> &Plan {
        &self.plan
    }

    fn about(&self) -> About {
        self.about.clone()
    }

    fn observe(&self, _: &State, _: Instant) -> Observation {
        self.seen.lock().clone()
    }

    fn in_flight(&self, _: Colour) -> u64 {
        self.in_flight.load(Relaxed)
    }

    fn act(&self, action: Action) {
        if let Action::SetShare(green) = action {
            self.green.store(green, Relaxed);
        }
    }
}

fn drive() -> (Drive, Arc<Events>) {
    let events = Arc::new(Events::start(None, &config::EventLog::default()).unwrap());
    let metrics = Arc::new(Metrics::new(1));
    (Drive::start(None, Arc::clone(&events), metrics).unwrap(), events)
}

const START: Command = Command::Start { hold: false };

/// What the log says of a kind, written out.
fn said(events: &Events, kind: &str) -> Vec<serde_json::Value> {
    events.flush();
    let lines = String::from_utf8(events.after(0, 100)).unwrap();
    let lines = lines.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    lines.filter(|event| event["kind"] == kind).collect()
}

#[tokio::test(start_paused = true)]
async fn a_guard_that_says_stop_is_obeyed_with_the_next_look() {
    let (drive, events) = drive();
    let app = Fake::new();
    drive.adopt(&[Arc::clone(&app)], Cause::Restart);
    drive.command(&*app, START, "here").unwrap();
    drive.tick(&[Arc::clone(&app)]);
    assert_eq!(app.green.load(Relaxed), 500);
    app.guard_says(Opinion::Stop("12 of 15 requests failed".into()));
    drive.tick(&[Arc::clone(&app)]);
    assert_eq!(app.green.load(Relaxed), 0);
    let status = drive.describe(&*app);
    assert_eq!(
        (status.phase.as_str(), status.why.as_str()),
        ("rollback", "guard: 12 of 15 requests failed")
    );
    assert_eq!(status.weights, Shares { blue: 100.0, green: 0.0 });
    assert_eq!(status.drain.unwrap().in_flight, 3);
    let verdicts = said(&events, "guard");
    let verdicts: Vec<_> = verdicts.iter().map(|event| &event["says"]).collect();
    assert_eq!(verdicts, ["go", "stop"]);
    assert_eq!(said(&events, "weights").last().unwrap()["cause"], "guard");
}

#[tokio::test(start_paused = true)]
async fn a_guard_that_holds_is_told_and_nothing_moves() {
    let (drive, _events) = drive();
    let app = Fake::new();
    drive.adopt(&[Arc::clone(&app)], Cause::Restart);
    drive.command(&*app, START, "here").unwrap();
    app.guard_says(Opinion::Hold("3 of 50 requests".into()));
    tokio::time::advance(Duration::from_secs(600)).await;
    drive.tick(&[Arc::clone(&app)]);
    assert_eq!(app.green.load(Relaxed), 500);
    let status = drive.describe(&*app);
    assert_eq!(status.held_by.as_deref(), Some("guard: 3 of 50 requests"));
    app.guard_says(Opinion::Go);
    drive.tick(&[Arc::clone(&app)]);
    assert_eq!(app.green.load(Relaxed), 5_000);
}

#[tokio::test(start_paused = true)]
async fn a_rollback_that_takes_too_long_is_late() {
    for (seconds, late) in [(5, false), (30, true)] {
        let (drive, events) = drive();
        let app = Fake::new();
        drive.adopt(&[Arc::clone(&app)], Cause::Restart);
        drive.command(&*app, START, "here").unwrap();
        drive.command(&*app, Command::Rollback, "here").unwrap();
        tokio::time::advance(Duration::from_secs(seconds)).await;
        drive.tick(&[Arc::clone(&app)]);
        assert_eq!(drive.describe(&*app).phase, "rollback", "it drains");
        app.seen.lock().drained = true;
        drive.tick(&[Arc::clone(&app)]);
        let last = drive.describe(&*app).last_rollback.unwrap();
        assert_eq!((last.late, last.took_ms), (late, Some(seconds * 1_000)));
        assert_eq!(said(&events, "rolled_back")[0]["late"], late);
    }
}
