//! An operator as written to one that runs: its name, its argument, the files that it names.

use std::path::Path;

use super::{
    Operator,
    bytes::ByteRange,
    ip::Addresses,
    numeric::Comparison,
    pm::{self, Phrases},
    rx::Rx,
    text::TextMatch,
    verify::Number,
};
use crate::{
    error::{Problem, closest},
    macros::{self, Macro},
    pattern::{
        self, Case, Pattern,
        prefilter::{self, Clause},
    },
    seclang::{Files, Sources, ast},
    state::tx::Names,
};

/// What compiling an operator may draw on.
pub struct Resources<'r> {
    /// Where files are read.
    pub files: &'r dyn Files,
    /// The rule files: names of others are relative to them.
    pub sources: &'r Sources,
    /// Names of `TX`.
    pub names: &'r mut Names,
}

/// Compiles an operator, and says what a value must have for it to match.
///
/// # Errors
///
/// An unknown or refused name, a bad argument, a file that cannot be read.
pub fn compile(
    written: &ast::Operator,
    cx: &mut Resources<'_>,
) -> Result<(Operator, Vec<Clause>), Problem> {
    let operator = operator(written, cx)?;
    let clauses = match &operator {
        Operator::Rx(Rx::Fixed(_)) => pattern::clauses(&written.argument.bytes, Case::Sensitive),
        Operator::Phrases(phrases) => {
            prefilter::of_phrases(phrases.phrases()).into_iter().collect()
        }
        Operator::Text(kind, argument) if *kind != TextMatch::Within => {
            let literal = argument.literal().map(<[u8]>::to_vec);
            literal.and_then(|literal| prefilter::of_phrases(&[literal])).into_iter().collect()
        }
        _ => Vec::new(),
    };
    Ok((operator, clauses))
}

fn operator(written: &ast::Operator, cx: &mut Resources<'_>) -> Result<Operator, Problem> {
    let name = written.name.to_ascii_lowercase();
    let argument = &written.argument;
    let bad = |message: String| Problem::with(argument, message);
    let text = |kind, cx: &mut Resources<'_>| {
        Ok(Operator::Text(kind, Macro::compile(argument, cx.names)?))
    };
    match name.as_str() {
        "beginswith" => return text(TextMatch::Begins, cx),
        "contains" | "strmatch" => return text(TextMatch::Contains, cx),
        "containsword" => return text(TextMatch::ContainsWord, cx),
        "endswith" => return text(TextMatch::Ends, cx),
        "streq" => return text(TextMatch::Equals, cx),
        "within" => return text(TextMatch::Within, cx),
        _ => {}
    }
    let number = |kind, names: &mut Names| {
        let argument = Macro::compile(argument, names)?;
        match argument.literal() {
            Some(text) if !is_number(text) => Err(bad("not a number".to_owned())),
            _ => Ok(Operator::Numeric(kind, argument)),
        }
    };
    let verify = |kind| {
        let pattern = Pattern::new(&argument.bytes, Case::Sensitive).map_err(bad)?;
        Ok(Operator::Verify(kind, Rx::Fixed(pattern)))
    };
    match name.as_str() {
        "unconditionalmatch" => Ok(Operator::Always),
        "nomatch" => Ok(Operator::Never),
        "rx" | "rxglobal" if macros::has_macro(&argument.bytes) => {
            Ok(Operator::Rx(Rx::Made(Macro::compile(argument, cx.names)?)))
        }
        "rx" | "rxglobal" => {
            let pattern = Pattern::new(&argument.bytes, Case::Sensitive).map_err(bad)?;
            Ok(Operator::Rx(Rx::Fixed(pattern)))
        }
        "pm" => {
            let phrases = pm::words(&argument.bytes).map_err(bad)?;
            Ok(Operator::Phrases(Phrases::new(phrases).map_err(bad)?))
        }
        "pmf" | "pmfromfile" => {
            let mut phrases = Vec::new();
            for text in files(written, cx)? {
                phrases.extend(pm::lines(&text));
            }
            Ok(Operator::Phrases(Phrases::new(phrases).map_err(bad)?))
        }
        "eq" => number(Comparison::Equal, cx.names),
        "ne" => number(Comparison::NotEqual, cx.names),
        "ge" => number(Comparison::AtLeast, cx.names),
        "gt" => number(Comparison::More, cx.names),
        "le" => number(Comparison::AtMost, cx.names),
        "lt" => number(Comparison::Less, cx.names),
        "ipmatch" => {
            let list = str_of(argument)?;
            let blocks = list.split(',').map(str::trim).filter(|block| !block.is_empty());
            Ok(Operator::Addresses(Addresses::parse(blocks).map_err(bad)?))
        }
        "ipmatchf" | "ipmatchfromfile" => {
            let mut list = String::new();
            for text in files(written, cx)? {
                list.push_str(&String::from_utf8_lossy(&text));
                list.push('\n');
            }
            let lines = list.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
            let blocks = lines.filter(|block| !block.is_empty());
            Ok(Operator::Addresses(Addresses::parse(blocks).map_err(bad)?))
        }
        "detectsqli" => Ok(Operator::Sqli),
        "detectxss" => Ok(Operator::Xss),
        "validatebyterange" => {
            Ok(Operator::ByteRange(ByteRange::parse(str_of(argument)?).map_err(bad)?))
        }
        "validateurlencoding" => Ok(Operator::UrlEncoding),
        "validateutf8encoding" => Ok(Operator::Utf8Encoding),
        "verifycc" => verify(Number::CreditCard),
        "verifycpf" => verify(Number::Cpf),
        "verifyssn" => verify(Number::Ssn),
        "verifysvnr" => verify(Number::Svnr),
        "geolookup" => Ok(Operator::Geo),
        "rbl" => Ok(Operator::Rbl(Macro::compile(argument, cx.names)?)),
        _ => Err(unknown(written)),
    }
}

