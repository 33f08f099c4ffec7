//! Files that statements name besides rule files.

use std::path::PathBuf;

use crate::seclang::{
    Sources,
    ast::{Kind, Statement, Text},
};

/// Operators whose argument is a list of files.
const OPERATORS: [&str; 4] = ["pmf", "pmFromFile", "ipMatchF", "ipMatchFromFile"];

/// Directives whose first argument is a file.
const DIRECTIVES: [&str; 2] = ["SecUnicodeMapFile", "SecGeoLookupDb"];

/// The files that a statement names, relative to its own.
pub fn files(statement: &Statement, sources: &Sources) -> Vec<PathBuf> {
    let names = match &statement.kind {
        Kind::Rule { operator, .. } if is_of_files(&operator.name) => words(&operator.argument),
        Kind::Directive { name, arguments }
            if DIRECTIVES.iter().any(|known| name.eq_ignore_ascii_case(known)) =>
        {
            arguments.first().map(words).unwrap_or_default()
        }
        _ => return Vec::new(),
    };
    let directory = sources.at(statement.place).map(|source| source.directory().to_owned());
    let directory = directory.unwrap_or_default();
    names.into_iter().map(|name| directory.join(name)).collect()
}

fn is_of_files(operator: &str) -> bool {
    OPERATORS.iter().any(|name| name.eq_ignore_ascii_case(operator))
}

fn words(text: &Text) -> Vec<String> {
    let text = String::from_utf8_lossy(&text.bytes);
    text.split_ascii_whitespace().map(str::to_owned).collect()
}
