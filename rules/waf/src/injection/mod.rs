//! Injections that no pattern finds well: SQL and HTML, told by their tokens.
//!
//! What SecLang's `@detectSQLi` and `@detectXSS` do. The method is that of libinjection
//! (N. Galbreath, "libinjection: New technique in detecting SQLi attacks", Black Hat USA 2012),
//! and the verdicts are those of its version 4.0.0, but for one thing that the tokenizer of HTML
//! tells. Version 3.10 differs in one more: to it `1.e` is a word, where 4.0 passes over it, as
//! MySQL does. Libraries before 3.10 call every attribute `on...` a script.
//!
//! Both cost time linear in the input, and allocate nothing.
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
