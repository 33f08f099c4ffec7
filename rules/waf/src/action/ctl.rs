//! `ctl`: settings of one transaction, changed while it runs.

use super::{Mode, setvar::part};
use crate::{
    error::{Problem, closest},
    ruleset::select::{Masks, Which},
    seclang::ast::{self, Text},
    state::tx::Names,
    variable::Target,
};

/// One `ctl`.
#[derive(Debug)]
pub enum Ctl {
    /// `ruleEngine`
    Engine(Mode),
    /// `ruleRemoveById`, `ruleRemoveByTag`, `ruleRemoveByMsg`: number of the set of rules.
    RemoveRules(usize),
    /// `ruleRemoveTargetById` and its like: number of the set of rules, and what they do not look at.
    RemoveTarget(usize, usize),
    /// `requestBodyProcessor`
    Processor(Processor),
    /// `forceRequestBodyVariable`
    ForceRequestBody(bool),
    /// `requestBodyAccess`
    RequestBodyAccess(bool),
    /// `requestBodyLimit`
    RequestBodyLimit(usize),
    /// `responseBodyAccess`
    ResponseBodyAccess(bool),
    /// `responseBodyLimit`
    ResponseBodyLimit(usize),
    /// `auditEngine`
    Audit(AuditEngine),
    /// `auditLogParts`: records always have the same parts, bodies never among them. There is nothing to change.
    AuditParts,
    /// `parseXmlIntoArgs`
    XmlIntoArgs(XmlIntoArgs),
}

/// How a request body is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Processor {
    /// Not at all.
    None,
    /// As a form.
    Urlencoded,
    /// As a form of parts.
    Multipart,
    /// As JSON.
    Json,
    /// As XML.
    Xml,
}

impl Processor {
    /// The processor of this name, compared without case.
    pub fn from_name(name: &[u8]) -> Option<Self> {
        let all = [Self::Urlencoded, Self::Multipart, Self::Json, Self::Xml];
        all.into_iter().find(|one| one.name().as_bytes().eq_ignore_ascii_case(name))
    }

    /// What `REQBODY_PROCESSOR` says.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Urlencoded => "URLENCODED",
            Self::Multipart => "MULTIPART",
            Self::Json => "JSON",
            Self::Xml => "XML",
        }
    }
}

/// Whether a transaction is audited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AuditEngine {
    /// Always.
    On,
    /// Never.
    Off,
    /// When a rule that logs has matched, or by its status.
    #[default]
    RelevantOnly,
}

/// Whether texts of XML documents are arguments too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum XmlIntoArgs {
    /// They are not.
    #[default]
    Off,
    /// They are.
    On,
    /// They are, and `XML` is empty.
    Only,
}

/// What compiling a `ctl` draws on.
pub struct Cx<'c> {
    /// Names of `TX`.
    pub names: &'c mut Names,
    /// Sets of rules that are filled once all rules are known.
    pub masks: &'c mut Masks,
    /// What rules do not look at, once a `ctl` has said so.
    pub removed_targets: &'c mut Vec<Target>,
}

impl Ctl {
    /// Compiles the argument of `ctl`: `name=value`.
    ///
    /// # Errors
    ///
    /// An unknown name or a bad value.
    pub fn compile(argument: &Text, cx: &mut Cx<'_>) -> Result<Self, Problem> {
        let Some(at) = argument.bytes.iter().position(|byte| *byte == b'=') else {
            return Err(Problem::with(argument, "no value, as in `ctl:ruleEngine=Off`"));
        };
        let name = String::from_utf8_lossy(&argument.bytes[..at]).trim().to_ascii_lowercase();
        let value = part(argument, at + 1, argument.bytes.len());
        Ok(match name.as_str() {
            "ruleengine" => Self::Engine(word(&value, MODES)?),
            "ruleremovebyid" => Self::RemoveRules(cx.masks.number(Which::ids(&value)?)),
            "ruleremovebytag" => Self::RemoveRules(cx.masks.number(Which::tag(&value)?)),
            "ruleremovebymsg" => Self::RemoveRules(cx.masks.number(Which::message(&value)?)),
            "ruleremovetargetbyid" => remove_target(&value, cx, Which::ids)?,
            "ruleremovetargetbytag" => remove_target(&value, cx, Which::tag)?,
            "ruleremovetargetbymsg" => remove_target(&value, cx, Which::message)?,
            "requestbodyprocessor" => {
                let processor = Processor::from_name(&value.bytes);
                Self::Processor(processor.ok_or_else(|| {
                    Problem::with(&value, "no processor: URLENCODED, MULTIPART, JSON or XML")
                })?)
            }
            "forcerequestbodyvariable" => Self::ForceRequestBody(word(&value, ON_OFF)?),
            "requestbodyaccess" => Self::RequestBodyAccess(word(&value, ON_OFF)?),
            "requestbodylimit" => Self::RequestBodyLimit(size(&value)?),
            "responsebodyaccess" => Self::ResponseBodyAccess(word(&value, ON_OFF)?),
            "responsebodylimit" => Self::ResponseBodyLimit(size(&value)?),
            "auditengine" => Self::Audit(word(&value, AUDIT)?),
            "auditlogparts" => audit_parts(&value)?,
            "parsexmlintoargs" => Self::XmlIntoArgs(word(&value, XML_INTO_ARGS)?),
            _ => return Err(unknown(argument, &name, at)),
        })
    }
}

