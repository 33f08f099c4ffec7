//! What is counted: per class and phase for totals, per class and second for curves.
//!
//! Each thread has a [`Recorder`] of its own and hands a [`Second`] over when it is past; nothing is shared while requests run,
//! so nothing is locked. Told the time; reads no clock.

mod latency;
mod recorder;
mod tally;

pub use latency::Latency;
pub use recorder::{Answer, Moment, Recorder, Second, Slice};
pub use tally::{FAILURES, Failure, Flooded, Tally};

#[cfg(test)]
mod tests;
