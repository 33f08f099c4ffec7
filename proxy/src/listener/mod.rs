//! Where connections come in: sockets, the PROXY protocol and TLS, each done before the first byte of HTTP.

pub mod proxy_protocol;
pub mod socket;
pub mod tls;
