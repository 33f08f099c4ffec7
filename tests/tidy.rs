//! Style as a test, over the repository's own files: what a review would have to look for by hand.
//!
//! The rules are tables in tests/tidy_data.rs. What rustfmt, clippy and cargo-deny hold is not repeated here.
#![allow(clippy::unwrap_used, clippy::panic, reason = "test code fails by panicking")]

mod tidy_data;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use regex::Regex;
use tidy_data::{
    DECISION, IMPURE, LINES_MAX, MAY_USE, NON_ASCII, ONLY_IN, PLANNED, PURE, TOO_LONG,
};

#[test]
fn files_of_the_proxy_are_short() {
    let mut problems = Vec::new();
    for file in proxy().filter(|file| !file.path.ends_with("_data.rs")) {
        let lines = file.code.lines().count();
        let known = TOO_LONG.iter().find(|(path, _)| *path == file.path);
        match known {
            Some((_, _)) if lines <= LINES_MAX => {
                problems.push(format!("{}: is no longer too long", file.path));
            }
            Some((_, max)) if lines <= *max => {}
            None if lines <= LINES_MAX => {}
            _ => problems.push(format!("{}: {lines} lines", file.path)),
        }
    }
    none(&problems);
}

#[test]
fn modules_say_what_they_do() {
    let crates = ["proxy/src", "proxy/api/src", "proxy/ctl/src", "tests", "bench"];
    let files = rust().filter(|file| crates.iter().any(|folder| file.path.starts_with(folder)));
    let files = files.filter(|file| !is_test(&file.path));
    let silent = files.filter(|file| !file.text.starts_with("//!")).map(|file| file.path);
    none(&silent.collect::<Vec<_>>());
}

#[test]
fn imports_run_one_way() {
    let mut problems = Vec::new();
    for file in proxy().filter(|file| !matches!(file.path.as_str(), "main.rs" | "lib.rs")) {
        let module = file.path.split(['/', '.']).next().unwrap();
        let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| *name == module) else {
            problems.push(format!("{}: add {module} to MAY_USE", file.path));
            continue;
        };
        let used = modules_used(&file.code);
        let wrong = used.iter().filter(|name| *name != module && !allowed.contains(&name.as_str()));
        problems.extend(wrong.map(|name| format!("{}: uses {name}", file.path)));
    }
    none(&problems);
}

#[test]
fn some_things_stand_in_one_place() {
    let mut problems = Vec::new();
    for file in proxy() {
        for (words, places, why) in ONLY_IN.iter().filter(|(words, ..)| has(&file.code, words)) {
            if !places.iter().any(|place| file.path.starts_with(place)) {
                problems.push(format!("{}: {words} ({why}: {places:?})", file.path));
            }
        }
    }
    none(&problems);
}

#[test]
fn decisions_are_pure() {
    let mut problems = Vec::new();
    for place in PURE {
        let files: Vec<_> = proxy().filter(|file| file.path.starts_with(place)).collect();
        assert!(!files.is_empty(), "{place} is not there");
        for file in files {
            let used = IMPURE.iter().filter(|words| file.code.contains(**words));
            problems.extend(used.map(|words| format!("{}: {words}", file.path)));
        }
    }
    none(&problems);
}

#[test]
fn nothing_is_left_lying_about() {
    let words = [
        concat!("todo", "!("),
        concat!("unimplemented", "!("),
        concat!("dbg", "!("),
        concat!("#[ign", "ore"),
        concat!("FIX", "ME"),
        concat!("TO", "DO"),
    ];
    let mut problems = Vec::new();
    for file in rust() {
        let found = words.iter().filter(|word| file.text.contains(**word));
        problems.extend(found.map(|word| format!("{}: {word}", file.path)));
    }
    none(&problems);
}

