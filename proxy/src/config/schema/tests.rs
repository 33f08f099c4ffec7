use crate::config::{diagnostic::tests::run_cases, load::parse};

#[test]
fn departures_are_found_where_they_stand() {
    run_cases(include_str!("cases.txt"), |text| parse("test.toml", text).err());
}
