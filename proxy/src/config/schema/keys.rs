//! Which keys the schema knows, and where: for help with a key that stands in the wrong table.

use std::{collections::BTreeMap, rc::Rc};

use serde_json::Value as Json;

use super::walk::{alternatives, resolve};
use crate::config::{diagnostic::Problem, document::KeyPath};

/// Every key of a schema with the tables that have it, as `clusters.NAME.pool`.
#[derive(Debug, Clone)]
pub(super) struct Keys(Rc<BTreeMap<String, Vec<String>>>);

impl Keys {
    /// Collects the keys of a root schema.
    pub(super) fn of(root: &Json) -> Self {
        let mut keys = BTreeMap::new();
        visit(root, root, "", &mut |table, key, _| {
            let tables: &mut Vec<String> = keys.entry(key.to_owned()).or_default();
            if !tables.iter().any(|known| known == table) {
                tables.push(table.to_owned());
            }
        });
        Self(Rc::new(keys))
    }

    /// The problem of a key that its table does not have.
    pub(super) fn unknown(
        &self,
        at: &KeyPath,
        key: &str,
        meant: Option<&str>,
        known: &[&str],
    ) -> Problem {
        let mut help: Vec<String> =
            meant.map(|name| format!("did you mean `{name}`?")).into_iter().collect();
        help.extend(self.elsewhere(key));
        if help.is_empty() {
            help.push(format!("known here: {}", known.join(", ")));
        }
        Problem::at_key(at.clone(), format!("unknown key `{key}`")).help(help.join("; "))
    }

    fn elsewhere(&self, key: &str) -> Option<String> {
        let tables = self.0.get(key)?;
        let shown: Vec<String> = tables
            .iter()
            .take(3)
            .map(|table| match table.as_str() {
                "" => "the top of the file".to_owned(),
                table => format!("`{table}`"),
            })
            .collect();
        Some(format!("`{key}` is a key of {}", shown.join(" and of ")))
    }
}

/// Calls `each` with every key of a schema: the table that has it, its name, its schema. Entries of tables with free
/// names stand under `NAME`, those of arrays of tables under `[]`.
pub(super) fn visit(
    root: &Json,
    schema: &Json,
    table: &str,
    each: &mut impl FnMut(&str, &str, &Json),
) {
    let schema = resolve(root, schema);
    for option in alternatives(root, schema).into_iter().flatten() {
        visit(root, option, table, each);
    }
    if let Some(items) = schema.get("items") {
        visit(root, items, &format!("{table}[]"), each);
    }
    if let Some(entry) = schema.get("additionalProperties").filter(|entry| entry.is_object()) {
        visit(root, entry, &format!("{table}.NAME"), each);
    }
    for (key, entry) in schema.get("properties").and_then(Json::as_object).into_iter().flatten() {
        each(table, key, entry);
        let below = if table.is_empty() { key.clone() } else { format!("{table}.{key}") };
        visit(root, entry, &below, each);
    }
}
