use foxtrot_api::{Chain, EventKind, Stamp};
use serde_json::{Map, Value, json};

use super::*;
use crate::gate::table::Gates;

fn condition(part: &str, text: &str) -> Condition {
    let text = format!("schema = 1\n[[gates.g.{part}]]\nname = \"n\"\n{text}\n");
    Gates::read(&text).unwrap().parts("g", None).unwrap().remove(0)
}

fn facts(path: &'static str, document: Value, before: &str, after: &str) -> Facts {
    let scrape = |text: &str| Ok(Samples::read(text).unwrap());
    let ten = Duration::from_secs(10);
    Facts {
        documents: BTreeMap::from([(path, Ok(document))]),
        scrapes: BTreeMap::from([(Duration::ZERO, scrape(before)), (ten, scrape(after))]),
    }
}

fn state(part: &str, text: &str, facts: &Facts) -> State {
    let condition = condition(part, text);
    of(&condition, None, found(&condition, facts)).state
}

#[test]
fn all_must_be_good_and_one_bad_will_do() {
    let states = "source = \"clusters\"\nvalue = \"[*].endpoints[*].state\"\n";
    let cluster =
        |states: [&str; 2]| json!([{ "endpoints": states.map(|state| json!({ "state": state })) }]);
    let mixed = facts("/clusters", cluster(["healthy", "ejected"]), "", "");
    let well = facts("/clusters", cluster(["healthy", "healthy"]), "", "");
    let healthy = format!("{states}is = \"healthy\"");
    let ejected = format!("{states}is = \"ejected\"");
    assert_eq!(state("verification", &healthy, &well), State::Yes);
    assert_eq!(state("verification", &healthy, &mixed), State::No);
    assert_eq!(state("rollback", &ejected, &mixed), State::Yes);
    assert_eq!(state("rollback", &ejected, &well), State::No);
    let none = facts("/clusters", json!([]), "", "");
    assert_eq!(state("verification", &healthy, &none), State::Unknown);
    assert_eq!(state("rollback", &ejected, &none), State::Unknown);
}

#[test]
fn what_could_not_be_asked_is_unknown() {
    let mut facts = facts("/status", json!({}), "", "");
    let lost = crate::failure::Failure::Unreachable("gone".to_owned());
    facts.documents.insert("/status", Err(lost));
    assert_eq!(
        state("verification", "source = \"status\"\nvalue = \"ready\"\nis = true", &facts),
        State::Unknown
    );
    assert!(facts.unreachable());
}

#[test]
fn values_are_compared_as_what_they_are() {
    let facts = facts("/status", json!({ "ready": true, "n": 5, "t": "a" }), "", "");
    for (text, expected) in [
        ("value = \"ready\"\nis = true", State::Yes),
        ("value = \"ready\"\nis = false", State::No),
        ("value = \"n\"\nis = 5", State::Yes),
        ("value = \"n\"\nis = 5.0", State::Yes),
        ("value = \"n\"\nat_least = 5", State::Yes),
        ("value = \"n\"\nat_least = 6", State::No),
        ("value = \"n\"\nat_least = 1\nat_most = 4", State::No),
        ("value = \"t\"\nis = \"a\"", State::Yes),
        ("value = \"t\"\nat_least = 0", State::No),
        ("value = \"none\"\nis = 1", State::Unknown),
    ] {
        assert_eq!(
            state("verification", &format!("source = \"status\"\n{text}"), &facts),
            expected,
            "{text}"
        );
    }
}

const BEFORE: &str = "r{colour=\"green\",class=\"2xx\"} 1000\nr{colour=\"green\",class=\"5xx\"} 50\nr{colour=\"blue\",class=\"2xx\"} 7\ng{n=\"1\"} 3\n";
const AFTER: &str = "r{colour=\"green\",class=\"2xx\"} 1098\nr{colour=\"green\",class=\"5xx\"} 52\nr{colour=\"blue\",class=\"2xx\"} 7\ng{n=\"1\"} 3\n";

#[test]
fn metrics_are_values_increases_and_shares() {
    let facts = facts("/status", json!({}), BEFORE, AFTER);
    let green = "of = { colour = \"green\" }\nlabels = { colour = \"green\", class = \"5xx\" }\n";
    for (text, expected) in [
        ("metric = \"g\"\nis = 3", State::Yes),
        ("metric = \"g\"\nlabels = { n = \"2\" }\nis = 3", State::Unknown),
        ("metric = \"none\"\nis = 0", State::Unknown),
        ("metric = \"r\"\nlabels = { class = \"5xx\" }\nover = \"10s\"\nis = 2", State::Yes),
        // A series that is not there yet counts nothing, as long as its metric is there.
        ("metric = \"r\"\nlabels = { class = \"4xx\" }\nover = \"10s\"\nis = 0", State::Yes),
        ("metric = \"none\"\nover = \"10s\"\nis = 0", State::Unknown),
        (&format!("metric = \"r\"\n{green}over = \"10s\"\nis = 2"), State::Yes),
        (&format!("metric = \"r\"\n{green}over = \"10s\"\nat_most = 1"), State::No),
        // Nobody came to blue: nothing is known.
        (
            "metric = \"r\"\nof = { colour = \"blue\" }\nlabels = { colour = \"blue\", class = \"5xx\" }\nover = \"10s\"\nis = 0",
            State::Unknown,
        ),
    ] {
        assert_eq!(
            state("verification", &format!("source = \"metrics\"\n{text}"), &facts),
            expected,
            "{text}"
        );
    }
}

