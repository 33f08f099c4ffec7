//! A new configuration, by every way that it comes, without a dropped request.

use std::{fs, net::SocketAddr, os::unix::fs::symlink, path::Path};

use e2e::*;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

const BROKEN: &str = "[listeners.http]\nlisten = \"127.0.0.1:0\"\nlissten = 1\n";

async fn colours() -> (Origin, Origin, Proxy) {
    let (blue, green) = (Origin::named("blue").await, Origin::named("green").await);
    let proxy = Proxy::to(&blue).await;
    assert_eq!(proxy.client().await.get("/").await.text(), "blue");
    (blue, green, proxy)
}

async fn serves(proxy: &Proxy, name: &str) {
    let what = format!("{name} serves");
    eventually(&what, async || proxy.client().await.get("/").await.text() == name).await;
}

async fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

#[tokio::test]
async fn a_renamed_file_is_noticed() {
    let (_blue, green, proxy) = colours().await;
    proxy.write_config(Config::to(&green));
    serves(&proxy, "green").await;
}

#[tokio::test]
async fn a_file_written_in_place_is_noticed() {
    let (_blue, green, proxy) = colours().await;
    fs::write(proxy.config_path(), proxy::complete(&Config::to(&green).to_string())).unwrap();
    serves(&proxy, "green").await;
}

#[tokio::test]
async fn a_kubernetes_mount_is_noticed() {
    let (blue, green) = (Origin::named("blue").await, Origin::named("green").await);
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().to_owned();
    mount(&folder, "..2026_01", &Config::to(&blue));
    symlink("..data/foxtrot.toml", folder.join("foxtrot.toml")).unwrap();
    let proxy = Proxy::in_folder(dir, "foxtrot.toml").await;
    serves(&proxy, "blue").await;
    mount(&folder, "..2026_02", &Config::to(&green));
    serves(&proxy, "green").await;
}

/// What the kubelet does: a new folder, and `..data` renamed onto it.
fn mount(folder: &Path, version: &str, config: &Config) {
    fs::create_dir(folder.join(version)).unwrap();
    fs::write(folder.join(version).join("foxtrot.toml"), proxy::complete(&config.to_string()))
        .unwrap();
    symlink(version, folder.join("..data_tmp")).unwrap();
    fs::rename(folder.join("..data_tmp"), folder.join("..data")).unwrap();
}

#[tokio::test]
async fn sighup_reloads() {
    let (blue, green) = (Origin::named("blue").await, Origin::named("green").await);
    let unwatched = "[reload]\nwatch = false\npoll = \"0s\"";
    let proxy = Proxy::with(Config::to(&blue).more(unwatched)).await;
    proxy.write_config(Config::to(&green).more(unwatched));
    assert_eq!(proxy.client().await.get("/").await.text(), "blue");
    proxy.signal("HUP");
    serves(&proxy, "green").await;
}

#[tokio::test]
async fn contents_are_polled_where_files_give_no_events() {
    let (blue, green) = (Origin::named("blue").await, Origin::named("green").await);
    let polled = "[reload]\nwatch = false\npoll = \"100ms\"";
    let proxy = Proxy::with(Config::to(&blue).more(polled)).await;
    proxy.write_config(Config::to(&green).more(polled));
    serves(&proxy, "green").await;
}

#[tokio::test]
async fn the_admin_server_reloads_before_it_answers() {
    let (_blue, green, proxy) = colours().await;
    let before = proxy.generation().await;
    proxy.reload_ok(Config::to(&green)).await;
    assert_eq!(proxy.client().await.get("/").await.text(), "green");
    assert!(proxy.generation().await > before);
    assert!(proxy.metric("foxtrot_config_generation", &[]).await > before as f64);
    proxy.metric_reaches("foxtrot_config_reload_total", &[("result", "applied")], 1.0).await;
}

#[tokio::test]
async fn an_invalid_file_changes_nothing_and_is_shown() {
    let (_blue, _green, proxy) = colours().await;
    let before = proxy.generation().await;
    let reply = proxy.reload(BROKEN).await;
    assert!(reply.status.is_client_error(), "{}: {}", reply.status, reply.text());
    assert!(reply.text().contains("lissten"), "{}", reply.text());
    let status = proxy.status().await;
    assert!(status.to_string().contains("lissten"), "the status says nothing of it: {status}");
    assert_eq!(status["generation"], before);
    assert_eq!(proxy.client().await.get("/").await.text(), "blue");
    proxy.metric_reaches("foxtrot_config_reload_total", &[("result", "refused")], 1.0).await;
}

#[tokio::test]
async fn a_repaired_file_is_taken() {
    let (_blue, green, proxy) = colours().await;
    proxy.reload(BROKEN).await;
    proxy.reload_ok(Config::to(&green)).await;
    assert_eq!(proxy.client().await.get("/").await.text(), "green");
    assert!(!proxy.status().await.to_string().contains("lissten"));
}

