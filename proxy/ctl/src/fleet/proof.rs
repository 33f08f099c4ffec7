//! What was done to a fleet, with times.

use std::time::Duration;

use foxtrot_api::Stamp;
use serde::Serialize;

use super::proxy::Colour;
use crate::{
    client::Address,
    clock,
    failure::Failure,
    output::{Output, Table},
};

/// What was done.
#[derive(Debug, Serialize)]
pub(super) struct Proof {
    action: &'static str,
    pub(super) rollout: String,
    /// The colour that all are to have.
    #[serde(serialize_with = "colour")]
    pub(super) to: Colour,
    /// When it began, by this machine's clock.
    at: Stamp,
    /// What became of it.
    pub(super) outcome: Outcome,
    /// From the first proxy that was told to the last that was seen to have moved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) took_ms: Option<f64>,
    #[serde(
        rename = "max_duration_s",
        serialize_with = "seconds",
        skip_serializing_if = "Option::is_none"
    )]
    pub(super) limit: Option<Duration>,
    pub(super) servers: Vec<Server>,
}

/// One proxy.
#[derive(Debug, Serialize)]
pub(super) struct Server {
    admin: String,
    /// Percent of the colour, before.
    pub(super) before: Option<f64>,
    /// And at the end.
    pub(super) after: Option<f64>,
    /// To look at it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) looked_ms: Option<f64>,
    /// From the beginning of the move to where it was seen to have moved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) moved_ms: Option<f64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) problems: Vec<String>,
}

/// What became of it, from good to bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Outcome {
    /// All could move.
    Ready,
    /// All have moved.
    Moved,
    /// One could not: none was touched.
    NotReady,
    /// One cannot be reached: none was touched.
    Unreachable,
    /// One did not move: all are back.
    Reverted,
    /// Not all are where they should be. A person must look.
    Failed,
}

impl Server {
    pub(super) fn new(admin: &Address) -> Self {
        let admin = admin.to_string();
        Self {
            admin,
            before: None,
            after: None,
            looked_ms: None,
            moved_ms: None,
            problems: Vec::new(),
        }
    }
}

impl Proof {
    pub(super) fn new(action: &'static str, rollout: &str, to: Colour) -> Self {
        Self {
            action,
            rollout: rollout.to_owned(),
            to,
            at: Stamp(clock::since_epoch_ms()),
            outcome: Outcome::Failed,
            took_ms: None,
            limit: None,
            servers: Vec::new(),
        }
    }

    /// The same, for what must not take longer.
    pub(super) fn within(self, limit: Duration) -> Self {
        Self { limit: Some(limit), ..self }
    }

    /// Prints it, for programs or for people.
    pub(super) fn print(&self, out: &mut Output) -> Result<(), Failure> {
        if out.json {
            let text = serde_json::to_string(self)
                .map_err(|error| Failure::Failed(format!("cannot be printed: {error}")))?;
            return Ok(out.line(text)?);
        }
        let mut table = Table::new(["admin", "before", "after", "time"]);
        let percent =
            |share: Option<f64>| share.map_or("-".to_owned(), |share| format!("{share} %"));
        for server in &self.servers {
            let moved = server.moved_ms.map_or("-".to_owned(), |ms| format!("{ms:.1} ms"));
            table.row([server.admin.clone(), percent(server.before), percent(server.after), moved]);
        }
        out.table(&table)?;
        for server in &self.servers {
            for problem in &server.problems {
                out.line(format!("{}: {problem}", server.admin))?;
            }
        }
        Ok(out.line(self.sentence())?)
    }

    fn sentence(&self) -> String {
        let Self { action, rollout, servers, .. } = self;
        let count = servers.len();
        let in_time = match (self.took_ms, self.limit) {
            (Some(took), Some(limit)) => {
                format!(" in {took:.1} ms of {} s", limit.as_secs())
            }
            _ => String::new(),
        };
        match self.outcome {
            Outcome::Ready => format!("{rollout}: {count} of {count} ready"),
            Outcome::Moved => {
                let to = self.to.as_str();
                format!("{action} of {rollout}: {count} of {count} at {to}{in_time}")
            }
            Outcome::NotReady => {
                format!("{action} of {rollout}: not all are ready, none was moved")
            }
            Outcome::Unreachable => {
                format!("{action} of {rollout}: not all can be reached, none was moved")
            }
            Outcome::Reverted => format!("{action} of {rollout}: not all moved, all are back"),
            Outcome::Failed => {
                format!("{action} of {rollout}: not all are where they should be, look at each")
            }
        }
    }
}

fn seconds<S: serde::Serializer>(
    limit: &Option<Duration>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    limit.map(|limit| limit.as_secs()).serialize(serializer)
}

fn colour<S: serde::Serializer>(colour: &Colour, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(colour.as_str())
}
