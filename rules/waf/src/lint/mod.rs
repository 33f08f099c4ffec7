//! What a rule author wants to be told of rules that load: what has no effect, what cannot be meant, what costs.
//!
//! Findings are about rules and never about requests, and only what is certain is one: a rule set without findings need not
//! be good. What keeps rules from being loaded is no finding but a [`Problem`] of the loader. Each code is described in
//! docs/waf-lint.md.

mod alphabet;
mod capture;
mod codes_data;
mod flow;
mod pattern;
mod selection;
mod text;
mod twin;
mod tx;
mod value;
mod written;

use std::path::Path;

pub use codes_data::{CODES, Code, Severity};

use crate::{
    error::{Problem, Report},
    ruleset::RuleSet,
    seclang::{self, Files, Sources, ast::Place},
};
use written::Written;

/// Something that a rule author wants to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which kind it is of: a word that stays the same, and how bad it is.
    pub code: &'static Code,
    /// Where, and what: a sentence, and where there is a way out, that.
    pub problem: Problem,
}

/// All findings of a rule set, in the order of their places.
#[derive(Clone, Debug, Default)]
pub struct Lint {
    findings: Vec<Finding>,
    sources: Sources,
}

/// Looks over rule files, in this order; paths may have wildcards.
///
/// # Errors
///
/// What keeps the rules from being loaded.
pub fn lint(files: &dyn Files, paths: &[impl AsRef<Path>]) -> Result<Lint, Report> {
    let rules = RuleSet::load(files, paths)?;
    let (statements, sources) = seclang::read(files, paths)?;
    let written = Written::of(&statements, &rules);
    let mut found = Found::default();
    selection::look(&written, &mut found);
    flow::look(&written, &mut found);
    tx::look(&written, &mut found);
    capture::look(&written, &mut found);
    value::look(&written, &mut found);
    pattern::look(&written, &mut found);
    text::look(&written, &mut found);
    twin::look(&written, &mut found);
    let mut findings = found.0;
    findings.iter_mut().for_each(|finding| finding.problem.settle(&sources));
    findings.sort_by_key(|finding| (finding.problem.place, finding.code.word));
    findings.dedup();
    Ok(Lint { findings, sources })
}

impl Lint {
    /// The findings.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The files that they are in.
    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// Whether there is a warning among them.
    pub fn warns(&self) -> bool {
        self.findings.iter().any(|finding| finding.code.severity == Severity::Warning)
    }
}

impl Finding {
    /// The finding with the line that it is about, without a line end.
    pub fn render(&self, sources: &Sources) -> String {
        let word = format!("{}[{}]", self.code.severity.word(), self.code.word);
        self.problem.render_as(&word, sources)
    }
}

/// What has been found so far.
#[derive(Default)]
struct Found(Vec<Finding>);

impl Found {
    fn add(&mut self, word: &str, problem: Problem) {
        if let Some(code) = CODES.iter().find(|code| code.word == word) {
            self.0.push(Finding { code, problem });
        }
    }

    fn at(&mut self, word: &str, place: Place, len: usize, message: impl Into<String>) {
        self.add(word, Problem::new(place, len, message));
    }
}

#[cfg(test)]
mod tests;
