//! `foxctl waf test`: a regression suite against a WAF over the wire, judged by its answers and by its log.
//!
//! The suite is go-ftw's, and so is what passes; docs/waf-test.md says where this runner is of another mind. It knows nothing
//! of the WAF but its address and its log.

mod evidence;
mod exchange;
mod expect;
mod marker;
mod play;
mod report;
mod request;
mod response;
mod session;
mod source;
mod suite;
mod tail;
mod target;
mod template;
mod written;

use std::{num::NonZeroUsize, path::PathBuf, process::ExitCode};

use regex::Regex;

use crate::{
    client::Address,
    clock,
    failure::{FINDING, Failure},
    output::Output,
};

use evidence::LogFormat;
use marker::Lost;
use play::{Player, Seen};
use report::{Report, Verdict};
use suite::{Overrides, Selection, Suite, Test};

/// What to test, and against what.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Folder of the tests: all .yaml and .yml files below it.
    #[arg(long, value_name = "DIR")]
    suite: PathBuf,
    /// URL of the WAF. All requests go there, whatever address a test names.
    #[arg(long, value_name = "URL")]
    target: Address,
    /// Log of the WAF. Without it statuses have to tell: 403 for what should be found, 200, 404 or 405 for what should not.
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// What the log is written in; by default found out.
    #[arg(long, value_enum, value_name = "FORMAT", requires = "log")]
    log_format: Option<LogFormat>,
    /// File that says what this platform does otherwise. Of several for one test the last holds.
    #[arg(long, value_name = "FILE")]
    overrides: Vec<PathBuf>,
    /// Run only tests whose id, such as 942100-5, matches. Wins over --exclude.
    #[arg(long, value_name = "REGEX", allow_hyphen_values = true)]
    include: Option<Regex>,
    /// Do not run tests whose id matches.
    #[arg(long, value_name = "REGEX", allow_hyphen_values = true)]
    exclude: Option<Regex>,
    /// Tests under way at a time. More than one needs a target on this machine and a log that names clients' addresses.
    #[arg(long, value_name = "N", default_value = "1")]
    jobs: NonZeroUsize,
    /// Print what was sent and seen of each test that fails.
    #[arg(long)]
    show_failures: bool,
}

/// Runs the suite and prints what came of it; a finding where a test fails.
pub(crate) async fn run(args: Args, out: &mut Output) -> Result<ExitCode, Failure> {
    let (suite, unused_overrides) = load(&args)?;
    let selection = Selection { include: args.include, exclude: args.exclude };
    let chosen = suite.choose(&selection);
    if chosen.is_empty() {
        return Err(Failure::Usage("no test is left to run".to_owned()));
    }
    let jobs = args.jobs.get();
    let server = target::resolve(&args.target).await?;
    let log = match &args.log {
        Some(path) => target::open_log(server, path, args.log_format, jobs).await?,
        None => target::reach(server).await?,
    };
    let begun = clock::now();
    let mut player = Player { server, log, jobs };
    let verdicts = judge_all(&mut player, &suite, &chosen)
        .await
        .map_err(|lost| Failure::Failed(format!("the run cannot be finished: {lost}")))?;
    let report = Report::new(&suite, &verdicts, unused_overrides, clock::now() - begun);
    match (out.json, args.show_failures) {
        (true, _) => report.print_json(out)?,
        (false, details) => report.print(out, details)?,
    }
    out.flush()?;
    Ok(ExitCode::from(if report.failed() == 0 { 0 } else { FINDING }))
}

/// The suite with its overrides, and those overrides that are of no test.
fn load(args: &Args) -> Result<(Suite, Vec<String>), Failure> {
    let mut errors = Vec::new();
    let mut overrides = Overrides::default();
    for path in &args.overrides {
        errors.extend(overrides.load(path).err().unwrap_or_default());
    }
    let suite = Suite::load(&args.suite);
    match suite {
        Ok(mut suite) if errors.is_empty() => {
            let unused = suite.apply(&overrides);
            Ok((suite, unused))
        }
        suite => {
            errors.extend(suite.err().unwrap_or_default());
            Err(Failure::Usage(format!("the suite cannot be read:\n{}", errors.join("\n"))))
        }
    }
}

/// Plays tests and judges them; once more those that are to be tried again.
async fn judge_all(
    player: &mut Player,
    suite: &Suite,
    chosen: &[usize],
) -> Result<Vec<Verdict>, Lost> {
    let tests =
        |of: &[usize]| -> Vec<&Test> { of.iter().filter_map(|&at| suite.tests.get(at)).collect() };
    let seen = player.play(&tests(chosen)).await?;
    let mut verdicts = judge(chosen, &tests(chosen), seen);
    let again: Vec<usize> =
        verdicts.iter().filter(|it| it.is_to_retry(suite)).map(|it| it.test).collect();
    if !again.is_empty() {
        let seen = player.play(&tests(&again)).await?;
        for verdict in judge(&again, &tests(&again), seen) {
            if let Some(before) = verdicts.iter_mut().find(|it| it.test == verdict.test) {
                *before = verdict;
            }
        }
    }
    Ok(verdicts)
}

fn judge(chosen: &[usize], tests: &[&Test], seen: Vec<Vec<Seen>>) -> Vec<Verdict> {
    let judged = chosen.iter().zip(tests).zip(seen);
    judged.map(|((&at, test), seen)| Verdict::new(at, test, seen)).collect()
}
