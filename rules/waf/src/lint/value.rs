//! The values that a rule looks at: whether they are there in its phase, and what its transformations leave of them.

use super::{
    Found, alphabet,
    written::{Link, Written},
};
use crate::{
    error::Problem,
    operator::Operator,
    seclang::ast::Modifier,
    state::tx::Names,
    variable::{Scalar, Set, Source, Target},
};

pub(super) fn look(written: &Written<'_>, found: &mut Found) {
    for link in written.running() {
        for target in link.targets.iter().filter(|target| target.modifier != Modifier::Exclude) {
            let Ok(compiled) = Target::compile(target, &mut Names::default()) else { continue };
            let (phase, first) = (link.rule.meta.phase, first_phase(compiled.variable.source));
            if phase < first {
                let name = compiled.variable.name;
                let message =
                    format!("{name} has no value before phase {first}, and this is phase {phase}");
                found.at("too-early", target.place, target.name.len(), message);
            }
        }
        none_first(link, found);
        place_known(link, written, found);
        alphabet::look(link, found);
    }
}

/// `t:none` undoes what stands before it, within the same rule too.
fn none_first(link: &Link<'_>, found: &mut Found) {
    let chain = link.actions.iter().filter(|action| action.name.eq_ignore_ascii_case("t"));
    let arguments: Vec<_> = chain.filter_map(|action| action.argument.as_ref()).collect();
    let is_none = |bytes: &[u8]| bytes.trim_ascii().eq_ignore_ascii_case(b"none");
    let last = arguments.iter().rposition(|argument| is_none(&argument.bytes));
    let Some((before, none)) =
        last.and_then(|last| Some((arguments.get(..last)?, arguments.get(last)?)))
    else {
        return;
    };
    if before.iter().any(|argument| !is_none(&argument.bytes)) {
        let message = "the transformations before `t:none` are cut off by it";
        let problem = Problem::with(none, message).note("put `t:none` first, or leave it out");
        found.add("none-not-first", problem);
    }
}

/// Without a database no address is anywhere.
fn place_known(link: &Link<'_>, written: &Written<'_>, found: &mut Found) {
    let Some(operator) = link.operator else { return };
    if matches!(link.rule.operator, Operator::Geo) && written.rules.settings().places.is_none() {
        let message = "no address is found: no database is named by SecGeoLookupDb";
        found.at("no-database", operator.place, operator.name.len(), message);
    }
}

/// The first phase in which a variable can have a value.
fn first_phase(source: Source) -> u8 {
    match source {
        Source::Scalar(scalar) => of_scalar(scalar),
        Source::Values(set) | Source::Names(set) => of_set(set),
        _ => 1,
    }
}

fn of_set(set: Set) -> u8 {
    match set {
        Set::ArgsPost
        | Set::Files
        | Set::FilesSizes
        | Set::FilesTmpContent
        | Set::MultipartFilename
        | Set::MultipartName
        | Set::MultipartPartHeaders
        | Set::XmlAttributes => 2,
        Set::ResponseHeaders => 3,
        Set::ArgsGet | Set::Geo | Set::RequestCookies | Set::RequestHeaders => 1,
    }
}

fn of_scalar(scalar: Scalar) -> u8 {
    match scalar {
        Scalar::FilesCombinedSize
        | Scalar::FullRequest
        | Scalar::FullRequestLength
        | Scalar::InboundDataError
        | Scalar::MultipartBoundaryQuoted
        | Scalar::MultipartBoundaryWhitespace
        | Scalar::MultipartCrlfLfLines
        | Scalar::MultipartDataAfter
        | Scalar::MultipartDataBefore
        | Scalar::MultipartFileLimitExceeded
        | Scalar::MultipartHeaderFolding
        | Scalar::MultipartInvalidHeaderFolding
        | Scalar::MultipartInvalidPart
        | Scalar::MultipartInvalidQuoting
        | Scalar::MultipartLfLine
        | Scalar::MultipartMissingSemicolon
        | Scalar::MultipartStrictError
        | Scalar::MultipartUnmatchedBoundary
        | Scalar::ReqbodyError
        | Scalar::ReqbodyErrorMsg
        | Scalar::ReqbodyProcessorError
        | Scalar::ReqbodyProcessorErrorMsg
        | Scalar::RequestBody
        | Scalar::RequestBodyLength
        | Scalar::XmlText => 2,
        Scalar::ResponseContentLength
        | Scalar::ResponseContentType
        | Scalar::ResponseProtocol
        | Scalar::ResponseStatus
        | Scalar::StatusLine => 3,
        Scalar::OutboundDataError | Scalar::ResponseBody => 4,
        _ => 1,
    }
}
