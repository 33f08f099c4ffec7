//! Gates and fleets of foxctl over the real proxy: what conf/gates.toml asks for is what the admin server says.

use e2e::{proxy::run_binary, *};

async fn edge(blue: &Origin, green: &[&Origin]) -> Proxy {
    let green: Vec<_> = green.iter().map(|origin| origin.url()).collect();
    Proxy::with(format!(
        "[listeners.http]\nlisten = \"127.0.0.1:0\"\n\
         [clusters.gateway-blue]\nendpoints = [\"{}\"]\n\
         [clusters.gateway-green]\nlike = \"gateway-blue\"\nendpoints = {:?}\n\
         outlier = {{ consecutive_5xx = 2, eject = \"60s\", max_ejected = 100 }}\n\
         [rollouts.gateway]\nblue = \"gateway-blue\"\ngreen = \"gateway-green\"\nweights = {{ blue = 0, green = 100 }}\n\
         [[routes]]\nto = \"rollout:gateway\"\n",
        blue.url(),
        green,
    ))
    .await
}

async fn foxctl(proxies: &[&Proxy], arguments: &str) -> (Option<i32>, Value) {
    let gates = concat!(env!("CARGO_MANIFEST_DIR"), "/../conf/gates.toml");
    let mut words = vec!["--json".to_owned()];
    for proxy in proxies {
        words.extend(["--admin".to_owned(), format!("http://{}", proxy.admin_addr())]);
    }
    words.extend(arguments.replace("GATES", gates).split(' ').map(str::to_owned));
    let run = move || {
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        run_binary("foxctl", &words, &[])
    };
    let exit = tokio::task::spawn_blocking(run).await.unwrap();
    let document = serde_json::from_str(&exit.output);
    (exit.code, document.unwrap_or_else(|error| panic!("{error}: {}", exit.output)))
}

#[tokio::test]
async fn a_healthy_green_passes_dev() {
    let (blue, green) = (Origin::named("blue").await, Origin::named("green").await);
    let proxy = edge(&blue, &[&green]).await;
    let (code, verdict) = foxctl(&[&proxy], "gate check dev --file GATES").await;
    assert_eq!((code, &verdict["unknown"]), (Some(0), &json!(0)), "{verdict}");
}

#[tokio::test]
async fn a_green_that_fails_calls_for_going_back() {
    let blue = Origin::named("blue").await;
    // The last endpoint of a cluster is not ejected.
    let (green, other) = (Origin::status(500).await, Origin::status(500).await);
    let proxy = edge(&blue, &[&green, &other]).await;
    let mut client = proxy.client().await;
    for _ in 0..8 {
        assert_eq!(client.get("/").await.status, 500);
    }
    let (code, verdict) = foxctl(&[&proxy], "gate check dev --file GATES").await;
    assert_eq!(
        (code, &verdict["pass"], &verdict["rollback"]),
        (Some(1), &json!(false), &json!(true)),
        "{verdict}"
    );
}

#[tokio::test]
async fn no_traffic_and_no_log_pass_nothing() {
    let (blue, green) = (Origin::named("blue").await, Origin::named("green").await);
    let proxy = edge(&blue, &[&green]).await;
    let (code, verdict) =
        foxctl(&[&proxy], "gate check prod --part verification --file GATES").await;
    assert_eq!(code, Some(1));
    let states: Vec<_> =
        verdict["conditions"].as_array().unwrap().iter().map(|it| &it["state"]).collect();
    // Shares are known; requests and events are not.
    assert_eq!(states, ["yes", "unknown", "unknown", "unknown"], "{verdict}");
}

#[tokio::test]
async fn a_fleet_is_ready_or_says_what_keeps_it() {
    let (blue, green) = (Origin::named("blue").await, Origin::named("green").await);
    let (one, other) = (edge(&blue, &[&green]).await, edge(&blue, &[&green]).await);
    let (code, proof) = foxctl(&[&one, &other], "fleet status gateway --to blue").await;
    assert_eq!((code, &proof["outcome"]), (Some(0), &json!("ready")), "{proof}");
    let (code, proof) = foxctl(&[&one, &other], "fleet status gateway --to green").await;
    assert_eq!((code, &proof["outcome"]), (Some(1), &json!("not_ready")), "{proof}");
    let (code, _) = foxctl(&[&one, &other], "fleet status none").await;
    assert_eq!(code, Some(1));
}
