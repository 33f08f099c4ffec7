//! The report for a terminal.

use std::fmt::{self, Write as _};

use super::{Checked, Report, Summary};

/// The report as plain text, at most 100 characters wide but for what servers said.
pub fn text(report: &Report) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write(report, &mut out);
    out
}

fn write(report: &Report, out: &mut String) -> fmt::Result {
    let all = report.classes.iter().map(|class| class.summary.requests).sum::<u64>().max(1);
    let per_request = report.cpu_seconds * 1e6 / all as f64;
    writeln!(
        out,
        "{}: {:.1} s, {}, {:.2} s of CPU time ({per_request:.1} us per request){}\n",
        report.name,
        report.seconds,
        plural(report.threads as u64, "thread"),
        report.cpu_seconds,
        if report.interrupted { ", interrupted" } else { "" },
    )?;
    phases(report, out)?;
    classes(report, out)?;
    latencies(report, out)?;
    floods(report, out)?;
    odd(report, out)?;
    failures(report, out)?;
    for assertion in &report.assertions {
        writeln!(out, "{}", verdict(assertion))?;
    }
    if !report.assertions.is_empty() {
        let failed = report.assertions.iter().filter(|assertion| !assertion.holds).count();
        let all = plural(report.assertions.len() as u64, "assertion");
        let verdict = if failed == 0 { "all hold".to_owned() } else { format!("{failed} failed") };
        writeln!(out, "{all}: {verdict}")?;
    }
    Ok(())
}

fn phases(report: &Report, out: &mut String) -> fmt::Result {
    writeln!(
        out,
        "{:<20} {:>9} {:>13} {:>12} {:>13}",
        "phase", "for", "asked", "requests", "sent"
    )?;
    for phase in &report.phases {
        let name =
            if phase.warmup { format!("{} (warm-up)", phase.name) } else { phase.name.clone() };
        let asked =
            phase.asked_rate.map_or("closed loop".to_owned(), |rate| format!("{rate:.1}/s"));
        let (requests, rate) = (phase.summary.requests, phase.summary.rate);
        writeln!(
            out,
            "{name:<20} {:>8.1}s {asked:>13} {requests:>12} {rate:>11.1}/s",
            phase.length
        )?;
    }
    writeln!(out)
}

fn classes(report: &Report, out: &mut String) -> fmt::Result {
    let head = ["class", "requests", "2xx", "3xx", "4xx", "5xx", "failed", "late", "cut"];
    let row = |cells: [String; 9]| {
        let [name, rest @ ..] = cells;
        let rest = rest.map(|cell| format!(" {cell:>9}")).concat();
        format!("{name:<20}{rest}")
    };
    writeln!(out, "{}", row(head.map(str::to_owned)))?;
    for (name, summary) in rows(report) {
        let counts = [2, 3, 4, 5].map(|hundreds| summary.with_hundreds(hundreds).to_string());
        let [ok, moved, client, server] = counts;
        let Summary { requests, failed, late, cut, .. } = summary;
        let [requests, failed, late, cut] = [requests, failed, late, cut].map(u64::to_string);
        let cells = [name.to_owned(), requests, ok, moved, client, server, failed, late, cut];
        writeln!(out, "{}", row(cells))?;
    }
    writeln!(out)
}

fn latencies(report: &Report, out: &mut String) -> fmt::Result {
    writeln!(
        out,
        "{:<20} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}",
        "latency, ms", "p50", "p90", "p99", "p99.9", "max", "mean"
    )?;
    let line = |name: &str, q: &super::Quantiles| {
        let cells = [q.p50, q.p90, q.p99, q.p99_9, q.max, q.mean];
        format!("{name:<20}{}", cells.map(|cell| format!(" {:>9}", number(cell))).concat())
    };
    for (name, summary) in rows(report) {
        writeln!(out, "{}", line(name, &summary.latency))?;
    }
    writeln!(out, "{}", line("from sending", &report.total.service))?;
    writeln!(out, "{}\n", line("sent after due", &report.total.delay))
}

fn odd(report: &Report, out: &mut String) -> fmt::Result {
    let mut any = false;
    for class in &report.classes {
        for odd in &class.odd {
            writeln!(
                out,
                "{}: {} answered {}: {}",
                class.name, odd.count, odd.status, odd.request
            )?;
            any = true;
        }
    }
    if any { writeln!(out) } else { Ok(()) }
}

fn floods(report: &Report, out: &mut String) -> fmt::Result {
    let mut any = false;
    for (name, flood) in rows(report).filter_map(|(name, s)| Some((name, s.flood.as_ref()?))) {
        writeln!(
            out,
            "{name}: {} units in {} bytes, {} answers; resets: {}; GOAWAY: {}",
            flood.units,
            flood.bytes,
            flood.answers,
            reasons(&flood.resets),
            reasons(&flood.goaways)
        )?;
        any = true;
    }
    if any { writeln!(out) } else { Ok(()) }
}

/// Reasons and how often they were given.
pub(super) fn reasons(reasons: &std::collections::BTreeMap<String, u64>) -> String {
    let each = reasons.iter().map(|(name, count)| format!("{name} {count}"));
    let all = each.collect::<Vec<_>>().join(", ");
    if all.is_empty() { "none".to_owned() } else { all }
}

fn failures(report: &Report, out: &mut String) -> fmt::Result {
    let mut any = false;
    for class in &report.classes {
        for (kind, count) in &class.summary.failures {
            let cause = class.summary.causes.get(kind).map_or("", String::as_str);
            writeln!(
                out,
                "{}: {count} failed ({kind}); the first: {}",
                class.name,
                printable(cause)
            )?;
            any = true;
        }
    }
    if any { writeln!(out) } else { Ok(()) }
}

/// Classes, and all of them together if there are several.
fn rows(report: &Report) -> impl Iterator<Item = (&str, &Summary)> {
    let classes = report.classes.iter().map(|class| (class.name.as_str(), &class.summary));
    let total = (report.classes.len() > 1).then_some(("all requests", &report.total));
    classes.chain(total)
}

fn verdict(assertion: &Checked) -> String {
    let word = if assertion.holds { "ok    " } else { "FAILED" };
    let class = assertion.class.as_ref().map(|class| format!("{class}: ")).unwrap_or_default();
    format!("{word} {class}{}, found {}", assertion.text, assertion.found)
}

/// Milliseconds in at most nine characters.
pub(super) fn number(ms: Option<f64>) -> String {
    match ms {
        None => "-".to_owned(),
        Some(ms) if ms < 100.0 => format!("{ms:.3}"),
        Some(ms) => format!("{ms:.1}"),
    }
}

fn plural(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// What a server said, without what a terminal would obey.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '?' } else { c }).take(200).collect()
}
