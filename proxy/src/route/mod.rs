//! Which request goes where: [`RouteTable`] finds the route, [`rewrite`] and [`redirect`] make the target that the other
//! side sees, [`split`] picks the colour.
//!
//! Everything here is pure: a function of the compiled configuration and the request, without clock, chance or I/O.
//! Nothing here sends, waits or counts.

mod candidates;
pub mod choice;
pub mod conditions;
pub mod host;
pub mod matcher;
mod overlap;
pub mod path;
pub mod redirect;
pub mod rewrite;
pub mod split;
pub mod sticky;

#[cfg(test)]
mod reference;

pub use choice::ColourChoice;
pub use matcher::{Found, ListenerId, RouteTable};
pub use redirect::RedirectTemplate;
pub use rewrite::PathRewrite;
pub use sticky::{StickyKeys, StickyValue};

/// A [`KeyError`](crate::key_error::KeyError) and the route that it is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteError {
    /// Index of the route in the configuration.
    pub route: usize,
    /// Path of the key within the route.
    pub key: String,
    /// What is wrong with it and what to write instead.
    pub message: String,
}
