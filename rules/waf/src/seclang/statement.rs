//! A logical line to a statement: the directive is looked up, its arguments are counted, checked against the table, and those
//! of rules are taken apart. What is wrong with one argument does not keep the others from being read.

use super::{
    action::actions,
    ast::{Kind, Place, Statement, Text, Which},
    directive::{self, Class, Directive, Values},
    glob,
    lines::{Line, check_comment},
    operator::operator,
    placed::{Placed, shown},
    reader::PROBLEMS_MAX,
    selection::{ids, link, number},
    target::targets,
    words::{Word, Words},
};
use crate::error::{Problem, closest};

/// What a line asks for.
pub(super) enum Item {
    /// A statement for the ruleset.
    Statement(Statement),
    /// Files to be read in this place.
    Include(Include),
}

/// `Include` or `IncludeOptional`.
pub(super) struct Include {
    /// Where the path begins, with an opening quote.
    pub(super) place: Place,
    /// How long the path is as written.
    pub(super) len: usize,
    /// The path, with wildcards.
    pub(super) path: Text,
    /// Whether it is no error if no file is there.
    pub(super) optional: bool,
}

impl Include {
    /// Whether it is no error if the file is not there. One that a pattern has found is there, but for a link to nowhere.
    pub(super) fn may_be_missing(&self) -> bool {
        self.optional && !glob::is_pattern(&String::from_utf8_lossy(&self.path.bytes))
    }
}

/// Reads a line. `None` where the line has a problem that leaves nothing to be said.
pub(super) fn item(line: &Line, problems: &mut Vec<Problem>) -> Option<Item> {
    let place = line.text.place(0);
    let directive = keep(problems, head(line))?;
    let words = arguments(directive, line, problems);
    let words = keep(problems, words)?;
    let mut parse = Parse { directive, problems };
    parse.check_values(&words);
    let mut words = words.into_iter();
    if matches!(directive.name, "Include" | "IncludeOptional") {
        let word = words.next()?;
        let (place, len) = (word.place, word.len);
        let optional = directive.name == "IncludeOptional";
        return Some(Item::Include(Include { place, len, path: word.into_text(), optional }));
    }
    let kind = parse.kind(words)?;
    Some(Item::Statement(Statement { place, kind }))
}

/// The directive that a line begins with.
fn head(line: &Line) -> Result<&'static Directive, Problem> {
    let bytes = line.text.bytes();
    let name = bytes.split(u8::is_ascii_whitespace).next().unwrap_or_default();
    let problem = |message: String| Problem::new(line.text.place(0), name.len(), message);
    if let Some(directive) = directive::find(name) {
        return match directive.class {
            Class::Refused => {
                Err(problem(format!("`{}` is refused", directive.name)).note(directive.says))
            }
            _ => Ok(directive),
        };
    }
    if name.starts_with(b"<") {
        let message = format!("`{}` is not SecLang but a section of Apache's", shown(bytes));
        return Err(Problem::new(line.text.place(0), bytes.len(), message)
            .note("take the lines of the section out; what is within may stay"));
    }
    if !name.iter().all(u8::is_ascii_alphanumeric) {
        let problem = problem(format!("expected a directive, found `{}`", shown(name)));
        return Err(problem.note("a statement goes on in the next line only behind a backslash"));
    }
    let known = closest(name, directive::all().iter().map(|directive| directive.name));
    let problem = problem(format!("unknown directive `{}`", shown(name)));
    Err(problem.maybe_note(known.map(|known| format!("did you mean `{known}`?"))))
}

/// The arguments of a directive, as many as it takes. Behind the least that it takes, `#` begins a comment.
fn arguments(
    directive: &Directive,
    line: &Line,
    problems: &mut Vec<Problem>,
) -> Result<Vec<Word>, Problem> {
    let (min, max) = directive.arguments;
    let mut found = Vec::new();
    let mut words = Words::new(line);
    words.skip_bare();
    loop {
        let comment = words.at_comment().filter(|_| found.len() >= min);
        if let Some(start) = comment {
            check_comment(&line.text, start, problems);
            break;
        }
        let Some(word) = words.next() else { break };
        found.push(word?);
    }
    let takes = format!("`{}` takes {}, found {}", directive.name, directive.arity(), found.len());
    if let Some(surplus) = found.get(max) {
        return Err(surplus.problem(takes).note(SURPLUS));
    }
    if found.len() < min {
        return Err(Problem::new(line.text.place(0), directive.name.len(), takes));
    }
    Ok(found)
}

struct Parse<'p> {
    directive: &'static Directive,
    problems: &'p mut Vec<Problem>,
}

