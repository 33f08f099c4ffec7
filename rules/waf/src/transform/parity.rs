//! Parity of 7-bit data: `parityEven7bit`, `parityOdd7bit`, `parityZero7bit`.
//!
//! The high bit of each byte is replaced, whatever it was, by the parity of the other seven. ModSecurity 2 and 3
//! count a high bit that is set among them, and so give odd parity for even and the reverse on such bytes; that is
//! not what their manual says.

use super::scan::{any, within};

/// `parityEven7bit`: an even number of bits is set in each byte.
///
/// ```text
/// SecRule ARGS "@streq %{tx.expected}" "id:1,phase:2,pass,t:none,t:parityEven7bit"
/// ```
pub(super) fn even(input: &[u8], out: &mut Vec<u8>) -> bool {
    map(input, |low| low | odd_bits(low) << 7, out)
}

/// `parityOdd7bit`: an odd number of bits is set in each byte.
///
/// ```text
/// SecRule ARGS "@streq %{tx.expected}" "id:1,phase:2,pass,t:none,t:parityOdd7bit"
/// ```
pub(super) fn odd(input: &[u8], out: &mut Vec<u8>) -> bool {
    map(input, |low| low | (odd_bits(low) ^ 1) << 7, out)
}

/// `parityZero7bit`: the high bit of each byte is 0.
///
/// ```text
/// SecRule ARGS "@contains select" "id:1,phase:2,deny,t:none,t:parityZero7bit"
/// ```
pub(super) fn zero(input: &[u8], out: &mut Vec<u8>) -> bool {
    if !any(input, high) {
        return false;
    }
    map(input, |low| low, out)
}

fn map(input: &[u8], of: impl Fn(u8) -> u8, out: &mut Vec<u8>) -> bool {
    let with_parity = |&byte: &u8| of(byte & 0x7f);
    if input.iter().all(|byte| with_parity(byte) == *byte) {
        return false;
    }
    out.clear();
    out.extend(input.iter().map(with_parity));
    true
}

/// 1 where an odd number of bits is set.
fn odd_bits(byte: u8) -> u8 {
    (byte.count_ones() & 1) as u8
}

#[inline(always)]
fn high(byte: u8) -> u8 {
    within(byte, 0x80, 0xff)
}
