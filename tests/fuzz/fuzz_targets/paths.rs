//! Paths: a route's pattern, its rewriting and the readings of a target. The input is four lines: kind of the pattern,
//! pattern, replacement, target.
#![no_main]

use bytes::Bytes;
use foxtrot::{
    config::{check, load},
    route::{
        path::PathPattern,
        reading::{READINGS_MAX, other_readings},
        redirect::RedirectTemplate,
        rewrite::PathRewrite,
    },
    wire::Target,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut lines = data.splitn(4, |byte| *byte == b'\n');
    let mut next = || lines.next().unwrap_or_default();
    let (kind, pattern, replacement, target) = (next(), next(), next(), next());
    // What the parsers of heads let through.
    if target.iter().any(|byte| *byte <= b' ' || *byte == 0x7f) || !target.starts_with(b"/") {
        return;
    }
    let target = Target::new(Bytes::copy_from_slice(target));
    let readings = other_readings(target.path());
    assert!(readings.len() <= READINGS_MAX);
    assert!(readings.iter().all(|reading| reading.starts_with(b"/") && reading != target.path()));
    let (Ok(pattern), Ok(replacement)) =
        (std::str::from_utf8(pattern), std::str::from_utf8(replacement))
    else {
        return;
    };
    if let Ok(template) = RedirectTemplate::compile(replacement)
        && let Some(location) = template.render(b"a.test", &target)
    {
        assert!(location.as_bytes().iter().all(u8::is_ascii_graphic));
    }
    rewrite(kind, pattern, replacement, &target);
});

fn rewrite(kind: &[u8], pattern: &str, replacement: &str, target: &Target) {
    let key = match kind {
        b"e" => "path_exact",
        b"r" => "path_regex",
        _ => "path",
    };
    let text = format!(
        "[listeners.a]\nlisten = \"127.0.0.1:80\"\n[clusters.a]\nendpoints = [\"http://127.0.0.1:1\"]\n[[routes]]\n\
         match = {{ {key} = {pattern:?} }}\nto = \"cluster:a\"\nrewrite = {{ path = {replacement:?} }}\n"
    );
    let Ok(loaded) = load::parse("fuzz.toml", &text) else { return };
    if !check::check(&loaded.config).is_empty() {
        return;
    }
    let Some(route) = loaded.config.routes.first() else { return };
    let (Ok(pattern), Ok(Some(rewrite))) =
        (PathPattern::compile(&route.matches), PathRewrite::compile(route))
    else {
        return;
    };
    if pattern.holds(target.path()) {
        let rewritten = rewrite.apply(target);
        assert!(rewritten.path().starts_with(b"/") && !rewritten.path().starts_with(b"//"));
        assert!(rewritten.raw().iter().all(|byte| *byte > b' ' && *byte != 0x7f));
        assert_eq!(rewritten.query(), target.query());
    }
}
