use memchr::memmem;
use proptest::prelude::*;

use super::{
    super::tests::{Collected, Pair},
    parser::Kind,
    *,
};

const TYPE: &[u8] = b"multipart/form-data; boundary=bound";

fn read(body: &[u8]) -> (Multipart, Collected) {
    let mut sink = Collected::default();
    let found = parse(TYPE, body, &Limits::default(), &mut sink);
    (found, sink)
}

fn message(found: &Multipart) -> Option<&str> {
    found.error.as_ref().map(|error| error.message.as_ref())
}

/// A body with one part of these header lines, and `value` as its data.
fn part(headers: &str, value: &str) -> Vec<u8> {
    format!("--bound\r\n{headers}\r\n\r\n{value}\r\n--bound--\r\n").into_bytes()
}

fn field(disposition: &str) -> Vec<u8> {
    part(&format!("Content-Disposition: {disposition}"), "v")
}

fn pairs(expected: &[(&str, &str)]) -> Vec<Pair> {
    expected.iter().map(|(a, b)| (a.as_bytes().to_vec(), b.as_bytes().to_vec())).collect()
}

fn flags(set: impl Fn(&mut Flags)) -> Flags {
    let mut flags = Flags { crlf_line: true, ..Flags::default() };
    set(&mut flags);
    flags
}

#[test]
fn fields_and_files_are_found() {
    let body = b"--bound\r\n\
        Content-Disposition: form-data; name=\"a\"\r\n\r\n\
        line 1\r\nline 2\n\r\n\
        --bound\r\n\
        content-disposition: form-data; name=\"f\"; filename=\"C:\\x\\\"y\\\".txt\"\r\n\
        Content-Type:  text/plain\r\n\r\n\
        \x00\xff\r\n\r\n\
        --bound\r\n\
        Content-Disposition: form-data; name=empty\r\n\r\n\r\n\
        --bound--\r\n";
    let (found, sink) = read(body);
    assert_eq!(found.error, None);
    assert_eq!(found.flags, flags(|_| {}));
    assert!(!found.strict_error());
    assert_eq!(sink.part_names, [&b"a"[..], b"f", b"empty"]);
    assert_eq!(sink.part_filenames, [b"C:\\x\"y\".txt"]);
    assert_eq!(sink.args, pairs(&[("a", "line 1\r\nline 2\n"), ("empty", "")]));
    let file = (b"f".to_vec(), b"C:\\x\"y\".txt".to_vec(), b"\x00\xff\r\n".to_vec());
    assert_eq!(sink.files, [file]);
    let headers = [
        ("a", "Content-Disposition: form-data; name=\"a\""),
        ("f", "content-disposition: form-data; name=\"f\"; filename=\"C:\\x\\\"y\\\".txt\""),
        ("f", "Content-Type:  text/plain"),
        ("empty", "Content-Disposition: form-data; name=empty"),
    ];
    assert_eq!(sink.part_headers, pairs(&headers));
}

