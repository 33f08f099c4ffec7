//! Injections that no pattern finds well: SQL and HTML, told by their tokens.
//!
//! What SecLang's `@detectSQLi` and `@detectXSS` do. The method is that of libinjection (N. Galbreath,
//! "libinjection: new technique in detecting SQLi attacks", Black Hat USA 2012), and the verdicts are those of its
//! version 4.0.0, with what depends on memory outside of the input left out. Version 3.10 differs
//! in one thing: to it a number with an `e` and no exponent is a word, where 4.0 passes over it,
//! as MySQL does.
//!
//! Deliberately not here: decoding of any kind. Rules say by `t:` what the value is before it
//! comes here.

mod scan;
mod sqli;
mod xss;

pub use sqli::Fingerprint;

/// The fingerprint of the SQL that the input would inject, if it would: what `@detectSQLi`
/// captures as TX:0.
#[must_use]
pub fn sqli(input: &[u8]) -> Option<Fingerprint> {
    sqli::detect(input)
}

/// Whether the input would inject a script into a page: what `@detectXSS` says.
#[must_use]
pub fn xss(input: &[u8]) -> bool {
    xss::detect(input)
}
