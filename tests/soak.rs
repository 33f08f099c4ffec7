//! The promises that only show over many reloads, connections or bytes.
//!
//! They measure memory, which depends on how much of the machine others take. That is why they are a binary of their own,
//! which cargo runs by itself, and why they run one after the other.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::large_futures,
    clippy::print_stdout,
    reason = "test code fails by panicking, and may be as large as it reads best"
)]

use std::{
    cell::{Cell, RefCell},
    net::{SocketAddr, TcpListener},
    rc::Rc,
    time::Duration,
};

use e2e::*;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    task::LocalSet,
};

/// Held by the one that runs.
static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// What the load has seen so far.
#[derive(Default)]
struct Load {
    over: Cell<bool>,
    requests: Cell<u64>,
    failures: RefCell<Vec<String>>,
}

const H1_CONNECTIONS: usize = 64;
const H2_CONNECTIONS: usize = 16;
const STREAMS: usize = 4;
const TUNNELS: usize = 100;
const RELOADS: usize = 200;
const WARM_REQUESTS: u64 = 20_000;

#[tokio::test]
async fn two_hundred_reloads_under_load_lose_nothing() {
    let _alone = ALONE.lock().await;
    LocalSet::new().run_until(reloads_under_load()).await;
}

async fn reloads_under_load() {
    let origins =
        [Origin::named("one").await, Origin::named("two").await, Origin::named("three").await];
    let tunnel = Origin::tunnel().await;
    let extra = free_port();
    let config = |round: usize| configuration(round, &origins, &tunnel, extra);
    let proxy = Proxy::with(config(0)).await;
    let mut tunnels = open_tunnels(&proxy).await;

    let load = Rc::new(Load::default());
    let clients = spawn_load(&proxy, &load).await;
    let mut rss_before = 0;
    for round in 1..=RELOADS {
        proxy.reload_ok(config(round)).await;
        if has_extra(round) {
            use_extra_listener(extra, &load).await;
        }
        if round.is_multiple_of(100) {
            println!(
                "round {round}: {} KiB, {} descriptors",
                proxy.rss_bytes() >> 10,
                proxy.descriptors()
            );
        }
        if round == 20 {
            // Buffers and pools grow to what the load needs at its busiest, which is not what reloads are to blame for.
            within_long("the load to be warm", requests_reach(&load, WARM_REQUESTS)).await;
            rss_before = proxy.rss_bytes();
        }
    }
    let rss_after = proxy.rss_bytes();
    load.over.set(true);
    for client in clients {
        within("the load to end", client).await.unwrap();
    }

    assert!(load.requests.get() > RELOADS as u64, "{} requests are no load", load.requests.get());
    let failures = load.failures.take();
    assert!(failures.is_empty(), "{failures:?} of {} requests", load.requests.get());
    for tunnel in &mut tunnels {
        echo(tunnel).await;
    }
    assert!(
        rss_after <= rss_before + rss_before / 10,
        "{} KiB after 20 reloads, {} KiB after {RELOADS}",
        rss_before >> 10,
        rss_after >> 10
    );
    println!(
        "{} requests, {RELOADS} reloads, rss {} -> {} KiB",
        load.requests.get(),
        rss_before >> 10,
        rss_after >> 10
    );
}

/// Each round flips the weights; every other one swaps an endpoint and adds or removes a listener.
fn configuration(round: usize, origins: &[Origin; 3], tunnel: &Origin, extra: u16) -> String {
    let green = if round.is_multiple_of(2) { 0 } else { 100 };
    let swapped = &origins[1 + round / 2 % 2];
    let listener = if has_extra(round) {
        format!("[listeners.extra]\nlisten = \"127.0.0.1:{extra}\"\n")
    } else {
        String::new()
    };
    format!(
        "[log]\nlevel = \"warn\"\n[listeners.http]\nlisten = \"127.0.0.1:0\"\nprotocols = [\"h2\", \"http/1.1\"]\n{listener}\
         [clusters.blue]\nendpoints = [\"http://{}\"]\n\
         [clusters.green]\nendpoints = [\"http://{}\"]\n\
         [clusters.tunnel]\nendpoints = [\"http://{}\"]\n\
         [rollouts.app]\nblue = \"blue\"\ngreen = \"green\"\nweights = {{ blue = {}, green = {green} }}\n\
         [[routes]]\nto = \"rollout:app\"\n\
         [[routes]]\nmatch = {{ path = \"/tunnel\" }}\nto = \"cluster:tunnel\"\n",
        origins[0].addr(),
        swapped.addr(),
        tunnel.addr(),
        100 - green,
    )
}

