//! Standard output: JSON as it came, or text and tables for people.

use std::{
    fmt::Display,
    io::{self, BufWriter, StdoutLock, Write},
};

use foxtrot_api::stamp;

/// Standard output.
pub(crate) struct Output {
    stdout: BufWriter<StdoutLock<'static>>,
    /// Whether answers are printed as they came.
    pub(crate) json: bool,
}

/// Rows under headings, aligned.
#[derive(Debug)]
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Output {
    /// Standard output, for programs or for people.
    pub(crate) fn new(json: bool) -> Self {
        Self { stdout: BufWriter::new(io::stdout().lock()), json }
    }

    /// Prints a line.
    pub(crate) fn line(&mut self, line: impl Display) -> io::Result<()> {
        writeln!(self.stdout, "{line}")
    }

    /// Prints bytes that end in a line end, or are given one.
    pub(crate) fn text(&mut self, text: &[u8]) -> io::Result<()> {
        self.stdout.write_all(text)?;
        if text.ends_with(b"\n") || text.is_empty() { Ok(()) } else { self.line("") }
    }

    /// Prints a table.
    pub(crate) fn table(&mut self, table: &Table) -> io::Result<()> {
        self.text(table.to_string().as_bytes())
    }

    /// Hands everything to the reader. What is left undone when this is dropped is lost in silence.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.stdout.flush()
    }
}

impl Table {
    /// A table with these headings.
    pub(crate) fn new<const N: usize>(headings: [&str; N]) -> Self {
        Self { rows: vec![headings.map(str::to_uppercase).into()] }
    }

    /// Adds a row.
    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.into());
    }
}

impl Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        for row in &self.rows {
            let cells = row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:width$}"));
            writeln!(f, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
        }
        Ok(())
    }
}

/// A time in UTC, from milliseconds since 1970-01-01T00:00:00Z.
pub(crate) fn time(ms: u64) -> String {
    let s = ms / 1000;
    let (hour, minute, second) = (s / 3600 % 24, s / 60 % 60, s % 60);
    format!("{} {hour:02}:{minute:02}:{second:02}Z", date(i64::try_from(s).unwrap_or(i64::MAX)))
}

/// A date in UTC, from seconds since 1970-01-01T00:00:00Z.
pub(crate) fn date(s: i64) -> String {
    let (year, month, day) = stamp::date(s.div_euclid(86_400));
    format!("{year:04}-{month:02}-{day:02}")
}

/// A span of time in its two largest units.
pub(crate) fn span(s: u64) -> String {
    match s {
        0..60 => format!("{s}s"),
        60..3_600 => format!("{}m {}s", s / 60, s % 60),
        3_600..86_400 => format!("{}h {}m", s / 3_600, s / 60 % 60),
        _ => format!("{}d {}h", s / 86_400, s / 3_600 % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_lines_do_not_end_in_blanks() {
        let mut table = Table::new(["name", "state"]);
        table.row(["a".into(), "ok".into()]);
        table.row(["länger".into(), String::new()]);
        assert_eq!(table.to_string(), "NAME    STATE\na       ok\nlänger\n");
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (s, expected) in [
            (0, "1970-01-01"),
            (-1, "1969-12-31"),
            (951_782_400, "2000-02-29"),
            (4_107_542_400, "2100-03-01"),
            (1_795_457_789, "2026-11-23"),
            (67_090_118_400, "4096-01-01"),
        ] {
            assert_eq!(date(s), expected);
        }
        assert_eq!(time(1_795_457_789_999), "2026-11-23 18:16:29Z");
    }

    #[test]
    fn spans_have_two_units() {
        for (s, text) in [(59, "59s"), (61, "1m 1s"), (7_260, "2h 1m"), (90_000, "1d 1h")] {
            assert_eq!(span(s), text);
        }
    }
}
