//! Overload as `GET /status` shows it.

use std::sync::atomic::Ordering::Relaxed;

use foxtrot_api::{LimiterStatus, OverloadStatus, PressureStatus, ShedStatus};

use super::{Limiter, Overload, RESOURCES};
use crate::error::Shed;

impl Overload {
    /// What is counted and shed; `None` where nothing is.
    pub fn describe(&self) -> Option<OverloadStatus> {
        if self.is_idle() {
            return None;
        }
        let bounded = self.limiters.iter();
        Some(OverloadStatus {
            pressure: self.pressures().collect(),
            limiters: bounded.map(|limiter| self.describe_one(limiter)).collect(),
        })
    }

    fn pressures(&self) -> impl Iterator<Item = PressureStatus> {
        let watched = self.watermarks.iter().zip(RESOURCES).enumerate();
        watched.filter_map(|(at, (watermark, (resource, _)))| {
            let used = self.pressure.used[at].load(Relaxed);
            Some(PressureStatus {
                resource: resource.to_owned(),
                used: f64::from(used) / 100.0,
                watermark: (*watermark)?,
                shed: self.classes_below(self.pressure.levels[at].load(Relaxed)).collect(),
            })
        })
    }

    /// What is shed at a level, `mirror` included.
    fn classes_below(&self, level: u8) -> impl Iterator<Item = String> {
        let mirror = self.mirror.filter(|rank| *rank < level).map(|_| "mirror".to_owned());
        let classes = self.classes.iter().filter(move |class| class.rank < level);
        mirror.into_iter().chain(classes.map(|class| class.name.to_string()))
    }

    fn describe_one(&self, limiter: &Limiter) -> LimiterStatus {
        let shed = self.classes.iter().zip(&limiter.shed).flat_map(|(class, reasons)| {
            Shed::ALL.iter().zip(reasons).map(move |(why, counter)| ShedStatus {
                class: class.name.to_string(),
                reason: why.as_str().to_owned(),
                requests: counter.value(),
            })
        });
        let some = |number: u32| (number != u32::MAX).then_some(number);
        LimiterStatus {
            name: limiter.name.to_string(),
            limit: some(limiter.limit()),
            max: some(limiter.bounds.max),
            in_flight: limiter.in_flight(),
            waiting: limiter.waiting(),
            shed: shed.filter(|shed| shed.requests > 0).collect(),
        }
    }
}
