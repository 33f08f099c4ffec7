//! TOML to [`Scenario`]: every key is read or refused, and all problems are found at once.
//!
//! Looks names of targets up, and reads the bodies and lists that a scenario names; sends nothing.

mod class;
pub use class::{CONNECTIONS_MAX, STREAMS_MAX, TIMEOUT};
mod phase;
mod staged;
mod strain;

use std::{
    cell::RefCell,
    ops::Range,
    path::{Path, PathBuf},
};

use ipnet::IpNet;
use toml::de::DeTable;

use super::{
    Class, Scenario, Target, Trust,
    places::Places,
    problem::{Problem, Report},
    suggest::did_you_mean,
    table::{Placed, Table},
};
use crate::{assertion::Assertion, schedule::Spacing};

/// A scenario and where its targets were written, for what shows only when they are called.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The scenario.
    pub scenario: Scenario,
    file: String,
    text: String,
    base: PathBuf,
    /// By class.
    targets: Vec<Range<usize>>,
}

impl Loaded {
    /// The scenario with what its names in braces stand for now.
    pub fn placed(&self, places: &Places) -> Result<Self, Report> {
        read(&self.file, &self.text, &self.base, Some(places))
    }

    /// A report of targets, by class, that cannot be reached, each where it was written.
    pub fn unreachable(&self, failed: &[(usize, String)]) -> Report {
        let problem = |(class, error): &(usize, String)| {
            let name = self.scenario.classes.get(*class).map_or("", |class| &class.name);
            Problem {
                span: self.targets.get(*class).cloned().unwrap_or_default(),
                path: String::new(),
                message: format!("the target of `{name}` cannot be reached: {error}"),
                help: Some("start what listens there, or name another target".to_owned()),
            }
        };
        let mut problems: Vec<Problem> = failed.iter().map(problem).collect();
        // One target that several classes share is one problem.
        problems.dedup_by_key(|problem| problem.span.clone());
        Report::new(&self.file, &self.text, problems)
    }
}

/// Reads a scenario from a file.
pub fn from_file(path: &Path) -> Result<Loaded, Report> {
    let name = path.display().to_string();
    match std::fs::read_to_string(path) {
        Ok(text) => from_text(&name, &text, path.parent().unwrap_or(Path::new(""))),
        Err(error) => Err(Report::unreadable(&name, &error)),
    }
}

/// Reads a scenario from a text; files that it names are looked for from `base`.
///
/// Names in braces are looked at, but stand for nothing yet: [`Loaded::placed`] fills them in.
pub fn from_text(file: &str, text: &str, base: &Path) -> Result<Loaded, Report> {
    read(file, text, base, None)
}

fn read(file: &str, text: &str, base: &Path, places: Option<&Places>) -> Result<Loaded, Report> {
    let (document, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        let problems = errors.into_iter().map(|error| Problem {
            span: error.span().unwrap_or(0..0),
            path: String::new(),
            message: format!("not TOML: {}", error.message()),
            help: None,
        });
        return Err(Report::new(file, text, problems.collect()));
    }
    let problems = RefCell::default();
    let table = Table::root(document.get_ref(), &problems);
    let (scenario, targets) = scenario(table, file, base, places);
    let problems = problems.into_inner();
    if !problems.is_empty() {
        return Err(Report::new(file, text, problems));
    }
    Ok(Loaded {
        scenario,
        file: file.to_owned(),
        text: text.to_owned(),
        base: base.to_owned(),
        targets,
    })
}

/// What classes need to know of the rest.
struct Context<'c> {
    base: &'c Path,
    allowed: Vec<IpNet>,
    /// The target of classes that name none.
    target: Option<Placed<Target>>,
    /// Names of the phases.
    phases: Vec<String>,
    /// What names in braces stand for.
    places: Places,
}

