//! The task beside the requests: has limiters learn, and looks how much of the machine is left.

use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use parking_lot::Mutex;
use tokio::task::AbortHandle;

use super::{Overload, RESOURCES};
use crate::{clock, filter::shed};

/// The task of the configuration in force.
#[derive(Debug, Default)]
pub struct Watch(Mutex<Option<AbortHandle>>);

impl Watch {
    /// Ends the task of the configuration before, and begins that of this one, if it has anything to do.
    pub fn turn_to(&self, overload: &Arc<Overload>) {
        let next = (!overload.is_idle()).then(|| {
            let task = tokio::spawn(run(Arc::clone(overload)));
            task.abort_handle()
        });
        if let Some(before) = std::mem::replace(&mut *self.0.lock(), next) {
            before.abort();
        }
    }
}

async fn run(overload: Arc<Overload>) {
    let (mut learned, mut looked) = (clock::now(), clock::now());
    overload.look(0.0);
    loop {
        tokio::time::sleep_until(learned + LEARN_EVERY).await;
        let now = clock::now();
        let seconds = now.saturating_duration_since(learned).as_secs_f64();
        overload.limiters.iter().for_each(|limiter| limiter.learn(seconds));
        learned = now;
        let since = now.saturating_duration_since(looked);
        if since >= LOOK_EVERY {
            overload.look(since.as_secs_f64());
            looked = now;
        }
    }
}

impl Overload {
    /// Looks how much of what has a watermark is in use.
    fn look(&self, seconds: f64) {
        let watched = self.watermarks.iter().any(Option::is_some);
        let mut machine = self.pressure.machine.lock();
        let used = match &mut *machine {
            Some(machine) if watched => machine.look(seconds),
            _ => [None; RESOURCES.len()],
        };
        drop(machine);
        for (at, (used, watermark)) in used.into_iter().zip(self.watermarks).enumerate() {
            self.note(at, used.zip(watermark));
        }
    }

    /// A resource without a watermark, or of which nothing is known, sheds nobody.
    pub(super) fn note(&self, at: usize, known: Option<(f64, f64)>) {
        let (level, shown) = (&self.pressure.levels[at], &self.pressure.used[at]);
        let before = level.load(Relaxed);
        let now = known.map_or(0, |(used, mark)| shed::level(before, used, mark, self.top));
        level.store(now, Relaxed);
        let hundredths = known.map_or(0, |(used, _)| (used * 100.0).round().max(1.0) as u32);
        shown.store(hundredths, Relaxed);
        let resource = RESOURCES[at].0;
        let percent = f64::from(hundredths) / 100.0;
        if now > before {
            tracing::warn!(resource, percent, classes = now, "runs short, requests are shed");
        } else if now < before {
            tracing::info!(resource, percent, classes = now, "runs less short");
        }
    }
}

/// A window of the limits that adapt.
const LEARN_EVERY: Duration = Duration::from_millis(100);

/// Files below `/proc` and `/sys` are read so often.
const LOOK_EVERY: Duration = Duration::from_millis(250);
