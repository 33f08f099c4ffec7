//! Configuration that is wrong: each with the line that the report must name.

use super::Listed;

/// A configuration, and what the report of `foxtrot check` must hold.
pub struct Row {
    pub id: &'static str,
    pub input: &'static str,
    pub toml: String,
    pub line: usize,
    pub says: &'static str,
}

/// Twelve lines that are right. Rows add theirs behind it, from the thirteenth on.
pub const GOOD: &str = "[listeners.http]
listen = \"127.0.0.1:0\"
[clusters.app]
endpoints = [\"http://127.0.0.1:8081\"]
[clusters.green]
endpoints = [\"http://127.0.0.1:8082\"]
[[routes]]
match = { host = \"green.test\" }
to = \"cluster:green\"
[[routes]]
match = { host = \"good.test\" }
to = \"cluster:app\"
";

pub fn listed() -> Vec<Listed> {
    let outcome = |line| format!("exit code 2, names line {line} and its column");
    let listed = |row: Row| Listed {
        id: row.id,
        class: "configuration",
        input: row.input,
        outcome: outcome(row.line),
    };
    rows().into_iter().map(listed).collect()
}

pub fn rows() -> Vec<Row> {
    vec![
        added("config-syntax", "broken TOML", "[listeners", 13, ""),
        added("config-duplicate", "a table twice", "[clusters.app]\nendpoints = []", 13, "app"),
        added("config-unknown-key", "unknown key", "upgrad = true", 13, "upgrade"),
        added("config-unknown-table", "unknown table", "[listener.http]\nlisten = \"127.0.0.1:0\"", 13, "listeners"),
        added("config-unknown-nested", "unknown key in a nested table", "timeouts = { totl = \"1s\" }", 13, "total"),
        added("config-wrong-type", "number for a text", "[log]\nlevel = 5", 14, "level"),
        added("config-wrong-word", "unknown word", "[log]\nlevel = \"verbose\"", 14, "level"),
        added("config-duration", "duration without a unit", "timeouts = { total = \"5\" }", 13, "5"),
        added("config-duration-overflow", "duration of a million years", "timeouts = { total = \"365000000d\" }", 13, "365000000d"),
        added("config-size", "size with an unknown unit", "max_body = \"1XB\"", 13, "1XB"),
        added("config-size-negative", "negative size", "max_body = \"-1\"", 13, "-1"),
        added("config-percent", "percentage above 100", &rollout("weights = { blue = 50, green = 101 }"), 16, "101"),
        added("config-weights-sum", "weights that are not 100 together", &rollout("weights = { blue = 50, green = 40 }"), 16, "100"),
        added("config-cidr", "host bits in an address block", "[listeners.b]\nlisten = \"127.0.0.1:0\"\nproxy_protocol = { from = [\"10.0.0.1/8\"] }", 15, "10.0.0.0/8"),
        added("config-address", "listen without a port", "[listeners.b]\nlisten = \"127.0.0.1\"", 14, "127.0.0.1"),
        added("config-endpoint-scheme", "endpoint of another scheme", "[clusters.b]\nendpoints = [\"ftp://a\"]", 14, "ftp://a"),
        added("config-endpoint-path", "endpoint with a path", "[clusters.b]\nendpoints = [\"http://a/b\"]", 14, "http://a/b"),
        added("config-endpoint-userinfo", "endpoint with a password", "[clusters.b]\nendpoints = [\"http://u:p@a\"]", 14, ""),
        added("config-no-endpoints", "cluster without endpoints", "[clusters.b]\nendpoints = []", 14, "endpoints"),
        added("config-like-unknown", "`like` of an unknown cluster", "[clusters.b]\nlike = \"apq\"\nendpoints = [\"http://a\"]", 14, "apq"),
        added("config-like-circle", "`like` in a circle", "[clusters.b]\nlike = \"b\"\nendpoints = [\"http://a\"]", 14, "b"),
        added("config-route-cluster", "route to an unknown cluster", "[[routes]]\nto = \"cluster:ap\"", 14, "app"),
        added("config-route-rollout", "route to an unknown rollout", "[[routes]]\nto = \"rollout:nothing\"", 14, "nothing"),
        added("config-route-target", "route to nothing that is known", "[[routes]]\nto = \"nowhere\"", 14, "nowhere"),
        added("config-route-status", "fixed response of status 99", "[[routes]]\nto = \"respond:99\"", 14, "99"),
        added("config-route-listener", "route of an unknown listener", "listeners = [\"htp\"]", 13, "http"),
        added("config-route-regex", "regular expression that does not compile", "[[routes]]\nmatch = { path_regex = \"(\" }\nto = \"respond:204\"", 14, "("),
        added("config-route-twice", "two routes of one name", "name = \"a\"\n[[routes]]\nname = \"a\"\nmatch = { path = \"/x\" }\nto = \"respond:204\"", 15, "a"),
        added("config-redirect-status", "redirect of status 306", "[[routes]]\nto = \"redirect:https://a\"\nredirect_status = 306", 15, "306"),
        added("config-header-name", "field name that is no token", "request_headers = { set = { \"a b\" = \"c\" } }", 13, "a b"),
        added("config-header-value", "line end in a field value", "request_headers = { set = { a = \"b\\r\\nc: d\" } }", 13, ""),
        added("config-header-framing", "edit of Content-Length", "request_headers = { set = { content-length = \"5\" } }", 13, "content-length"),
        added("config-rollout-cluster", "rollout of an unknown cluster", "[rollouts.r]\nblue = \"app\"\ngreen = \"gren\"", 15, "green"),
        added("config-sticky", "unknown sticky key", &rollout("sticky = [\"cooky:a\"]"), 16, "cookie"),
        added("config-mirror-cluster", "mirror to an unknown cluster", &rollout("mirror = { to = \"shadow\" }"), 16, "shadow"),
        added("config-zero", "cap of zero", "[listeners.b]\nlisten = \"127.0.0.1:0\"\nlimits = { headers = 0 }", 15, "headers"),
        added("config-client-auth", "`client_auth` without `client_ca`", "[listeners.b]\nlisten = \"127.0.0.1:0\"\ntls = { client_auth = \"required\", certs = [{ cert = \"a\", key = \"b\" }] }", 15, "client_ca"),
        added("config-cert-missing", "certificate file that is not there", "[listeners.b]\nlisten = \"127.0.0.1:0\"\ntls = { certs = [{ cert = \"/nowhere.crt\", key = \"/nowhere.key\" }] }", 15, "/nowhere.crt"),
        added("config-admin-open", "admin server on every address without a token", "[admin]\nlisten = \"0.0.0.0:9901\"", 14, "token"),
        added("config-token-inline", "token written into the file", "[admin]\ntoken = \"hunter2\"", 14, "token"),
        added("config-secret-both", "secret by file and by environment", "[admin]\ntoken = { env = \"A\", file = \"b\" }", 14, "token"),
        added("config-include", "include of a file that is not there", "", 1, "nowhere.toml"),
        added("config-schema", "schema of another version", "", 1, "schema"),
    ]
    .into_iter()
    .map(with_first_line)
    .collect()
}

fn rollout(line: &str) -> String {
    format!("[rollouts.r]\nblue = \"app\"\ngreen = \"green\"\n{line}")
}

fn added(
    id: &'static str,
    input: &'static str,
    lines: &str,
    line: usize,
    says: &'static str,
) -> Row {
    Row { id, input, toml: format!("{GOOD}{lines}\n"), line, says }
}

/// Keys of the top table must stand before the first table.
fn with_first_line(mut row: Row) -> Row {
    let first = match row.id {
        "config-include" => "include = [\"nowhere.toml\"]\n",
        "config-schema" => "schema = 2\n",
        _ => return row,
    };
    row.toml.insert_str(0, first);
    row
}
