//! The rules of tests/tidy.rs as tables: who may use what, and what is known not to hold yet.

/// What each module of the proxy may use of the others. A module that is not named here may be used by all: it uses none.
///
/// From socket to upstream imports run one way: listener, http, {mirror, filter, route, upstream}, wire. The data path and
/// the control path meet in `snapshot`, which knows both; `http`, `listener` and `worker` know it in turn, to serve it.
pub const MAY_USE: &[(&str, &[&str])] = &[
    ("alarm", &["clock"]),
    ("clock", &[]),
    ("key_error", &[]),
    ("config", &[]),
    ("error", &[]),
    ("dns", &["clock", "error"]),
    ("wire", &["error"]),
    ("observe", &["clock", "config"]),
    ("filter", &["config", "key_error", "wire"]),
    ("route", &["config", "filter", "key_error", "wire"]),
    ("tenant", &["config", "route"]),
    ("limit", &["clock", "config", "error", "filter", "key_error", "observe", "wire"]),
    ("overload", &["clock", "config", "error", "filter", "observe"]),
    (
        "waf",
        &["clock", "config", "dns", "filter", "key_error", "observe", "route", "tenant", "wire"],
    ),
    ("event", &["clock", "config"]),
    (
        "upstream",
        &["alarm", "clock", "config", "dns", "error", "filter", "observe", "route", "wire"],
    ),
    ("rollout", &["clock", "config", "error", "event", "observe", "route", "upstream", "wire"]),
    (
        "mirror",
        &["clock", "config", "error", "observe", "rollout", "route", "upstream", "waf", "wire"],
    ),
    (
        "http",
        &[
            "alarm", "clock", "config", "error", "filter", "limit", "listener", "mirror",
            "observe", "overload", "rollout", "route", "snapshot", "tenant", "upstream", "waf",
            "wire", "worker",
        ],
    ),
    ("listener", &["clock", "config", "filter", "http", "observe", "wire", "worker"]),
    ("worker", &["clock", "observe", "snapshot"]),
    ("runtime", &["config", "listener", "snapshot", "upstream", "worker"]),
    ("drain", &["clock", "listener"]),
    (
        "snapshot",
        &[
            "admin",
            "clock",
            "config",
            "drain",
            "event",
            "filter",
            "http",
            "key_error",
            "limit",
            "listener",
            "mirror",
            "observe",
            "overload",
            "rollout",
            "route",
            "runtime",
            "tenant",
            "upstream",
            "waf",
            "worker",
        ],
    ),
    (
        "admin",
        &[
            "clock", "config", "event", "filter", "mirror", "observe", "rollout", "server",
            "snapshot", "upstream",
        ],
    ),
    ("server", &["admin", "clock", "snapshot"]),
    ("demo", &["clock", "config", "server", "snapshot"]),
];

/// Words that stand in the code of these files and folders alone, and why.
pub const ONLY_IN: &[(&str, &[&str], &str)] = &[
    ("Instant::now()", &["clock.rs"], "one reader of the clock"),
    ("SystemTime::now()", &["clock.rs"], "one reader of the clock"),
    (
        "upstream::forward(",
        &["http/handle.rs", "mirror/pairing.rs"],
        "one request path, one shadow",
    ),
    (
        "ResponseHead {",
        &["http/reply.rs", "http/h2/request.rs", "upstream/", "wire/"],
        "our answers come from one table; h2 makes interim heads",
    ),
    (
        "available_parallelism",
        &["runtime.rs", "waf/aside.rs"],
        "one place knows how many threads there are, and one how many large bodies are judged at a time",
    ),
    ("thread::spawn", &[], "threads have names"),
    (
        "thread::Builder",
        &["runtime.rs", "observe/access_log.rs", "event/mod.rs", "rollout/state_file.rs"],
        "workers, and one writer of each file",
    ),
    ("new_multi_thread", &["runtime.rs"], "one place knows how many threads there are"),
    (
        "spawn_blocking",
        &["mirror/pairing.rs", "snapshot/", "waf/aside.rs"],
        "a worker waits for nothing",
    ),
    ("\"foxtrot_", &["observe/"], "metrics are declared in one place"),
    (
        "fs::",
        &[
            "admin/token.rs",
            "config/load/",
            "listener/tls/certificate.rs",
            "observe/",
            "snapshot/watch/",
            "snapshot/state_dir.rs",
            "event/log.rs",
            "rollout/state_file.rs",
            "upstream/tls.rs",
            "demo.rs",
            "limit/store/",
            "overload/pressure.rs",
            "waf/lists.rs",
            "waf/rules.rs",
        ],
        "a worker reads no file",
    ),
];

/// Decisions: a function of what goes in. No runtime, no log, no clock, no chance.
pub const PURE: &[&str] = &[
    "config/",
    "filter/",
    "rollout/guard.rs",
    "rollout/guard/",
    "rollout/rescue.rs",
    "route/",
    "tenant.rs",
    "overload/gradient.rs",
    "overload/queue.rs",
    "overload/ramp.rs",
    "rollout/opinion.rs",
    "rollout/plan.rs",
    "rollout/plan/",
    "listener/proxy_protocol/mod.rs",
    "listener/proxy_protocol/v1.rs",
    "listener/proxy_protocol/v2.rs",
    "mirror/compare/",
    "upstream/balance.rs",
    "upstream/keepalive.rs",
    "upstream/maglev.rs",
    "upstream/outlier.rs",
    "upstream/retry.rs",
    "wire/chunked.rs",
    "wire/encode.rs",
    "wire/framing.rs",
    "wire/message.rs",
    "wire/parse.rs",
];

/// What pure code does not use.
pub const IMPURE: &[&str] = &["tokio::", "tracing::", "clock::now", "since_epoch", "std::net::Tcp"];

/// Lines that a file of the proxy may have, without its tests and lines of comment.
pub const LINES_MAX: usize = 400;

/// Files that are longer, with what they may have. They are to be split, and may shrink only.
pub const TOO_LONG: &[(&str, usize)] = &[];

/// Files that hold more than ASCII, because they show it or test it.
pub const NON_ASCII: &[&str] = &[
    "proxy/ctl/src/output.rs",
    "proxy/src/admin/dashboard/index.html",
    "proxy/src/config/check/cases.txt",
    "proxy/src/config/diagnostic/tests.rs",
    "proxy/src/config/load/tests/random.rs",
    "proxy/src/route/host.rs",
    "proxy/src/route/path.rs",
    "rules/waf/src/body/json/tests.rs",
    "rules/waf/src/body/multipart/tests.rs",
    "rules/waf/src/body/xml/tests.rs",
];

/// Pages that others lead to and that are still being written.
pub const PLANNED: &[&str] = &[];

/// What every record in docs/decisions says.
pub const DECISION: &[&str] = &["## Context", "## Choice", "## Rejected"];