#[test]
fn the_frame_of_a_body_is_judged() {
    const PART: &str = "Content-Disposition: form-data; name=a\r\n\r\nv\r\n";
    let table: &[(String, Option<&str>, Flags)] = &[
        (String::new(), None, Flags::default()),
        ("x".into(), Some("no boundary in the body"), Flags::default()),
        (
            "\r\n--bound".into(),
            Some("no boundary in the body"),
            Flags { data_before: true, ..Flags::default() },
        ),
        ("--bound--\r\n".into(), None, flags(|_| {})),
        ("--bound--\r\n\r\n".into(), None, flags(|f| f.data_after = true)),
        (format!("--bound\r\n{PART}--bound--\r\n"), None, flags(|_| {})),
        (format!("--bound\r\n{PART}--bound--"), None, flags(|_| {})),
        (format!("--bound\r\n{PART}--bound--\n"), None, flags(|f| f.lf_line = true)),
        (format!("--bound\n{PART}--bound--\r\n"), None, flags(|f| f.lf_line = true)),
        (format!("\r\n--bound\r\n{PART}--bound--\r\n"), None, flags(|f| f.data_before = true)),
        (format!("--bound\r\n{PART}--bound--\r\nx"), None, flags(|f| f.data_after = true)),
        (
            format!("--bound\r\n{PART}--bound\r\n{PART}"),
            Some("final boundary missing"),
            flags(|_| {}),
        ),
        (format!("--bound\r\n{PART}--bound-- "), Some("final boundary missing"), flags(|_| {})),
        (format!("--bound\r\n{PART}--boundx\r\n"), Some("invalid boundary"), flags(|_| {})),
        (format!("--bound\r\n{PART}--bound--x\r\n"), Some("invalid boundary"), flags(|_| {})),
        (
            format!("--bound\r\n{PART}-- bound--\r\n"),
            Some("invalid boundary (white space)"),
            flags(|f| f.unmatched_boundary = Unmatched::Open),
        ),
        (
            format!("--bound\r\n{PART}x--bound\r\n--bound--\r\n"),
            None,
            flags(|f| f.unmatched_boundary = Unmatched::Closed),
        ),
        (
            format!("--bound\r\n{PART}-----BEGIN\r\n--bound--"),
            None,
            flags(|f| f.unmatched_boundary = Unmatched::Open),
        ),
        (format!("--bound\r\n{PART}--\n-\r\n--bound--"), None, flags(|_| {})),
        (
            "--bound\r\nContent-Disposition: form-data; name=a\r\n\r\n--bound--\r\n--bound--\r\n"
                .into(),
            None,
            flags(|f| f.invalid_part = true),
        ),
        (
            "--bound\r\nContent-Disposition: form-data; name=a\r\n\r\n--bound--".into(),
            None,
            flags(|f| f.invalid_part = true),
        ),
        (
            "--bound\r\nContent-Disposition: form-data; name=a\r\n--bound--".into(),
            None,
            flags(|f| f.invalid_part = true),
        ),
        (
            "--bound\r\n--bound\r\n".into(),
            Some("invalid part header (colon missing)"),
            flags(|f| f.invalid_part = true),
        ),
    ];
    for (body, error, flags) in table {
        let (found, _) = read(body.as_bytes());
        assert_eq!(message(&found), *error, "{body}");
        assert_eq!(found.flags, *flags, "{body}");
    }
}

#[test]
fn a_line_end_before_a_boundary_counts_and_one_within_data_does_not() {
    let body = "--bound\r\nContent-Disposition: form-data; name=a\r\n\r\n1\n2\r\n--bound--\r\n";
    assert!(!read(body.as_bytes()).0.flags.lf_line);
    let body = body.replace("2\r\n", "2\n");
    let (found, sink) = read(body.as_bytes());
    assert!(found.flags.lf_line && found.flags.crlf_lf_lines() && found.strict_error());
    assert_eq!(sink.args, pairs(&[("a", "1\n2")]));
    let (found, _) = read(body.replace("\r\n", "\n").as_bytes());
    assert!(found.flags.lf_line && !found.flags.crlf_lf_lines());
}

#[test]
fn quotes_around_the_boundary_are_flagged_and_refused_in_the_body() {
    let mut sink = Collected::default();
    let body = b"--bound\r\nContent-Disposition: form-data; name=a\r\n\r\nv\r\n--\"bound\"--\r\n";
    let quoted = b"multipart/form-data; boundary=\"bound\"";
    let found = parse(quoted, body, &Limits::default(), &mut sink);
    assert_eq!(found.error, Some(BodyError::new(54, "invalid boundary (quotes)")));
    assert!(found.flags.boundary_quoted);
    let found = read(body).0;
    assert_eq!(found.error, Some(BodyError::new(body.len(), "final boundary missing")));
    let found = parse(b"text/plain", body, &Limits::default(), &mut sink);
    assert_eq!(found.error, Some(BodyError::new(0, "invalid MIME type in Content-Type")));
    assert!(found.strict_error());
}

