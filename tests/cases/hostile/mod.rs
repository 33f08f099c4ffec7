//! docs/threat-model.md over the wire: each of its rows is a row of data here, with the outcome that the page states.
//!
//! All rows of a class meet the same process, which must serve a good request when they are over.

mod config;
mod config_data;
mod document;
mod h1;
mod h1_fields_data;
mod h1_framing_data;
mod h2;
mod h2_data;
mod tls;
mod upstream;
mod upstream_data;

use std::{future::Future, time::Duration};

/// A row as the page has it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Listed {
    id: &'static str,
    class: &'static str,
    input: &'static str,
    outcome: String,
}

/// What was not as it should be, over all rows of a class: one failing row does not hide the next.
#[derive(Default)]
struct Findings(Vec<String>);

impl Findings {
    fn add(&mut self, id: &str, input: &str, result: Result<(), String>) {
        if let Err(found) = result {
            self.0.push(format!("{id} ({input}): {found}"));
        }
    }

    fn none(self) {
        assert!(self.0.is_empty(), "{} rows failed:\n{}", self.0.len(), self.0.join("\n"));
    }
}

/// `Err` with this text unless the condition holds.
fn ensure(condition: bool, found: impl FnOnce() -> String) -> Result<(), String> {
    if condition { Ok(()) } else { Err(found()) }
}

/// A row that hangs is a finding like others, and not the end of the test.
async fn in_time(row: impl Future<Output = Result<(), String>>) -> Result<(), String> {
    let hung = |_| Err("no outcome within five seconds".into());
    tokio::time::timeout(Duration::from_secs(5), row).await.unwrap_or_else(hung)
}
