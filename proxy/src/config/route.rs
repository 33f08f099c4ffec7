//! `[[routes]]` as written: which request goes where, and what is changed on the way.

use std::{collections::BTreeMap, collections::BTreeSet, fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    overload::Concurrency,
    units::{Duration, Size, text_value},
    waf::WafOverlay,
};

/// One route. All conditions of `match` must hold; of the routes that match, the most specific wins.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// Name in logs and metrics; by default made from host and path. Unique.
    #[serde(default)]
    pub name: Option<String>,
    /// Conditions.
    #[serde(default, rename = "match")]
    pub matches: Match,
    /// Listeners that this route serves; all by default.
    #[serde(default)]
    pub listeners: BTreeSet<String>,
    /// `"rollout:NAME"`, `"cluster:NAME"`, `"redirect:URL"` or `"respond:STATUS"`.
    pub to: RouteTarget,
    /// Status of a redirect: 301, 302, 303, 307 or 308.
    #[serde(default)]
    #[schemars(range(min = 301, max = 308))]
    pub redirect_status: Option<u16>,
    /// Body of a fixed response.
    #[serde(default)]
    pub body: Option<String>,
    /// Changes to the request line that the upstream sees.
    #[serde(default)]
    pub rewrite: Rewrite,
    /// Changes to the request's header fields.
    #[serde(default)]
    pub request_headers: HeaderEdits,
    /// Changes to the response's header fields.
    #[serde(default)]
    pub response_headers: HeaderEdits,
    /// Deadlines that replace those of cluster and listener.
    #[serde(default)]
    pub timeouts: RouteTimeouts,
    /// Bytes of a request body; more are answered 413. Replaces the listener's.
    #[serde(default)]
    pub max_body: Option<Size>,
    /// Whether a client may upgrade the connection (WebSocket). If not, `Upgrade` is not passed on.
    #[serde(default = "default_upgrade")]
    pub upgrade: bool,
    /// Limits that its requests must keep, by name, besides those of the tenant.
    #[serde(default)]
    pub limits: Vec<String>,
    /// What one of its requests takes of each rate.
    #[serde(default = "default_limit_cost")]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub limit_cost: u32,
    /// Class of its requests, by name; by default that of the tenant, or `"default"`.
    #[serde(default)]
    pub class: Option<String>,
    /// Requests of this route that may be under way at once.
    #[serde(default)]
    pub concurrency: Option<Concurrency>,
    /// What the WAF does otherwise than `[waf]` and the listener say.
    #[serde(default)]
    pub waf: WafOverlay,
}

/// Conditions of a route. An absent one always holds.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Match {
    /// Host without port: exact, or `"*.example.com"` for every name below it. Case does not matter.
    pub host: Option<String>,
    /// Path prefix, by whole segments: `"/api"` matches `/api` and `/api/x`, not `/apix`.
    pub path: Option<String>,
    /// Whole path.
    pub path_exact: Option<String>,
    /// Regular expression over the whole path (syntax of the `regex` crate, bytes, linear time).
    pub path_regex: Option<String>,
    /// Methods, one of which the request must have.
    pub method: BTreeSet<String>,
    /// Header fields, by name.
    pub headers: BTreeMap<String, StringMatch>,
    /// Query parameters, by name, as they stand in the query before any decoding of percent signs.
    pub query: BTreeMap<String, StringMatch>,
}

/// A condition on a text: `"value"`, `{ regex = "..." }` or `{ present = true }`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum StringMatch {
    /// The text is this.
    Exact(String),
    /// The text matches, whole.
    Regex(RegexMatch),
    /// The text is there, or is not.
    Present(PresentMatch),
}

/// A regular expression that the whole text must match.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RegexMatch {
    /// The expression.
    pub regex: String,
}

/// Presence or absence.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PresentMatch {
    /// Whether the text must be there.
    pub present: bool,
}

/// Where a route leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RouteTarget {
    /// A blue and green pair.
    Rollout(String),
    /// One cluster.
    Cluster(String),
    /// Another address. `{host}`, `{path}` and `{query}` stand for those of the request.
    Redirect(String),
    /// A fixed response of this status.
    Respond(u16),
}

/// Changes to the request line.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Rewrite {
    /// Host that the upstream sees.
    pub host: Option<String>,
    /// Replaces the matched prefix (or exact path). With `path_regex`, replaces the path and may use `$1` or `${name}`.
    pub path: Option<String>,
}

/// Changes to header fields, in this order: remove, set, add.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HeaderEdits {
    /// Fields to remove.
    pub remove: BTreeSet<String>,
    /// Fields to replace or create.
    pub set: BTreeMap<String, String>,
    /// Fields to add beside those of the same name.
    pub add: BTreeMap<String, String>,
}

/// Deadlines of a route.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RouteTimeouts {
    /// Replaces the cluster's `try`.
    #[serde(rename = "try")]
    pub per_try: Option<Duration>,
    /// Replaces the cluster's `total`.
    pub total: Option<Duration>,
    /// Replaces the listener's `request`.
    pub request: Option<Duration>,
}

impl Route {
    /// Its name in logs and metrics. A route without a name is called by its host and path.
    pub fn name(&self) -> String {
        let m = &self.matches;
        self.name.clone().unwrap_or_else(|| {
            let host = m.host.as_deref().unwrap_or("*");
            let path = m
                .path_exact
                .as_deref()
                .or(m.path_regex.as_deref())
                .or(m.path.as_deref())
                .unwrap_or("/");
            format!("{host}{path}")
        })
    }
}

impl FromStr for RouteTarget {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || {
            format!(
                "expected \"rollout:NAME\", \"cluster:NAME\", \"redirect:URL\" or \"respond:STATUS\", found \"{text}\""
            )
        };
        match text.split_once(':').filter(|(_, rest)| !rest.is_empty()).ok_or_else(expected)? {
            ("rollout", name) => Ok(Self::Rollout(name.to_owned())),
            ("cluster", name) => Ok(Self::Cluster(name.to_owned())),
            ("redirect", url) => Ok(Self::Redirect(url.to_owned())),
            ("respond", status) => match status.parse() {
                Ok(status @ 200..=599) => Ok(Self::Respond(status)),
                _ => Err(format!("expected a status from 200 to 599, found \"{status}\"")),
            },
            _ => Err(expected()),
        }
    }
}

impl fmt::Display for RouteTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rollout(name) => write!(f, "rollout:{name}"),
            Self::Cluster(name) => write!(f, "cluster:{name}"),
            Self::Redirect(url) => write!(f, "redirect:{url}"),
            Self::Respond(status) => write!(f, "respond:{status}"),
        }
    }
}

text_value!(RouteTarget, "route-target");

fn default_upgrade() -> bool {
    true
}

fn default_limit_cost() -> u32 {
    1
}
