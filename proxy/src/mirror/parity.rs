//! Whether green is set up as blue is: settings of the two clusters, endpoints that serve, and a document that both have.
//!
//! To be looked at before anything is mirrored: a breaker or a timeout that differs explains answers that do.

use foxtrot_api::{ParityDifference, ParityKind};

use super::compare::{
    Ignore,
    json::{self, Change, Found, Unreadable},
    verdict,
};
use crate::{config, upstream::Document};

/// A cluster of a rollout.
#[derive(Debug)]
pub struct Side<'a> {
    /// As written.
    pub settings: &'a config::Cluster,
    /// Endpoints.
    pub endpoints: usize,
    /// Those that requests are sent to.
    pub healthy: usize,
    /// The document, or why there is none; nothing where none is asked for.
    pub document: Option<Result<Document, String>>,
}

/// Members of a cluster's table that are there to differ.
const DIFFER: [&str; 2] = ["$.endpoints", "$.like"];

/// All differences. `ignore` is for the document.
pub fn compare(blue: &Side<'_>, green: &Side<'_>, ignore: &Ignore) -> Vec<ParityDifference> {
    let mut differences = settings(blue.settings, green.settings);
    if blue.healthy != green.healthy || blue.healthy == 0 {
        let of = |side: &Side<'_>| Some(format!("{} of {}", side.healthy, side.endpoints));
        let place = "healthy endpoints".to_owned();
        differences.push(ParityDifference {
            kind: ParityKind::Health,
            place,
            change: Change::Value.as_str().to_owned(),
            blue: of(blue),
            green: of(green),
        });
    }
    if let (Some(blue), Some(green)) = (&blue.document, &green.document) {
        differences.extend(documents(blue, green, ignore));
    }
    differences
}

fn settings(blue: &config::Cluster, green: &config::Cluster) -> Vec<ParityDifference> {
    let ignored: Vec<_> = DIFFER.iter().filter_map(|place| place.parse().ok()).collect();
    // What was read as TOML can be written as JSON.
    let written = |cluster| serde_json::to_vec(cluster).unwrap_or_default();
    let found = json::diff(&written(blue), &written(green), &Ignore::new(&ignored), |_| false);
    told(ParityKind::Settings, found.unwrap_or_default())
}

fn documents(
    blue: &Result<Document, String>,
    green: &Result<Document, String>,
    ignore: &Ignore,
) -> Vec<ParityDifference> {
    let whole = |place: &str, [blue, green]: [String; 2]| {
        vec![ParityDifference {
            kind: ParityKind::Document,
            place: place.to_owned(),
            change: Change::Value.as_str().to_owned(),
            blue: Some(blue),
            green: Some(green),
        }]
    };
    let (ours, theirs) = match (blue, green) {
        (Ok(ours), Ok(theirs)) => (ours, theirs),
        _ => {
            let state = |side: &Result<Document, String>| match side {
                Ok(document) => document.status.to_string(),
                Err(why) => why.clone(),
            };
            return whole("answer", [state(blue), state(green)]);
        }
    };
    if ours.status != theirs.status {
        return whole("status", [ours.status.to_string(), theirs.status.to_string()]);
    }
    let is_document = (200..300).contains(&ours.status);
    if !is_document || ours.body == theirs.body {
        return Vec::new();
    }
    match json::diff(&ours.body, &theirs.body, ignore, verdict::is_secret) {
        Ok(found) => told(ParityKind::Document, found),
        Err(Unreadable::Both) => {
            let bytes = |document: &Document| format!("{} bytes of no JSON", document.body.len());
            whole("body", [bytes(ours), bytes(theirs)])
        }
        Err(Unreadable::Primary) => whole("body", ["not JSON".to_owned(), "JSON".to_owned()]),
        Err(Unreadable::Shadow) => whole("body", ["JSON".to_owned(), "not JSON".to_owned()]),
    }
}

fn told(kind: ParityKind, found: Vec<Found>) -> Vec<ParityDifference> {
    let tell = |found: Found| ParityDifference {
        kind,
        place: found.place,
        change: found.change.as_str().to_owned(),
        blue: found.primary,
        green: found.shadow,
    };
    found.into_iter().map(tell).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cluster(lines: &str) -> config::Cluster {
        toml::from_str(&format!("endpoints = [\"http://127.0.0.1:1\"]\n{lines}")).unwrap()
    }

    fn side<'a>(settings: &'a config::Cluster, document: Option<(u16, &'static str)>) -> Side<'a> {
        let document =
            document.map(|(status, body)| Ok(Document { status, body: body.as_bytes().into() }));
        Side { settings, endpoints: 2, healthy: 2, document }
    }

    fn places(blue: &Side<'_>, green: &Side<'_>) -> Vec<String> {
        let ignored = ["$.version".parse().unwrap()];
        let all = compare(blue, green, &Ignore::new(&ignored));
        all.into_iter().map(|d| format!("{:?} {}", d.kind, d.place)).collect()
    }

    #[test]
    fn settings_and_health_are_compared() {
        let (blue, green) =
            (cluster("timeouts = { total = \"1s\" }"), cluster("breaker = { requests = 7 }"));
        let expected = ["Settings $.breaker.requests", "Settings $.timeouts.total"];
        assert_eq!(places(&side(&blue, None), &side(&green, None)), expected);
        let ill = Side { healthy: 1, ..side(&blue, None) };
        assert_eq!(places(&side(&blue, None), &ill), ["Health healthy endpoints"]);
        assert!(places(&side(&blue, None), &side(&blue, None)).is_empty());
        let dead = || Side { healthy: 0, ..side(&blue, None) };
        assert_eq!(places(&dead(), &dead()), ["Health healthy endpoints"]);
    }

    #[test]
    fn documents_are_compared_as_json() {
        let cluster = cluster("");
        let told = |blue, green| places(&side(&cluster, Some(blue)), &side(&cluster, Some(green)));
        assert!(told((200, r#"{"a":1,"version":1}"#), (200, r#"{"a":1,"version":2}"#)).is_empty());
        assert_eq!(told((200, r#"{"a":1}"#), (200, r#"{"a":2}"#)), ["Document $.a"]);
        assert_eq!(told((200, "{}"), (404, "")), ["Document status"]);
        assert!(told((404, "a"), (404, "b")).is_empty());
        assert!(told((200, "v1"), (200, "v1")).is_empty());
        assert_eq!(told((200, "v1"), (200, "v2")), ["Document body"]);
        assert_eq!(told((200, "v1"), (200, "2")), ["Document body"]);
        let gone = Side { document: Some(Err("gone".to_owned())), ..side(&cluster, None) };
        assert_eq!(places(&side(&cluster, Some((200, ""))), &gone), ["Document answer"]);
    }
}
