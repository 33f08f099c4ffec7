//! Why a command did not do what it was asked to, and the exit code that says so.

use std::{
    fmt,
    io::{self, Write},
    process::ExitCode,
};

/// Why a command did not do what it was asked to.
#[derive(Debug)]
pub(crate) enum Failure {
    /// What was asked makes no sense here.
    Usage(String),
    /// There is no server where it should be, or it does not answer.
    Unreachable(String),
    /// The server refused, or its answer makes no sense.
    Failed(String),
    /// Standard output failed.
    Output(io::Error),
}

/// A finding: the command did what it was asked to, and what it found is not well.
pub(crate) const FINDING: u8 = 1;

impl Failure {
    /// Says why, and gives the exit code.
    pub(crate) fn report(self, err: &mut impl Write) -> ExitCode {
        let (code, why) = match self {
            Self::Failed(why) => (1, why),
            Self::Usage(why) => (2, why),
            Self::Unreachable(why) => (3, why),
            // The reader has seen enough, as `head` does.
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                return ExitCode::SUCCESS;
            }
            Self::Output(error) => (1, format!("cannot write: {error}")),
        };
        // There is nowhere left to complain to.
        let _ = writeln!(err, "foxctl: {why}");
        ExitCode::from(code)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(why) | Self::Unreachable(why) | Self::Failed(why) => f.write_str(why),
            Self::Output(error) => write!(f, "cannot write: {error}"),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}
