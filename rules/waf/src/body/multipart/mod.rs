//! `multipart/form-data` (RFC 7578), read line by line and as strictly as ModSecurity does.
//!
//! A part without a file name is an argument, one with a file name is a file. Each [`Flags`] has the meaning that it has in
//! libmodsecurity 3. We differ from it where it contradicts its own manual or lets something through:
//!
//! - Any error ends the parse and makes [`Multipart::strict_error`] true, as the manual and ModSecurity 2 have it;
//!   libmodsecurity goes on behind an invalid part header, and leaves `MULTIPART_STRICT_ERROR` at 0.
//! - A duplicate part header is an error, as in ModSecurity 2; libmodsecurity ignores it. So is a quoted value without its
//!   closing quote, and an empty quoted boundary, behind which libmodsecurity finds nothing at all.
//! - Line ends within a value are kept; libmodsecurity drops them.
//! - `MULTIPART_UNMATCHED_BOUNDARY` is 0 in a clean body; see [`Unmatched`].
//! - What an unfinished last part holds is given to the sink before the error about the missing end.
//!
//! All lines up to the final boundary are looked at in whole, however long; libmodsecurity looks at their first 4096 bytes.

mod content_type;
mod disposition;
mod headers;
mod parser;

use self::parser::Parser;
use super::{BodyError, Sink};

/// What a body may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Parts in all; more are an error.
    pub parts_max: usize,
    /// Files before [`Flags::file_limit_exceeded`] is raised: `SecUploadFileLimit`. Those that follow are still inspected.
    pub files_max: usize,
    /// Headers of one part; more are an error.
    pub part_headers_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { parts_max: PARTS_MAX, files_max: FILES_MAX, part_headers_max: PART_HEADERS_MAX }
    }
}

/// As many as `SecArgumentsLimit` allows arguments in the recommended configuration.
pub const PARTS_MAX: usize = 1000;

/// ModSecurity's default of `SecUploadFileLimit`.
pub const FILES_MAX: usize = 100;

/// Browsers send two.
pub const PART_HEADERS_MAX: usize = 64;

/// Bytes in one line of a part's header, its end included, from which on it is an error: ModSecurity's buffer.
pub const HEADER_LINE_BYTES_MAX: usize = 4096;

/// What there is to say about the whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Multipart {
    /// What is unusual about the body.
    pub flags: Flags,
    /// Why the body could not be read to its end: `REQBODY_PROCESSOR_ERROR`.
    pub error: Option<BodyError>,
}

impl Multipart {
    /// `MULTIPART_STRICT_ERROR`: an error, or any flag but those for mixed line ends and unmatched boundaries.
    pub fn strict_error(&self) -> bool {
        let flags = &self.flags;
        self.error.is_some()
            || flags.boundary_quoted
            || flags.boundary_whitespace
            || flags.data_before
            || flags.data_after
            || flags.header_folding
            || flags.lf_line
            || flags.missing_semicolon
            || flags.invalid_quoting
            || flags.invalid_part
            || flags.invalid_header_folding
            || flags.file_limit_exceeded
    }
}

/// The `MULTIPART_` variables that say 0 or 1, and one that also says 2.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// `MULTIPART_BOUNDARY_QUOTED`: the Content-Type has its boundary in quotes.
    pub boundary_quoted: bool,
    /// `MULTIPART_BOUNDARY_WHITESPACE`: white space around the `=` before the boundary in the Content-Type.
    pub boundary_whitespace: bool,
    /// `MULTIPART_DATA_BEFORE`: lines before the first boundary.
    pub data_before: bool,
    /// `MULTIPART_DATA_AFTER`: anything behind the final boundary's line.
    pub data_after: bool,
    /// `MULTIPART_HEADER_FOLDING`: a part header over several lines.
    pub header_folding: bool,
    /// `MULTIPART_INVALID_HEADER_FOLDING`: folded with other white space than spaces and tabs.
    pub invalid_header_folding: bool,
    /// `MULTIPART_LF_LINE`: a boundary, a part header or the line before a boundary that ends in LF alone.
    pub lf_line: bool,
    /// A boundary or part header that ends in CRLF.
    pub crlf_line: bool,
    /// `MULTIPART_MISSING_SEMICOLON`, which ModSecurity 2 also calls `MULTIPART_SEMICOLON_MISSING`.
    pub missing_semicolon: bool,
    /// `MULTIPART_INVALID_QUOTING`: single quotes, or quotes in the wrong place, in a Content-Disposition.
    pub invalid_quoting: bool,
    /// `MULTIPART_INVALID_PART`: a boundary where a part's headers or its first line of data should be.
    pub invalid_part: bool,
    /// `MULTIPART_FILE_LIMIT_EXCEEDED`: more files than [`Limits::files_max`].
    pub file_limit_exceeded: bool,
    /// `MULTIPART_UNMATCHED_BOUNDARY`.
    pub unmatched_boundary: Unmatched,
}

impl Flags {
    /// `MULTIPART_CRLF_LF_LINES`: both kinds of line end.
    pub fn crlf_lf_lines(&self) -> bool {
        self.crlf_line && self.lf_line
    }
}

/// `MULTIPART_UNMATCHED_BOUNDARY`: whether a line begins with `--` or contains the boundary, and yet is none.
///
/// ModSecurity 2 says 1 for any such line, and its configuration tests for `!@eq 0`. libmodsecurity 3 says 2 after every
/// second boundary, even where all lines match, and its configuration tests for `@eq 1`. These values satisfy both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unmatched {
    /// No such line.
    #[default]
    None = 0,
    /// Such a line, and no boundary behind it.
    Open = 1,
    /// Such a line, and behind it a boundary that is not the first: it was data.
    Closed = 2,
}

/// Gives each part of `body` to the sink: first its headers, then its content. `content_type` is the request's header.
pub fn parse<S: Sink + ?Sized>(
    content_type: &[u8],
    body: &[u8],
    limits: &Limits,
    sink: &mut S,
) -> Multipart {
    let mut found = Multipart::default();
    let outcome = content_type::boundary(content_type, &mut found.flags)
        .map_err(|message| BodyError::new(0, message))
        .and_then(|boundary| {
            let delimiter = [b"--", boundary].concat();
            Parser::new(body, &delimiter, limits, &mut found.flags, sink).body()
        });
    found.error = outcome.err();
    found
}

#[cfg(test)]
mod tests;
