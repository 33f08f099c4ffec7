//! The walk through a tree, hand in hand with its schema: references, alternatives, tables and arrays.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::{Walked, keys::Keys, suggest::closest, value};
use crate::config::{
    diagnostic::Problem,
    document::{KeyPath, Node, Value},
};

/// Compares a tree with a root schema.
pub(super) fn walk(root: &Json, node: &Node) -> Walked {
    let (keys, at, found) = (Keys::of(root), KeyPath::root(), Walked::default());
    let mut walk = Walk { root, keys, at, complete: true, found };
    walk.node(root, node);
    walk.found
}

struct Walk<'s> {
    root: &'s Json,
    keys: Keys,
    at: KeyPath,
    /// Whether a key that is not there is missing.
    complete: bool,
    found: Walked,
}

impl<'s> Walk<'s> {
    fn node(&mut self, schema: &'s Json, node: &Node) {
        let schema = resolve(self.root, schema);
        if let Some(options) = alternatives(self.root, schema) {
            return self.alternatives(&options, node);
        }
        if !value::has_type(schema, node) {
            return self.report(value::wrong_type(schema, node));
        }
        match &node.value {
            Value::Table(entries) => self.table(schema, entries),
            Value::Array(items) => self.array(schema, items),
            _ => {
                let names_file = match schema.get("format").and_then(Json::as_str) {
                    Some("path") => true,
                    Some("path-or-value") => {
                        matches!(&node.value, Value::String(text) if text.starts_with('@'))
                    }
                    _ => false,
                };
                if names_file {
                    self.found.files.push(self.at.clone());
                }
                self.report(value::check(schema, node));
            }
        }
    }

    /// One of several schemas must hold. That of the right type with the fewest departures is taken to be meant.
    fn alternatives(&mut self, options: &[&'s Json], node: &Node) {
        if let Some(problem) = value::check_words(options, node) {
            return self.report(Some(problem));
        }
        let fitting = options.iter().filter(|option| value::has_type(option, node));
        let tried = fitting.map(|option| {
            let mut walk = Walk {
                root: self.root,
                keys: self.keys.clone(),
                at: self.at.clone(),
                complete: self.complete,
                found: Walked::default(),
            };
            walk.node(option, node);
            walk.found
        });
        let helpful = |found: &Walked| found.problems.iter().filter(|p| p.help.is_some()).count();
        match tried.min_by_key(|found| (found.problems.len(), usize::MAX - helpful(found))) {
            Some(found) => {
                self.found.problems.extend(found.problems);
                self.found.files.extend(found.files);
            }
            None => self.report(Some(value::no_alternative(options, node))),
        }
    }

    fn table(&mut self, schema: &'s Json, entries: &BTreeMap<String, Node>) {
        let names = known_keys(schema);
        let closed = schema.get("additionalProperties") == Some(&Json::Bool(false));
        let unknown = entries.keys().filter(|key| closed && !names.contains(&key.as_str()));
        let meant: BTreeMap<&str, Option<&str>> =
            unknown.map(|key| (key.as_str(), closest(key, names.iter().copied()))).collect();
        // What seems to be missing may stand under a misspelt key, which is problem enough.
        let is_meant = |name: &str| meant.values().any(|meant| *meant == Some(name));
        let complete = self.complete;
        for (key, node) in entries {
            self.at.push(key);
            if let Some(name) = meant.get(key.as_str()) {
                self.found.problems.push(self.keys.unknown(&self.at, key, *name, &names));
            } else {
                self.complete = complete && !is_meant(key);
                self.entry(schema, key, node);
            }
            self.at.pop();
        }
        self.complete = complete;
        let missing = missing_keys(schema, entries).filter(|name| complete && !is_meant(name));
        let problem = |name| Problem::at(self.at.join(name), format!("missing key `{name}`"));
        self.found.problems.extend(missing.map(problem));
    }

    /// A key that the schema names, or one of a table with free names.
    fn entry(&mut self, schema: &'s Json, key: &str, node: &Node) {
        let named = schema.get("properties").and_then(|known| known.get(key));
        let free = || schema.get("additionalProperties").filter(|entry| entry.is_object());
        if let Some(entry) = named.or_else(free) {
            self.node(entry, node);
        }
    }

    fn array(&mut self, schema: &'s Json, items: &[Node]) {
        self.report(value::check_length(schema, items.len()));
        let unique = schema.get("uniqueItems") == Some(&Json::Bool(true));
        let mut seen = BTreeSet::new();
        for (index, item) in items.iter().enumerate() {
            self.at.push(index);
            if let Some(schema) = schema.get("items") {
                self.node(schema, item);
            }
            if unique && !seen.insert(item.to_toml().to_string()) {
                let message = format!("{} is listed twice", item.to_toml());
                self.report(Some(Problem::at(KeyPath::root(), message)));
            }
            self.at.pop();
        }
    }

    /// Takes a problem that was found without knowing where.
    fn report(&mut self, problem: Option<Problem>) {
        let at = self.at.clone();
        self.found.problems.extend(problem.map(|problem| Problem { path: at, ..problem }));
    }
}

/// The keys that a schema names.
fn known_keys(schema: &Json) -> Vec<&str> {
    let known = schema.get("properties").and_then(Json::as_object);
    known.into_iter().flat_map(|known| known.keys().map(String::as_str)).collect()
}

/// The required keys of a table that are not there.
fn missing_keys<'s>(
    schema: &'s Json,
    entries: &BTreeMap<String, Node>,
) -> impl Iterator<Item = &'s str> {
    let required = schema.get("required").and_then(Json::as_array).into_iter().flatten();
    required.filter_map(Json::as_str).filter(|name| !entries.contains_key(*name))
}

/// Follows `$ref`. A chain that does not end is cut off; schemars emits none.
pub(super) fn resolve<'s>(root: &'s Json, schema: &'s Json) -> &'s Json {
    let mut schema = schema;
    for _ in 0..16 {
        let Some(reference) = schema.get("$ref").and_then(Json::as_str) else { break };
        let Some(target) = reference.strip_prefix('#').and_then(|at| root.pointer(at)) else {
            break;
        };
        schema = target;
    }
    schema
}

/// The schemas of `anyOf` and `oneOf`, references and nested alternatives resolved. Null is left out: TOML has none, and
/// the key is absent instead.
pub(super) fn alternatives<'s>(root: &'s Json, schema: &'s Json) -> Option<Vec<&'s Json>> {
    let listed = schema.get("anyOf").or_else(|| schema.get("oneOf"))?.as_array()?;
    let mut options = Vec::new();
    for option in listed.iter().map(|option| resolve(root, option)) {
        match alternatives(root, option) {
            Some(nested) => options.extend(nested),
            None if option.get("type").and_then(Json::as_str) == Some("null") => {}
            None => options.push(option),
        }
    }
    Some(options)
}
