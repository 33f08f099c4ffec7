//! `X-Request-Id`: kept where a trusted proxy gave a sane one, else a UUID of version 4 (RFC 9562, 5.4).

use bytes::{BufMut, BytesMut};

/// Most bytes of an identifier that is kept.
pub const REQUEST_ID_BYTES_MAX: usize = 128;

/// Whether an identifier that came with the request may be kept: 1 to 128 letters, digits, `-` and `_`. It ends up in logs
/// and in headers of other systems.
pub fn is_sane(id: &[u8]) -> bool {
    (1..=REQUEST_ID_BYTES_MAX).contains(&id.len())
        && id.iter().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(b))
}

/// Writes the UUID that is made of `chance`.
pub fn write_uuid(chance: u128, out: &mut BytesMut) {
    let mut text = [b'-'; 36];
    let mut at = 0;
    for (index, byte) in uuid_bits(chance).to_be_bytes().into_iter().enumerate() {
        at += usize::from(matches!(index, 4 | 6 | 8 | 10));
        text[at..at + 2].copy_from_slice(&hex(byte));
        at += 2;
    }
    out.put_slice(&text);
}

/// `chance` with the version and variant of a UUID; never zero.
pub fn uuid_bits(chance: u128) -> u128 {
    const VERSION: u128 = 0xf << 76;
    const VARIANT: u128 = 0b11 << 62;
    (chance & !VERSION & !VARIANT) | (4 << 76) | (0b10 << 62)
}

/// Two lower-case digits.
pub(super) fn hex(byte: u8) -> [u8; 2] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uuid(chance: u128) -> String {
        let mut out = BytesMut::new();
        write_uuid(chance, &mut out);
        String::from_utf8(out.to_vec()).unwrap()
    }

    #[test]
    fn uuids_have_version_and_variant() {
        assert_eq!(uuid(0), "00000000-0000-4000-8000-000000000000");
        assert_eq!(uuid(u128::MAX), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_eq!(
            uuid(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef),
            "01234567-89ab-4def-8123-456789abcdef"
        );
    }

    #[test]
    fn only_sane_identifiers_are_kept() {
        assert!(is_sane(b"a-Z_9") && is_sane(&[b'x'; 128]));
        for id in [&b""[..], b"a b", b"a.b", b"a\"", b"\xff", &[b'x'; 129]] {
            assert!(!is_sane(id), "{id:?}");
        }
    }
}
