//! The language of the end-to-end tests: an origin, a proxy, a client and assertions, in about five lines per test.
//!
//! Every wait has a deadline ([`wait::DEADLINE`]) and says what it waited for. Nothing here sleeps to let something happen:
//! what cannot be awaited is polled by [`wait::eventually`] alone. Ports are 0 and addresses are loopback.
//!
//! It deliberately knows nothing of the proxy's code: only its binary, its configuration file and its wire.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "this crate is test code: it fails by panicking and measures real time"
)]

pub mod body;
pub mod certs;
pub mod chart;
pub mod client;
pub mod config;
pub mod metrics;
pub mod origin;
pub mod proxy;
pub mod redis;
pub mod wait;

pub use bytes::Bytes;
pub use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Version};
pub use serde_json::{Value, json};
pub use std::time::{Duration, Instant};

pub use body::{Body, BodySender};
pub use certs::{Ca, Identity};
pub use chart::Chart;
pub use client::{
    Client, Reply,
    h2_frames::{Frame, H2, Outcome},
    raw::{Raw, RawReply},
    tls::Tls,
};
pub use config::{Config, Url};
pub use metrics::Metrics;
pub use origin::{
    Origin, Seen,
    raw::{Conn, RawOrigin},
};
pub use proxy::{Exit, Proxy, check};
pub use redis::Redis;
pub use wait::{DEADLINE, eventually, within};

#[cfg(test)]
mod tests;