#[test]
fn text_is_plain() {
    let mut problems = Vec::new();
    for file in all() {
        let mut add = |what: &str| problems.push(format!("{}: {what}", file.path));
        if file.text.contains('\r') {
            add("carriage return");
        }
        if !file.text.is_empty() && !file.text.ends_with('\n') {
            add("no line end at its end");
        }
        if !file.text.is_ascii() && !NON_ASCII.contains(&file.path.as_str()) {
            add("not ASCII");
        }
        // Cases for parsers are as odd as their parsers must bear.
        if !file.path.ends_with(".txt") {
            let odd = |line: &str| line.ends_with([' ', '\t']) || line.contains('\t');
            let lines = file.text.lines().zip(1..).filter(|(line, _)| odd(line));
            lines.for_each(|(_, number)| add(&format!("line {number}: tab or trailing space")));
        }
    }
    none(&problems);
}

#[test]
fn exceptions_are_of_files_that_are_there() {
    let files: BTreeSet<String> = all().map(|file| file.path).collect();
    let long = TOO_LONG.iter().map(|(path, _)| format!("proxy/src/{path}"));
    let odd = NON_ASCII.iter().map(|path| (*path).to_owned());
    none(&long.chain(odd).filter(|path| !files.contains(path)).collect::<Vec<_>>());
}

#[test]
fn pages_cite_no_line_numbers() {
    let cited = Regex::new(r"\.rs:[0-9]|#L[0-9]|\blines? [0-9]+ of\b").unwrap();
    let citing = pages().filter(|page| cited.is_match(&page.text)).map(|page| page.path);
    none(&citing.collect::<Vec<_>>());
}

#[test]
fn links_lead_somewhere() {
    let link = Regex::new(r"\]\(([^)#\s]+)[^)]*\)").unwrap();
    let mut problems = Vec::new();
    for page in pages() {
        let folder = Path::new(&page.path).parent().unwrap();
        for found in link.captures_iter(&page.text) {
            let target = folder.join(&found[1]);
            let outside = found[1].contains("://") || found[1].starts_with("mailto:");
            let planned = PLANNED.iter().any(|page| normal(&target) == Path::new(page));
            if !outside && !planned && !root().join(&target).exists() {
                problems.push(format!("{}: {}", page.path, &found[1]));
            }
        }
    }
    none(&problems);
}

#[test]
fn code_that_pages_name_is_there() {
    let named = Regex::new(r"`((?:proxy|tests|bench|rules|conf)/[a-z0-9_./-]+)`").unwrap();
    let mut problems = Vec::new();
    for page in pages() {
        let gone = |path: &str| !root().join(path).exists();
        let gone = named.captures_iter(&page.text).filter(|found| gone(&found[1]));
        problems.extend(gone.map(|found| format!("{}: {}", page.path, &found[1])));
    }
    none(&problems);
}

#[test]
fn decisions_say_why() {
    let mut problems = Vec::new();
    for page in pages().filter(|page| page.path.starts_with("docs/decisions/")) {
        let missing = DECISION.iter().filter(|heading| !page.text.contains(**heading));
        problems.extend(missing.map(|heading| format!("{}: no {heading}", page.path)));
    }
    none(&problems);
}

#[test]
fn pages_list_every_reason_of_a_refusal() {
    let page = |name: &str| pages().find(|page| page.path == name).map(|page| page.text);
    // The page of a request's path lists them.
    let Some(request) = page("docs/request.md") else { return };
    let text = request + &page("docs/metrics.md").unwrap_or_default();
    let reply = proxy().find(|file| file.path == "http/reply.rs").unwrap();
    let flags = reply.code.split("pub const FLAGS").nth(1).unwrap();
    let flags = flags[..flags.find("];").unwrap()].split('"').skip(1).step_by(2);
    let missing: Vec<_> = flags.filter(|flag| !text.contains(&format!("`{flag}`"))).collect();
    none(&missing);
}

/// A file of the repository.
struct File {
    path: String,
    text: String,
    /// A Rust file without its comments and unit tests.
    code: String,
}

