//! The downstream side: connections, the two protocols, and the path of a request.
//!
//! [`handle`] alone knows the order in which a request passes the filters. [`connection`] brings requests to it, by [`h1`] or
//! [`h2`]; [`reply`] writes every answer that is our own.

mod admission;
pub mod body;
pub mod connection;
pub mod context;
pub mod h1;
pub mod h2;
pub mod handle;
mod inspect;
pub mod reply;
mod send;
pub mod transport;
pub mod upgrade;
