//! HTML: tags and attributes as a browser finds them, looked up among those that run scripts.

mod decide;
mod names_data;
mod tokenizer;
mod url;

#[cfg(test)]
mod tests;

pub(in crate::injection) use decide::detect;
