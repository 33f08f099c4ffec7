//! Where a route leads, and the keys that only one kind of target gives a meaning.

use super::{Found, KeyPath, Problem, host, route_match};
use crate::config::{Route, RouteTarget, schema::suggest::did_you_mean};

pub(super) fn check(at: &KeyPath, route: &Route, found: &mut Found) {
    match &route.to {
        RouteTarget::Redirect(url) => redirect(&at.join("to"), url, found),
        RouteTarget::Respond(status) => respond(at, *status, route, found),
        RouteTarget::Rollout(_) | RouteTarget::Cluster(_) => {
            rewrite(&at.join("rewrite"), route, found)
        }
    }
    statuses(at, route, found);
    if route.body.is_some() && !matches!(route.to, RouteTarget::Respond(_)) {
        found.idle(at.join("body"), "only \"respond:STATUS\" has a body of its own");
    }
    if matches!(route.to, RouteTarget::Redirect(_) | RouteTarget::Respond(_)) {
        upstream_only(at, route, found);
    }
}

/// Keys that need an upstream.
fn upstream_only(at: &KeyPath, route: &Route, found: &mut Found) {
    let (edits, timeouts) = (&route.request_headers, &route.timeouts);
    let written: [(&[&str], bool); 8] = [
        (&["rewrite", "host"], route.rewrite.host.is_some()),
        (&["rewrite", "path"], route.rewrite.path.is_some()),
        (&["request_headers"], *edits != Default::default()),
        (&["timeouts", "try"], timeouts.per_try.is_some()),
        (&["timeouts", "total"], timeouts.total.is_some()),
        (&["timeouts", "request"], timeouts.request.is_some()),
        (&["max_body"], route.max_body.is_some()),
        (&["upgrade"], !route.upgrade),
    ];
    for (keys, _) in written.iter().filter(|(_, written)| *written) {
        let at = keys.iter().fold(at.clone(), |at, key| at.join(*key));
        found.idle(at, "the route answers by itself, nothing is sent upstream");
    }
}

fn statuses(at: &KeyPath, route: &Route, found: &mut Found) {
    let Some(status) = route.redirect_status else { return };
    let at = at.join("redirect_status");
    if !matches!(route.to, RouteTarget::Redirect(_)) {
        found.idle(at, "the route is not a \"redirect:URL\"");
    } else if !REDIRECTS.contains(&status) {
        found.value(at, format!("expected 301, 302, 303, 307 or 308, found {status}"));
    }
}

fn respond(at: &KeyPath, status: u16, route: &Route, found: &mut Found) {
    // RFC 9110, 15.3.5, 15.3.6 and 15.4.5.
    if [204, 205, 304].contains(&status) && route.body.is_some() {
        found.idle(at.join("body"), &format!("a {status} response has no body"));
    }
}

fn redirect(at: &KeyPath, url: &str, found: &mut Found) {
    if let Some(problem) = placeholders(at, url) {
        return found.push(problem);
    }
    let host = url.split_once("://").filter(|(scheme, _)| {
        !scheme.is_empty() && scheme.bytes().all(|b| b.is_ascii_alphanumeric())
    });
    match host {
        None if url.starts_with('/') || url.starts_with("{path}") => {}
        None => {
            let message =
                format!("a redirect leads to a URL or to a path from \"/\", found \"{url}\"");
            found.push(Problem::at(at.clone(), message).help("begin with \"https://\" or \"/\""));
        }
        Some((_, rest)) if rest.is_empty() || rest.starts_with(['/', '?']) => {
            found.value(at.clone(), format!("\"{url}\" has no host"));
        }
        Some(_) => {}
    }
    if !url.bytes().all(|b| b.is_ascii_graphic()) {
        found.value(at.clone(), "the URL has characters that must be percent-encoded");
    }
}

/// The first mistake in the placeholders of a URL.
fn placeholders(at: &KeyPath, url: &str) -> Option<Problem> {
    let mut rest = url;
    while let Some(brace) = rest.find(['{', '}']) {
        let tail = &rest[brace..];
        let Some((name, tail)) = tail.strip_prefix('{').and_then(|tail| tail.split_once('}'))
        else {
            return Some(Problem::at(at.clone(), "`{` and `}` do not pair"));
        };
        if !PLACEHOLDERS.contains(&name) {
            let known = || "known are {host}, {path} and {query}".to_owned();
            let help = did_you_mean(name, PLACEHOLDERS).unwrap_or_else(known);
            let message = format!("unknown placeholder `{{{name}}}`");
            return Some(Problem::at(at.clone(), message).help(help));
        }
        rest = tail;
    }
    None
}

fn rewrite(at: &KeyPath, route: &Route, found: &mut Found) {
    if let Some(name) = &route.rewrite.host
        && let Err(why) = host::check_authority(name)
    {
        found.value(at.join("host"), why);
    }
    let Some(path) = &route.rewrite.path else { return };
    let at = at.join("path");
    match &route.matches.path_regex {
        Some(expression) => groups(&at, path, expression, found),
        None => {
            if let Err(why) = route_match::check_path(path) {
                found.value(at.clone(), why);
            }
            let matched = route.matches.path.as_ref().or(route.matches.path_exact.as_ref());
            if matched.map_or("/", String::as_str) == path {
                found.idle(at, "it is the path that is matched");
            }
        }
    }
}

/// Checks that the groups that a replacement names are in the expression.
fn groups(at: &KeyPath, replacement: &str, expression: &str, found: &mut Found) {
    // An expression that does not compile is reported at its own place.
    let Ok(regex) = route_match::compile(expression) else { return };
    if !replacement.starts_with(['/', '$']) {
        found.value(at.clone(), format!("\"{replacement}\" does not start with \"/\""));
    }
    for name in group_names(replacement) {
        let known = match name.parse::<usize>() {
            Ok(index) => index < regex.captures_len(),
            Err(_) => regex.capture_names().flatten().any(|group| group == name),
        };
        if !known {
            let message = format!("`path_regex` has no group `{name}`");
            found.push(Problem::at(at.clone(), message).help("write `${1}` before a letter"));
        }
    }
}

/// The names behind `$`, as the regex crate reads them: `$$` is a dollar, `$name` is as long as possible.
fn group_names(replacement: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut rest = replacement;
    while let Some((_, tail)) = rest.split_once('$') {
        if let Some(tail) = tail.strip_prefix('$') {
            rest = tail;
            continue;
        }
        let braced = tail.strip_prefix('{').and_then(|tail| tail.split_once('}'));
        let (name, tail) = braced.unwrap_or_else(|| {
            let end = tail.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
            tail.split_at(end.unwrap_or(tail.len()))
        });
        names.extend((!name.is_empty()).then_some(name));
        rest = tail;
    }
    names
}

/// What a redirect may take from the request.
const PLACEHOLDERS: [&str; 3] = ["host", "path", "query"];

/// Statuses of a redirect (RFC 9110, 15.4).
const REDIRECTS: [u16; 5] = [301, 302, 303, 307, 308];
