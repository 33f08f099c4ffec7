//! The command line.

use std::{path::PathBuf, time::Duration};

use clap::{Parser, Subcommand};

use crate::{launch::Launch, origin::Ports};

/// Measures foxtrot beside the other proxies that are installed, each with its best settings.
///
/// Prints tables in Markdown and writes JSON. Exit codes: 0 all was measured; 1 a contender did not start or gave wrong
/// answers, or nothing was measured; 2 the command line cannot be used.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, args_conflicts_with_subcommands = true)]
pub struct Arguments {
    /// What this process is, if not the one that measures.
    #[command(subcommand)]
    pub role: Option<Role>,
    /// The foxtrot binary [default: beside this one].
    #[arg(long, value_name = "PATH")]
    pub foxtrot: Option<PathBuf>,
    /// A copy of the OWASP CRS: the folder with crs-setup.conf.example and rules/.
    #[arg(long, value_name = "DIR")]
    pub crs: Option<PathBuf>,
    /// Scenarios by name [default: all].
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    pub only: Vec<String>,
    /// Contenders by name, such as foxtrot,nginx [default: all that are installed].
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    pub contenders: Vec<String>,
    /// How often each contender is measured in each scenario.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub rounds: u32,
    /// How long each time.
    #[arg(long, default_value = "4", value_parser = seconds)]
    pub seconds: Duration,
    /// Folder for the JSON file.
    #[arg(long, value_name = "DIR", default_value = "bench/compare/results")]
    pub results: PathBuf,
    /// Show the scenarios and end.
    #[arg(long)]
    pub list: bool,
}

/// Processes that the one that measures starts.
#[derive(Debug, Subcommand)]
pub enum Role {
    /// The origin.
    #[command(hide = true)]
    Origin(Ports),
    /// Becomes another program, on a core.
    #[command(hide = true)]
    Launch(Launch),
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse::<f64>().ok().filter(|seconds| (0.1..=600.0).contains(seconds));
    seconds.map(Duration::from_secs_f64).ok_or_else(|| "expected 0.1 to 600 seconds".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
        let arguments = Arguments::try_parse_from([
            "compare",
            "--only",
            "waf-get,waf-form",
            "--seconds",
            "0.5",
        ])
        .unwrap();
        assert_eq!(arguments.only, ["waf-get", "waf-form"]);
        assert_eq!(arguments.seconds, Duration::from_millis(500));
        assert!(Arguments::try_parse_from(["compare", "--seconds", "0"]).is_err());
    }
}
