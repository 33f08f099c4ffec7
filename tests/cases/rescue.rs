//! Rescue: what the colour that is rolled out fails, the other one answers, where that can do no harm.

use e2e::*;
use origin::raw::Then;

const GREEN: &str = "weights = { blue = 0, green = 100 }\nrescue = true";

/// All traffic is green's, and blue is called so.
async fn rescued(green: &impl Url) -> (Origin, Proxy) {
    let blue = Origin::named("blue").await;
    let config = Config::rollout(&blue, green, GREEN);
    (blue, Proxy::with(config.more("[log]\naccess = { path = \"-\" }")).await)
}

async fn answered(proxy: &Proxy, count: f64) {
    let labels = [("rollout", "app"), ("outcome", "answered")];
    proxy.metric_reaches("foxtrot_rescued_total", &labels, count).await;
}

#[tokio::test]
async fn a_colour_that_refuses_connections_shows_no_client_an_error() {
    let (_blue, mut proxy) = rescued(&origin::raw::refusing().await).await;
    let mut client = proxy.client().await;
    for _ in 0..30 {
        let reply = client.get("/").await;
        assert_eq!((reply.status.as_u16(), reply.text().as_str()), (200, "blue"));
    }
    answered(&proxy, 30.0).await;
    let line = proxy.access_line().await;
    assert_eq!((&line["rescued_from"], &line["colour"]), (&json!("green"), &json!("blue")));
    assert_eq!((&line["cluster"], &line["status"]), (&json!("app"), &json!(200)));
}

#[tokio::test]
async fn a_colour_that_is_killed_under_load_shows_no_client_an_error() {
    let green = Origin::named("green").await;
    let (_blue, proxy) = rescued(&green).await;
    let users = (0..8).map(|_| {
        let proxy = &proxy;
        async move {
            let (mut client, mut seen) = (proxy.client().await, Vec::new());
            while seen.last().is_none_or(|(_, text)| text != "blue") {
                let reply = client.get("/").await;
                seen.push((reply.status.as_u16(), reply.text()));
            }
            seen
        }
    });
    let killed = async {
        green.reached(100).await;
        drop(green);
    };
    let (seen, ()) = within("all users to see blue", async {
        tokio::join!(futures_util::future::join_all(users), killed)
    })
    .await;
    let errors: Vec<_> = seen.iter().flatten().filter(|(status, _)| *status != 200).collect();
    assert!(errors.is_empty(), "{errors:?}");
}

#[tokio::test]
async fn answers_that_say_that_a_gateway_failed_are_replaced_and_others_are_not() {
    for (status, text) in [(502, "blue"), (503, "blue"), (504, "blue"), (500, ""), (404, "")] {
        let green = Origin::status(status).await;
        let (_blue, proxy) = rescued(&green).await;
        let reply = proxy.client().await.get("/").await;
        let expected = if text == "blue" { 200 } else { status };
        assert_eq!((reply.status.as_u16(), reply.text().as_str()), (expected, text), "{status}");
    }
}

#[tokio::test]
async fn what_may_have_had_an_effect_is_not_sent_to_the_other_colour() {
    let green = RawOrigin::sending("", Then::Close).await;
    let (blue, proxy) = rescued(&green).await;
    let reply = proxy.client().await.post("/", "pay").await;
    assert_eq!((reply.status.as_u16(), blue.count()), (502, 0));
    let mut client = proxy.client().await;
    let call = client.request("POST", "/").header("idempotency-key", "k1");
    let reply = call.body(body::sized(40_000)).send().await;
    assert_eq!((reply.status.as_u16(), reply.text().as_str()), (200, "blue"));
    assert_eq!(blue.requests()[0].hash.hex(), body::hash(&body::sized_bytes(40_000)));
}

#[tokio::test]
async fn a_body_that_nobody_has_seen_goes_to_the_other_colour_whatever_its_length() {
    let (blue, proxy) = rescued(&origin::raw::refusing().await).await;
    let reply = proxy.client().await.request("POST", "/").body(body::sized(3 << 20)).send().await;
    assert_eq!(reply.status, 200);
    assert_eq!(blue.requests()[0].hash.hex(), body::hash(&body::sized_bytes(3 << 20)));
}

#[tokio::test]
async fn a_body_longer_than_what_is_kept_is_sent_once() {
    let green = Origin::status(503).await;
    let (blue, proxy) = rescued(&green).await;
    let reply = proxy.client().await.request("PUT", "/").body(body::sized(1 << 20)).send().await;
    assert_eq!((reply.status.as_u16(), blue.count()), (503, 0));
}

#[tokio::test]
async fn the_colour_that_is_rolled_out_rescues_nobody() {
    let green = Origin::named("green").await;
    let rollout = "weights = { blue = 100, green = 0 }\nrescue = true";
    let refusing = origin::raw::refusing().await;
    let proxy = Proxy::with(Config::rollout(&refusing, &green, rollout)).await;
    assert_eq!(proxy.client().await.get("/").await.status, 502);
    assert_eq!(green.count(), 0);
}

#[tokio::test]
async fn without_rescue_failures_are_the_clients() {
    let blue = Origin::named("blue").await;
    let rollout = "weights = { blue = 0, green = 100 }\nrescue = false";
    let refusing = origin::raw::refusing().await;
    let proxy = Proxy::with(Config::rollout(&blue, &refusing, rollout)).await;
    assert_eq!(proxy.client().await.get("/").await.status, 502);
    assert_eq!(blue.count(), 0);
}

#[tokio::test]
async fn rescue_stays_under_the_caps_of_the_other_colour() {
    let blue = Origin::silent().await;
    let refusing = origin::raw::refusing().await;
    let config = Config::rollout(&blue, &refusing, GREEN).cluster("breaker = { requests = 1 }");
    let proxy = Proxy::with(config).await;
    let (mut first, mut second) = (proxy.client().await, proxy.client().await);
    let waiting = first.get("/");
    let refused = async {
        blue.reached(1).await;
        second.get("/").await
    };
    tokio::select! {
        reply = waiting => panic!("blue is silent, but {reply:?} came"),
        reply = refused => assert_eq!(reply.status, 502, "the first colour's failure"),
    }
    let labels = [("rollout", "app"), ("outcome", "failed")];
    proxy.metric_reaches("foxtrot_rescued_total", &labels, 1.0).await;
}
