//! One line per second while a run goes on.

use std::time::Duration;

use crate::{record::Latency, run::Tick, scenario::Scenario};

/// Makes the lines of a run.
#[derive(Debug)]
pub struct Live {
    length: Duration,
    /// Classes that send requests.
    requesting: Vec<usize>,
}

impl Live {
    /// Lines for a scenario.
    pub fn new(scenario: &Scenario) -> Self {
        let classes = scenario.classes.iter().enumerate();
        let requesting =
            classes.filter(|(_, class)| class.conduct.sends_requests()).map(|(i, _)| i);
        Self { length: scenario.length(), requesting: requesting.collect() }
    }

    /// The line of a second: progress, rate, answers by status, latency.
    pub fn line(&self, tick: &Tick) -> String {
        let (mut started, mut failed, mut statuses) = (0, 0, [0; 5]);
        let mut latency = Latency::default();
        for slice in self.requesting.iter().filter_map(|class| tick.slices.get(*class)) {
            started += slice.started;
            failed += slice.failed;
            latency.merge(&slice.latency);
            statuses.iter_mut().zip(slice.statuses).for_each(|(sum, count)| *sum += count);
        }
        let [_, ok, moved, client, server] = statuses;
        let ms = |percent| {
            let found = latency.percentile(percent);
            found.map_or("-".to_owned(), |found| format!("{:.2}", found.as_secs_f64() * 1_000.0))
        };
        format!(
            "{} {started:>7}/s  2xx {ok:>6}  3xx {moved:>4}  4xx {client:>5}  5xx {server:>5}  \
             failed {failed:>5}  p50 {:>8}  p99 {:>8} ms",
            self.progress(tick.second + 1),
            ms(50.0),
            ms(99.0),
        )
    }

    fn progress(&self, second: u64) -> String {
        const WIDTH: f64 = 16.0;
        let length = self.length.as_secs_f64().max(1e-9);
        let share = (second as f64 / length).min(1.0);
        let done = (share * WIDTH).round() as usize;
        let bar = "#".repeat(done) + &".".repeat(WIDTH as usize - done);
        format!("[{bar}] {second:>4}/{length:.0} s")
    }
}
