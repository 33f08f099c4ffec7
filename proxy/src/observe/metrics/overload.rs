//! Metrics of overload control: limits, pressure, and what was shed.

use std::sync::Arc;

use super::Metrics;
use crate::observe::shards::{Counter, Gauge};

impl Metrics {
    /// Requests that a limiter lets be under way, that are, and that wait. The series live as long as the handles.
    pub fn overload(&self, limiter: &str) -> [Arc<Gauge>; 3] {
        [&self.overload_limit, &self.overload_in_flight, &self.overload_waiting]
            .map(|family| family.with(&[limiter]))
    }

    /// How much of a resource is in use. The series lives as long as the handle.
    pub fn overload_pressure(&self, resource: &str) -> Arc<Gauge> {
        self.overload_pressure.with(&[resource])
    }

    /// Requests of a class that a limiter has shed.
    pub fn overload_shed(&self, limiter: &str, class: &str, reason: &'static str) -> Arc<Counter> {
        self.overload_shed.with(&[limiter, class, reason])
    }
}