fn has_extra(round: usize) -> bool {
    round % 4 >= 2
}

/// A port outside the range that the kernel gives to outgoing connections: one of those could take it between two rounds.
fn free_port() -> u16 {
    let start = 20_000 + u16::try_from(std::process::id() % 10_000).unwrap();
    (start..).find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).unwrap()
}

async fn spawn_load(proxy: &Proxy, load: &Rc<Load>) -> Vec<tokio::task::JoinHandle<()>> {
    let mut clients = Vec::new();
    for _ in 0..H1_CONNECTIONS {
        clients.push(tokio::task::spawn_local(requests(proxy.client().await, Rc::clone(load))));
    }
    for _ in 0..H2_CONNECTIONS {
        let client = proxy.h2c().await;
        for _ in 0..STREAMS {
            clients.push(tokio::task::spawn_local(requests(client.another(), Rc::clone(load))));
        }
    }
    clients
}

async fn requests_reach(load: &Load, count: u64) {
    while load.requests.get() < count {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn requests(mut client: Client, load: Rc<Load>) {
    while !load.over.get() {
        count(client.request("GET", "/").try_send().await, &load);
    }
}

fn count(reply: Result<Reply, hyper::Error>, load: &Load) {
    load.requests.set(load.requests.get() + 1);
    match reply {
        Ok(reply) if reply.status == 200 => {}
        Ok(reply) => {
            load.failures.borrow_mut().push(format!("{} {:?}", reply.status, reply.text()))
        }
        Err(error) => load.failures.borrow_mut().push(format!("{error:?}")),
    }
}

/// The listener is there as soon as the reload has been answered, and a request that it has taken is answered even though
/// the next reload removes it.
async fn use_extra_listener(port: u16, load: &Rc<Load>) {
    let mut client = Client::h1(SocketAddr::from(([127, 0, 0, 1], port))).await;
    count(client.request("GET", "/").try_send().await, load);
    let load = Rc::clone(load);
    tokio::task::spawn_local(
        async move { count(client.request("GET", "/").try_send().await, &load) },
    );
}

type Tunnel = hyper_util::rt::TokioIo<hyper::upgrade::Upgraded>;

async fn open_tunnels(proxy: &Proxy) -> Vec<Tunnel> {
    let mut tunnels = Vec::new();
    for _ in 0..TUNNELS {
        let (_, mut tunnel) = proxy.client().await.request("GET", "/tunnel").upgrade().await;
        echo(&mut tunnel).await;
        tunnels.push(tunnel);
    }
    tunnels
}

async fn echo(tunnel: &mut Tunnel) {
    tunnel.write_all(b"ping").await.unwrap();
    let mut back = [0; 4];
    within("the echo", tunnel.read_exact(&mut back)).await.unwrap();
    assert_eq!(&back, b"ping");
}

const RULE_RELOADS: usize = 100;
const RULE_CONNECTIONS: usize = 16;

#[tokio::test]
async fn a_hundred_reloads_of_rules_under_load_lose_nothing() {
    let _alone = ALONE.lock().await;
    LocalSet::new().run_until(rule_reloads_under_load()).await;
}

async fn rule_reloads_under_load() {
    let origin = Origin::named("one").await;
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("test.conf"), rules(0)).unwrap();
    let waf = "[waf]\nrules = [\"test.conf\"]\nmode = \"enforce\"\n";
    let text = e2e::proxy::complete(&Config::to(&origin).more(waf).to_string());
    std::fs::write(dir.path().join("foxtrot.toml"), &text).unwrap();
    let proxy = Proxy::in_folder(dir, "foxtrot.toml").await;

    let load = Rc::new(Load::default());
    let mut clients = Vec::new();
    for _ in 0..RULE_CONNECTIONS {
        clients.push(tokio::task::spawn_local(requests(proxy.client().await, Rc::clone(&load))));
    }
    let (mut asking, mut rss_before) = (proxy.client().await, 0);
    for round in 1..=RULE_RELOADS {
        std::fs::write(proxy.folder().join("test.conf"), rules(round)).unwrap();
        proxy.reload_ok(&text).await;
        let now = asking.get(&format!("/?round=r{round}")).await.status;
        let before = asking.get(&format!("/?round=r{}", round - 1)).await.status;
        assert_eq!(
            (now.as_u16(), before.as_u16()),
            (403, 200),
            "round {round}: the new rules hold"
        );
        if round == 20 {
            rss_before = proxy.rss_bytes();
        }
    }
    let rss_after = proxy.rss_bytes();
    load.over.set(true);
    for client in clients {
        within("the load to end", client).await.unwrap();
    }
    let (requests, failures) = (load.requests.get(), load.failures.take());
    println!(
        "{requests} requests, {RULE_RELOADS} reloads of rules, rss {} -> {} KiB",
        rss_before >> 10,
        rss_after >> 10
    );
    assert!(requests > RULE_RELOADS as u64, "{requests} requests are no load");
    assert!(failures.is_empty(), "{failures:?} of {requests} requests");
    assert!(rss_after <= rss_before + rss_before / 10, "memory grows with reloads");
}

/// Rules with some weight, of which one holds in this round alone.
fn rules(round: usize) -> String {
    let word = |number: usize| format!("attack{number}(?:[a-z]+|\\d{{2,9}})x{round}");
    let rule = |number: usize| {
        format!(
            "SecRule ARGS \"@rx {}\" \"id:{},phase:2,deny,t:lowercase\"\n",
            word(number),
            100 + number
        )
    };
    let many: String = (0..100).map(rule).collect();
    format!("SecRule ARGS:round \"@streq r{round}\" \"id:1,phase:2,deny\"\n{many}")
}

const HUNDRED_MIB: usize = 100 << 20;
const RSS_BYTES_MAX: u64 = 64 << 20;

#[tokio::test]
async fn a_hundred_mebibytes_pass_in_little_memory() {
    let _alone = ALONE.lock().await;
    let (source, sink) = (Origin::sized(HUNDRED_MIB).await, Origin::named("sink").await);
    let up = format!("[clusters.sink]\nendpoints = [{:?}]\n", sink.url());
    let route = "[[routes]]\nmatch = { method = [\"POST\"] }\nto = \"cluster:sink\"\n";
    let proxy = Proxy::with(format!("{}{up}{route}", Config::to(&source))).await;
    let mut client = proxy.client().await;
    let answer = within_long("the head", client.request("GET", "/").open()).await.unwrap();
    assert_eq!(within_long("the body", body::length(answer.into_body())).await, HUNDRED_MIB);
    let upload = client.request("POST", "/").body(body::sized(HUNDRED_MIB)).open();
    assert_eq!(within_long("the upload", upload).await.unwrap().status(), 200);
    assert_eq!(sink.requests()[0].body_bytes, HUNDRED_MIB);
    let peak = proxy.peak_rss_bytes();
    assert!(peak <= RSS_BYTES_MAX, "peak of {} MiB", peak >> 20);
    println!("peak rss {} KiB", peak >> 10);
}

async fn within_long<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(120), future)
        .await
        .unwrap_or_else(|_| panic!("{what} took too long"))
}

#[tokio::test]
async fn idle_connections_are_cheap() {
    let _alone = ALONE.lock().await;
    const CONNECTIONS: usize = 1_000;
    const RSS_PER_CONNECTION_MAX: u64 = 16 << 10;
    let origin = Origin::named("app").await;
    let proxy = Proxy::with(
        Config::to(&origin)
            .listener("limits = { connections = 20000, connections_per_ip = 20000 }"),
    )
    .await;
    assert_eq!(proxy.client().await.get("/").await.status, 200);
    let before = proxy.rss_bytes();
    let mut idle = Vec::new();
    for _ in 0..CONNECTIONS {
        let mut client = proxy.client().await;
        assert_eq!(client.get("/").await.status, 200);
        idle.push(client);
    }
    let each = proxy.rss_bytes().saturating_sub(before) / CONNECTIONS as u64;
    assert!(each <= RSS_PER_CONNECTION_MAX, "{each} bytes for each idle connection");
    println!("{each} bytes of rss for each idle connection");
}
