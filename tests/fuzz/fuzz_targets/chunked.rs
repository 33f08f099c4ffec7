//! Chunked bodies. What comes out is the same however the input is cut, and reads back when it is written again.
#![no_main]

use bytes::BytesMut;
use foxtrot::wire::{
    encode,
    framing::{BodyDecoder, BodyLength, Decoded},
};
use http::HeaderMap;
use libfuzzer_sys::fuzz_target;

#[derive(Debug, PartialEq)]
struct Outcome {
    body: Vec<u8>,
    trailers: Option<HeaderMap>,
    /// Whether it came to its end, and what is left behind it.
    end: Result<bool, ()>,
    left: Vec<u8>,
}

fuzz_target!(|data: &[u8]| {
    let Some((step, data)) = data.split_first() else { return };
    let whole = decode(data, data.len().max(1));
    let cut = decode(data, usize::from(*step).max(1));
    assert_eq!((&whole.body, &whole.trailers, whole.end), (&cut.body, &cut.trailers, cut.end));
    if whole.end != Ok(true) {
        return;
    }
    assert!(data.ends_with(&whole.left));
    let mut out = BytesMut::new();
    if !whole.body.is_empty() {
        encode::chunk_head(whole.body.len(), &mut out);
        out.extend_from_slice(&whole.body);
        out.extend_from_slice(encode::CHUNK_END);
    }
    encode::last_chunk(whole.trailers.as_ref(), &mut out);
    let again = decode(&out, out.len());
    assert_eq!((&again.body, again.end), (&whole.body, Ok(true)));
    assert!(again.left.is_empty());
    assert_eq!(again.trailers.unwrap_or_default(), whole.trailers.unwrap_or_default());
});

/// Decodes input that comes in pieces of `step` bytes. Of what follows the body, only what came with its end is `left`.
fn decode(data: &[u8], step: usize) -> Outcome {
    let mut decoder = BodyDecoder::new(BodyLength::Chunked);
    let mut outcome = Outcome { body: Vec::new(), trailers: None, end: Ok(false), left: Vec::new() };
    let mut input = BytesMut::new();
    for piece in data.chunks(step) {
        input.extend_from_slice(piece);
        loop {
            match decoder.decode(&mut input) {
                Ok(Decoded::Data(bytes)) => {
                    assert!(!bytes.is_empty());
                    outcome.body.extend_from_slice(&bytes);
                }
                Ok(Decoded::Trailers(trailers)) => outcome.trailers = Some(trailers),
                Ok(Decoded::NeedMore) => break,
                Ok(Decoded::End) => {
                    outcome.end = Ok(true);
                    outcome.left = input.to_vec();
                    return outcome;
                }
                Err(_) => {
                    outcome.end = Err(());
                    return outcome;
                }
            }
        }
    }
    outcome
}
