//! Tables in Markdown: one for each scenario, and one of all.

use super::{FIGURES, Figure, Report, Row, Table, figure::CPU};

/// What holds for all tables.
pub fn head(report: &Report) -> String {
    let mut text = format!("{}; commit {}", report.machine.line(), report.commit);
    if let Some(version) = &report.crs {
        text += &format!("; CRS {version}");
    }
    text += &format!(".\n{} rounds of {} s each; ", report.rounds, report.length.as_secs_f64());
    text += "medians, in parentheses their ratio to the best peer's.\n\n";
    if cfg!(debug_assertions) {
        text += "**A debug build: it shows that this works, and no more.**\n\n";
    }
    for (name, version) in &report.contenders {
        text += &format!("- {name}: {version}\n");
    }
    for name in &report.missing {
        text += &format!("- {name}: not installed\n");
    }
    text
}

/// The table of a scenario.
pub fn table(table: &Table) -> String {
    let scenario = table.scenario;
    let mut text = format!("### {} (`{}`)\n\n", scenario.title, scenario.name);
    if !table.rows.is_empty() {
        let shown: Vec<&Figure> = FIGURES.iter().filter(|figure| shows(table, figure)).collect();
        let titles = shown.iter().map(|figure| figure.title.to_owned());
        text +=
            &line(["contender".to_owned()].into_iter().chain(titles).chain(["errors".to_owned()]));
        text += &rule(shown.len() + 1);
        for row in &table.rows {
            let cells = shown.iter().map(|figure| cell(table, row, figure));
            let errors = [errors(row)];
            text += &line([row.contender.to_owned()].into_iter().chain(cells).chain(errors));
        }
    }
    text += &notes(table);
    text
}

/// Processor time of all scenarios.
pub fn summary(report: &Report) -> String {
    let all = report.contenders.iter().map(|(name, _)| *name);
    let measured = |name: &&str| report.tables.iter().any(|table| table.row(name).is_some());
    let names: Vec<&str> = all.filter(measured).collect();
    let titles = names.iter().map(|name| (*name).to_owned());
    let ends = ["best peer / foxtrot".to_owned()];
    let mut text = "### CPU us per request\n\n".to_owned();
    text += &line(["scenario".to_owned()].into_iter().chain(titles).chain(ends));
    text += &rule(names.len() + 1);
    for table in &report.tables {
        let cell = |name: &&str| table.row(name).map(|row| number(row, &CPU)).unwrap_or_default();
        let ours = table.rows.iter().find(|row| !row.is_peer);
        let ratio = ours.and_then(|row| table.ratio(row, &CPU));
        let times = ratio.map(|ratio| format!("{:.2}", 1.0 / ratio)).unwrap_or_default();
        let first = [table.scenario.title.to_owned()];
        text += &line(first.into_iter().chain(names.iter().map(cell)).chain([times]));
    }
    text
}

/// Who is not in the table, what went wrong, and whether bars are met.
fn notes(table: &Table) -> String {
    let mut notes: Vec<String> = Vec::new();
    for row in &table.rows {
        if let Some(note) = bar(table, row) {
            notes.push(note);
        }
        if row.errors() > 0 {
            let cause = row.cause().unwrap_or("unknown");
            notes.push(format!(
                "**{} has {} errors**, the first: {cause}",
                row.contender,
                row.errors()
            ));
        }
    }
    for absent in &table.absent {
        let mark = if absent.failed { "**failed**: " } else { "" };
        notes.push(format!("{} is not in it: {mark}{}", absent.contender, absent.reason));
    }
    let list: String = notes.iter().map(|note| format!("- {note}\n")).collect();
    if list.is_empty() || table.rows.is_empty() { list } else { format!("\n{list}") }
}

/// Whether one of ours is below the scenario's bar, where there is a peer.
fn bar(table: &Table, row: &Row) -> Option<String> {
    let bar = table.scenario.bar.filter(|_| !row.is_peer)?;
    let times = 1.0 / table.ratio(row, &CPU)?;
    let met = if times >= bar { "met" } else { "**missed**" };
    let name = row.contender;
    Some(format!("{name}: 1/{times:.1} of the best peer's CPU, the bar is 1/{bar:.0}: {met}"))
}

/// Whether a figure says something here.
fn shows(table: &Table, figure: &Figure) -> bool {
    table.rows.iter().any(|row| row.median(figure).is_some())
}

fn cell(table: &Table, row: &Row, figure: &Figure) -> String {
    let number = number(row, figure);
    match table.ratio(row, figure) {
        Some(ratio) => format!("{number} ({ratio:.2})"),
        None => number,
    }
}

fn number(row: &Row, figure: &Figure) -> String {
    let digits = figure.digits;
    row.median(figure).map_or("-".to_owned(), |value| format!("{value:.digits$}"))
}

fn errors(row: &Row) -> String {
    match row.errors() {
        0 => "0".to_owned(),
        some => format!("**{some}**"),
    }
}

fn line(cells: impl Iterator<Item = String>) -> String {
    let cells: String = cells.map(|cell| format!(" {cell} |")).collect();
    format!("|{cells}\n")
}

/// A column on the left, and so many on the right.
fn rule(columns: usize) -> String {
    format!("|---|{}\n", "---:|".repeat(columns))
}
