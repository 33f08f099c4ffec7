//! The proxies that are measured. Each is told what it has to do and makes a configuration of it, from a template in
//! `contenders/`; none of them is known anywhere else.

mod caddy;
mod certificate;
mod envoy;
mod foxtrot;
mod haproxy;
mod nginx;
mod site;

use std::path::{Path, PathBuf};

pub use certificate::Certificate;
pub use site::Site;

use crate::scenario::Setup;

/// A proxy.
pub trait Contender {
    /// Its name in tables.
    fn name(&self) -> &'static str;

    /// What it says that it is.
    fn version(&self) -> &str;

    /// Whether it can do what a scenario asks for.
    fn fit(&self, setup: &Setup) -> Fit;

    /// Writes its configuration and says how it is started: the program first, then its arguments.
    fn command(&self, site: &Site) -> anyhow::Result<Vec<PathBuf>>;

    /// Whether it is what the others are compared with.
    fn is_peer(&self) -> bool {
        true
    }
}

/// Whether a contender takes part in a scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// It does.
    Fits,
    /// It cannot, for this reason.
    Lacks(&'static str),
    /// It would be the same as another one.
    Twin,
}

/// The contenders that are installed, foxtrot first; and the names of those that are not.
pub struct Field {
    /// Installed.
    pub contenders: Vec<Box<dyn Contender>>,
    /// Not installed.
    pub missing: Vec<&'static str>,
}

impl Field {
    /// Looks for them: foxtrot at a path, the others by their names in `PATH`.
    pub fn find(foxtrot: &Path, crs: Option<&Path>) -> Self {
        let boxed = |(name, found): (&'static str, Option<Box<dyn Contender>>)| found.ok_or(name);
        let found = [
            ("foxtrot", foxtrot::Foxtrot::with_crs(foxtrot, crs)),
            ("foxtrot, managed rules", foxtrot::Foxtrot::with_managed_rules(foxtrot)),
            ("nginx", nginx::Nginx::find(crs)),
            ("haproxy", haproxy::HaProxy::find()),
            ("envoy", envoy::Envoy::find()),
            ("caddy", caddy::Caddy::find()),
        ]
        .map(boxed);
        let mut field = Self { contenders: Vec::new(), missing: Vec::new() };
        for one in found {
            match one {
                Ok(contender) => field.contenders.push(contender),
                Err(name) => field.missing.push(name),
            }
        }
        field
    }
}

/// Why a proxy without a WAF is no contender where there must be one.
const NO_WAF: Fit = Fit::Lacks("has no WAF");
/// Why there must be rules for one that has a WAF.
const NO_CRS: Fit = Fit::Lacks("is given no CRS (--crs)");

#[cfg(test)]
mod tests;
