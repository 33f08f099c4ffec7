//! The actions of a rule as written to what they mean, with what `SecDefaultAction` says where a rule does not.

use super::{
    Allow, Ctl, Disruptive, Effect, Sanitise,
    ctl::{self, Cx},
    setvar::{Destination, SetVar, part},
};
use crate::{
    error::{Problem, closest},
    macros::Macro,
    rule::{Logs, SEVERITIES},
    seclang::ast::{Action, Place, Text},
    transform::Transformation,
    variable::Persistent,
};

/// What the actions of a rule say. What they leave out is `None`.
#[derive(Debug, Default)]
pub struct Said {
    /// `id`
    pub id: Option<(u64, Place)>,
    /// `phase`
    pub phase: Option<u8>,
    /// `pass`, `deny`, `block` and their like.
    pub disruptive: Option<Choice>,
    /// `status`
    pub status: Option<u16>,
    /// `log` and `nolog`
    pub log: Option<bool>,
    /// `auditlog` and `noauditlog`
    pub audit: Option<bool>,
    /// `chain`
    pub chain: bool,
    /// `capture`
    pub capture: bool,
    /// `multiMatch`
    pub multi_match: bool,
    /// `skip`
    pub skip: Option<usize>,
    /// `skipAfter`
    pub skip_after: Option<Text>,
    /// Transformations, and whether `none` came before them.
    pub transformations: Vec<Transformation>,
    /// Whether `t:none` has cut off those of `SecDefaultAction`.
    pub transformations_anew: bool,
    /// `setvar`
    pub effects: Vec<Effect>,
    /// `ctl`, `initcol` and their like.
    pub late_effects: Vec<Effect>,
    /// `msg`
    pub message: Option<Text>,
    /// `logdata`
    pub logdata: Option<Text>,
    /// `tag`
    pub tags: Vec<Box<str>>,
    /// `severity`
    pub severity: Option<u8>,
    /// `ver`
    pub version: Box<str>,
    /// `rev`
    pub revision: Box<str>,
    /// `maturity`
    pub maturity: Option<u8>,
    /// `accuracy`
    pub accuracy: Option<u8>,
}

/// What is to become of a transaction, as written.
#[derive(Clone, Debug)]
pub enum Choice {
    /// `pass`
    Pass,
    /// `block`: what the default says.
    Block,
    /// `deny`
    Deny,
    /// `drop`
    Drop,
    /// `redirect`
    Redirect(Text),
    /// `allow`
    Allow(Allow),
}

impl Said {
    /// Reads the actions of a rule.
    ///
    /// # Errors
    ///
    /// Adds to `problems` what is wrong with each.
    pub fn read(actions: &[Action], cx: &mut Cx<'_>, problems: &mut Vec<Problem>) -> Self {
        let mut said = Self::default();
        for action in actions {
            if let Err(problem) = said.take(action, cx) {
                problems.push(problem);
            }
        }
        said
    }

    /// Whether there is an action that only makes sense where a rule is: what it says of itself, and where it leads.
    pub fn is_of_one_rule(&self) -> bool {
        self.message.is_some()
            || self.logdata.is_some()
            || self.severity.is_some()
            || self.maturity.is_some()
            || self.accuracy.is_some()
            || self.skip.is_some()
            || self.skip_after.is_some()
            || self.capture
            || self.multi_match
            || !(self.version.is_empty() && self.revision.is_empty())
    }

    /// Where a match is told.
    pub fn logs(&self, default: Logs) -> Logs {
        // `nolog` says `noauditlog` too, unless that is said otherwise; so in both ModSecurity and Coraza.
        let audit = self.audit.or(self.log).unwrap_or(default.audit);
        Logs { log: self.log.unwrap_or(default.log), audit }
    }

