//! Times as RFC 3339 writes them.

use std::time::Duration;

use foxtrot_api::stamp::date;

/// Appends a time since 1970-01-01T00:00:00Z as `2026-11-23T18:16:57.123Z`.
pub(super) fn write(since_epoch: Duration, out: &mut Vec<u8>) {
    let seconds = since_epoch.as_secs();
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // Seconds since 1970 have fewer days than any sign could harm, and parts of dates have none.
    let (year, month, day) = date(days as i64);
    digits(year as u64, 4, out);
    out.push(b'-');
    digits(month as u64, 2, out);
    out.push(b'-');
    digits(day as u64, 2, out);
    out.push(b'T');
    digits(second / 3_600, 2, out);
    out.push(b':');
    digits(second / 60 % 60, 2, out);
    out.push(b':');
    digits(second % 60, 2, out);
    out.push(b'.');
    digits(u64::from(since_epoch.subsec_millis()), 3, out);
    out.push(b'Z');
}

/// The last `count` digits of a number.
pub(super) fn digits(number: u64, count: usize, out: &mut Vec<u8>) {
    let mut text = [b'0'; 20];
    let mut rest = number;
    for digit in text.iter_mut().rev().take(count) {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    out.extend_from_slice(text.get(text.len() - count.min(text.len())..).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rfc_3339() {
        for (ms, expected) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_399_999, "2000-02-28T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_709_251_199_001, "2024-02-29T23:59:59.001Z"),
            (1_795_457_817_123, "2026-11-23T18:16:57.123Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        ] {
            let mut out = Vec::new();
            write(Duration::from_millis(ms), &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }
}
