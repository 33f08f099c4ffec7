//! The request's body: gathered up to its limit, read when it is whole.

use std::ops::ControlFlow;

use super::{Transaction, request::Arguments};
use crate::{
    action::{Processor, ctl::XmlIntoArgs},
    body::{File, Sink, json, multipart, urlencoded, xml},
    facts::Facts,
    report::Verdict,
    variable::{Scalar, Set},
    worker::Worker,
};

/// What became of a piece of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is kept.
    Whole,
    /// The limit is reached; what is beyond it is not looked at.
    Partial,
    /// The limit is reached, and the rules say that such a message is refused.
    TooLarge,
}

/// What a body brings besides arguments.
struct Parsed<'f> {
    arguments: Arguments<'f>,
    text: Vec<u8>,
    has_text: bool,
    file_bytes: usize,
    /// Texts of XML are variables too.
    keeps_xml: bool,
}

impl Sink for Parsed<'_> {
    fn arg(&mut self, name: &[u8], value: &[u8]) -> ControlFlow<()> {
        self.arguments.arg(name, value)
    }

    /// An argument too, of as many members as there are, as in Coraza: `{"a__in": [1, 2]}` asks for `a__in` in any case, and
    /// rules over names have to see that.
    fn container(&mut self, name: &[u8], members: usize) -> ControlFlow<()> {
        let count = crate::number::Decimal::from(members as i64);
        let value = if members == 0 { &b""[..] } else { count.as_bytes() };
        self.arguments.arg(name, value)
    }

    fn file(&mut self, file: File<'_>) {
        let facts = &mut *self.arguments.facts;
        facts.push(Set::Files, file.field, file.filename);
        let size = crate::number::Decimal::from(file.content.len() as i64);
        facts.push(Set::FilesSizes, file.field, size.as_bytes());
        facts.push(Set::FilesTmpContent, file.field, file.content);
        self.file_bytes += file.content.len();
    }

    fn part_name(&mut self, name: &[u8]) {
        self.arguments.facts.push(Set::MultipartName, name, name);
    }

    fn part_filename(&mut self, filename: &[u8]) {
        self.arguments.facts.push(Set::MultipartFilename, filename, filename);
    }

    fn part_header(&mut self, part: &[u8], line: &[u8]) {
        self.arguments.facts.push(Set::MultipartPartHeaders, part, line);
    }

    fn xml_text(&mut self, piece: &[u8]) {
        self.has_text = true;
        if self.keeps_xml {
            self.text.extend_from_slice(piece);
        }
    }

    fn xml_attribute(&mut self, value: &[u8]) {
        if self.keeps_xml {
            self.arguments.facts.push(Set::XmlAttributes, b"", value);
        }
    }
}

impl Transaction {
    /// Whether the body is to be given to the rules at all.
    pub fn wants_request_body(&self) -> bool {
        self.parts.state.control.request_body && self.runs(2)
    }

    /// How many bytes of the body are kept.
    pub fn request_body_max(&self) -> usize {
        self.parts.state.control.request_body_max
    }

    /// A piece of the request's body.
    pub fn request_body(&mut self, piece: &[u8]) -> Taken {
        let max = self.parts.state.control.request_body_max;
        let body = &mut self.parts.request_body;
        let room = max.saturating_sub(body.len());
        if piece.len() <= room {
            body.extend_from_slice(piece);
            return Taken::Whole;
        }
        body.extend_from_slice(piece.get(..room).unwrap_or_default());
        self.parts.facts.put_number(Scalar::InboundDataError, 1);
        if self.rules.settings.request_body_rejects { Taken::TooLarge } else { Taken::Partial }
    }

    /// The request is whole: reads its body and runs phase 2.
    pub fn request_complete(&mut self, worker: &mut Worker) -> Verdict {
        if self.wants_request_body() {
            self.read_body();
        }
        self.run(2, worker)
    }

    fn read_body(&mut self) {
        let body = std::mem::take(&mut self.parts.request_body);
        let processor = self.parts.state.processor.unwrap_or(Processor::None);
        let processor = if body.is_empty() { Processor::None } else { processor };
        let force = self.parts.state.control.force_request_body;
        self.parts.facts.put_number(Scalar::RequestBodyLength, body.len() as u64);
        if force && self.parts.state.processor.is_none() {
            // A body that no processor reads is kept as if it were a form, as ModSecurity does when it is forced.
            self.parts.facts.put(Scalar::ReqbodyProcessor, b"URLENCODED");
        }
        if processor == Processor::Urlencoded || force {
            self.parts.facts.put(Scalar::RequestBody, &body);
        }
        let error = self.parse(processor, &body);
        self.report_error(processor, error);
        self.parts.request_body = body;
        if self.rules.uses_full_request {
            self.put_full_request();
        }
    }

