//! A suite ready to be played: read from a folder, checked whole, with overrides in place of what they replace.
//!
//! All that can be wrong with a file is found before a request is sent, and shown together.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
};

use regex::Regex;

use super::{
    expect::Expectation,
    request::{self, Message},
    written::{self, Document},
};

/// Tests of all files.
#[derive(Debug, Default)]
pub(crate) struct Suite {
    /// Files, as far as they lie below the suite's folder.
    pub(crate) files: Vec<String>,
    pub(crate) tests: Vec<Test>,
}

/// A test.
#[derive(Debug)]
pub(crate) struct Test {
    pub(crate) id: TestId,
    /// Position among the suite's files.
    pub(crate) file: usize,
    pub(crate) stages: Vec<Stage>,
}

/// The rule that a test is of, and the test's number there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TestId {
    pub(crate) rule: u64,
    pub(crate) test: u64,
}

/// A request of a test and what is expected of it.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) message: Message,
    pub(crate) session: Session,
    pub(crate) expectation: Expectation,
    /// Whether an override says what is expected.
    pub(crate) overridden: bool,
    /// Position in the file; those that play one stage for several URIs share it.
    position: usize,
}

/// What a stage has to do with the others of its test.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Session {
    /// Go where the answer of the stage before this one leads.
    pub(crate) follow_redirect: bool,
    /// Send on the cookies that the answer sets.
    pub(crate) save_cookie: bool,
    /// Markers go to the host of the test.
    pub(crate) virtual_host: bool,
}

/// Expectations of a platform.
#[derive(Debug, Default)]
pub(crate) struct Overrides(Vec<Override>);

#[derive(Debug)]
struct Override {
    written: written::Override,
    expectation: Expectation,
}

/// Which tests to run.
#[derive(Debug)]
pub(crate) struct Selection {
    /// Wins over `exclude`.
    pub(crate) include: Option<Regex>,
    pub(crate) exclude: Option<Regex>,
}

impl fmt::Display for TestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.rule, self.test)
    }
}

impl Selection {
    /// Whether a test is to run, by its id.
    pub(crate) fn wants(&self, id: TestId) -> bool {
        let id = id.to_string();
        match (&self.include, &self.exclude) {
            (Some(include), _) => include.is_match(&id),
            (None, Some(exclude)) => !exclude.is_match(&id),
            (None, None) => true,
        }
    }
}

impl Suite {
    /// Reads all `.yaml` and `.yml` files below a folder, in the order of their names. Files of overrides are left.
    pub(crate) fn load(folder: &Path) -> Result<Self, Vec<String>> {
        let mut paths = Vec::new();
        find(folder, &mut paths).map_err(|error| vec![format!("{}: {error}", folder.display())])?;
        paths.sort();
        let mut suite = Self::default();
        let mut errors = Vec::new();
        for path in paths {
            let name = path.strip_prefix(folder).unwrap_or(&path).display().to_string();
            match read(&path) {
                Ok(Some(document)) => suite.add(name, document, &mut errors),
                Ok(None) => {}
                Err(error) => errors.push(format!("{name}: {error}")),
            }
        }
        if errors.is_empty() { Ok(suite) } else { Err(errors) }
    }

    fn add(&mut self, name: String, document: Document, errors: &mut Vec<String>) {
        if document.test_overrides.is_some() && document.tests.is_none() {
            return;
        }
        let mut wrong = |what: String| errors.push(format!("{name}: {what}"));
        let Some(tests) = document.tests else { return wrong("has no key `tests`".to_owned()) };
        let Some(rule) = document.rule_id.or_else(|| number(&name)) else {
            return wrong("has no key `rule_id`, and no number in its name".to_owned());
        };
        for (position, test) in (1..).zip(tests) {
            let id = TestId { rule, test: test.test_id.unwrap_or(position) };
            let count = test.stages.len();
            let mut stages = Vec::new();
            for (position, stage) in test.stages.into_iter().enumerate() {
                match compile(stage, position) {
                    Ok(compiled) => stages.extend(compiled),
                    Err(error) => wrong(format!("{id}, stage {position}: {error}")),
                }
            }
            if count == 0 {
                wrong(format!("{id}: has no stage, so it would pass for nothing"));
            }
            self.tests.push(Test { id, file: self.files.len(), stages });
        }
        self.files.push(name);
    }

