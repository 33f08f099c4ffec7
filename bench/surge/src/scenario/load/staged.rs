//! `[origin.NAME]`, `[stack]` and `[[event]]`: what surge sets up around a run.

use super::{Context, assertions};
use crate::scenario::{
    Target,
    places::Places,
    staged::{Action, At, Event, Memory, Origin, Stack},
    suggest::did_you_mean,
    table::{Placed, Table},
    units::{Duration as Span, Size},
};

/// Names of the origins, and whether surge starts a stack: enough to know which names in braces there are.
pub(super) fn places(root: &Table<'_>) -> Places {
    Places::pending(&root.names("origin"), root.names("stack").contains(&"command"))
}

/// Reads the origins, in the order of their names.
pub(super) fn origins(root: &Table<'_>, context: &Context<'_>) -> Vec<Origin> {
    let tables = root.named("origin").into_iter();
    tables.map(|(name, table)| origin(name.value, table, context)).collect()
}

fn origin(name: &str, table: Table<'_>, context: &Context<'_>) -> Origin {
    let body_size = table.parsed::<Size>("body_size").map_or(BODY_SIZE, |size| size.value.0);
    let health = table.text("health").map(|path| path.value.to_owned());
    let assertions = assertions(&table, &context.phases);
    for assertion in assertions.iter().filter(|assertion| !assertion.counts_requests()) {
        let message = format!("an origin counts `requests` only, not \"{}\"", assertion.text);
        table.report(table.span.clone(), "assert", message, None);
    }
    table.finish();
    Origin { name: name.to_owned(), body_size: body_size as usize, health, assertions }
}

/// Reads the stack; one that does nothing where there is none.
pub(super) fn stack(root: &Table<'_>, context: &Context<'_>) -> Stack {
    let Some(table) = root.table("stack") else { return Stack::default() };
    let command = words(&table, "command", &context.places);
    let config = template(&table, "config", &context.places);
    let pid = table.integer("pid", 1..=u64::from(u32::MAX)).and_then(|pid| u32::try_from(pid).ok());
    let metrics = metrics(&table, context);
    let own = table.has("command");
    let sources = [own && !table.has("metrics"), table.has("pid"), table.has("metrics")];
    if sources.iter().filter(|there| **there).count() > 1 {
        let message = "the memory of one process is read: `pid` excludes the others";
        table.report(table.span.clone(), "pid", message, None);
    }
    if !own && table.has("config") {
        let message = "has no effect without `command`";
        table.report(table.span.clone(), "config", message, None);
    }
    if !["command", "pid", "metrics"].iter().any(|key| table.has(key)) {
        let message = "a stack needs `command`, `pid` or `metrics`";
        table.report(table.span.clone(), "", message, None);
    }
    table.finish();
    let memory = match (pid, metrics) {
        (Some(pid), _) => Memory::Process(pid),
        (None, Some(target)) => Memory::Metrics(Box::new(target)),
        (None, None) => Memory::Own,
    };
    Stack { command, config, memory }
}

fn metrics(table: &Table<'_>, context: &Context<'_>) -> Option<Target> {
    let Placed { value, span } = table.text("metrics")?;
    let found = context.places.fill(value).and_then(|url| Target::find(&url, &context.allowed));
    match found {
        Ok(target) if target.tls => {
            table.report(span, "metrics", "metrics are read over http, not https", None);
            None
        }
        Ok(target) => Some(target),
        Err(message) => {
            table.report(span, "metrics", message, None);
            None
        }
    }
}

/// Reads the events, in the order in which they were written.
pub(super) fn events(root: &Table<'_>, context: &Context<'_>) -> Vec<Event> {
    let tables = root.tables("event").into_iter().enumerate();
    tables.filter_map(|(index, table)| event(index, table, context)).collect()
}

fn event(index: usize, table: Table<'_>, context: &Context<'_>) -> Option<Event> {
    let name = table.text("name").map(|name| name.value.to_owned());
    for key in ["in", "at"] {
        if !table.has(key) {
            table.missing(key);
        }
    }
    let phase = table.text("in").and_then(|phase| {
        let found = context.phases.iter().position(|known| known == phase.value);
        if found.is_none() {
            let help = did_you_mean(phase.value, context.phases.iter().map(String::as_str));
            let message = format!("there is no phase \"{}\"", phase.value);
            table.report(phase.span, "in", message, help);
        }
        found
    });
    let at = table.parsed::<At>("at").map(|at| at.value);
    let command = table.has("command").then(|| words(&table, "command", &context.places));
    let edit = table.table("edit").map(|edit| self::edit(edit, context));
    let action = match (command, edit) {
        (Some(words), None) => Some(Action::Command(words)),
        (None, Some(edit)) => edit,
        _ => {
            let message = "an event has either `command` or `edit`";
            table.report(table.span.clone(), "", message, None);
            None
        }
    };
    table.finish();
    let name = name.unwrap_or_else(|| format!("event {}", index + 1));
    Some(Event { name, phase: phase?, at: at?, action: action? })
}

fn edit(table: Table<'_>, context: &Context<'_>) -> Option<Action> {
    for key in ["file", "from", "to"] {
        if !table.has(key) {
            table.missing(key);
        }
    }
    let file = template(&table, "file", &context.places);
    // Relative to the scenario, as all files that it names; what stands for a name is whole.
    let file = file.map(|file| match file.starts_with('{') {
        true => file,
        false => context.base.join(file).display().to_string(),
    });
    let from = table.text("from");
    if let Some(from) = from.as_ref().filter(|from| from.value.is_empty()) {
        table.report(from.span.clone(), "from", "there is no text to be replaced", None);
    }
    let to = table.text("to").map(|to| to.value.to_owned());
    table.finish();
    Some(Action::Edit { file: file?, from: from?.value.to_owned(), to: to? })
}

/// A text whose names in braces are looked at now, and filled in later.
fn template(table: &Table<'_>, key: &'static str, places: &Places) -> Option<String> {
    let text = table.text(key)?;
    if let Err(message) = places.fill(text.value) {
        table.report(text.span, key, message, None);
    }
    Some(text.value.to_owned())
}

fn words(table: &Table<'_>, key: &'static str, places: &Places) -> Vec<String> {
    let words = table.texts(key);
    if table.has(key) && words.is_empty() {
        table.report(table.span.clone(), key, "expected a program and its arguments", None);
    }
    for word in &words {
        if let Err(message) = places.fill(word.value) {
            table.report(word.span.clone(), key, message, None);
        }
    }
    words.into_iter().map(|word| word.value.to_owned()).collect()
}

impl std::str::FromStr for At {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some(percent) = text.strip_suffix('%') else {
            return text.parse::<Span>().map(|span| Self::After(span.0));
        };
        let share = percent.trim().parse().ok().filter(|p: &f64| (0.0..=100.0).contains(p));
        let share = share.ok_or_else(|| {
            format!("expected a time such as \"3s\" or a share such as \"50%\", found \"{text}\"")
        })?;
        Ok(Self::Share(share / 100.0))
    }
}

const BODY_SIZE: u64 = 512;
