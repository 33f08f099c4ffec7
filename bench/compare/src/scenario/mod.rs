//! What is measured: the load, what the proxy has to do for it, and which answer is right.
//!
//! The list is in [`list_data`]: a new scenario is an entry there. What contenders make of a [`Setup`] is in their templates.

pub mod bodies_data;
pub mod list_data;

pub use list_data::SCENARIOS;
pub use surge::{client::request::Request, scenario::Protocol};

/// One table of the report.
pub struct Scenario {
    /// Name on the command line.
    pub name: &'static str,
    /// Heading of its table.
    pub title: &'static str,
    /// Whether clients come over TLS.
    pub front: Front,
    /// What clients speak.
    pub protocol: Protocol,
    /// What they send, in turn.
    pub requests: fn() -> Vec<Request>,
    /// How they come.
    pub load: Load,
    /// Status of the right answer; any other is an error.
    pub status: u16,
    /// What the proxy does for a request.
    pub setup: Setup,
    /// Our processor time per request is to be at most the best peer's over this.
    pub bar: Option<f64>,
}

/// What clients connect to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Front {
    /// The listener in the clear.
    Clear,
    /// The listener with TLS.
    Tls,
}

/// How clients come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Load {
    /// So many connections, each with one request after the other; with HTTP/2, so many streams on each.
    Closed {
        /// Connections.
        connections: usize,
        /// Streams of each with HTTP/2.
        streams: usize,
    },
    /// The same, with a new connection for each request.
    Reconnect {
        /// Connections at a time.
        connections: usize,
    },
    /// So many requests per second, whatever the proxy does.
    Open {
        /// Requests per second.
        rate: f64,
    },
    /// A full TLS handshake, never a resumed one, and one request for each connection.
    Handshakes {
        /// Connections at a time.
        connections: usize,
    },
    /// So many connections, with one request each and then silent.
    Idle {
        /// Connections.
        connections: usize,
    },
}

/// What the proxy does for a request, besides passing it on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setup {
    /// A WAF that blocks.
    pub waf: bool,
    /// Routes, each for a path of its own; one takes everything.
    pub routes: usize,
    /// Upstream endpoints.
    pub endpoints: usize,
    /// What the upstream speaks.
    pub upstream: Protocol,
    /// Whether a tenth of the requests is copied to another upstream.
    pub mirror: bool,
    /// Whether an access log is written.
    pub access_log: bool,
    /// Whether requests per client are counted against a limit, which none reaches.
    pub rate_limit: bool,
}

impl Setup {
    /// Nothing but passing on.
    pub const PLAIN: Self = Self {
        waf: false,
        routes: 1,
        endpoints: 1,
        upstream: Protocol::Http1,
        mirror: false,
        access_log: false,
        rate_limit: false,
    };
}

/// The scenarios of these names, in the order of the list; all of them if there is no name.
pub fn named(names: &[String]) -> Result<Vec<&'static Scenario>, String> {
    let known = |name: &String| SCENARIOS.iter().any(|scenario| scenario.name == name);
    if let Some(unknown) = names.iter().find(|name| !known(name)) {
        return Err(format!("there is no scenario \"{unknown}\"; --list shows them"));
    }
    let wanted = |name: &str| names.is_empty() || names.iter().any(|wanted| wanted == name);
    Ok(SCENARIOS.iter().filter(|scenario| wanted(scenario.name)).collect())
}

/// The path that a route has.
pub fn route_path(index: usize) -> String {
    format!("/route-{index:05}")
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, net::SocketAddr};

    use surge::scenario::Target;

    use super::*;

    #[test]
    fn names_are_unique_and_requests_can_be_sent() {
        let names: BTreeSet<&str> = SCENARIOS.iter().map(|scenario| scenario.name).collect();
        assert_eq!(names.len(), SCENARIOS.len());
        let target = Target {
            tls: true,
            host: "localhost".into(),
            authority: "localhost".into(),
            path: "/".into(),
            address: SocketAddr::from(([127, 0, 0, 1], 1)),
        };
        for scenario in SCENARIOS {
            let requests = (scenario.requests)();
            assert!(!requests.is_empty(), "{}", scenario.name);
            for request in requests {
                request.prepare(&target, scenario.protocol, true).unwrap();
            }
        }
    }

    #[test]
    fn scenarios_are_found_by_name_in_the_order_of_the_list() {
        let names = ["waf-form".to_owned(), "waf-get".to_owned()];
        let found = named(&names).unwrap().iter().map(|s| s.name).collect::<Vec<_>>();
        assert_eq!(found, ["waf-get", "waf-form"]);
        assert_eq!(named(&[]).unwrap().len(), SCENARIOS.len());
        assert!(named(&["waf".to_owned()]).is_err());
    }
}
