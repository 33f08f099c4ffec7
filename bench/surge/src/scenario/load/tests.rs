use std::time::Duration;

use super::*;
use crate::{
    scenario::{Conduct, Load, Protocol, SlowPart},
    schedule::Burst,
};

const WHOLE: &str = r#"
schema = 1
name = "shop"
target = "http://127.0.0.1:8080"
allow_targets = ["10.0.0.0/8"]
threads = 2
seed = 7
arrivals = "poisson"
assert = ["no_5xx", "p99 < 50ms in peak"]

[tls]
insecure = true

[[phase]]
name = "warm"
for = "5s"
rate = "100/s"
ramp_to = "1000/s"
warmup = true

[[phase]]
name = "peak"
for = "10s"
rate = "1000/s"
burst = { requests = 200, every = "2s" }

[[phase]]
name = "stairs"
for = "6s"
rate = "100/s"
ramp_to = "300/s"
steps = 3
clients = ["shopper"]

[[phase]]
for = "5s"
connections = 8
think = "10ms"

[client.shopper]
weight = 9
timeout = "2s"
connections_max = 64
sources = { from = "127.0.0.0/8", count = 50 }
headers = { accept = "text/html" }
requests = [
  { path = "/", weight = 8 },
  { method = "POST", path = "/cart", body = "a=b", headers = { Accept = "*/*" } },
]
assert = ["errors <= 1"]

[client.robot]
weight = 1
target = "https://10.1.2.3:8443"
protocol = "h2"
streams_max = 4
attack = ["sqli", "xss"]

[client.snail]
slow = { part = "head", every = "500ms", bytes = 2, connections = 20 }
"#;

fn load(text: &str) -> Result<Loaded, Report> {
    from_text("test.toml", text, Path::new(""))
}

#[test]
fn a_whole_scenario_is_read() {
    let scenario = load(WHOLE).map_err(|report| report.to_string()).unwrap().scenario;
    assert_eq!((scenario.name.as_str(), scenario.threads, scenario.seed), ("shop", Some(2), 7));
    assert_eq!(scenario.trust, Trust::Anyone);
    assert_eq!(scenario.assertions.len(), 2);
    let names: Vec<&str> = scenario.classes.iter().map(|class| class.name.as_str()).collect();
    assert_eq!(names, ["shopper", "robot", "snail"]);
    let [shopper, robot, snail] = scenario.classes.as_slice() else { unreachable!() };
    assert_eq!(shopper.sources.len(), 50);
    assert_eq!((shopper.timeout, shopper.connections_max), (Duration::from_secs(2), 64));
    let Conduct::Requests { weight, requests } = &shopper.conduct else { unreachable!() };
    assert_eq!((*weight, requests.len()), (9.0, 2));
    let post = String::from_utf8(requests[1].0.bytes.to_vec()).unwrap();
    assert!(post.contains("accept: */*\r\n") && !post.contains("text/html"), "{post}");
    assert_eq!((robot.protocol, robot.streams_max), (Protocol::Http2, 4));
    assert_eq!(robot.target.origin(), "https://10.1.2.3:8443");
    let Conduct::Slow(slow) = &snail.conduct else { unreachable!() };
    assert_eq!((slow.part, slow.bytes, slow.connections), (SlowPart::Head, 2, 20));
    let [warm, peak, stairs, closed] = scenario.phases.as_slice() else { unreachable!() };
    assert!(warm.warmup && !peak.warmup);
    let Load::Open(plan) = &peak.load else { unreachable!() };
    assert_eq!(plan.burst, Some(Burst { requests: 200, every: Duration::from_secs(2) }));
    assert_eq!(plan.count(), 10_000 + 5 * 200);
    assert_eq!(plan.spacing, Spacing::Poisson);
    assert_eq!((stairs.classes.as_slice(), closed.classes.len()), (&[0][..], 3));
    assert_eq!(closed.name, "phase 4");
    assert!(matches!(closed.load, Load::Closed { connections: 8, .. }));
    // The snail takes part in the first two phases and, after the stairs, in the last.
    let seconds = |from, to| (Duration::from_secs(from), Duration::from_secs(to));
    assert_eq!(scenario.presence(2), [seconds(0, 15), seconds(21, 26)]);
    assert_eq!(scenario.phase_at(Duration::from_secs(15)), 2);
    assert_eq!(scenario.phase_at(Duration::from_secs(99)), 3);
}

