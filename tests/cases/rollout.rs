//! Rollouts that move by themselves or by hand: phases, reloads, restarts, refusals, the event log.

use std::path::Path;

use e2e::*;
use foxtrot_api::Chain;
use serde_json::Value;
use tempfile::TempDir;

/// Steps that a test can wait for.
const QUICK: &str = "step_every = \"200ms\"\nsoak = \"200ms\"\nrollback = { drain = \"1s\" }\n";

/// Steps that only an operator takes.
const SLOW: &str = "step_every = \"10m\"\n";

async fn colours() -> (Origin, Origin) {
    (Origin::named("blue").await, Origin::named("green").await)
}

async fn proxy(lines: &str) -> (Proxy, Origin, Origin) {
    let (blue, green) = colours().await;
    let proxy = Proxy::with(Config::rollout(&blue, &green, lines)).await;
    (proxy, blue, green)
}

fn kept_in(dir: &TempDir, config: Config) -> Config {
    config.more(format!("[state]\ndir = {:?}\n", dir.path()))
}

async fn status(proxy: &Proxy) -> Value {
    proxy.admin_get("/rollouts").await[0].clone()
}

async fn ask(proxy: &Proxy, what: &str) -> (u16, Value) {
    let reply = proxy.admin("POST", &format!("/rollouts/app/{what}")).await;
    (reply.status.as_u16(), reply.json())
}

async fn ask_ok(proxy: &Proxy, what: &str) -> Value {
    let (status, change) = ask(proxy, what).await;
    assert_eq!(status, 200, "{what}: {change}");
    change
}

async fn reaches(proxy: &Proxy, phase: &str) {
    let what = format!("phase {phase}");
    eventually(&what, async || status(proxy).await["phase"] == phase).await;
}

fn green(status: &Value) -> f64 {
    status["weights"]["green"].as_f64().unwrap()
}

/// Events that `GET /events` has of a kind.
async fn events(proxy: &Proxy, kind: &str) -> Vec<Value> {
    let text = proxy.admin("GET", "/events").await.text();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter(|event| event["kind"] == kind).collect()
}

/// Number of events on disk, each of which must follow the one before.
fn verified(dir: &Path) -> usize {
    let mut files: Vec<_> = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    files.sort();
    let mut chain = Chain::new();
    for path in files {
        for line in std::fs::read(path).unwrap().split(|byte| *byte == b'\n') {
            if !line.is_empty() {
                chain.follow(line).unwrap();
            }
        }
    }
    chain.seq().unwrap() as usize
}

#[tokio::test]
async fn a_rollout_goes_by_itself_from_start_to_done() {
    let (proxy, _blue, _green) = proxy(&format!("steps = [10, 50]\n{QUICK}")).await;
    let change = ask_ok(&proxy, "start").await;
    assert_eq!(
        (&change["before"]["phase"], &change["after"]["phase"]),
        (&"idle".into(), &"steps".into())
    );
    assert_eq!(green(&change["after"]), 10.0);
    assert!(change["note"].as_str().unwrap().contains("no state directory"), "{change}");
    reaches(&proxy, "done").await;
    let done = status(&proxy).await;
    assert_eq!((green(&done), &done["declared"]["green"]), (100.0, &0.0.into()));
    assert_eq!((&done["differs"], &done["step"]), (&true.into(), &3.into()));
    assert_eq!(proxy.client().await.get("/").await.text(), "green");
    let shares: Vec<_> = events(&proxy, "weights").await;
    let shares: Vec<_> =
        shares.iter().map(|event| event["to"]["green"].as_f64().unwrap()).collect();
    assert_eq!(shares, [10.0, 50.0, 100.0]);
    let phases: Vec<_> = events(&proxy, "phase").await;
    let phases: Vec<_> = phases.iter().map(|event| event["phase"].as_str().unwrap()).collect();
    assert_eq!(phases, ["steps", "full", "soak", "done"]);
    assert_eq!(proxy.metric("foxtrot_rollout_phase", &[("phase", "done")]).await, 1.0);
    assert_eq!(proxy.metric("foxtrot_rollout_phase", &[("phase", "idle")]).await, 0.0);
    // The next release goes the other way.
    assert_eq!(ask_ok(&proxy, "start").await["after"]["towards"], "blue");
    reaches(&proxy, "done").await;
    assert_eq!(proxy.client().await.get("/").await.text(), "blue");
}

