//! What the drive of rollouts sees of one, and how it moves it.

use std::sync::Arc;

use foxtrot_api::EndpointState;

use super::Rollout;
use crate::{
    clock::{self, Instant},
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

    fn observe(&self, state: &State, now: Instant) -> Observation {
        let to = self.cluster(state.to);
        let left = if state.phase == Phase::Rollback { state.to } else { state.to.other() };
        let mirror = self.mirror.as_ref().filter(|mirror| Arc::ptr_eq(&mirror.to, to));
        let comparison = mirror.and_then(|mirror| mirror.comparison.as_ref());
        Observation {
            guard: self.opinion(state.to, now),
            compare: comparison.map(|comparison| comparison.opinion()),
            prewarm: self.prewarm_opinion(now),
            mirrored: mirror.is_some(),
            to_healthy: is_usable(to),
            from_healthy: is_usable(self.cluster(state.to.other())),
            drained: self.in_flight(left) == 0,
        }
    }

    fn in_flight(&self, colour: Colour) -> u64 {
        self.learned.outcomes.in_flight(colour)
    }

    fn act(&self, action: Action) {
        match action {
            Action::SetShare(green) => self.learned.set_green_share(green),
            Action::Begin(to) => {
                self.learned.begin(to);
                if let Some(comparison) = self.mirror.as_ref().and_then(|it| it.comparison.as_ref())
                {
                    comparison.reset();
                }
            }
            Action::Prewarm(to) => self.begin_prewarm(to, clock::now()),
            Action::EndPrewarm => self.learned.prewarm.end(),
            Action::Drain(left) => self.drain(left, clock::now() + self.plan.drain),
        }
    }
}

/// Whether requests may be sent there.
fn is_usable(cluster: &Cluster) -> bool {
    let usable = |state| matches!(state, EndpointState::Healthy | EndpointState::Unprobed);
    cluster.describe().endpoints.iter().any(|endpoint| usable(endpoint.state))
}