fn scenario(
    root: Table<'_>,
    file: &str,
    base: &Path,
    places: Option<&Places>,
) -> (Scenario, Vec<Range<usize>>) {
    if root.integer("schema", 1..=1).is_none() && !root.has("schema") {
        root.report(0..0, "", "missing key `schema`", Some("write `schema = 1`".to_owned()));
    }
    let stem = || Path::new(file).file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let name = root.text("name").map(|name| name.value.to_owned()).or_else(stem);
    let threads = root.integer("threads", 1..=1_024).map(|n| n as usize);
    let seed = root.integer("seed", 0..=SEED_MAX).unwrap_or(1);
    let spacing = root.word("arrivals", SPACINGS).unwrap_or_default();
    let trust = trust(&root, base);
    let drafts = phase::drafts(&root, spacing);
    let phases = drafts.iter().map(|draft| draft.phase.name.clone()).collect();
    let allowed = allowed(&root);
    let places = places.cloned().unwrap_or_else(|| staged::places(&root));
    let target = target(&root, &allowed, &places);
    let context = Context { base, allowed, target, phases, places };
    let (classes, targets): (Vec<Class>, Vec<Range<usize>>) =
        class::classes(&root, &context).into_iter().unzip();
    let phases = phase::link(&root, drafts, &classes);
    let assertions = assertions(&root, &context.phases);
    let origins = staged::origins(&root, &context);
    let stack = staged::stack(&root, &context);
    let events = staged::events(&root, &context);
    if assertions.iter().any(Assertion::is_about_memory) && !stack.has_memory() {
        let help = "write `[stack]` with `command`, `pid` or `metrics`".to_owned();
        root.report(0..0, "assert", "`rss` of what? there is no stack", Some(help));
    }
    root.finish();
    let scenario = Scenario {
        name: name.unwrap_or_default(),
        threads,
        seed,
        classes,
        phases,
        assertions,
        trust,
        origins,
        stack,
        events,
    };
    (scenario, targets)
}

fn allowed(root: &Table<'_>) -> Vec<IpNet> {
    let blocks = root.texts("allow_targets").into_iter().filter_map(|text| {
        let block = block(text.value);
        if let Err(message) = &block {
            root.report(text.span, "allow_targets", message.clone(), None);
        }
        block.ok()
    });
    blocks.collect()
}

/// An address block, or a single address.
pub fn block(text: &str) -> Result<IpNet, String> {
    let single = text.parse::<std::net::IpAddr>().map(IpNet::from);
    single.ok().or_else(|| text.parse().ok()).ok_or_else(|| {
        format!("expected an address block such as \"10.0.0.0/8\", found \"{text}\"")
    })
}

fn target(table: &Table<'_>, allowed: &[IpNet], places: &Places) -> Option<Placed<Target>> {
    let Placed { value, span } = table.text("target")?;
    match places.fill(value).and_then(|url| Target::find(&url, allowed)) {
        Ok(value) => Some(Placed { value, span }),
        Err(message) => {
            table.report(span, "target", message, None);
            None
        }
    }
}

fn trust(root: &Table<'_>, base: &Path) -> Trust {
    let Some(table) = root.table("tls") else { return Trust::System };
    let ca = table.text("ca").map(|ca| base.join(ca.value));
    let insecure = table.flag("insecure").unwrap_or(false);
    if insecure && ca.is_some() {
        let message = "`ca` has no effect beside `insecure`";
        table.report(table.span.clone(), "", message, Some("leave one of them out".to_owned()));
    }
    table.finish();
    match (insecure, ca) {
        (true, _) => Trust::Anyone,
        (false, Some(path)) => Trust::File(path),
        (false, None) => Trust::System,
    }
}

fn assertions(table: &Table<'_>, phases: &[String]) -> Vec<Assertion> {
    let assertions = table.texts("assert").into_iter().filter_map(|text| {
        let assertion = match text.value.parse::<Assertion>() {
            Ok(assertion) => assertion,
            Err(message) => {
                table.report(text.span, "assert", message, None);
                return None;
            }
        };
        if let Some(phase) = assertion.phases().find(|phase| !phases.contains(phase)) {
            let help = did_you_mean(phase, phases.iter().map(String::as_str));
            table.report(text.span, "assert", format!("there is no phase \"{phase}\""), help);
        }
        Some(assertion)
    });
    assertions.collect()
}

const SPACINGS: &[(&str, Spacing)] =
    &[("uniform", Spacing::Uniform), ("poisson", Spacing::Poisson)];

/// TOML's whole numbers are signed.
const SEED_MAX: u64 = u64::MAX >> 1;

#[cfg(test)]
mod tests;
