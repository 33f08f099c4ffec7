//! What patterns cost.

use super::{
    Found,
    written::{Link, Written},
};
use crate::{
    error::Problem,
    operator::Operator,
    pattern::Pattern,
    seclang::ast::Operator as Spelled,
    variable::{Scalar, Source},
};

pub(super) fn look(written: &Written<'_>, found: &mut Found) {
    for link in written.running() {
        let Some(operator) = link.operator else { continue };
        // A pattern with macros is compiled for each request; it is what its macros make of it.
        let pattern = match &link.rule.operator {
            Operator::Rx(rx) | Operator::Verify(_, rx) => rx.pattern(),
            _ => None,
        };
        if let Some(pattern) = pattern {
            cost(link, operator, pattern, found);
        }
    }
}

fn cost(link: &Link<'_>, operator: &Spelled, pattern: &Pattern, found: &mut Found) {
    if pattern.is_backtracking() {
        let message =
            "this pattern runs by backtracking, in steps that are bounded and not in linear time";
        let note = "look-around, backreferences, possessive quantifiers and atomic groups need it";
        return found.add("backtracking", Problem::with(&operator.argument, message).note(note));
    }
    let is_rx = matches!(link.rule.operator, Operator::Rx(_));
    if is_rx && link.rule.clauses.is_empty() && link.is_head() && looks_at_much(link) {
        let message =
            "no text that is rare is in each match: every value is searched for this pattern";
        found.add("no-literal", Problem::with(&operator.argument, message));
    }
}

/// Whether there are many values to look at, or large ones.
fn looks_at_much(link: &Link<'_>) -> bool {
    link.rule.targets.iter().filter(|target| !target.count).any(|target| {
        match target.target.variable.source {
            Source::Args | Source::ArgsNames | Source::Values(_) | Source::Names(_) => {
                matches!(target.target.selector, crate::variable::Selector::All)
            }
            Source::Scalar(scalar) => matches!(
                scalar,
                Scalar::RequestBody | Scalar::ResponseBody | Scalar::FullRequest | Scalar::XmlText
            ),
            _ => false,
        }
    })
}
