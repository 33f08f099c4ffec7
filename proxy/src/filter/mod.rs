//! What is looked at and changed on the way of a request before it is forwarded, one filter per file. Their order is
//! `http::handle`'s affair.
//!
//! Filters are pure: the time, chance and facts that they need are arguments.

pub mod client_ip;
pub mod cookie;
pub mod forwarded;
pub mod header_edits;
pub mod hop_by_hop;
pub mod ip_set;
pub mod live_lists;
pub mod rate_limit;
pub mod request_id;
pub mod shed;
pub mod trace_context;

pub use client_ip::Client;
pub use forwarded::{ClientFacts, Identity, Ids};
pub use header_edits::HeaderEdits;
pub use ip_set::IpSet;
