use crate::config::{document::KeyPath, load::parse};

/// What is wrong with a text: `line:column path: message (help)`.
fn wrong(text: &str) -> Vec<String> {
    let entries = parse("test.toml", text).map_or_else(|report| report.entries(), |_| Vec::new());
    let line = |e: crate::config::diagnostic::Entry| {
        let help = e.help.map(|help| format!(" ({help})")).unwrap_or_default();
        format!("{}:{} {}: {}{help}", e.line, e.column, e.path, e.message)
    };
    entries.into_iter().map(line).collect()
}

#[test]
fn departures_are_found_where_they_stand() {
    let cases: &[(&str, &[&str])] =
        &[("", &[]), ("shema = 1", &["1:1 shema: unknown key `shema` (did you mean `schema`?)"])];
    for (text, expected) in cases {
        assert_eq!(&wrong(text), expected, "{text}");
    }
    println!(
        "{:#?}",
        wrong(
            r#"
schema = 2
workers = "4"
trusted_proxies = ["10.0.0.1/8", 5]
runtime = "percore"
idle_timeout = "5s"
[admin]
listen = 9901
token = "secret"
[log]
level = "warning"
access = { queue = 0 }
[listeners.a]
listn = "0.0.0.0:80"
protocols = "h2"
limits.headers = 70000
timeouts = { header = 5, idle = "5 s" }
[clusters."b.c"]
endpoints = []
balance = "round-robin"
health = { path = "x", expect = [200, 200, 99] }
retry.on = ["conect"]
outlier.max_ejected = 12.345
[clusters.d]
like = "b"
balance = { hash = "ip" }
[clusters.e]
like = "d"
balance = { has = "client_ip" }
[rollouts.r]
blue = "x"
weights = { blue = 101, green = nan }
[[routes]]
match = { headers = { a = { regx = "x" }, b = { present = "yes" }, c = 5 }, paht = "/" }
to = "cluster"
max_body = 5
tls = 1979-05-27
"#
        )
    );
    println!(
        "{}",
        parse("x.toml", "workers = '4'\n[clusters.a]\nendpoint = ['é']\n[[routes]]\n").unwrap_err()
    );
    println!("{:?}", wrong("a = \nb = = 3\nx = 99999999999999999999\n[c\nd=1\nd=2\n[x]\n[x]\n"));
    println!("{}", parse("x.toml", "a = \"\n[x\n").unwrap_err());
    let loaded = parse("x", "[clusters.t]\npool.idle=3\n[clusters.a]\nlike='t'\nendpoints=['http://h']\ntls.ca='x.pem'\npool.max_age='5s'\n[[routes]]\nto='cluster:a'\nmatch.headers={a='x',b={present=true}}\n[listeners.q]\nlisten='[::]:0'\ntls.certs=[{cert='a',key='b'}]").unwrap();
    println!("{}", loaded.text);
    assert_eq!(parse("y", &loaded.text).unwrap().config, loaded.config);
    assert_eq!(parse("y", &loaded.text).unwrap().text, loaded.text);
    let _ = KeyPath::root();
}
