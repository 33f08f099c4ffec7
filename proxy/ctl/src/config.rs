//! `foxctl config`: the configuration in force, its history, and how to change it.

use std::{
    fmt::Write as _,
    io::{self, Write as _},
    process::ExitCode,
};

use clap::Subcommand;
use foxtrot_api::{ConfigDiff, ConfigText, Generation, LocatedError, ReloadOutcome, ReloadResult};

use crate::{
    client::{Admin, Answer},
    failure::{FINDING, Failure},
    output::{self, Output, Table},
};

/// What to do with the configuration.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print the configuration in force, includes and inheritance resolved.
    Show,
    /// List the generations that are kept.
    History,
    /// Print what changed between two generations; by default between the one in force and the one before it.
    Diff {
        /// The older generation.
        from: Option<u64>,
        /// The newer generation.
        to: Option<u64>,
    },
    /// Put an earlier generation in force again. It lasts until the next reload, which reads the file.
    Rollback {
        /// The generation to go back to.
        generation: u64,
    },
    /// Load the configuration file now. Exits 1 and prints the errors when it is refused.
    Reload,
}

/// Does it.
pub(crate) async fn run(
    command: Command,
    admin: &Admin,
    out: &mut Output,
) -> Result<ExitCode, Failure> {
    match command {
        Command::Show => {
            let answer = admin.get::<ConfigText>("/config").await?;
            show(out, &answer, |out, config| out.text(config.text.as_bytes()))
        }
        Command::History => {
            let answer = admin.get::<Vec<Generation>>("/config/history").await?;
            show(out, &answer, |out, entries| out.table(&history(entries)))
        }
        Command::Diff { from, to } => {
            let answer = admin.get::<ConfigDiff>(&diff_path(from, to)).await?;
            show(out, &answer, |out, diff| out.text(diff.diff.as_bytes()))
        }
        Command::Rollback { generation } => {
            let path = format!("/config/rollback?generation={generation}");
            loaded(out, &admin.post(&path).await?)
        }
        Command::Reload => loaded(out, &admin.post("/reload").await?),
    }
}

/// An error as a compiler prints it.
pub(crate) fn located(error: &LocatedError) -> String {
    let mut text = format!("error: {}\n", error.message);
    let path = if error.path.is_empty() { String::new() } else { format!(" ({})", error.path) };
    // Writing to a string cannot fail.
    if !error.file.is_empty() {
        let (file, line, column) = (&error.file, error.line, error.column);
        let _ = writeln!(text, "  --> {file}:{line}:{column}{path}");
    } else if !path.is_empty() {
        let _ = writeln!(text, "  -->{path}");
    }
    if let Some(help) = &error.help {
        let _ = writeln!(text, "  = help: {help}");
    }
    text
}

fn show<T>(
    out: &mut Output,
    answer: &Answer<T>,
    print: impl FnOnce(&mut Output, &T) -> io::Result<()>,
) -> Result<ExitCode, Failure> {
    if out.json {
        out.text(&answer.body)?
    } else {
        print(out, &answer.value)?
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn history(entries: &[Generation]) -> Table {
    let mut table = Table::new(["generation", "loaded", "cause", "hash"]);
    for entry in entries {
        table.row([
            entry.generation.to_string(),
            output::time(entry.loaded_at),
            entry.cause.to_string(),
            entry.hash.clone(),
        ]);
    }
    table
}

fn diff_path(from: Option<u64>, to: Option<u64>) -> String {
    let from = from.map(|from| format!("from={from}"));
    let to = to.map(|to| format!("to={to}"));
    let query = [from, to].into_iter().flatten().collect::<Vec<_>>().join("&");
    if query.is_empty() { "/config/diff".to_owned() } else { format!("/config/diff?{query}") }
}

/// Prints what became of a load; errors go where errors go.
fn loaded(out: &mut Output, answer: &Answer<ReloadResult>) -> Result<ExitCode, Failure> {
    let ReloadResult { result, generation, errors } = &answer.value;
    let refused = *result == ReloadOutcome::Refused;
    if out.json {
        out.text(&answer.body)?;
    } else if refused {
        let mut err = io::stderr().lock();
        for error in errors {
            writeln!(err, "{}", located(error))?;
        }
        let count = match errors.len() {
            1 => "1 error".to_owned(),
            count => format!("{count} errors"),
        };
        writeln!(err, "refused, {count}: generation {generation} stays in force")?;
    } else {
        out.line(format_args!("{result}: generation {generation} is in force"))?;
    }
    out.flush()?;
    Ok(ExitCode::from(if refused { FINDING } else { 0 }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_where_it_was_written() {
        let mut error = LocatedError {
            file: "foxtrot.toml".into(),
            line: 3,
            column: 1,
            path: "listeners.web.lisen".into(),
            message: "unknown key `lisen`".into(),
            help: Some("did you mean `listen`?".into()),
        };
        assert_eq!(
            located(&error),
            "error: unknown key `lisen`\n  --> foxtrot.toml:3:1 (listeners.web.lisen)\n  = help: did you mean `listen`?\n"
        );
        error.file.clear();
        error.help = None;
        assert_eq!(located(&error), "error: unknown key `lisen`\n  --> (listeners.web.lisen)\n");
    }

    #[test]
    fn a_diff_names_only_what_was_given() {
        assert_eq!(diff_path(None, None), "/config/diff");
        assert_eq!(diff_path(Some(1), None), "/config/diff?from=1");
        assert_eq!(diff_path(Some(1), Some(2)), "/config/diff?from=1&to=2");
    }
}
