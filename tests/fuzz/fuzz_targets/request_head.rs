//! Request heads and their framing. What is taken is the same whether it comes at once or byte by byte, and what is sent on
//! reads back as what was taken: no second parser sees another request.
#![no_main]

use bytes::BytesMut;
use foxtrot::wire::{
    RequestHead, encode,
    framing::{self, BodyLength},
    parse::{self, HeadLimits, Scan},
};
use libfuzzer_sys::fuzz_target;

const LIMITS: HeadLimits = HeadLimits { bytes: 8 << 10, fields: 50 };

fuzz_target!(|data: &[u8]| {
    let mut input = BytesMut::from(data);
    let whole = parse::request(&mut input, &mut Scan::default(), LIMITS);
    assert_eq!(format!("{whole:?}"), format!("{:?}", dripping(data, &whole)));
    let Ok(Some(head)) = whole else { return };
    assert!(head.authority.is_empty() || parse::is_authority(&head.authority));
    assert!(head.target.raw().iter().all(|byte| *byte > 0x20 && *byte != 0x7f));
    if let Ok(length) = framing::request_body(&head) {
        sent_on(&head, length);
    }
});

/// What becomes of the head where each byte comes alone. A head that is refused may be refused before its end is seen.
fn dripping(
    data: &[u8],
    whole: &Result<Option<RequestHead>, foxtrot::error::Error>,
) -> Result<Option<RequestHead>, foxtrot::error::Error> {
    let (mut input, mut scan) = (BytesMut::new(), Scan::default());
    for byte in data {
        input.extend_from_slice(&[*byte]);
        match parse::request(&mut input, &mut scan, LIMITS) {
            Ok(None) => {}
            // Which of its faults is found first depends on what is there.
            Err(_) if whole.is_err() => return Err(whole.clone().unwrap_err()),
            other => return other,
        }
    }
    Ok(None)
}

fn sent_on(head: &RequestHead, length: BodyLength) {
    let mut stripped = head.clone();
    foxtrot::filter::hop_by_hop::strip_request(&mut stripped.headers);
    stripped.headers.remove(http::header::CONTENT_LENGTH);
    stripped.headers.remove(http::header::HOST);
    if stripped.authority.is_empty() {
        stripped.authority = "a.test".into();
    }
    let mut out = BytesMut::new();
    encode::request_head(&stripped, length, &mut out);
    let wide = HeadLimits { bytes: 64 << 10, fields: 100 };
    let again = parse::request(&mut out, &mut Scan::default(), wide).unwrap().unwrap();
    assert!(out.is_empty());
    assert_eq!((&again.method, &again.target), (&stripped.method, &stripped.target));
    assert_eq!((&again.authority, &again.upgrade), (&stripped.authority, &stripped.upgrade));
    assert_eq!(framing::request_body(&again), Ok(length));
}
