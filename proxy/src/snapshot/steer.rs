//! What the drive of rollouts sees of one, and how it moves it.

use std::sync::Arc;

use foxtrot_api::EndpointState;

use super::Rollout;
use crate::{
    clock::Instant,
    config::Colour,
    rollout::{
        drive::Subject,
        plan::{Action, Observation, Phase, Plan, State},
        state_file::About,
    },
    upstream::Cluster,
};

impl Subject for Rollout {
    fn name(&self) -> &str {
        &self.name
    }

    fn plan(&self) -> &Plan {
        &self.plan
    }

    fn about(&self) -> About {
        About {
            declared_share: self.declared_share,
            blue: self.blue.name.to_string(),
            green: self.green.name.to_string(),
        }
    }

    fn observe(&self, state: &State, _now: Instant) -> Observation {
        let to = self.cluster(state.to);
        let left = if state.phase == Phase::Rollback { state.to } else { state.to.other() };
        Observation {
            guard: None,
            compare: None,
            prewarm: None,
            mirrored: self.mirror.as_ref().is_some_and(|mirror| Arc::ptr_eq(&mirror.to, to)),
            to_healthy: is_usable(to),
            from_healthy: is_usable(self.cluster(state.to.other())),
            drained: self.in_flight(left) == 0,
        }
    }

    fn in_flight(&self, colour: Colour) -> u64 {
        u64::from(self.cluster(colour).describe().in_flight)
    }

    fn act(&self, action: Action) {
        match action {
            Action::SetShare(green) => self.learned.set_green_share(green),
            // What is in flight ends by itself, and nothing is remembered of earlier rollouts yet.
            Action::Begin(_) | Action::Prewarm(_) | Action::EndPrewarm | Action::Drain(_) => {}
        }
    }
}

/// Whether requests may be sent there.
fn is_usable(cluster: &Cluster) -> bool {
    let usable = |state| matches!(state, EndpointState::Healthy | EndpointState::Unprobed);
    cluster.describe().endpoints.iter().any(|endpoint| usable(endpoint.state))
}