#[test]
fn part_headers_are_judged() {
    const GOOD: &str = "Content-Disposition: form-data; name=a";
    let long_line = format!("{GOOD}\r\nX: {}", "x".repeat(HEADER_LINE_BYTES_MAX - 5));
    let fold = format!("\r\n {}", "x".repeat(2000));
    let many: String = (0..PART_HEADERS_MAX).map(|index| format!("\r\nX{index}: y")).collect();
    let table: &[(&str, Option<&str>, Flags)] = &[
        ("X: y", Some("part without Content-Disposition"), flags(|_| {})),
        ("", Some("part without Content-Disposition"), flags(|_| {})),
        (" X", Some("invalid part header (folding error)"), flags(|f| f.header_folding = true)),
        ("X", Some("invalid part header (colon missing)"), flags(|_| {})),
        (": y", Some("invalid part header (header name missing)"), flags(|_| {})),
        ("X\x0e: y", Some("invalid part header (contains invalid character)"), flags(|_| {})),
        ("X : y", Some("invalid part header (contains invalid character)"), flags(|_| {})),
        ("é: y", Some("invalid part header (contains invalid character)"), flags(|_| {})),
        ("X: y\r\nx: z", Some("duplicate part header"), flags(|_| {})),
        ("X: \0", Some("NUL byte in part headers"), flags(|_| {})),
        (&long_line, Some("part header line too long"), flags(|_| {})),
        (long_line.strip_suffix('x').unwrap(), None, flags(|_| {})),
        (&format!("{GOOD}\nX: y"), None, flags(|f| f.lf_line = true)),
        (
            &format!("{GOOD}\r\n \tb=c"),
            Some("no semicolon behind a value in Content-Disposition"),
            flags(|f| f.header_folding = true),
        ),
        (
            "Content-Disposition:\r\n form-data; name=a",
            Some("Content-Disposition is not form-data"),
            flags(|f| f.header_folding = true),
        ),
        ("Content-Disposition: form-data;\r\n\tname=a", None, flags(|f| f.header_folding = true)),
        (
            "Content-Disposition: form-data;\r\n\x0bname=a",
            None,
            flags(|f| (f.header_folding, f.invalid_header_folding) = (true, true)),
        ),
        (
            &format!("{GOOD}\r\nX: y\r\n "),
            None,
            flags(|f| (f.header_folding, f.invalid_header_folding) = (true, true)),
        ),
        (
            &format!("{GOOD}\r\nX: y{fold}{fold}{fold}"),
            Some("part header too long"),
            flags(|f| f.header_folding = true),
        ),
        (&format!("{GOOD}{many}"), Some("too many part headers"), flags(|_| {})),
    ];
    for (headers, error, flags) in table {
        let (found, _) = read(&part(headers, "v"));
        assert_eq!(message(&found), *error, "{headers}");
        assert_eq!(found.flags, *flags, "{headers}");
    }
}

#[test]
fn folded_headers_are_one_line() {
    let (found, sink) = read(&part("Content-Disposition:form-data;\r\n  name=\"a\"\r\n\tx", "v"));
    assert!(found.error.is_some());
    assert_eq!(sink.part_headers, pairs(&[("", "Content-Disposition: form-data; name=\"a\" x")]));
}

#[test]
fn rules_see_the_headers_of_a_part_that_is_refused() {
    let (found, sink) = read(&part("A: 1\r\nB\x7f: 2\r\nC: 3", "v"));
    assert!(found.error.is_some());
    assert_eq!(sink.part_headers, pairs(&[("", "A: 1"), ("", "B\x7f: 2")]));
}

