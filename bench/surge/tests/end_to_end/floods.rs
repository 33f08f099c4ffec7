//! Floods against the `h2` crate's server, which knows most of them.

use surge::report::OfFlood;

use crate::{
    origin::{Manner, Origin},
    run, run_at,
};

fn flood(flood: &str, origin: &Origin) -> (OfFlood, surge::report::Summary) {
    let text = format!(
        "target = \"{{}}\"\n[[phase]]\nfor = \"600ms\"\nrate = \"20/s\"\n\
         [client.good]\nprotocol = \"h2\"\n[client.bad]\nflood = {{ {flood} }}"
    );
    let report = run(&text, origin);
    // Whoever behaves is served meanwhile, and floods are no requests.
    assert_eq!((report.total.answered, report.total.failed), (12, 0));
    let summary = report.classes[1].summary.clone();
    (summary.flood.clone().unwrap(), summary)
}

fn http2() -> Origin {
    Origin::start(Manner { h2: true, ..Manner::default() })
}

#[test]
fn a_server_hangs_up_on_those_who_take_requests_back() {
    let (flood, summary) =
        flood("kind = \"rapid_reset\", connections = 2, rate = \"4000/s\"", &http2());
    assert!(flood.goaways["ENHANCE_YOUR_CALM"] >= 2 && flood.units > 100, "{flood:?}");
    assert!(summary.cut >= 2, "{summary:?}");
}

#[test]
fn a_server_resets_streams_whose_windows_overflow() {
    let (flood, _) =
        flood("kind = \"made_you_reset\", connections = 1, rate = \"500/s\"", &http2());
    assert!(flood.resets["FLOW_CONTROL_ERROR"] > 50, "{flood:?}");
}

#[test]
fn a_server_hangs_up_on_heads_that_do_not_end() {
    let (flood, summary) =
        flood("kind = \"continuation\", connections = 1, rate = \"5000/s\"", &http2());
    assert!(summary.cut >= 1 && flood.answers == 0, "{flood:?} {summary:?}");
}

#[test]
fn what_is_acknowledged_or_answered_goes_on() {
    for kind in ["settings", "ping"] {
        let text = format!("kind = \"{kind}\", connections = 1, rate = \"500/s\"");
        let (flood, summary) = flood(&text, &http2());
        assert!((200..=310).contains(&flood.units), "{kind}: {flood:?}");
        assert_eq!((summary.cut, summary.held), (0, 1), "{kind}");
    }
}

#[test]
fn data_without_data_and_small_heads_of_large_fields_are_sent() {
    let text = "kind = \"empty_data\", connections = 1, rate = \"500/s\"";
    assert!(flood(text, &http2()).0.units > 100);
    let text = "kind = \"hpack_bomb\", connections = 1, rate = \"50/s\"";
    let (flood, _) = flood(text, &http2());
    assert!(flood.units > 1 && flood.bytes > flood.units * 16_000, "{flood:?}");
}

#[test]
fn connections_are_opened_at_their_rate() {
    let origin = Origin::plain();
    let text = "target = \"{}\"\n[[phase]]\nfor = \"1s\"\nrate = \"10/s\"\n[client.good]\n\
        [client.bad]\nflood = { kind = \"connect\", connections = 2, rate = \"200/s\" }\n\
        assert = [\"requests >= 100\", \"no_connect\"]";
    let report = run_at(text, &format!("http://{}", origin.address));
    assert!(report.passed, "{:?}", report.assertions);
    assert!(report.classes[1].summary.requests <= 220);
}
