//! The `compare` command: foxtrot beside other proxies, one machine, the same load, the same origin.
//!
//! Scenarios are data ([`scenario`]), proxies are configurations ([`contender`]), a measurement is [`measure`], and [`report`]
//! prints what came of it. [`run`] puts them together.

mod arguments;
mod contender;
mod launch;
mod load;
mod measure;
mod origin;
mod proc;
mod process;
mod report;
mod run;
mod scenario;
mod template;

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use arguments::{Arguments, Role};
use clap::Parser as _;
use scenario::SCENARIOS;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Something did not work, or gave wrong answers.
const FAILED: u8 = 1;
/// The command line cannot be used.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let sound = match &arguments.role {
        Some(Role::Origin(ports)) => origin::serve(*ports).map(|()| true).map_err(Into::into),
        Some(Role::Launch(launch)) => Err(launch::become_program(launch).into()),
        None if arguments.list => list().map(|()| true).map_err(Into::into),
        None => match scenario::named(&arguments.only) {
            Ok(scenarios) => run::run(&arguments, &scenarios),
            Err(message) => return say(USAGE, &message),
        },
    };
    match sound {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(FAILED),
        Err(error) => say(FAILED, &format!("{error:#}")),
    }
}

fn list() -> io::Result<()> {
    let mut out = io::stdout().lock();
    SCENARIOS.iter().try_for_each(|one| writeln!(out, "{:16} {}", one.name, one.title))
}

fn say(code: u8, message: &str) -> ExitCode {
    // If standard error is closed there is nobody to tell.
    let _ = writeln!(io::stderr().lock(), "compare: {message}");
    ExitCode::from(code)
}
