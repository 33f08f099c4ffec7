//! foxtrot, with the rules of a CRS and with its own.

use std::path::{Path, PathBuf};

use super::{Contender, Fit, NO_CRS, Site};
use crate::{
    process::{first_line, free_port},
    scenario::Setup,
    template::{Fact, text},
};

/// foxtrot.
pub(super) struct Foxtrot {
    pub(super) program: PathBuf,
    pub(super) version: String,
    pub(super) rules: Rules,
}

#[derive(PartialEq, Eq)]
pub(super) enum Rules {
    /// Of a CRS; for scenarios with and without a WAF.
    Crs(Option<PathBuf>),
    /// Its own; for scenarios with a WAF only, as the others would be the same.
    Managed,
}

impl Foxtrot {
    pub(super) fn with_crs(program: &Path, crs: Option<&Path>) -> Option<Box<dyn Contender>> {
        Self::find(program, Rules::Crs(crs.map(Path::to_owned)))
    }

    pub(super) fn with_managed_rules(program: &Path) -> Option<Box<dyn Contender>> {
        Self::find(program, Rules::Managed)
    }

    fn find(program: &Path, rules: Rules) -> Option<Box<dyn Contender>> {
        let version = first_line(program.to_str()?, &["--version"])?;
        Some(Box::new(Self { program: program.to_owned(), version, rules }))
    }
}

impl Contender for Foxtrot {
    fn name(&self) -> &'static str {
        match self.rules {
            Rules::Crs(_) => "foxtrot",
            Rules::Managed => "foxtrot, managed rules",
        }
    }

    fn version(&self) -> &str {
        &self.version
    }

    fn fit(&self, setup: &Setup) -> Fit {
        match &self.rules {
            Rules::Managed if !setup.waf => Fit::Twin,
            Rules::Crs(None) if setup.waf => NO_CRS,
            _ => Fit::Fits,
        }
    }

    fn command(&self, site: &Site) -> anyhow::Result<Vec<PathBuf>> {
        let target = if site.setup.mirror { "rollout:app" } else { "cluster:app" };
        let mut facts = site.facts();
        facts.extend([
            ("admin_port", text(free_port()?)),
            ("target", text(target)),
            ("managed", Fact::Flag(self.rules == Rules::Managed)),
        ]);
        if let Rules::Crs(Some(crs)) = &self.rules {
            facts.insert("crs", text(crs.display()));
        }
        let config =
            site.write("foxtrot.toml", include_str!("../../contenders/foxtrot.toml"), &facts)?;
        Ok(vec![self.program.clone(), "run".into(), "--config".into(), config])
    }

    fn is_peer(&self) -> bool {
        false
    }
}
