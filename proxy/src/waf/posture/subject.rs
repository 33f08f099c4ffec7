//! What is probed: a policy, and the paths on which it may say different things.

use std::sync::Arc;

use super::probe::How;
use crate::{
    config::{Config, OverLimit},
    waf::{Policy, table::Uses},
};

/// A policy and its paths.
#[derive(Debug)]
pub(in crate::waf) struct Subject {
    pub policy: Arc<Policy>,
    pub uses: Uses,
    /// As requests write them; `/` first.
    pub paths: Vec<String>,
    /// Paths of routes that were too many.
    pub left_out: usize,
}

/// Paths of one policy that are probed.
const PATHS_MAX: usize = 16;

impl Subject {
    /// Gathers the paths: `/`, those of exclusions, those of routes.
    pub fn new(policy: &Arc<Policy>, uses: Uses, config: &Config) -> Self {
        let exclusions = &policy.shared.exclusions.0;
        let of_exclusions = policy.settings.exclusions.iter();
        let of_exclusions =
            of_exclusions.filter_map(|at| exclusions.get(*at)?.written.path.clone());
        let routes = uses.routes.iter().filter_map(|route| config.routes.get(*route));
        let of_routes = routes.filter_map(|route| {
            let matches = &route.matches;
            matches.path_exact.clone().or_else(|| matches.path.clone())
        });
        let mut paths = vec!["/".to_owned()];
        let mut left_out = 0;
        // An exclusion compares with what a path means, a route with how it is written.
        for path in of_exclusions.map(|path| written(&path)).chain(of_routes) {
            if paths.contains(&path) {
                continue;
            }
            if paths.len() < PATHS_MAX {
                paths.push(path);
            } else {
                left_out += 1;
            }
        }
        Self { policy: Arc::clone(policy), uses, paths, left_out }
    }

    /// How clients meet the policy, those for whom it is enforced.
    pub(super) fn how(&self) -> How {
        let settings = &self.policy.settings;
        How {
            mode: settings.mode_for(true),
            body_bytes_max: self.policy.shared.request_body_max,
            rejects: settings.over_limit == OverLimit::Reject,
        }
    }
}

/// A path as a request writes it.
fn written(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_graphic() && !b"%?#".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// What a path as a request writes it means to exclusions: `%HH` is undone.
pub(super) fn meant(path: &str) -> Vec<u8> {
    percent_encoding::percent_decode_str(path).collect()
}
