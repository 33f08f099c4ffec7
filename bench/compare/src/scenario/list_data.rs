//! The scenarios, the most important first.

use surge::scenario::Protocol;

use super::{Front, Load, Scenario, Setup, bodies_data as send};

/// HTTP/1.1, kept alive: what most scenarios start from.
const PLAIN: Scenario = Scenario {
    name: "h1-get",
    title: "h1 GET 128 B",
    front: Front::Clear,
    protocol: Protocol::Http1,
    requests: || vec![send::get("/128")],
    load: Load::Closed { connections: 64, streams: 1 },
    status: 200,
    setup: Setup::PLAIN,
    bar: None,
};

/// A WAF in front; few connections, as a peer serves some ten requests a second.
const WAF: Scenario = Scenario {
    load: Load::Closed { connections: 4, streams: 1 },
    setup: Setup { waf: true, ..Setup::PLAIN },
    ..PLAIN
};

const TLS: Scenario = Scenario { front: Front::Tls, ..PLAIN };

/// All of them.
pub const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "waf-get",
        title: "WAF: benign GET, 10 browser headers, cookies, query",
        requests: || vec![send::browse("/catalogue/item?id=1234&colour=green&sort=price")],
        bar: Some(30.0),
        ..WAF
    },
    Scenario {
        name: "waf-form",
        title: "WAF: benign form POST 4 KiB",
        requests: || vec![send::form()],
        bar: Some(20.0),
        ..WAF
    },
    Scenario {
        name: "waf-json",
        title: "WAF: benign JSON POST 4 KiB",
        requests: || vec![send::json()],
        bar: Some(20.0),
        ..WAF
    },
    Scenario {
        name: "waf-json-leaves",
        title: "WAF: benign JSON POST 4 KiB, 250 values",
        requests: || vec![send::json_leaves()],
        bar: Some(20.0),
        ..WAF
    },
    Scenario {
        name: "waf-sqli",
        title: "WAF: SQL injection in the query, refused",
        requests: || vec![send::injection()],
        status: 403,
        ..WAF
    },
    Scenario {
        name: "waf-json-large",
        title: "WAF: benign JSON POST 800 KB",
        requests: || vec![send::json_large()],
        load: Load::Closed { connections: 1, streams: 1 },
        ..WAF
    },
    PLAIN,
    Scenario {
        name: "h1-get-10k",
        title: "h1 GET 10 KiB",
        requests: || vec![send::get("/10240")],
        ..PLAIN
    },
    Scenario {
        name: "h1-get-100k",
        title: "h1 GET 100 KiB",
        requests: || vec![send::get("/102400")],
        ..PLAIN
    },
    Scenario {
        name: "h1-post",
        title: "h1 POST 4 KiB",
        requests: || vec![send::post(4096)],
        ..PLAIN
    },
    Scenario {
        name: "h1-browser",
        title: "h1 GET 128 B, 10 browser headers",
        requests: || vec![send::browse("/128")],
        ..PLAIN
    },
    Scenario {
        name: "h1-reconnect",
        title: "h1 GET 128 B, a new connection each",
        load: Load::Reconnect { connections: 64 },
        ..PLAIN
    },
    Scenario { name: "tls-get", title: "TLS h1 GET 128 B", ..TLS },
    Scenario {
        name: "tls-get-100k",
        title: "TLS h1 GET 100 KiB",
        requests: || vec![send::get("/102400")],
        ..TLS
    },
    Scenario {
        name: "tls-h2",
        title: "TLS h2 GET 128 B",
        protocol: Protocol::Http2,
        load: Load::Closed { connections: 16, streams: 8 },
        ..TLS
    },
    Scenario {
        name: "tls-handshakes",
        title: "TLS 1.3 handshakes, one request each",
        load: Load::Handshakes { connections: 16 },
        ..TLS
    },
    Scenario {
        name: "upstream-h2",
        title: "h1 GET 128 B, h2 upstream",
        setup: Setup { upstream: Protocol::Http2, ..Setup::PLAIN },
        ..PLAIN
    },
    Scenario {
        name: "open-loop",
        title: "h1 GET 128 B, open loop at 8,000/s",
        load: Load::Open { rate: 8_000.0 },
        ..PLAIN
    },
    Scenario {
        name: "routes-100",
        title: "h1 GET 128 B, 100 routes",
        requests: || send::over_routes(100),
        setup: Setup { routes: 100, ..Setup::PLAIN },
        ..PLAIN
    },
    Scenario {
        name: "routes-10000",
        title: "h1 GET 128 B, 10,000 routes",
        requests: || send::over_routes(10_000),
        setup: Setup { routes: 10_000, ..Setup::PLAIN },
        ..PLAIN
    },
    Scenario {
        name: "endpoints-1000",
        title: "h1 GET 128 B, 1,000 upstream endpoints",
        setup: Setup { endpoints: 1_000, ..Setup::PLAIN },
        ..PLAIN
    },
    Scenario {
        name: "mirror",
        title: "h1 GET 128 B, a tenth mirrored",
        setup: Setup { mirror: true, ..Setup::PLAIN },
        ..PLAIN
    },
    Scenario {
        name: "access-log",
        title: "h1 GET 128 B, access log",
        setup: Setup { access_log: true, ..Setup::PLAIN },
        ..PLAIN
    },
    Scenario {
        name: "rate-limit",
        title: "h1 GET 128 B, rate limit per client",
        setup: Setup { rate_limit: true, ..Setup::PLAIN },
        ..PLAIN
    },
    Scenario {
        name: "idle",
        title: "idle connections, 2,000",
        load: Load::Idle { connections: 2_000 },
        ..PLAIN
    },
    Scenario {
        name: "idle-tls",
        title: "idle TLS connections, 2,000",
        load: Load::Idle { connections: 2_000 },
        ..TLS
    },
    Scenario {
        name: "everything",
        title: "TLS h2 GET, browser headers, WAF, 100 routes, 4 endpoints, mirror, access log",
        protocol: Protocol::Http2,
        load: Load::Closed { connections: 2, streams: 4 },
        requests: || vec![send::browse("/route-00042/128?id=1234&colour=green")],
        setup: Setup {
            waf: true,
            routes: 100,
            endpoints: 4,
            mirror: true,
            access_log: true,
            ..Setup::PLAIN
        },
        ..TLS
    },
];
