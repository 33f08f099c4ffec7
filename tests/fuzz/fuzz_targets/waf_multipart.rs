//! Forms of parts. Contents are parts of the body; what comes out reads back when it is written again, without a flag.
#![no_main]

use std::sync::{Arc, LazyLock};

use foxtrot_fuzz::{
    Input, TELLING, policy,
    sink::{All, Found},
    whole_as_cut,
};
use foxtrot_waf::{
    Policy,
    body::multipart::{Flags, Limits, parse},
};
use libfuzzer_sys::fuzz_target;

static RULES: LazyLock<Arc<Policy>> = LazyLock::new(|| policy(TELLING));

fuzz_target!(|data: &[u8]| {
    let mut input = Input(data);
    let (step, max) = (input.byte(), usize::from(input.byte()));
    let rest = input.until(b'\n');
    let content_type = [b"multipart/form-data; ", rest].concat();
    let body = input.0;
    let limits = Limits::default();
    let mut all = All::of(usize::MAX);
    let found = parse(&content_type, body, &limits, &mut all);
    assert!(found.error.is_none() || found.strict_error());
    assert!(found.error.as_ref().is_none_or(|error| error.offset <= body.len()));
    let mut contents = 0;
    for one in &all.found {
        if let Found::Arg(_, content) | Found::File(_, _, content) = one {
            assert!(memchr::memmem::find(body, content).is_some());
            contents += content.len();
        }
    }
    assert!(contents <= body.len());
    let mut some = All::of(max);
    let bounded = parse(&content_type, body, &limits, &mut some);
    assert_eq!(some.arguments(), &all.arguments()[..max.min(all.arguments().len())]);
    assert!(!some.is_full() || bounded.error.is_some());
    if found.error.is_none() {
        write_and_read(&all);
    }
    whole_as_cut(&RULES, &content_type, body, step);
});

fn write_and_read(all: &All) {
    let parts: Vec<&Found> = all
        .found
        .iter()
        .filter(|found| matches!(found, Found::Arg(..) | Found::File(..)))
        .collect();
    let plain = |name: &[u8]| name.iter().all(|byte| byte.is_ascii_alphanumeric());
    let clean = parts.iter().all(|part| match part {
        Found::Arg(name, value) => plain(name) && !holds_boundary(value),
        Found::File(name, filename, content) => {
            plain(name) && plain(filename) && !holds_boundary(content)
        }
        _ => false,
    });
    if !clean || parts.is_empty() {
        return;
    }
    let mut body = Vec::new();
    for part in &parts {
        body.extend_from_slice(b"--BOUNDARY\r\nContent-Disposition: form-data; name=\"");
        let content = match part {
            Found::File(name, filename, content) => {
                body.extend_from_slice(&[&name[..], b"\"; filename=\"", filename].concat());
                content
            }
            Found::Arg(name, value) => {
                body.extend_from_slice(name);
                value
            }
            _ => return,
        };
        body.extend_from_slice(&[b"\"\r\n\r\n", &content[..], b"\r\n"].concat());
    }
    body.extend_from_slice(b"--BOUNDARY--\r\n");
    let mut again = All::of(usize::MAX);
    let found =
        parse(b"multipart/form-data; boundary=BOUNDARY", &body, &Limits::default(), &mut again);
    assert_eq!(found.error, None);
    assert_eq!(
        found.flags,
        Flags {
            crlf_line: true,
            unmatched_boundary: found.flags.unmatched_boundary,
            file_limit_exceeded: found.flags.file_limit_exceeded,
            ..Flags::default()
        }
    );
    let read = again.found.iter().filter(|found| matches!(found, Found::Arg(..) | Found::File(..)));
    assert_eq!(read.collect::<Vec<_>>(), parts);
}

fn holds_boundary(content: &[u8]) -> bool {
    memchr::memmem::find(content, b"BOUNDARY").is_some()
}
