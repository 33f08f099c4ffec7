//! What holds for the module above.

use proptest::prelude::*;

use super::*;

fn input(yaml: &str) -> Input {
    serde_saphyr::from_str(yaml).unwrap()
}

fn bytes(yaml: &str) -> String {
    let mut input = input(yaml);
    let uri = input.uri.take();
    String::from_utf8(compile(&input, uri).unwrap().bytes()).unwrap()
}

#[test]
fn what_is_left_out_is_filled_in() {
    assert_eq!(bytes("port: 80"), "GET / HTTP/1.1\r\nConnection: close\r\n\r\n");
    assert_eq!(
        bytes("{ method: POST, uri: /a, headers: { Host: b } }"),
        "POST /a HTTP/1.1\r\nHost: b\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    );
    assert_eq!(
        bytes("{ data: a=b }"),
        "GET / HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n\
         Content-Length: 3\r\n\r\na=b"
    );
}

#[test]
fn what_is_written_is_not_filled_in_in_any_case_of_its_name() {
    let sent = bytes(
        "{ data: a b, headers: { content-type: text/plain, CONNECTION: x, content-length: '9' } }",
    );
    assert_eq!(
        sent,
        "GET / HTTP/1.1\r\nCONNECTION: x\r\ncontent-length: 9\r\ncontent-type: text/plain\r\n\r\na b"
    );
}

#[test]
fn fields_go_out_in_the_order_of_their_names_as_they_are() {
    let sent = bytes(
        r#"{ stop_magic: true, version: "HTTP/0.9 x", method: "a b", uri: "/\t<", headers: { b: "1", Z: "", "a\0": " 2" } }"#,
    );
    assert_eq!(sent, "a b /\t< HTTP/0.9 x\r\nZ: \r\na\0:  2\r\nb: 1\r\n\r\n");
}

#[test]
fn nothing_is_added_where_nothing_is_wanted() {
    for yaml in [
        "{ data: a b, autocomplete_headers: false }",
        "{ data: a b, stop_magic: true }",
        "{ data: a b, stop_magic: false, autocomplete_headers: false }",
    ] {
        assert_eq!(bytes(yaml), "GET / HTTP/1.1\r\n\r\na b", "{yaml}");
    }
}

#[test]
fn a_length_is_added_for_methods_that_may_have_a_body() {
    for (method, added) in [
        ("GET", false),
        ("POST", true),
        ("POSTER", true),
        ("XPOST", false),
        ("XPUTX", true),
        ("XPATCHX", true),
        ("XDELETE", true),
        ("DELETEX", false),
    ] {
        let sent = bytes(&format!("method: {method}"));
        assert_eq!(sent.contains("Content-Length: 0\r\n"), added, "{method}");
    }
}

#[test]
fn forms_are_encoded_unless_they_are() {
    for (data, encoded) in [
        ("a=b", "a=b"),
        ("a b=c=d&<&=&&e~-_.", "a+b=c%3Dd&%3C&=&&e~-_."),
        ("\u{e4}=1&", "%C3%A4=1"),
        ("a&&", "a&"),
        ("&", ""),
        ("a b%20c", "a b%20c"),
        ("a b%", "a b%"),
        ("a b+c", "a b+c"),
    ] {
        assert_eq!(form(data.as_bytes().to_vec()), encoded.as_bytes(), "{data}");
    }
    // Only of forms, and only where fields are added.
    assert!(
        bytes("{ data: 'a=<', headers: { Content-Type: APPLICATION/X-WWW-FORM-URLENCODED } }")
            .ends_with("a=%3C")
    );
    assert!(bytes("{ data: 'a=<', headers: { Content-Type: application/json } }").ends_with("a=<"));
    assert!(
        bytes("{ data: 'a=<', headers: { Content-Type: application/x-www-form-urlencoded;a } }")
            .ends_with("a=<")
    );
}

#[test]
fn lines_of_multipart_data_end_in_crlf() {
    let sent = bytes(
        r#"{ method: POST, data: "--a\n\r\nb\n", headers: { content-type: "Multipart/Form-Data; boundary=a" } }"#,
    );
    assert!(sent.ends_with("Content-Length: 11\r\n\r\n--a\r\n\r\r\nb\r\n"), "{sent:?}");
    let sent = bytes(r#"{ data: "a\n", headers: { Content-Type: multipart/mixed } }"#);
    assert!(sent.ends_with("\r\n\r\na\n"), "{sent:?}");
}

#[test]
fn templates_are_expanded_before_lengths_are_known() {
    let sent = bytes(r#"{ data: "{{ \"1\" | repeat 120 }}" }"#);
    assert!(sent.contains("Content-Length: 120\r\n") && sent.ends_with(&"1".repeat(120)));
}

#[test]
fn encoded_requests_and_data_go_out_as_they_are() {
    let raw =
        compile(&input(r#"{ method: POST, encoded_request: "AP8K\nDQ==\n" }"#), None).unwrap();
    assert_eq!(raw.bytes(), b"\0\xff\n\r");
    let data =
        compile(&input("{ encoded_data: AP8=, autocomplete_headers: false }"), None).unwrap();
    assert_eq!(data.bytes(), b"GET / HTTP/1.1\r\n\r\n\0\xff");
}

#[test]
fn what_cannot_be_sent_is_an_error() {
    for (yaml, says) in [
        ("{ data: a, encoded_request: YQ== }", "exclude each other"),
        ("{ encoded_request: '?' }", "`encoded_request` is not Base64"),
        ("{ encoded_request: YQ }", "`encoded_request` is not Base64"),
        ("{ encoded_data: '?' }", "`encoded_data` is not Base64"),
        ("{ data: '{{ x }}' }", "`data`: template function `x`"),
    ] {
        let error = compile(&input(yaml), None).unwrap_err();
        assert!(error.contains(says), "{yaml}: {error}");
    }
}

proptest! {
    #[test]
    fn a_form_decodes_to_what_it_was(data in proptest::collection::vec(any::<u8>(), 0..40)) {
        prop_assume!(!data.iter().any(|byte| b"%+&".contains(byte)));
        let encoded = String::from_utf8(form(data.clone())).unwrap();
        let mut decoded = Vec::new();
        let mut rest = encoded.as_bytes();
        while let Some((&byte, after)) = rest.split_first() {
            rest = after;
            match byte {
                b'+' => decoded.push(b' '),
                b'%' => {
                    let (digits, after) = rest.split_at(2);
                    rest = after;
                    decoded.push(u8::from_str_radix(std::str::from_utf8(digits).unwrap(), 16).unwrap());
                }
                byte => decoded.push(byte),
            }
        }
        prop_assert_eq!(decoded, data);
    }
}
