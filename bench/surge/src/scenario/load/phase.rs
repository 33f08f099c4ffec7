//! `[[phase]]`: what starts requests, and for how long.

use std::time::Duration;

use crate::{
    scenario::{
        Class, Conduct, Load, Phase,
        suggest::did_you_mean,
        table::{Placed, Table},
        units::{Duration as Span, Rate},
    },
    schedule::{Burst, Plan, Profile, Spacing},
};

/// A phase whose classes are still names.
pub(super) struct Draft<'t> {
    pub(super) phase: Phase,
    /// `None` for all.
    clients: Option<Vec<Placed<&'t str>>>,
    table: Table<'t>,
}

/// Reads the phases, without what they name.
pub(super) fn drafts<'t>(root: &Table<'t>, spacing: Spacing) -> Vec<Draft<'t>> {
    let tables = root.tables("phase");
    if tables.is_empty() {
        root.report(0..0, "phase", "there is no `[[phase]]`", Some(EXAMPLE.to_owned()));
    }
    let drafts: Vec<Draft<'t>> =
        tables.into_iter().enumerate().map(|(i, table)| draft(table, i, spacing)).collect();
    for (i, draft) in drafts.iter().enumerate() {
        if drafts.iter().take(i).any(|before| before.phase.name == draft.phase.name) {
            let message = format!("two phases are named \"{}\"", draft.phase.name);
            draft.table.report(draft.table.span.clone(), "name", message, None);
        }
    }
    drafts
}

/// Puts classes in the place of their names.
pub(super) fn link(root: &Table<'_>, drafts: Vec<Draft<'_>>, classes: &[Class]) -> Vec<Phase> {
    // A class whose name is misspelt takes part in what it is meant for.
    let known = |name: &Placed<&str>| classes.iter().any(|class| class.name == name.value);
    let all_known = drafts.iter().flat_map(|draft| draft.clients.iter().flatten()).all(known);
    let phases: Vec<Phase> = drafts.into_iter().map(|draft| draft.link(classes)).collect();
    for (i, class) in classes.iter().enumerate() {
        if all_known && !phases.is_empty() && !phases.iter().any(|phase| phase.classes.contains(&i))
        {
            let message = format!("`{}` takes part in no phase", class.name);
            root.report(0..0, "client", message, Some("name it in `clients`".to_owned()));
        }
    }
    phases
}

impl Draft<'_> {
    fn link(self, classes: &[Class]) -> Phase {
        let Self { mut phase, clients, table } = self;
        let find = |name: &Placed<&str>| {
            let found = classes.iter().position(|class| class.name == name.value);
            if found.is_none() && !classes.is_empty() {
                let help = did_you_mean(name.value, classes.iter().map(|c| c.name.as_str()));
                let message = format!("there is no `[client.{}]`", name.value);
                table.report(name.span.clone(), "clients", message, help);
            }
            found
        };
        phase.classes = match &clients {
            Some(names) => names.iter().filter_map(find).collect(),
            None => (0..classes.len()).collect(),
        };
        let sends = |i: &usize| {
            let conduct = classes.get(*i).map(|class| &class.conduct);
            matches!(conduct, Some(Conduct::Requests { weight, .. }) if *weight > 0.0)
        };
        let starts = match &phase.load {
            Load::Open(plan) => plan.count() > 0,
            Load::Closed { .. } => true,
        };
        if starts && !classes.is_empty() && !phase.classes.iter().any(sends) {
            let message = "nobody in this phase sends requests, but it has a rate";
            let help = "add a class with a `weight` above 0, or write `rate = \"0/s\"`";
            table.report(table.span.clone(), "", message, Some(help.to_owned()));
        }
        table.finish();
        phase
    }
}

fn draft(table: Table<'_>, index: usize, spacing: Spacing) -> Draft<'_> {
    let name = table.text("name").map(|name| name.value.to_owned());
    let length = table.parsed::<Span>("for");
    if !table.has("for") {
        table.missing("for");
    }
    if let Some(zero) = length.as_ref().filter(|length| length.value.0.is_zero()) {
        table.report(zero.span.clone(), "for", "a phase must last longer than nothing", None);
    }
    let length = length.map_or(SECOND, |length| length.value.0).max(Duration::from_millis(1));
    let load = load(&table, length, spacing);
    let warmup = table.flag("warmup").unwrap_or(false);
    let fixed = table.flag("fixed").unwrap_or(false);
    let clients = table.texts("clients");
    let clients = table.has("clients").then_some(clients);
    let name = name.unwrap_or_else(|| format!("phase {}", index + 1));
    let phase = Phase { name, length, load, classes: Vec::new(), warmup, fixed };
    Draft { phase, clients, table }
}

fn load(table: &Table<'_>, length: Duration, spacing: Spacing) -> Load {
    let rate = table.parsed::<Rate>("rate");
    let ramp_to = table.parsed::<Rate>("ramp_to");
    let steps = table.integer("steps", 2..=1_000);
    let burst = burst(table);
    let connections = table.integer("connections", 1..=100_000);
    let think = table.parsed::<Span>("think");
    let only_with = |key: &str, other: &str, there: bool| {
        if table.has(key) && !there {
            let message = format!("has no effect without `{other}`");
            table.report(table.span.clone(), key, message, None);
        }
    };
    only_with("steps", "ramp_to", table.has("ramp_to"));
    only_with("ramp_to", "rate", table.has("rate"));
    only_with("think", "connections", table.has("connections"));
    let open = ["rate", "burst"].iter().any(|key| table.has(key));
    match connections {
        Some(_) if open => {
            let message =
                "`connections` (closed loop) and `rate` or `burst` (open loop) exclude each other";
            table.report(table.span.clone(), "", message, None);
        }
        None if !open && !table.has("connections") => {
            let message = "a phase needs `rate`, `burst` or `connections`";
            table.report(table.span.clone(), "", message, Some(EXAMPLE.to_owned()));
        }
        _ => {}
    }
    if let Some(connections) = connections {
        let think = think.map_or(Duration::ZERO, |think| think.value.0);
        return Load::Closed { connections: connections as usize, think };
    }
    let from = rate.map_or(0.0, |rate| rate.value.0);
    let profile = match (ramp_to, steps) {
        (Some(to), Some(steps)) => {
            Profile::steps(from, to.value.0, u32::try_from(steps).unwrap_or(2), length)
        }
        (Some(to), None) => Profile::ramp(from, to.value.0, length),
        (None, _) => Profile::steady(from, length),
    };
    Load::Open(Plan { profile, burst, spacing })
}

fn burst(table: &Table<'_>) -> Option<Burst> {
    let table = table.table("burst")?;
    let requests = table.integer("requests", 1..=1_000_000);
    let every = table.parsed::<Span>("every");
    for key in ["requests", "every"] {
        if !table.has(key) {
            table.missing(key);
        }
    }
    if let Some(short) = every.as_ref().filter(|every| every.value.0 < SHORTEST) {
        table.report(short.span.clone(), "every", "bursts are at least 1ms apart", None);
    }
    table.finish();
    Some(Burst { requests: requests?, every: every?.value.0.max(SHORTEST) })
}

const SECOND: Duration = Duration::from_secs(1);
const SHORTEST: Duration = Duration::from_millis(1);
const EXAMPLE: &str = "for example `rate = \"1000/s\"` with `for = \"10s\"`";
