//! What a transaction costs: microseconds and what matched, for requests of several kinds under a rule set.
//!
//! `cargo bench -p foxtrot-waf -- FILE...` takes the rule files of a CRS, its setup file first, by their absolute paths. With
//! `ONLY=get` in the environment only the request of that name is run, for profiles.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::disallowed_methods, reason = "a bench")]

use std::{sync::Arc, time::Instant};

use foxtrot_waf::{
    Beginning, Mode, Policy, Report, RuleSet, Store, Transaction, Worker, seclang::Disk,
};

struct Request {
    name: &'static str,
    method: &'static str,
    target: String,
    fields: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

fn browser() -> Vec<(&'static str, String)> {
    [
        ("Host", "shop.example.com"),
        ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36"),
        ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"),
        ("Accept-Language", "en-GB,en;q=0.9,de;q=0.8"),
        ("Accept-Encoding", "gzip, deflate, br, zstd"),
        ("Referer", "https://shop.example.com/catalogue/garden/tools?page=2"),
        ("Cookie", "session=4f9c2f7be1d04ac5a07a1b6f8d5e2c31; theme=dark; _ga=GA1.2.1234567890.1700000000; consent=analytics%3Dyes"),
        ("Sec-Fetch-Mode", "navigate"),
        ("Upgrade-Insecure-Requests", "1"),
        ("Cache-Control", "max-age=0"),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .into()
}

fn requests() -> Vec<Request> {
    let prose = "The garden shed needs a new roof before winter, and the estimate from the carpenter was higher than expected. ";
    let form: String = (0..20)
        .map(|i| {
            format!("field{i}={}&", prose.repeat(2)[..190].replace(' ', "+").replace(',', "%2C"))
        })
        .collect();
    let item = |i: usize| {
        format!(
            "{{\"id\":{i},\"name\":\"Garden hose {i} m\",\"note\":\"{}\",\"price\":12.5}}",
            &prose[..80]
        )
    };
    let json = format!("{{\"items\":[{}]}}", (0..30).map(item).collect::<Vec<_>>().join(","));
    let large = format!("{{\"items\":[{}]}}", (0..6000).map(item).collect::<Vec<_>>().join(","));
    let post = |kind: &str, body: &str| {
        let mut fields = browser();
        fields.push(("Content-Type", kind.to_owned()));
        fields.push(("Content-Length", body.len().to_string()));
        fields
    };
    vec![
        Request {
            name: "get",
            method: "GET",
            target: "/catalogue/item?id=1234&colour=green&sort=price".into(),
            fields: browser(),
            body: vec![],
        },
        Request {
            name: "get anew",
            method: "GET",
            target: "/catalogue/item?id=1234&colour=green&sort=price".into(),
            fields: browser(),
            body: vec![],
        },
        Request {
            name: "form 4 KiB",
            method: "POST",
            target: "/order".into(),
            fields: post("application/x-www-form-urlencoded", &form),
            body: form.into_bytes(),
        },
        Request {
            name: "json 4 KiB",
            method: "POST",
            target: "/api/order".into(),
            fields: post("application/json", &json),
            body: json.into_bytes(),
        },
        Request {
            name: "json 800 KB",
            method: "POST",
            target: "/api/order".into(),
            fields: post("application/json", &large),
            body: large.into_bytes(),
        },
        Request {
            name: "sqli",
            method: "GET",
            target: "/item?id=1'+UNION+SELECT+user,password+FROM+users--+-".into(),
            fields: browser(),
            body: vec![],
        },
    ]
}

impl Request {
    /// The same from another client: path, arguments, browser and session are others.
    fn anew(&self, n: usize) -> Self {
        let anew = |text: &str| {
            let text = text.replace("1234", &format!("{}", 1_000 + n * 7));
            text.replace("session=4f9c", &format!("session={n:x}"))
                .replace("Chrome/130", &format!("Chrome/{n}"))
        };
        Self {
            name: self.name,
            method: self.method,
            target: anew(&self.target).replace("/item", &format!("/item{n}")),
            fields: self.fields.iter().map(|(name, value)| (*name, anew(value))).collect(),
            body: self.body.clone(),
        }
    }
}

#[inline(never)]
fn run(policy: &Arc<Policy>, store: &Arc<Store>, request: &Request, worker: &mut Worker) -> Report {
    let beginning = Beginning { id: b"0123456789abcdef", now: 1_800_000_000, budget: u64::MAX };
    let mut tx = Transaction::new(policy, store, &beginning, worker);
    tx.connection("192.0.2.7:4711".parse().unwrap(), "127.0.0.1:8080".parse().unwrap());
    tx.request_line(request.method.as_bytes(), request.target.as_bytes(), b"HTTP/1.1");
    for (name, value) in &request.fields {
        tx.request_header(name.as_bytes(), value.as_bytes());
    }
    tx.request_headers(worker);
    if !request.body.is_empty() {
        tx.request_body(&request.body);
    }
    tx.request_complete(worker);
    let finished = tx.finish(worker);
    let report = finished.report().clone();
    finished.give_back(worker);
    report
}

fn main() {
    let only = std::env::var("ONLY").ok();
    let paths: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let begun = Instant::now();
    let rules = match RuleSet::load(&Disk, &paths) {
        Ok(rules) => rules,
        Err(report) => {
            println!("{report}");
            std::process::exit(1);
        }
    };
    println!("{} rules in {:?}", rules.rules().count(), begun.elapsed());
    let policy = Arc::new(Policy::new(rules).mode(Mode::On));
    let store = Arc::new(Store::new(1000));
    let mut worker = Worker::new(64 << 20);
    let wanted = |request: &Request| only.as_ref().is_none_or(|only| request.name == only);
    for request in requests().into_iter().filter(wanted) {
        let report = run(&policy, &store, &request, &mut worker);
        let ids: Vec<u64> = report
            .matches
            .iter()
            .filter(|one| one.log)
            .map(|one| policy.rules().meta(one.rule).id)
            .collect();
        let count = if request.body.len() > 100_000 { 20 } else { 1000 };
        let anew = if request.name.ends_with("anew") { count } else { 0 };
        let others: Vec<Request> = (0..anew as usize).map(|n| request.anew(n)).collect();
        let begun = Instant::now();
        for n in 0..count as usize {
            run(&policy, &store, others.get(n).unwrap_or(&request), &mut worker);
        }
        let each = begun.elapsed() / count;
        println!(
            "{:12} {:>12?}  {:?} {:?}",
            request.name,
            each,
            report.interruption.map(|i| i.rule),
            ids
        );
    }
    println!("caches: {:?}", worker.caches.usage());
}
