//! From files or a text to a [`Config`]: read, merge, compare with the schema, resolve paths.
//!
//! What comes out has the right form. Whether it makes sense is [`super::check`]'s to say, and whether the files that it
//! names exist is found out when the snapshot is compiled.

mod include;
mod remainder;

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    Config, RouteTarget,
    diagnostic::{Finding, Problem, Report},
    document::{self, Document, KeyPath, Source, SourceMap, Value, path},
    schema::{self, suggest::closest},
};

/// A configuration of the right form.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The configuration. File names in it are absolute; clusters that only serve as templates are left out.
    pub config: Config,
    /// What was written, with places.
    pub document: Document,
    /// The merged configuration as TOML: includes and `like` resolved, keys sorted, file names absolute. It loads to the
    /// same [`Config`]. It holds no secrets, as those are written by reference.
    pub text: String,
    /// XXH3 of `text`: equal for equal configurations, however they are written.
    pub hash: u64,
    /// The include patterns: a file that begins to match one belongs to the configuration.
    pub patterns: Vec<PathBuf>,
    /// Every file that was read.
    pub files: Vec<PathBuf>,
    /// Directory of the first file.
    pub base_dir: PathBuf,
}

/// Loads a file and what it includes.
pub fn load(path: &Path) -> Result<Loaded, Report> {
    let read = include::read(path);
    let base_dir = include::base_dir(path);
    let (patterns, files) = (read.patterns.into_iter().collect(), read.files);
    let Some(document) = read.document else {
        return Err(Report::new(Arc::new(read.sources), read.findings));
    };
    let parts = finish(document, read.findings)?;
    Ok(Loaded { patterns, files, base_dir, ..parts })
}

/// Loads a text that is not a file: the built-in configuration, or one from history. It cannot include files; relative
/// file names in it start from the working directory.
pub fn parse(name: &str, text: &str) -> Result<Loaded, Report> {
    let mut sources = SourceMap::default();
    let base_dir = include::absolute(Path::new(""));
    let source = Source::new(name.to_owned(), base_dir.clone(), text.to_owned());
    let file = sources.add(source);
    let root = document::parse(&sources, file);
    let sources = Arc::new(sources);
    let root = root.map_err(|findings| Report::new(Arc::clone(&sources), findings))?;
    let document = Document { sources, root, templates: BTreeSet::new() };
    let mut findings = Vec::new();
    if document.find(&path!["include"]).is_some_and(|node| !is_empty_array(&node.value)) {
        let refused = Problem::at_key(path!["include"], "only a file can include others")
            .help("write what is to be included into this text");
        findings.push(document.find_place(refused));
    }
    let parts = finish(document, findings)?;
    Ok(Loaded { base_dir, ..parts })
}

/// The files that an include pattern stands for now, sorted. `*` in its file name stands for any text.
///
/// # Errors
/// Its directory cannot be read.
pub fn matching(pattern: &Path) -> std::io::Result<Vec<PathBuf>> {
    let name = pattern.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    include::list(pattern.parent().unwrap_or(Path::new("/")), name)
}

impl Loaded {
    /// Gives problems of this configuration their places.
    pub fn locate(&self, problems: Vec<Problem>) -> Report {
        self.document.report(problems)
    }
}

/// What follows reading: resolve `like`, compare with the schema, resolve file names, build the structs.
fn finish(mut document: Document, mut findings: Vec<Finding>) -> Result<Loaded, Report> {
    let mut problems = document.resolve_like();
    let walked = schema::walk(&document);
    problems.extend(walked.problems);
    // A file that cannot be read, or a key that is there twice, leaves open what the rest refers to.
    if findings.is_empty() && !problems.is_empty() {
        problems.extend(remainder::check(&document, &problems));
    }
    findings.extend(problems.into_iter().map(|problem| document.find_place(problem)));
    if !findings.is_empty() {
        return Err(Report::new(Arc::clone(&document.sources), findings));
    }
    for file in &walked.files {
        resolve_file(&mut document, file);
    }
    let mut written = document.root.to_toml();
    let config = schema::read(written.clone()).map_err(|problem| document.report(vec![problem]))?;
    let config = drop_templates(config, &mut written, &document.templates);
    // Every tree that came from TOML can be written as TOML.
    let text = toml::to_string(&written).unwrap_or_default();
    let hash = xxhash_rust::xxh3::xxh3_64(text.as_bytes());
    let (patterns, files, base_dir) = (Vec::new(), Vec::new(), PathBuf::new());
    Ok(Loaded { config, document, text, hash, patterns, files, base_dir })
}

/// Makes a file name absolute. It starts from the directory of the file that it was written in.
fn resolve_file(document: &mut Document, at: &KeyPath) {
    let sources = Arc::clone(&document.sources);
    let Some(node) = document.root.find_mut(at) else { return };
    let base = sources.source(node.origin.file).map(|source| source.base_dir.as_path());
    let Value::String(name) = &mut node.value else { return };
    let (mark, file) = name.strip_prefix('@').map_or(("", &**name), |file| ("@", file));
    // "-" is standard output.
    if let Some(base) = base.filter(|_| file != "-") {
        let file = include::absolute(&base.join(file));
        *name = format!("{mark}{}", file.to_string_lossy());
    }
}

/// Takes out the clusters that others start from and nothing leads to: they are not clusters but text to copy.
fn drop_templates(
    mut config: Config,
    written: &mut toml::Value,
    templates: &BTreeSet<String>,
) -> Config {
    let names = || config.clusters.keys().map(String::as_str);
    // A reference to nothing may mean a template: that must stay for the check to suggest it.
    let used = references(&config).into_iter().filter_map(|name| closest(name, names()));
    let used: BTreeSet<String> = used.map(str::to_owned).collect();
    for name in templates.difference(&used) {
        config.clusters.remove(name);
        written.get_mut("clusters").and_then(|it| it.as_table_mut()).map(|it| it.remove(name));
    }
    config
}

/// The names of clusters in rollouts and routes.
fn references(config: &Config) -> Vec<&str> {
    let mut names = Vec::new();
    for rollout in config.rollouts.values() {
        names.extend([rollout.blue.as_str(), &rollout.green]);
        names.extend(rollout.mirror.iter().map(|mirror| mirror.to.as_str()));
    }
    names.extend(config.routes.iter().filter_map(|route| match &route.to {
        RouteTarget::Cluster(name) => Some(name.as_str()),
        _ => None,
    }));
    names
}

fn is_empty_array(value: &Value) -> bool {
    matches!(value, Value::Array(items) if items.is_empty())
}

#[cfg(test)]
mod tests;
