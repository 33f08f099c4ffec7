//! Caddy.

use std::path::PathBuf;

use super::{Contender, Fit, NO_WAF, Site};
use crate::{
    process::first_line,
    scenario::{Protocol, Setup},
    template::text,
};

/// Caddy.
pub(super) struct Caddy {
    pub(super) version: String,
}

impl Caddy {
    pub(super) fn find() -> Option<Box<dyn Contender>> {
        let line = first_line("caddy", &["version"])?;
        let number = line.split(' ').next().unwrap_or_default();
        Some(Box::new(Self { version: format!("caddy {number}") }))
    }
}

impl Contender for Caddy {
    fn name(&self) -> &'static str {
        "caddy"
    }

    fn version(&self) -> &str {
        &self.version
    }

    fn fit(&self, setup: &Setup) -> Fit {
        match setup {
            Setup { waf: true, .. } => NO_WAF,
            Setup { mirror: true, .. } => Fit::Lacks("has no mirror"),
            Setup { rate_limit: true, .. } => Fit::Lacks("limits rates only with a module"),
            _ => Fit::Fits,
        }
    }

    fn command(&self, site: &Site) -> anyhow::Result<Vec<PathBuf>> {
        let h2 = site.setup.upstream == Protocol::Http2;
        let mut facts = site.facts();
        facts.insert("scheme", text(if h2 { "h2c://" } else { "http://" }));
        let config = site.write("Caddyfile", include_str!("../../contenders/Caddyfile"), &facts)?;
        Ok(["caddy", "run", "--adapter", "caddyfile", "--config"]
            .into_iter()
            .map(PathBuf::from)
            .chain([config])
            .collect())
    }
}
