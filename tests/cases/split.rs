//! Blue and green: shares, stickiness, override and flip.

use std::collections::{BTreeMap, BTreeSet};

use e2e::*;

async fn colours() -> (Origin, Origin) {
    (Origin::named("blue").await, Origin::named("green").await)
}

fn weights(blue: u8, green: u8, more: &str) -> String {
    format!("weights = {{ blue = {blue}, green = {green} }}\nsticky = [\"header:x-user\"]\n{more}")
}

/// The colour that each of `count` users gets.
async fn colour_of_users(proxy: &Proxy, count: usize) -> BTreeMap<usize, String> {
    let mut client = proxy.client().await;
    let mut colours = BTreeMap::new();
    for user in 0..count {
        let call = client.request("GET", "/").header("x-user", &format!("user-{user}"));
        colours.insert(user, call.send().await.text());
    }
    colours
}

fn greens(colours: &BTreeMap<usize, String>) -> BTreeSet<usize> {
    colours.iter().filter(|(_, colour)| *colour == "green").map(|(user, _)| *user).collect()
}

#[tokio::test]
async fn all_or_nothing_is_exact() {
    let (blue, green) = colours().await;
    for (shares, name) in [((100, 0), "blue"), ((0, 100), "green")] {
        let config = Config::rollout(&blue, &green, &weights(shares.0, shares.1, ""));
        let proxy = Proxy::with(config).await;
        assert!(colour_of_users(&proxy, 100).await.values().all(|colour| colour == name));
    }
}

#[tokio::test]
async fn shares_are_kept() {
    let (blue, green) = colours().await;
    let proxy = Proxy::with(Config::rollout(&blue, &green, &weights(75, 25, ""))).await;
    let count = greens(&colour_of_users(&proxy, 1000).await).len();
    // Four standard deviations of a binomial share of 25 % among 1000 are 55.
    assert!((195..=305).contains(&count), "{count} of 1000 are green, expected about 250");
}

#[tokio::test]
async fn a_client_keeps_its_colour() {
    let (blue, green) = colours().await;
    let proxy = Proxy::with(Config::rollout(&blue, &green, &weights(50, 50, ""))).await;
    let first = colour_of_users(&proxy, 100).await;
    assert_eq!(first, colour_of_users(&proxy, 100).await);
    assert!(!greens(&first).is_empty() && greens(&first).len() < 100);
}

#[tokio::test]
async fn a_cookie_can_be_what_sticks() {
    let (blue, green) = colours().await;
    let rollout = "weights = { blue = 50, green = 50 }\nsticky = [\"cookie:session\"]";
    let proxy = Proxy::with(Config::rollout(&blue, &green, rollout)).await;
    let mut client = proxy.client().await;
    for session in 0..20 {
        let mut seen = BTreeSet::new();
        for noise in 0..5 {
            let cookie = format!("a={noise}; session=s{session}; z={noise}");
            seen.insert(client.request("GET", "/").header("cookie", &cookie).send().await.text());
        }
        assert_eq!(seen.len(), 1, "session {session} saw {seen:?}");
    }
}

#[tokio::test]
async fn raising_green_moves_nobody_back_to_blue() {
    let (blue, green) = colours().await;
    let config = |share| Config::rollout(&blue, &green, &weights(100 - share, share, ""));
    let proxy = Proxy::with(config(20)).await;
    let mut before = greens(&colour_of_users(&proxy, 200).await);
    for share in [40, 60, 100] {
        proxy.reload_ok(config(share)).await;
        let after = greens(&colour_of_users(&proxy, 200).await);
        assert!(after.is_superset(&before), "{share} %: {:?} fell back", before.difference(&after));
        before = after;
    }
    assert_eq!(before.len(), 200);
}

#[tokio::test]
async fn testers_choose_their_colour() {
    let (blue, green) = colours().await;
    let by = "override = { header = \"x-colour\", cookie = \"colour\", from = [\"127.0.0.0/8\"] }";
    let proxy = Proxy::with(Config::rollout(&blue, &green, &weights(100, 0, by))).await;
    let mut client = proxy.client().await;
    for (word, colour) in
        [("green", "green"), ("blue", "blue"), ("always", "green"), ("never", "blue")]
    {
        let reply = client.request("GET", "/").header("x-colour", word).send().await;
        assert_eq!(reply.text(), colour, "header {word}");
        let cookie = format!("colour={word}");
        let reply = client.request("GET", "/").header("cookie", &cookie).send().await;
        assert_eq!(reply.text(), colour, "cookie {word}");
    }
    let both =
        client.request("GET", "/").header("x-colour", "blue").header("cookie", "colour=green");
    assert_eq!(both.send().await.text(), "blue");
}

#[tokio::test]
async fn strangers_do_not_choose_their_colour() {
    let (blue, green) = colours().await;
    let by = "override = { header = \"x-colour\", from = [\"192.0.2.0/24\"] }";
    let proxy = Proxy::with(Config::rollout(&blue, &green, &weights(100, 0, by))).await;
    let reply = proxy.client().await.request("GET", "/").header("x-colour", "green").send().await;
    assert_eq!(reply.text(), "blue");
}

#[tokio::test]
async fn a_trusted_proxy_chooses_for_itself_and_not_for_its_clients() {
    let (blue, green) = colours().await;
    let by = "override = { header = \"x-colour\", from = [\"192.0.2.0/24\"] }";
    let config = Config::rollout(&blue, &green, &weights(100, 0, by));
    let proxy = Proxy::with(config.top("trusted_proxies = [\"127.0.0.0/8\"]")).await;
    let mut client = proxy.client().await;
    for (behind, colour) in [
        (None, "green"),
        (Some("127.0.0.9"), "green"),
        (Some("192.0.2.1"), "green"),
        (Some("203.0.113.9"), "blue"),
        (Some("unknown"), "blue"),
    ] {
        let call = client.request("GET", "/").header("x-colour", "green");
        let call = match behind {
            Some(client) => call.header("x-forwarded-for", client),
            None => call,
        };
        assert_eq!(call.send().await.text(), colour, "{behind:?}");
    }
}

#[tokio::test]
async fn a_flip_is_atomic_and_fails_no_request() {
    let (blue, green) = colours().await;
    let proxy = Proxy::with(Config::rollout(&blue, &green, &weights(100, 0, ""))).await;
    let mut client = proxy.client().await;
    let mut seen = Vec::new();
    let flip = async {
        proxy.reload_ok(Config::rollout(&blue, &green, &weights(0, 100, ""))).await;
    };
    let load = async {
        while seen.last().is_none_or(|colour| colour != "green") {
            let reply = client.get("/").await;
            assert_eq!(reply.status, 200);
            seen.push(reply.text());
        }
        for _ in 0..50 {
            seen.push(client.get("/").await.text());
        }
    };
    tokio::join!(flip, load);
    let turned = seen.iter().position(|colour| colour == "green").unwrap();
    assert!(seen[turned..].iter().all(|colour| colour == "green"), "blue after green: {seen:?}");
}

#[tokio::test]
async fn the_weights_are_a_metric() {
    let (blue, green) = colours().await;
    let proxy = Proxy::with(Config::rollout(&blue, &green, &weights(75, 25, ""))).await;
    let metrics = proxy.metrics().await;
    for (colour, share) in [("blue", 75.0), ("green", 25.0)] {
        let labels = [("rollout", "app"), ("colour", colour)];
        assert_eq!(metrics.value("foxtrot_rollout_weight", &labels), share);
    }
}
