//! Configuration files for tests: one listener `http`, one cluster `app`, one route, and what a test adds to them.

use std::fmt::{Display, Formatter, Result, Write};

use crate::certs::Identity;

/// Something that a cluster's `endpoints` can name.
pub trait Url {
    /// `http://127.0.0.1:PORT` or `https://...`.
    fn url(&self) -> String;
}

/// A configuration in the making. [`Display`] gives the TOML.
#[derive(Clone, Default)]
pub struct Config {
    top: String,
    listener: String,
    endpoints: Vec<String>,
    cluster: String,
    route: String,
    to: String,
    more: String,
}

impl Config {
    /// Everything goes to this origin.
    pub fn to(origin: &impl Url) -> Self {
        Self::to_all(&[origin])
    }

    /// Everything goes to these origins.
    pub fn to_all(origins: &[&dyn Url]) -> Self {
        let endpoints = origins.iter().map(|origin| origin.url()).collect();
        Self { endpoints, to: "cluster:app".into(), ..Self::default() }
    }

    /// Blue and green in a rollout `app`, which these lines of TOML complete.
    pub fn rollout(blue: &impl Url, green: &impl Url, rollout: &str) -> Self {
        let more = format!(
            "[clusters.green]\nendpoints = [{:?}]\n[rollouts.app]\nblue = \"app\"\ngreen = \"green\"\n{rollout}\n",
            green.url()
        );
        Self { to: "rollout:app".into(), more, ..Self::to(blue) }
    }

    /// A rollout whose copies go to a cluster `shadow`; `mirror` holds further keys, each followed by a comma.
    pub fn mirror(primary: &impl Url, shadow: &impl Url, mirror: &str) -> Self {
        let more = format!(
            "[clusters.shadow]\nendpoints = [{:?}]\n[rollouts.app]\nblue = \"app\"\ngreen = \"shadow\"\nmirror = {{ {mirror} to = \"shadow\" }}\n",
            shadow.url()
        );
        Self { to: "rollout:app".into(), more, ..Self::to(primary) }
    }

    /// Adds lines before the first table: `trusted_proxies`, `workers`.
    pub fn top(mut self, lines: impl Display) -> Self {
        let _ = writeln!(self.top, "{lines}");
        self
    }

    /// Adds lines to the listener.
    pub fn listener(mut self, lines: impl Display) -> Self {
        let _ = writeln!(self.listener, "{lines}");
        self
    }

    /// Makes the listener speak TLS with these certificates; `keys` holds further keys, each followed by a comma.
    pub fn tls(self, keys: &str, certs: &[&Identity]) -> Self {
        let certs: Vec<String> = certs.iter().map(|identity| identity.toml()).collect();
        self.listener(format!("tls = {{ {keys} certs = [{}] }}", certs.join(", ")))
    }

    /// Adds lines to the cluster.
    pub fn cluster(mut self, lines: impl Display) -> Self {
        let _ = writeln!(self.cluster, "{lines}");
        self
    }

    /// Adds lines to the route.
    pub fn route(mut self, lines: impl Display) -> Self {
        let _ = writeln!(self.route, "{lines}");
        self
    }

    /// Sends the route elsewhere: `"respond:204"`.
    pub fn target(mut self, to: &str) -> Self {
        self.to = to.into();
        self
    }

    /// Adds whole tables at the end.
    pub fn more(mut self, tables: impl Display) -> Self {
        let _ = writeln!(self.more, "{tables}");
        self
    }
}

impl Display for Config {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Self { top, listener, endpoints, cluster, route, to, more } = self;
        writeln!(f, "{top}[listeners.http]\nlisten = \"127.0.0.1:0\"\n{listener}")?;
        // A cluster that no route leads to is an error.
        if !to.starts_with("respond:") && !to.starts_with("redirect:") {
            writeln!(f, "[clusters.app]\nendpoints = {endpoints:?}\n{cluster}")?;
        }
        write!(f, "{more}[[routes]]\nto = {to:?}\n{route}")
    }
}

impl Url for &str {
    fn url(&self) -> String {
        (*self).to_owned()
    }
}

impl Url for String {
    fn url(&self) -> String {
        self.clone()
    }
}