fn unknown(argument: &Text, name: &str, len: usize) -> Problem {
    if let Some((_, why)) = REFUSED.iter().find(|(refused, _)| *refused == name) {
        let message = format!("`ctl:{name}` is not supported");
        return Problem::new(argument.place, len, message).note(*why);
    }
    let close = closest(name.as_bytes(), NAMES.iter().copied());
    Problem::new(argument.place, len, format!("unknown `ctl:{name}`"))
        .maybe_note(close.map(|name| format!("did you mean `{name}`?")))
}

fn remove_target(
    value: &Text,
    cx: &mut Cx<'_>,
    which: fn(&Text) -> Result<Which, Problem>,
) -> Result<Ctl, Problem> {
    let Some(at) = value.bytes.iter().position(|byte| *byte == b';') else {
        return Err(Problem::with(value, "no target, as in `942100;ARGS:name`"));
    };
    let mask = cx.masks.number(which(&part(value, 0, at))?);
    let target = self::target(&part(value, at + 1, value.bytes.len()));
    cx.removed_targets.push(Target::compile(&target, cx.names)?);
    Ok(Ctl::RemoveTarget(mask, cx.removed_targets.len() - 1))
}

/// `NAME`, `NAME:member` or `NAME:/pattern/`.
pub fn target(text: &Text) -> ast::Target {
    let colon = text.bytes.iter().position(|byte| *byte == b':');
    let end = colon.unwrap_or(text.bytes.len());
    let selector = colon.map(|at| selector(&part(text, at + 1, text.bytes.len())));
    ast::Target {
        place: text.place,
        modifier: ast::Modifier::Values,
        name: String::from_utf8_lossy(&text.bytes[..end]).trim().to_owned(),
        selector,
    }
}

fn selector(member: &Text) -> ast::Selector {
    let bytes = member.bytes.as_slice();
    let quoted = bytes.strip_prefix(b"'").and_then(|bytes| bytes.strip_suffix(b"'"));
    let bare = quoted.unwrap_or(bytes);
    let shift = u32::from(quoted.is_some());
    let text = |bytes: &[u8], shift: u32| Text {
        place: ast::Place { column: member.place.column + shift, ..member.place },
        bytes: bytes.to_vec(),
    };
    match bare.strip_prefix(b"/").and_then(|pattern| pattern.strip_suffix(b"/")) {
        Some(pattern) => ast::Selector::Pattern(text(pattern, shift + 1)),
        None => ast::Selector::Name(text(bare, shift)),
    }
}

/// One of some words, compared without case.
pub fn word<T: Copy>(value: &Text, words: &[(&str, T)]) -> Result<T, Problem> {
    let text = value.bytes.trim_ascii();
    let found = words.iter().find(|(word, _)| word.as_bytes().eq_ignore_ascii_case(text));
    found.map(|(_, meaning)| *meaning).ok_or_else(|| {
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        Problem::with(value, format!("neither of {}", known.join(", ")))
    })
}

/// A number of bytes.
pub fn size(value: &Text) -> Result<usize, Problem> {
    let text = std::str::from_utf8(&value.bytes).unwrap_or_default().trim();
    text.parse().map_err(|_| Problem::with(value, "not a number of bytes"))
}

fn audit_parts(value: &Text) -> Result<Ctl, Problem> {
    let parts = value.bytes.strip_prefix(b"+").or(value.bytes.strip_prefix(b"-"));
    if parts.unwrap_or(&value.bytes).iter().all(|part| matches!(part, b'A'..=b'K' | b'Z')) {
        return Ok(Ctl::AuditParts);
    }
    Err(Problem::with(value, "no parts of an audit record: letters A to K and Z"))
}

/// Words of `SecRuleEngine`.
pub const MODES: &[(&str, Mode)] =
    &[("On", Mode::On), ("Off", Mode::Off), ("DetectionOnly", Mode::DetectionOnly)];
/// Words of switches.
pub const ON_OFF: &[(&str, bool)] = &[("On", true), ("Off", false)];
/// Words of `SecAuditEngine`.
pub const AUDIT: &[(&str, AuditEngine)] = &[
    ("On", AuditEngine::On),
    ("Off", AuditEngine::Off),
    ("RelevantOnly", AuditEngine::RelevantOnly),
];
/// Words of `SecParseXmlIntoArgs`.
pub const XML_INTO_ARGS: &[(&str, XmlIntoArgs)] =
    &[("On", XmlIntoArgs::On), ("Off", XmlIntoArgs::Off), ("OnlyArgs", XmlIntoArgs::Only)];

const NAMES: &[&str] = &[
    "auditEngine",
    "auditLogParts",
    "forceRequestBodyVariable",
    "parseXmlIntoArgs",
    "requestBodyAccess",
    "requestBodyLimit",
    "requestBodyProcessor",
    "responseBodyAccess",
    "responseBodyLimit",
    "ruleEngine",
    "ruleRemoveById",
    "ruleRemoveByMsg",
    "ruleRemoveByTag",
    "ruleRemoveTargetById",
    "ruleRemoveTargetByMsg",
    "ruleRemoveTargetByTag",
];

const REFUSED: &[(&str, &str)] = &[
    ("debugloglevel", "no debug log is written: what the rules did is in the report"),
    ("hashengine", "links are not signed"),
    ("hashenforcement", "links are not signed"),
];
