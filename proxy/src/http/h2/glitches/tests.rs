use proptest::prelude::*;

use super::*;
use crate::clock;

const BURST: u32 = 2_000;
const PER_SECOND: u32 = 100;
const ACK: u8 = 1;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Frame {
    let mut first = [0; 4];
    let known = payload.len().min(4);
    first[..known].copy_from_slice(&payload[..known]);
    Frame { length: payload.len() as u32, kind, flags, stream, first }
}

fn budget() -> (Budget, Instant) {
    let now = clock::now();
    (Budget::new(BURST, PER_SECOND, now), now)
}

/// How many of these a full budget bears at once, up to a hundred thousand.
fn borne(mut each: impl FnMut(&mut Budget, u32, Instant) -> Result<(), Glitch>) -> u32 {
    let (mut budget, now) = budget();
    (0..100_000).find(|n| each(&mut budget, 2 * n + 1, now).is_err()).unwrap_or(100_000)
}

#[test]
fn floods_spend_the_budget() {
    let flood = |frame: Frame| borne(|budget, _, now| budget.received(&frame, now));
    assert_eq!(flood(frame(PING, 0, 0, &[0; 8])), 2_000);
    assert_eq!(flood(frame(PING, ACK, 0, &[0; 8])), 2_000);
    assert_eq!(flood(frame(SETTINGS, 0, 0, &[])), 200);
    assert_eq!(flood(frame(DATA, 0, 1, &[])), 400);
    assert_eq!(flood(frame(DATA, crate::wire::h2_frames::PADDED, 1, &[3, 0, 0, 0])), 400);
    assert_eq!(flood(frame(WINDOW_UPDATE, 0, 1, &[0, 0, 0, 1])), 2_000);
    assert_eq!(flood(frame(2, 0, 1, &[0; 5])), 2_000);
    assert_eq!(flood(frame(0xfa, 0, 1, &[])), 2_000);
    assert_eq!(flood(frame(CONTINUATION, 0, 1, &[0; 10])), 100);
    assert_eq!(flood(frame(CONTINUATION, END_HEADERS, 1, &[])), 100);
}

#[test]
fn resets_spend_the_budget_on_either_side() {
    let taken_back = borne(|budget, stream, now| {
        budget.received(&frame(HEADERS, END_HEADERS | END_STREAM, stream, &[0; 9]), now)?;
        budget.received(&frame(RST_STREAM, 0, stream, &[0, 0, 0, 8]), now)
    });
    assert_eq!(taken_back, 400);
    let provoked = borne(|budget, stream, now| {
        budget.received(&frame(HEADERS, END_HEADERS, stream, &[0; 9]), now)?;
        budget.sent(&frame(RST_STREAM, 0, stream, &[0, 0, 0, 3]), now)
    });
    assert_eq!(provoked, 100);
    // A field block over the limit is answered 431, then reset.
    let oversized = borne(|budget, stream, now| {
        budget.sent(&frame(HEADERS, END_HEADERS | END_STREAM, stream, &[0; 9]), now)?;
        budget.sent(&frame(RST_STREAM, 0, stream, &[0, 0, 0, 1]), now)
    });
    assert!(oversized < 200, "{oversized}");
}

