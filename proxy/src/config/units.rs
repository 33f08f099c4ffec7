//! Values with units, as configuration writes them: durations, sizes, rates, percentages, address blocks.
//!
//! Each parses from and prints to the same text, and names its form in the JSON Schema (`format`), which is how
//! [`super::schema`] checks it with the position of the value at hand.

use std::{borrow::Cow, fmt, net::IpAddr, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A span of time: a whole number and a unit, `"250ms"`, `"5s"`, `"2m"`, `"1h"`, `"7d"`, or several of them, `"1m30s"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Duration(pub std::time::Duration);

/// A number of bytes: `"512"`, `"64KiB"`, `"1MiB"`, `"2GiB"`, or decimal `"10kB"`, `"1MB"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Size(pub u64);

/// Bytes per second: a [`Size`] and `/s`, `"240B/s"`, `"1MiB/s"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct ByteRate(pub u64);

/// Requests over time: a whole number, and `s`, `m`, `h` or `d`, `"100/s"`, `"10/m"`. At most ten million per second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Requests, at least one.
    pub count: u64,
    /// The time that they are spread over.
    pub per: std::time::Duration,
    unit: char,
}

/// A share of a hundred, 0 to 100, with up to two decimals; kept in hundredths of a percent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Percent(u16);

/// An address block, `"10.0.0.0/8"`, `"2001:db8::/32"`, or a single address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cidr(pub ipnet::IpNet);

impl Duration {
    /// `n` seconds.
    pub const fn seconds(n: u64) -> Self {
        Self(std::time::Duration::from_secs(n))
    }

    /// `n` milliseconds.
    pub const fn millis(n: u64) -> Self {
        Self(std::time::Duration::from_millis(n))
    }
}

impl Percent {
    /// `percent` hundredths, 0 to 100.
    pub const fn whole(percent: u16) -> Self {
        assert!(percent <= 100, "a percentage is 0 to 100");
        Self(percent * 100)
    }

    /// The share in hundredths of a percent, 0 to 10,000.
    pub const fn basis_points(self) -> u16 {
        self.0
    }
}

impl FromStr for Duration {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const UNITS: [(&str, u64); 5] =
            [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];
        let mut rest = text.trim();
        let mut total_ms: u64 = 0;
        if rest.is_empty() {
            return Err(expected_duration(text));
        }
        while !rest.is_empty() {
            let (number, tail) = split_number(rest).ok_or_else(|| expected_duration(text))?;
            let unit_len = tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len());
            let (unit, tail) = tail.split_at(unit_len);
            let (_, scale) = UNITS
                .iter()
                .find(|(name, _)| *name == unit)
                .ok_or_else(|| expected_duration(text))?;
            let part = number
                .checked_mul(*scale)
                .ok_or_else(|| format!("duration \"{text}\" is too long"))?;
            total_ms = total_ms
                .checked_add(part)
                .ok_or_else(|| format!("duration \"{text}\" is too long"))?;
            rest = tail;
        }
        // Deadlines are computed by adding to the present: a century leaves room for that on every clock.
        const CENTURY_MS: u64 = 100 * 365 * 86_400_000;
        if total_ms > CENTURY_MS {
            return Err(format!("duration \"{text}\" is too long"));
        }
        Ok(Self::millis(total_ms))
    }
}

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const UNITS: [(&str, u64); 8] = [
            ("", 1),
            ("B", 1),
            ("kB", 1_000),
            ("MB", 1_000_000),
            ("GB", 1_000_000_000),
            ("KiB", 1 << 10),
            ("MiB", 1 << 20),
            ("GiB", 1 << 30),
        ];
        let error = || format!("expected a size such as \"64KiB\" or \"1MiB\", found \"{text}\"");
        let (number, unit) = split_number(text.trim()).ok_or_else(error)?;
        let (_, scale) = UNITS.iter().find(|(name, _)| *name == unit.trim()).ok_or_else(error)?;
        number.checked_mul(*scale).map(Self).ok_or_else(|| format!("size \"{text}\" is too large"))
    }
}

