//! A rule set as one route or tenant uses it: the same rules for all, and a small overlay for each.

use std::sync::Arc;

use crate::{
    action::Mode,
    bits::Bits,
    error::Problem,
    ruleset::{RuleSet, select::Which},
    seclang::ast::Text,
    state::tx::Name,
    variable::Target,
};

/// A rule set and what one route or tenant has otherwise.
#[derive(Debug)]
pub struct Policy {
    pub(crate) rules: Arc<RuleSet>,
    pub(crate) mode: Option<Mode>,
    /// Members of `TX` that rules cannot change.
    pub(crate) pinned: Vec<(Name, Pinned)>,
    pub(crate) exclusions: Vec<Arc<Excluded>>,
}

/// A value from the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pinned {
    /// A number.
    Number(i64),
    /// A text.
    Text(Vec<u8>),
}

/// Rules, or what they look at, that do not count.
#[derive(Clone, Debug, Default)]
pub struct Exclusion {
    /// Which rules: ids and ranges.
    pub ids: Vec<(u64, u64)>,
    /// Which rules: a pattern of their tags.
    pub tag: Option<String>,
    /// Which rules: a pattern of their messages.
    pub message: Option<String>,
    /// What they do not look at; the whole rule where it is `None`.
    pub target: Option<String>,
    /// Only for paths that are this, or begin with it where it ends in a slash.
    pub path: Option<String>,
    /// Until this time, in seconds since the epoch.
    pub until: Option<i64>,
}

/// An exclusion, compiled for a rule set.
#[derive(Debug)]
pub struct Excluded {
    pub(crate) rules: Bits,
    pub(crate) target: Option<Target>,
    path: Option<Vec<u8>>,
    until: Option<i64>,
}

impl Excluded {
    /// Compiles an exclusion for the policies of a rule set.
    ///
    /// # Errors
    ///
    /// A pattern or target that cannot be read.
    pub fn compile(exclusion: &Exclusion, set: &RuleSet) -> Result<Self, Problem> {
        let text = |text: &String| Text { bytes: text.clone().into_bytes(), ..Text::default() };
        let mut rules = Bits::default();
        let mut add = |which: Which| rules.add(&which.among(&set.rules));
        if !exclusion.ids.is_empty() {
            add(Which::Ids(exclusion.ids.clone()));
        }
        if let Some(tag) = &exclusion.tag {
            add(Which::tag(&text(tag))?);
        }
        if let Some(message) = &exclusion.message {
            add(Which::message(&text(message))?);
        }
        let mut names = set.names.clone();
        let target = exclusion
            .target
            .as_ref()
            .map(|target| Target::compile(&crate::action::ctl::target(&text(target)), &mut names));
        Ok(Self {
            rules,
            target: target.transpose()?,
            path: exclusion.path.clone().map(String::into_bytes),
            until: exclusion.until,
        })
    }

    /// How many rules are meant.
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether it holds for this path at this time.
    pub fn holds(&self, path: &[u8], now: i64) -> bool {
        let path_holds = self.path.as_deref().is_none_or(|wanted| {
            path == wanted || wanted.ends_with(b"/") && path.starts_with(wanted)
        });
        path_holds && self.until.is_none_or(|until| now < until)
    }
}

impl Policy {
    /// A rule set as it is.
    pub fn new(rules: Arc<RuleSet>) -> Self {
        Self { rules, mode: None, pinned: Vec::new(), exclusions: Vec::new() }
    }

    /// The rules.
    pub fn rules(&self) -> &Arc<RuleSet> {
        &self.rules
    }

    /// Sets whether rules run and interrupt, in the place of `SecRuleEngine`.
    #[must_use]
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = Some(mode);
        self
    }

    /// Sets a member of `TX` for good. Returns whether any rule knows it.
    pub fn pin(&mut self, name: &str, value: Pinned) -> bool {
        let found = self.rules.names.find(name.to_ascii_lowercase().as_bytes());
        if let Some(name) = found {
            self.pinned.push((name, value));
        }
        found.is_some()
    }

    /// Leaves rules, or what they look at, out. Returns how many rules are meant.
    ///
    /// # Errors
    ///
    /// A pattern or target that cannot be read.
    pub fn exclude(&mut self, exclusion: &Exclusion) -> Result<usize, Problem> {
        let compiled = Excluded::compile(exclusion, &self.rules)?;
        let count = compiled.len();
        self.leave_out(&Arc::new(compiled));
        Ok(count)
    }

    /// Leaves out what an exclusion of the same rule set says, which other policies may share.
    pub fn leave_out(&mut self, excluded: &Arc<Excluded>) {
        self.exclusions.push(Arc::clone(excluded));
    }
}
