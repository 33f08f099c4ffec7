//! `like` in `[clusters.NAME]`: the named cluster's keys, with this one's own over them.

use std::collections::{BTreeMap, BTreeSet};

use super::{Document, Node, Value, merge::overlay, path};
use crate::config::{diagnostic::Problem, schema::suggest::did_you_mean};

impl Document {
    /// Resolves every `like` and takes the key away. What cannot be resolved is left as it was written, and reported.
    pub(in crate::config) fn resolve_like(&mut self) -> Vec<Problem> {
        let Some(clusters) = self.root.as_table_mut().and_then(|root| root.get_mut("clusters"))
        else {
            return Vec::new();
        };
        let Some(written) = clusters.as_table_mut() else { return Vec::new() };
        let mut resolver = Resolver { written, done: BTreeMap::new(), problems: Vec::new() };
        let names: Vec<String> = resolver.written.keys().cloned().collect();
        for name in &names {
            resolver.resolve(name, &mut Vec::new());
        }
        self.templates = names.iter().filter_map(|n| like(resolver.written.get(n)?)).collect();
        let Resolver { done, problems, .. } = resolver;
        clusters.value = Value::Table(done);
        problems
    }
}

struct Resolver<'d> {
    written: &'d BTreeMap<String, Node>,
    done: BTreeMap<String, Node>,
    problems: Vec<Problem>,
}

impl Resolver<'_> {
    /// Resolves one cluster and those it builds on. `chain` holds the names on the way here.
    fn resolve(&mut self, name: &str, chain: &mut Vec<String>) {
        let Some(node) = self.written.get(name).filter(|_| !self.done.contains_key(name)) else {
            return;
        };
        chain.push(name.to_owned());
        let resolved = match like(node) {
            Some(base) => self.inherit(name, &base, node, chain),
            None => node.clone(),
        };
        chain.pop();
        self.done.insert(name.to_owned(), resolved);
    }

    fn inherit(&mut self, name: &str, base: &str, node: &Node, chain: &mut Vec<String>) -> Node {
        let mut own = node.clone();
        own.as_table_mut().map(|table| table.remove("like"));
        if !self.written.contains_key(base) {
            let names: BTreeSet<&str> = self.written.keys().map(String::as_str).collect();
            self.problems.push(
                Problem::at(path!["clusters", name, "like"], format!("no cluster `{base}`"))
                    .maybe_help(did_you_mean(base, names.into_iter().filter(|n| *n != name))),
            );
            // The key stays, so that the report can point at it.
            return node.clone();
        }
        if let Some(start) = chain.iter().position(|link| link == base) {
            self.report_circle(&chain[start..], name);
            return node.clone();
        }
        self.resolve(base, chain);
        match self.done.get(base) {
            Some(base) => overlay(base, own),
            None => own,
        }
    }

    fn report_circle(&mut self, circle: &[String], name: &str) {
        let mut names = circle.to_vec();
        names.extend(circle.first().cloned());
        self.problems.push(Problem::at(
            path!["clusters", name, "like"],
            format!("clusters start from each other in a circle: {}", names.join(" -> ")),
        ));
    }
}

/// The cluster that this one starts from. A `like` of another type is left to the schema.
fn like(cluster: &Node) -> Option<String> {
    cluster.as_table()?.get("like")?.as_str().map(str::to_owned)
}
