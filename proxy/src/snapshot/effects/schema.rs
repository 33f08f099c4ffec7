//! Every key of the schema, and the words that it may be where only certain ones may stand.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use crate::config::schema::json_schema;

/// Keys that hold values, as `clusters.NAME.retry.on[]`: `NAME` stands for a free name, `[]` for an entry of a list.
pub(super) fn leaves() -> BTreeMap<String, BTreeSet<String>> {
    let (root, mut leaves) = (json_schema(), BTreeMap::new());
    walk(&root, &root, "", &mut leaves);
    leaves
}

fn walk(root: &Json, schema: &Json, key: &str, leaves: &mut BTreeMap<String, BTreeSet<String>>) {
    if let Some(name) = schema.get("$ref").and_then(Json::as_str) {
        let target = root.pointer(name.trim_start_matches('#')).expect("references resolve");
        return walk(root, target, key, leaves);
    }
    let options = schema.get("anyOf").or_else(|| schema.get("oneOf")).and_then(Json::as_array);
    if let Some(options) = options {
        return options.iter().for_each(|option| walk(root, option, key, leaves));
    }
    let mut below = 0;
    if let Some(items) = schema.get("items") {
        below += 1;
        walk(root, items, &format!("{key}[]"), leaves);
    }
    if let Some(entry) = schema.get("additionalProperties").filter(|entry| entry.is_object()) {
        below += 1;
        walk(root, entry, &format!("{key}.NAME"), leaves);
    }
    for (name, entry) in schema.get("properties").and_then(Json::as_object).into_iter().flatten() {
        below += 1;
        let key = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
        walk(root, entry, &key, leaves);
    }
    if below == 0 && schema.get("type") != Some(&Json::from("null")) {
        leaves.entry(key.to_owned()).or_default().extend(words(schema));
    }
}

fn words(schema: &Json) -> impl Iterator<Item = String> {
    let listed = schema.get("enum").and_then(Json::as_array).into_iter().flatten();
    listed.chain(schema.get("const")).filter_map(Json::as_str).map(str::to_owned)
}
