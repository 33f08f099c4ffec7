//! `traceparent` and `tracestate` (W3C Trace Context).
//!
//! Where this exchange is recorded as a span, the upstream is given that span as its parent, and a request without a valid
//! `traceparent` begins a trace. Where it is not recorded, a valid `traceparent` is passed on as it is: a parent that
//! nobody recorded would tear the trace apart, and a trace begun here would take the choice of what to sample away from
//! the upstream. An invalid `traceparent` is dropped either way, and `tracestate` with it (Trace Context, 4.3).

use bytes::{BufMut, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::request_id::hex;

/// The identity of a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceContext {
    /// Of the whole trace; never zero.
    pub trace_id: u128,
    /// Whether and how it is recorded: bit 0 is "sampled", bit 1 "random".
    pub flags: u8,
}

impl TraceContext {
    /// The trace that the request belongs to, if it says so in a valid way. Several fields are invalid.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(&TRACEPARENT).iter();
        match (values.next(), values.next()) {
            (Some(value), None) => Self::parse(value.as_bytes()),
            _ => None,
        }
    }

    /// A new trace, sampled.
    pub fn new(trace_id: u128) -> Self {
        Self { trace_id, flags: SAMPLED }
    }

    /// Reads a field's value: `00-<trace>-<parent>-<flags>`. Of a later version the part that version 00 knows is read.
    fn parse(value: &[u8]) -> Option<Self> {
        let (fields, rest) = value.split_at_checked(55)?;
        let version = number(fields.get(..2)?)?;
        let dashes = [2, 35, 52].iter().all(|&at| fields.get(at) == Some(&b'-'));
        let length_fits = rest.is_empty() || (version > 0 && rest.starts_with(b"-"));
        if version == 0xff || !dashes || !length_fits {
            return None;
        }
        let trace_id = number(fields.get(3..35)?).filter(|&id| id != 0)?;
        number(fields.get(36..52)?).filter(|&id| id != 0)?;
        let flags = number(fields.get(53..55)?)?;
        Some(Self { trace_id, flags: flags as u8 & KNOWN_FLAGS })
    }

    /// Writes the value that names `span` as the parent.
    fn write(self, span: u64, out: &mut BytesMut) {
        out.put_slice(b"00-");
        put_hex(&self.trace_id.to_be_bytes(), out);
        out.put_u8(b'-');
        put_hex(&span.to_be_bytes(), out);
        out.put_u8(b'-');
        put_hex(&[self.flags], out);
    }
}

/// Sets the fields, and says which trace the exchange belongs to. `span` is this exchange's, if it is recorded; `fresh` is
/// what a new trace is called; `out` is scratch space.
pub(super) fn apply(
    headers: &mut HeaderMap,
    span: Option<u64>,
    fresh: u128,
    out: &mut BytesMut,
) -> Option<u128> {
    let incoming = TraceContext::of(headers);
    if incoming.is_none() && headers.contains_key(&TRACEPARENT) {
        headers.remove(&TRACEPARENT);
    }
    if incoming.is_none() && headers.contains_key(&TRACESTATE) {
        headers.remove(&TRACESTATE);
    }
    let Some(span) = span else { return incoming.map(|context| context.trace_id) };
    let context = incoming.unwrap_or(TraceContext::new(fresh));
    // An all-zero parent is invalid; one in 2^64 does not hurt as another number.
    context.write(span.max(1), out);
    if let Ok(value) = HeaderValue::from_maybe_shared(out.split().freeze()) {
        headers.insert(TRACEPARENT, value);
    }
    Some(context.trace_id)
}

/// Lower-case hexadecimal digits, and nothing else.
fn number(digits: &[u8]) -> Option<u128> {
    digits.iter().try_fold(0, |number, &digit| match digit {
        b'0'..=b'9' => Some(number << 4 | u128::from(digit - b'0')),
        b'a'..=b'f' => Some(number << 4 | u128::from(digit - b'a' + 10)),
        _ => None,
    })
}

fn put_hex(bytes: &[u8], out: &mut BytesMut) {
    for &byte in bytes {
        out.put_slice(&hex(byte));
    }
}

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");
const SAMPLED: u8 = 1;
const KNOWN_FLAGS: u8 = 3;

#[cfg(test)]
mod tests {
    use super::*;

    const VALID: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const TRACE: u128 = 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736;

    fn request(parents: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for parent in parents {
            headers.append(TRACEPARENT, HeaderValue::from_str(parent).unwrap());
        }
        headers.insert(TRACESTATE, HeaderValue::from_static("a=b"));
        headers
    }

    fn applied(parents: &[&str], span: Option<u64>) -> (Option<u128>, Option<String>, bool) {
        let mut headers = request(parents);
        let trace = apply(&mut headers, span, 7, &mut BytesMut::new());
        let parent = headers.get(TRACEPARENT).map(|value| value.to_str().unwrap().to_owned());
        (trace, parent, headers.contains_key(TRACESTATE))
    }

    #[test]
    fn without_a_span_a_valid_parent_passes_as_it_is() {
        assert_eq!(applied(&[VALID], None), (Some(TRACE), Some(VALID.to_owned()), true));
        assert_eq!(applied(&[], None), (None, None, false));
        assert_eq!(applied(&[VALID, VALID], None), (None, None, false));
    }

    #[test]
    fn a_span_becomes_the_parent() {
        let (trace, parent, state) = applied(&[VALID], Some(0xab));
        assert_eq!((trace, state), (Some(TRACE), true));
        assert_eq!(parent.unwrap(), "00-4bf92f3577b34da6a3ce929d0e0e4736-00000000000000ab-01");
        let (trace, parent, state) = applied(&["00-x"], Some(0xab));
        assert_eq!((trace, state), (Some(7), false));
        assert_eq!(parent.unwrap(), "00-00000000000000000000000000000007-00000000000000ab-01");
    }

    #[test]
    fn invalid_parents_are_known() {
        let later = VALID.replacen("00", "cc", 1);
        for (value, valid) in [
            (VALID.to_owned(), true),
            (later.clone(), true),
            (format!("{later}-more"), true),
            (format!("{later}more"), false),
            (format!("{VALID}-more"), false),
            (VALID.replacen("00", "ff", 1), false),
            (VALID.to_uppercase(), false),
            (VALID.replace('-', "_"), false),
            (VALID.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32)), false),
            (VALID.replace("00f067aa0ba902b7", &"0".repeat(16)), false),
            (String::new(), false),
        ] {
            assert_eq!(TraceContext::parse(value.as_bytes()).is_some(), valid, "{value}");
        }
        let odd = VALID.replace("-01", "-ff");
        assert_eq!(TraceContext::parse(odd.as_bytes()).unwrap().flags, 3);
    }
}
