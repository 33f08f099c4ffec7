use proptest::prelude::*;
use serde_json::json;

use super::*;

/// Lines without their ends.
fn log(count: u64) -> Vec<Vec<u8>> {
    let mut chain = Chain::new();
    (1..=count)
        .map(|number| {
            let Value::Object(fields) = json!({ "green": number, "why": "a \"hash\":\"b\"}" })
            else {
                panic!("an object");
            };
            let at = Stamp(1_795_457_789_000 + number);
            let line = chain.append(at, EventKind::Weights, Some("gateway"), fields).unwrap();
            line.strip_suffix(b"\n").unwrap().to_vec()
        })
        .collect()
}

fn breaks(mut chain: Chain, lines: &[Vec<u8>]) -> Vec<(usize, ChainBreak)> {
    let checked = lines.iter().map(|line| chain.follow(line));
    checked.enumerate().filter_map(|(index, result)| Some((index, result.err()?))).collect()
}

#[test]
fn a_line_has_the_form_that_is_documented() {
    let line = String::from_utf8(log(1).remove(0)).unwrap();
    let (hashed, hash) = line.split_once(",\"hash\":\"").unwrap();
    assert_eq!(
        hashed,
        format!(
            "{{\"seq\":1,\"at\":\"2026-11-23T18:16:29.001Z\",\"kind\":\"weights\",\"rollout\":\"gateway\",\
             \"green\":1,\"why\":\"a \\\"hash\\\":\\\"b\\\"}}\",\"prev\":\"{}\"",
            "0".repeat(64)
        )
    );
    assert_eq!(hash, format!("{}\"}}", Hash::of(hashed.as_bytes())));
}

/// FIPS 180-2, B.1: what any other implementation comes to.
#[test]
fn the_hash_is_sha_256() {
    let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(Hash::of(b"abc").to_string(), expected);
    assert_eq!(expected.parse(), Ok(Hash::of(b"abc")));
    assert_eq!(expected.to_uppercase().parse::<Hash>(), Err(NotAHash));
    assert_eq!(expected[1..].parse::<Hash>(), Err(NotAHash));
}

#[test]
fn a_line_is_read_as_it_was_written() {
    let event: Event = serde_json::from_slice(&log(2)[1]).unwrap();
    assert_eq!(event.record.seq, 2);
    assert_eq!(event.record.kind, EventKind::Weights);
    assert_eq!(event.record.rollout.as_deref(), Some("gateway"));
    assert_eq!(event.record.fields.len(), 2);
    assert_eq!(event.record.fields["green"], 2);
    assert_eq!(serde_json::to_vec(&event).unwrap(), log(2)[1]);
}

#[test]
fn kinds_of_later_versions_are_read() {
    let line = br#"{"seq":1,"at":"1970-01-01T00:00:00.000Z","kind":"eclipse"}"#;
    let record: Record = serde_json::from_slice(line).unwrap();
    assert_eq!(record.kind, EventKind::Other("eclipse".to_owned()));
    assert_eq!(serde_json::to_vec(&record).unwrap(), line);
}

#[test]
fn a_log_is_whole_from_its_start_and_from_its_middle() {
    let lines = log(5);
    assert_eq!(breaks(Chain::new(), &lines), []);
    assert_eq!(breaks(Chain::from_the_middle(), &lines[2..]), []);
    let second: Event = serde_json::from_slice(&lines[1]).unwrap();
    assert_eq!(breaks(Chain::after(2, second.hash), &lines[2..]), []);
    let mut chain = Chain::new();
    lines.iter().for_each(|line| chain.follow(line).unwrap());
    let last: Event = serde_json::from_slice(&lines[4]).unwrap();
    assert_eq!((chain.seq(), chain.head()), (Some(5), Some(last.hash)));
}

#[test]
fn a_log_goes_on_where_it_was_left() {
    let mut lines = log(2);
    let mut chain = Chain::from_the_middle();
    lines.iter().for_each(|line| chain.follow(line).unwrap());
    let line = chain.append(Stamp(0), EventKind::Start, None, Map::new()).unwrap();
    lines.push(line.strip_suffix(b"\n").unwrap().to_vec());
    assert_eq!(breaks(Chain::new(), &lines), []);
}

#[test]
fn lines_that_are_gone_are_missed() {
    let mut lines = log(5);
    lines.drain(1..3);
    assert_eq!(breaks(Chain::new(), &lines), [(1, ChainBreak::Number { expected: 2, found: 4 })]);
    let missing_first = breaks(Chain::new(), &log(5)[1..]);
    assert_eq!(missing_first, [(0, ChainBreak::Number { expected: 1, found: 2 })]);
}

#[test]
fn lines_that_moved_are_noticed() {
    let mut lines = log(4);
    lines.swap(1, 2);
    let found: Vec<_> = breaks(Chain::new(), &lines).into_iter().map(|(index, _)| index).collect();
    assert_eq!(found, [1, 2, 3]);
}

#[test]
fn a_line_that_is_made_anew_does_not_fit() {
    let mut lines = log(3);
    let first: Event = serde_json::from_slice(&lines[0]).unwrap();
    let mut forger = Chain::after(1, first.hash);
    let forged = forger.append(Stamp(0), EventKind::Weights, None, Map::new()).unwrap();
    lines[1] = forged.strip_suffix(b"\n").unwrap().to_vec();
    let found = breaks(Chain::new(), &lines);
    assert!(matches!(found[..], [(2, ChainBreak::Unlinked { .. })]), "{found:?}");
}

proptest! {
    #[test]
    fn a_changed_byte_is_noticed(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut lines = log(3);
        let at = at.index(lines[1].len());
        prop_assume!(lines[1][at] != byte);
        lines[1][at] = byte;
        let found = breaks(Chain::new(), &lines);
        prop_assert!(found.iter().any(|(index, _)| *index == 1), "{found:?}");
    }

    #[test]
    fn any_bytes_are_borne(line in prop::collection::vec(any::<u8>(), 0..200), cut in any::<prop::sample::Index>()) {
        prop_assert!(Chain::new().follow(&line).is_err());
        let whole = log(1).remove(0);
        let cut = cut.index(whole.len());
        prop_assert!(Chain::new().follow(&whole[..cut]).is_err());
    }
}