#[test]
fn all_problems_are_told_at_once_each_in_its_place() {
    let text = r#"schema = 1
target = "http://192.0.2.1/"
asert = ["no_5xx"]
assert = ["p99 < 50", "no_5xx in pek"]

[[phase]]
name = "peak"
for = "10 seconds"
rate = "1000"
clients = ["shoper"]

[client.shopper]
target = "http://127.0.0.1:80"
timeout = 5
protocol = "h3"
requests = [{ path = "no slash" }]
attack = ["sql"]
"#;
    let report = load(text).unwrap_err();
    let found: Vec<(usize, usize, String)> = report
        .entries()
        .into_iter()
        .map(|e| {
            (e.line, e.column, format!("{}: {} {}", e.path, e.message, e.help.unwrap_or_default()))
        })
        .collect();
    for (line, column, words) in [
        (2, 10, "target: 192.0.2.1 is neither"),
        (3, 1, "asert: unknown key did you mean `assert`?"),
        (4, 11, "assert: expected a duration"),
        (4, 23, "assert: there is no phase \"pek\" did you mean `peak`?"),
        (8, 7, "phase[0].for: expected a duration"),
        (9, 8, "phase[0].rate: expected a rate"),
        (10, 12, "phase[0].clients: there is no `[client.shoper]` did you mean `shopper`?"),
        (14, 11, "client.shopper.timeout: expected a string, found a number"),
        (15, 12, "client.shopper.protocol: expected one of h1, h2, found \"h3\""),
        (16, 13, "path \"no slash\" must begin with /"),
        (17, 11, "client.shopper.attack: there is no list \"sql\" did you mean `sqli`?"),
    ] {
        let hit =
            found.iter().any(|(l, c, text)| (*l, *c) == (line, column) && text.contains(words));
        assert!(hit, "{line}:{column} {words}\n{found:#?}");
    }
    assert_eq!(found.len(), 11, "{found:#?}");
    let frame = report.to_string();
    assert!(frame.contains("test.toml:9:8") && frame.contains("rate = \"1000\""), "{frame}");
}

