//! What holds for the module above.

use proptest::prelude::*;

use super::*;

async fn parse(method: &str, mut bytes: &[u8]) -> Result<Response, String> {
    read(&mut bytes, method.as_bytes()).await
}

/// Reads a response whose bytes come one by one.
async fn parse_slowly(method: &str, bytes: &[u8]) -> Result<Response, String> {
    let (mut server, mut client) = tokio::io::duplex(1);
    let bytes = bytes.to_vec();
    tokio::spawn(async move { tokio::io::AsyncWriteExt::write_all(&mut server, &bytes).await });
    read(&mut client, method.as_bytes()).await
}

#[tokio::test]
async fn a_response_ends_where_its_head_says() {
    for (method, bytes, length, reusable) in [
        ("GET", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcdef", 3, true),
        ("GET", "HTTP/1.1 200\r\ncontent-length: 0\r\nConnection: x, Close\r\n\r\n", 0, false),
        ("GET", "HTTP/1.0 200 OK\r\n\r\nabc", 3, false),
        ("GET", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\na", 1, true),
        ("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", 0, true),
        ("GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n", 0, true),
        ("GET", "HTTP/1.1 204 No Content\r\n\r\n", 0, true),
        (
            "GET",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n2;x=\"y\"\r\n\r\n\r\n0A\r\n0123456789\r\n0\r\nT: 1\r\n\r\n",
            40,
            true,
        ),
    ] {
        let response = parse_slowly(method, bytes.as_bytes()).await.unwrap();
        let body = response.bytes.len() - bytes.find("\r\n\r\n").unwrap() - 4;
        assert_eq!((body, response.reusable), (length, reusable), "{bytes:?}");
    }
}

#[tokio::test]
async fn a_response_is_read_byte_by_byte_as_in_one() {
    let bytes = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 C\r\nTransfer-Encoding: chunked\r\nA: b\r\na: c\r\n\r\n1\r\nx\r\n0\r\n\r\n";
    let (slow, fast) =
        (parse_slowly("GET", bytes).await.unwrap(), parse("GET", bytes).await.unwrap());
    assert_eq!(slow, fast);
    assert_eq!(slow.status, 201);
    assert_eq!(slow.fields("a").collect::<Vec<_>>(), ["b", "c"]);
    assert!(slow.bytes.starts_with(b"HTTP/1.1 201") && slow.bytes.ends_with(b"0\r\n\r\n"));
}

#[tokio::test]
async fn what_is_no_response_is_an_error() {
    for (bytes, says) in [
        ("", "without a response"),
        ("<html>hello</html>\r\n\r\n", "no HTTP/1"),
        ("HTTP/1.1 2", "in the response's head"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc", "before the response did"),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
            "before the response did",
        ),
    ] {
        let error = parse("GET", bytes.as_bytes()).await.unwrap_err();
        assert!(error.contains(says), "{bytes:?}: {error}");
    }
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        let _ = runtime.block_on(parse("GET", &bytes));
        let _ = runtime.block_on(parse("GET", &[chunked, bytes.as_slice()].concat()));
    }
}
