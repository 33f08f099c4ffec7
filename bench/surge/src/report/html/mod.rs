//! The report as one page that needs nothing else: no script, no font, no picture from elsewhere.

mod chart;
mod table;

use std::fmt::Write as _;

use self::chart::{Axis, Chart, Mark, MarkKind, Scale, Series, Shape};
use super::Report;

/// The page.
pub fn html(report: &Report) -> String {
    let mut body = String::new();
    // Writing to a string cannot fail.
    let _ = write!(body, "<header><h1>{}</h1>{}</header>", escape(&report.name), lead(report));
    body.push_str(&table::assertions(report));
    for figure in charts(report) {
        body.push_str(&figure.svg());
    }
    body.push_str(&table::tables(report));
    // What is put in is not looked at again: a name may be `{body}`.
    let (head, rest) = PAGE.split_once("{title}").unwrap_or((PAGE, ""));
    let (middle, foot) = rest.split_once("{body}").unwrap_or((rest, ""));
    [head, &escape(&report.name), middle, &body, foot].concat()
}

fn lead(report: &Report) -> String {
    let failed = report.assertions.iter().filter(|assertion| !assertion.holds).count();
    let verdict = match (report.assertions.len(), failed) {
        (0, _) => "<p class=\"verdict\">no assertions</p>".to_owned(),
        (all, 0) => format!("<p class=\"verdict good\">passed: all {all} assertions hold</p>"),
        (all, _) => format!("<p class=\"verdict bad\">failed: {failed} of {all} assertions</p>"),
    };
    let early = if report.interrupted { " It was ended early." } else { "" };
    format!(
        "{verdict}<p>{} requests in {:.1} s, {:.1} per second, from {} threads. Begun {}, surge {}.{early}</p>",
        report.total.requests,
        report.seconds,
        report.total.rate,
        report.threads,
        date(report.started_at),
        env!("CARGO_PKG_VERSION"),
    )
}

fn charts(report: &Report) -> Vec<Chart> {
    let mut charts = vec![rate(report), statuses(report), latency(report)];
    if report.classes.len() > 1 {
        charts.push(tails(report));
    }
    charts.push(distribution(report));
    if !report.origins.is_empty() {
        charts.push(origins(report));
    }
    if !report.memory.is_empty() {
        charts.push(memory(report));
    }
    charts
}

fn rate(report: &Report) -> Chart {
    let of_class = |(index, class): (usize, &super::OfClass)| {
        let started = |point: &super::Point| {
            let started = point.classes.get(index).map_or(0, |class| class.started);
            (point.second as f64, started as f64)
        };
        let points = whole(report).map(started).collect();
        Series { name: class.name.clone(), colour: index, points }
    };
    Chart {
        title: "Requests sent per second, by class".to_owned(),
        x: seconds(),
        y: Axis { label: "per second".to_owned(), scale: Scale::Linear },
        shape: Shape::Lines,
        series: report.classes.iter().enumerate().map(of_class).collect(),
        marks: marks(report),
    }
}

fn statuses(report: &Report) -> Chart {
    let sum = |point: &super::Point, count: &dyn Fn(&super::PointOfClass) -> u64| {
        point.classes.iter().map(count).sum::<u64>() as f64
    };
    let series = |name: &str, colour, count: &dyn Fn(&super::PointOfClass) -> u64| {
        let points = whole(report).map(|point| (point.second as f64, sum(point, count)));
        Series { name: name.to_owned(), colour, points: points.collect() }
    };
    let hundreds = |index: usize| {
        move |class: &super::PointOfClass| class.statuses.get(index).copied().unwrap_or(0)
    };
    let all = [
        series("2xx", 2, &hundreds(1)),
        series("3xx", 1, &hundreds(2)),
        series("4xx", 3, &hundreds(3)),
        series("5xx", 4, &hundreds(4)),
        series("failed or cut", 5, &|class| class.failed),
    ];
    let seen = |series: &Series| series.points.iter().any(|(_, count)| *count > 0.0);
    Chart {
        title: "Answers per second, by status".to_owned(),
        x: seconds(),
        y: Axis { label: "per second".to_owned(), scale: Scale::Linear },
        shape: Shape::Stack,
        series: all.into_iter().filter(seen).collect(),
        marks: marks(report),
    }
}

fn latency(report: &Report) -> Chart {
    type Pick = fn(&super::Quantiles) -> Option<f64>;
    let picks: [(&str, Pick); 4] =
        [("p50", |q| q.p50), ("p90", |q| q.p90), ("p99", |q| q.p99), ("longest", |q| q.max)];
    let series = |(colour, (name, pick)): (usize, &(&str, Pick))| {
        let points = report.timeline.iter();
        let points = points.filter_map(|p| Some((p.second as f64, pick(&p.latency)?)));
        Series { name: (*name).to_owned(), colour, points: points.collect() }
    };
    Chart {
        title: "Latency from the intended start, over time".to_owned(),
        x: seconds(),
        y: Axis { label: "ms".to_owned(), scale: Scale::Log },
        shape: Shape::Lines,
        series: picks.iter().enumerate().map(series).collect(),
        marks: marks(report),
    }
}

