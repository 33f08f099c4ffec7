#!/usr/bin/env bash
# Runs the regression suite of the CRS over the wire: tests/crs/run.sh CRS [SUMMARY-ONLY ARGUMENTS OF foxctl waf test]
#
# CRS is a folder with crs-setup.conf.example, rules/ and tests/regression/. Programs are taken from $BIN, target/release by
# default. Everything listens on free ports of 127.0.0.1 and ends with this script.
set -u -o pipefail
crs=$(cd "$1" && pwd) || exit 2
shift
here=$(cd "$(dirname "$0")" && pwd)
bin=${BIN:-$here/../../target/release}
folder=$(mktemp -d)
pids=()
trap 'kill "${pids[@]}" 2>/dev/null; rm -rf "$folder"' EXIT

# The first line that a program prints says where it listens.
first_line() {
    for _ in $(seq 200); do
        [ -s "$1" ] && head -n 1 "$1" && return
        sleep 0.05
    done
    echo "nothing was printed to $1" >&2
    return 1
}

"$bin/foxctl" waf backend --listen 127.0.0.1:0 >"$folder/backend.out" &
pids+=($!)
backend=$(first_line "$folder/backend.out" | grep -o '127\.0\.0\.1:[0-9]*') || exit 3

cat >"$folder/foxtrot.toml" <<TOML
schema = 1
workers = 1
[admin]
listen = "127.0.0.1:0"
[listeners.http]
listen = "127.0.0.1:0"
[clusters.app]
endpoints = ["http://$backend"]
[waf]
rules = ["$here/setup.conf", "$crs/crs-setup.conf.example", "$crs/rules/*.conf"]
mode = "enforce"
responses = true
budget = "30s"
audit = { path = "audit.jsonl", queue = 1000000 }
[[routes]]
to = "cluster:app"
TOML
"$bin/foxtrot" run --config "$folder/foxtrot.toml" >"$folder/foxtrot.out" 2>"$folder/foxtrot.err" &
pids+=($!)
ready=$(first_line "$folder/foxtrot.out") || { cat "$folder/foxtrot.err"; exit 3; }
target=$(grep -o '"http":"[^"]*"' <<<"$ready" | grep -o '127\.0\.0\.1:[0-9]*')
"$bin/foxctl" waf test --suite "$crs/tests/regression/tests" --target "http://$target" \
    --log "$folder/audit.jsonl" --overrides "$here/overrides.yaml" "$@"
