//! `[client.NAME]`: who sends what, and how.

use std::{net::IpAddr, ops::Range, time::Duration};

use super::{Context, assertions, block, strain, target};
use crate::{
    assertion::Assertion,
    client::{
        attack,
        request::{Prepared, Request},
        text,
    },
    scenario::{
        Class, Conduct, Protocol, Target,
        suggest::did_you_mean,
        table::{Placed, Table},
        target::sources,
        units::{Duration as Span, Size},
    },
};

/// Reads the classes, in the order in which they were written, each with the place of its target.
pub(super) fn classes(root: &Table<'_>, context: &Context<'_>) -> Vec<(Class, Range<usize>)> {
    let mut named = root.named("client");
    if named.is_empty() {
        let help = "for example `[client.shop]` with `requests = [{ path = \"/\" }]`";
        root.report(0..0, "client", "there is no `[client.NAME]`", Some(help.to_owned()));
    }
    named.sort_by_key(|(name, _)| name.span.start);
    named.into_iter().filter_map(|(name, table)| class(name, table, context)).collect()
}

/// What the requests of a class have in common.
pub(super) struct Wire<'w> {
    pub(super) target: &'w Target,
    pub(super) protocol: Protocol,
    keepalive: bool,
    pub(super) headers: Vec<(String, String)>,
}

fn class(
    name: Placed<&str>,
    table: Table<'_>,
    context: &Context<'_>,
) -> Option<(Class, Range<usize>)> {
    let own = target(&table, &context.allowed, &context.places);
    if !table.has("target") && context.target.is_none() {
        let help = "write `target = \"http://127.0.0.1:8080\"` here or at the top";
        table.report(table.span.clone(), "target", "no target", Some(help.to_owned()));
    }
    let target = own.or_else(|| context.target.clone());
    let floods = strain::speaks_http2(&table);
    let default = if floods { Protocol::Http2 } else { Protocol::Http1 };
    let protocol = table.word("protocol", PROTOCOLS).unwrap_or(default);
    let keepalive = table.flag("keepalive").unwrap_or(true);
    let connections_max = table.integer("connections_max", 1..=100_000);
    let streams_max = table.integer("streams_max", 1..=1_000);
    let timeout = table.parsed::<Span>("timeout").map(|timeout| timeout.value.0);
    let sources = source_addresses(&table);
    let headers = headers(&table);
    let assertions = assertions(&table, &context.phases);
    if assertions.iter().any(Assertion::is_about_memory) {
        let message = "`rss` is of the stack, not of clients: write it at the top";
        table.report(table.span.clone(), "assert", message, None);
    }
    if protocol == Protocol::Http1 && streams_max.is_some() {
        let message = "has no effect without `protocol = \"h2\"`";
        table.report(table.span.clone(), "streams_max", message, None);
    }
    // Without a target requests cannot be prepared; what is wrong with them shows next time.
    let place = target.as_ref().map(|target| target.span.clone()).unwrap_or_default();
    let stand_in = || Target::find("http://127.0.0.1", &[]).ok();
    let target = target.map(|target| target.value).or_else(stand_in)?;
    let wire = Wire { target: &target, protocol, keepalive, headers };
    let conduct = conduct(&table, &wire, context);
    let judged = table.has("texts") || table.has("attack");
    table.finish();
    let class = Class {
        name: name.value.to_owned(),
        protocol,
        keepalive,
        connections_max: connections_max.map_or(CONNECTIONS_MAX, |n| n as usize),
        streams_max: streams_max.map_or(STREAMS_MAX, |n| n as usize),
        timeout: timeout.unwrap_or(TIMEOUT).max(Duration::from_millis(1)),
        sources,
        judged,
        conduct: conduct?,
        assertions,
        target,
    };
    Some((class, place))
}

fn conduct(table: &Table<'_>, wire: &Wire<'_>, context: &Context<'_>) -> Option<Conduct> {
    let (slow, flood) = (table.table("slow"), table.table("flood"));
    let weight = table.number("weight");
    let mut requests = requests(table, wire, context);
    let attacks = Lists { key: "attack", find: attack::list, names: attack::names().collect() };
    let texts = Lists { key: "texts", find: text::list, names: text::names().collect() };
    requests.extend(listed(table, wire, &attacks));
    requests.extend(listed(table, wire, &texts));
    if slow.is_some() || flood.is_some() {
        if weight.is_some() {
            let message = "has no effect beside `slow` and `flood`, which take no share of a rate";
            table.report(table.span.clone(), "weight", message, None);
        }
        return strain::conduct((slow, flood), requests, wire, table);
    }
    if requests.is_empty() && !["requests", "attack", "texts"].iter().any(|key| table.has(key)) {
        requests.extend(
            prepare(table, table.span.clone(), &Request::default(), wire).map(|r| (r, 1.0)),
        );
    }
    if !requests.is_empty() && requests.iter().all(|(_, weight)| *weight <= 0.0) {
        table.report(table.span.clone(), "requests", "all weights are 0", None);
    }
    Some(Conduct::Requests { weight: weight.unwrap_or(1.0), requests })
}