#[test]
fn dispositions_are_judged() {
    let good: &[(&str, Kind, &str, &str)] = &[
        ("form-data; name=a", Kind::Field, "a", ""),
        ("form-data ;\tname = \"a b\" ; ;", Kind::Field, "a b", ""),
        ("form-data; name=\"a'b\"", Kind::Field, "a'b", ""),
        ("form-data; name=\"\\\\\\\"\\x\"", Kind::Field, "\\\"\\x", ""),
        ("form-data; name=\"\"; name=a", Kind::Field, "a", ""),
        ("form-data; name=a; filename=\"\"", Kind::Field, "a", ""),
        ("form-data; filename=\"f;g\"; name=a", Kind::File, "a", "f;g"),
        ("form-data; name=a;filename=f;filename*=UTF-8'en'%e2x", Kind::File, "a", "f"),
        ("form-data; name=a; filename=f; filename*=x''", Kind::File, "a", "f"),
    ];
    for (disposition, kind, name, filename) in good {
        let disposition = disposition.strip_suffix("; ;").unwrap_or(disposition);
        let (found, sink) = read(&field(disposition));
        assert_eq!(found.error, None, "{disposition}");
        assert_eq!(found.flags, flags(|_| {}), "{disposition}");
        let file = (name.as_bytes().to_vec(), filename.as_bytes().to_vec(), b"v".to_vec());
        match kind {
            Kind::Field => assert_eq!(sink.args, pairs(&[(name, "v")]), "{disposition}"),
            Kind::File => assert_eq!(sink.files, [file], "{disposition}"),
        }
    }
    let bad: &[(&str, &str)] = &[
        ("", "Content-Disposition is not form-data"),
        ("Form-Data; name=a", "Content-Disposition is not form-data"),
        ("attachment; name=a", "Content-Disposition is not form-data"),
        ("form-data", "no name in Content-Disposition"),
        ("form-data;", "no name in Content-Disposition"),
        ("form-data; name=\"\"", "no name in Content-Disposition"),
        ("form-data; filename=a", "no name in Content-Disposition"),
        ("form-datax; name=a", "no semicolon behind form-data in Content-Disposition"),
        ("form-data; name=a; ", "parameter without a value in Content-Disposition"),
        ("form-data; name", "parameter without a value in Content-Disposition"),
        ("form-data; name ", "parameter without a value in Content-Disposition"),
        ("form-data; name=", "parameter without a value in Content-Disposition"),
        ("form-data; name x=a", "parameter without a value in Content-Disposition"),
        ("form-data; name=\"a", "quote not closed in Content-Disposition"),
        ("form-data; name=\"a\\\"", "quote not closed in Content-Disposition"),
        ("form-data; name=\"", "quote not closed in Content-Disposition"),
        ("form-data; name=a; name=b", "duplicate name in Content-Disposition"),
        ("form-data; name=a; filename=b; filename=c", "duplicate filename in Content-Disposition"),
        ("form-data; name=a; size=1", "unknown parameter in Content-Disposition"),
        ("form-data; Name=a", "unknown parameter in Content-Disposition"),
        ("form-data; name=a b", "no semicolon behind a value in Content-Disposition"),
        ("form-data; name=a/b", "no semicolon behind a value in Content-Disposition"),
        (
            "form-data; name=a; filename =b",
            "white space before the value of filename in Content-Disposition",
        ),
        (
            "form-data; name=a; filename*=UTF-8''b",
            "filename* without filename in Content-Disposition",
        ),
        (
            "form-data; name=a; filename=b; filename*=\"c\"",
            "no character set in filename* in Content-Disposition",
        ),
        (
            "form-data; name=a; filename=b; filename*=UTF-8'c",
            "no language in filename* in Content-Disposition",
        ),
        (
            "form-data; name=a; filename=b; filename*=UTF-8''%4",
            "invalid character in filename* in Content-Disposition",
        ),
        (
            "form-data; name=a; filename=b; filename*=UTF-8''c d",
            "invalid character in filename* in Content-Disposition",
        ),
        (
            "form-data; name=a; filename=b; filename*=u''c; filename*=u''",
            "duplicate filename* in Content-Disposition",
        ),
    ];
    for (disposition, expected) in bad {
        let found = read(&field(disposition)).0;
        assert_eq!(message(&found), Some(*expected), "{disposition}");
    }
}

#[test]
fn unusual_quotes_are_flagged() {
    let quoting = flags(|f| f.invalid_quoting = true);
    for (disposition, fails) in [
        ("form-data; name='a'", false),
        ("form-data; name=a'b", false),
        ("form-data; name='a\\'b'; filename=\"c\"", false),
        ("form-data; name=\"a\"b\"", true),
        ("form-data; name='a'b", true),
    ] {
        let (found, _) = read(&field(disposition));
        assert_eq!((found.flags, found.error.is_some()), (quoting, fails), "{disposition}");
    }
}

#[test]
fn counts_are_limited() {
    let one = "--bound\r\nContent-Disposition: form-data; name=a; filename=f\r\n\r\nv\r\n";
    let body = format!("{}--bound--\r\n", one.repeat(3));
    let read = |limits: &Limits| {
        let mut sink = Collected { args_max: 2, ..Collected::default() };
        let found = parse(TYPE, body.as_bytes(), limits, &mut sink);
        (found, sink)
    };
    let (found, sink) = read(&Limits { files_max: 2, ..Limits::default() });
    assert_eq!((found.error.clone(), found.flags.file_limit_exceeded), (None, true));
    assert!(found.strict_error());
    assert_eq!(sink.files.len(), 3);
    let (found, sink) = read(&Limits { parts_max: 2, ..Limits::default() });
    assert_eq!(found.error, Some(BodyError::new(one.len() * 2, "more than 2 parts")));
    assert_eq!(sink.files.len(), 2);
    let fields = body.replace("; filename=f", "");
    let mut sink = Collected { args_max: 2, ..Collected::default() };
    let found = parse(TYPE, fields.as_bytes(), &Limits::default(), &mut sink);
    assert_eq!(message(&found), Some("more arguments than the limit"));
    assert_eq!(sink.args.len(), 2);
}