#[tokio::test]
async fn a_mirror_comes_before_the_first_step() {
    let lines = format!("steps = [50]\nmirror = {{ to = \"green\" }}\n{SLOW}");
    let (proxy, _blue, green_origin) = proxy(&lines).await;
    let change = ask_ok(&proxy, "start").await;
    assert_eq!((&change["after"]["phase"], green(&change["after"])), (&"mirror".into(), 0.0));
    assert_eq!(proxy.client().await.get("/").await.text(), "blue");
    eventually("a copy", async || green_origin.count() > 0).await;
    let change = ask_ok(&proxy, "step").await;
    assert_eq!((&change["after"]["phase"], green(&change["after"])), (&"steps".into(), 50.0));
}

#[tokio::test]
async fn an_operator_steps_pauses_promotes_and_rolls_back() {
    let (proxy, _blue, _green) = proxy(SLOW).await;
    assert_eq!(green(&ask_ok(&proxy, "start").await["after"]), 5.0);
    assert_eq!(green(&ask_ok(&proxy, "step").await["after"]), 25.0);
    assert_eq!(ask_ok(&proxy, "pause").await["after"]["paused"], true);
    assert_eq!(green(&ask_ok(&proxy, "step").await["after"]), 50.0);
    assert_eq!(ask_ok(&proxy, "start").await["after"]["paused"], false);
    let change = ask_ok(&proxy, "promote").await;
    assert_eq!((&change["after"]["phase"], green(&change["after"])), (&"full".into(), 100.0));
    assert_eq!(proxy.client().await.get("/").await.text(), "green");
    let change = ask_ok(&proxy, "rollback").await;
    assert_eq!((&change["after"]["phase"], green(&change["after"])), (&"rollback".into(), 0.0));
    assert!(change["took_ms"].as_f64().unwrap() < 1000.0, "{change}");
    assert_eq!(proxy.client().await.get("/").await.text(), "blue");
    reaches(&proxy, "idle").await;
    let last = status(&proxy).await["last_rollback"].clone();
    assert_eq!((&last["why"], &last["late"]), (&"rolled back by hand".into(), &false.into()));
    assert!(last["took_ms"].is_u64(), "{last}");
    assert_eq!(ask_ok(&proxy, "rollback").await["note"], "nothing to do");
}

#[tokio::test]
async fn held_steps_wait_and_a_deadline_takes_them_back() {
    let lines = format!("deadline = \"1s\"\n{QUICK}");
    let (proxy, _blue, _green) = proxy(&lines).await;
    let change = ask_ok(&proxy, "start?hold=true").await;
    assert_eq!((&change["after"]["paused"], green(&change["after"])), (&true.into(), 5.0));
    reaches(&proxy, "idle").await;
    let back = status(&proxy).await;
    assert_eq!(green(&back), 0.0);
    assert!(back["why"].as_str().unwrap().starts_with("deadline"), "{back}");
    let weights = events(&proxy, "weights").await;
    assert_eq!(weights.len(), 2, "no step was taken by itself: {weights:?}");
}

#[tokio::test]
async fn what_cannot_be_done_is_refused_and_moves_nothing() {
    let (proxy, _blue, _green) = proxy(SLOW).await;
    for (what, expected) in
        [("step", 409), ("pause", 409), ("step?force=maybe", 400), ("stop", 404)]
    {
        assert_eq!(ask(&proxy, what).await.0, expected, "{what}");
    }
    let unknown = proxy.admin("POST", "/rollouts/ap/start").await;
    assert_eq!(unknown.status, 404);
    assert_eq!(unknown.json()["error"], "no rollout `ap`; there is app");
    assert_eq!(green(&status(&proxy).await), 0.0);
    ask_ok(&proxy, "start").await;
    let (code, twice) = ask(&proxy, "start").await;
    assert_eq!(
        (code, &twice["error"]),
        (409, &"rollout `app`: it is under way, in phase steps".into())
    );
    assert_eq!(green(&status(&proxy).await), 5.0);
}

