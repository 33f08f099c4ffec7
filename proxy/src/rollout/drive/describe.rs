//! How a rollout stands, in the words of the admin API.

use std::time::Duration;

use foxtrot_api::{RolloutDrain, RolloutOpinion, RolloutStatus, Shares};

use super::{
    super::{
        Opinion,
        plan::{self, Observation, Phase},
    },
    Drive, Kept, Subject,
};
use crate::{clock, route::split::BUCKETS};

impl Drive {
    pub(super) fn status(&self, subject: &impl Subject, known: &Kept) -> RolloutStatus {
        let (plan, state, about) = (subject.plan(), &known.state, subject.about());
        // Times of this process, on the wall clock.
        let (now, wall) = (self.now(), clock::since_epoch());
        let at = |time: Duration| ms((wall + time).saturating_sub(now));
        let under_way = state.phase.is_under_way();
        let timed = matches!(state.phase, Phase::Mirror | Phase::Steps | Phase::Soak);
        let drains = matches!(state.phase, Phase::Full | Phase::Rollback);
        let left = if state.phase == Phase::Full { state.to.other() } else { state.to };
        RolloutStatus {
            name: subject.name().to_owned(),
            blue: about.blue,
            green: about.green,
            weights: shares(state.green_share()),
            declared: shares(about.declared_share),
            differs: state.green_share() != about.declared_share,
            phase: state.phase.as_str().to_owned(),
            towards: state.to.as_str().to_owned(),
            step: plan.steps.iter().filter(|step| **step <= state.share).count() as u32
                + u32::from(state.share == BUCKETS),
            steps: plan.steps.iter().chain([&BUCKETS]).map(|step| percent(*step)).collect(),
            since: at(state.entered),
            next_at: (timed && !state.held).then(|| at(state.entered + plan.lasts(state.phase))),
            deadline_at: under_way.then(|| at(state.alive + plan.deadline)),
            paused: state.held,
            why: state.why.clone(),
            held_by: known
                .seen
                .as_ref()
                .filter(|_| under_way)
                .and_then(|seen| plan::holds(state, seen)),
            opinions: known.seen.iter().flat_map(opinions).map(|(of, it)| told(of, it)).collect(),
            drain: drains.then(|| RolloutDrain {
                colour: left.as_str().to_owned(),
                in_flight: subject.in_flight(left),
                until: at(state.entered + plan.drain),
            }),
            last_rollback: known.last_rollback.clone(),
            warning: known.warning.clone(),
        }
    }
}

/// What is said by those who are asked.
pub(super) fn opinions(seen: &Observation) -> impl Iterator<Item = (&'static str, &Opinion)> {
    [("guard", &seen.guard), ("compare", &seen.compare), ("prewarm", &seen.prewarm)]
        .into_iter()
        .filter_map(|(of, opinion)| Some((of, opinion.as_ref()?)))
}

pub(super) fn says(opinion: &Opinion) -> &'static str {
    match opinion {
        Opinion::Go => "go",
        Opinion::Hold(_) => "hold",
        Opinion::Stop(_) => "stop",
    }
}

/// Milliseconds fit for half a billion years.
pub(super) fn ms(time: Duration) -> u64 {
    time.as_millis() as u64
}

fn told(of: &str, opinion: &Opinion) -> RolloutOpinion {
    let why = match opinion {
        Opinion::Go => String::new(),
        Opinion::Hold(why) | Opinion::Stop(why) => why.clone(),
    };
    RolloutOpinion { of: of.to_owned(), says: says(opinion).to_owned(), why }
}

fn shares(green: u16) -> Shares {
    Shares { blue: percent(BUCKETS - green.min(BUCKETS)), green: percent(green) }
}

fn percent(share: u16) -> f64 {
    f64::from(share) / 100.0
}
