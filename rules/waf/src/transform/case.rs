//! Case: `lowercase`, `uppercase`. ASCII letters only; ModSecurity asks the C locale, which knows no others.

use super::scan::{any, within};

/// `lowercase`.
///
/// ```text
/// SecRule ARGS "@contains xp_cmdshell" "id:1,phase:2,deny,t:none,t:lowercase"
/// ```
pub(super) fn lower(input: &[u8], out: &mut Vec<u8>) -> bool {
    if !any(input, is_upper) {
        return false;
    }
    out.clear();
    out.extend(input.iter().map(u8::to_ascii_lowercase));
    true
}

/// `uppercase`.
///
/// ```text
/// SecRule REQUEST_METHOD "@within GET HEAD POST" "id:1,phase:1,pass,t:none,t:uppercase"
/// ```
pub(super) fn upper(input: &[u8], out: &mut Vec<u8>) -> bool {
    if !any(input, is_lower) {
        return false;
    }
    out.clear();
    out.extend(input.iter().map(u8::to_ascii_uppercase));
    true
}

#[inline(always)]
fn is_upper(byte: u8) -> u8 {
    within(byte, b'A', b'Z')
}

#[inline(always)]
fn is_lower(byte: u8) -> u8 {
    within(byte, b'a', b'z')
}