#[test]
fn what_has_no_effect_or_is_missing_is_refused() {
    let phase = "[[phase]]\nfor = \"1s\"\nrate = \"1/s\"\n";
    let head = "schema = 1\ntarget = \"http://127.0.0.1\"\n";
    for (text, words) in [
        (format!("{phase}[client.a]\ntarget = \"http://127.0.0.1\""), "missing key `schema`"),
        (format!("schema = 2\n{phase}[client.a]"), "expected a number from 1 to 1"),
        (format!("{head}[client.a]"), "there is no `[[phase]]`"),
        (format!("{head}{phase}"), "there is no `[client.NAME]`"),
        (format!("schema = 1\n{phase}[client.a]"), "no target"),
        (format!("{head}[[phase]]\nfor = \"1s\"\n[client.a]"), "needs `rate`, `burst` or"),
        (format!("{head}[[phase]]\nrate = \"1/s\"\n[client.a]"), "missing key `for`"),
        (
            format!("{head}[[phase]]\nfor = \"0s\"\nrate = \"1/s\"\n[client.a]"),
            "longer than nothing",
        ),
        (format!("{head}{phase}steps = 3\n[client.a]"), "no effect without `ramp_to`"),
        (format!("{head}{phase}think = \"1s\"\n[client.a]"), "no effect without `connections`"),
        (format!("{head}{phase}connections = 3\n[client.a]"), "exclude each other"),
        (format!("{head}{phase}[client.a]\nstreams_max = 3"), "no effect without `protocol"),
        (format!("{head}{phase}[client.a]\nweight = 0"), "nobody in this phase sends"),
        (
            format!("{head}{phase}clients = [\"b\"]\n[client.a]\n[client.b]"),
            "takes part in no phase",
        ),
        (format!("{head}{phase}{phase}[client.a]\nrequests = []"), "requests: there are none"),
        (
            format!("{head}{phase}name = \"x\"\n{phase}name = \"x\"\n[client.a]"),
            "two phases are named",
        ),
        (
            format!("{head}{phase}[client.a]\nsources = {{ from = \"127.0.0.0/30\", count = 9 }}"),
            "has only 2",
        ),
        (
            format!("{head}{phase}[client.a]\nrequests = [{{ body = \"a\", body_size = \"1B\" }}]"),
            "exclude each other",
        ),
        (
            format!("{head}{phase}[client.a]\nrequests = [{{ body_file = \"/no/such\" }}]"),
            "cannot be read",
        ),
        (
            format!(
                "{head}{phase}[client.a]\n[client.b]\nslow = {{ part = \"tail\", connections = 1 }}"
            ),
            "expected one of head",
        ),
        (
            format!("{head}{phase}[client.a]\n[client.b]\nslow = {{ part = \"head\" }}"),
            "missing key `connections`",
        ),
        (
            format!(
                "{head}{phase}[client.a]\n[client.b]\nweight = 1\nslow = {{ part = \"head\", connections = 1 }}"
            ),
            "no effect beside `slow`",
        ),
        (
            format!("{head}[tls]\nca = \"a\"\ninsecure = true\n{phase}[client.a]"),
            "no effect beside `insecure`",
        ),
        ("schema = ".to_owned(), "not TOML"),
    ] {
        let report = load(&text).map(|_| ()).unwrap_err().to_string();
        assert!(report.contains(words), "{words}\n{text}\n{report}");
    }
}

#[test]
fn a_target_that_cannot_be_reached_is_shown_where_it_stands() {
    let loaded = load(WHOLE).unwrap();
    let failed = [(0, "refused".to_owned()), (2, "refused".to_owned()), (1, "no route".to_owned())];
    let entries = loaded.unreachable(&failed).entries();
    // Two classes share the target at the top.
    assert_eq!(entries.iter().map(|e| e.line).collect::<Vec<_>>(), [4, 54]);
    assert!(entries[1].message.contains("the target of `robot` cannot be reached: no route"));
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let report = from_file(Path::new("/no/such.toml")).unwrap_err();
    assert!(report.to_string().contains("/no/such.toml"), "{report}");
}

proptest::proptest! {
    #[test]
    fn any_text_is_a_scenario_or_a_report(
        text in "(schema = 1\n)?([a-z]{1,6} ?= ?[\"\\[{a-z0-9/}\\]]{0,8}\n|\\[{1,2}(phase|client\\.a)\\]{1,2}\n){0,8}",
        cut in 0_usize..2_000,
    ) {
        let _ = load(&text).map_err(|report| report.to_string());
        let mutilated: String = WHOLE.chars().enumerate().filter(|(i, _)| *i != cut).map(|(_, c)| c).collect();
        let _ = load(&mutilated).map_err(|report| report.to_string());
    }
}

#[test]
fn scenarios_in_the_page_can_be_loaded() {
    let page = include_str!("../../../../../docs/surge.md");
    let blocks = page.split("```toml\n").skip(1).filter_map(|rest| rest.split("\n```").next());
    let whole: Vec<&str> = blocks.filter(|block| block.starts_with("schema = ")).collect();
    assert!(whole.len() >= 2, "the page shows {} scenarios", whole.len());
    for block in whole {
        if let Err(report) = load(block) {
            panic!("{report}\n{block}");
        }
    }
}

