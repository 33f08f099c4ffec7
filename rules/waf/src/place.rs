//! Where on the earth an address is: `SecGeoLookupDb` and `@geoLookup`.
//!
//! Databases are of MaxMind's format 2 (`.mmdb`), as in ModSecurity 3; the older `.dat` is refused. Members of `GEO` have the
//! names of the reference manual. One that the database does not tell is not there: none has `COUNTRY_CODE3`, which was of
//! the old format.

use std::net::IpAddr;

use maxminddb::{PathElement, Reader, path};

/// What a database knows.
#[derive(Debug)]
pub struct Places(Reader<Vec<u8>>);

/// A member of `GEO` and its value.
pub type Member = (&'static str, String);

impl Places {
    /// The database in these bytes.
    ///
    /// # Errors
    /// It is none.
    pub fn new(bytes: Vec<u8>) -> Result<Self, String> {
        Reader::from_source(bytes).map(Self).map_err(|error| error.to_string())
    }

    /// What is known of an address; `None` where nothing is.
    pub fn find(&self, address: IpAddr) -> Option<Vec<Member>> {
        let found = self.0.lookup(address).ok().filter(|found| found.has_data())?;
        let text = |(name, path): (_, &[PathElement<'_>])| {
            Some((name, found.decode_path::<String>(path).ok()??))
        };
        let number = |(name, path): (_, &[PathElement<'_>])| {
            // As in ModSecurity: six places behind the point.
            Some((name, format!("{:.6}", found.decode_path::<f64>(path).ok()??)))
        };
        let texts: [(_, &[_]); 6] = [
            ("COUNTRY_CODE", &path!["country", "iso_code"]),
            ("COUNTRY_NAME", &path!["country", "names", "en"]),
            ("COUNTRY_CONTINENT", &path!["continent", "code"]),
            ("REGION", &path!["subdivisions", 0, "iso_code"]),
            ("CITY", &path!["city", "names", "en"]),
            ("POSTAL_CODE", &path!["postal", "code"]),
        ];
        let numbers: [(_, &[_]); 2] = [
            ("LATITUDE", &path!["location", "latitude"]),
            ("LONGITUDE", &path!["location", "longitude"]),
        ];
        let metro = found.decode_path::<u64>(&path!["location", "metro_code"]).ok().flatten();
        let metro = metro.map(|code| ("DMA_CODE", code.to_string()));
        Some(
            texts
                .into_iter()
                .filter_map(text)
                .chain(numbers.into_iter().filter_map(number))
                .chain(metro)
                .collect(),
        )
    }
}

#[cfg(test)]
mod tests;