fn is_number(text: &[u8]) -> bool {
    let digits = text.trim_ascii();
    let digits = digits.strip_prefix(b"-").unwrap_or(digits);
    !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
}

fn str_of(text: &ast::Text) -> Result<&str, Problem> {
    std::str::from_utf8(&text.bytes).map_err(|_| Problem::with(text, "not UTF-8"))
}

/// The files that an operator names, relative to the file of its rule.
fn files(written: &ast::Operator, cx: &Resources<'_>) -> Result<Vec<Vec<u8>>, Problem> {
    let argument = &written.argument;
    let names = str_of(argument)?;
    let directory =
        cx.sources.at(argument.place).map_or(Path::new(""), |source| source.directory());
    let mut texts = Vec::new();
    for name in names.split_ascii_whitespace() {
        if name.starts_with("http://") || name.starts_with("https://") {
            return Err(Problem::with(argument, "files are not fetched over the network"));
        }
        let path = directory.join(name);
        let text = cx.files.read(&path).map_err(|error| {
            Problem::with(argument, format!("cannot read `{}`: {error}", path.display()))
        })?;
        texts.push(text);
    }
    if texts.is_empty() {
        return Err(Problem::with(argument, "no file is named"));
    }
    Ok(texts)
}

fn unknown(written: &ast::Operator) -> Problem {
    let len = written.name.len() + 1;
    let refused = REFUSED.iter().find(|(name, _)| name.eq_ignore_ascii_case(&written.name));
    if let Some((name, why)) = refused {
        let problem =
            Problem::new(written.place, len, format!("operator @{name} is not supported"));
        return problem.note(*why);
    }
    let close = closest(written.name.as_bytes(), NAMES.iter().copied());
    Problem::new(written.place, len, format!("unknown operator `@{}`", written.name))
        .maybe_note(close.map(|name| format!("did you mean `@{name}`?")))
}

/// Names of all operators.
pub(super) const NAMES: &[&str] = &[
    "beginsWith",
    "contains",
    "containsWord",
    "detectSQLi",
    "detectXSS",
    "endsWith",
    "eq",
    "ge",
    "geoLookup",
    "gt",
    "ipMatch",
    "ipMatchF",
    "ipMatchFromFile",
    "le",
    "lt",
    "ne",
    "noMatch",
    "pm",
    "pmf",
    "pmFromFile",
    "rbl",
    "rx",
    "rxGlobal",
    "streq",
    "strmatch",
    "unconditionalMatch",
    "validateByteRange",
    "validateUrlEncoding",
    "validateUtf8Encoding",
    "verifyCC",
    "verifyCPF",
    "verifySSN",
    "verifySVNR",
    "within",
];

/// Operators of ModSecurity that are not carried out, and why.
const REFUSED: &[(&str, &str)] = &[
    ("fuzzyHash", "fuzzy hashes need files of their own and a library in C"),
    ("gsbLookup", "Google Safe Browsing no longer has a local database"),
    ("inspectFile", "no other program is run for a request"),
    ("rsub", "bodies are not rewritten"),
    ("validateDTD", "documents are checked for well-formedness alone"),
    ("validateHash", "links are not signed"),
    ("validateSchema", "documents are checked for well-formedness alone"),
];
