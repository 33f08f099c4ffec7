//! The control thread's hold on rollouts.

use std::sync::Arc;

use tokio::time::MissedTickBehavior;

use super::Control;
use crate::{
    event::Events,
    rollout::drive::{self, Drive},
};

impl Control {
    /// A load takes its time, and a rollout that must go back has none to wait for it.
    pub(super) async fn drive_rollouts(self: Arc<Self>) {
        let mut ticks = tokio::time::interval(drive::EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.rollouts.tick(&self.snapshot().rollouts);
        }
    }

    /// The rollouts of the process.
    pub fn rollouts(&self) -> &Drive {
        &self.rollouts
    }

    /// The event log.
    pub fn events(&self) -> &Arc<Events> {
        &self.events
    }
}
