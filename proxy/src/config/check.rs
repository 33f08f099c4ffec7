//! What the parts of a configuration mean for each other: references, sums, collisions, keys without effect.
//!
//! Everything here follows from the configuration alone, without a look at files or the network; the form of single values
//! is [`super::schema`]'s. A key whose value is the default counts as not written where that matters.

mod cluster;
mod headers;
mod host;
mod limit;
mod listener;
mod overload;
mod process;
mod references;
mod rollout;
mod route;
mod route_match;
mod route_target;
mod tenant;
mod waf;

use std::collections::BTreeSet;

use super::{
    Config, Duration,
    diagnostic::Problem,
    document::{KeyPath, path},
};

/// Everything that is wrong with a configuration of the right form.
pub fn check(config: &Config) -> Vec<Problem> {
    let mut found = Found::default();
    process::check(config, &mut found);
    listener::check(config, &mut found);
    cluster::check(config, &mut found);
    rollout::check(config, &mut found);
    route::check(config, &mut found);
    tenant::check(config, &mut found);
    limit::check(config, &mut found);
    overload::check(config, &mut found);
    waf::check(config, &mut found);
    references::check(config, &mut found);
    found.problems
}

/// The problems found so far.
#[derive(Default)]
struct Found {
    problems: Vec<Problem>,
}

impl Found {
    /// Adds a problem.
    fn push(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// Adds a problem with a value.
    fn value(&mut self, at: KeyPath, message: impl Into<String>) {
        self.push(Problem::at(at, message));
    }

    /// Adds the problem of a key that changes nothing, and why.
    fn idle(&mut self, at: KeyPath, why: &str) {
        self.push(
            Problem::at_key(at, format!("without effect: {why}"))
                .help("remove it, or add what it needs"),
        );
    }

    /// Refuses zero where it would mean never.
    fn nonzero<'k>(
        &mut self,
        at: &KeyPath,
        durations: impl IntoIterator<Item = (&'k str, Duration)>,
    ) {
        for (key, duration) in durations {
            if duration == Duration::default() {
                self.value(at.join(key), "must be longer than zero");
            }
        }
    }

    /// Refuses a duration that a longer one makes useless. Each comes with its key and its default; one that is not
    /// written may be as long as it likes. A bound of zero is a problem of its own.
    fn at_most(&mut self, at: &KeyPath, short: Bound<'_>, long: (&str, Duration)) {
        let (key, bound) = long;
        if short.value > bound && short.value != short.default && bound != Duration::default() {
            self.value(at.join(short.key), format!("longer than `{key}`, which is {bound}"));
        }
    }

    /// Refuses entries of a list that stand there twice.
    fn duplicates<T: Ord + std::fmt::Display>(&mut self, at: &KeyPath, items: &[T]) {
        let mut seen = BTreeSet::new();
        for (index, item) in items.iter().enumerate() {
            if !seen.insert(item) {
                self.value(at.join(index), format!("{item} is listed twice"));
            }
        }
    }

    /// Checks the form of a name that other keys and metrics use.
    fn name(&mut self, at: KeyPath, name: &str) {
        let first = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        let rest = |b: u8| first(b) || b == b'-' || b == b'_';
        let good = name.bytes().next().is_some_and(first) && name.bytes().all(rest);
        if !good {
            self.push(
                Problem::at_key(at, format!("`{}` is not a name", name.escape_debug()))
                    .help("names have a-z, 0-9, `-` and `_`, and start with a letter or digit"),
            );
        } else if name.len() > NAME_MAX {
            let message = format!("name is longer than {NAME_MAX} characters");
            self.push(Problem::at_key(at, message));
        }
    }
}

/// A duration that a longer one bounds.
struct Bound<'k> {
    key: &'k str,
    value: Duration,
    default: Duration,
}

/// Characters of a name.
const NAME_MAX: usize = 64;

#[cfg(test)]
mod tests;
