//! `[overload]` as written: what this process takes on, and who is refused first when that is too much.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    tenant::TenantHeader,
    units::{Duration, Percent},
};

/// When we are full, and who is refused first then.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Overload {
    /// Requests of the process that may be under way at once.
    pub concurrency: Option<Concurrency>,
    /// Requests that may wait for one of the places of a `concurrency`; without it they are refused at once.
    pub queue: Option<OverloadQueue>,
    /// Memory, in percent of the control group's limit or of the machine's, from which on the first of `shed_order` is shed.
    pub memory: Option<Percent>,
    /// Processor time of the process, in percent of what it may use, from which on the first of `shed_order` is shed.
    pub cpu: Option<Percent>,
    /// Open file descriptors, in percent of the most that may be open, from which on the first of `shed_order` is shed.
    pub files: Option<Percent>,
    /// Classes, first those that are shed first; `"mirror"` stands for the copies of mirrors. A class that is not listed is
    /// shed last.
    pub shed_order: Vec<String>,
    /// Classes of requests beside `"default"` and `"bulk"`, by name, and the field that asks for a class.
    pub classes: BTreeMap<String, OverloadClass>,
}

/// Requests that may be under way at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Concurrency {
    /// Requests.
    #[schemars(range(min = 1, max = 10_000_000))]
    pub max: u32,
    /// Whether there are fewer while upstreams answer more slowly than they have of late.
    #[serde(default)]
    pub adaptive: bool,
    /// The fewest that `adaptive` comes down to; by default 8, or `max` where that is less.
    #[serde(default)]
    #[schemars(range(min = 1, max = 10_000_000))]
    pub min: Option<u32>,
}

/// Requests that may wait for a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OverloadQueue {
    /// Requests that wait at once, for each `concurrency`.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub max: u32,
    /// Longest wait.
    pub deadline: Duration,
}

/// A class of requests.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OverloadClass {
    /// The header field that asks for this class. Of a peer that is not trusted it counts only where the class is shed
    /// earlier than the one that the request has anyway.
    pub header: Option<TenantHeader>,
}

impl Default for Overload {
    fn default() -> Self {
        Self {
            concurrency: None,
            queue: None,
            memory: None,
            cpu: None,
            files: None,
            shed_order: [MIRROR, BULK, DEFAULT].map(str::to_owned).into(),
            classes: BTreeMap::new(),
        }
    }
}

impl Overload {
    /// Whether there is a class of this name.
    pub fn knows(&self, class: &str) -> bool {
        self.names().any(|name| name == class)
    }

    /// Classes that a request may have: the two that there always are, and those of `classes`.
    pub fn names(&self) -> impl Iterator<Item = &str> + Clone {
        let own = self.classes.keys().map(String::as_str);
        [DEFAULT, BULK].into_iter().chain(own.filter(|name| *name != DEFAULT && *name != BULK))
    }
}

impl Concurrency {
    /// The fewest that there may be, written or not.
    pub fn least(&self) -> u32 {
        if self.adaptive { self.min.unwrap_or(LEAST).min(self.max) } else { self.max }
    }
}

/// In `shed_order`, the copies that mirrors make.
pub const MIRROR: &str = "mirror";

/// The class of a request that nothing gives another.
pub const DEFAULT: &str = "default";

/// A class that is there without being declared, for what can wait.
pub const BULK: &str = "bulk";

/// The fewest requests at once that an adaptive limit comes down to: enough to go on learning from.
const LEAST: u32 = 8;
