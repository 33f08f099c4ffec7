//! Base64: `base64Decode`, `base64DecodeExt`, `base64Encode`.

/// `base64Decode`: what can be decoded up to the first byte that is not of the alphabet, padding included. Line ends
/// (`\r`, `\n`) are passed over. One digit alone at the end gives nothing, two give one byte, three two.
///
/// ModSecurity 2 and Coraza decode what comes before a fault, ModSecurity 3 gives nothing then; rules of the CRS look
/// for what an attacker put at the beginning. Version 3 and Coraza pass over line ends, as RFC 2045 asks; version 2 ends
/// there. A space ends it, also before a line end, where version 3 passes over it.
///
/// ```text
/// SecRule REQUEST_HEADERS:Authorization "@rx ^Basic (.*)" "id:1,phase:1,pass,capture,chain"
///     SecRule TX:1 "@beginsWith admin:" "t:none,t:base64Decode"
/// ```
pub(super) fn decode(input: &[u8], out: &mut Vec<u8>) -> bool {
    let mut bytes = Bytes::new(out, input.len());
    let mut rest = input;
    while let Some((&[a, b, c, d], after)) = rest.split_first_chunk() {
        let Some(three) = group([a, b, c, d].map(value)) else { break };
        bytes.out.extend_from_slice(&three);
        rest = after;
    }
    let digits = rest.iter().filter(|byte| !matches!(byte, b'\r' | b'\n'));
    digits
        .map(|&byte| value(byte))
        .take_while(|&digit| digit < 64)
        .for_each(|digit| bytes.take(digit));
    bytes.finish();
    !input.is_empty()
}

/// `base64DecodeExt`: as `base64Decode`, but every byte that is not of the alphabet is passed over, padding included,
/// as PHP does it.
///
/// ModSecurity gives nothing where a padding follows the first digit of a group, and version 2 ends at a NUL; neither
/// is in its manual.
///
/// ```text
/// SecRule ARGS "@contains <?php" "id:1,phase:2,deny,t:none,t:base64DecodeExt"
/// ```
pub(super) fn decode_lenient(input: &[u8], out: &mut Vec<u8>) -> bool {
    let mut bytes = Bytes::new(out, input.len());
    let digits = input.iter().map(|&byte| value(byte)).filter(|&digit| digit < 64);
    digits.for_each(|digit| bytes.take(digit));
    bytes.finish();
    !input.is_empty()
}

/// `base64Encode`: the alphabet of RFC 4648, section 4, with padding.
///
/// ```text
/// SecRule ARGS:token "@streq %{tx.token_base64}" "id:1,phase:2,pass,t:none,t:base64Encode"
/// ```
pub(super) fn encode(input: &[u8], out: &mut Vec<u8>) -> bool {
    out.clear();
    out.reserve(input.len().div_ceil(3) * 4);
    let (groups, rest) = input.as_chunks();
    for group in groups {
        out.extend_from_slice(&letters(*group));
    }
    match *rest {
        [a] => {
            let [one, two, ..] = letters([a, 0, 0]);
            out.extend_from_slice(&[one, two, b'=', b'=']);
        }
        [a, b] => {
            let [one, two, three, _] = letters([a, b, 0]);
            out.extend_from_slice(&[one, two, three, b'=']);
        }
        _ => {}
    }
    !input.is_empty()
}

/// Digits on their way to bytes.
struct Bytes<'a> {
    out: &'a mut Vec<u8>,
    /// The digits of the group that is not full, six bits each.
    bits: u32,
    digits: u32,
}

impl<'a> Bytes<'a> {
    fn new(out: &'a mut Vec<u8>, length: usize) -> Self {
        out.clear();
        out.reserve(length / 4 * 3 + 3);
        Self { out, bits: 0, digits: 0 }
    }

    fn take(&mut self, digit: u8) {
        self.bits = self.bits << 6 | u32::from(digit);
        self.digits += 1;
        if self.digits == 4 {
            let [_, bytes @ ..] = self.bits.to_be_bytes();
            self.out.extend_from_slice(&bytes);
            (self.bits, self.digits) = (0, 0);
        }
    }

    /// The whole bytes of a last group that is not full.
    fn finish(self) {
        let [_, one, two, _] = (self.bits << (6 * (4 - self.digits))).to_be_bytes();
        match self.digits {
            2 => self.out.push(one),
            3 => self.out.extend_from_slice(&[one, two]),
            _ => {}
        }
    }
}

/// The bytes of four digits, if all are digits.
fn group(digits: [u8; 4]) -> Option<[u8; 3]> {
    let [a, b, c, d] = digits;
    if a | b | c | d >= 64 {
        return None;
    }
    Some([a << 2 | b >> 4, b << 4 | c >> 2, c << 6 | d])
}

fn letters(bytes: [u8; 3]) -> [u8; 4] {
    let [a, b, c] = bytes;
    let digits = [a >> 2, (a << 4 | b >> 4) & 63, (b << 2 | c >> 6) & 63, c & 63];
    digits.map(|digit| ALPHABET[usize::from(digit)])
}

/// The digit that a letter stands for, 64 or more where it stands for none.
fn value(letter: u8) -> u8 {
    VALUES[usize::from(letter)]
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

const VALUES: [u8; 256] = {
    let mut values = [64; 256];
    let mut digit = 0;
    while digit < 64 {
        values[ALPHABET[digit as usize] as usize] = digit;
        digit += 1;
    }
    values
};
