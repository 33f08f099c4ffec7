//! HAProxy.

use std::path::PathBuf;

use super::{Contender, Fit, NO_WAF, Site};
use crate::{process::first_line, scenario::Setup};

/// HAProxy.
pub(super) struct HaProxy {
    pub(super) version: String,
}

impl HaProxy {
    pub(super) fn find() -> Option<Box<dyn Contender>> {
        let line = first_line("haproxy", &["-v"])?;
        let version = line.split(" - ").next().unwrap_or_default().to_owned();
        Some(Box::new(Self { version }))
    }
}

impl Contender for HaProxy {
    fn name(&self) -> &'static str {
        "haproxy"
    }

    fn version(&self) -> &str {
        &self.version
    }

    fn fit(&self, setup: &Setup) -> Fit {
        match setup {
            Setup { waf: true, .. } => NO_WAF,
            Setup { mirror: true, .. } => Fit::Lacks("mirrors only through an agent"),
            _ => Fit::Fits,
        }
    }

    fn command(&self, site: &Site) -> anyhow::Result<Vec<PathBuf>> {
        let facts = site.facts();
        site.write("routes.map", include_str!("../../contenders/haproxy.map"), &facts)?;
        let config =
            site.write("haproxy.cfg", include_str!("../../contenders/haproxy.cfg"), &facts)?;
        Ok(vec!["haproxy".into(), "-db".into(), "-f".into(), config])
    }
}