    /// What becomes of the transaction.
    ///
    /// # Errors
    ///
    /// A redirection with a macro that names no variable.
    pub fn disruptive(
        &self,
        default: Option<&Self>,
        cx: &mut Cx<'_>,
    ) -> Result<Disruptive, Problem> {
        let default_choice = default.and_then(|default| default.disruptive.clone());
        let choice = match &self.disruptive {
            Some(Choice::Block) | None => default_choice.unwrap_or(Choice::Pass),
            Some(choice) => choice.clone(),
        };
        let status = self.status.or(default.and_then(|default| default.status));
        Ok(match choice {
            Choice::Pass | Choice::Block => Disruptive::Pass,
            Choice::Deny => Disruptive::Deny(status.unwrap_or(DENIED)),
            Choice::Drop => Disruptive::Drop,
            Choice::Redirect(to) => {
                let status = status.filter(|status| (300..400).contains(status));
                Disruptive::Redirect(status.unwrap_or(FOUND), Macro::compile(&to, cx.names)?)
            }
            Choice::Allow(allow) => Disruptive::Allow(allow),
        })
    }

    fn take(&mut self, action: &Action, cx: &mut Cx<'_>) -> Result<(), Problem> {
        let name = action.name.to_ascii_lowercase();
        match name.as_str() {
            "chain" => self.chain = true,
            "capture" => self.capture = true,
            "multimatch" => self.multi_match = true,
            "log" => self.log = Some(true),
            "nolog" => self.log = Some(false),
            "auditlog" => self.audit = Some(true),
            "noauditlog" => self.audit = Some(false),
            "pass" => self.disruptive = Some(Choice::Pass),
            "block" => self.disruptive = Some(Choice::Block),
            "deny" => self.disruptive = Some(Choice::Deny),
            "drop" => self.disruptive = Some(Choice::Drop),
            "allow" => self.disruptive = Some(Choice::Allow(allow(action)?)),
            "sanitisematched"
            | "sanitisematchedbytes"
            | "sanitizematched"
            | "sanitizematchedbytes" => {
                self.late_effects.push(Effect::SanitiseMatched);
            }
            _ => return self.take_argument(&name, action, cx),
        }
        Ok(())
    }

    fn take_argument(
        &mut self,
        name: &str,
        action: &Action,
        cx: &mut Cx<'_>,
    ) -> Result<(), Problem> {
        let Some(argument) = &action.argument else {
            return Err(unknown(
                action,
                NAMES.iter().any(|known| known.eq_ignore_ascii_case(name)),
            ));
        };
        match name {
            "id" => self.id = Some((id(argument)?, argument.place)),
            "phase" => self.phase = Some(phase(argument)?),
            "status" => self.status = Some(status(argument)?),
            "redirect" => self.disruptive = Some(Choice::Redirect(argument.clone())),
            "skip" => self.skip = Some(ctl::size(argument)?),
            "skipafter" => self.skip_after = Some(argument.clone()),
            "t" => self.transformation(argument)?,
            "msg" => self.message = Some(argument.clone()),
            "logdata" => self.logdata = Some(argument.clone()),
            "tag" => self.tags.push(string(argument).into()),
            "severity" => self.severity = Some(severity(argument)?),
            "ver" => self.version = string(argument).into(),
            "rev" => self.revision = string(argument).into(),
            "maturity" => self.maturity = Some(grade(argument)?),
            "accuracy" => self.accuracy = Some(grade(argument)?),
            _ => return self.take_effect(name, action, argument, cx),
        }
        Ok(())
    }

