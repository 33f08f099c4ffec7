//! The value of a cookie, found where it stands: nothing is copied.

use http::{HeaderMap, header};

/// The value of the first cookie `name`, as the client wrote it: quotes are part of it. Names are compared with case
/// (RFC 6265, 4.2 and 5.4).
pub fn cookie<'a>(headers: &'a HeaderMap, name: &[u8]) -> Option<&'a [u8]> {
    let lines = headers.get_all(header::COOKIE).iter();
    lines.flat_map(|line| line.as_bytes().split(|&b| b == b';')).find_map(|pair| {
        let value = pair.trim_ascii_start().strip_prefix(name)?;
        Some(value.trim_ascii_start().strip_prefix(b"=")?.trim_ascii())
    })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn with_cookies(lines: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::COOKIE, HeaderValue::from_str(line).unwrap());
        }
        headers
    }

    #[test]
    fn cookies_are_found_over_lines_and_blanks() {
        for (lines, expected) in [
            (&["c=1"][..], Some("1")),
            (&["cc=0; c=1; c=2"], Some("1")),
            (&["a=1;b=2;c=3"], Some("3")),
            (&["a=1", "c=2"], Some("2")),
            (&["C=1"], None),
            (&["c"], None),
            (&["x=c=1"], None),
            (&[" c = \"v\" ;"], Some("\"v\"")),
            (&["c=a=b"], Some("a=b")),
            (&[";;c=1"], Some("1")),
            (&["c="], Some("")),
            (&[], None),
        ] {
            let headers = with_cookies(lines);
            assert_eq!(cookie(&headers, b"c"), expected.map(str::as_bytes), "{lines:?}");
        }
    }

    proptest! {
        #[test]
        fn a_written_cookie_is_read_back(name in "[a-z]{1,4}", value in "[!#-:<-~]{0,8}", others in "([A-Z]{1,3}=[a-z]{0,3}; ){0,3}") {
            let headers = with_cookies(&[&format!("{others}{name}={value}")]);
            prop_assert_eq!(cookie(&headers, name.as_bytes()), Some(value.as_bytes()));
        }
    }
}