    /// Reads a body; says what is wrong with it.
    fn parse(&mut self, processor: Processor, body: &[u8]) -> Option<String> {
        let settings = &self.rules.settings;
        let facts = &mut self.parts.facts;
        let content_type = facts.first(Set::RequestHeaders, b"content-type").map(<[u8]>::to_vec);
        let left = settings.arguments_max.saturating_sub(facts.set(Set::ArgsGet).len());
        let query_bytes = crate::number::parse(facts.bytes(Scalar::ArgsCombinedSize)) as usize;
        let into_args = self.parts.state.control.xml_into_args;
        let mut parsed = Parsed {
            arguments: Arguments { facts, set: Set::ArgsPost, left, bytes: query_bytes },
            text: Vec::new(),
            has_text: false,
            file_bytes: 0,
            keeps_xml: into_args != XmlIntoArgs::Only,
        };
        let mut multipart = None;
        let mut error = match processor {
            Processor::None => None,
            Processor::Urlencoded => {
                let found = urlencoded::parse(body, settings.argument_separator, &mut parsed);
                let invalid = found.invalid_encoding;
                if invalid {
                    parsed.arguments.facts.put_number(Scalar::UrlencodedError, 1);
                }
                // What is not looked at must not look as if it were.
                found.stopped.map(|at| format!("more arguments than the limit at byte {at}"))
            }
            Processor::Multipart => {
                let limits = multipart::Limits {
                    files_max: settings.files_max,
                    ..multipart::Limits::default()
                };
                let content_type = content_type.unwrap_or_default();
                let found = multipart::parse(&content_type, body, &limits, &mut parsed);
                let error = found.error.as_ref().map(ToString::to_string);
                multipart = Some(found);
                error.map(|error| format!("Multipart parsing error: {error}"))
            }
            Processor::Json => {
                let limits =
                    json::Limits { depth_max: settings.json_depth_max, ..json::Limits::default() };
                let outcome = json::parse(body, &limits, &mut parsed);
                outcome.err().map(|error| format!("JSON parsing error: {error}"))
            }
            Processor::Xml => {
                let into_args = match into_args {
                    XmlIntoArgs::Off => xml::IntoArgs::Off,
                    XmlIntoArgs::On | XmlIntoArgs::Only => xml::IntoArgs::On,
                };
                let outcome = xml::parse(body, &xml::Limits::default(), into_args, &mut parsed);
                outcome.err().map(|error| format!("XML parsing error: {error}"))
            }
        };
        let Parsed { arguments, text, has_text, file_bytes, keeps_xml } = parsed;
        let bytes = arguments.bytes;
        let without_files = body.len().saturating_sub(file_bytes);
        if error.is_none() && without_files > settings.request_body_no_files_max {
            error = Some("Request body without files is larger than the limit".to_owned());
        }
        let facts = &mut self.parts.facts;
        facts.put_number(Scalar::ArgsCombinedSize, bytes as u64);
        facts.put_number(Scalar::FilesCombinedSize, file_bytes as u64);
        if has_text && keeps_xml {
            facts.put(Scalar::XmlText, &text);
        }
        if let Some(found) = multipart {
            put_multipart(facts, &found);
        }
        error
    }

    fn report_error(&mut self, processor: Processor, error: Option<String>) {
        let facts = &mut self.parts.facts;
        let flag = u64::from(error.is_some());
        let message = error.unwrap_or_default();
        facts.put_number(Scalar::ReqbodyError, flag);
        facts.put(Scalar::ReqbodyErrorMsg, message.as_bytes());
        if processor != Processor::None {
            facts.put_number(Scalar::ReqbodyProcessorError, flag);
            facts.put(Scalar::ReqbodyProcessorErrorMsg, message.as_bytes());
        }
    }
}

fn put_multipart(facts: &mut Facts, found: &multipart::Multipart) {
    let flags = &found.flags;
    let all = [
        (Scalar::MultipartStrictError, found.strict_error()),
        (Scalar::MultipartBoundaryQuoted, flags.boundary_quoted),
        (Scalar::MultipartBoundaryWhitespace, flags.boundary_whitespace),
        (Scalar::MultipartDataBefore, flags.data_before),
        (Scalar::MultipartDataAfter, flags.data_after),
        (Scalar::MultipartHeaderFolding, flags.header_folding),
        (Scalar::MultipartInvalidHeaderFolding, flags.invalid_header_folding),
        (Scalar::MultipartLfLine, flags.lf_line),
        (Scalar::MultipartCrlfLfLines, flags.crlf_lf_lines()),
        (Scalar::MultipartMissingSemicolon, flags.missing_semicolon),
        (Scalar::MultipartInvalidQuoting, flags.invalid_quoting),
        (Scalar::MultipartInvalidPart, flags.invalid_part),
        (Scalar::MultipartFileLimitExceeded, flags.file_limit_exceeded),
    ];
    for (scalar, flag) in all {
        facts.put_number(scalar, u64::from(flag));
    }
    facts.put_number(Scalar::MultipartUnmatchedBoundary, flags.unmatched_boundary as u64);
}
