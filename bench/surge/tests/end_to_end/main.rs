//! surge against servers in the same process: rates, latencies, failures, protocols, exit codes.
#![allow(clippy::unwrap_used, clippy::panic, reason = "test code fails by panicking")]

mod command;
mod drill;
mod failures;
mod floods;
mod loads;
mod origin;
mod protocols;
mod slow;

use std::{
    path::Path,
    sync::{Arc, atomic::AtomicBool},
};

use surge::{report::Report, run, scenario::load, stage::Stage};

/// Runs a scenario; `{}` in it stands for the target.
fn run(text: &str, origin: &origin::Origin) -> Report {
    run_at(text, &format!("http://{}", origin.address))
}

fn run_at(text: &str, target: &str) -> Report {
    let text = format!("schema = 1\n{}", text.replace("{}", target));
    let loaded = load::from_text("test.toml", &text, Path::new(""));
    let scenario = loaded.unwrap_or_else(|report| panic!("{report}")).scenario;
    let report =
        run::run(scenario, &Stage::default(), &Arc::new(AtomicBool::new(false)), |_| {}).unwrap();
    // Nothing is ever dropped without a word.
    for class in report.classes.iter().filter(|class| !class.slow) {
        let summary = &class.summary;
        assert_eq!(summary.requests, summary.answered + summary.failed, "{}", class.name);
    }
    report
}
