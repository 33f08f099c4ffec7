//! The rest of a configuration that departs from its schema: checked beside what is wrong already, so that a dangling
//! reference is told along with a misspelt key.
//!
//! A listener, cluster, rollout, route, tenant or limit that departs is checked for the rest once it is right: what is said of
//! it before that may follow from its mistake alone. For the others it keeps its name.

use std::collections::BTreeSet;

use toml::{Table, Value as Toml};

use super::drop_templates;
use crate::config::{
    check,
    diagnostic::Problem,
    document::{Document, KeyPath, Segment, Value},
    schema,
};

/// What is wrong besides `found`, which the walk along the schema has brought.
pub(super) fn check(document: &Document, found: &[Problem]) -> Vec<Problem> {
    let departing: BTreeSet<KeyPath> = found.iter().map(|problem| scope(&problem.path)).collect();
    // What a whole table is to be is unknown where its own key is: others may well refer into it.
    if found.iter().any(|problem| is_top_table(document, &problem.path)) {
        return Vec::new();
    }
    let mut written = document.root.to_toml();
    for path in &departing {
        stand_in(&mut written, path);
    }
    // What serde refuses now is at the mercy of what stands in for the rest.
    let Ok(config) = schema::read(written.clone()) else { return Vec::new() };
    let config = drop_templates(config, &mut written, &document.templates);
    let mut problems = check::check(&config);
    // What is missing may stand under a misspelt key.
    let is_written = |problem: &Problem| document.find(&problem.path).is_some();
    problems.retain(|problem| is_written(problem) && !departing.contains(&scope(&problem.path)));
    // A limit that nothing names may be named by what departs.
    if departing.iter().any(|path| is_of(path, &["routes", "tenants"])) {
        problems.retain(|p| !(is_of(&p.path, &["limits"]) && p.path.segments().len() == 2));
    }
    problems
}

/// Whether a path ends at a table, or a list of them, of the top table; or at the top table itself.
fn is_top_table(document: &Document, path: &KeyPath) -> bool {
    if path.segments().len() > 1 {
        return false;
    }
    match document.find(path).map(|node| &node.value) {
        Some(Value::Table(_)) => true,
        Some(Value::Array(items)) => items.iter().any(|item| item.as_table().is_some()),
        _ => false,
    }
}

/// The named table or route that a path leads into, or the key of the top table.
fn scope(path: &KeyPath) -> KeyPath {
    let named = matches!(path.segments().first(), Some(Segment::Key(key)) if is_named(key));
    path.segments().iter().take(if named { 2 } else { 1 }).cloned().collect()
}

fn is_of(path: &KeyPath, tables: &[&str]) -> bool {
    matches!(path.segments().first(), Some(Segment::Key(key)) if tables.contains(&key.as_str()))
}

fn is_named(key: &str) -> bool {
    matches!(key, "listeners" | "clusters" | "rollouts" | "routes" | "tenants" | "limits")
}

/// Puts the least that reads in the place of a table; takes any other key away.
fn stand_in(root: &mut Toml, path: &KeyPath) {
    let Some(root) = root.as_table_mut() else { return };
    let [Segment::Key(top), rest @ ..] = path.segments() else { return };
    let least: &[(&str, &str)] = match top.as_str() {
        "listeners" => &[("listen", "127.0.0.1:0")],
        "rollouts" => &[("blue", ""), ("green", "")],
        "routes" => &[("to", "respond:200")],
        _ => &[],
    };
    let least = least.iter().map(|(key, text)| ((*key).to_owned(), Toml::from(*text)));
    let least = least.collect::<Table>();
    let item = match (root.get_mut(top), rest) {
        (Some(Toml::Table(table)), [Segment::Key(name)]) => table.get_mut(name),
        (Some(Toml::Array(items)), [Segment::Index(index)]) => items.get_mut(*index),
        _ => return drop(root.remove(top)),
    };
    if let Some(item) = item {
        *item = Toml::Table(least);
    }
}