#[tokio::test]
async fn a_dead_green_is_not_started_and_takes_a_rollout_back() {
    let (blue, green_origin) = colours().await;
    let health = "health = { path = \"/\", every = \"50ms\", rise = 1, fall = 1 }";
    let config = |url: &str| {
        Config::to(&blue).target("rollout:app").more(format!(
            "[clusters.green]\nendpoints = [{url:?}]\n{health}\n[rollouts.app]\nblue = \"app\"\ngreen = \"green\"\n{SLOW}"
        ))
    };
    let proxy = Proxy::with(config("http://127.0.0.1:1")).await;
    let (code, refused) = ask(&proxy, "start").await;
    assert_eq!(
        (code, &refused["error"]),
        (409, &"rollout `app`: green has no healthy endpoint".into())
    );
    assert_eq!(ask(&proxy, "promote?force=true").await.0, 409);
    proxy.reload_ok(config(&green_origin.url())).await;
    eventually("a healthy green", async || ask(&proxy, "start").await.0 == 200).await;
    drop(green_origin);
    reaches(&proxy, "idle").await;
    let back = status(&proxy).await;
    assert_eq!((green(&back), &back["why"]), (0.0, &"green has no healthy endpoint".into()));
    let by_guard = async || {
        let weights = events(&proxy, "weights").await;
        weights.last().is_some_and(|event| event["cause"] == "guard")
    };
    eventually("the event", by_guard).await;
}

#[tokio::test]
async fn a_reload_moves_nobody_unless_it_declares_other_weights() {
    let (blue, green_origin) = colours().await;
    let config = |lines: &str| Config::rollout(&blue, &green_origin, lines);
    let proxy = Proxy::with(config(SLOW)).await;
    ask_ok(&proxy, "start").await;
    proxy.reload_ok(config("step_every = \"20m\"\n")).await;
    let after = status(&proxy).await;
    assert_eq!((&after["phase"], green(&after)), (&"steps".into(), 5.0));
    proxy.reload_ok(config("weights = { blue = 30, green = 70 }\n")).await;
    let after = status(&proxy).await;
    assert_eq!(
        (&after["phase"], green(&after), &after["differs"]),
        (&"idle".into(), 70.0, &false.into())
    );
    let by_reload = async || {
        let weights = events(&proxy, "weights").await;
        weights.last().is_some_and(|event| event["cause"] == "reload")
    };
    eventually("the event", by_reload).await;
    let reloads = events(&proxy, "reload").await;
    assert!(reloads.iter().filter(|event| event["result"] == "applied").count() >= 2);
}

#[tokio::test]
async fn a_restart_goes_on_where_it_was() {
    let (blue, green_origin) = colours().await;
    let dir = tempfile::tempdir().unwrap();
    let config = kept_in(&dir, Config::rollout(&blue, &green_origin, SLOW));
    let mut proxy = Proxy::with(&config).await;
    assert_eq!(ask_ok(&proxy, "start").await["note"], "");
    ask_ok(&proxy, "step").await;
    proxy.signal("TERM");
    proxy.wait_exit().await;
    let mut proxy = Proxy::with(&config).await;
    let after = status(&proxy).await;
    assert_eq!((&after["phase"], green(&after)), (&"steps".into(), 25.0));
    // What was answered is on disk, whatever happens next.
    ask_ok(&proxy, "rollback").await;
    proxy.signal("KILL");
    proxy.wait_exit().await;
    let mut proxy = Proxy::with(&config).await;
    assert_eq!(green(&status(&proxy).await), 0.0);
    ask_ok_when_drained(&proxy, "promote").await;
    proxy.signal("TERM");
    proxy.wait_exit().await;
    let lines = format!("weights = {{ blue = 99, green = 1 }}\n{SLOW}");
    let other = kept_in(&dir, Config::rollout(&blue, &green_origin, &lines));
    let mut proxy = Proxy::with(&other).await;
    let after = status(&proxy).await;
    assert_eq!(
        (&after["phase"], green(&after)),
        (&"idle".into(), 1.0),
        "what is declared anew wins"
    );
    assert!(after["warning"].as_str().unwrap().contains("changed while"), "{after}");
    proxy.signal("TERM");
    proxy.wait_exit().await;
    assert!(verified(dir.path()) > 10);
}