impl FromStr for ByteRate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let error =
            || format!("expected a rate such as \"240B/s\" or \"1MiB/s\", found \"{text}\"");
        let size = text.trim().strip_suffix("/s").ok_or_else(error)?;
        size.parse::<Size>().map(|size| Self(size.0)).map_err(|_| error())
    }
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let error = || {
            format!("expected a rate such as \"100/s\", \"10/m\" or \"500/h\", found \"{text}\"")
        };
        let (number, rest) = split_number(text.trim()).ok_or_else(error)?;
        let mut unit = rest.strip_prefix('/').ok_or_else(error)?.chars();
        let (Some(unit), None) = (unit.next(), unit.next()) else { return Err(error()) };
        let (_, seconds) = RATE_UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(error)?;
        if number == 0 {
            return Err(format!("a rate of zero lets nothing pass, found \"{text}\""));
        }
        if number > seconds.saturating_mul(RATE_MAX) {
            return Err(format!("rate \"{text}\" is more than {RATE_MAX}/s"));
        }
        Ok(Self { count: number, per: std::time::Duration::from_secs(*seconds), unit })
    }
}

/// Units of a rate, in seconds.
const RATE_UNITS: [(char, u64); 4] = [('s', 1), ('m', 60), ('h', 3_600), ('d', 86_400)];

/// Requests per second. Spans between them are told in nanoseconds.
const RATE_MAX: u64 = 10_000_000;

impl FromStr for Cidr {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self(address.into()));
        }
        let net: ipnet::IpNet = text.parse().map_err(|_| {
            format!("expected an address block such as \"10.0.0.0/8\", found \"{text}\"")
        })?;
        if net.addr() != net.network() {
            return Err(format!(
                "\"{text}\" has bits set behind its prefix; write \"{}\"",
                net.trunc()
            ));
        }
        Ok(Self(net))
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = self.0.as_millis();
        if ms == 0 {
            return f.write_str("0s");
        }
        for (scale, unit) in [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s")] {
            if ms >= scale && ms.is_multiple_of(scale) {
                return write!(f, "{}{unit}", ms / scale);
            }
        }
        write!(f, "{ms}ms")
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (scale, unit) in [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")] {
            if self.0 >= scale && self.0.is_multiple_of(scale) {
                return write!(f, "{}{unit}", self.0 / scale);
            }
        }
        write!(f, "{}B", self.0)
    }
}

impl fmt::Display for ByteRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/s", Size(self.0))
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.count, self.unit)
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl TryFrom<f64> for Percent {
    type Error = String;

    fn try_from(percent: f64) -> Result<Self, String> {
        if !(0.0..=100.0).contains(&percent) {
            return Err(format!("expected a percentage from 0 to 100, found {percent}"));
        }
        let hundredths = percent * 100.0;
        if (hundredths - hundredths.round()).abs() > 1e-6 {
            return Err(format!("a percentage has at most two decimals, found {percent}"));
        }
        // In range by the check above.
        Ok(Self(hundredths.round() as u16))
    }
}

impl<'de> Deserialize<'de> for Percent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let percent = f64::deserialize(deserializer)?;
        Self::try_from(percent).map_err(de::Error::custom)
    }
}

impl Serialize for Percent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_multiple_of(100) {
            serializer.serialize_u16(self.0 / 100)
        } else {
            serializer.serialize_f64(f64::from(self.0) / 100.0)
        }
    }
}

impl JsonSchema for Percent {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Percent".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "number", "format": "percent", "minimum": 0, "maximum": 100 })
    }
}

/// The forms of text that [`super::schema`] can check by name. One row per unit type.
pub(super) fn check_format(format: &str, text: &str) -> Result<(), String> {
    match format {
        "duration" => text.parse::<Duration>().map(drop),
        "size" => text.parse::<Size>().map(drop),
        "byte-rate" => text.parse::<ByteRate>().map(drop),
        "rate" => text.parse::<Rate>().map(drop),
        "redis-url" => text.parse::<super::RedisUrl>().map(drop),
        "limit-key" => text.parse::<super::LimitKey>().map(drop),
        "cidr" => text.parse::<Cidr>().map(drop),
        "ignored" => text.parse::<super::Ignored>().map(drop),
        "sticky-key" => text.parse::<super::StickyKey>().map(drop),
        "origin" => text.parse::<super::Origin>().map(drop),
        "socket-address" => text.parse::<std::net::SocketAddr>().map(drop).map_err(|_| {
            format!("expected an address and port such as \"127.0.0.1:8080\" or \"[::]:8443\", found \"{text}\"")
        }),
        "path" if text.is_empty() => Err("expected the path of a file, found \"\"".to_owned()),
        "route-target" => text.parse::<super::RouteTarget>().map(drop),
        _ => Ok(()),
    }
}

