//! The report for programs.

use serde_json::{Map, Value, json};

use super::{FIGURES, Report, Row, Table};

/// All of a run; keys are only ever added.
pub fn json(report: &Report) -> Value {
    let contenders =
        report.contenders.iter().map(|(name, version)| json!({ "name": name, "version": version }));
    json!({
        "schema": 1,
        "machine": report.machine,
        "commit": report.commit,
        "crs": report.crs,
        "contenders": contenders.collect::<Vec<_>>(),
        "missing": report.missing,
        "rounds": report.rounds,
        "seconds": report.length.as_secs_f64(),
        "scenarios": report.tables.iter().map(scenario).collect::<Vec<_>>(),
    })
}

fn scenario(table: &Table) -> Value {
    json!({
        "name": table.scenario.name,
        "title": table.scenario.title,
        "bar": table.scenario.bar,
        "rows": table.rows.iter().map(|one| row(table, one)).collect::<Vec<_>>(),
        "absent": table.absent,
    })
}

fn row(table: &Table, row: &Row) -> Value {
    let figures = FIGURES.iter().map(|figure| (figure.key.to_owned(), json!(row.median(figure))));
    let ratios =
        FIGURES.iter().map(|figure| (figure.key.to_owned(), json!(table.ratio(row, figure))));
    json!({
        "contender": row.contender,
        "peer": row.is_peer,
        "errors": row.errors(),
        "median": figures.collect::<Map<_, _>>(),
        "ratio_to_best_peer": ratios.collect::<Map<_, _>>(),
        "rounds": row.samples,
    })
}
