//! Rules, compiled once and shared by all transactions.

mod build;
mod draft;
mod groups;
mod named;
pub mod select;
mod update;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    bits::Bits,
    error::Report,
    rule::{Meta, Rule},
    scan::Scan,
    seclang::{self, Files, Sources},
    settings::Settings,
    state::tx::Names,
    transform::{Changing, Transformation},
    variable::Target,
};

/// Rules and settings. Immutable, and made to be shared.
#[derive(Debug)]
pub struct RuleSet {
    /// No other rule set of the process has this number: what is remembered under it is of this one.
    pub(crate) number: u64,
    pub(crate) settings: Settings,
    pub(crate) rules: Vec<Rule>,
    /// For each phase, the heads of its chains in order.
    pub(crate) phases: [Vec<u32>; PHASES],
    pub(crate) names: Names,
    pub(crate) units: Vec<Unit>,
    /// Units that rules look at together.
    pub(crate) bundles: Vec<Box<[u32]>>,
    pub(crate) scans: [Scan; 2],
    pub(crate) masks: Vec<Bits>,
    pub(crate) removed_targets: Vec<Target>,
    /// Whether some rule looks at `FULL_REQUEST`, which is a copy of everything.
    pub(crate) uses_full_request: bool,
    sources: Sources,
}

/// What a target's values are after a chain of transformations: worked out once a phase for all rules that look at them.
#[derive(Debug)]
pub(crate) struct Unit {
    /// The rule and the position of a target that stands for all.
    pub rule: u32,
    pub target: u32,
    pub transformations: Box<[Transformation]>,
    /// The same as a set: what none of them can change stays as it is.
    pub changing: Changing,
    pub multi_match: bool,
}

/// How many phases there are.
pub const PHASES: usize = 5;

impl RuleSet {
    /// Loads rule files, in this order; paths may have wildcards.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with them.
    pub fn load(files: &dyn Files, paths: &[impl AsRef<Path>]) -> Result<Arc<Self>, Report> {
        let (statements, sources) = seclang::read(files, paths)?;
        build::build(statements, sources, files).map(Arc::new)
    }

    /// Files that a rule set of these paths is made of, as far as they can be read: rules, phrases, addresses, maps.
    pub fn files(files: &dyn Files, paths: &[impl AsRef<Path>]) -> Vec<PathBuf> {
        let (statements, sources) = match seclang::read(files, paths) {
            Ok(read) => read,
            Err(report) => (Vec::new(), report.sources().clone()),
        };
        let named = statements.iter().flat_map(|statement| named::files(statement, &sources));
        let read = sources.iter().map(|source| source.path().to_owned());
        read.chain(named).collect()
    }

    /// What the rules say about themselves, in order, without the links behind the first of a chain.
    pub fn rules(&self) -> impl Iterator<Item = &Meta> {
        self.rules.iter().map(|rule| &rule.meta).filter(|meta| meta.id != 0)
    }

    /// How many rules there are, each link of a chain counted.
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// What the rule of a match says about itself.
    pub fn meta(&self, number: u32) -> &Meta {
        &self.rules[number as usize].meta
    }

    /// What the directives have set.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The files that were read.
    pub fn sources(&self) -> &Sources {
        &self.sources
    }
}
