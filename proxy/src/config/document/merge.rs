//! Puts one tree into another: a further file into the configuration, or a cluster's own keys over those it inherits.

use super::{KeyPath, Node, Part, Value};
use crate::config::diagnostic::{Finding, Problem};

/// Merges a further file. Tables merge, arrays of tables append, and a key that both set is an error.
pub(in crate::config) fn merge(into: &mut Node, from: Node) -> Vec<Finding> {
    let mut findings = Vec::new();
    merge_at(into, from, &mut KeyPath::root(), &mut findings);
    findings
}

fn merge_at(into: &mut Node, from: Node, at: &mut KeyPath, findings: &mut Vec<Finding>) {
    match (&mut into.value, from.value) {
        (Value::Table(entries), Value::Table(further)) => {
            for (key, node) in further {
                at.push(&key);
                match entries.get_mut(&key) {
                    Some(entry) => merge_at(entry, node, at, findings),
                    None => drop(entries.insert(key, node)),
                }
                at.pop();
            }
        }
        (Value::Array(items), Value::Array(further)) if tables(items) && tables(&further) => {
            items.extend(further);
        }
        _ => {
            let problem = Problem::at(at.clone(), "set in two files").help("keep one of the two");
            let first = into.origin.location(Part::Key);
            let second = from.origin.location(Part::Key);
            findings.push(Finding::new(problem, second).also(first, "first set here"));
        }
    }
}

fn tables(items: &[Node]) -> bool {
    !items.is_empty() && items.iter().all(|item| item.as_table().is_some())
}

/// A cluster that starts from `base`: tables are merged key by key, all else is replaced.
pub(super) fn overlay(base: &Node, own: Node) -> Node {
    let (Value::Table(inherited), Value::Table(_)) = (&base.value, &own.value) else { return own };
    let Node { value: Value::Table(mut entries), origin } = own else { return own };
    for (key, node) in inherited {
        let merged = match entries.remove(key) {
            Some(own) => overlay(node, own),
            None => inherit(node.clone()),
        };
        entries.insert(key.clone(), merged);
    }
    Node { value: Value::Table(entries), origin }
}

/// Marks a whole subtree as copied.
fn inherit(mut node: Node) -> Node {
    node.origin.inherited = true;
    node.value = match node.value {
        Value::Array(items) => Value::Array(items.into_iter().map(inherit).collect()),
        Value::Table(table) => {
            Value::Table(table.into_iter().map(|(key, node)| (key, inherit(node))).collect())
        }
        leaf => leaf,
    };
    node
}