async fn ask_ok_when_drained(proxy: &Proxy, what: &str) {
    reaches(proxy, "idle").await;
    ask_ok(proxy, what).await;
}

#[tokio::test]
async fn a_state_file_that_cannot_be_read_is_kept_aside() {
    let (blue, green_origin) = colours().await;
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("rollouts.json"), "{\"version\":1,").unwrap();
    let proxy = Proxy::with(kept_in(&dir, Config::rollout(&blue, &green_origin, SLOW))).await;
    let after = status(&proxy).await;
    assert_eq!(green(&after), 0.0);
    assert!(after["warning"].as_str().unwrap().contains("kept as"), "{after}");
    let names = std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(names.into_iter().any(|name| name.to_string_lossy().contains(".corrupt-")));
    eventually("the event", async || events(&proxy, "corrupt_state").await.len() == 1).await;
    ask_ok(&proxy, "start").await;
    assert!(status(&proxy).await["warning"].is_null());
}

#[tokio::test]
async fn events_rotate_and_two_processes_do_not_share_a_directory() {
    let (blue, green_origin) = colours().await;
    let dir = tempfile::tempdir().unwrap();
    let config = |poll: &str| {
        Config::rollout(&blue, &green_origin, SLOW).more(format!(
            "[reload]\npoll = {poll:?}\n[state]\ndir = {:?}\nevents = {{ rotate = \"1KiB\", keep = 3 }}\n",
            dir.path()
        ))
    };
    let proxy = Proxy::with(config("10s")).await;
    for round in 1..40 {
        proxy.reload_ok(config(&format!("{round}m"))).await;
    }
    let first = dir.path().join("events-000000000001.jsonl");
    eventually("the end of the first file", async || !first.exists()).await;
    let files = || {
        let paths = std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().path());
        paths.filter(|path| path.extension().is_some_and(|end| end == "jsonl")).count()
    };
    eventually("as many files as are kept", async || files() == 3).await;
    let second = dir.path().join("second.toml");
    std::fs::write(&second, proxy::complete(&config("10s").to_string())).unwrap();
    let second = proxy::run(&["run", "--config", second.to_str().unwrap()]);
    assert_eq!(second.code, Some(1), "{second:?}");
    assert!(second.output.contains("another process has"), "{second:?}");
    drop(proxy);
}

#[tokio::test]
async fn a_hundred_flips_lose_no_request() {
    let (proxy, _blue, _green) = proxy("rollback = { drain = \"0s\" }\nsoak = \"0s\"\n").await;
    let mut client = proxy.client().await;
    for flip in 0..100 {
        eventually("the end of the flip before", async || {
            matches!(status(&proxy).await["phase"].as_str(), Some("idle" | "done"))
        })
        .await;
        ask_ok(&proxy, "promote").await;
        let expected = if flip % 2 == 0 { "green" } else { "blue" };
        let reply = client.get("/").await;
        assert_eq!((reply.status.as_u16(), reply.text().as_str()), (200, expected), "flip {flip}");
    }
}

