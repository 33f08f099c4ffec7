//! Statements written out as SecLang again, by the printer of the parser's own tests.

use foxtrot_waf::seclang::ast::Statement;

#[allow(dead_code, reason = "the tests that it is of print places too")]
#[path = "../../../rules/waf/src/seclang/tests/print.rs"]
mod print;

/// A statement as SecLang, with quotes wherever they may stand.
pub fn as_written(statement: &Statement) -> Vec<u8> {
    print::as_written(statement, b" ")
}