#[tokio::test]
async fn a_missing_file_changes_nothing() {
    let (_blue, _green, proxy) = colours().await;
    fs::remove_file(proxy.config_path()).unwrap();
    let reply = proxy.admin("POST", "/reload").await;
    assert!(!reply.status.is_success(), "{}", reply.text());
    assert_eq!(proxy.client().await.get("/").await.text(), "blue");
}

#[tokio::test]
async fn a_listener_is_added_and_removed() {
    let (blue, _green, proxy) = colours().await;
    let extra = free_address().await;
    let more = format!("[listeners.extra]\nlisten = \"{extra}\"");
    proxy.reload_ok(Config::to(&blue).more(more)).await;
    assert_eq!(Client::h1(extra).await.get("/").await.text(), "blue");
    proxy.reload_ok(Config::to(&blue)).await;
    eventually("the listener to be gone", async || TcpStream::connect(extra).await.is_err()).await;
    assert_eq!(proxy.client().await.get("/").await.text(), "blue");
}

#[tokio::test]
async fn a_listener_whose_port_is_taken_is_refused_and_the_old_ones_stay() {
    let (blue, _green, proxy) = colours().await;
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let more = format!("[listeners.extra]\nlisten = \"{}\"", taken.local_addr().unwrap());
    let reply = proxy.reload(Config::to(&blue).more(more)).await;
    assert!(!reply.status.is_success(), "{}", reply.text());
    assert_eq!(proxy.client().await.get("/").await.text(), "blue");
}

#[tokio::test]
async fn a_kept_connection_sees_the_new_configuration() {
    let (_blue, green, proxy) = colours().await;
    let mut client = proxy.client().await;
    assert_eq!(client.get("/").await.text(), "blue");
    proxy.reload_ok(Config::to(&green)).await;
    assert_eq!(client.get("/").await.text(), "green");
}

#[tokio::test]
async fn a_request_in_flight_ends_where_it_began() {
    let (slow, green) =
        (Origin::slow(Duration::from_millis(500)).await, Origin::named("green").await);
    let proxy = Proxy::to(&slow).await;
    let mut client = proxy.client().await;
    let reload = async {
        slow.request(0).await;
        proxy.reload_ok(Config::to(&green)).await;
    };
    let (reply, ()) = tokio::join!(client.get("/"), reload);
    assert_eq!((reply.status.as_u16(), reply.text().as_str()), (200, "slow"));
}

