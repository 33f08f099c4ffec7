//! Forms. What comes out reads back when it is written again; a limit leaves the beginning; no piece is larger than its source.
#![no_main]

use std::sync::{Arc, LazyLock};

use foxtrot_fuzz::{Input, TELLING, policy, sink::All, whole_as_cut};
use foxtrot_waf::{Policy, body::urlencoded};
use libfuzzer_sys::fuzz_target;

static RULES: LazyLock<Arc<Policy>> = LazyLock::new(|| policy(TELLING));

fuzz_target!(|data: &[u8]| {
    let mut input = Input(data);
    let (step, max) = (input.byte(), usize::from(input.byte()));
    let separator = if step % 4 == 0 { b';' } else { b'&' };
    let body = input.0;
    let mut all = All::of(usize::MAX);
    let found = urlencoded::parse(body, separator, &mut all);
    assert_eq!(found.stopped, None);
    let arguments = all.arguments();
    assert!(arguments.len() <= body.iter().filter(|byte| **byte == separator).count() + 1);
    assert!(
        arguments.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>() <= body.len()
    );

    let mut again = All::of(usize::MAX);
    let written = urlencoded::parse(&write(&arguments, separator), separator, &mut again);
    assert!(!written.invalid_encoding);
    assert_eq!(again.arguments(), arguments);

    let mut some = All::of(max);
    let stopped = urlencoded::parse(body, separator, &mut some).stopped;
    assert_eq!(some.arguments(), &arguments[..max.min(arguments.len())]);
    assert_eq!(stopped.is_some(), arguments.len() > max);
    if let Some(at) = stopped {
        let mut before = All::of(usize::MAX);
        urlencoded::parse(&body[..at], separator, &mut before);
        assert_eq!(before.arguments(), some.arguments());
    }
    whole_as_cut(&RULES, b"application/x-www-form-urlencoded", body, step);
});

/// Every byte escaped, so that nothing hangs on which need it.
fn write(arguments: &[(&[u8], &[u8])], separator: u8) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, value) in arguments {
        let escaped =
            |bytes: &[u8]| bytes.iter().map(|byte| format!("%{byte:02x}")).collect::<String>();
        out.extend_from_slice(format!("{}={}", escaped(name), escaped(value)).as_bytes());
        out.push(separator);
    }
    out
}
