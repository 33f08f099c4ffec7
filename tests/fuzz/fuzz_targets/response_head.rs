//! Response heads and their framing.
#![no_main]

use bytes::BytesMut;
use foxtrot::{
    filter::hop_by_hop,
    wire::{
        encode, framing,
        parse::{self, HeadLimits},
    },
};
use http::Method;
use libfuzzer_sys::fuzz_target;

const LIMITS: HeadLimits = HeadLimits { bytes: 8 << 10, fields: 50 };

fuzz_target!(|data: &[u8]| {
    let mut input = BytesMut::from(data);
    let Ok(Some(mut head)) = parse::response(&mut input, LIMITS) else { return };
    assert!(data.ends_with(&input));
    let framed = framing::response_body(&Method::GET, &head);
    assert!(framing::response_body(&Method::HEAD, &head).is_ok());
    hop_by_hop::strip_response(&mut head.headers);
    let mut out = BytesMut::new();
    encode::bare_response_head(head.status, &head.headers, &mut out);
    let wide = HeadLimits { bytes: 64 << 10, fields: 100 };
    let again = parse::response(&mut out, wide).unwrap().unwrap();
    assert!(out.is_empty());
    assert_eq!((again.status, &again.headers), (head.status, &head.headers));
    if framed.is_ok() {
        assert!(framing::response_body(&Method::GET, &again).is_ok());
    }
});
