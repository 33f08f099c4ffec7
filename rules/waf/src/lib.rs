//! A WAF engine for rules in SecLang, the language of ModSecurity.
//!
//! Synchronous and without transport: it is fed a request and its response piece by piece, says after each phase what is to
//! happen, and gives a report at the end. It knows no HTTP library, no runtime, no clock and no log; time and chance come in
//! as arguments. Input never panics and costs time linear in its length.

pub mod body;
pub mod error;
pub mod facts;
pub mod injection;
mod number;
pub mod pattern;
mod scan;
pub mod seclang;
pub mod transform;
pub mod variable;
