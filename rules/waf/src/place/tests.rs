//! A database of one block, written here byte by byte (MaxMind DB File Format Specification 2.0).

use std::{
    collections::HashMap,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    Beginning, Policy, RuleSet, Store, Transaction, Verdict, Worker, place::Places, seclang::Files,
};

/// 192.0.2.0/24 is in London.
fn database() -> Vec<u8> {
    const NODES: u32 = 24;
    let block = u32::from(std::net::Ipv4Addr::new(192, 0, 2, 0));
    let mut bytes = Vec::new();
    for node in 0..NODES {
        // The data begins behind 16 bytes of separation.
        let next = if node + 1 == NODES { NODES + 16 } else { node + 1 };
        let records = if block >> (31 - node) & 1 == 1 { [NODES, next] } else { [next, NODES] };
        records.iter().for_each(|record| bytes.extend_from_slice(&record.to_be_bytes()[1..]));
    }
    bytes.extend_from_slice(&[0; 16]);
    let name = |name: &str| map(&[("names", map(&[("en", text(name))]))]);
    let country = [("iso_code", text("GB")), ("names", map(&[("en", text("United Kingdom"))]))];
    bytes.extend(map(&[
        ("city", name("London")),
        ("continent", map(&[("code", text("EU"))])),
        ("country", map(&country)),
        ("location", map(&[("latitude", double(51.5142)), ("longitude", double(-0.0931))])),
        ("subdivisions", list(&[map(&[("iso_code", text("ENG"))])])),
    ]));
    bytes.extend_from_slice(b"\xab\xcd\xefMaxMind.com");
    bytes.extend(map(&[
        ("binary_format_major_version", number(2)),
        ("binary_format_minor_version", number(0)),
        ("build_epoch", [&[8, 2][..], &1_700_000_000_u64.to_be_bytes()].concat()),
        ("database_type", text("test-city")),
        ("description", map(&[])),
        ("ip_version", number(4)),
        ("languages", list(&[])),
        ("node_count", [&[6 << 5 | 4][..], &NODES.to_be_bytes()].concat()),
        ("record_size", number(24)),
    ]));
    bytes
}

fn map(members: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let members = members.iter().flat_map(|(name, value)| [text(name), value.clone()]);
    let count = members.clone().count() as u8 / 2;
    [vec![7 << 5 | count], members.collect::<Vec<_>>().concat()].concat()
}

fn list(items: &[Vec<u8>]) -> Vec<u8> {
    [vec![items.len() as u8, 4], items.concat()].concat()
}

fn text(text: &str) -> Vec<u8> {
    assert!(text.len() < 29, "longer ones are written otherwise");
    [&[2 << 5 | text.len() as u8], text.as_bytes()].concat()
}

fn double(value: f64) -> Vec<u8> {
    [&[3 << 5 | 8][..], &value.to_be_bytes()].concat()
}

fn number(value: u16) -> Vec<u8> {
    [&[5 << 5 | 2][..], &value.to_be_bytes()].concat()
}

struct Memory(HashMap<&'static str, Vec<u8>>);

impl Files for Memory {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let found = path.to_str().and_then(|path| self.0.get(path));
        found.cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn glob(&self, _: &Path, pattern: &str) -> io::Result<Vec<PathBuf>> {
        Ok(vec![pattern.into()])
    }
}

fn load(rules: &str, database: Vec<u8>) -> Result<Arc<RuleSet>, crate::error::Report> {
    let files = [("rules.conf", rules.as_bytes().to_vec()), ("places.mmdb", database)];
    RuleSet::load(&Memory(files.into()), &["rules.conf"])
}

fn verdict(rules: &str, client: &str) -> Verdict {
    let rules = load(rules, database()).unwrap_or_else(|report| panic!("{report}"));
    let (policy, mut worker) = (Arc::new(Policy::new(rules)), Worker::new(1 << 20));
    let beginning = Beginning { id: b"1", now: 1_800_000_000, budget: u64::MAX };
    let store = Arc::new(Store::new(10));
    let mut tx = Transaction::new(&policy, &store, &beginning, &mut worker);
    tx.connection(format!("{client}:4711").parse().unwrap(), "127.0.0.1:80".parse().unwrap());
    tx.request_line(b"GET", b"/", b"HTTP/1.1");
    tx.request_headers(&mut worker)
}

#[test]
fn what_is_known_of_an_address_is_told() {
    let places = Places::new(database()).unwrap();
    let found = places.find("192.0.2.7".parse().unwrap()).unwrap();
    let expected = [
        ("COUNTRY_CODE", "GB"),
        ("COUNTRY_NAME", "United Kingdom"),
        ("COUNTRY_CONTINENT", "EU"),
        ("REGION", "ENG"),
        ("CITY", "London"),
        ("LATITUDE", "51.514200"),
        ("LONGITUDE", "-0.093100"),
    ];
    assert_eq!(found, expected.map(|(name, value)| (name, value.to_owned())));
    for elsewhere in ["192.0.3.7", "2001:db8::1"] {
        assert_eq!(places.find(elsewhere.parse().unwrap()), None);
    }
}

#[test]
fn rules_read_the_place_that_they_have_asked_for() {
    let rules = "SecRuleEngine On\nSecGeoLookupDb places.mmdb\n\
        SecRule GEO:COUNTRY_CODE \"@streq GB\" \"id:1,phase:1,deny,status:451\"\n\
        SecRule REMOTE_ADDR \"@geoLookup\" \"id:2,phase:1,deny,chain\"\n\
        SecRule GEO:COUNTRY_CODE|GEO:CITY \"@within GB FR\"\n";
    let Verdict::Interrupt(interruption) = verdict(rules, "192.0.2.7") else { panic!("passed") };
    // Before anybody has asked, nothing is known.
    assert_eq!(interruption.rule, 2);
    assert_eq!(verdict(rules, "198.51.100.7"), Verdict::Pass);
}

#[test]
fn what_is_no_database_is_refused() {
    let rules = "SecGeoLookupDb places.mmdb\n";
    let report = load(rules, b"GeoIP.dat".to_vec()).unwrap_err().to_string();
    assert!(report.contains("rules.conf:1:16") && report.contains(".mmdb"), "{report}");
    let report = load("SecGeoLookupDb none.mmdb\n", Vec::new()).unwrap_err().to_string();
    assert!(report.contains("cannot read `none.mmdb`"), "{report}");
}