/// Implements serde and the schema for a type that is written as one string.
macro_rules! text_value {
    ($type:ty, $format:literal) => {
        impl<'de> ::serde::Deserialize<'de> for $type {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <::std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(::serde::de::Error::custom)
            }
        }

        impl ::serde::Serialize for $type {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl ::schemars::JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> ::std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }
            fn json_schema(_: &mut ::schemars::SchemaGenerator) -> ::schemars::Schema {
                ::schemars::json_schema!({ "type": "string", "format": $format })
            }
        }
    };
}
pub(super) use text_value;

text_value!(Duration, "duration");
text_value!(Size, "size");
text_value!(ByteRate, "byte-rate");
text_value!(Rate, "rate");
text_value!(Cidr, "cidr");

/// Splits leading digits off; none is no number.
fn split_number(text: &str) -> Option<(u64, &str)> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, rest) = text.split_at(digits);
    Some((number.parse().ok()?, rest))
}

fn expected_duration(text: &str) -> String {
    format!("expected a duration such as \"500ms\", \"5s\" or \"2m\", found \"{text}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_parse_with_units_only() {
        for (text, ms) in [
            ("0s", 0),
            ("250ms", 250),
            ("5s", 5_000),
            ("2m", 120_000),
            ("1m30s", 90_000),
            ("7d", 604_800_000),
        ] {
            assert_eq!(text.parse::<Duration>(), Ok(Duration::millis(ms)), "{text}");
        }
        for text in
            ["", "5", "s", "5 s", "-1s", "1.5s", "5sec", "99999999999999999999s", "9999999999d"]
        {
            assert!(text.parse::<Duration>().is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_parse_binary_and_decimal() {
        for (text, bytes) in
            [("512", 512), ("1B", 1), ("64KiB", 65_536), ("1MiB", 1 << 20), ("10kB", 10_000)]
        {
            assert_eq!(text.parse::<Size>(), Ok(Size(bytes)), "{text}");
        }
        for text in ["", "KiB", "1K", "-1", "1.5MiB", "99999999999GiB"] {
            assert!(text.parse::<Size>().is_err(), "{text}");
        }
    }

    #[test]
    fn blocks_must_not_have_host_bits() {
        assert!("10.0.0.0/8".parse::<Cidr>().is_ok());
        assert!("10.0.0.1".parse::<Cidr>().is_ok());
        let error = "10.0.0.1/8".parse::<Cidr>().unwrap_err();
        assert!(error.contains("10.0.0.0/8"), "{error}");
    }

    #[test]
    fn rates_have_a_unit_and_are_not_zero() {
        for text in ["100/s", "1/d", "10000000/s", "600000000/m"] {
            assert_eq!(text.parse::<Rate>().unwrap().to_string(), text);
        }
        for (text, why) in [
            ("0/s", "lets nothing pass"),
            ("100", "such as"),
            ("-1/s", "such as"),
            ("1.5/s", "such as"),
            ("1/sec", "such as"),
            ("1/y", "such as"),
            ("10000001/s", "more than"),
        ] {
            let error = text.parse::<Rate>().unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn percentages_keep_two_decimals() {
        assert_eq!(Percent::try_from(0.01).map(Percent::basis_points), Ok(1));
        assert_eq!(Percent::try_from(33.33).map(Percent::basis_points), Ok(3_333));
        for wrong in [-1.0, 100.01, 0.001, f64::NAN] {
            assert!(Percent::try_from(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn units_print_what_they_parse() {
        for text in ["0s", "250ms", "5s", "2m", "7d"] {
            assert_eq!(text.parse::<Duration>().unwrap().to_string(), text);
        }
        for text in ["64KiB", "1MiB", "3GiB", "7B"] {
            assert_eq!(text.parse::<Size>().unwrap().to_string(), text);
        }
    }
}
