//! Heads of HTTP/2 frames. They are found wherever the bytes are cut, lie one behind the other, and cover what was read.
#![no_main]

use foxtrot::wire::h2_frames::{Frame, Frames};
use libfuzzer_sys::fuzz_target;

fn read(frames: &mut Frames, bytes: &[u8]) -> Vec<Frame> {
    let mut found = Vec::new();
    frames.feed(bytes, |frame| found.push(frame));
    found
}

fuzz_target!(|data: &[u8]| {
    let Some((&step, bytes)) = data.split_first() else { return };
    let whole = read(&mut Frames::behind(0), bytes);
    let mut frames = Frames::behind(0);
    let cut: Vec<Frame> =
        bytes.chunks(usize::from(step) + 1).flat_map(|piece| read(&mut frames, piece)).collect();
    assert_eq!(whole, cut);
    let mut at = 0;
    for frame in whole {
        assert_eq!(bytes[at + 3], frame.kind);
        at += 9 + frame.length as usize;
    }
    assert!(at + 9 + 4 > bytes.len() || at >= bytes.len());
});
