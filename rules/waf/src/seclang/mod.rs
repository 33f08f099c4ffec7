//! SecLang, the language of the rules: text to statements, each part with its place in its file.

pub mod ast;
