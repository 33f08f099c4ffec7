//! Values with units as scenarios and command lines write them.

use std::{str::FromStr, time};

/// A span of time: a number and a unit, `"250us"`, `"50ms"`, `"1.5s"`, `"2m"`, `"1h"`. At most a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Duration(pub time::Duration);

/// Requests over time, kept per second: `"1000/s"`, `"90/m"`, `"0.5/s"`. At most ten million per second.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Rate(pub f64);

/// A number of bytes: `"512B"`, `"16KiB"`, `"1MiB"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(pub u64);

/// A number of bytes that somebody else holds: as [`Size`], and `"2GiB"`. At most a tebibyte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Memory(pub u64);

impl FromStr for Duration {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let error =
            || format!("expected a duration such as \"50ms\", \"10s\" or \"2m\", found \"{text}\"");
        let (number, unit) = split(text).ok_or_else(error)?;
        let scale = match unit {
            "us" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3_600.0,
            _ => return Err(error()),
        };
        let seconds = number * scale;
        if seconds > 86_400.0 {
            return Err(format!("duration \"{text}\" is longer than a day"));
        }
        Ok(Self(time::Duration::from_secs_f64(seconds)))
    }
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let error = || format!("expected a rate such as \"1000/s\" or \"90/m\", found \"{text}\"");
        let (number, unit) = split(text).ok_or_else(error)?;
        let rate = match unit {
            "/s" => number,
            "/m" => number / 60.0,
            _ => return Err(error()),
        };
        if rate > 1e7 {
            return Err(format!("rate \"{text}\" is above ten million per second"));
        }
        Ok(Self(rate))
    }
}

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        bytes(text, SIZE_MAX, "64MiB").map(Self)
    }
}

impl FromStr for Memory {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        bytes(text, MEMORY_MAX, "1TiB").map(Self)
    }
}

fn bytes(text: &str, most: f64, name: &str) -> Result<u64, String> {
    let error =
        || format!("expected a size such as \"512B\", \"16KiB\" or \"1MiB\", found \"{text}\"");
    let (number, unit) = split(text).ok_or_else(error)?;
    let scale = match unit {
        "B" => 1.0,
        "KiB" => 1024.0,
        "MiB" => 1024.0 * 1024.0,
        "GiB" => 1024.0 * 1024.0 * 1024.0,
        _ => return Err(error()),
    };
    let bytes = number * scale;
    if bytes.fract() != 0.0 || bytes > most {
        return Err(format!("size \"{text}\" is not a whole number of bytes up to {name}"));
    }
    Ok(bytes as u64)
}

/// The largest body of a request: it is held in memory.
const SIZE_MAX: f64 = 64.0 * 1024.0 * 1024.0;
const MEMORY_MAX: f64 = 1024.0 * 1024.0 * 1024.0 * 1024.0;

/// A plain decimal number and what follows it.
fn split(text: &str) -> Option<(f64, &str)> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let well_formed = number.starts_with(|c: char| c.is_ascii_digit()) && !number.ends_with('.');
    let number: f64 = number.parse().ok().filter(|_| well_formed && end <= 16)?;
    Some((number, unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_need_a_unit() {
        for (text, micros) in
            [("250us", 250), ("50ms", 50_000), ("1.5s", 1_500_000), ("2m", 120_000_000), ("0s", 0)]
        {
            assert_eq!(text.parse(), Ok(Duration(time::Duration::from_micros(micros))), "{text}");
        }
        for text in
            ["", "5", "s", "5sec", "-1s", "1e3s", "1..5s", "1.s", ".5s", "25h", "5 s", "inf"]
        {
            assert!(text.parse::<Duration>().is_err(), "{text}");
        }
    }

    #[test]
    fn rates_are_per_second_or_minute() {
        assert_eq!("1000/s".parse(), Ok(Rate(1_000.0)));
        assert_eq!("90/m".parse(), Ok(Rate(1.5)));
        for text in ["1000", "1000/h", "1000rps", "/s", "-1/s", "99999999/s", "NaN/s"] {
            assert!(text.parse::<Rate>().is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_are_whole_bytes() {
        assert_eq!("16KiB".parse(), Ok(Size(16_384)));
        assert_eq!("0.5KiB".parse(), Ok(Size(512)));
        assert_eq!("2GiB".parse(), Ok(Memory(2 << 30)));
        for text in ["16", "16kB", "0.5B", "65MiB", "1GiB", ""] {
            assert!(text.parse::<Size>().is_err(), "{text}");
        }
    }
}
