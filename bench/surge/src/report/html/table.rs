//! Tables of the page: assertions, phases, classes, failures.

use super::escape;
use crate::report::{
    Odd, Quantiles, Report, Summary,
    text::{number, reasons},
};

/// All tables but that of the assertions.
pub(super) fn tables(report: &Report) -> String {
    let mut out = String::new();
    for table in [classes, phases, odd, floods, failures] {
        out.push_str(&table(report));
    }
    out
}

/// What must hold, and whether it does.
pub(super) fn assertions(report: &Report) -> String {
    let rows = report.assertions.iter().map(|assertion| {
        let class = assertion.class.as_deref().unwrap_or("all requests");
        let verdict = if assertion.holds { ("good", "holds") } else { ("bad", "failed") };
        format!(
            "<tr><td>{}</td><td class=\"text\">{}</td><td>{}</td><td class=\"{}\">{}</td></tr>",
            escape(class),
            escape(&assertion.text),
            escape(&assertion.found),
            verdict.0,
            verdict.1
        )
    });
    table("Assertions", &["about", "must hold", "found", ""], rows.collect())
}

fn classes(report: &Report) -> String {
    let heads = [
        "class",
        "requests",
        "2xx",
        "3xx",
        "4xx",
        "5xx",
        "failed",
        "late",
        "cut",
        "p50 ms",
        "p90 ms",
        "p99 ms",
        "p99.9 ms",
        "longest ms",
    ];
    let row = |name: &str, summary: &Summary| {
        let counts = [2, 3, 4, 5].map(|hundreds| summary.with_hundreds(hundreds));
        let [ok, moved, client, server] = counts;
        let cells = [
            summary.requests,
            ok,
            moved,
            client,
            server,
            summary.failed,
            summary.late,
            summary.cut,
        ];
        let cells = cells.map(|count| format!("<td>{count}</td>")).concat();
        format!("<tr><td>{}</td>{cells}{}</tr>", escape(name), quantiles(&summary.latency))
    };
    let rows = report.classes.iter().map(|class| row(&class.name, &class.summary));
    table("Classes", &heads, rows.chain([row("all requests", &report.total)]).collect())
}

fn quantiles(q: &Quantiles) -> String {
    [q.p50, q.p90, q.p99, q.p99_9, q.max].map(|ms| format!("<td>{}</td>", number(ms))).concat()
}

fn phases(report: &Report) -> String {
    let rows = report.phases.iter().map(|phase| {
        let asked = phase.asked_rate.map_or("closed loop".to_owned(), |rate| format!("{rate:.1}"));
        let warmup = if phase.warmup { " (warm-up)" } else { "" };
        format!(
            "<tr><td>{}{warmup}</td><td>{:.1}</td><td>{:.1}</td><td>{asked}</td><td>{:.1}</td><td>{}</td><td>{}</td>{}<td>{}</td></tr>",
            escape(&phase.name),
            phase.start,
            phase.length,
            phase.summary.rate,
            phase.summary.requests,
            phase.summary.failed,
            quantiles(&phase.summary.latency),
            number(phase.stack_cpu_seconds),
        )
    });
    let heads = [
        "phase",
        "from s",
        "for s",
        "asked/s",
        "sent/s",
        "requests",
        "failed",
        "p50 ms",
        "p90 ms",
        "p99 ms",
        "p99.9 ms",
        "longest ms",
        "stack CPU s",
    ];
    table("Phases", &heads, rows.collect())
}

fn odd(report: &Report) -> String {
    let rows = report.classes.iter().flat_map(|class| {
        class.odd.iter().map(|odd| {
            let (name, request) = (escape(&class.name), escape(&odd.request));
            let Odd { status, count, .. } = odd;
            format!("<tr><td>{name}</td><td>{status}</td><td>{count}</td><td class=\"text\">{request}</td></tr>")
        })
    });
    let title = "Answers unlike the others of their class";
    table(title, &["class", "status", "count", "request"], rows.collect())
}

fn floods(report: &Report) -> String {
    let rows = report.classes.iter().filter_map(|class| {
        let flood = class.summary.flood.as_ref()?;
        Some(format!(
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td class=\"text\">{}</td><td class=\"text\">{}</td></tr>",
            escape(&class.name),
            flood.units,
            flood.bytes,
            flood.answers,
            reasons(&flood.resets),
            reasons(&flood.goaways),
        ))
    });
    let heads = ["class", "units", "bytes", "answers", "streams reset", "GOAWAY"];
    table("Floods", &heads, rows.collect())
}

fn failures(report: &Report) -> String {
    let rows = report.classes.iter().flat_map(|class| {
        class.summary.failures.iter().map(|(kind, count)| {
            let cause = class.summary.causes.get(kind).map_or("", String::as_str);
            let (name, cause) = (escape(&class.name), escape(cause));
            format!("<tr><td>{name}</td><td>{kind}</td><td>{count}</td><td class=\"text\">{cause}</td></tr>")
        })
    });
    table("Requests without an answer", &["class", "kind", "count", "the first"], rows.collect())
}

/// A table with its title; nothing if it has no rows.
fn table(title: &str, heads: &[&str], rows: Vec<String>) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let class = |head: &str| {
        if matches!(head, "must hold" | "the first" | "request" | "streams reset" | "GOAWAY") {
            " class=\"text\""
        } else {
            ""
        }
    };
    let heads = heads.iter().map(|head| format!("<th{}>{head}</th>", class(head)));
    let heads: String = heads.collect();
    format!(
        "<section><h2>{title}</h2><table><thead><tr>{heads}</tr></thead><tbody>{}</tbody></table></section>\n",
        rows.concat()
    )
}