#[test]
fn an_unfinished_part_is_seen() {
    let (found, sink) =
        read(b"--bound\r\nContent-Disposition: form-data; name=a\r\n\r\n<script>\r\nx");
    assert!(found.error.is_some());
    assert_eq!(sink.args, pairs(&[("a", "<script>\r\nx")]));
}

#[test]
fn hostile_bodies_end() {
    let fill = |start: &[u8], piece: &[u8]| {
        let found = read(&[start, &piece.repeat((1 << 18) / piece.len())].concat()).0;
        message(&found).map(str::to_owned)
    };
    let header = b"--bound\r\nContent-Disposition: form-data; name=a\r\n";
    let data = [&header[..], b"\r\n"].concat();
    for start in [&b""[..], header, &data] {
        for piece in
            ["\n", " \n", "--\n", "-- \n", "-", "--bound", "x--bound\n", "a:\n", "--bound \n"]
        {
            assert!(fill(start, piece.as_bytes()).is_some(), "{start:?} {piece}");
        }
    }
    let part = [&data[..], b"\r\n"].concat();
    assert_eq!(fill(b"", &part).as_deref(), Some("more than 1000 parts"));
}

fn content() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        any::<Vec<u8>>(),
        proptest::sample::select(vec![&b"\r\n"[..], b"\n", b"\r", b"--", b"--boun", b"-"])
            .prop_map(<[u8]>::to_vec),
    ];
    proptest::collection::vec(piece, 0..8)
        .prop_map(|pieces| pieces.concat())
        .prop_filter("must not hold the boundary", |content| {
            memmem::find(content, b"bound").is_none()
        })
}

fn write_quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

proptest! {
    #[test]
    fn what_was_written_is_read(
        parts in proptest::collection::vec(("[^\r\n\0]{1,20}", proptest::option::of("[^\r\n\0]{1,20}"), content()), 0..6)
    ) {
        let mut body = Vec::new();
        let (mut args, mut files) = (Vec::new(), Vec::new());
        for (name, filename, content) in parts {
            body.extend_from_slice(b"--bound\r\nContent-Disposition: form-data; name=");
            body.extend_from_slice(write_quoted(&name).as_bytes());
            if let Some(filename) = &filename {
                body.extend_from_slice(b"; filename=");
                body.extend_from_slice(write_quoted(filename).as_bytes());
            }
            body.extend_from_slice(b"\r\n\r\n");
            body.extend_from_slice(&content);
            body.extend_from_slice(b"\r\n");
            match filename {
                Some(filename) => files.push((name.into_bytes(), filename.into_bytes(), content)),
                None => args.push((name.into_bytes(), content)),
            }
        }
        body.extend_from_slice(b"--bound--\r\n");
        let (found, sink) = read(&body);
        prop_assert_eq!(found.error, None);
        prop_assert_eq!((sink.args, sink.files), (args, files));
    }

    #[test]
    fn any_bytes_are_read(content_type: Vec<u8>, body: Vec<u8>) {
        let mut sink = Collected::default();
        parse(&content_type, &body, &Limits::default(), &mut sink);
        prop_assert!(body.is_empty() || read(&body).0.error.is_some());
    }

    #[test]
    fn pieces_of_bodies_are_read(
        pieces in proptest::collection::vec(
            proptest::sample::select(vec![
                &b"--bound\r\n"[..], b"--bound--", b"--bound", b"\r\n", b"\n", b"\r", b" ", b"\t", b"\x0b", b"\0",
                b"Content-Disposition:", b"content-disposition: form-data; name=a\r\n\r\n", b" form-data", b";",
                b"name=", b"filename=", b"filename*=", b"\"", b"'", b"\\", b"a", b"%41", b"X: y\r\n", b"=", b"-",
            ]),
            0..40,
        )
    ) {
        let body = pieces.concat();
        let (found, sink) = read(&body);
        if let Some(error) = found.error {
            prop_assert!(error.offset <= body.len());
        }
        prop_assert!(sink.files.iter().all(|(_, filename, _)| !filename.is_empty()));
    }
}
