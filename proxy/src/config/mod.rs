//! The configuration as written: one struct per TOML table, nothing derived and nothing resolved.
//!
//! [`Config`] and the types below it are the single source of the schema: serde reads them, `schemars` turns them into the
//! JSON Schema that `foxtrot check --schema` prints, and [`schema`] walks a document against that schema, so that every
//! unknown key and every value of a wrong form is reported at once. What one key means for another is [`check`]'s.
//! The compiled form is [`crate::snapshot`].

pub mod admin;
pub mod attack_class;
pub mod check;
pub mod cluster;
pub mod compare;
pub mod diagnostic;
pub mod document;
pub mod limit;
pub mod listener;
pub mod load;
pub mod overload;
pub mod rollout;
pub mod route;
pub mod schema;
pub mod tenant;
pub mod units;
pub mod waf;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use admin::{
    AccessLog, Admin, Drain, EventLog, Log, LogFormat, LogLevel, Reload, Secret, State,
};
pub use attack_class::AttackClass;
pub use cluster::{
    Balance, Breaker, Cluster, ClusterTimeouts, ClusterTls, Health, Origin, Outlier, Pool, Resolve,
    Retry, RetryOn, UpstreamProtocol,
};
pub use compare::{Aspect, Compare, Ignored, Parity};
pub use diagnostic::{Problem, Report};
pub use document::KeyPath;
pub use limit::{Limit, LimitKey, LimitStore, MissingKey, RedisUrl};
pub use listener::{
    BodyRate, Certificate, ClientAuth, Listener, ListenerLimits, ListenerTimeouts, ListenerTls,
    Protocol, ProxyProtocol, TlsVersion,
};
pub use load::Loaded;
pub use overload::{Concurrency, Overload, OverloadClass, OverloadQueue};
pub use rollout::{
    Colour, Guard, Mirror, Override, Prewarm, Rollback, Rollout, StickyKey, Weights,
};
pub use route::{HeaderEdits, Match, Rewrite, Route, RouteTarget, RouteTimeouts, StringMatch};
pub use tenant::{Tenant, TenantHeader};
pub use units::{ByteRate, Cidr, Duration, Percent, Rate, Size};
pub use waf::{
    OverBudget, OverLimit, Waf, WafAudit, WafExclusion, WafMode, WafOverlay, WafRequestBody,
};

/// The whole configuration file.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Version of this schema. The only one so far is 1.
    #[schemars(range(min = 1, max = 1))]
    pub schema: u32,
    /// Further files, merged into this one before it is read. Paths are relative to the including file and may hold `*`.
    /// Tables are merged; a key that two files set is an error.
    pub include: Vec<String>,
    /// Peers whose `X-Forwarded-For`, `Forwarded` and `X-Request-Id` are believed, and whose own colour overrides are.
    pub trusted_proxies: Vec<Cidr>,
    /// How request work is spread over threads. Takes effect at start.
    pub runtime: Runtime,
    /// Worker threads; 0 means one per core that the process may use. Takes effect at start.
    #[schemars(range(max = 1024))]
    pub workers: u32,
    /// Admin server.
    pub admin: Admin,
    /// Process log and access log.
    pub log: Log,
    /// How the process ends on SIGTERM, and how long connections may outlive their listener.
    pub drain: Drain,
    /// How a changed file is noticed.
    pub reload: Reload,
    /// What is kept on disk: where rollouts stand, and the event log. Takes effect at start.
    pub state: State,
    /// Where requests come in, by name.
    pub listeners: BTreeMap<String, Listener>,
    /// Where requests go, by name.
    pub clusters: BTreeMap<String, Cluster>,
    /// Blue and green pairs, by name.
    pub rollouts: BTreeMap<String, Rollout>,
    /// Whose traffic is whose, by name.
    pub tenants: BTreeMap<String, Tenant>,
    /// How much one client, or whatever is counted by, may have, by name.
    pub limits: BTreeMap<String, Limit>,
    /// When we are full, and who is refused first then; without this table nothing is.
    pub overload: Option<Overload>,
    /// The WAF; without this table there is none.
    pub waf: Option<Waf>,
    /// Which request goes where. Order does not matter: the most specific route wins.
    pub routes: Vec<Route>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            schema: 1,
            include: Vec::new(),
            trusted_proxies: Vec::new(),
            runtime: Runtime::default(),
            workers: 0,
            admin: Admin::default(),
            log: Log::default(),
            drain: Drain::default(),
            reload: Reload::default(),
            state: State::default(),
            listeners: BTreeMap::new(),
            clusters: BTreeMap::new(),
            rollouts: BTreeMap::new(),
            tenants: BTreeMap::new(),
            limits: BTreeMap::new(),
            overload: None,
            waf: None,
            routes: Vec::new(),
        }
    }
}

/// How request work is spread over threads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Runtime {
    /// One single-threaded runtime per core, each with its own sockets and upstream pools.
    #[default]
    PerCore,
    /// One work-stealing runtime over all threads with one set of sockets and pools: for few, uneven connections.
    Shared,
}
