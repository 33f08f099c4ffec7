use proptest::prelude::*;

use super::{super::tests::Collected, *};

fn read(document: &[u8]) -> (Collected, Result<(), BodyError>) {
    let mut sink = Collected::default();
    let outcome = parse(document, &Limits::default(), IntoArgs::On, &mut sink);
    (sink, outcome)
}

fn good(document: impl AsRef<[u8]>) -> Collected {
    let (sink, outcome) = read(document.as_ref());
    assert_eq!(outcome, Ok(()), "{}", String::from_utf8_lossy(document.as_ref()));
    sink
}

fn error(document: impl AsRef<[u8]>) -> (String, usize) {
    match read(document.as_ref()).1 {
        Ok(()) => panic!("no error in {}", String::from_utf8_lossy(document.as_ref())),
        Err(error) => (error.message.into_owned(), error.offset),
    }
}

fn string(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn text_is_that_of_the_whole_document() {
    for (document, text) in [
        ("<a/>", ""),
        ("<a>t<b>u<!-- c --></b> <?pi d?>v</a>", "tu v"),
        (
            "<?xml version='1.0' encoding=\"utf-8\" standalone='no' ?>\n<!-- c --><a>\n</a>\n<?p?>",
            "\n",
        ),
        ("<a>&lt;&#60;&#x3c;&gt;&amp;&quot;&apos;</a>", "<<<>&\"'"),
        ("<a><![CDATA[<b>&amp;]]]]><![CDATA[>]]></a>", "<b>&amp;]]>"),
        ("<a>1\r\n2\r3\n&#13;\r</a>", "1\n2\n3\n\r\n"),
        ("<a><![CDATA[1\r\n2\r]]></a>", "1\n2\n"),
        ("<a>]]&gt; ]] > \u{7f}é€😀\u{fffd}</a>", "]]> ]] > \u{7f}é€😀\u{fffd}"),
        ("\u{feff}<é:b.c-1>t</é:b.c-1 >", "t"),
        ("<!DOCTYPE a PUBLIC 'p' \"s>\" [<!ENTITY e '>]'> <!-- ] --> <?p ]?>]>\n<a>t</a>", "t"),
    ] {
        assert_eq!(string(&good(document).text), text, "{document}");
    }
}

#[test]
fn attributes_are_those_of_xpath() {
    for (document, values) in [
        ("<a x='1' y = \"'2'\"><b z=''/></a>", &["1", "'2'", ""][..]),
        ("<a xmlns='n' xmlns:p='m' p:x='1' xml:lang='en' xmlnsx='2'/>", &["1", "en", "2"]),
        ("<a x='&lt;&#10;&#x9;>'/>", &["<\n\t>"]),
        ("<a x='1\r\n2\r3\n4\t5&amp;\r\n6'/>", &["1 2 3 4 5& 6"]),
        (
            "<!DOCTYPE a [<!ATTLIST a x CDATA #IMPLIED y CDATA 'd&amp;' z (q) \"q\">]><a/>",
            &["d&", "q"],
        ),
    ] {
        let found: Vec<_> = good(document).attributes.iter().map(|value| string(value)).collect();
        assert_eq!(found, values, "{document}");
    }
}

#[test]
fn leaves_are_arguments() {
    let cases: &[(&str, &[(&str, &str)])] = &[
        ("<a>t</a>", &[("xml.a", "t")]),
        ("<a/>", &[("xml.a", "")]),
        (
            "<a>1<b>2</b>3<b><![CDATA[4]]>&amp;<!-- --></b>5</a>",
            &[("xml.a.b", "2"), ("xml.a.b", "4&")],
        ),
        ("<p:a><q:b><c/>x</q:b></p:a>", &[("xml.a.b.c", "")]),
        ("<:a/>", &[("xml.:a", "")]),
        ("<a:1><b:/></a:1>", &[("xml.a:1.b:", "")]),
    ];
    for (document, args) in cases {
        let found: Vec<_> =
            good(document).args.iter().map(|(name, value)| (string(name), string(value))).collect();
        let args: Vec<_> = args.iter().map(|(n, v)| (n.to_string(), v.to_string())).collect();
        assert_eq!(found, args, "{document}");
    }
    let mut sink = Collected::default();
    parse(b"<a>t</a>", &Limits::default(), IntoArgs::Off, &mut sink).unwrap();
    assert_eq!((sink.args, string(&sink.text)), (vec![], "t".into()));
}

#[test]
fn what_is_not_well_formed_is_said_with_its_place() {
    for (document, message, offset) in [
        ("", "unexpected end of the document", 0),
        (" \n", "unexpected end of the document", 2),
        ("x", "expected the start of an element", 0),
        ("<a>", "unexpected end of the document", 3),
        ("<a>t", "unexpected end of the document", 4),
        ("<a", "unexpected end of the document", 2),
        ("<a x", "unexpected end of the document", 4),
        ("<a x='1", "unexpected end of the document", 7),
        ("<a></a", "unexpected end of the document", 6),
        ("<a><b></a></b>", "end tag does not match the start tag", 8),
        ("<a></A>", "end tag does not match the start tag", 5),
        ("<a/><b/>", "content after the end of the document", 4),
        ("<a/>x", "content after the end of the document", 4),
        ("<a/><!DOCTYPE a>", "content after the end of the document", 4),
        ("< a/>", "invalid name of an element", 1),
        ("<1/>", "invalid name of an element", 1),
        ("<a></ a>", "invalid name in an end tag", 5),
        ("<a></a x>", "expected '>' in an end tag", 7),
        ("<a/ >", "expected white space, '>' or '/>' in a tag", 2),
        ("<a x='1'y='2'/>", "expected white space, '>' or '/>' in a tag", 8),
        ("<a 1='1'/>", "invalid name of an attribute", 3),
        ("<a x/>", "expected '=' behind the name of an attribute", 4),
        ("<a x=1/>", "expected a quoted value", 5),
        ("<a x='<'/>", "'<' in the value of an attribute", 6),
        ("<a x='1' x='2'/>", "duplicate attribute", 16),
        ("<a x='&#1;'/>", "invalid character reference", 6),
        ("<a x='\u{1}'/>", "invalid character", 6),
        ("<a>\u{1}</a>", "invalid character", 3),
        ("<a>b\u{ffff}</a>", "invalid character", 4),
        ("<a><!-- \0 --></a>", "invalid character", 8),
        ("<a><![CDATA[\u{b}]]></a>", "invalid character", 12),
        ("<a>]]></a>", "']]>' outside of a CDATA section", 3),
        ("<a>& b</a>", "malformed reference", 3),
        ("<a>&;</a>", "malformed reference", 3),
        ("<a>&#;</a>", "invalid character reference", 3),
        ("<a>&#x;</a>", "invalid character reference", 3),
        ("<a>&#xfffe;</a>", "invalid character reference", 3),
        ("<a>&#xd800;</a>", "invalid character reference", 3),
        ("<a>&#99999999999;</a>", "invalid character reference", 3),
        ("<a>&#+1;</a>", "invalid character reference", 3),
        ("<a><!-- -- --></a>", "'--' in a comment", 8),
        ("<a><!-- x", "comment without an end", 9),
        ("<a><![CDATA[ x", "CDATA section without an end", 14),
        ("<a><?p x", "processing instruction without an end", 8),
        ("<a><?p/?></a>", "expected white space in a processing instruction", 6),
        ("<a><?XmL ?></a>", "XML declaration not at the start of the document", 5),
        (" <?xml version='1.0'?><a/>", "XML declaration not at the start of the document", 3),
        ("<?xml encoding='utf-8'?><a/>", "no version in the XML declaration", 5),
        ("<?xml version='2.0'?><a/>", "invalid value in the XML declaration", 14),
        ("<?xml version='1.0' standalone='x'?><a/>", "invalid value in the XML declaration", 31),
        ("<?xml version='1.0'x?><a/>", "malformed XML declaration", 19),
        ("<!DOCTYPE><a/>", "expected white space behind DOCTYPE", 9),
        ("<!DOCTYPE a SYSTEM><a/>", "expected white space in an external identifier", 18),
        ("<!DOCTYPE a SYSTEM x><a/>", "expected a quoted value", 19),
        ("<!DOCTYPE a [<x>]><a/>", "invalid declaration in a document type", 13),
        ("<!DOCTYPE a [<!ENTITY <x>]><a/>", "'<' in a declaration", 21),
        ("<!DOCTYPE a []x><a/>", "expected '>' behind a document type", 14),
        ("<!DOCTYPE a [<!ENTITY e ", "unexpected end of the document", 24),
        ("<a><!DOCTYPE a></a>", "invalid name of an element", 4),
    ] {
        assert_eq!(error(document), (message.to_string(), offset), "{document}");
    }
}

#[test]
fn entities_are_not_expanded() {
    let billion_laughs = "<!DOCTYPE a [<!ENTITY a 'lol'><!ENTITY b '&a;&a;&a;'>]><a>";
    let (message, offset) = error(format!("{billion_laughs}&b;</a>"));
    assert_eq!((message.as_str(), offset), ("reference to an entity, which is not expanded", 58));
    let (sink, outcome) = read(format!("{billion_laughs}<b x='&b;'/></a>").as_bytes());
    assert!(outcome.is_err() && sink.text.is_empty() && sink.attributes.is_empty());
    assert_eq!(error("<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a>&x;</a>").1, 43);
    let parameter = "<!DOCTYPE a [<!ENTITY % p SYSTEM 'http://x/'> %p;]><a/>";
    assert_eq!(error(parameter).0, "reference to a parameter entity, which is not expanded");
    assert!(good("<!DOCTYPE a [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><a>t</a>").text == b"t");
}

#[test]
fn encodings_are_those_that_every_parser_knows() {
    let utf16 = |text: &str, unit: fn(u16) -> [u8; 2]| -> Vec<u8> {
        text.encode_utf16().flat_map(unit).collect()
    };
    let document = "<a x='é'>€😀</a>";
    let marked = format!("\u{feff}<?xml version='1.0' encoding='UTF-16'?>{document}");
    let bare = format!("<?xml version='1.0'?>{document}");
    for encoded in [
        utf16(&marked, u16::to_le_bytes),
        utf16(&marked, u16::to_be_bytes),
        utf16(&bare, u16::to_le_bytes),
        utf16(&bare, u16::to_be_bytes),
        document.as_bytes().to_vec(),
        format!("\u{feff}<?xml version='1.0' encoding='Utf-8'?>{document}").into_bytes(),
    ] {
        let sink = good(&encoded);
        assert_eq!((string(&sink.text), string(&sink.attributes[0])), ("€😀".into(), "é".into()));
    }
    let declared = |encoding: &str, rest: &[u8]| {
        [format!("<?xml version='1.0' encoding='{encoding}'?>").as_bytes(), rest].concat()
    };
    assert_eq!(string(&good(declared("ISO-8859-1", b"<a>\xe9</a>")).text), "é");
    assert_eq!(string(&good(declared("us-ascii", b"<a>e</a>")).text), "e");
    assert_eq!(
        error(declared("us-ascii", b"<a>\xc3\xa9</a>")),
        ("byte that is not ASCII".into(), 44)
    );
    assert_eq!(error(b"<a>b\xff</a>"), ("invalid UTF-8".into(), 4));
    assert_eq!(error(b"<a>\x01b\xff</a>"), ("invalid character".into(), 3));
    for unknown in ["utf-7", "windows-1252", "ucs-4", "x"] {
        assert_eq!(error(declared(unknown, b"<a/>")), ("unsupported encoding".into(), 0));
    }
    assert_eq!(error(b"\0\0\xfe\xff\0\0\0<").0, "unsupported encoding");
    let contradiction = "the declared encoding is not that of the document";
    assert_eq!(error(declared("utf-16", b"<a/>")).0, contradiction);
    assert_eq!(
        error([b"\xef\xbb\xbf", &declared("iso-8859-1", b"<a/>")[..]].concat()).0,
        contradiction
    );
    let latin1 = marked.replace("UTF-16", "ISO-8859-1");
    assert_eq!(error(utf16(&latin1, u16::to_le_bytes)).0, contradiction);
    let mut odd = utf16("<a>b</a>", u16::to_le_bytes);
    odd.pop();
    assert_eq!(error(&odd), ("invalid UTF-16".into(), 7));
    let (sink, outcome) = read(&[&utf16("<a>b", u16::to_le_bytes)[..], b"\x00\xd8<\0"].concat());
    assert_eq!(outcome, Err(BodyError::new(4, "invalid UTF-16")));
    assert_eq!(string(&sink.text), "b");
}

#[test]
fn what_stood_before_an_error_is_seen() {
    let (sink, outcome) = read(b"<a x='1'><b>t</b>attack\x01");
    assert!(outcome.is_err());
    assert_eq!(
        (string(&sink.text), sink.attributes.len(), sink.args.len()),
        ("tattack".into(), 1, 1)
    );
}

#[test]
fn depth_and_counts_are_limited() {
    let deep = |depth: usize| "<a>".repeat(depth) + &"</a>".repeat(depth);
    good(deep(DEPTH_MAX));
    assert_eq!(error(deep(DEPTH_MAX + 1)).0, "nested deeper than 256");
    let attributes = |count: usize| {
        let attributes: String = (0..count).map(|index| format!(" x{index}=''")).collect();
        format!("<a{attributes}/>")
    };
    good(attributes(ATTRIBUTES_MAX));
    assert_eq!(error(attributes(ATTRIBUTES_MAX + 1)).0, "more than 256 attributes");
    assert_eq!(
        error(format!("<a>{}", "<b x=''/>".repeat(NODES_MAX / 2))).0,
        "more than 100000 elements and attributes"
    );
    let document = format!("<{0}>{1}</{0}>", "n".repeat(1 << 18), "<a/>".repeat(1 << 6));
    assert_eq!(error(&document).0, "argument names of more than 16777216 bytes in all");
    let mut sink = Collected { args_max: 1, ..Collected::default() };
    assert_eq!(parse(document.as_bytes(), &Limits::default(), IntoArgs::Off, &mut sink), Ok(()));
    let document = b"<a><b>1</b><b>2</b></a>";
    let outcome = parse(document, &Limits::default(), IntoArgs::On, &mut sink);
    assert_eq!(outcome.unwrap_err().message, "more arguments than the limit");
    assert_eq!(sink.args.len(), 1);
}

#[test]
fn hostile_documents_end() {
    for start in
        ["", "<a>", "<a ", "<a x='", "<!DOCTYPE a [", "<!DOCTYPE a [<!ATTLIST ", "<a>&#", "<!--"]
    {
        for piece in [
            "<a>",
            "</a>",
            "<",
            ">",
            "&",
            "&amp;",
            "&#38",
            "]]>",
            "]",
            "'",
            "\"",
            "x='' ",
            "x",
            "\r",
            " ",
            "<!--",
            "--",
            "-->",
            "<![CDATA[",
            "<?x",
            "?>",
            "<!ENTITY",
            "%",
            "é",
            "\u{fffd}",
            "x:",
        ] {
            let document = format!("{start}{}", piece.repeat((1 << 16) / piece.len()));
            assert!(read(document.as_bytes()).1.is_err(), "{start} {piece}");
        }
    }
}

/// An element as a tree, to be written and read again.
#[derive(Clone, Debug)]
enum Node {
    Text(String),
    Cdata(String),
    Comment(String),
    Element { name: String, attributes: Vec<String>, children: Vec<Node> },
}

impl Node {
    fn write(&self, to: &mut String, sink: &mut Collected) {
        match self {
            Self::Text(text) => {
                for character in text.chars() {
                    match character {
                        '<' => to.push_str("&lt;"),
                        '&' => to.push_str("&#38;"),
                        '>' => to.push_str("&#x3E;"),
                        '\r' => to.push_str("&#xd;"),
                        character => to.push(character),
                    }
                }
                sink.text.extend_from_slice(text.as_bytes());
            }
            Self::Cdata(text) => {
                *to += &format!("<![CDATA[{text}]]>");
                sink.text.extend_from_slice(text.as_bytes());
            }
            Self::Comment(text) => *to += &format!("<!--{text}--><?p {text}?>"),
            Self::Element { name, attributes, children } => {
                *to += &format!("<{name}");
                for (index, value) in attributes.iter().enumerate() {
                    let written =
                        value.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
                    let written =
                        written.replace('\n', "&#10;").replace('\t', "&#9;").replace('\r', "&#13;");
                    *to += &format!(" x{index}=\"{written}\"");
                    sink.attributes.push(value.clone().into_bytes());
                }
                to.push('>');
                for child in children {
                    child.write(to, sink);
                }
                *to += &format!("</{name}>");
            }
        }
    }
}

fn node() -> impl Strategy<Value = Node> {
    let text = "[\t\n\r -~\u{80}-\u{fffd}\u{10000}-\u{10ffff}]{0,12}";
    let leaf = prop_oneof![
        text.prop_map(Node::Text),
        "[ -\\\\^-~é]{0,9}".prop_map(Node::Cdata),
        "[ -,.->@-~é]{0,9}".prop_map(Node::Comment),
    ];
    leaf.prop_recursive(6, 40, 5, move |inner| {
        let attributes = proptest::collection::vec(text, 0..4);
        ("[a-zé_][a-z0-9é.-]{0,5}", attributes, proptest::collection::vec(inner, 0..5))
            .prop_map(|(name, attributes, children)| Node::Element { name, attributes, children })
    })
}

proptest! {
    #[test]
    fn what_was_written_is_read(children in proptest::collection::vec(node(), 0..5), utf16: bool) {
        let root = Node::Element { name: "root".into(), attributes: vec![], children };
        let (mut document, mut expected) = (String::new(), Collected::default());
        root.write(&mut document, &mut expected);
        let encoded: Vec<u8> = match utf16 {
            true => document.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            false => document.clone().into_bytes(),
        };
        let mut sink = Collected::default();
        let outcome = parse(&encoded, &Limits::default(), IntoArgs::Off, &mut sink);
        prop_assert_eq!(outcome, Ok(()), "{}", document);
        prop_assert_eq!(sink, expected);
    }

    #[test]
    fn a_document_cut_short_is_an_error(child in node(), share in 0.0..1.0f64) {
        let root = Node::Element { name: "root".into(), attributes: vec![], children: vec![child] };
        let (mut document, mut expected) = (String::new(), Collected::default());
        root.write(&mut document, &mut expected);
        let cut = ((document.len() - 1) as f64 * share) as usize;
        let (sink, outcome) = read(&document.as_bytes()[..cut]);
        prop_assert!(outcome.is_err());
        // A CDATA section that is cut within its end keeps a bracket.
        let text = sink.text.strip_suffix(b"]").unwrap_or(&sink.text);
        prop_assert!(expected.text.starts_with(text.strip_suffix(b"]").unwrap_or(text)));
        prop_assert!(expected.attributes.starts_with(&sink.attributes));
    }

    #[test]
    fn any_bytes_are_read(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(read(&body).1.is_err());
    }

    #[test]
    fn pieces_of_documents_are_read(
        pieces in proptest::collection::vec(
            proptest::sample::select(vec![
                &b"<a>"[..], b"</a>", b"<", b">", b"/", b"/>", b"<!--", b"-->", b"-", b"<![CDATA[", b"]]>", b"<?", b"?>",
                b"<?xml version='1.0'", b" encoding='utf-16'", b"<!DOCTYPE a", b"[", b"]", b"<!ATTLIST", b"<!ENTITY",
                b"%", b"&", b"&amp;", b"&#x", b"41;", b";", b" ", b"\r", b"\n", b"'", b"\"", b"=", b"x", b":", b"1",
                b"\xc3\xa9", b"\xc3", b"\xef\xbf\xbf", b"\xff\xfe", b"\0",
            ]),
            0..50,
        )
    ) {
        let body = [b"<a>", &pieces.concat()[..]].concat();
        for body in [&body, body.get(3..).unwrap_or_default()] {
            if let Err(error) = read(body).1 {
                prop_assert!(error.offset <= 2 * body.len());
            }
        }
    }
}
