//! Two documents of a shadow comparison. What is found is found from the other side too, nothing is found in a document and
//! itself, and all that was found can be ignored by the name that it was told by.
#![no_main]

use foxtrot::{
    config::Ignored,
    mirror::compare::{
        Ignore,
        json::{Change, Unreadable, diff},
    },
};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    let at = data.iter().position(|byte| *byte == 0).unwrap_or(data.len());
    let (ours, theirs) = (&data[..at], data.get(at + 1..).unwrap_or_default());
    let all = Ignore::new([]);
    let (forth, back) = (diff(ours, theirs, &all, secret), diff(theirs, ours, &all, secret));
    let read = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).ok();
    let (forth, back) = match (read(ours), read(theirs)) {
        (Some(_), Some(_)) => (forth.unwrap(), back.unwrap()),
        (Some(_), None) => return assert_eq!(forth, Err(Unreadable::Shadow)),
        (None, Some(_)) => return assert_eq!(forth, Err(Unreadable::Primary)),
        (None, None) => return assert_eq!(forth, Err(Unreadable::Both)),
    };
    assert_eq!(forth.len(), back.len());
    assert_eq!(diff(ours, ours, &all, secret), Ok(Vec::new()));
    for found in forth.iter().chain(&back) {
        assert_eq!(found.primary.is_none(), found.change == Change::Extra);
        assert_eq!(found.shadow.is_none(), found.change == Change::Missing);
    }
    // Names that are cut short, or of which not all were told, do not name all that differs.
    if forth.len() < 64 && data.len() < 64 {
        let places: Vec<Ignored> = forth.iter().map(|found| found.place.parse().unwrap()).collect();
        assert_eq!(diff(ours, theirs, &Ignore::new(&places), secret), Ok(Vec::new()));
    }
});

fn secret(name: &[u8]) -> bool {
    name.starts_with(b"s")
}