#[test]
fn honest_traffic_costs_nothing() {
    let all = 100_000;
    let data = |stream| frame(DATA, 0, stream, &[0; 100]);
    let end = |stream| frame(DATA, END_STREAM, stream, &[0; 100]);
    let head = |stream| frame(HEADERS, END_HEADERS, stream, &[0; 9]);
    // A reader that opens both windows for each DATA frame, and a gRPC client that pings for each as well.
    let reader = borne(|budget, stream, now| {
        budget.sent(&data(stream), now)?;
        budget.received(&frame(WINDOW_UPDATE, 0, stream, &[0, 0, 1, 0]), now)?;
        budget.received(&frame(WINDOW_UPDATE, 0, 0, &[0, 0, 1, 0]), now)?;
        budget.received(&frame(PING, 0, 0, &[0; 8]), now)
    });
    // One that sends PRIORITY and opens a window with each request, and takes answers without a body.
    let prioritizer = borne(|budget, stream, now| {
        budget.received(&head(stream), now)?;
        budget.received(&frame(2, 0, stream, &[0; 5]), now)?;
        budget.received(&frame(WINDOW_UPDATE, 0, stream, &[0, 0xff, 0, 0]), now)?;
        budget.sent(&frame(HEADERS, END_HEADERS | END_STREAM, stream, &[0; 9]), now)
    });
    // One that resets what it has read to its end (nghttp2's issue 1984).
    let tidy = borne(|budget, stream, now| {
        budget.received(&head(stream), now)?;
        budget.sent(&head(stream), now)?;
        budget.sent(&end(stream), now)?;
        budget.received(&frame(RST_STREAM, 0, stream, &[0; 4]), now)
    });
    // One request with a large head.
    let large = borne(|budget, stream, now| {
        budget.received(&frame(HEADERS, 0, stream, &[0; 16_384]), now)?;
        budget.received(&frame(CONTINUATION, 0, stream, &[0; 16_384]), now)?;
        budget.received(&frame(CONTINUATION, END_HEADERS, stream, &[0; 10]), now)
    });
    // An upload, one byte at a time, and an upstream that breaks off.
    let upload = borne(|budget, stream, now| {
        budget.received(&frame(DATA, 0, stream, &[0]), now)?;
        budget.sent(&frame(RST_STREAM, 0, stream, &[0, 0, 0, 2]), now)
    });
    assert_eq!((reader, prioritizer, tidy, large, upload), (all, all, all, all, all));
}

#[test]
fn time_fills_the_budget_up_to_its_brim() {
    let (mut budget, now) = budget();
    let ping = frame(PING, 0, 0, &[0; 8]);
    let mut spend = |now| (0..).find(|_| budget.received(&ping, now).is_err()).unwrap();
    assert_eq!(spend(now), 2_000);
    assert_eq!(spend(now + Duration::from_secs(1)), 100);
    assert_eq!(spend(now + Duration::from_millis(1_010)), 1);
    assert_eq!(spend(now + Duration::from_secs(3_600)), 2_000);
}

#[test]
fn streams_that_have_lived_may_be_taken_back() {
    let (mut budget, start) = budget();
    let at = |millis| start + Duration::from_millis(millis);
    let mut open = |stream, millis| {
        budget.received(&frame(HEADERS, END_HEADERS, stream, &[0; 9]), at(millis)).unwrap();
        let left = budget.left;
        move |budget: &mut Budget, millis| {
            budget.received(&frame(RST_STREAM, 0, stream, &[0, 0, 0, 8]), at(millis)).unwrap();
            let young = budget.left < left;
            budget.left = budget.burst;
            young
        }
    };
    let (first, second) = (open(1, 0), open(3, 100));
    assert!(first(&mut budget, 900));
    assert!(!second(&mut budget, 2_100));
    let mut budget = Budget::new(BURST, PER_SECOND, start);
    for stream in 0..50_000 {
        let opened = at(stream * 3_000);
        budget.received(&frame(HEADERS, 0, 2 * stream as u32 + 1, &[0; 9]), opened).unwrap();
        let later = opened + Duration::from_millis(2_500);
        budget.received(&frame(RST_STREAM, 0, 2 * stream as u32 + 1, &[0; 4]), later).unwrap();
        assert_eq!(budget.left, budget.burst);
    }
}

proptest! {
    #[test]
    fn any_frames_are_reckoned_with(
        frames in prop::collection::vec((any::<[u8; 8]>(), any::<u32>(), any::<bool>(), 0_u64..2_000), 0..200),
    ) {
        let (mut budget, mut now) = budget();
        for ([kind, flags, a, b, first @ ..], stream, ours, millis) in frames {
            now += Duration::from_millis(millis);
            let length = u32::from_be_bytes([0, 0, a, b]);
            let frame = Frame { length, kind: kind % 12, flags, stream, first };
            let before = budget.left;
            let verdict = if ours { budget.sent(&frame, now) } else { budget.received(&frame, now) };
            prop_assert!(budget.left <= budget.burst);
            if verdict.is_err() {
                prop_assert!(before < 20_000);
            }
        }
    }
}
