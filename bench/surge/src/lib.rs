//! A load generator for HTTP that keeps its schedule whatever the server does.
//!
//! A [`scenario`] says who sends what and when; [`stage`] puts up what it needs around it; [`run`] carries it out; [`report`] is what came of it, and its
//! [`assertion`]s say whether that is good enough. `surge` the command is a thin shell around these.

pub mod assertion;
mod chance;
pub mod client;
pub mod clock;
pub mod live;
pub mod mix;
pub mod record;
pub mod report;
pub mod run;
pub mod scenario;
pub mod schedule;
pub mod stage;