impl Parse<'_> {
    fn check_values(&mut self, words: &[Word]) {
        for word in words {
            let problem = self.wrong_value(word);
            self.problems.extend(problem);
        }
    }

    fn wrong_value(&self, word: &Word) -> Option<Problem> {
        let Directive { name, values, says, .. } = self.directive;
        let written = word.text.bytes();
        let is = |known: &&&str| known.as_bytes().eq_ignore_ascii_case(written);
        let known = match values {
            Values::Text => return None,
            Values::Number => {
                let message = format!("expected a number, found `{}`", shown(written));
                return number(written).is_none().then(|| word.problem(message));
            }
            Values::Words(known) => known,
            Values::Only(known, refused) => match refused.iter().find(is) {
                Some(refused) => {
                    let problem = word.problem(format!("`{name} {refused}` is refused"));
                    return Some(problem.note(*says));
                }
                None => known,
            },
        };
        if known.iter().any(|known| is(&known)) {
            return None;
        }
        let message = format!("expected {}, found `{}`", one_of(known), shown(written));
        let meant = closest(written, known.iter().copied());
        Some(word.problem(message).maybe_note(meant.map(|word| format!("did you mean `{word}`?"))))
    }

    /// The statement of a directive whose arguments have been counted.
    fn kind(&mut self, mut words: impl Iterator<Item = Word>) -> Option<Kind> {
        match self.directive.name {
            "SecRule" => self.rule(words),
            "SecAction" => Some(Kind::Action(self.part(actions, words.next()?)?)),
            "SecDefaultAction" => Some(Kind::DefaultAction(self.part(actions, words.next()?)?)),
            "SecMarker" => Some(Kind::Marker(words.next()?.into_text())),
            "SecRuleRemoveById" => Some(Kind::Remove(Which::Ids(self.ids(words)?))),
            "SecRuleRemoveByTag" => Some(Kind::Remove(Which::Tag(words.next()?.into_text()))),
            "SecRuleRemoveByMsg" => Some(Kind::Remove(Which::Message(words.next()?.into_text()))),
            "SecRuleUpdateTargetById" => {
                let ids = self.ids([words.next()?].into_iter());
                self.update_target(ids.map(Which::Ids), words)
            }
            "SecRuleUpdateTargetByTag" => {
                let tag = words.next()?.into_text();
                self.update_target(Some(Which::Tag(tag)), words)
            }
            "SecRuleUpdateTargetByMsg" => {
                let message = words.next()?.into_text();
                self.update_target(Some(Which::Message(message)), words)
            }
            "SecRuleUpdateActionById" => {
                let rule = keep(self.problems, link(&words.next()?));
                let actions = self.part(actions, words.next()?)?;
                rule.map(|(id, link)| Kind::UpdateAction { id, link, actions })
            }
            name => {
                let arguments = words.map(Word::into_text).collect();
                Some(Kind::Directive { name: name.to_owned(), arguments })
            }
        }
    }

    fn rule(&mut self, mut words: impl Iterator<Item = Word>) -> Option<Kind> {
        let targets = self.part(targets, words.next()?);
        let operator = self.part(operator, words.next()?);
        let actions = match words.next() {
            Some(word) => self.part(actions, word),
            None => Some(Vec::new()),
        };
        Some(Kind::Rule { targets: targets?, operator: operator?, actions: actions? })
    }

    fn update_target(
        &mut self,
        which: Option<Which>,
        mut words: impl Iterator<Item = Word>,
    ) -> Option<Kind> {
        let changed = self.part(targets, words.next()?);
        let replaced = match words.next() {
            Some(word) => Some(self.part(targets, word)?),
            None => None,
        };
        Some(Kind::UpdateTarget { which: which?, targets: changed?, replaced })
    }

    fn ids(&mut self, words: impl Iterator<Item = Word>) -> Option<Vec<(u64, u64)>> {
        let before = self.problems.len();
        let mut found = Vec::new();
        for word in words {
            if self.problems.len() >= PROBLEMS_MAX {
                return None;
            }
            found.extend(keep(self.problems, ids(&word)).unwrap_or_default());
        }
        (self.problems.len() == before).then_some(found)
    }

    fn part<T>(&mut self, parse: impl Fn(&Placed) -> Result<T, Problem>, word: Word) -> Option<T> {
        keep(self.problems, parse(&word.text))
    }
}

/// What was found; a problem is put to the others.
fn keep<T>(problems: &mut Vec<Problem>, found: Result<T, Problem>) -> Option<T> {
    found.map_err(|problem| problems.push(problem)).ok()
}

fn one_of(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.as_slice() {
        [some @ .., last] if !some.is_empty() => format!("{} or {last}", some.join(", ")),
        _ => quoted.concat(),
    }
}

const SURPLUS: &str = "an argument with spaces is written in double quotes";
