//! foxtrot: an edge data-plane proxy.
//!
//! [`http::handle`] is the path of a request; `docs/architecture.md` is the map of the rest.

pub mod admin;
pub mod alarm;
pub mod clock;
pub mod config;
pub mod demo;
pub mod dns;
pub mod drain;
pub mod error;
pub mod event;
pub mod filter;
pub mod http;
pub mod key_error;
pub mod limit;
pub mod listener;
pub mod mirror;
pub mod observe;
pub mod overload;
pub mod rollout;
pub mod route;
pub mod runtime;
pub mod server;
pub mod snapshot;
pub mod tenant;
pub mod upstream;
pub mod waf;
pub mod wire;
pub mod worker;