    /// Positions of the tests that are wanted.
    pub(crate) fn choose(&self, selection: &Selection) -> Vec<usize> {
        let wanted = (0..).zip(&self.tests).filter(|(_, test)| selection.wants(test.id));
        wanted.map(|(at, _)| at).collect()
    }

    /// Puts overrides in place; later ones win. Gives those that are of no test here.
    pub(crate) fn apply(&mut self, overrides: &Overrides) -> Vec<String> {
        let mut unused = Vec::new();
        for Override { written, expectation } in &overrides.0 {
            let rule = written.rule_id;
            if written.test_ids.is_empty() {
                let tests = self.tests.iter_mut().filter(|test| test.id.rule == rule);
                let count = tests.map(|test| test.replace(written, expectation)).count();
                unused.extend((count == 0).then(|| rule.to_string()));
            }
            for &test in &written.test_ids {
                let id = TestId { rule, test };
                let tests = self.tests.iter_mut().filter(|test| test.id == id);
                let count = tests.map(|test| test.replace(written, expectation)).count();
                unused.extend((count == 0).then(|| id.to_string()));
            }
        }
        unused
    }
}

impl Test {
    fn replace(&mut self, written: &written::Override, expectation: &Expectation) {
        for stage in &mut self.stages {
            if written.stage_ids.is_empty() || written.stage_ids.contains(&stage.position) {
                stage.expectation = expectation.clone();
                stage.overridden = true;
            }
        }
    }
}

impl Overrides {
    /// Adds those of a file.
    pub(crate) fn load(&mut self, path: &Path) -> Result<(), Vec<String>> {
        let wrong = |what: String| format!("{}: {what}", path.display());
        let document = read(path).map_err(|error| vec![wrong(error)])?;
        let Some(entries) = document.and_then(|document| document.test_overrides) else {
            return Err(vec![wrong("has no key `test_overrides`".to_owned())]);
        };
        let mut errors = Vec::new();
        for mut written in entries {
            if let Some(retry) = written.retry_once {
                written.output.retry_once = retry;
            }
            match Expectation::compile(&written.output) {
                Ok(expectation) => self.0.push(Override { written, expectation }),
                Err(error) => errors.push(wrong(format!("rule {}: {error}", written.rule_id))),
            }
        }
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }
}

/// A stage for each URI.
fn compile(written: written::Stage, position: usize) -> Result<Vec<Stage>, String> {
    let written::Stage { mut input, output, .. } = written;
    let expectation = Expectation::compile(&output)?;
    let session = Session {
        follow_redirect: input.follow_redirect.unwrap_or(false),
        save_cookie: input.save_cookie.unwrap_or(false),
        virtual_host: input.virtual_host_mode.unwrap_or(false),
    };
    let uris = match input.uris.take() {
        Some(uris) if uris.is_empty() => return Err("`uris` holds no URI".to_owned()),
        Some(uris) => uris.into_iter().map(Some).collect(),
        None => vec![input.uri.take()],
    };
    let stage = |uri| {
        let message = request::compile(&input, uri)?;
        let expectation = expectation.clone();
        Ok(Stage { message, session, expectation, overridden: false, position })
    };
    uris.into_iter().map(stage).collect()
}

/// A document; none where a file holds nothing but comments.
fn read(path: &Path) -> Result<Option<Document>, String> {
    let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
    serde_saphyr::from_str(&text).map_err(|error| error.without_snippet().to_string())
}

fn find(folder: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        // Of a link it says that it is one: what a folder links to is not walked, so that a circle is not.
        if entry.file_type()?.is_dir() {
            find(&path, found)?;
        } else if path.extension().is_some_and(|kind| kind == "yaml" || kind == "yml") {
            found.push(path);
        }
    }
    Ok(())
}

/// The first number in a file's name, which is the rule's where the file does not say.
fn number(name: &str) -> Option<u64> {
    let name = name.rsplit('/').next()?;
    let digits = name.split(|c: char| !c.is_ascii_digit()).find(|digits| !digits.is_empty())?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests;
