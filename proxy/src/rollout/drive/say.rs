//! What the log and the event log say of rollouts.

use foxtrot_api::EventKind;
use serde_json::json;
use tracing::{info, warn};

use super::{
    super::{
        Opinion,
        plan::{Observation, Phase},
    },
    Cause, Drive, Kept, describe,
};
use crate::route::split::BUCKETS;

impl Drive {
    pub(super) fn say_weights(
        &self,
        rollout: &str,
        from: u16,
        to: u16,
        cause: Cause<'_>,
        why: &str,
    ) {
        let percent = |share: u16| f64::from(share) / 100.0;
        let shares =
            |green: u16| json!({"blue": percent(BUCKETS - green), "green": percent(green)});
        let (cause, caller) = (cause.as_str(), cause.caller());
        info!(rollout, from = percent(from), to = percent(to), cause, caller, why, "green's share");
        let fields = [
            ("from", shares(from)),
            ("to", shares(to)),
            ("cause", json!(cause)),
            ("caller", json!(caller)),
            ("why", json!(why)),
        ];
        self.events.record(EventKind::Weights, Some(rollout), fields);
    }

    pub(super) fn say_phase(
        &self,
        rollout: &str,
        from: &str,
        known: &Kept,
        cause: Cause<'_>,
        why: &str,
    ) {
        let (phase, towards) = (known.state.phase.as_str(), known.state.to.as_str());
        let (cause, caller) = (cause.as_str(), cause.caller());
        if known.state.phase == Phase::Rollback {
            warn!(rollout, from, towards, cause, caller, why, "rollout goes back");
        } else {
            info!(rollout, from, phase, towards, cause, caller, why, "rollout phase");
        }
        let fields = [
            ("from", json!(from)),
            ("phase", json!(phase)),
            ("towards", json!(towards)),
            ("cause", json!(cause)),
            ("caller", json!(caller)),
            ("why", json!(why)),
        ];
        self.events.record(EventKind::Phase, Some(rollout), fields);
    }

    pub(super) fn say_held(&self, rollout: &str, known: &Kept, caller: &str) {
        let (paused, phase) = (known.state.held, known.state.phase.as_str());
        info!(rollout, paused, phase, caller, "rollout pauses or goes on");
        let fields =
            [("paused", json!(paused)), ("phase", json!(phase)), ("caller", json!(caller))];
        self.events.record(EventKind::Phase, Some(rollout), fields);
    }

    /// Says it where somebody has changed their mind.
    pub(super) fn heard(&self, rollout: &str, before: Option<&Observation>, now: &Observation) {
        for (of, opinion) in describe::opinions(now) {
            let says = describe::says(opinion);
            let said = before.into_iter().flat_map(describe::opinions).find(|(who, _)| *who == of);
            if said.is_some_and(|(_, opinion)| describe::says(opinion) == says) {
                continue;
            }
            let why = match opinion {
                Opinion::Go => "",
                Opinion::Hold(why) | Opinion::Stop(why) => why.as_str(),
            };
            info!(rollout, of, says, why, "opinion");
            let fields = [("of", json!(of)), ("says", json!(says)), ("why", json!(why))];
            self.events.record(EventKind::Guard, Some(rollout), fields);
        }
    }
}
