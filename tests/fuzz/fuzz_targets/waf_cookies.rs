//! Cookies, in both formats. What comes out reads back when it is written again and is never more than went in.
#![no_main]

use foxtrot_fuzz::sink::{All, Found};
use foxtrot_waf::body::cookies;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let cookies = read(data, cookies::parse_v0);
    assert!(
        cookies.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>() <= data.len()
    );
    let mut written = Vec::new();
    for (name, value) in &cookies {
        assert!(!name.is_empty() && !name.contains(&b';') && !name.contains(&b'='));
        assert!(!value.contains(&b';'));
        written.extend_from_slice(&[&name[..], b"=", value, b";"].concat());
    }
    // A semicolon more, as white space before the last end is trimmed.
    written.push(b';');
    assert_eq!(read(&written, cookies::parse_v0), cookies);

    let cookies = read(data, cookies::parse_v1);
    assert!(cookies.iter().all(|(name, _)| !name.contains(&b';') && !name.contains(&b',')));
    // An attribute is named with its cookie, whose name so is told more than once.
    let values: usize = cookies.iter().map(|(_, value)| value.len()).sum();
    assert!(values <= data.len() && cookies.len() <= data.len());
});

fn read(header: &[u8], parse: fn(&[u8], &mut All)) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut all = All::of(0);
    parse(header, &mut all);
    let cookies = all.found.into_iter().map(|found| match found {
        Found::Cookie(name, value) => (name, value),
        other => panic!("no cookie: {other:?}"),
    });
    cookies.collect()
}
