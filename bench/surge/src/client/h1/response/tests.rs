use proptest::prelude::*;

use super::*;

/// Status, bytes taken and whether the connection lives; `None` if there must be more.
type Seen = Option<(u16, usize, bool)>;

/// Feeds a response in pieces that end at these places.
fn feed(bodiless: bool, bytes: &[u8], cuts: &[usize]) -> Result<Seen, Malformed> {
    let mut parser = Parser::default();
    parser.begin(bodiless);
    let mut start = 0;
    for end in cuts.iter().copied().chain([bytes.len()]).filter(|end| *end <= bytes.len()) {
        if end < start {
            continue;
        }
        if let Some(taken) = parser.feed(&bytes[start..end])? {
            assert_eq!(parser.bytes() as usize, start + taken);
            return Ok(Some((parser.status(), start + taken, parser.keeps_alive())));
        }
        start = end;
    }
    let ended = parser.ends_with_stream().then(|| (parser.status(), bytes.len(), false));
    Ok(ended)
}

/// Responses, whether they answer HEAD, and what is seen.
fn cases() -> Vec<(&'static str, bool, Result<Seen, Malformed>)> {
    let whole = |text: &'static str, head, status, alive| {
        (text, head, Ok(Some((status, text.len(), alive))))
    };
    vec![
        whole("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello", false, 200, true),
        whole("HTTP/1.1 200 OK\ncontent-length: 5\n\nhello", false, 200, true),
        whole("HTTP/1.1 200\r\nContent-Length:0\r\n\r\n", false, 200, true),
        whole("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n", true, 200, true),
        whole("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", true, 200, true),
        whole("HTTP/1.1 204 No Content\r\n\r\n", false, 204, true),
        whole("HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\n\r\n", false, 304, true),
        whole(
            "HTTP/1.1 503 Busy\r\nconnection: close\r\ncontent-length: 1\r\n\r\n!",
            false,
            503,
            false,
        ),
        whole("HTTP/1.0 200 OK\r\ncontent-length: 1\r\n\r\n!", false, 200, false),
        whole(
            "HTTP/1.0 200 OK\r\nconnection: x, Keep-Alive\r\ncontent-length: 1\r\n\r\n!",
            false,
            200,
            true,
        ),
        whole("HTTP/1.1 200 OK\r\ncontent-length: 2, 2\r\n\r\nhi", false, 200, true),
        whole(
            "HTTP/1.1 200 OK\r\nx: a\r\n  folded\r\ncontent-length: 2\r\n\r\nhi",
            false,
            200,
            true,
        ),
        whole(
            "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\ncontent-length: 3\r\n\r\n\
             4;a=b\r\nabcd\r\n0A\r\n0123456789\r\n0\r\nx-sum: 1\r\n\r\n",
            false,
            200,
            true,
        ),
        whole(
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
            false,
            200,
            true,
        ),
        whole("HTTP/1.1 101 Switching\r\nupgrade: x\r\n\r\n", false, 101, false),
        whole("HTTP/1.1 200 OK\r\n\r\nuntil the end", false, 200, false),
        whole("HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\nuntil the end", false, 200, false),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhiHTTP/1.1 4",
            false,
            Ok(Some((200, 40, true))),
        ),
        ("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhell", false, Ok(None)),
        ("HTTP/1.1 200 OK\r\ncontent-le", false, Ok(None)),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n", false, Ok(None)),
        ("", false, Ok(None)),
        ("HTTP/2 200 OK\r\n\r\n", false, Err(Malformed::StatusLine)),
        ("HTTP/1.1 20 OK\r\n\r\n", false, Err(Malformed::StatusLine)),
        ("HTTP/1.1 2000 OK\r\n\r\n", false, Err(Malformed::StatusLine)),
        ("HTTP/1.1 000 OK\r\n\r\n", false, Err(Malformed::StatusLine)),
        ("\r\nHTTP/1.1 200 OK\r\n\r\n", false, Err(Malformed::StatusLine)),
        ("HTTP/1.1 200 OK\r\nno colon\r\n\r\n", false, Err(Malformed::Field)),
        ("HTTP/1.1 200 OK\r\ncontent-length: +5\r\n\r\n", false, Err(Malformed::Length)),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n",
            false,
            Err(Malformed::Length),
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n\r\n",
            false,
            Err(Malformed::Length),
        ),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n",
            false,
            Err(Malformed::Chunk),
        ),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nabc\r\n",
            false,
            Err(Malformed::Chunk),
        ),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n\r\n", false, Err(Malformed::Chunk)),
    ]
}

#[test]
fn responses_are_framed_whole_and_byte_by_byte() {
    for (text, head, expected) in cases() {
        assert_eq!(feed(head, text.as_bytes(), &[]), expected, "{text:?}");
        let every: Vec<usize> = (1..text.len()).collect();
        assert_eq!(feed(head, text.as_bytes(), &every), expected, "{text:?} byte by byte");
    }
}

#[test]
fn a_head_without_end_is_refused_in_one_line_or_in_many() {
    let line = [b"HTTP/1.1 200 OK\r\nx: ".as_slice(), &[b'a'; HEAD_BYTES_MAX]].concat();
    assert_eq!(feed(false, &line, &[1_000, 5_000]), Err(Malformed::TooLong));
    let many =
        [b"HTTP/1.1 200 OK\r\n".as_slice(), &b"x: y\r\n".repeat(HEAD_BYTES_MAX / 6)].concat();
    assert_eq!(feed(false, &many, &[]), Err(Malformed::TooLong));
    let interim = b"HTTP/1.1 100 Continue\r\n\r\n".repeat(HEAD_BYTES_MAX / 24);
    assert_eq!(feed(false, &interim, &[]), Err(Malformed::TooLong));
}

#[test]
fn a_body_of_many_chunks_is_no_long_head() {
    let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".as_slice();
    let body = b"1\r\nx\r\n".repeat(HEAD_BYTES_MAX / 4);
    let bytes = [head, &body, b"0\r\n\r\n"].concat();
    assert_eq!(feed(false, &bytes, &[70_000]), Ok(Some((200, bytes.len(), true))));
}

proptest! {
    #[test]
    fn splits_change_nothing(which in 0..cases().len(), cuts in prop::collection::vec(0_usize..120, 0..8)) {
        let (text, head, expected) = cases()[which];
        let mut cuts = cuts;
        cuts.sort_unstable();
        prop_assert_eq!(feed(head, text.as_bytes(), &cuts), expected);
    }

    #[test]
    fn any_bytes_are_a_response_or_none(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        after_head in any::<bool>(),
        cuts in prop::collection::vec(0_usize..200, 0..5),
    ) {
        let head: &[u8] = if after_head { b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n" } else { b"" };
        let bytes = [head, &bytes].concat();
        let mut cuts = cuts;
        cuts.sort_unstable();
        prop_assert_eq!(feed(false, &bytes, &cuts), feed(false, &bytes, &[]));
    }
}