    fn take_effect(
        &mut self,
        name: &str,
        action: &Action,
        argument: &Text,
        cx: &mut Cx<'_>,
    ) -> Result<(), Problem> {
        let effect = match name {
            "setvar" => {
                self.effects.push(Effect::SetVar(SetVar::compile(argument, cx.names)?));
                return Ok(());
            }
            "ctl" => Effect::Ctl(Ctl::compile(argument, cx)?),
            "initcol" => {
                let (collection, key) = halves(argument)?;
                let name = string(&collection);
                let collection = Persistent::from_name(name.trim()).ok_or_else(|| {
                    let message = format!("no persistent collection `{name}`");
                    Problem::with(&collection, message)
                        .note("there are global, ip, resource, session and user")
                })?;
                Effect::Open(collection, Macro::compile(&key, cx.names)?)
            }
            "setuid" => Effect::Open(Persistent::User, Macro::compile(argument, cx.names)?),
            "setsid" => Effect::Open(Persistent::Session, Macro::compile(argument, cx.names)?),
            "setrsc" => Effect::Open(Persistent::Resource, Macro::compile(argument, cx.names)?),
            "setenv" => {
                let (name, value) = halves(argument)?;
                Effect::SetEnv(Macro::compile(&name, cx.names)?, Macro::compile(&value, cx.names)?)
            }
            "expirevar" => {
                let (name, seconds) = halves(argument)?;
                let destination = persistent(&name, cx)?;
                Effect::Expire(destination, Macro::compile(&seconds, cx.names)?)
            }
            "deprecatevar" => deprecate(argument, cx)?,
            "sanitisearg" | "sanitizearg" => sanitise(Sanitise::Argument, argument),
            "sanitiserequestheader" | "sanitizerequestheader" => {
                sanitise(Sanitise::RequestHeader, argument)
            }
            "sanitiseresponseheader" | "sanitizeresponseheader" => {
                sanitise(Sanitise::ResponseHeader, argument)
            }
            _ => return Err(unknown(action, false)),
        };
        self.late_effects.push(effect);
        Ok(())
    }

    fn transformation(&mut self, argument: &Text) -> Result<(), Problem> {
        let name = string(argument);
        if name.trim().eq_ignore_ascii_case("none") {
            self.transformations.clear();
            self.transformations_anew = true;
            return Ok(());
        }
        let transformation = Transformation::from_name(name.trim()).ok_or_else(|| {
            let names = Transformation::ALL.iter().map(|one| one.name());
            let close = closest(name.trim().as_bytes(), names);
            Problem::with(argument, format!("unknown transformation `{name}`"))
                .maybe_note(close.map(|name| format!("did you mean `{name}`?")))
        })?;
        self.transformations.push(transformation);
        Ok(())
    }
}

fn unknown(action: &Action, lacks_argument: bool) -> Problem {
    let len = action.name.len();
    if lacks_argument {
        return Problem::new(
            action.place,
            len,
            format!("action `{}` has no argument", action.name),
        );
    }
    let refused = REFUSED.iter().find(|(name, _)| name.eq_ignore_ascii_case(&action.name));
    if let Some((_, why)) = refused {
        let message = format!("action `{}` is not supported", action.name);
        return Problem::new(action.place, len, message).note(*why);
    }
    let close = closest(action.name.as_bytes(), NAMES.iter().chain(PLAIN).copied());
    Problem::new(action.place, len, format!("unknown action `{}`", action.name))
        .maybe_note(close.map(|name| format!("did you mean `{name}`?")))
}

fn string(text: &Text) -> String {
    String::from_utf8_lossy(&text.bytes).into_owned()
}

fn id(text: &Text) -> Result<u64, Problem> {
    let id = string(text).trim().parse().ok().filter(|id| *id > 0);
    id.ok_or_else(|| Problem::with(text, "an id is a number from 1 on"))
}

fn phase(text: &Text) -> Result<u8, Problem> {
    match string(text).trim().to_ascii_lowercase().as_str() {
        "1" => Ok(1),
        "2" | "request" => Ok(2),
        "3" => Ok(3),
        "4" | "response" => Ok(4),
        "5" | "logging" => Ok(5),
        _ => Err(Problem::with(text, "a phase is 1 to 5, request, response or logging")),
    }
}

fn status(text: &Text) -> Result<u16, Problem> {
    let status = string(text).trim().parse().ok().filter(|status| (100..600).contains(status));
    status.ok_or_else(|| Problem::with(text, "a status is a number from 100 to 599"))
}

