//! What the repository shows is true: every configuration in conf/ and in the pages passes `foxtrot check`, and every
//! command in them is one that the binaries know.
#![allow(clippy::unwrap_used, clippy::panic, reason = "test code fails by panicking")]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use e2e::{Ca, Identity, proxy::run_binary};
use regex::Regex;

#[test]
fn ready_configurations_pass_the_check() {
    let folder = tempfile::tempdir().unwrap();
    let files = copy_all(&root().join("conf"), folder.path());
    // Those below surge/ are scenarios, which surge's own tests load.
    let scenarios = folder.path().join("surge");
    let files = files.into_iter().filter(|file| is_toml(file) && !file.starts_with(&scenarios));
    let files: Vec<_> = files.collect();
    assert!(files.len() >= 5, "{files:?}");
    let mut secrets = Secrets::new();
    files.iter().for_each(|file| secrets.make_for(file));
    // Gates are a table of foxctl's, which its own tests load.
    let gates = folder.path().join("gates.toml");
    let top = files.iter().filter(|file| file.parent() == Some(folder.path()) && **file != gates);
    let problems: Vec<_> = top.filter_map(|file| secrets.check(file).err()).collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn configurations_in_scenarios_pass_the_check() {
    let mut count = 0;
    for file in fs::read_dir(root().join("conf/surge")).unwrap() {
        let file = file.unwrap().path();
        let Some(config) = of_scenario(&fs::read_to_string(&file).unwrap()) else { continue };
        count += 1;
        let folder = tempfile::tempdir().unwrap();
        let copy = folder.path().join("foxtrot.toml");
        fs::write(&copy, config).unwrap();
        Secrets::new().check(&copy).unwrap_or_else(|problem| panic!("{file:?}: {problem}"));
    }
    assert!(count >= 1, "no scenario starts a foxtrot");
}

#[test]
fn configurations_in_the_pages_pass_the_check() {
    let mut problems = Vec::new();
    let mut count = 0;
    for (page, text) in pages() {
        let blocks = blocks(&text, "toml").map(|block| of_scenario(&block).unwrap_or(block));
        for block in blocks.filter(|block| is_whole(block)) {
            count += 1;
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("foxtrot.toml");
            fs::write(&file, &block).unwrap();
            let mut secrets = Secrets::new();
            secrets.make_for(&file);
            let problem = secrets.check(&file).err();
            problems.extend(problem.map(|problem| format!("{page}: {problem}\n{block}")));
        }
    }
    assert!(count >= 2, "the pages show {count} whole configurations");
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn commands_in_the_pages_are_known() {
    let mut problems = Vec::new();
    let mut count = 0;
    for (page, text) in pages() {
        for line in blocks(&text, "sh").flat_map(|block| commands(&block)) {
            count += 1;
            problems.extend(problem_of(&line).map(|problem| format!("{page}: {line}: {problem}")));
        }
    }
    assert!(count >= 4, "the pages show {count} commands");
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// Files that configurations name and the repository does not hold: certificates, keys, tokens.
struct Secrets {
    servers: Ca,
    made: BTreeMap<PathBuf, Identity>,
    environment: Vec<String>,
}

impl Secrets {
    fn new() -> Self {
        Self { servers: Ca::new(), made: BTreeMap::new(), environment: Vec::new() }
    }

    /// Makes what a configuration names, beside it, and takes note of the variables that it names.
    fn make_for(&mut self, config: &Path) {
        let text = fs::read_to_string(config).unwrap();
        let folder = config.parent().unwrap();
        let named = Regex::new(r#"\b(cert|key|ca|client_ca|file|env) = "([^"]+)""#).unwrap();
        let mut last = None;
        for found in named.captures_iter(&text) {
            let path = folder.join(&found[2]);
            match &found[1] {
                "env" => self.environment.push(found[2].to_owned()),
                "file" => write(&path, b"not-a-secret"),
                "cert" => {
                    let identity = self.identity(&path);
                    copy(&identity.cert_path, &path);
                    last = Some(identity);
                }
                "key" => {
                    let identity =
                        last.take().unwrap_or_else(|| panic!("{path:?}: key before cert"));
                    copy(&identity.key_path, &path);
                }
                _ => copy(&self.servers.path(), &path),
            }
        }
    }

    /// The certificate that is called by this file: for the name that the file has.
    fn identity(&mut self, path: &Path) -> Identity {
        let name = path.file_stem().unwrap().to_string_lossy();
        let fresh = || self.servers.server(&[&name]);
        self.made.entry(path.to_owned()).or_insert_with(fresh).clone()
    }

    fn check(&self, config: &Path) -> Result<(), String> {
        let environment: Vec<_> =
            self.environment.iter().map(|name| (name.as_str(), "not-a-secret")).collect();
        let arguments = ["check", "--config", config.to_str().unwrap()];
        let exit = run_binary("foxtrot", &arguments, &environment);
        if exit.code == Some(0) { Ok(()) } else { Err(exit.output) }
    }
}

/// What is wrong with a command line: the binary does not know a subcommand, or its help a flag.
fn problem_of(line: &str) -> Option<String> {
    let mut words = line.split_whitespace();
    let binary = words.next()?;
    let words: Vec<&str> = words.collect();
    let (flags, _) = words.iter().partition::<Vec<&str>, _>(|word| word.starts_with("--"));
    let subcommands: Vec<&str> =
        words.iter().copied().take_while(|word| !word.starts_with('-')).collect();
    let help = run_binary(binary, &[&subcommands[..], &["--help"]].concat(), &[]);
    if help.code != Some(0) {
        return Some(help.output);
    }
    let name = |flag: &str| flag.split('=').next().unwrap_or_default().to_owned();
    let unknown = flags.into_iter().map(name).find(|flag| !help.output.contains(flag.as_str()));
    unknown.map(|flag| format!("no {flag} in its help"))
}

/// Lines of a block that call one of our binaries, without their comments and redirections.
fn commands(block: &str) -> Vec<String> {
    let bare = |line: &str| {
        let end = line.find(['#', '>', '|', '&', ';']).unwrap_or(line.len());
        line[..end].trim().to_owned()
    };
    let ours = |line: &String| line.starts_with("foxtrot ") || line.starts_with("foxctl ");
    block.lines().map(bare).filter(ours).collect()
}

/// Fenced blocks of a page in this language.
fn blocks(page: &str, language: &str) -> impl Iterator<Item = String> {
    let fence = Regex::new(&format!("(?ms)^```{language}\n(.*?)^```")).unwrap();
    let found: Vec<_> = fence.captures_iter(page).map(|found| found[1].to_owned()).collect();
    found.into_iter()
}

/// The configuration within a scenario of surge, with addresses in the place of what stands for them.
fn of_scenario(block: &str) -> Option<String> {
    let (_, config) = block.split_once("config = '''\n")?;
    let (config, _) = config.split_once("'''")?;
    Some(Regex::new(r"\{origin\.[a-z]+\}").unwrap().replace_all(config, "127.0.0.1:1").into_owned())
}

/// Whether a block is a whole configuration and not a part of one.
fn is_whole(block: &str) -> bool {
    block.contains("[[routes]]") || block.lines().any(|line| line.starts_with("routes ="))
}

/// README.md and the pages of docs/, with their names.
fn pages() -> Vec<(String, String)> {
    let folder = fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let pages = folder.filter(|path| path.extension().is_some_and(|ending| ending == "md"));
    let read = |path: PathBuf| (path.display().to_string(), fs::read_to_string(path).unwrap());
    pages.chain([root().join("README.md")]).map(read).collect()
}

/// Copies a folder and gives back its files.
fn copy_all(from: &Path, to: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            fs::create_dir_all(&target).unwrap();
            files.extend(copy_all(&source, &target));
        } else {
            copy(&source, &target);
            files.push(target);
        }
    }
    files
}

fn copy(from: &Path, to: &Path) {
    write(to, &fs::read(from).unwrap());
}

fn write(path: &Path, content: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

fn is_toml(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "toml")
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
