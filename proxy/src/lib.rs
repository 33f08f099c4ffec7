//! foxtrot: an edge data-plane proxy.
//!
//! [`http::handle`](crate::http) is the path of a request; `docs/architecture.md` is the map of the rest.

pub mod admin;
pub mod clock;
pub mod config;
pub mod error;
pub mod listener;
pub mod snapshot;
pub mod upstream;
pub mod wire;
pub mod worker;