#[test]
fn staged_scenarios_are_read_and_placed() {
    let text = r#"
        schema = 1
        target = "http://{stack.http}/x"
        [stack]
        command = ["a", "{config}", "{origin.b}"]
        metrics = "http://{stack.admin}/metrics"
        [origin.b]
        [[event]]
        in = "phase 2"
        at = "2s"
        command = ["true"]
        [[event]]
        in = "phase 1"
        at = "25%"
        command = ["true"]
        [[phase]]
        for = "4s"
        rate = "1/s"
        [[phase]]
        for = "1s"
        rate = "1/s"
        [client.a]
    "#;
    let loaded = load(text).unwrap_or_else(|report| panic!("{report}"));
    let due = |i: usize| loaded.scenario.events[i].due(&loaded.scenario.phases).as_secs();
    // No later than the end of the phase.
    assert_eq!((due(0), due(1)), (5, 1));
    let mut places = Places::new();
    assert!(loaded.placed(&places).is_err());
    for (name, place) in [
        ("stack.http", "127.0.0.1:7"),
        ("stack.admin", "127.0.0.1:8"),
        ("origin.b", "127.0.0.1:9"),
        ("config", "c"),
    ] {
        places.set(name, place);
    }
    let placed = loaded.placed(&places).unwrap_or_else(|report| panic!("{report}")).scenario;
    assert_eq!(placed.classes[0].target.address.port(), 7);
    assert_eq!(placed.classes[0].target.path, "/x");
}

#[test]
fn a_stretch_leaves_fixed_phases_as_they_are() {
    let text = "schema = 1\ntarget = \"http://127.0.0.1\"\n[client.a]\n\
        [[phase]]\nfor = \"2s\"\nrate = \"10/s\"\nfixed = true\n\
        [[phase]]\nfor = \"4s\"\nrate = \"10/s\"\nramp_to = \"30/s\"\n";
    let mut scenario = load(text).unwrap_or_else(|report| panic!("{report}")).scenario;
    scenario.stretch(Duration::from_secs(10)).unwrap();
    assert_eq!(scenario.length(), Duration::from_secs(10));
    let count = |phase: &crate::scenario::Phase| match &phase.load {
        Load::Open(plan) => plan.count(),
        Load::Closed { .. } => 0,
    };
    assert_eq!(scenario.phases.iter().map(count).collect::<Vec<_>>(), [20, 160]);
    assert!(scenario.stretch(Duration::from_secs(2)).is_err());
}

#[test]
fn floods_are_read_and_what_makes_no_sense_is_refused() {
    let flood = |flood: &str, more: &str| {
        load(&format!(
            "schema = 1\ntarget = \"http://127.0.0.1\"\n[[phase]]\nfor = \"1s\"\nrate = \"1/s\"\n\
             [client.good]\n[client.a]\nflood = {{ {flood} }}\n{more}"
        ))
    };
    let loaded = flood("kind = \"ping\", connections = 3, rate = \"5/s\"", "");
    let class = loaded.unwrap_or_else(|report| panic!("{report}")).scenario.classes.remove(1);
    assert!(matches!(&class.conduct, Conduct::Flood(f) if f.connections == 3 && f.rate == 5.0));
    assert_eq!(class.protocol, Protocol::Http2);
    for (text, more, message) in [
        ("kind = \"pong\", connections = 1, rate = \"1/s\"", "", "did you mean `ping`?"),
        ("kind = \"ping\", rate = \"1/s\"", "", "missing key `connections`"),
        ("kind = \"ping\", connections = 1, rate = \"0/s\"", "", "a rate above 0"),
        ("kind = \"ping\", connections = 1, rate = \"1/s\"", "protocol = \"h1\"", "of HTTP/2"),
        ("kind = \"ping\", connections = 1, rate = \"1/s\"", "weight = 2", "no effect"),
        ("kind = \"handshake\", connections = 1, rate = \"1/s\"", "", "with https"),
        (
            "kind = \"connect\", connections = 1, rate = \"1/s\"",
            "slow = { part = \"head\", connections = 1 }",
            "exclude each other",
        ),
    ] {
        let report = flood(text, more).unwrap_err().to_string();
        assert!(report.contains(message), "{text}: {report}");
    }
}