/// The slowest of each class, so that those who suffer are not lost among those who are refused quickly.
fn tails(report: &Report) -> Chart {
    let of_class = |(index, class): (usize, &super::OfClass)| {
        let point = |point: &super::Point| {
            Some((point.second as f64, point.classes.get(index).and_then(|class| class.p99)?))
        };
        let points = report.timeline.iter().filter_map(point).collect();
        Series { name: class.name.clone(), colour: index, points }
    };
    let classes = report.classes.iter().enumerate().filter(|(_, class)| !class.slow);
    Chart {
        title: "Latency that 99 % did not exceed, by class".to_owned(),
        x: seconds(),
        y: Axis { label: "ms".to_owned(), scale: Scale::Log },
        shape: Shape::Lines,
        series: classes.map(of_class).collect(),
        marks: marks(report),
    }
}

fn origins(report: &Report) -> Chart {
    let of_origin = |(index, origin): (usize, &super::OfOrigin)| Series {
        name: origin.name.clone(),
        colour: index * 2,
        points: origin.rate.clone(),
    };
    Chart {
        title: "Requests that reached an origin, per second".to_owned(),
        x: seconds(),
        y: Axis { label: "per second".to_owned(), scale: Scale::Linear },
        shape: Shape::Lines,
        series: report.origins.iter().enumerate().map(of_origin).collect(),
        marks: marks(report),
    }
}

fn memory(report: &Report) -> Chart {
    let mebibytes = |sample: &super::MemoryAt| (sample.at, sample.bytes as f64 / MEBIBYTE);
    let points = report.memory.iter().map(mebibytes).collect();
    Chart {
        title: "Resident memory of the stack".to_owned(),
        x: seconds(),
        y: Axis { label: "MiB".to_owned(), scale: Scale::Linear },
        shape: Shape::Lines,
        series: vec![Series { name: "resident".to_owned(), colour: 0, points }],
        marks: marks(report),
    }
}

fn distribution(report: &Report) -> Chart {
    // One step for each tenth of requests that is left: 90, 99, 99.9 lie equally far apart.
    let place = |percent: f64| (100.0 / (100.0 - percent).max(1e-9)).log10();
    let finest = |points: &[(f64, f64)]| {
        points.iter().map(|(percent, _)| *percent).filter(|p| *p < 100.0).fold(0.0, f64::max)
    };
    let series = |name: &str, colour, points: &[(f64, f64)]| {
        let last = finest(points);
        let points = points.iter().map(|(percent, ms)| (place(percent.min(last)), *ms)).collect();
        Series { name: name.to_owned(), colour, points }
    };
    let total = &report.total;
    Chart {
        title: "Latency by percentile".to_owned(),
        x: Axis { label: "percentile".to_owned(), scale: Scale::Nines },
        y: Axis { label: "ms".to_owned(), scale: Scale::Log },
        shape: Shape::Lines,
        series: vec![
            series("from the intended start", 0, &total.distribution),
            series("from sending", 1, &total.service_distribution),
        ],
        marks: Vec::new(),
    }
}

/// The seconds in which requests started; what comes behind is what was still under way.
fn whole(report: &Report) -> impl Iterator<Item = &super::Point> {
    let end = report.phases.last().map_or(f64::MAX, |phase| phase.start + phase.length);
    report.timeline.iter().filter(move |point| (point.second as f64) < end)
}

fn seconds() -> Axis {
    Axis { label: "seconds".to_owned(), scale: Scale::Linear }
}

/// Where phases begin, and where something happens.
fn marks(report: &Report) -> Vec<Mark> {
    let phases = report.phases.iter().filter(|_| report.phases.len() > 1);
    let phases = phases.map(|phase| (phase.start, &phase.name, MarkKind::Phase));
    let events = report.events.iter().map(|event| (event.at, &event.name, MarkKind::Event));
    let mark = |(at, name, kind): (f64, &String, MarkKind)| Mark { at, name: name.clone(), kind };
    phases.chain(events).map(mark).collect()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Seconds since 1970 as date and time (UTC).
fn date(seconds: f64) -> String {
    let seconds = seconds.max(0.0) as u64;
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    // Days since the 1st of March of the year 0, so that the day that may be missing is the last of a year: Hinnant,
    // "chrono-compatible low-level date algorithms".
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year + u64::from(month <= 2);
    let (hour, minute, second) = (rest / 3_600, rest / 60 % 60, rest % 60);
    format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
}

const MEBIBYTE: f64 = 1_048_576.0;

const PAGE: &str = include_str!("page.html");

#[cfg(test)]
mod tests;
