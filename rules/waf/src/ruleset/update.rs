//! `SecRuleUpdateTargetBy*` and `SecRuleUpdateActionById`: rules changed before they are compiled.
//!
//! As in ModSecurity 3, it does not matter whether a rule stands before or behind the directive.

use super::{
    draft::Draft,
    select::{Matcher, Which},
};
use crate::{
    error::Problem,
    seclang::ast::{self, Modifier, Place},
};

/// A directive that changes rules.
#[derive(Debug)]
pub enum Update {
    /// Targets.
    Targets(ast::Which, Vec<ast::Target>, Option<Vec<ast::Target>>),
    /// Actions: id and link.
    Actions(Place, u64, usize, Vec<ast::Action>),
}

/// Carries out a directive.
///
/// # Errors
///
/// A pattern that cannot be read, an action that cannot be changed. That no rule is meant is none: rule sets take rules away.
pub fn apply(update: &Update, drafts: &mut [Draft]) -> Result<(), Problem> {
    match update {
        Update::Targets(which, targets, replaced) => {
            let which = Which::compile(which)?;
            let mut matcher = Matcher::new(&which);
            for draft in drafts.iter_mut().filter(|draft| !draft.link && draft.operator.is_some()) {
                let id = draft.id().unwrap_or_default();
                let message = draft.arguments("msg").last();
                if matcher.takes(id, draft.arguments("tag"), message) {
                    update_targets(draft, targets, replaced.as_deref());
                }
            }
            Ok(())
        }
        Update::Actions(place, id, link, actions) => {
            if let Some(fixed) = actions.iter().find(|action| is_fixed(&action.name)) {
                let message = format!("`{}` of a rule cannot be changed", fixed.name);
                return Err(Problem::new(fixed.place, fixed.name.len(), message));
            }
            let Some(head) = drafts.iter().position(|draft| draft.id() == Some(*id)) else {
                return Ok(());
            };
            let found = drafts.get_mut(head + link).filter(|draft| *link == 0 || draft.link);
            let Some(draft) = found else {
                return Err(Problem::new(*place, 0, format!("rule {id} has no link {link}")));
            };
            actions.iter().for_each(|action| update_action(draft, action));
            Ok(())
        }
    }
}

fn update_targets(draft: &mut Draft, added: &[ast::Target], replaced: Option<&[ast::Target]>) {
    if let Some(replaced) = replaced {
        draft.targets.retain(|target| !replaced.iter().any(|one| is_same(one, target)));
    }
    draft.targets.extend(added.iter().cloned());
}

fn is_same(a: &ast::Target, b: &ast::Target) -> bool {
    let member = |target: &ast::Target| match &target.selector {
        None => Vec::new(),
        Some(ast::Selector::Name(text)) => text.bytes.to_ascii_lowercase(),
        Some(ast::Selector::Pattern(text)) => [b"/", &text.bytes[..]].concat(),
    };
    let counts = |target: &ast::Target| target.modifier == Modifier::Count;
    a.name.eq_ignore_ascii_case(&b.name) && member(a) == member(b) && counts(a) == counts(b)
}

/// An action takes the place of those that it excludes, or is one more.
fn update_action(draft: &mut Draft, action: &ast::Action) {
    let group = group(&action.name);
    if !group.is_empty() {
        draft
            .actions
            .retain(|other| !group.iter().any(|name| other.name.eq_ignore_ascii_case(name)));
    }
    draft.actions.push(action.clone());
}

/// Actions of which a rule has one; empty where it can have many.
fn group(name: &str) -> &'static [&'static str] {
    const GROUPS: &[&[&str]] = &[
        &["pass", "block", "deny", "drop", "allow", "redirect"],
        &["log", "nolog"],
        &["auditlog", "noauditlog"],
        &["msg"],
        &["logdata"],
        &["severity"],
        &["ver"],
        &["rev"],
        &["maturity"],
        &["accuracy"],
        &["status"],
        &["skip"],
        &["skipAfter"],
    ];
    let found = GROUPS.iter().find(|group| group.iter().any(|one| one.eq_ignore_ascii_case(name)));
    found.copied().unwrap_or_default()
}

fn is_fixed(name: &str) -> bool {
    ["id", "phase", "chain"].iter().any(|fixed| fixed.eq_ignore_ascii_case(name))
}
