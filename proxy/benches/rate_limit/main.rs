//! What a limit costs a request, in nanoseconds, with one thread and with two; and what it promises: known keys that are
//! exact to a hundredth while ten million others pass by, in the memory that is stated.
//!
//! `cargo bench --bench rate_limit`. It fails where a promise is not kept. `docs/limits.md` has the figures.
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::expect_used,
    reason = "a program that measures time and prints it"
)]

use std::{
    fs,
    hash::{BuildHasher, RandomState},
    hint::black_box,
    net::{IpAddr, Ipv4Addr},
    thread,
    time::Instant,
};

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use foxtrot::{
    clock,
    config::load,
    filter::rate_limit::{Bucket, Facts, Place, Table, bucket::At},
    limit::{self, Asking, Compiled},
    observe::metrics::Metrics,
    wire::{RequestHead, Target},
};
use http::{HeaderMap, HeaderValue, Method, Version};

fn main() -> anyhow::Result<()> {
    costs()?;
    spray()
}

const ASKED: u32 = 4_000_000;

/// A whole decision: key, table, bucket, counter.
fn costs() -> anyhow::Result<()> {
    println!("{:<44} {:>10} {:>10}", "ns of CPU per limited request", "1 thread", "2 threads");
    for (name, key, clients) in [
        ("client_ip, one client, most refused", "client_ip", 1),
        ("client_ip, 1,000 clients", "client_ip", 1_000),
        ("client_ip, 100,000 clients", "client_ip", 100_000),
        ("client_ip, every client new", "client_ip", u32::MAX),
        ("header of 32 bytes, one client, most refused", "header:x-api-key", 1),
    ] {
        let limits = compile(key)?;
        let [one, two] = [1, 2].map(|threads| cost(&limits, threads, clients));
        println!("{name:<44} {one:>10.1} {two:>10.1}");
    }
    Ok(())
}

fn compile(key: &str) -> anyhow::Result<Compiled> {
    let text = format!(
        "[listeners.a]\nlisten = \"127.0.0.1:0\"\n[limits.a]\nkey = [\"{key}\"]\nrate = \"1000/s\"\n\
         max_keys = 1_000_000\n[[routes]]\nto = \"respond:200\"\nlimits = [\"a\"]\n"
    );
    let loaded = load::parse("bench.toml", &text).map_err(|report| anyhow::anyhow!("{report}"))?;
    let compiled = limit::compile(&loaded.config, None, &Metrics::new(2));
    compiled.map_err(|problems| anyhow::anyhow!("{problems:?}"))
}

fn cost(limits: &Compiled, threads: usize, clients: u32) -> f64 {
    let head = head();
    let head = &head;
    let spent: u64 = thread::scope(|scope| {
        let ask = |worker| scope.spawn(move || ask(limits, head, worker, clients));
        let threads: Vec<_> = (0..threads).map(ask).collect();
        threads.into_iter().filter_map(|thread| thread.join().ok()).sum()
    });
    spent as f64 / (f64::from(ASKED) * threads as f64)
}

/// Nanoseconds for which this thread has had a core: what else the machine does counts little.
fn cpu_time() -> u64 {
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|spent| spent.parse().ok()).unwrap_or_default()
}

fn ask(limits: &Compiled, head: &RequestHead, worker: usize, clients: u32) -> u64 {
    let begun = cpu_time();
    let limits = limits.of(Some(0), None).expect("the route has a limit");
    let now = clock::now();
    for n in 0..ASKED {
        let client = (n.wrapping_add(worker as u32 * 7_919)) % clients;
        let client = IpAddr::V4(Ipv4Addr::from_bits(client.wrapping_mul(2_654_435_761)));
        let facts = Facts { head, client, host: b"a.test", route: "a", tenant: None };
        // A microsecond per request.
        let now = now + std::time::Duration::from_micros(u64::from(n));
        let _ = black_box(limits.admit(&Asking { facts, now, worker }));
    }
    cpu_time() - begun
}

fn head() -> RequestHead {
    let mut headers = HeaderMap::new();
    headers.insert("x-api-key", HeaderValue::from_static("0123456789abcdef0123456789abcdef"));
    RequestHead {
        method: Method::GET,
        target: Target::new(Bytes::from_static(b"/")),
        authority: Bytes::from_static(b"a.test"),
        version: Version::HTTP_11,
        headers,
        upgrade: None,
        written: None,
    }
}

const SECOND: u64 = 1_000_000_000;
const KNOWN: u64 = 100_000;
const STRANGE: u64 = 10_000_000;
const SECONDS: u64 = 60;

/// A table for a million keys; a hundred thousand that ask for more than their due, every second for a minute; and ten million
/// that are there once, each of which owes for longer than that minute: five times what the table has room for.
fn spray() -> anyhow::Result<()> {
    let (bucket, table) = (Bucket::new(60, 60 * SECOND, 120), Table::new(1_000_000));
    ensure!(table.bytes() <= 25_100_000, "{} bytes", table.bytes());
    let secret = RandomState::new();
    let mut now = SECOND;
    let ask = |key: u64, now: u64, tokens: u64| {
        let place = table.place(secret.hash_one(key), &At(now));
        let shared = matches!(place, Place::Shared(_));
        (bucket.take(&place, now, bucket.span(tokens)).is_ok(), shared)
    };
    let mut passed = vec![0u64; KNOWN as usize];
    let (mut strange, mut shared) = (0u64, 0u64);
    let begun = Instant::now();
    for second in 0..SECONDS {
        for (key, passed) in passed.iter_mut().enumerate() {
            // At first what is there, then twice what comes.
            let asks = if second == 0 { 240 } else { 2 };
            *passed += (0..asks).filter(|_| ask(key as u64, now, 1).0).count() as u64;
        }
        for key in 0..STRANGE / SECONDS {
            let (passed, with_others) = ask(KNOWN + second * STRANGE + key, now, 100);
            strange += u64::from(passed);
            shared += u64::from(with_others);
        }
        now += SECOND;
    }
    let due = 120 + SECONDS - 1;
    let (least, most) = (passed.iter().min(), passed.iter().max());
    let (least, most) = least.zip(most).context("there are known keys")?;
    println!(
        "{KNOWN} known keys, {due} due to each: {least} to {most} passed\n\
         {STRANGE} strange keys: {strange} passed, {shared} found no slot\n\
         {} bytes, {:.1} s",
        table.bytes(),
        begun.elapsed().as_secs_f64()
    );
    let exact = [least, most].iter().all(|passed| passed.abs_diff(due) * 100 <= due);
    ensure!(exact, "known keys are not exact to a hundredth");
    ensure!(shared > STRANGE / 2, "the table was not full");
    Ok(())
}