#[tokio::test]
async fn endpoints_that_are_gone_take_no_room_from_new_ones() {
    let old = Origin::new(|request: origin::Incomer| async move {
        if request.uri().path() == "/endless" {
            return http::Response::new(body::endless(Duration::from_millis(10)));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        origin::answer(200, "old")
    })
    .await;
    let new = Origin::slow(Duration::from_millis(100)).await;
    let capped = "breaker = { connections = 4, pending = 0 }\nretry = { max = 0 }";
    let proxy = Proxy::with(Config::to(&old).cluster(capped)).await;
    let client = proxy.h2c().await;
    // As long as this goes on, so does the snapshot that it began with.
    let _endless = client.another().request("GET", "/endless").open().await.unwrap();
    let three = async || {
        let one = async |mut client: Client| client.get("/").await.status.as_u16();
        futures_util::future::join_all((0..3).map(|_| one(client.another()))).await
    };
    assert_eq!(three().await, [200; 3]);
    assert_eq!(old.open_connections(), 4);
    proxy.reload_ok(Config::to(&new).cluster(capped)).await;
    assert_eq!(three().await, [200; 3]);
    eventually("idle connections to close", async || old.open_connections() == 1).await;
}

#[tokio::test]
async fn a_websocket_lives_on() {
    let (tunnel, green) = (Origin::tunnel().await, Origin::named("green").await);
    let proxy = Proxy::to(&tunnel).await;
    let (_, mut socket) = proxy.client().await.request("GET", "/").upgrade().await;
    proxy.reload_ok(Config::to(&green)).await;
    socket.write_all(b"ping").await.unwrap();
    let mut back = [0; 4];
    within("the echo", socket.read_exact(&mut back)).await.unwrap();
    assert_eq!(&back, b"ping");
}

#[tokio::test]
async fn no_request_fails_while_the_configuration_changes() {
    let (blue, green, proxy) = colours().await;
    let done = std::cell::Cell::new(false);
    let reloads = async {
        for _ in 0..10 {
            proxy.reload_ok(Config::to(&green)).await;
            proxy.reload_ok(Config::to(&blue)).await;
        }
        done.set(true);
    };
    let load = async {
        let mut client = proxy.client().await;
        let mut count = 0;
        while !done.get() {
            assert_eq!(client.get("/").await.status, 200);
            assert_eq!(proxy.client().await.get("/").await.status, 200);
            count += 2;
        }
        count
    };
    let ((), count) = tokio::join!(reloads, load);
    assert!(count > 0);
}

#[tokio::test]
async fn history_is_kept_and_can_be_gone_back_to() {
    let (blue, green, proxy) = colours().await;
    let first = proxy.generation().await;
    proxy.reload_ok(Config::to(&green)).await;
    let history = proxy.admin_get("/config/history").await.to_string();
    assert!(history.contains(&first.to_string()), "{history}");
    let diff = proxy.admin("GET", &format!("/config/diff?from={first}")).await;
    let (old, new) = (blue.addr().port().to_string(), green.addr().port().to_string());
    assert!(diff.text().contains(&old) && diff.text().contains(&new), "{}", diff.text());
    let reply = proxy.admin("POST", &format!("/config/rollback?generation={first}")).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(proxy.client().await.get("/").await.text(), "blue");
}

#[tokio::test]
async fn old_configurations_do_not_pile_up_in_memory() {
    let (blue, green, proxy) = colours().await;
    let round = async || {
        for _ in 0..20 {
            proxy.reload_ok(Config::to(&green)).await;
            proxy.reload_ok(Config::to(&blue)).await;
        }
    };
    round().await;
    let before = proxy.rss_bytes();
    round().await;
    let grown = proxy.rss_bytes().saturating_sub(before);
    assert!(grown < 16 << 20, "40 reloads cost {} KiB", grown >> 10);
}

#[tokio::test]
async fn a_rollback_lasts_until_the_file_says_something_else() {
    let (blue, green, proxy) = colours().await;
    proxy.reload_ok(Config::to(&green)).await;
    let reply = proxy.admin("POST", "/config/rollback?generation=1").await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let generation = proxy.generation().await;
    // Noticed, but the same as before in other words.
    let unchanged = [("result", "unchanged")];
    let before = proxy.metric("foxtrot_config_reload_total", &unchanged).await;
    proxy.write_config(format!("# seen\n{}", Config::to(&green)));
    proxy.metric_reaches("foxtrot_config_reload_total", &unchanged, before + 1.0).await;
    assert_eq!(proxy.generation().await, generation);
    assert_eq!(proxy.client().await.get("/").await.text(), "blue");
    // Whoever asks for the file gets it.
    proxy.reload_ok(format!("# seen\n{}", Config::to(&green))).await;
    assert_eq!(proxy.client().await.get("/").await.text(), "green");
    let reply = proxy.admin("POST", "/config/rollback?generation=1").await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let generation = proxy.generation().await;
    proxy.write_config(Config::to(&green).listener("limits = { streams = 50 }"));
    proxy.generation_after(generation).await;
    assert_eq!(proxy.client().await.get("/").await.text(), "green");
    drop(blue);
}

#[tokio::test]
async fn a_certificate_is_renewed_after_a_rollback() {
    let (origin, ca) = (Origin::named("ok").await, Ca::new());
    let identity = ca.server(&["app.test"]);
    let proxy = Proxy::with(Config::to(&origin).tls("", &[&identity])).await;
    // Nothing names the certificate but the text that is gone back to.
    proxy.reload_ok(Config::to(&origin)).await;
    let reply = proxy.admin("POST", "/config/rollback?generation=1").await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let generation = proxy.generation().await;
    let _renewed = ca.server(&["app.test"]);
    proxy.generation_after(generation).await;
    assert!(Tls::trust(&ca).handshake(proxy.http()).await.is_ok());
}

#[tokio::test]
async fn files_that_no_pattern_matches_make_no_generation() {
    let (blue, green) = (Origin::named("blue").await, Origin::named("green").await);
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("conf.d")).unwrap();
    let text = proxy::complete(&Config::to(&blue).to_string());
    let text = format!("include = [\"conf.d/*.toml\"]\n{text}");
    fs::write(dir.path().join("foxtrot.toml"), text).unwrap();
    let proxy = Proxy::in_folder(dir, "foxtrot.toml").await;
    for other in ["access.jsonl", "conf.d/notes.txt"] {
        fs::write(proxy.folder().join(other), "").unwrap();
    }
    let route = "[clusters.green]\nendpoints = [ORIGIN]\n[[routes]]\nmatch = { path = \"/green\" }\nto = \"cluster:green\"\n";
    let route = route.replace("ORIGIN", &format!("{:?}", green.url()));
    fs::write(proxy.folder().join("conf.d/a.toml"), route).unwrap();
    let what = "the file that matches";
    eventually(what, async || proxy.client().await.get("/green").await.text() == "green").await;
    assert_eq!(proxy.generation().await, 2);
}

#[tokio::test]
async fn listeners_on_any_port_keep_it() {
    let (blue, green) = (Origin::named("blue").await, Origin::named("green").await);
    let more = "[listeners.extra]\nlisten = \"127.0.0.1:0\"";
    let proxy = Proxy::with(Config::to(&blue).more(more)).await;
    proxy.reload_ok(Config::to(&green).more(more)).await;
    for listener in ["http", "extra"] {
        let reply = Client::h1(proxy.addr(listener)).await.get("/").await;
        assert_eq!(reply.text(), "green", "{listener}");
    }
}
