//! SecLang, the language of the rules: text to statements, each part with its place in its file.
//!
//! [`read`] reads rule files and what they include. What statements mean for each other, and which variables, operators,
//! actions and transformations there are, is not known here.
//!
//! The syntax is that of ModSecurity 3. Where its lexer, ModSecurity 2 under Apache and Coraza differ, the choices are:
//!
//! - A backslash that is the last character of a line joins the next line to it, also within quotes, where the white space
//!   at the beginning of the next line is part of the text (as in Apache).
//! - A comment begins with `#` at the beginning of a line, or behind the arguments of a directive. It goes on behind a
//!   backslash (as in Apache); that it swallows a directive so is an error.
//! - Within double quotes `\"` stands for `"`, within single quotes `\'` for `'`. Any other backslash stays as it is.
//! - A bare pattern is for `@rx`. White space at the end of an operator's argument counts, before it not.
//! - `ARGS:/re/` selects by pattern, `ARGS:'/re/'` too, and `XML:/path` by XPath. In a pattern, `\/` stands for `/`.
//! - Names of directives, variables, operators and actions are compared without case.

mod action;
pub mod ast;
pub mod directive;
mod directives_data;
mod files;
mod glob;
mod lines;
mod operator;
mod placed;
mod reader;
mod selection;
mod sources;
mod statement;
mod target;
mod words;

pub use self::{
    files::{Disk, Files, Layered, Memory},
    reader::{BYTES_MAX, DEPTH_MAX, FILES_MAX, PROBLEMS_MAX, read},
    sources::{Source, Sources},
};

#[cfg(test)]
mod tests;
