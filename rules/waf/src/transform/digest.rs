//! What stands for a value: `length`, `md5`, `sha1`.

use md5::Md5;
use sha1::{Digest, Sha1};

/// `length`: the number of bytes, in decimal.
///
/// ```text
/// SecRule ARGS "@gt 400" "id:1,phase:2,deny,t:none,t:length"
/// ```
pub(super) fn length(input: &[u8], out: &mut Vec<u8>) -> bool {
    out.clear();
    let mut rest = input.len();
    loop {
        out.push(b'0' + (rest % 10) as u8);
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.reverse();
    out.as_slice() != input
}

/// `md5`: the 16 bytes of the digest, raw. For rules that compare with what is known, never for anything that must
/// resist forgery.
///
/// ```text
/// SecRule FILES_TMP_CONTENT "@pmFromFile md5.data" "id:1,phase:2,deny,t:none,t:md5,t:hexEncode"
/// ```
pub(super) fn md5(input: &[u8], out: &mut Vec<u8>) -> bool {
    out.clear();
    out.extend_from_slice(&Md5::digest(input));
    true
}

/// `sha1`: the 20 bytes of the digest, raw; with the same reservation as `md5`.
///
/// ```text
/// SecRule REQUEST_HEADERS:User-Agent "@unconditionalMatch" \
///     "id:1,phase:1,pass,nolog,t:none,t:sha1,t:hexEncode,setvar:tx.ua_hash=%{MATCHED_VAR}"
/// ```
pub(super) fn sha1(input: &[u8], out: &mut Vec<u8>) -> bool {
    out.clear();
    out.extend_from_slice(&Sha1::digest(input));
    true
}