fn requests(table: &Table<'_>, wire: &Wire<'_>, cx: &Context<'_>) -> Vec<(Prepared, f64)> {
    let tables = table.tables("requests");
    if table.has("requests") && tables.is_empty() {
        table.report(table.span.clone(), "requests", "there are none", None);
    }
    tables.into_iter().filter_map(|table| request(table, wire, cx)).collect()
}

fn request(table: Table<'_>, wire: &Wire<'_>, context: &Context<'_>) -> Option<(Prepared, f64)> {
    let text = |key| table.text(key).map(|text| text.value.to_owned()).unwrap_or_default();
    let (method, path) = (text("method"), text("path"));
    let weight = table.number("weight").unwrap_or(1.0);
    let mut all = wire.headers.clone();
    for (name, value) in headers(&table) {
        all.retain(|(known, _)| !known.eq_ignore_ascii_case(&name));
        all.push((name, value));
    }
    let body = body(&table, context);
    let request = Request { method, path, headers: all, body: body.into() };
    let prepared = prepare(&table, table.span.clone(), &request, wire);
    table.finish();
    Some((prepared?, weight))
}

/// A body as text, from a file, or as many bytes as asked for.
fn body(table: &Table<'_>, context: &Context<'_>) -> Vec<u8> {
    let keys = ["body", "body_file", "body_size"];
    if keys.iter().filter(|key| table.has(key)).count() > 1 {
        let message = "`body`, `body_file` and `body_size` exclude each other";
        table.report(table.span.clone(), "", message, None);
    }
    let text = table.text("body").map(|body| body.value.as_bytes().to_vec());
    let size = table.parsed::<Size>("body_size").map(|size| vec![b'x'; size.value.0 as usize]);
    let file = table.text("body_file").and_then(|file| {
        let read = std::fs::read(context.base.join(file.value));
        if let Err(error) = &read {
            table.report(file.span, "body_file", format!("cannot be read: {error}"), None);
        }
        read.ok()
    });
    text.or(size).or(file).unwrap_or_default()
}

/// Lists of requests that a class can name.
struct Lists {
    key: &'static str,
    find: fn(&str) -> Option<Vec<Request>>,
    names: Vec<&'static str>,
}

fn listed(table: &Table<'_>, wire: &Wire<'_>, lists: &Lists) -> Vec<(Prepared, f64)> {
    let Lists { key, find, names } = lists;
    let mut prepared = Vec::new();
    for name in table.texts(key) {
        let Some(list) = find(name.value) else {
            let help = did_you_mean(name.value, names.iter().copied())
                .unwrap_or_else(|| format!("known: {}", names.join(", ")));
            let message = format!("there is no list \"{}\"", name.value);
            table.report(name.span, key, message, Some(help));
            continue;
        };
        for mut request in list {
            let own = std::mem::take(&mut request.headers);
            request.headers = wire.headers.clone();
            request
                .headers
                .retain(|(known, _)| !own.iter().any(|(o, _)| known.eq_ignore_ascii_case(o)));
            request.headers.extend(own);
            let ready = prepare(table, name.span.clone(), &request, wire);
            prepared.extend(ready.map(|ready| (ready, 1.0)));
        }
    }
    prepared
}

pub(super) fn prepare(
    table: &Table<'_>,
    span: Range<usize>,
    request: &Request,
    wire: &Wire<'_>,
) -> Option<Prepared> {
    let prepared = request.prepare(wire.target, wire.protocol, wire.keepalive);
    if let Err(message) = &prepared {
        table.report(span, "", message.clone(), None);
    }
    prepared.ok()
}

fn source_addresses(table: &Table<'_>) -> Vec<IpAddr> {
    let Some(table) = table.table("sources") else { return Vec::new() };
    let from = table.text("from");
    let count = table.integer("count", 1..=65_536).unwrap_or(1) as usize;
    if !table.has("from") {
        table.missing("from");
    }
    let addresses = from.map(|from| {
        let found = block(from.value).and_then(|block| sources(block, count));
        if let Err(message) = &found {
            table.report(from.span, "from", message.clone(), None);
        }
        found.unwrap_or_default()
    });
    table.finish();
    addresses.unwrap_or_default()
}

fn headers(table: &Table<'_>) -> Vec<(String, String)> {
    let pairs = table.pairs("headers").into_iter();
    pairs.map(|(name, value)| (name.value.to_owned(), value.value.to_owned())).collect()
}

const PROTOCOLS: &[(&str, Protocol)] = &[("h1", Protocol::Http1), ("h2", Protocol::Http2)];
/// Connections of a class at most, unless it says otherwise.
pub const CONNECTIONS_MAX: usize = 256;
/// Streams at a time on an HTTP/2 connection, unless a class says otherwise.
pub const STREAMS_MAX: usize = 16;
/// How long an answer may take, unless a class says otherwise.
pub const TIMEOUT: Duration = Duration::from_secs(10);
