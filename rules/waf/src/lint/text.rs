//! What a rule that blocks says of itself.

use super::{Found, written::Written};
use crate::{error::Problem, seclang::ast::Kind};

pub(super) fn look(written: &Written<'_>, found: &mut Found) {
    let is_changed = |id: u64| {
        let mut changes = written.changes.iter();
        changes.any(
            |statement| matches!(&statement.kind, Kind::UpdateAction { id: of, .. } if *of == id),
        )
    };
    for link in written.running().filter(|link| link.blocks()) {
        let meta = &link.rule.meta;
        if is_changed(meta.id) {
            continue;
        }
        let mut add = |code: &str, message: String, note: &str| {
            found.add(code, Problem::new(link.place, link.word_len(), message).note(note));
        };
        let name = link.name();
        if meta.message.is_empty() && link.rule.logdata.is_none() && link.rule.logs.log {
            let note = "add `msg`: it is what the log tells of a request that was refused";
            add("no-message", format!("{name} blocks and has no message"), note);
        }
        if meta.severity.is_none() {
            let note = "add `severity`, as CRITICAL or WARNING";
            add("no-severity", format!("{name} blocks and has no severity"), note);
        }
        if meta.tags.is_empty() {
            let note = "add `tag`: exclusions can then name the rule with others of its kind";
            add("no-tag", format!("{name} blocks and has no tag"), note);
        }
    }
}