#[test]
fn quantiles_are_of_what_was_observed_in_the_time() {
    let scrape = |counts: [u32; 3]| {
        let bounds = ["0.1", "0.2", "+Inf"];
        let line = |(bound, count)| format!("d_bucket{{le=\"{bound}\"}} {count}\n");
        bounds.into_iter().zip(counts).map(line).collect::<String>()
    };
    let facts = facts("/status", json!({}), &scrape([900, 900, 900]), &scrape([900, 1000, 1000]));
    let text = "source = \"metrics\"\nmetric = \"d\"\nquantile = 0.5\nover = \"10s\"\n";
    assert_eq!(
        state("verification", &format!("{text}at_least = 0.149\nat_most = 0.151"), &facts),
        State::Yes
    );
    let still = self::facts("/status", json!({}), &scrape([9, 9, 9]), &scrape([9, 9, 9]));
    assert_eq!(state("verification", &format!("{text}at_most = 1"), &still), State::Unknown);
    assert_eq!(quantile_of(0.99, &[(0.1, 1.0), (f64::INFINITY, 100.0)]), Some(0.1));
}

const NOW: u64 = 1_795_457_789_000;
const HOUR: u64 = 3_600_000;

/// Weight changes this many hours ago, the second of them of another rollout.
fn log(first: u64) -> Result<Log, String> {
    let mut chain = Chain::after(first - 1, foxtrot_api::Hash::ZERO);
    let events = [50, 49, 3].map(|hours| {
        let rollout = if hours == 49 { "other" } else { "gateway" };
        let fields = Map::from_iter([("green".to_owned(), json!(hours))]);
        let line =
            chain.append(Stamp(NOW - hours * HOUR), EventKind::Weights, Some(rollout), fields);
        serde_json::from_slice(&line.unwrap()).unwrap()
    });
    Ok(Log { events: events.into(), from_the_first: first == 1 })
}

fn of_log(text: &str, log: &Result<Log, String>) -> State {
    let condition =
        condition("verification", &format!("source = \"events\"\nkind = \"weights\"\n{text}"));
    of(&condition, None, logged(&condition, log, NOW)).state
}

#[test]
fn events_are_counted_and_have_an_age() {
    let whole = log(1);
    for (text, expected) in [
        ("is = 3", State::Yes),
        ("rollout = \"gateway\"\nis = 2", State::Yes),
        ("fields = { green = 50 }\nis = 1", State::Yes),
        ("within = \"48h\"\nis = 1", State::Yes),
        ("within = \"2h\"\nat_most = 0", State::Yes),
        ("value = \"age\"\nat_least = \"2h\"", State::Yes),
        ("value = \"age\"\nat_least = \"48h\"", State::No),
        ("value = \"age\"\nrollout = \"other\"\nat_least = \"48h\"", State::Yes),
        ("value = \"age\"\nrollout = \"none\"\nat_least = \"1s\"", State::Unknown),
    ] {
        assert_eq!(of_log(text, &whole), expected, "{text}");
    }
}

#[test]
fn a_log_that_begins_later_proves_no_absence() {
    let late = log(7);
    assert_eq!(of_log("within = \"48h\"\nis = 1", &late), State::Yes);
    assert_eq!(of_log("within = \"51h\"\nat_most = 9", &late), State::Unknown);
    assert_eq!(of_log("at_most = 9", &late), State::Unknown);
    assert_eq!(of_log("at_most = 9", &Err("not whole".to_owned())), State::Unknown);
}

#[test]
fn one_unknown_is_no_pass() {
    let judged =
        |part, state| Judged { part, name: String::new(), server: None, state, why: String::new() };
    let of = |judged: Vec<Judged>| {
        let verdict = verdict("g", judged, false);
        (verdict.pass, verdict.rollback, verdict.passed, verdict.failed, verdict.unknown)
    };
    let good = || vec![judged(Part::Verification, State::Yes), judged(Part::Rollback, State::No)];
    assert_eq!(of(good()), (true, false, 2, 0, 0));
    let with = |more| good().into_iter().chain([more]).collect();
    assert_eq!(of(with(judged(Part::Precondition, State::Unknown))), (false, false, 2, 0, 1));
    assert_eq!(of(with(judged(Part::Rollback, State::Unknown))), (false, false, 2, 0, 1));
    assert_eq!(of(with(judged(Part::Rollback, State::Yes))), (false, true, 2, 1, 0));
}
