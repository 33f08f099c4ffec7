//! What was measured: a table for people, a file for programs.

use std::{fs, io::Write as _, path::Path};

use serde_json::{Value, json};

/// One measurement.
#[derive(Clone, Copy)]
pub struct Sample {
    /// Requests answered.
    pub requests: u64,
    /// CPU time of the proxy.
    pub cpu_seconds: f64,
    /// Time that passed.
    pub seconds: f64,
}

/// All measurements.
#[derive(Default)]
pub struct Report {
    rows: Vec<Row>,
    notes: Vec<String>,
}

/// A scenario through a contender.
struct Row {
    scenario: &'static str,
    contender: String,
    samples: Vec<Sample>,
}

impl Sample {
    fn cpu_us(&self) -> f64 {
        self.cpu_seconds * 1e6 / self.requests as f64
    }

    fn per_second(&self) -> f64 {
        self.requests as f64 / self.seconds
    }
}

impl Report {
    /// Takes down something that the reader has to know.
    pub fn note(&mut self, text: &str) {
        self.notes.push(text.to_owned());
    }

    /// Takes down a measurement.
    pub fn add(&mut self, scenario: &'static str, contender: &str, sample: Sample) {
        let same = |row: &&mut Row| row.scenario == scenario && row.contender == contender;
        match self.rows.iter_mut().find(same) {
            Some(row) => row.samples.push(sample),
            None => {
                let (contender, samples) = (contender.to_owned(), vec![sample]);
                self.rows.push(Row { scenario, contender, samples });
            }
        }
    }

    /// Prints the table, and writes `bench/request_path.json` beside `tmp`, which is cargo's folder for such things.
    pub fn finish(mut self, tmp: &Path) -> anyhow::Result<()> {
        self.note_load();
        let dir = tmp.with_file_name("bench");
        fs::create_dir_all(&dir)?;
        let path = dir.join("request_path.json");
        fs::write(&path, format!("{:#}\n", self.json()))?;
        let mut out = std::io::stdout().lock();
        write!(out, "{}", self.table())?;
        writeln!(out, "\nalso in {}", path.display())?;
        Ok(())
    }

    fn table(&self) -> String {
        let mut text = format!(
            "\n| {:30} | {:20} | {:>9} | {:>11} | {:>9} | {:>6} | {:>9} |\n|{:-<32}|{:-<22}|{:->11}|{:->13}|{:->11}|{:->8}|{:->11}|\n",
            "scenario",
            "proxy",
            "us CPU/rq",
            "rq/CPU s",
            "rq/s",
            "spread",
            "ratio",
            "",
            "",
            ":",
            ":",
            ":",
            ":",
            ":"
        );
        for row in &self.rows {
            let us = row.median(Sample::cpu_us);
            let ratio = self.ratio(row).map_or_else(String::new, |ratio| format!("{ratio:.2}"));
            text.push_str(&format!(
                "| {:30} | {:20} | {us:9.1} | {:11.0} | {:9.0} | {:5.0}% | {ratio:>9} |\n",
                row.scenario,
                tail(&row.contender, 20),
                1e6 / us,
                row.median(Sample::per_second),
                row.spread() * 100.0,
            ));
        }
        text.push_str("\nus CPU/rq: CPU time of the proxy per request, median of the rounds; spread: largest over smallest round\n");
        text.push_str(
            "ratio: CPU time over that of the last proxy of the scenario; below 1 is cheaper\n",
        );
        for note in &self.notes {
            text.push_str(&format!("note: {note}\n"));
        }
        text
    }

    fn json(&self) -> Value {
        let rows = self.rows.iter().map(|row| {
            json!({
                "scenario": row.scenario,
                "proxy": row.contender,
                "cpu_us_per_request": row.median(Sample::cpu_us),
                "requests_per_cpu_second": 1e6 / row.median(Sample::cpu_us),
                "requests_per_second": row.median(Sample::per_second),
                "cpu_us_rounds": row.samples.iter().map(Sample::cpu_us).collect::<Vec<_>>(),
                "ratio": self.ratio(row),
            })
        });
        json!({ "rows": rows.collect::<Vec<_>>(), "notes": self.notes })
    }

    /// Of a row to the last contender's, where that is another.
    fn ratio(&self, row: &Row) -> Option<f64> {
        let last = self.rows.iter().rfind(|other| other.scenario == row.scenario)?;
        let other = last.contender != row.contender;
        other.then(|| row.median(Sample::cpu_us) / last.median(Sample::cpu_us))
    }

    /// Whoever shares the cores shares the caches.
    fn note_load(&mut self) {
        let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let load = load.split_whitespace().take(1).collect::<String>();
        self.note(&format!("load average at the end {load}; the bench itself makes about 2"));
    }
}

impl Row {
    fn median(&self, of: impl Fn(&Sample) -> f64) -> f64 {
        let mut values: Vec<f64> = self.samples.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
    }

    fn spread(&self) -> f64 {
        let values = || self.samples.iter().map(Sample::cpu_us);
        values().fold(0.0, f64::max) / values().fold(f64::INFINITY, f64::min) - 1.0
    }
}

/// The last `len` characters: of a path, those that tell.
fn tail(text: &str, len: usize) -> &str {
    let skip = text.chars().count().saturating_sub(len);
    text.char_indices().nth(skip).map_or("", |(at, _)| &text[at..])
}
