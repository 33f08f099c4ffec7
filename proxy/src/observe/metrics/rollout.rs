//! Metrics of rollouts: shares, phases, rescue, the mirror and what its comparison finds.

use std::sync::Arc;

use super::Metrics;
use crate::{
    config::Colour,
    observe::shards::{Counter, Gauge, Level, OneHot},
};

impl Metrics {
    /// Share of a colour in percent. The series lives as long as the handle.
    pub fn rollout_weight(&self, rollout: &str, colour: Colour) -> Arc<Gauge> {
        self.rollout_weights.with(&[rollout, colour.as_str()])
    }

    /// Phase of a rollout, one of `ROLLOUT_PHASES`. The series lives as long as the handle.
    pub fn rollout_phase(&self, rollout: &str) -> Arc<OneHot> {
        self.rollout_phases.with(&[rollout])
    }

    /// Requests of a rollout that the other colour was asked for, by whether it answered.
    pub fn rescued(&self, rollout: &str, outcome: &'static str) -> Arc<Counter> {
        self.rescued.with(&[rollout, outcome])
    }

    /// Copies of requests that came to `outcome` for `reason`.
    pub fn mirrors(&self, outcome: &'static str, reason: &'static str) -> Arc<Counter> {
        self.mirrors.with(&[outcome, reason])
    }

    /// Body bytes that copies hold.
    pub fn mirror_bytes(&self) -> &Level {
        &self.mirror_bytes
    }

    /// Pairs of answers whose comparison came to `outcome` for `reason`.
    pub fn shadow_compared(&self, outcome: &'static str, reason: &'static str) -> Arc<Counter> {
        self.shadow_compared.with(&[outcome, reason])
    }

    /// Pairs of answers that differ in `kind`.
    pub fn shadow_diffs(&self, kind: &'static str) -> Arc<Counter> {
        self.shadow_diffs.with(&[kind])
    }
}
