use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::{SCHEMA, keys::visit, walk::resolve};
use crate::config::{diagnostic::tests::run_cases, load::parse};

#[test]
fn departures_are_found_where_they_stand() {
    run_cases(include_str!("cases.txt"), |text| parse("test.toml", text).err());
}

#[test]
fn every_key_is_documented_with_its_default() {
    let documented = documented();
    let mut keys = 0;
    visit(&SCHEMA, &SCHEMA, "", &mut |table, key, schema| {
        if has_own_section(schema) {
            return;
        }
        keys += 1;
        let table = table.replace("[]", "");
        let row = documented.get(&(table.clone(), key.to_owned()));
        let parent = parent(&table);
        let expected = match (required(&parent, key), schema.get("default")) {
            (true, _) => "required".to_owned(),
            (false, None | Some(Json::Null)) => "none".to_owned(),
            (false, Some(default)) => default.to_string().replace(",", ", "),
        };
        assert_eq!(row, Some(&expected), "docs/config.md, section `{table}`, key `{key}`");
    });
    assert_eq!(documented.len(), keys, "docs/config.md documents keys that there are not");
}

/// Default of each key in docs/config.md, by table and key.
fn documented() -> BTreeMap<(String, String), String> {
    let text = include_str!("../../../../docs/config.md");
    let mut tables = vec![String::new()];
    let mut rows = BTreeMap::new();
    for line in text.lines() {
        if line.starts_with("### ") {
            tables =
                line.split('`').skip(1).step_by(2).map(|t| t.replace(['[', ']'], "")).collect();
        } else if line.starts_with("## ") {
            tables = if line == "## Top of the file" { vec![String::new()] } else { Vec::new() };
        }
        let cells: Vec<&str> = line.split(" | ").collect();
        let [key, _form, default, _meaning] = cells.as_slice() else { continue };
        let Some(key) = key.strip_prefix("| `") else { continue };
        for table in &tables {
            let cell = (table.clone(), key.trim_end_matches('`').to_owned());
            assert_eq!(rows.insert(cell, default.trim_matches('`').to_owned()), None, "{line}");
        }
    }
    rows
}

/// Whether a key is a table of named keys, which has a section of its own.
fn has_own_section(schema: &Json) -> bool {
    let schema = resolve(&SCHEMA, schema);
    let below = schema.get("items").or_else(|| schema.get("additionalProperties"));
    let options = schema.get("anyOf").and_then(Json::as_array);
    let some = |options: &Vec<Json>| options.len() == 2 && has_own_section(&options[0]);
    schema.get("properties").is_some()
        || below.is_some_and(has_own_section)
        || options.is_some_and(some)
}

/// The schemas of a table, by its documented name.
fn parent(table: &str) -> Vec<&'static Json> {
    let mut schemas = vec![&*SCHEMA];
    for name in table.split('.').filter(|name| !name.is_empty()) {
        let below = |schema: &'static Json| match name {
            "NAME" => schema.get("additionalProperties"),
            name => schema.get("properties").and_then(|known| known.get(name)),
        };
        schemas = schemas.into_iter().filter_map(below).flat_map(expand).collect();
    }
    schemas
}

/// A schema behind references, lists and alternatives.
fn expand(schema: &'static Json) -> Vec<&'static Json> {
    let schema = resolve(&SCHEMA, schema);
    let options = schema.get("anyOf").or_else(|| schema.get("oneOf")).and_then(Json::as_array);
    match (options, schema.get("items")) {
        (Some(options), _) => options.iter().flat_map(expand).collect(),
        (None, Some(items)) => expand(items),
        (None, None) => vec![schema],
    }
}

fn required(schemas: &[&Json], key: &str) -> bool {
    let lists = schemas.iter().filter_map(|schema| schema.get("required")?.as_array());
    lists.flatten().any(|name| name.as_str() == Some(key))
}

#[test]
fn files_are_marked_as_such() {
    let mut files = Vec::new();
    visit(&SCHEMA, &SCHEMA, "", &mut |table, key, schema| {
        if schema.get("format").and_then(Json::as_str) == Some("path") {
            files.push(format!("{table}.{key}"));
        }
    });
    files.sort();
    let expected = [
        "admin.token.file",
        "clusters.NAME.tls.ca",
        "clusters.NAME.tls.cert",
        "clusters.NAME.tls.key",
        "limits.NAME.store.password.file",
        "listeners.NAME.tls.certs[].cert",
        "listeners.NAME.tls.certs[].key",
        "listeners.NAME.tls.client_ca",
        "log.access.path",
        "state.dir",
        "waf.audit.path",
    ];
    assert_eq!(files, expected, "a new file name needs `format = \"path\"` and a line here");
}
