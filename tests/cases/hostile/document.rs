//! Holds docs/threat-model.md and the rows together, in both directions.

use std::{collections::BTreeSet, fs, path::Path};

use super::{Listed, config_data, h1, h2_data, tls, upstream_data};

#[test]
fn the_threat_model_lists_every_row_and_no_other() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/threat-model.md");
    let page = fs::read_to_string(page).unwrap();
    let listed: BTreeSet<String> =
        page.lines().filter(|line| is_row(line)).map(Into::into).collect();
    let tested: BTreeSet<String> = rows().iter().map(line).collect();
    let missing: Vec<_> = tested.difference(&listed).cloned().collect();
    let unknown: Vec<_> = listed.difference(&tested).cloned().collect();
    assert!(
        missing.is_empty() && unknown.is_empty(),
        "docs/threat-model.md lacks\n{}\nand has, without a test,\n{}",
        missing.join("\n"),
        unknown.join("\n")
    );
}

#[test]
fn ids_are_unique_and_there_are_enough() {
    let rows = rows();
    let ids: BTreeSet<_> = rows.iter().map(|row| row.id).collect();
    assert_eq!(ids.len(), rows.len());
    assert!(rows.len() >= 80, "{}", rows.len());
}

fn rows() -> Vec<Listed> {
    [h1::listed(), h2_data::listed(), tls::listed(), upstream_data::listed(), config_data::listed()]
        .concat()
}

/// A row begins with its id in backticks.
fn is_row(line: &str) -> bool {
    line.starts_with("| `")
}

fn line(row: &Listed) -> String {
    format!("| `{}` | {} | {} | {} |", row.id, row.class, row.input, row.outcome)
}
