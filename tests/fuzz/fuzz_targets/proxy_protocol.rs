//! PROXY headers of both versions. A header is the same with anything behind it, and none of its beginnings is refused.
#![no_main]

use foxtrot::listener::proxy_protocol::{LEN_MAX, Parsed, parse};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    match parse(data) {
        Ok(Parsed::Complete { len, .. }) => {
            assert!(len > 0 && len <= data.len() && len <= LEN_MAX);
            assert_eq!(parse(data), parse(&data[..len]));
            for at in 0..len {
                let beginning = parse(&data[..at]);
                let Ok(Parsed::Partial { need }) = beginning else { panic!("{at}: {beginning:?}") };
                assert!(need > 0 && at + need <= len);
            }
        }
        Ok(Parsed::Partial { need }) => assert!(need > 0 && data.len() + need <= LEN_MAX),
        Err(_) => {}
    }
});
