//! The `foxtrot` command: `run`, `check`, `demo`.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use clap::{Parser, Subcommand};
use foxtrot::{
    config::{self, LogFormat, diagnostic::Report},
    demo,
    observe::logging,
    server::Server,
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// An edge data-plane proxy: blue/green splitting, mirroring, hot reload.
#[derive(Debug, Parser)]
#[command(version, about, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve a configuration until SIGTERM. Writes one line of JSON to standard output once it serves.
    Run {
        /// Configuration file (TOML).
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Say all that is wrong with a configuration, without serving it.
    Check {
        /// Configuration file (TOML).
        #[arg(long, value_name = "FILE", required_unless_present = "schema")]
        config: Option<PathBuf>,
        /// Print the errors as JSON.
        #[arg(long)]
        json: bool,
        /// Print the JSON Schema of configuration files instead, for editors.
        #[arg(long, conflicts_with_all = ["config", "json"])]
        schema: bool,
    },
    /// Serve a demonstration: two origins in this process, the proxy on 127.0.0.1:8080, admin on 127.0.0.1:9901.
    Demo,
}

/// Exit status for a command line or a configuration that cannot be used.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    match Arguments::parse().command {
        Command::Run { config } => run(&config),
        Command::Check { schema: true, .. } => {
            print(&format!("{:#}", config::schema::json_schema()))
        }
        Command::Check { config, json, .. } => check(&config.unwrap_or_default(), json),
        Command::Demo => demo(),
    }
}

fn run(path: &Path) -> ExitCode {
    // Read once for what has to be known before anything else, and to tell a bad file from a bad machine.
    let config = match loaded(path) {
        Ok(config) => config,
        Err(report) => return refused(&report),
    };
    logging::start(config.log.format);
    serve(async || {
        let server = Server::start(path.to_path_buf()).await?;
        server.announce()?;
        server.run().await;
        Ok(())
    })
}

fn check(path: &Path, json: bool) -> ExitCode {
    let report = match foxtrot::snapshot::compile::check(path) {
        Ok(()) if json => return print("[]"),
        Ok(()) => return print(&format!("{}: ok", path.display())),
        Err(report) => report,
    };
    if json {
        // Entries are plain strings and numbers.
        let entries = serde_json::to_string_pretty(&report.entries()).unwrap_or_default();
        print(&entries);
        return ExitCode::from(USAGE);
    }
    refused(&report)
}

fn demo() -> ExitCode {
    logging::start(LogFormat::Text);
    serve(demo::run)
}

fn loaded(path: &Path) -> Result<config::Config, Report> {
    let loaded = config::load::load(path)?;
    let problems = config::check::check(&loaded.config);
    if problems.is_empty() { Ok(loaded.config) } else { Err(loaded.locate(problems)) }
}

/// Runs the control thread, which is this one, with one helper for what blocks: configurations are read, compiled and freed
/// there, so that the memory of each goes back to the heap that it came from.
fn serve(main: impl AsyncFnOnce() -> anyhow::Result<()>) -> ExitCode {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().max_blocking_threads(1).thread_keep_alive(A_DAY).thread_name("loader");
    let runtime = match runtime.build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.into()),
    };
    match runtime.block_on(main()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

/// The helper stays, whether it has work or not.
const A_DAY: Duration = Duration::from_secs(86_400);

fn print(text: &str) -> ExitCode {
    match writeln!(std::io::stdout().lock(), "{text}") {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn refused(report: &Report) -> ExitCode {
    // If standard error is closed there is nobody to tell.
    let _ = writeln!(std::io::stderr().lock(), "{report}");
    ExitCode::from(USAGE)
}

fn failed(error: &anyhow::Error) -> ExitCode {
    let _ = writeln!(std::io::stderr().lock(), "foxtrot: {error:#}");
    ExitCode::FAILURE
}
