//! `foxctl waf posture`: whether the WAF is on, for whom, and which classes of attacks it would let through.

use std::{collections::BTreeMap, io, process::ExitCode};

use foxtrot_api::{WafClass, WafClassState as State, WafPolicy, WafStatus};

use crate::{
    client::Admin,
    failure::{FINDING, Failure},
    output::{self, Output},
};

/// Names that are told of a list; the others are counted.
const NAMES_MAX: usize = 4;

/// Prints the posture; a finding where there is no WAF, its probes have not run, or a policy that enforces lets a class
/// through.
pub(super) async fn run(admin: &Admin, out: &mut Output) -> Result<ExitCode, Failure> {
    let answer = admin.get::<WafStatus>("/waf").await?;
    if out.json {
        out.text(&answer.body)?;
    } else {
        print(out, &answer.value)?;
    }
    out.flush()?;
    Ok(ExitCode::from(if is_well(&answer.value) { 0 } else { FINDING }))
}

fn is_well(waf: &WafStatus) -> bool {
    let enforced = waf.policies.iter().filter(|policy| policy.mode == "enforce");
    waf.rules.is_some() && waf.posture.is_some() && enforced.into_iter().all(holds)
}

/// Whether a policy blocks every class, for the clients for whom it enforces, and not everything.
fn holds(policy: &WafPolicy) -> bool {
    let held = |class: &WafClass| matches!(class.state, State::Blocked | State::Staged);
    !policy.blocks_everything && policy.classes.iter().all(held)
}

fn print(out: &mut Output, waf: &WafStatus) -> io::Result<()> {
    let Some(rules) = &waf.rules else {
        return out.line("no WAF: the configuration has no [waf]");
    };
    let files = match rules.files.len() {
        1 => "1 file".to_owned(),
        count => format!("{count} files"),
    };
    let loaded = output::time(rules.loaded_at);
    out.line(format_args!("rules     {} in {files}, loaded {loaded}", rules.rules))?;
    let lists = &waf.lists;
    out.line(format_args!("lists     {} blocks allowed, {} denied", lists.allow, lists.deny))?;
    if let Some(audit) = &waf.audit {
        let (written, dropped) = (audit.written, audit.dropped);
        out.line(format_args!("audit     {}, {written} written, {dropped} dropped", audit.path))?;
    }
    match &waf.posture {
        None => out.line("probes    have not run yet")?,
        Some(run) => {
            let (at, ms) = (output::time(run.at), run.took_us.div_ceil(1_000));
            out.line(format_args!("probes    {} at {at}, in {ms} ms", run.probes))?;
        }
    }
    waf.policies.iter().try_for_each(|policy| one(out, policy))
}

fn one(out: &mut Output, policy: &WafPolicy) -> io::Result<()> {
    out.line("")?;
    out.line(whom(policy))?;
    out.line(format_args!("  {}{}", mode(policy), classes(policy)))?;
    if policy.blocks_everything {
        out.line(
            "  a request without any attack is blocked too: what the classes say means little",
        )?;
    }
    for line in openings(policy) {
        out.line(format_args!("  {line}"))?;
    }
    let detected = |class: &&WafClass| class.state == State::Detected;
    let detected: Vec<&str> =
        policy.classes.iter().filter(detected).map(|class| &*class.class).collect();
    if policy.mode == "enforce" && !detected.is_empty() {
        let names = detected.join(", ");
        out.line(format_args!("  found and not blocked, as the rule files have it: {names}"))?;
    }
    if policy.paths_left_out > 0 {
        let count = policy.paths_left_out;
        out.line(format_args!("  {count} further paths of routes are not probed"))?;
    }
    Ok(())
}

fn whom(policy: &WafPolicy) -> String {
    let tenants: Vec<&str> =
        policy.tenants.iter().map(|name| if name.is_empty() { "none" } else { name }).collect();
    let tenants = match tenants.as_slice() {
        ["none"] => String::new(),
        names => format!(", tenant {}", some(names)),
    };
    let routes: Vec<&str> = policy.routes.iter().map(String::as_str).collect();
    let listeners: Vec<&str> = policy.listeners.iter().map(String::as_str).collect();
    format!("route {}{tenants}, listener {}", some(&routes), some(&listeners))
}

/// The first names of a list.
fn some(names: &[&str]) -> String {
    let shown = names.get(..NAMES_MAX).unwrap_or(names).join(", ");
    match names.len().saturating_sub(NAMES_MAX) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

fn mode(policy: &WafPolicy) -> String {
    let level = policy.paranoia.map_or(String::new(), |level| format!(", paranoia {level}"));
    let threshold = policy.inbound_threshold;
    let threshold = threshold.map_or(String::new(), |score| format!(", threshold {score}"));
    let share = match policy.mode.as_str() {
        "enforce" if policy.enforce_percent < 100.0 => {
            format!(" for {} % of clients", policy.enforce_percent)
        }
        _ => String::new(),
    };
    format!("mode {}{share}{level}{threshold}", policy.mode)
}

fn classes(policy: &WafPolicy) -> String {
    let all = policy.classes.len();
    let count =
        |held: fn(State) -> bool| policy.classes.iter().filter(|class| held(class.state)).count();
    match policy.mode.as_str() {
        _ if all == 0 => String::new(),
        "off" => ": nothing is looked at".to_owned(),
        "detect" => {
            let found = count(|state| state != State::Open);
            format!(": {found} of {all} classes would block")
        }
        _ => {
            let blocked = count(|state| matches!(state, State::Blocked | State::Staged));
            format!(": {blocked} of {all} classes block")
        }
    }
}

/// What is open, and why, each reason once.
fn openings(policy: &WafPolicy) -> Vec<String> {
    let mut reasons: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for class in policy.classes.iter().filter(|_| policy.mode != "off") {
        for opening in &class.openings {
            let reason = (opening.words.as_str(), opening.path.as_str());
            reasons.entry(reason).or_default().push(&class.class);
        }
    }
    let line = |((words, path), names): ((&str, &str), Vec<&str>)| {
        let on = if path.is_empty() { String::new() } else { format!(" on {path}") };
        format!("open{on}: {}: {words}", names.join(", "))
    };
    reasons.into_iter().map(line).collect()
}
