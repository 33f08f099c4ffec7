//! HTTP messages and the bytes they are made of: heads, framing, bodies, streams. No policy, no routing, no configuration.
//!
//! Both sides of the proxy stand on this module: [`crate::http`] reads requests and writes responses with it,
//! [`crate::upstream`] the other way round.

pub mod body;
pub mod chunked;
pub mod encode;
pub mod framing;
pub mod h2_frames;
pub mod h2_stream;
pub mod message;
pub mod parse;
pub mod stream;
pub mod trailers;

pub use body::{Body, BodyError};
pub use h2_stream::H2Stream;
pub use message::{RequestHead, ResponseHead, Target, Written};
pub use stream::Stream;
