//! The JSON Schema of the configuration, and the check of a document against it.
//!
//! The schema is generated from [`Config`], so there is no second list of keys to keep. The walk knows the part of JSON
//! Schema 2020-12 that schemars emits and nothing about foxtrot; it reports every departure at once. What one key means
//! for another is not its concern: see [`super::check`].

mod keys;
pub(crate) mod suggest;
mod value;
mod walk;

use std::sync::LazyLock;

use serde_json::Value as Json;

use super::{
    Config,
    diagnostic::Problem,
    document::{Document, KeyPath, Segment},
};

/// The schema that editors and `foxtrot check` use: JSON Schema 2020-12, generated from [`Config`].
pub fn json_schema() -> Json {
    SCHEMA.clone()
}

/// What the walk through a document found.
#[derive(Debug, Default)]
pub(super) struct Walked {
    /// Everything that departs from the schema.
    pub(super) problems: Vec<Problem>,
    /// Where the document names files (`format = "path"`).
    pub(super) files: Vec<KeyPath>,
}

/// Compares a document with the schema.
pub(super) fn walk(document: &Document) -> Walked {
    walk::walk(&SCHEMA, &document.root)
}

/// Reads a document that the walk found nothing in. What is left for serde to refuse is one problem.
pub(super) fn read(value: toml::Value) -> Result<Config, Problem> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().iter().filter_map(|segment| match segment {
            serde_path_to_error::Segment::Seq { index } => Some(Segment::from(*index)),
            serde_path_to_error::Segment::Map { key } => Some(Segment::from(key)),
            _ => None,
        });
        let path = path.collect();
        Problem::at(path, error.into_inner().to_string().trim().to_owned())
    })
}

static SCHEMA: LazyLock<Json> = LazyLock::new(|| {
    Json::from(schemars::SchemaGenerator::default().into_root_schema_for::<Config>())
});

#[cfg(test)]
mod tests;