fn severity(text: &Text) -> Result<u8, Problem> {
    let name = string(text);
    let number = name.trim().parse().ok().filter(|number| *number < SEVERITIES.len());
    let by_name = || SEVERITIES.iter().position(|known| known.eq_ignore_ascii_case(name.trim()));
    let severity = number.or_else(by_name);
    severity
        .map(|severity| severity as u8)
        .ok_or_else(|| Problem::with(text, "a severity is 0 to 7, or EMERGENCY to DEBUG"))
}

fn grade(text: &Text) -> Result<u8, Problem> {
    let grade = string(text).trim().parse().ok().filter(|grade| (1..10).contains(grade));
    grade.ok_or_else(|| Problem::with(text, "a grade is 1 to 9"))
}

fn allow(action: &Action) -> Result<Allow, Problem> {
    let Some(argument) = &action.argument else { return Ok(Allow::All) };
    match string(argument).trim().to_ascii_lowercase().as_str() {
        "phase" => Ok(Allow::Phase),
        "request" => Ok(Allow::Request),
        _ => Err(Problem::with(argument, "`allow` takes nothing, `phase` or `request`")),
    }
}

/// `name=value`
fn halves(text: &Text) -> Result<(Text, Text), Problem> {
    let Some(at) = text.bytes.iter().position(|byte| *byte == b'=') else {
        return Err(Problem::with(text, "no value, as in `name=value`"));
    };
    Ok((part(text, 0, at), part(text, at + 1, text.bytes.len())))
}

/// `collection.name=amount/seconds`
fn deprecate(argument: &Text, cx: &mut Cx<'_>) -> Result<Effect, Problem> {
    let (name, rate) = halves(argument)?;
    let numbers = string(&rate);
    let (amount, seconds) = numbers.split_once('/').unwrap_or((&numbers, ""));
    let amount = amount.trim().parse().ok().filter(|amount: &i64| *amount > 0);
    let seconds = seconds.trim().parse().ok().filter(|seconds: &i64| *seconds > 0);
    let (Some(amount), Some(seconds)) = (amount, seconds) else {
        return Err(Problem::with(&rate, "no rate, as in `60/300`: by 60 in 300 seconds"));
    };
    Ok(Effect::Deprecate(persistent(&name, cx)?, amount, seconds))
}

/// A member of a collection that outlives the transaction: of others, time changes nothing.
fn persistent(name: &Text, cx: &mut Cx<'_>) -> Result<Destination, Problem> {
    match Destination::compile(name, cx.names)? {
        destination @ Destination::Persistent(..) => Ok(destination),
        _ => Err(Problem::with(name, "without effect: it ends with the transaction anyway")),
    }
}

fn sanitise(what: Sanitise, name: &Text) -> Effect {
    Effect::Sanitise(what, name.bytes.clone().into())
}

/// Status of `deny` where none is given.
const DENIED: u16 = 403;
/// Status of `redirect` where none is given.
const FOUND: u16 = 302;

const PLAIN: &[&str] = &[
    "allow",
    "auditlog",
    "block",
    "capture",
    "chain",
    "deny",
    "drop",
    "log",
    "multiMatch",
    "noauditlog",
    "nolog",
    "pass",
    "sanitiseMatched",
    "sanitiseMatchedBytes",
];

const NAMES: &[&str] = &[
    "accuracy",
    "ctl",
    "deprecatevar",
    "expirevar",
    "id",
    "initcol",
    "logdata",
    "maturity",
    "msg",
    "phase",
    "redirect",
    "rev",
    "sanitiseArg",
    "sanitiseRequestHeader",
    "sanitiseResponseHeader",
    "setenv",
    "setrsc",
    "setsid",
    "setuid",
    "setvar",
    "severity",
    "skip",
    "skipAfter",
    "status",
    "t",
    "tag",
    "ver",
];

const REFUSED: &[(&str, &str)] = &[
    ("append", "bodies are not rewritten"),
    ("exec", "no other program is run for a request"),
    ("pause", "a worker waits for nobody: use a rate limit"),
    ("prepend", "bodies are not rewritten"),
    ("proxy", "routes say where a request goes"),
    ("xmlns", "XML is inspected by `XML:/*` and `XML://@*`, which need no namespaces"),
];
