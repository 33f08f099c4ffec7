//! What the process says about itself: metrics and the access log.
//!
//! The hot path only adds to counters of its own worker and appends to a buffer of its own worker. Sums, text and disk are
//! the control thread's and the log writer's affair.

pub mod access_log;
pub mod access_record;
mod exposition;
mod family;
pub(crate) mod json;
pub mod logging;
pub mod metrics;
pub mod metrics_data;
pub mod process;
pub mod shards;
mod timestamp;

pub use access_log::AccessLog;
pub use access_record::Record;
pub use metrics::{CodeClass, Metrics, RequestLabels, RequestMetrics};
pub use shards::{Counter, Gauge, Histogram, Level, OneHot};
