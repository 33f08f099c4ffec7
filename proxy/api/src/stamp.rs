//! Wall-clock times as events carry them: RFC 3339 in UTC, to the millisecond.
//!
//! Only this one form is read, the one that is written: `2026-11-24T21:00:00.123Z`.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A time, in milliseconds since 1970-01-01T00:00:00Z. It is told the time and reads no clock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp(pub u64);

/// The text is no time of the one form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAStamp;

impl fmt::Display for NotAStamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected a time such as 2026-11-24T21:00:00.123Z")
    }
}

impl std::error::Error for NotAStamp {}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (s, ms) = (self.0 / 1000, self.0 % 1000);
        // A 64-bit count of milliseconds has fewer days than any sign could harm.
        let (year, month, day) = date((s / DAY) as i64);
        let (hour, minute, second) = (s / 3600 % 24, s / 60 % 60, s % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z")
    }
}

impl FromStr for Stamp {
    type Err = NotAStamp;

    fn from_str(text: &str) -> Result<Self, NotAStamp> {
        let stamp = parse(text).ok_or(NotAStamp)?;
        // What reads back otherwise was no date: 30 February, 25 o'clock, a leap second.
        if stamp.to_string() == text { Ok(stamp) } else { Err(NotAStamp) }
    }
}

impl Serialize for Stamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Stamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

fn parse(text: &str) -> Option<Stamp> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let mut date = date.splitn(3, '-').map(|part| part.parse::<u64>().ok());
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let (time, ms) = time.split_once('.')?;
    let mut time = time.splitn(3, ':').map(|part| part.parse::<u64>().ok());
    let (hour, minute, second) = (time.next()??, time.next()??, time.next()??);
    let ms = ms.parse::<u64>().ok()?;
    let in_range = (1970..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60
        && ms < 1000;
    let s = in_range.then(|| days(year, month, day) * DAY + hour * 3600 + minute * 60 + second)?;
    Some(Stamp(s * 1000 + ms))
}

/// Year, month and day of a count of days since 1970-01-01 (Hinnant, "chrono-compatible low-level date algorithms").
pub fn date(days: i64) -> (i64, i64, i64) {
    // Days since 0000-03-01, so that the leap day is the last of its year.
    let days = days + DAYS_TO_1970 as i64;
    let (era, day_of_era) =
        (days.div_euclid(DAYS_OF_ERA as i64), days.rem_euclid(DAYS_OF_ERA as i64));
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

/// The inverse of [`date`], from 1970 on.
fn days(year: u64, month: u64, day: u64) -> u64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year / 400, year % 400);
    let shifted_month = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * shifted_month + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * DAYS_OF_ERA + day_of_era - DAYS_TO_1970
}

const DAY: u64 = 86_400;

/// 400 years of the Gregorian calendar.
const DAYS_OF_ERA: u64 = 146_097;

/// From 0000-03-01 to 1970-01-01.
const DAYS_TO_1970: u64 = 719_468;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn times_are_those_of_the_calendar() {
        for (ms, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_001, "2000-02-29T00:00:00.001Z"),
            (1_795_457_789_999, "2026-11-23T18:16:29.999Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(Stamp(ms).to_string(), text);
            assert_eq!(text.parse(), Ok(Stamp(ms)));
        }
    }

    #[test]
    fn other_forms_are_refused() {
        for text in [
            "",
            "2026-11-24",
            "2026-11-24T21:00:00Z",
            "2026-11-24T21:00:00.1Z",
            "2026-11-24T21:00:00.123",
            "2026-11-24T21:00:00.123+00:00",
            "2026-02-29T21:00:00.123Z",
            "2026-11-31T21:00:00.123Z",
            "2026-11-24T24:00:00.000Z",
            "2026-11-24T23:59:60.000Z",
            "+2026-11-24T21:00:00.123Z",
            "1969-12-31T23:59:59.999Z",
            "99999999999999999999-01-01T00:00:00.000Z",
        ] {
            assert_eq!(text.parse::<Stamp>(), Err(NotAStamp), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(ms in 0..253_402_300_800_000u64) {
            prop_assert_eq!(Stamp(ms).to_string().parse(), Ok(Stamp(ms)));
        }

        #[test]
        fn any_text_is_borne(text in ".{0,40}", year in any::<u64>()) {
            let _ = text.parse::<Stamp>();
            let _ = format!("{year}-13-45T{year}:00:00.000Z").parse::<Stamp>();
        }
    }
}
