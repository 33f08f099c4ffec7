//! Whether a key has room: token buckets and counts in a table of fixed size. Which limits a request meets, and what becomes
//! of it, is [`crate::limit`]'s.
//!
//! Everything here is a function of its arguments and of the words in the table: the time is told, as nanoseconds on a
//! clock of the caller's that has never stood at zero.

pub mod bucket;
pub mod count;
pub mod key;
pub mod table;

pub use bucket::{Bucket, Full, Span};
pub use key::{Facts, Key};
pub use table::{Meaning, Place, Reuse, Table};