/// Files of the proxy, by their path below proxy/src, without what is compiled for tests alone.
fn proxy() -> impl Iterator<Item = File> {
    let below =
        |file: File| Some(File { path: file.path.strip_prefix("proxy/src/")?.to_owned(), ..file });
    rust().filter_map(below).filter(|file| !is_test(&file.path))
}

fn rust() -> impl Iterator<Item = File> {
    all().filter(|file| file.path.ends_with(".rs"))
}

fn pages() -> impl Iterator<Item = File> {
    all().filter(|file| file.path == "README.md" || file.path.starts_with("docs/"))
}

fn all() -> impl Iterator<Item = File> {
    let mut paths = Vec::new();
    collect(&root(), &mut paths);
    paths.sort();
    paths.into_iter().map(|path| {
        let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let path = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
        File { code: code(&text), path, text }
    })
}

/// Text files below a folder, without what is built, downloaded or left by an editor.
fn collect(folder: &Path, into: &mut Vec<PathBuf>) {
    const ENDINGS: [&str; 9] = ["rs", "md", "toml", "txt", "html", "yaml", "yml", "json", "sh"];
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_str().unwrap();
        if path.is_dir() {
            if name != "target" && (!name.starts_with('.') || matches!(name, ".ci" | ".cargo")) {
                collect(&path, into);
            }
        } else if path.extension().is_some_and(|e| ENDINGS.iter().any(|ending| e == *ending)) {
            into.push(path);
        }
    }
}

fn code(text: &str) -> String {
    let (text, tests) = text.split_once("#[cfg(test)]\nmod tests {").unwrap_or((text, ""));
    let (_, behind) = tests.split_once("\n}\n").unwrap_or_default();
    let lines = text.lines().chain(behind.lines());
    let lines = lines.filter(|line| !line.trim_start().starts_with("//"));
    lines.flat_map(|line| [line, "\n"]).collect()
}

/// Whether a file is compiled for tests alone.
fn is_test(path: &str) -> bool {
    let below = path.strip_prefix("tests/").unwrap_or(path);
    below.split('/').any(|part| matches!(part, "tests" | "tests.rs" | "effects"))
}

/// The crate's own modules that code names: `crate::wire::Body`, `use crate::{clock, wire::Body};`.
fn modules_used(code: &str) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    for (at, prefix) in code.match_indices("crate::") {
        let rest = &code[at + prefix.len()..];
        match rest.strip_prefix('{') {
            Some(group) => used.extend(first_names(group)),
            None => used.extend(name(rest)),
        }
    }
    used
}

/// The first names in a group of imports: `a` and `b` of `a::{c, d}, b}`.
fn first_names(group: &str) -> Vec<String> {
    let (mut depth, mut names, mut begins) = (0, Vec::new(), true);
    for (at, byte) in group.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' if depth == 0 => break,
            b'}' => depth -= 1,
            b',' if depth == 0 => begins = true,
            _ if begins && byte.is_ascii_alphabetic() => {
                names.extend(name(&group[at..]));
                begins = false;
            }
            _ => {}
        }
    }
    names
}

/// The name that a text begins with, if it is one of a module.
fn name(text: &str) -> Option<String> {
    let end = text.find(|c: char| !c.is_ascii_lowercase() && c != '_').unwrap_or(text.len());
    (end > 0).then(|| text[..end].to_owned())
}

/// Whether code has these words, not as the end of another word.
fn has(code: &str, words: &str) -> bool {
    let part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    code.match_indices(words).any(|(at, _)| !code.as_bytes()[..at].last().is_some_and(part))
}

/// A path without `.` and `..`.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::ParentDir => drop(normal.pop()),
            std::path::Component::CurDir => {}
            part => normal.push(part),
        }
    }
    normal
}

fn none<P: std::fmt::Display>(problems: &[P]) {
    let lines: Vec<String> = problems.iter().map(|problem| format!("  {problem}")).collect();
    assert!(problems.is_empty(), "{} problems\n{}", lines.len(), lines.join("\n"));
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}
