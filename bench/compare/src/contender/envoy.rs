//! Envoy.

use std::path::PathBuf;

use super::{Contender, Fit, NO_WAF, Site};
use crate::{process::first_line, scenario::Setup};

/// Envoy.
pub(super) struct Envoy {
    pub(super) version: String,
}

impl Envoy {
    pub(super) fn find() -> Option<Box<dyn Contender>> {
        let line = first_line("envoy", &["--version"])?;
        // A revision, then the version, then how it was built.
        let (_, build) = line.split_once("version: ")?;
        let version = format!("envoy {}", build.split('/').nth(1)?);
        Some(Box::new(Self { version }))
    }
}

impl Contender for Envoy {
    fn name(&self) -> &'static str {
        "envoy"
    }

    fn version(&self) -> &str {
        &self.version
    }

    fn fit(&self, setup: &Setup) -> Fit {
        if setup.waf { NO_WAF } else { Fit::Fits }
    }

    fn command(&self, site: &Site) -> anyhow::Result<Vec<PathBuf>> {
        let template = include_str!("../../contenders/envoy.yaml");
        let config = site.write("envoy.yaml", template, &site.facts())?;
        let options = ["--concurrency", "1", "--disable-hot-restart", "-l", "error", "-c"];
        let options = options.into_iter().map(PathBuf::from);
        Ok([PathBuf::from("envoy")].into_iter().chain(options).chain([config]).collect())
    }
}
