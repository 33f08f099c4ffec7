//! SQL: tokens, folded to a fingerprint, which is looked up.
//!
//! The parts, in the order of the work: `tokenizer` reads [`token`]s, knowing words from
//! `keywords`; `fold` reduces them; `fingerprint` looks up what is left; `decide` tries each way
//! to read the input and sorts out what is listed but harmless.

mod decide;
mod fingerprint;
mod fingerprints_data;
mod fold;
mod keywords;
mod keywords_data;
mod token;
mod tokenizer;

#[cfg(test)]
mod tests;

pub use fingerprint::Fingerprint;

pub(in crate::injection) use decide::detect;
