//! Classes: who gives them, and what rank they have.

use http::{HeaderMap, HeaderName, HeaderValue};

use super::*;
use crate::{config::load, observe::metrics::Metrics};

fn overload(text: &str) -> Overload {
    let config = load::parse("test.toml", text).unwrap().config;
    let metrics = Metrics::new(1);
    compile(&config, &Surroundings { before: None, metrics: &metrics, cores: 2 })
}

const TEXT: &str = r#"
    [overload]
    memory = 85
    [overload.classes.critical]
    [overload.classes.bulk]
    header = { name = "X-Priority", value = "bulk" }
    [overload.classes.urgent]
    header = { name = "x-priority", value = "urgent" }
    [tenants.batch]
    hosts = ["b.test"]
    class = "bulk"
    [tenants.shop]
    hosts = ["s.test"]
    [[routes]]
    to = "respond:200"
    [[routes]]
    match = { path = "/pay" }
    to = "respond:200"
    class = "critical"
"#;

fn class(overload: &Overload, whose: (usize, Option<usize>, &[&'static str], bool)) -> String {
    let (route, tenant, values, trusted) = whose;
    let mut fields = HeaderMap::new();
    for value in values {
        fields.append(HeaderName::from_static("x-priority"), HeaderValue::from_static(value));
    }
    let whose = Whose { route: Some(route), tenant, fields: &fields, trusted };
    let asking = overload.asking(&whose, 0, 0);
    let class = &overload.classes[asking.class];
    assert_eq!(class.rank, asking.rank);
    class.name.to_string()
}

#[test]
fn a_field_goes_before_the_route_and_the_route_before_the_tenant() {
    let overload = overload(TEXT);
    let (batch, shop) = (Some(0), Some(1));
    for (whose, expected) in [
        ((0, None, &[][..], false), "default"),
        ((0, batch, &[], false), "bulk"),
        ((0, shop, &[], false), "default"),
        ((1, batch, &[], false), "critical"),
        // Anybody may ask to be shed earlier.
        ((1, None, &["bulk"], false), "bulk"),
        ((0, None, &["urgent"], false), "default"),
        ((0, None, &["urgent"], true), "urgent"),
        ((0, None, &["urgent", "bulk"], true), "default"),
        ((0, None, &["other"], true), "default"),
    ] {
        assert_eq!(class(&overload, whose), expected, "{whose:?}");
    }
}

#[test]
fn what_is_not_listed_is_shed_last() {
    let rank = |overload: &Overload, name: &str| {
        overload.classes.iter().find(|class| &*class.name == name).unwrap().rank
    };
    let with = overload(TEXT);
    let ranks = ["bulk", "default", "critical", "urgent"].map(|name| rank(&with, name));
    assert_eq!((ranks, with.mirror, with.top), ([1, 2, 3, 3], Some(0), 3));
    // A class that nobody uses takes no room from others.
    let plain = "[overload]\nmemory = 85\nshed_order = [\"mirror\", \"default\"]\n";
    let plain = overload(plain);
    assert_eq!((rank(&plain, "default"), plain.top), (1, 1));
}

#[test]
fn pressure_sheds_the_lowest_ranks_and_never_the_highest() {
    let overload = overload(TEXT);
    overload.note(0, Some((84.0, 85.0)));
    assert!(overload.takes_copies());
    overload.note(0, Some((90.5, 85.0)));
    let shed = |rank| overload.short(rank);
    assert_eq!([0, 1, 2].map(shed), [Some(Shed::Memory), Some(Shed::Memory), None]);
    assert!(!overload.takes_copies());
    overload.note(0, Some((100.0, 85.0)));
    assert_eq!([2, 3].map(shed), [Some(Shed::Memory), None]);
    overload.note(0, None);
    assert_eq!(shed(0), None);
}