#[tokio::test]
async fn foxctl_drives_a_rollout() {
    let (proxy, _blue, _green) = proxy(&format!("steps = [50]\n{QUICK}")).await;
    let url = format!("http://{}", proxy.admin_addr());
    let foxctl = |arguments: &[&str]| {
        let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        let url = url.clone();
        tokio::task::spawn_blocking(move || {
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            proxy::run_binary("foxctl", &arguments, &[("FOXTROT_ADMIN", &url)])
        })
    };
    let watched = foxctl(&["rollout", "start", "app", "--watch"]).await.unwrap();
    assert_eq!(watched.code, Some(0), "{watched:?}");
    assert!(watched.output.contains("app: idle to steps, 100 / 0 to 50 / 50"), "{watched:?}");
    assert!(watched.output.contains("app: done, blue / green 0 / 100"), "{watched:?}");
    let shown = foxctl(&["rollout", "status"]).await.unwrap();
    assert_eq!(shown.code, Some(0), "{shown:?}");
    assert!(shown.output.contains("are not those declared"), "{shown:?}");
    let back = foxctl(&["rollout", "rollback", "app"]).await.unwrap();
    assert!(back.output.contains("app: done to rollback, 0 / 100 to 100 / 0"), "{back:?}");
    let json = foxctl(&["--json", "rollout", "status", "app"]).await.unwrap();
    assert_eq!(json.code, Some(1), "a rollback is a finding: {json:?}");
    assert_eq!(serde_json::from_str::<Value>(&json.output).unwrap()[0]["weights"]["blue"], 100.0);
    for (arguments, code) in [
        (&["rollout", "start", "ap"][..], 1),
        (&["rollout", "status", "ap"], 1),
        (&["rollout", "start", "a/b"], 2),
        (&["rollout", "start"], 2),
        (&["--admin", "http://127.0.0.1:1", "rollout", "status"], 3),
    ] {
        let exit = foxctl(arguments).await.unwrap();
        assert_eq!(exit.code, Some(code), "{arguments:?}: {exit:?}");
    }
}

#[tokio::test]
async fn a_fleet_moves_together() {
    let (blue, green) = colours().await;
    let lines = format!("steps = [50]\n{QUICK}");
    let proxy = async || Proxy::with(Config::rollout(&blue, &green, &lines)).await;
    let proxies = [proxy().await, proxy().await];
    let admins = proxies.each_ref().map(|proxy| format!("http://{}", proxy.admin_addr())).join(",");
    for (what, share) in [("cutover", 100.0), ("rollback", 0.0)] {
        let admins = admins.clone();
        let arguments =
            move || proxy::run_binary("foxctl", &["--admin", &admins, "fleet", what, "app"], &[]);
        let moved = tokio::task::spawn_blocking(arguments).await.unwrap();
        assert_eq!(moved.code, Some(0), "{moved:?}");
        for proxy in &proxies {
            assert_eq!(green_of(proxy).await, share, "{moved:?}");
        }
    }
}

#[tokio::test]
async fn the_log_proves_what_happened() {
    let (blue, green) = colours().await;
    let dir = TempDir::new().unwrap();
    let config = kept_in(&dir, Config::rollout(&blue, &green, &format!("steps = [50]\n{QUICK}")));
    let proxy = Proxy::with(config).await;
    ask_ok(&proxy, "start").await;
    reaches(&proxy, "done").await;
    drop(proxy);
    let log = first_log(dir.path());
    let verify =
        || proxy::run_binary("foxctl", &["evidence", "verify", log.to_str().unwrap()], &[]);
    let whole = verify();
    assert_eq!(whole.code, Some(0), "{whole:?}");
    let text = std::fs::read_to_string(&log).unwrap();
    std::fs::write(&log, text.replacen("\"weights\"", "\"weighed\"", 1)).unwrap();
    assert_eq!(verify().code, Some(1));
}

async fn green_of(proxy: &Proxy) -> f64 {
    green(&status(proxy).await)
}

fn first_log(dir: &Path) -> std::path::PathBuf {
    let files = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let mut logs: Vec<_> = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "jsonl"))
        .collect();
    logs.sort();
    logs.remove(0)
}
