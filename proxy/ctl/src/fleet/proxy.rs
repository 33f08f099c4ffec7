//! One proxy of a fleet: how it stands, and how it is told to move.

use std::collections::BTreeMap;

use clap::ValueEnum;
use foxtrot_api::{ClusterStatus, EndpointState, ReloadOutcome, RolloutStatus, Status};
use serde_json::Value;

use super::proof::Outcome;
use crate::{client::Admin, failure::Failure, samples::Samples};

/// A side of a rollout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Colour {
    Blue,
    Green,
}

/// What a proxy is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Move {
    Promote { to: Colour, force: bool },
    Back { to: Colour },
}

/// How a proxy stands.
#[derive(Debug, Clone)]
pub(super) struct State {
    /// Percent of the colour in force; nothing where there is no such rollout.
    pub(super) share: Option<f64>,
    config_hash: String,
    ready: bool,
    last_applied: bool,
    phase: Option<String>,
    /// Name of the colour's cluster, and its endpoints that are healthy.
    healthy: Option<(String, usize)>,
}

impl Colour {
    pub(super) fn other(self) -> Self {
        match self {
            Self::Blue => Self::Green,
            Self::Green => Self::Blue,
        }
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Blue => "blue",
            Self::Green => "green",
        }
    }
}

impl Move {
    /// The colour that is to have everything.
    pub(super) fn to(self) -> Colour {
        match self {
            Self::Promote { to, .. } | Self::Back { to } => to,
        }
    }

    /// Tells a proxy.
    pub(super) async fn tell(self, admin: &Admin, rollout: &str) -> Result<(), String> {
        let change = match self {
            Self::Promote { force: false, .. } => "promote",
            Self::Promote { force: true, .. } => "promote?force=true",
            Self::Back { .. } => "rollback",
        };
        let told = admin.post::<Value>(&format!("/rollouts/{rollout}/{change}")).await;
        told.map(drop).map_err(|failure| failure.to_string())
    }
}

/// Percent of a colour in force; nothing where there is no such rollout.
pub(super) async fn share(
    admin: &Admin,
    rollout: &str,
    colour: Colour,
) -> Result<Option<f64>, Failure> {
    Ok(share_of(&Samples::of_server(admin).await?, rollout, colour))
}

impl State {
    /// Looks at a proxy that is to move to a colour.
    pub(super) async fn look(admin: &Admin, rollout: &str, to: Colour) -> Result<Self, Failure> {
        let status = admin.get::<Status>("/status").await?.value;
        let rollouts = admin.get::<Vec<RolloutStatus>>("/rollouts").await?.value;
        let clusters = admin.get::<Vec<ClusterStatus>>("/clusters").await?.value;
        let samples = Samples::of_server(admin).await?;
        let known = rollouts.into_iter().find(|known| known.name == rollout);
        let cluster = known.map(|known| match to {
            Colour::Blue => known.blue,
            Colour::Green => known.green,
        });
        let cluster = cluster.and_then(|name| clusters.into_iter().find(|it| it.name == name));
        Ok(Self {
            share: share_of(&samples, rollout, to),
            ready: status.ready && !status.draining,
            last_applied: status.last_reload.result != ReloadOutcome::Refused,
            config_hash: status.config_hash,
            phase: phase_of(&samples, rollout),
            healthy: cluster.map(|cluster| (cluster.name.clone(), healthy(&cluster))),
        })
    }

    /// What keeps it from moving.
    pub(super) fn problems(&self, to: Colour) -> Vec<String> {
        let Some(share) = self.share else { return vec!["has no such rollout".to_owned()] };
        let mut problems = Vec::new();
        if !self.ready {
            problems.push("is not ready".to_owned());
        }
        if !self.last_applied {
            problems.push("refused its last configuration".to_owned());
        }
        if share >= 100.0 {
            problems.push(format!("gives {} everything already", to.as_str()));
        }
        // Any other phase is one that a promotion may end.
        if self.phase.as_deref() == Some("rollback") {
            problems.push("is going back: wait for its drain".to_owned());
        }
        match &self.healthy {
            Some((name, 0)) => problems.push(format!("{name} has no healthy endpoint")),
            Some(_) => {}
            None => problems.push(format!("does not know the cluster of {}", to.as_str())),
        }
        problems
    }

    /// In what it differs from another.
    pub(super) fn differs(&self, other: &Self) -> Option<String> {
        if self.config_hash != other.config_hash {
            let hash = &self.config_hash;
            return Some(format!("has another configuration than the first: {hash}"));
        }
        let share = |state: &Self| state.share.map_or("none".to_owned(), |it| format!("{it} %"));
        (self.share != other.share)
            .then(|| format!("stands at {}, the first at {}", share(self), share(other)))
    }
}

fn healthy(cluster: &ClusterStatus) -> usize {
    let endpoints = cluster.endpoints.iter();
    endpoints.filter(|endpoint| endpoint.state == EndpointState::Healthy).count()
}

fn share_of(samples: &Samples, rollout: &str, colour: Colour) -> Option<f64> {
    let labels = [("rollout", rollout), ("colour", colour.as_str())];
    let labels = labels.map(|(name, value)| (name.to_owned(), value.to_owned()));
    samples.of("foxtrot_rollout_weight", &BTreeMap::from(labels)).next().map(|sample| sample.value)
}

/// The phase that a proxy says it is in; nothing from one that has no phases.
fn phase_of(samples: &Samples, rollout: &str) -> Option<String> {
    let labels = BTreeMap::from([("rollout".to_owned(), rollout.to_owned())]);
    let mut phases = samples.of("foxtrot_rollout_phase", &labels);
    phases.find(|sample| sample.value == 1.0)?.labels.get("phase").cloned()
}

/// What a fleet makes of a failure to look.
pub(super) fn outcome(failure: &Failure) -> Outcome {
    match failure {
        Failure::Unreachable(_) => Outcome::Unreachable,
        _ => Outcome::NotReady,
    }
}
