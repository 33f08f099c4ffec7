//! End-to-end cases: the real binary between real sockets. A module per feature, about five lines per case.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::large_futures,
    clippy::print_stdout,
    reason = "test code fails by panicking, measures real time, and may be as large as it reads best"
)]

mod chart;
mod drain;
mod forwarding;
mod gates;
mod global_limits;
mod guarded;
mod h2_floods;
mod hostile;
mod http1;
mod http2;
mod limits;
mod lists;
mod mirror;
mod observe;
mod overload;
mod posture;
mod proxy_protocol;
mod rate_limits;
mod reload;
mod rescue;
mod rollout;
mod routing;
mod shadow;
mod split;
mod tenants;
mod tls;
mod tunnels;
mod upstream;
mod waf;
