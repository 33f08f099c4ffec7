//! The repository's own Rust files, as text: functions by name.

use std::{fs, path::PathBuf, sync::LazyLock};

use regex::Regex;

/// Files below a directory.
pub(super) struct Source(PathBuf);

impl Source {
    /// Files below `directory`, which starts from this package.
    pub(super) fn of(directory: &str) -> Self {
        Self(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(directory))
    }

    /// Texts of the functions called `module::name`; several methods of a module may have one name.
    pub(super) fn functions(&self, symbol: &str) -> Vec<String> {
        let Some((module, name)) = symbol.rsplit_once("::") else { return Vec::new() };
        functions(&self.file(module), name)
    }

    /// Text of the test `module::name`, with the functions and constants that it uses of its file and of the data beside it;
    /// empty if it is no test.
    pub(super) fn test(&self, symbol: &str) -> String {
        let Some((module, name)) = symbol.rsplit_once("::") else { return String::new() };
        let file = self.file(module);
        let is_test = Regex::new(&format!(r"(?m)#\[(tokio::)?test[^\n]*\n\s*(async )?fn {name}\b"));
        if !is_test.expect("a name is no syntax").is_match(&file) {
            return String::new();
        }
        let mut text = functions(&file, name).concat();
        let mut helpers = [helpers(&file), helpers(&self.file(&format!("{module}_data")))].concat();
        while let Some(used) = helpers.iter().position(|(helper, _)| has_word(&text, helper)) {
            text += &helpers.swap_remove(used).1;
        }
        // As the configuration reads that stands in it.
        text.replace("\\n", "\n").replace("\\\"", "\"")
    }

    fn file(&self, module: &str) -> String {
        let path = self.0.join(module.replace("::", "/"));
        fs::read_to_string(path.with_extension("rs"))
            .or_else(|_| fs::read_to_string(path.join("mod.rs")))
            .unwrap_or_default()
    }
}

/// Whether a text has a word as such, not as part of another.
pub(super) fn has_word(text: &str, word: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    text.match_indices(word).any(|(at, _)| {
        let (before, after) = (&text.as_bytes()[..at], &text.as_bytes()[at + word.len()..]);
        !before.last().copied().is_some_and(is_part) && !after.first().copied().is_some_and(is_part)
    })
}

/// A text without white space, so that it does not matter where its lines break.
pub(super) fn squeeze(text: &str) -> String {
    text.split_whitespace().collect()
}

/// Functions end where a brace closes as far to the left as they began.
fn functions(file: &str, name: &str) -> Vec<String> {
    let lines: Vec<&str> = file.lines().collect();
    let begins = |line: &str| FUNCTION.captures(line).is_some_and(|found| &found[2] == name);
    let starts = (0..lines.len()).filter(|at| begins(lines[*at]));
    starts
        .map(|start| {
            let indent = lines[start].len() - lines[start].trim_start().len();
            let close = format!("{}}}", " ".repeat(indent));
            let end = lines[start..].iter().position(|line| *line == close).unwrap_or(0);
            let code = lines[start..=start + end].iter();
            let code = code.filter(|line| !line.trim_start().starts_with("//"));
            code.flat_map(|line| [line, "\n"]).collect()
        })
        .collect()
}

/// Constants and functions at the left edge of a file, with their names.
fn helpers(file: &str) -> Vec<(String, String)> {
    let functions = file.lines().filter_map(|line| FUNCTION.captures(line));
    let functions = functions.filter(|found| found[1].is_empty()).map(|found| found[2].to_owned());
    let functions = functions.map(|name| (name.clone(), self::functions(file, &name).concat()));
    let constants = CONSTANT.captures_iter(file).map(|c| (c[1].to_owned(), c[0].to_owned()));
    functions.chain(constants).collect()
}

static FUNCTION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^( *)(?:pub(?:\([a-z]+\))? )?(?:const )?(?:async )?fn (\w+)").expect("is one")
});

static CONSTANT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?ms)^(?:const|static) (\w+):.*?;$").expect("is one"));
