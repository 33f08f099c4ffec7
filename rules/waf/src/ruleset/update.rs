//! `SecRuleUpdateTargetBy*` and `SecRuleUpdateActionById`: rules changed before they are compiled.
//!
//! As in ModSecurity 3, it does not matter whether a rule stands before or behind the directive.

use super::draft::Draft;
use crate::{
    error::Problem,
    pattern::{Caches, Case, Found, Pattern},
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
            let mut selection = Selection::new(which)?;
            for draft in drafts.iter_mut().filter(|draft| !draft.link && draft.operator.is_some()) {
                if selection.takes(draft) {
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

/// Rules by id, tag or message, before they are compiled.
struct Selection<'w> {
    which: &'w ast::Which,
    pattern: Option<Pattern>,
    caches: Caches,
}

impl<'w> Selection<'w> {
    fn new(which: &'w ast::Which) -> Result<Self, Problem> {
        let pattern = match which {
            ast::Which::Ids(_) => None,
            ast::Which::Tag(text) | ast::Which::Message(text) => {
                let pattern = Pattern::new(&text.bytes, Case::Sensitive);
                Some(pattern.map_err(|message| Problem::with(text, message))?)
            }
        };
        Ok(Self { which, pattern, caches: Caches::new(usize::MAX) })
    }

    fn takes(&mut self, draft: &Draft) -> bool {
        let name = match self.which {
            ast::Which::Ids(ranges) => {
                let id = draft.id();
                return id.is_some_and(|id| ranges.iter().any(|(a, b)| (*a..=*b).contains(&id)));
            }
            ast::Which::Tag(_) => "tag",
            ast::Which::Message(_) => "msg",
        };
        let Some(pattern) = &self.pattern else { return false };
        let named = draft.actions.iter().filter(|action| action.name.eq_ignore_ascii_case(name));
        let mut texts = named.filter_map(|action| action.argument.as_ref());
        texts.any(|text| pattern.is_match(&mut self.caches, &text.bytes, STEPS_MAX) == Found::Yes)
    }
}

const STEPS_MAX: usize = 1_000_000;

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
